//! Durations as people write them: `500ms`, `30s`, `1.5s`, `2m`.

use std::time::Duration;

/// The longest duration anything here may wait: a day.
const LONGEST: f64 = 86_400.0;

/// Why a text is not a duration; the message says what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not a number with a unit.
    #[error("{0:?} is not a duration; write a number and a unit, for example 500ms, 30s or 2m")]
    Form(String),
    /// A bare number: seconds and milliseconds are both meant by someone.
    #[error("{0:?} has no unit; write {0}ms, {0}s or {0}m")]
    NoUnit(String),
    /// Longer than a day.
    #[error("{0:?} is longer than a day")]
    TooLong(String),
}

/// Reads a duration: a number, whole or with a decimal point, and `ms`, `s`, `m` or `h`.
///
/// # Errors
/// [`DurationError`] when the form is another one, the unit is missing, or it is longer than a day.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let form = || DurationError::Form(text.to_owned());
    let trimmed = text.trim();
    let unit_at = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(unit_at);
    if !number.starts_with(|c: char| c.is_ascii_digit()) || !number.ends_with(|c: char| c.is_ascii_digit()) {
        return Err(form());
    }
    let number: f64 = number.parse().map_err(|_| form())?;
    let scale = match unit.trim_start() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "" => return Err(DurationError::NoUnit(trimmed.to_owned())),
        _ => return Err(form()),
    };
    let seconds = number * scale;
    if seconds > LONGEST {
        return Err(DurationError::TooLong(text.to_owned()));
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| form())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, milliseconds) in
            [("500ms", 500), ("30s", 30_000), ("2m", 120_000), ("1.5s", 1500), ("0s", 0), (" 1 h ", 3_600_000)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn says_what_to_write_instead() {
        assert_eq!(parse_duration("30"), Err(DurationError::NoUnit("30".to_owned())));
        assert_eq!(parse_duration("25h"), Err(DurationError::TooLong("25h".to_owned())));
        for bad in ["", "s", "-1s", "1.s", ".5s", "1..5s", "1e3s", "1 day", "1s2", "inf", "NaNs"] {
            assert!(matches!(parse_duration(bad), Err(DurationError::Form(_))), "{bad:?}");
        }
        let endless = format!("{}s", "9".repeat(400));
        assert_eq!(parse_duration(&endless), Err(DurationError::TooLong(endless)));
    }
}
