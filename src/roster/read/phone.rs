//! Phone numbers as people and spreadsheets leave them in a file: understood, or explained; never guessed.

use crate::model::blank::trim;
use crate::model::{Phone, PhoneFault, Region};

/// Why a value is not a phone number, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAPhone {
    /// What is wrong.
    pub reason: String,
    /// What to write instead.
    pub advice: String,
    /// Whether a region would say how to read it.
    pub wants_region: bool,
}

/// Says why, and what instead.
fn no(reason: impl Into<String>, advice: impl Into<String>) -> NotAPhone {
    NotAPhone { reason: reason.into(), advice: advice.into(), wants_region: false }
}

/// Reads a phone number from a cell; without a plus, as it is dialled in the region.
///
/// Dropped without a word, beside what [`Phone::dialled`] drops: a leading apostrophe and `="…"`, both of which make
/// a spreadsheet keep the plus.
///
/// # Errors
/// What is wrong with it.
pub fn read(cell: &str, region: Option<Region>) -> Result<Phone, NotAPhone> {
    let text = trim(cell);
    let text = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let text = text.strip_prefix('\'').unwrap_or(text);
    if is_scientific(text) {
        return Err(no(
            "is in scientific notation: a spreadsheet took the phone number for a figure, and its last digits may be lost",
            "format the column as text and enter the number again with its +, for example +14155550123",
        ));
    }
    if let Some(number) = text.strip_suffix(".0").or_else(|| text.strip_suffix(",0"))
        && number.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit())
    {
        let advice = match number.parse::<Phone>() {
            Ok(number) => format!("write {number}"),
            Err(error) => format!("leave it out, and {}", error.fault.advice()),
        };
        return Err(no("ends in a decimal: a program took the phone number for a figure", advice));
    }
    Phone::dialled(text, region).map_err(|error| {
        let reason = match error.fault {
            PhoneFault::MissingPlus => "has no leading + (spreadsheets drop it)".to_owned(),
            ref fault => fault.reason(),
        };
        NotAPhone { wants_region: error.fault.wants_region(), ..no(reason, error.fault.advice()) }
    })
}

/// Whether a cell looks like a phone number, with or without a plus.
pub fn is_likely(cell: &str) -> bool {
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    read(cell, None).map_or_else(|error| error.wants_region && digits >= 7, |_| true)
}

/// Whether a text is what a spreadsheet makes of a long number: `1.41555E+10`, `1,41555E+10`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(exponent.trim_start_matches('+')) && digits(&mantissa.trim_start_matches('+').replace(['.', ','], ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheet_habits_are_understood() {
        for cell in [
            "+14155550123",
            "'+14155550123",
            "=\"+14155550123\"",
            " +1 (415) 555-01.23 ",
            "+1\u{a0}415\u{a0}555\u{a0}0123",
            "\u{202a}+14155550123\u{202c}",
        ] {
            assert_eq!(read(cell, None).unwrap().as_str(), "+14155550123", "{cell:?}");
        }
    }

    #[test]
    fn or_explained_and_never_guessed() {
        for (cell, reason, advice) in [
            ("14155550123", "no leading + (spreadsheets", "+ alone if it begins with its country code"),
            ("1.41555E+10", "scientific", "as text"),
            ("1,41555e+10", "scientific", "as text"),
            ("+1.41555E+10", "scientific", "as text"),
            ("14155550123.0", "decimal", "+ alone if it begins with its country code"),
            ("+14155550123.0", "decimal", "write +14155550123"),
            ("0041791234567", "starts with 00", "write +41791234567"),
            ("0791234567", "no country code", "the country code before it"),
            ("+0791234567", "starts with +0", "+14155550123"),
            ("+123", "has 3 digits", "+14155550123"),
            ("call me", "not a digit: 'c'", "+14155550123"),
            ("'415 555 0101", "no leading +", "the country code before it"),
            ("=\"+44 (0)20 7946 0123\"", "within the country only", "write +442079460123"),
            ("'", "is empty", "+14155550123"),
        ] {
            let error = read(cell, None).unwrap_err();
            assert!(error.reason.contains(reason) && error.advice.contains(advice), "{cell:?}: {error:?}");
        }
    }
    #[test]
    fn what_looks_like_a_number_does_so_without_a_plus() {
        for cell in ["+14155550123", "(415) 555-0123", "020 7946 0123", "'415 555 0123"] {
            assert!(is_likely(cell), "{cell}");
        }
        for cell in ["", "12", "Ada", "415-0123 x", "a@b.de", "1.4E+10"] {
            assert!(!is_likely(cell), "{cell}");
        }
    }
}
