//! `--max-delete`: how many users one command may delete.

use std::fmt;
use std::str::FromStr;

/// So many users, or so many of every hundred that the project has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxDelete {
    /// A number of users.
    Users(usize),
    /// A share of the project's users, 0 to 100.
    Percent(u8),
}

impl MaxDelete {
    /// How many users of a project of this size it allows; a share is rounded down.
    pub fn of(self, users: usize) -> usize {
        match self {
            Self::Users(number) => number,
            // Of the whole hundreds and of the rest, so that no product is too large.
            Self::Percent(share) => users / 100 * usize::from(share) + users % 100 * usize::from(share) / 100,
        }
    }
}

/// A text that is neither a number nor a share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a number of users, or a share of the project such as 5%")]
pub struct MaxDeleteError;

impl FromStr for MaxDelete {
    type Err = MaxDeleteError;

    fn from_str(text: &str) -> Result<Self, MaxDeleteError> {
        let text = text.trim();
        match text.strip_suffix('%') {
            Some(share) => {
                let share = share.trim_end().parse().ok().filter(|share| *share <= 100);
                share.map(Self::Percent).ok_or(MaxDeleteError)
            }
            None => text.parse().map(Self::Users).map_err(|_| MaxDeleteError),
        }
    }
}

impl fmt::Display for MaxDelete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Users(number) => write!(f, "{number}"),
            Self::Percent(share) => write!(f, "{share}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_itself_and_a_share_for_a_part_of_the_project() {
        let of = |text: &str, users| text.parse::<MaxDelete>().map(|most| most.of(users));
        assert_eq!(of("10", 3), Ok(10));
        assert_eq!(of("5%", 40), Ok(2));
        assert_eq!(of("5%", 39), Ok(1), "rounded down");
        assert_eq!(of("100%", 12_345), Ok(12_345));
        assert_eq!(of("0%", 12_345), Ok(0));
        assert_eq!(of("50%", usize::MAX), Ok(usize::MAX / 2));
        for bad in ["", "%", "-1", "101%", "5.5%", "ten", "5 percent"] {
            assert!(of(bad, 1).is_err(), "{bad}");
        }
    }
}
