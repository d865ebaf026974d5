//! The user: what a caller asks for, and what the service answers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{Email, Phone};

/// How a user is bound to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserType {
    /// The service assigns a number from its Cosmos pool, up to `maxSharedUsers`.
    Shared,
    /// Bound to an iMessage line that the project owns.
    Dedicated,
}

impl UserType {
    /// The API's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Dedicated => "dedicated",
        }
    }
}

impl fmt::Display for UserType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for UserType {
    type Err = UserTypeError;

    fn from_str(text: &str) -> Result<Self, UserTypeError> {
        match text {
            "shared" => Ok(Self::Shared),
            "dedicated" => Ok(Self::Dedicated),
            _ => Err(UserTypeError(text.to_owned())),
        }
    }
}

/// A user type that the API does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a user type; write shared or dedicated")]
pub struct UserTypeError(pub String);

/// The body of a create request: strict, since a person or a file wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    /// `shared` or `dedicated`.
    #[serde(rename = "type")]
    pub kind: UserType,
    /// The person's own number.
    pub phone_number: Phone,
    /// The project's line; required for `dedicated`, absent for `shared`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_phone_number: Option<Phone>,
    /// Optional given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Optional family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Optional e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

/// A user as the service answers it: lenient, borrowed from the answer's bytes where possible.
///
/// Null and absent are alike, except for `id` and `phoneNumber`, without which there is no user.
/// Unknown fields are not held here: machine output passes the answer's own text on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    /// The id given by the service.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The person's number.
    #[serde(borrow)]
    pub phone_number: Cow<'a, str>,
    /// `shared` or `dedicated`; absent in the seed's era.
    #[serde(borrow, default, rename = "type")]
    pub kind: Option<Cow<'a, str>>,
    /// The number that talks to the person.
    #[serde(borrow, default)]
    pub assigned_phone_number: Option<Cow<'a, str>>,
    /// Given name.
    #[serde(borrow, default)]
    pub first_name: Option<Cow<'a, str>>,
    /// Family name.
    #[serde(borrow, default)]
    pub last_name: Option<Cow<'a, str>>,
    /// E-mail address.
    #[serde(borrow, default)]
    pub email: Option<Cow<'a, str>>,
    /// The owning project.
    #[serde(borrow, default)]
    pub project_id: Option<Cow<'a, str>>,
    /// ISO 8601, milliseconds, `Z`.
    #[serde(borrow, default)]
    pub created_at: Option<Cow<'a, str>>,
}

impl User<'_> {
    /// First and last name, one space between, empty when neither is known.
    pub fn full_name(&self) -> String {
        let parts = [self.first_name.as_deref(), self.last_name.as_deref()];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}
