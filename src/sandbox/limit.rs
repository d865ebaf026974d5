//! The rate limiter: so many requests in any second, counted by project.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The window in which requests are counted.
const WINDOW: Duration = Duration::from_secs(1);

/// Grants at most N requests in any second to each project; what it refuses does not count.
#[derive(Debug)]
pub struct Limiter {
    per_second: usize,
    granted: Mutex<HashMap<String, VecDeque<Duration>>>,
}

impl Limiter {
    /// A limiter of N requests per second; 0 limits nothing.
    pub fn new(per_second: u32) -> Self {
        Self { per_second: usize::try_from(per_second).unwrap_or(usize::MAX), granted: Mutex::default() }
    }

    /// Grants a request at this time (since any fixed moment), or says how long to wait.
    ///
    /// # Errors
    /// The time until a request would be granted again.
    pub fn grant(&self, project: &str, at: Duration) -> Result<(), Duration> {
        if self.per_second == 0 {
            return Ok(());
        }
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if !granted.contains_key(project) {
            granted.insert(project.to_owned(), VecDeque::new());
        }
        let Some(recent) = granted.get_mut(project) else { return Ok(()) };
        while recent.front().is_some_and(|earlier| at.saturating_sub(*earlier) >= WINDOW) {
            recent.pop_front();
        }
        if recent.len() >= self.per_second {
            let oldest = recent.front().copied().unwrap_or(at);
            return Err(WINDOW.saturating_sub(at.saturating_sub(oldest)));
        }
        recent.push_back(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sixth_request_in_a_second_waits_for_the_first_to_age() {
        let limiter = Limiter::new(5);
        for n in 0..5 {
            assert_eq!(limiter.grant("p", Duration::from_millis(n * 10)), Ok(()));
        }
        assert_eq!(limiter.grant("p", Duration::from_millis(400)), Err(Duration::from_millis(600)));
        assert_eq!(limiter.grant("q", Duration::from_millis(400)), Ok(()), "another project has its own count");
        assert_eq!(limiter.grant("p", Duration::from_millis(1000)), Ok(()));
        assert!(limiter.grant("p", Duration::from_millis(1001)).is_err());
    }

    #[test]
    fn zero_limits_nothing_and_even_spacing_is_never_refused() {
        let unlimited = Limiter::new(0);
        assert!((0..1000).all(|_| unlimited.grant("p", Duration::ZERO).is_ok()));
        let limiter = Limiter::new(5);
        assert!((0..1000).all(|n| limiter.grant("p", Duration::from_millis(204 * n)).is_ok()));
    }

    proptest! {
        #[test]
        fn no_second_holds_more_than_the_limit(gaps in proptest::collection::vec(0u64..400, 1..200), limit in 1u32..8) {
            let limiter = Limiter::new(limit);
            let mut now = Duration::ZERO;
            let mut granted = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                if limiter.grant("p", now).is_ok() {
                    granted.push(now);
                }
            }
            for window in granted.windows(limit as usize + 1) {
                prop_assert!(window[limit as usize] - window[0] >= WINDOW);
            }
        }
    }
}
