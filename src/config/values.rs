//! The values that people write, and what they mean; shared by flags, variables and the file.

use std::time::Duration;

use crate::model::time;

/// Reads `--timeout`: more than nothing, at most an hour.
///
/// # Errors
/// What to write instead.
pub fn parse_timeout(text: &str) -> Result<Duration, String> {
    let timeout = time::parse_duration(text).map_err(|error| error.to_string())?;
    if timeout.is_zero() || timeout > Duration::from_secs(3600) {
        return Err("a time-out is more than 0 and at most 60m, such as 30s".to_owned());
    }
    Ok(timeout)
}

/// Reads `--rate-limit`: requests per second, 0 for no pacing.
///
/// # Errors
/// What to write instead.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 =
        text.parse().map_err(|_| "a rate is a number of requests per second, such as 5; 0 is no pacing".to_owned())?;
    if rate == 0.0 || (0.01..=100_000.0).contains(&rate) {
        return Ok(rate);
    }
    Err("a rate is 0 (no pacing) or between 0.01 and 100000 requests per second".to_owned())
}
