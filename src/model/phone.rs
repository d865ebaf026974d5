//! Phone numbers in the API's form: `^\+[1-9]\d{6,14}$` (E.164 with its plus).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// A phone number as the API takes it, for example `+14155550123`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Phone(String);

/// Why a text is not a phone number; the message says what to type instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing was given.
    #[error("a phone number is empty; write it as +<country code><number>, for example +14155550123")]
    Empty,
    /// All digits, but the country is anyone's guess.
    #[error(
        "{0:?} has no leading +; write +{0} if it starts with its country code, else put + and the country code before it"
    )]
    MissingPlus(String),
    /// A country code never starts with zero.
    #[error("{0:?} starts with +0; a country code starts with 1-9, for example +14155550123")]
    LeadingZero(String),
    /// Fewer than 7 or more than 15 digits.
    #[error("{0:?} has {1} digits; a phone number has 7 to 15 after the +")]
    Length(String, usize),
    /// Something that is not a digit.
    #[error("{0:?} has a character that is not a digit: {1:?}; write only + and digits, for example +14155550123")]
    Character(String, char),
}

impl Phone {
    /// Reads what a person typed: spaces, `-`, `.`, `(` and `)` are dropped first.
    ///
    /// # Errors
    /// As [`Phone::from_str`]. A missing plus is never guessed.
    pub fn from_typed(text: &str) -> Result<Self, PhoneError> {
        let is_separator = |c: char| c.is_whitespace() || matches!(c, '-' | '.' | '(' | ')');
        text.replace(is_separator, "").parse()
    }

    /// The number with its plus.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phone {
    type Err = PhoneError;

    fn from_str(text: &str) -> Result<Self, PhoneError> {
        if text.is_empty() || text == "+" {
            return Err(PhoneError::Empty);
        }
        let digits = text.strip_prefix('+').unwrap_or(text);
        if let Some(odd) = digits.chars().find(|c| !c.is_ascii_digit()) {
            return Err(PhoneError::Character(text.to_owned(), odd));
        }
        if digits.len() == text.len() {
            return Err(PhoneError::MissingPlus(text.to_owned()));
        }
        if digits.starts_with('0') {
            return Err(PhoneError::LeadingZero(text.to_owned()));
        }
        if !(7..=15).contains(&digits.len()) {
            return Err(PhoneError::Length(text.to_owned(), digits.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_pattern_and_nothing_else() {
        for good in ["+14155550123", "+1234567", "+123456789012345"] {
            assert_eq!(good.parse::<Phone>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "+",
            "14155550123",
            "+04155550123",
            "+123456",
            "+1234567890123456",
            "+1 4155550123",
            "+1415555O123",
            "++14155550123",
            "+١٤١٥٥٥٥٠١٢٣",
            "+14155550123\n",
        ] {
            assert!(bad.parse::<Phone>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn typed_separators_are_dropped_but_a_plus_is_never_guessed() {
        assert_eq!(Phone::from_typed(" +1 (415) 555-01.23 ").unwrap().as_str(), "+14155550123");
        let error = Phone::from_typed("415 555 0123").unwrap_err();
        assert_eq!(error, PhoneError::MissingPlus("4155550123".to_owned()));
        assert!(error.to_string().contains("leading +"), "{error}");
    }
}
