//! A line: an iMessage number that the project owns.

use std::borrow::Cow;

use serde::Deserialize;

/// A dedicated line as the service lists it; lenient like [`User`](super::User).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line<'a> {
    /// The line's id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// `imessage`, and whatever else the service grows.
    #[serde(borrow, default)]
    pub platform: Option<Cow<'a, str>>,
    /// The line's number.
    #[serde(borrow, default)]
    pub phone_number: Option<Cow<'a, str>>,
    /// `available`, `unavailable` or `unknown`.
    #[serde(borrow, default)]
    pub status: Option<Cow<'a, str>>,
    /// ISO 8601.
    #[serde(borrow, default)]
    pub created_at: Option<Cow<'a, str>>,
}
