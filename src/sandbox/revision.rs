//! The revisions of the API that the sandbox speaks. Whatever differs between them is asked here and nowhere else:
//!
//! | | 2026-05 | 2026-06 | 2026-09 |
//! |---|---|---|---|
//! | a user's `type`, a list's `total` | absent | there | there |
//! | a list knows | `type`, `id` | also `search`, `limit`, `offset` | the same |
//! | a shared user's identity | the phone, else the e-mail | the same | the phone |
//! | a repeat | returns the record | the same | first overwrites names and e-mail with what it carries |
//! | a line grows too fast | over 100 new users in 10 minutes | the same | over 10 in a minute |

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A revision of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Revision {
    /// The page that this tool was begun with, to the letter.
    May2026,
    /// The same rules, with what live answers carried a month later.
    #[default]
    June2026,
    /// The documentation of September.
    September2026,
}

impl Revision {
    /// Every revision, the oldest first.
    pub const ALL: [Self; 3] = [Self::May2026, Self::June2026, Self::September2026];

    /// The word that names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::May2026 => "2026-05",
            Self::June2026 => "2026-06",
            Self::September2026 => "2026-09",
        }
    }

    /// Whether a user shows its `type`, and a list its `total`.
    pub const fn tells_type_and_total(self) -> bool {
        !matches!(self, Self::May2026)
    }

    /// Whether a list knows `search`, `limit` and `offset`; what it does not know it ignores.
    pub const fn searches_and_pages(self) -> bool {
        !matches!(self, Self::May2026)
    }

    /// Whether the e-mail is part of a shared user's identity, and a repeat leaves the record as it is.
    pub const fn email_is_identity(self) -> bool {
        !matches!(self, Self::September2026)
    }

    /// More new users than this within that time, and a line grows too fast.
    pub const fn fastest_growth(self) -> (u64, Duration) {
        match self {
            Self::May2026 | Self::June2026 => (100, Duration::from_secs(600)),
            Self::September2026 => (10, Duration::from_secs(60)),
        }
    }
}

/// A revision that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a revision; write 2026-05, 2026-06 or 2026-09")]
pub struct RevisionError(String);

impl FromStr for Revision {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, RevisionError> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text).ok_or_else(|| RevisionError(text.to_owned()))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_read_back_what_they_write() {
        for revision in Revision::ALL {
            assert_eq!(revision.to_string().parse(), Ok(revision));
        }
        assert!("2026-9".parse::<Revision>().is_err());
    }
}
