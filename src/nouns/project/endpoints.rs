//! What can be asked of the project itself; the vendor's SDK asks some of it when it starts.

use reqwest::Method;

use super::model::{Plan, Project};
use crate::http::{Access, Answer, AnswerKind, Endpoint, Error, Evidence, FromAnswer, Repeat, Spec};

/// Shows the project's name and profile.
#[derive(Debug, Clone, Copy)]
pub struct Show;

impl Endpoint for Show {
    const SPEC: Spec = asked("/projects/{project}/", "show the project's name and profile", "a project");

    type Answer<'a> = Project<'a>;
}

impl<'a> FromAnswer<'a> for Project<'a> {
    fn from_answer(answer: &'a Answer, shape: AnswerKind) -> Result<Self, Error> {
        answer.one(shape.name())
    }
}

/// Something to read, with credentials.
const fn asked(path: &'static str, summary: &'static str, what: &'static str) -> Spec {
    Spec {
        method: &Method::GET,
        path,
        summary,
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        answer: AnswerKind::One(what),
        hints: &[],
    }
}

/// Whether the project talks through the shared pool or over lines of its own. Every published version of the vendor's
/// SDK asks without credentials.
pub const MESSAGING: Spec = Spec {
    access: Access::Open,
    ..asked(
        "/projects/{project}/imessage/",
        "tell whether the project talks through the pool or over lines of its own",
        "the way that the project talks",
    )
};

/// Whether a pool number could be assigned to a phone.
pub const AVAILABILITY: Spec = asked(
    "/projects/{project}/imessage/shared/availability",
    "tell whether a pool number could be assigned to a phone",
    "an availability",
);

/// Shows the plan; the vendor's SDK asks without credentials.
#[derive(Debug, Clone, Copy)]
pub struct Subscription;

impl Endpoint for Subscription {
    const SPEC: Spec = Spec {
        access: Access::Open,
        ..asked("/projects/{project}/billing/subscription", "show the project's plan", "a subscription")
    };

    type Answer<'a> = Plan<'a>;
}

impl<'a> FromAnswer<'a> for Plan<'a> {
    fn from_answer(answer: &'a Answer, kind: AnswerKind) -> Result<Self, Error> {
        answer.one(kind.name())
    }
}

/// Whether billing has caught up with what was bought.
pub const BILLING: Spec =
    asked("/projects/{project}/billing/status", "tell whether billing has caught up", "the state of billing");

/// The platforms that are switched on; the vendor's SDK asks without credentials.
pub const PLATFORMS: Spec = Spec {
    access: Access::Open,
    ..asked("/projects/{project}/platforms/", "show which platforms are switched on", "the platforms")
};

/// Switches a platform on or off.
pub const SWITCH: Spec = Spec {
    method: &Method::PATCH,
    ..asked("/projects/{project}/platforms/", "switch a platform on or off", "the platforms")
};

/// How the project shows itself to people.
pub const PROFILE: Spec =
    asked("/projects/{project}/profile", "show how the project shows itself to people", "a profile");

/// Changes how the project shows itself.
pub const RENAME: Spec = Spec {
    method: &Method::PATCH,
    ..asked("/projects/{project}/profile", "change how the project shows itself to people", "a profile")
};
