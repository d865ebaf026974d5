//! Project and user ids: UUIDs in the seed's pattern (versions 1-8, plus the nil and max UUIDs).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use uuid::{Uuid, Variant};

/// Why a text is not an id. The text itself is left out: a secret pasted in the wrong place must not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID; an id looks like 3c90c3cc-0d44-4b50-8888-8dd25736052a")]
pub struct IdError;

/// Tells whether a text matches the API's UUID pattern.
pub fn is_uuid(text: &str) -> bool {
    parse(text).is_some()
}

/// Ids are compared without regard to case, as UUIDs are.
pub fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// Reads a text that matches the API's UUID pattern: with its hyphens and nothing around it, which is 36 characters.
fn parse(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
    let is_versioned = (1..=8).contains(&id.get_version_num()) && id.get_variant() == Variant::RFC4122;
    // The pattern has the last of all in small letters alone.
    (is_versioned || id.is_nil() || text == Uuid::max().hyphenated().to_string()).then_some(id)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id in small letters, however it was given: one id has one spelling.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text).map(|id| Self(id.hyphenated().to_string())).ok_or(IdError)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// The id of a project, also the user name of its Basic credentials.
    ProjectId
);
id!(
    /// The id of a user, given by the service.
    UserId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_seed_pattern() {
        for good in [
            "3c90c3cc-0d44-4b50-8888-8dd25736052a",
            "3C90C3CC-0D44-8B50-B888-8DD25736052A",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ] {
            assert!(is_uuid(good), "{good}");
        }
        for bad in [
            "",
            "3c90c3cc0d444b5088888dd25736052a",
            "3c90c3cc-0d44-0b50-8888-8dd25736052a",
            "3c90c3cc-0d44-9b50-8888-8dd25736052a",
            "3c90c3cc-0d44-4b50-7888-8dd25736052a",
            "3c90c3cc-0d44-4b50-c888-8dd25736052a",
            "{3c90c3cc0d444b5088888dd25736052a}xx",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "3c90c3cc-0d44-4b50-8888-8dd25736052g",
            "3c90c3cc-0d44-4b50-8888-8dd25736052a ",
        ] {
            assert!(!is_uuid(bad), "{bad}");
        }
    }

    #[test]
    fn one_id_has_one_spelling() {
        let [small, large] = ["3c90c3cc-0d44-4b50-8888-8dd25736052a", "3C90C3CC-0D44-4B50-8888-8DD25736052A"]
            .map(|text| text.parse::<UserId>());
        assert_eq!(small, large);
        assert_eq!(large.unwrap().as_str(), "3c90c3cc-0d44-4b50-8888-8dd25736052a");
    }
}
