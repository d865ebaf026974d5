//! The project as the service describes it.

use std::borrow::Cow;

use serde::Deserialize;

/// A project's public description; lenient like [`User`](super::User).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Project<'a> {
    /// Its display name.
    #[serde(borrow, default)]
    pub name: Option<Cow<'a, str>>,
    /// Its short name in URLs.
    #[serde(borrow, default)]
    pub slug: Option<Cow<'a, str>>,
}

/// The project's plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProjectPlan<'a> {
    /// `free`, `pro`, `business`, `enterprise`, and whatever else there will be.
    #[serde(borrow)]
    pub tier: Cow<'a, str>,
}
