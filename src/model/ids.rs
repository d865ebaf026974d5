//! Project and user ids: UUIDs in the seed's pattern (versions 1-8, plus the nil and max UUIDs).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Why a text is not an id. The text itself is left out: a secret pasted in the wrong place must not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID; an id looks like 3c90c3cc-0d44-4b50-8888-8dd25736052a")]
pub struct IdError;

/// Tells whether a text matches the API's UUID pattern.
pub fn is_uuid(text: &str) -> bool {
    if text == "00000000-0000-0000-0000-000000000000" || text == "ffffffff-ffff-ffff-ffff-ffffffffffff" {
        return true;
    }
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            14 => matches!(byte, b'1'..=b'8'),
            19 => matches!(byte, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
            _ => byte.is_ascii_hexdigit(),
        })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if is_uuid(text) { Ok(Self(text.to_owned())) } else { Err(IdError) }
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
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "3c90c3cc-0d44-4b50-8888-8dd25736052g",
            "3c90c3cc-0d44-4b50-8888-8dd25736052a ",
        ] {
            assert!(!is_uuid(bad), "{bad}");
        }
    }
}
