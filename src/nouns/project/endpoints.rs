//! What can be asked of the project itself; the vendor's SDK asks some of it when it starts.

use reqwest::Method;

use super::model::Project;
use crate::http::{Access, Answer, Endpoint, Error, Evidence, FromAnswer, Repeat, Shape, Spec};

/// Shows the project's name and profile.
#[derive(Debug, Clone, Copy)]
pub struct Show;

impl Endpoint for Show {
    const SPEC: Spec = Spec {
        method: Method::GET,
        path: "/projects/{project}/",
        summary: "show the project's name and profile",
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        answer: Shape::One("a project"),
        hints: &[],
    };

    type Answer<'a> = Project<'a>;
}

impl<'a> FromAnswer<'a> for Project<'a> {
    fn from_answer(answer: &'a Answer, shape: Shape) -> Result<Self, Error> {
        answer.one(shape.name())
    }
}

/// What only other clients ask.
const fn asked_by_others(path: &'static str, summary: &'static str, access: Access, what: &'static str) -> Spec {
    Spec {
        method: Method::GET,
        path,
        summary,
        repeat: Repeat::Safe,
        access,
        evidence: Evidence::Official,
        answer: Shape::One(what),
        hints: &[],
    }
}

/// Whether the project talks through the shared pool or over lines of its own.
pub const MESSAGING: Spec = asked_by_others(
    "/projects/{project}/imessage/",
    "tell whether the project talks through the pool or over lines of its own",
    Access::Project,
    "the way that the project talks",
);

/// Whether a pool number could be assigned to a phone.
pub const AVAILABILITY: Spec = asked_by_others(
    "/projects/{project}/imessage/shared/availability",
    "tell whether a pool number could be assigned to a phone",
    Access::Project,
    "an availability",
);

/// The plan; the vendor's SDK asks without credentials.
pub const SUBSCRIPTION: Spec = asked_by_others(
    "/projects/{project}/billing/subscription",
    "show the project's plan",
    Access::Open,
    "a subscription",
);

/// The platforms that are switched on; the vendor's SDK asks without credentials.
pub const PLATFORMS: Spec = asked_by_others(
    "/projects/{project}/platforms/",
    "show which platforms are switched on",
    Access::Open,
    "the platforms",
);
