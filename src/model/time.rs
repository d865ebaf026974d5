//! Durations as people write them (`500ms`, `30s`, `1.5s`, `2m`), and as they are told.

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

/// The longest age that can be asked for, in days: more than a century.
const OLDEST_DAYS: f64 = 40_000.0;

/// Reads an age: as [`parse_duration`], also `d` for 24 hours and `w` for seven days, and as long as a record can be old.
///
/// # Errors
/// What to write instead.
pub fn parse_age(text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    let days = match trimmed.char_indices().next_back() {
        Some((at, 'd')) => Some((at, 1.0)),
        Some((at, 'w')) => Some((at, 7.0)),
        Some((at, 'h')) => Some((at, 1.0 / 24.0)),
        _ => None,
    };
    let Some((at, scale)) = days else {
        let advice = |_| format!("{text:?} is not an age; write a number and a unit, for example 12h, 30d or 2w");
        return parse_duration(text).map_err(advice);
    };
    let number = trimmed[..at].trim_end();
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match number.parse::<f64>() {
        Ok(number) if is_number && number * scale <= OLDEST_DAYS => {
            Ok(Duration::from_secs_f64(number * scale * LONGEST))
        }
        _ => Err(format!("{text:?} is not an age; write a number and a unit, for example 12h, 30d or 2w")),
    }
}

/// A duration as people say it, in a form that [`parse_duration`] reads: `50ms`, `1.5s`, `30s`, `12m`, `3h`.
pub fn show(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        _ if time.is_zero() => "0s".to_owned(),
        _ if seconds < 1.0 => format!("{:.0}ms", (seconds * 1000.0).max(1.0)),
        _ if seconds < 10.0 && time.subsec_millis() >= 50 => format!("{seconds:.1}s"),
        _ if seconds <= 120.0 => format!("{seconds:.0}s"),
        // Rounded up: who waits that long has waited long enough.
        _ if seconds <= 7200.0 => format!("{:.0}m", (seconds / 60.0).ceil()),
        _ => format!("{:.0}h", (seconds / 3600.0).ceil()),
    }
}

/// How long ago something was, in whole units: `45s ago`, `12m ago`, `5h ago`, `30d ago`.
pub fn show_age(age: Duration) -> String {
    let (unit, seconds) = match age.as_secs() {
        0..60 => ('s', 1),
        60..3600 => ('m', 60),
        // The unit of `--older-than`, which calls 24 hours a day.
        3600..86_400 => ('h', 3600),
        _ => ('d', 86_400),
    };
    format!("{}{unit} ago", age.as_secs() / seconds)
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

    #[test]
    fn an_age_knows_days_and_weeks() {
        let day = Duration::from_secs(86_400);
        for (text, age) in
            [("1d", day), ("30d", 30 * day), ("2w", 14 * day), ("36h", day + day / 2), ("90s", Duration::from_secs(90))]
        {
            assert_eq!(parse_age(text), Ok(age), "{text}");
        }
        for bad in ["", "d", "1", "-1d", "1e3d", "inf d", "1y", "99999d", "1 month"] {
            assert!(parse_age(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_age_is_told_in_whole_units() {
        for (seconds, told) in [
            (0, "0s ago"),
            (59, "59s ago"),
            (3599, "59m ago"),
            (86_399, "23h ago"),
            (86_400, "1d ago"),
            (9e6 as u64, "104d ago"),
        ] {
            assert_eq!(show_age(Duration::from_secs(seconds)), told);
        }
    }

    #[test]
    fn is_told_in_the_unit_that_tells_it_well() {
        for (milliseconds, told) in [
            (0, "0s"),
            (1, "1ms"),
            (50, "50ms"),
            (1500, "1.5s"),
            (7000, "7s"),
            (59_400, "59s"),
            (600_000, "10m"),
            (10_800_000, "3h"),
        ] {
            assert_eq!(show(Duration::from_millis(milliseconds)), told);
        }
    }
}
