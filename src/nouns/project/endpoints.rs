//! What can be asked of the project itself; the vendor's SDK asks some of it when it starts.

use reqwest::Method;

use super::model::{Project, ProjectPlan};
use crate::http::{Access, Answer, AnswerKind, Endpoint, Error, Evidence, FromAnswer, Repeat, Spec};

/// Shows the project's name and profile.
#[derive(Debug, Clone, Copy)]
pub struct Show;

impl Endpoint for Show {
    const SPEC: Spec = asked(
        "/projects/{project}/",
        "show the project's name and profile",
        "a project",
        "`imessageSynced`: whether the project owns lines",
    );

    type Answer<'a> = Project<'a>;
}

impl<'a> FromAnswer<'a> for Project<'a> {
    fn from_answer(answer: &'a Answer, shape: AnswerKind) -> Result<Self, Error> {
        answer.one(shape.name())
    }
}

/// Something to read, with credentials.
const fn asked(path: &'static str, summary: &'static str, what: &'static str, guessed: &'static str) -> Spec {
    Spec {
        method: &Method::GET,
        path,
        summary,
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        guessed,
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
        "that owning one line makes it `dedicated`",
    )
};

/// Whether a pool number could be assigned to a phone.
pub const AVAILABILITY: Spec = asked(
    "/projects/{project}/imessage/shared/availability",
    "tell whether a pool number could be assigned to a phone",
    "an availability",
    "the status of a wrong phone number (422)",
);

/// Shows the plan; the vendor's SDK asks without credentials.
#[derive(Debug, Clone, Copy)]
pub struct Subscription;

impl Endpoint for Subscription {
    const SPEC: Spec = Spec {
        access: Access::Open,
        ..asked(
            "/projects/{project}/billing/subscription",
            "show the project's plan",
            "a subscription",
            "the tier, from the number of seats; that no credentials are asked for",
        )
    };

    type Answer<'a> = ProjectPlan<'a>;
}

impl<'a> FromAnswer<'a> for ProjectPlan<'a> {
    fn from_answer(answer: &'a Answer, kind: AnswerKind) -> Result<Self, Error> {
        answer.one(kind.name())
    }
}

/// Whether billing has caught up with what was bought.
pub const BILLING: Spec = asked(
    "/projects/{project}/billing/status",
    "tell whether billing has caught up",
    "the state of billing",
    "every value",
);

/// The platforms that are switched on; the vendor's SDK asks without credentials.
pub const PLATFORMS: Spec = Spec {
    access: Access::Open,
    ..asked(
        "/projects/{project}/platforms/",
        "show which platforms are switched on",
        "the platforms",
        "which are on at first (iMessage); that no credentials are asked for",
    )
};

/// Switches a platform on or off.
pub const SWITCH: Spec = Spec {
    method: &Method::PATCH,
    ..asked(
        "/projects/{project}/platforms/",
        "switch a platform on or off",
        "the platforms",
        "the status of a wrong field (422)",
    )
};

/// How the project shows itself to people.
pub const PROFILE: Spec = asked(
    "/projects/{project}/profile",
    "show how the project shows itself to people",
    "a profile",
    "three nulls until somebody names it",
);

/// Changes how the project shows itself.
pub const RENAME: Spec = Spec {
    method: &Method::PATCH,
    ..asked(
        "/projects/{project}/profile",
        "change how the project shows itself to people",
        "a profile",
        "that a field which is left out stays; the status of a wrong one (422)",
    )
};
