//! The user: what a caller asks for, and what the service answers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::model::number::{self, Likeness};
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

/// A part of a user's identity that is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// `phoneNumber` or `assignedPhoneNumber`.
    pub field: &'static str,
    /// What was asked for.
    pub wanted: String,
    /// What came back.
    pub answered: String,
}

impl NewUser {
    /// Compares a record that came back with what was asked for: the person, and for dedicated users the line.
    ///
    /// # Errors
    /// The first number that is another one. One that cannot be read is none.
    pub fn compare(&self, user: &User<'_>) -> Result<Likeness, Mismatch> {
        let line = self.assigned_phone_number.as_ref().filter(|_| self.kind == UserType::Dedicated);
        let line = line.map(|line| ("assignedPhoneNumber", line, user.assigned_phone_number.as_deref()));
        let phone = Some(("phoneNumber", &self.phone_number, Some(user.phone_number.as_ref())));
        let mut least = Likeness::Same;
        for (field, wanted, answered) in [phone, line].into_iter().flatten() {
            match answered.map_or(Likeness::Different, |answered| number::compare(answered, wanted.as_str())) {
                Likeness::Same => {}
                Likeness::Unreadable => least = Likeness::Unreadable,
                Likeness::Different => {
                    let answered = answered.unwrap_or("none").to_owned();
                    return Err(Mismatch { field, wanted: wanted.to_string(), answered });
                }
            }
        }
        Ok(least)
    }
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
    /// `shared` or `dedicated`; absent in 2026-05.
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
    /// ISO 8601, milliseconds, `Z`; none when it is no text.
    #[serde(borrow, default, deserialize_with = "text")]
    pub created_at: Option<Cow<'a, str>>,
    /// The service's own marks.
    #[serde(default)]
    pub meta: Meta,
}

/// The service's own marks on a user. What a client sends as `meta` is ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meta {
    /// The person has texted the assigned number, so that they can be messaged.
    pub opt_in: bool,
    /// It is the row of the project's owner.
    pub project_owner: bool,
}

impl<'de> Deserialize<'de> for Meta {
    /// Whatever is not `true` counts as not set, and so does a `meta` that is no object.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Marks<'a> {
            #[serde(borrow)]
            opt_in: Option<&'a RawValue>,
            #[serde(borrow)]
            project_owner: Option<&'a RawValue>,
        }
        let meta: Option<&RawValue> = Deserialize::deserialize(deserializer)?;
        let is_object = |meta: &&RawValue| meta.get().starts_with('{');
        let marks: Marks<'_> =
            meta.filter(is_object).and_then(|meta| serde_json::from_str(meta.get()).ok()).unwrap_or_default();
        let is_set = |mark: Option<&RawValue>| mark.is_some_and(|mark| mark.get() == "true");
        Ok(Self { opt_in: is_set(marks.opt_in), project_owner: is_set(marks.project_owner) })
    }
}

/// A text, or nothing: a record is a user's whatever else stands in that place.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
    Ok(serde_json::from_str::<&'de str>(raw.get()).ok().map(Cow::Borrowed))
}

impl User<'_> {
    /// First and last name, one space between, empty when neither is known.
    pub fn full_name(&self) -> String {
        let parts = [self.first_name.as_deref(), self.last_name.as_deref()];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// What a person calls this user: the name, else the number.
    pub fn called(&self) -> String {
        let name = self.full_name();
        if name.is_empty() { self.phone_number.to_string() } else { name }
    }

    /// Whether the user is bound to a line of the project's own. A revision that does not tell the type leaves it open,
    /// and then it is not claimed.
    pub fn is_dedicated(&self) -> bool {
        self.kind.as_deref() == Some(UserType::Dedicated.as_str())
    }

    /// When the user was registered; none when that cannot be read.
    pub fn created(&self) -> Option<Timestamp> {
        self.created_at.as_deref()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_whatever_meta_is() {
        let meta = |meta: &str| {
            let text = format!(r#"{{"id":"i","phoneNumber":"+1"{meta}}}"#);
            serde_json::from_str::<User<'_>>(&text).unwrap().meta
        };
        let set = |opt_in, project_owner| Meta { opt_in, project_owner };
        assert_eq!(meta(r#","meta":{"opt_in":true,"x":[1]}"#), set(true, false));
        assert_eq!(meta(r#","meta":{"project_owner": true, "opt_in": false}"#), set(false, true));
        for odd in [
            "",
            r#","meta":null"#,
            r#","meta":{}"#,
            r#","meta":"yes""#,
            r#","meta":[true]"#,
            r#","meta":{"opt_in":"true"}"#,
        ] {
            assert_eq!(meta(odd), set(false, false), "{odd}");
        }
    }
}
