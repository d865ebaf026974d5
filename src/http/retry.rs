//! When to try again, as a pure function.

use std::time::Duration;

/// How often and how long a call may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts after the first; 0 never repeats.
    pub retries: u32,
}

/// The first backoff's upper bound; doubled for each further attempt.
const BASE: Duration = Duration::from_millis(500);
/// The longest single backoff.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The longest wait of one call over all its attempts, a `Retry-After` included.
pub const TOTAL_WAIT: Duration = Duration::from_secs(60);

impl RetryPolicy {
    /// The wait before the next attempt, or none when the call has failed for good.
    ///
    /// `attempts` have been made and `waited` has been spent between them. `random` in 0..1 spreads
    /// the backoff (full jitter). A `Retry-After` is obeyed to the letter or, beyond the total bound, not waited for.
    pub fn wait(self, attempts: u32, waited: Duration, retry_after: Option<Duration>, random: f64) -> Option<Duration> {
        if attempts > self.retries {
            return None;
        }
        let left = TOTAL_WAIT.saturating_sub(waited);
        match retry_after {
            Some(asked) => (asked <= left).then_some(asked),
            None => {
                let ceiling = BASE.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_WAIT).min(left);
                (!left.is_zero()).then(|| ceiling.mul_f64(random))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn doubles_from_half_a_second_and_stops_after_the_retries() {
        let policy = RetryPolicy { retries: 4 };
        let waits: Vec<_> = (1..=5).map(|attempts| policy.wait(attempts, Duration::ZERO, None, 1.0)).collect();
        let millis = |n| Some(Duration::from_millis(n));
        assert_eq!(waits, [millis(500), millis(1000), millis(2000), millis(4000), None]);
        assert_eq!(RetryPolicy { retries: 0 }.wait(1, Duration::ZERO, None, 1.0), None);
    }

    #[test]
    fn obeys_retry_after_unless_it_breaks_the_total_bound() {
        let policy = RetryPolicy { retries: 4 };
        assert_eq!(policy.wait(1, Duration::ZERO, Some(Duration::from_secs(7)), 0.1), Some(Duration::from_secs(7)));
        assert_eq!(policy.wait(1, Duration::ZERO, Some(Duration::ZERO), 0.1), Some(Duration::ZERO));
        assert_eq!(policy.wait(1, Duration::ZERO, Some(Duration::from_secs(86_400)), 0.1), None);
        assert_eq!(policy.wait(2, Duration::from_secs(59), Some(Duration::from_secs(2)), 0.1), None);
    }

    proptest! {
        #[test]
        fn the_total_wait_is_bounded(retries in 0u32..1000, asked in proptest::collection::vec(proptest::option::of(0u64..100), 0..200), random in 0.0f64..1.0) {
            let policy = RetryPolicy { retries };
            let mut waited = Duration::ZERO;
            for (at, asked) in asked.into_iter().enumerate() {
                let Some(wait) = policy.wait(at as u32 + 1, waited, asked.map(Duration::from_secs), random) else { break };
                waited += wait;
            }
            prop_assert!(waited <= TOTAL_WAIT);
        }
    }
}
