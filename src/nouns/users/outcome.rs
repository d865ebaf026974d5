//! Whether a create made a new user: the API does not say, so it is worked out, and never claimed when unknown.

use std::time::Duration;

use jiff::Timestamp;

use super::model::User;
use crate::http::Answer;
use crate::http::answer::ServerClock;

/// What a create did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// The user was made by this call.
    Created,
    /// The user was there before.
    Existing,
    /// One of the two: the second's rounding leaves it open.
    Registered,
}

impl Registration {
    /// Words for a note.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Existing => "already existed",
            Self::Registered => "registered",
        }
    }
}

/// What a create did, judged from its answer.
pub fn of(answer: &Answer, user: &User<'_>) -> Registration {
    judge(user.created_at.as_deref(), answer.clock, answer.elapsed)
}

/// Judges from the user's `createdAt`, the server's clock, and the time since the first attempt was sent.
///
/// A user made by this call is at most `elapsed` old when the answer is written; the `Date` header bounds
/// that moment from both sides by one second.
pub fn judge(created_at: Option<&str>, clock: ServerClock, elapsed: Duration) -> Registration {
    let Some(created) = created_at.and_then(|text| text.parse::<Timestamp>().ok()) else {
        return Registration::Registered;
    };
    match clock {
        // A clock that both share tells no two requests at once apart; the sandbox inside a command is asked instead.
        ServerClock::Unknown | ServerClock::Shared(_) => Registration::Registered,
        ServerClock::Date(date) => {
            let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
            let youngest = date.as_millisecond().saturating_sub(created.as_millisecond());
            let oldest = youngest.saturating_add(1000);
            if oldest < 0 {
                // Made after it was answered: one of the two clocks is wrong, and with it every conclusion.
                Registration::Registered
            } else if youngest > elapsed {
                Registration::Existing
            } else if oldest <= elapsed {
                Registration::Created
            } else {
                Registration::Registered
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_date(created: &str, elapsed_ms: u64) -> Registration {
        let date = ServerClock::Date("2026-05-01T12:00:10Z".parse().unwrap());
        judge(Some(created), date, Duration::from_millis(elapsed_ms))
    }

    #[test]
    fn older_than_the_whole_call_existed() {
        assert_eq!(by_date("2026-05-01T12:00:09.900Z", 50), Registration::Existing);
        assert_eq!(by_date("2025-05-01T12:00:00.000Z", 50), Registration::Existing);
        assert_eq!(by_date("2026-05-01T12:00:07.000Z", 2999), Registration::Existing);
    }

    #[test]
    fn younger_than_the_call_even_at_worst_was_created() {
        assert_eq!(by_date("2026-05-01T12:00:09.000Z", 2500), Registration::Created);
        assert_eq!(by_date("2026-05-01T12:00:10.960Z", 50), Registration::Created);
    }

    #[test]
    fn within_the_rounding_nothing_is_claimed() {
        assert_eq!(by_date("2026-05-01T12:00:10.500Z", 50), Registration::Registered);
        assert_eq!(by_date("2026-05-01T12:00:09.970Z", 50), Registration::Registered);
        assert_eq!(judge(None, ServerClock::Unknown, Duration::ZERO), Registration::Registered);
        assert_eq!(by_date("yesterday", 50), Registration::Registered);
        assert_eq!(by_date("2999-01-01T00:00:00.000Z", 50), Registration::Registered);
    }
}
