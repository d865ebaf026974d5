//! One limiter for the whole process: even spacing, never a burst, and a 429 slows everybody.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::retry::TOTAL_WAIT;
use super::seam::{Clock, Stop, block_on};

/// The service counts requests in a second by a window of unknown kind, so starts are spaced two per cent
/// wider than the ceiling: any N+1 starts span more than a second under a fixed and a sliding window alike.
pub const SPACING_MARGIN: f64 = 1.02;
/// How late a start may be and still be made up for: half of the margin of one second.
const CATCH_UP: Duration = Duration::from_millis(10);
/// How long everybody pauses after a 429 that names no time.
const PAUSE_AFTER_429: Duration = Duration::from_secs(1);
/// How much wider the spacing gets for the rest of the run after a 429.
const WIDEN_AFTER_429: f64 = 1.05;

/// The widest spacing; a moment further away could not be told by every clock.
const WIDEST: Duration = Duration::from_secs(86_400);

/// A spacing of so many seconds, as far as it can be one.
fn bounded(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(WIDEST, |spacing| spacing.min(WIDEST))
}

/// When requests may start; the rule alone, with the time handed in.
#[derive(Debug, Clone)]
struct Schedule {
    spacing: Option<Duration>,
    next: Option<Instant>,
    /// When the spacing was last widened.
    widened: Option<Instant>,
    /// Since when there was no answer but a 429.
    refused_since: Option<Instant>,
}

impl Schedule {
    fn new(rate: f64) -> Self {
        let spacing = (rate > 0.0).then(|| bounded(SPACING_MARGIN / rate));
        Self { spacing, next: None, widened: None, refused_since: None }
    }

    /// Grants a start now, or says how long to wait before asking again.
    fn grant(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(next) = self.next
            && next > now
        {
            return Err(next - now);
        }
        let due = self.next.unwrap_or(now);
        let made_up = now.checked_sub(CATCH_UP).map_or(due, |earliest| due.max(earliest));
        self.next = self.spacing.map(|spacing| made_up + spacing);
        Ok(())
    }

    /// `started` is when the refused request did. One that started before the spacing was last widened says nothing
    /// about the new spacing: with hundreds in flight, one slip would else slow the run to a crawl.
    ///
    /// Whether it is worth waiting out: the bound on the waits of one call bounds also those of all together, since each
    /// would else begin anew where the last one gave up its turn.
    fn refused(&mut self, now: Instant, started: Instant, retry_after: Option<Duration>) -> bool {
        let since = *self.refused_since.get_or_insert(started);
        let resume = now + retry_after.unwrap_or(PAUSE_AFTER_429).min(TOTAL_WAIT);
        self.next = Some(self.next.map_or(resume, |next| next.max(resume)));
        if self.widened.is_none_or(|widened| started > widened) {
            self.spacing = self.spacing.map(|spacing| bounded(spacing.as_secs_f64() * WIDEN_AFTER_429));
            self.widened = Some(now);
        }
        now.saturating_duration_since(since).saturating_add(retry_after.unwrap_or_default()) <= TOTAL_WAIT
    }
}

/// How a call comes to its first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// It waits for its turn, and is not sent when the run is told to stop before.
    #[default]
    Turn,
    /// The caller has waited for the turn.
    Taken,
    /// It completes what an earlier call began, so being told to stop does not hold it back.
    Finish,
}

/// The limiter that all requests of a process pass.
#[derive(Debug)]
pub struct Pace {
    schedule: Mutex<Schedule>,
    stop: Stop,
    clock: Arc<dyn Clock>,
}

/// The run was told to stop while a request was waiting for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl Pace {
    /// Paces to `rate` requests per second; 0 does not pace.
    pub fn new(rate: f64, clock: Arc<dyn Clock>) -> Self {
        Self { schedule: Mutex::new(Schedule::new(rate)), stop: Stop::default(), clock }
    }

    fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn of a request that starts like this.
    ///
    /// # Errors
    /// [`Cancelled`] when [`Pace::cancel`] was called before the turn came.
    pub async fn turn(&self, start: Start) -> Result<(), Cancelled> {
        loop {
            let stop = self.stop_for(start)?;
            let now = self.clock.now();
            let granted = self.lock().grant(now);
            match granted {
                Ok(()) => return Ok(()),
                Err(wait) => self.clock.wait(now + wait, stop).await,
            }
        }
    }

    /// Waits out a pause of one call (its backoff).
    ///
    /// # Errors
    /// [`Cancelled`] when [`Pace::cancel`] was called before it ended.
    pub fn pause(&self, length: Duration) -> Result<(), Cancelled> {
        block_on(self.pause_as(length, Start::Turn))
    }

    pub(super) async fn pause_as(&self, length: Duration, start: Start) -> Result<(), Cancelled> {
        let end = self.clock.now() + length.min(WIDEST);
        loop {
            let stop = self.stop_for(start)?;
            if self.clock.now() >= end {
                return Ok(());
            }
            self.clock.wait(end, stop).await;
        }
    }

    /// What may cut a wait short.
    fn stop_for(&self, start: Start) -> Result<Option<&Stop>, Cancelled> {
        let stop = (start != Start::Finish).then_some(&self.stop);
        if stop.is_some_and(Stop::is_told) { Err(Cancelled) } else { Ok(stop) }
    }

    /// A 429 came for a request that started then: the next start is pushed out for everybody, and the spacing widens
    /// a little. Whether it is worth waiting out.
    pub fn refused(&self, started: Instant, retry_after: Option<Duration>) -> bool {
        self.lock().refused(self.clock.now(), started, retry_after)
    }

    /// An answer came that was no 429.
    pub fn answered(&self) {
        self.lock().refused_since = None;
    }

    /// Stops all waiting: nothing that has not started will start.
    pub fn cancel(&self) {
        self.stop.tell();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::seam::SystemClock;

    /// Runs a schedule in simulated time with late wake-ups; returns the starts.
    fn starts(rate: f64, lateness: &[u64]) -> Vec<Duration> {
        let origin = Instant::now() + Duration::from_secs(1);
        let mut now = origin;
        let mut schedule = Schedule::new(rate);
        let mut starts = Vec::new();
        for late in lateness {
            while let Err(wait) = schedule.grant(now) {
                now += wait + Duration::from_micros(*late);
            }
            starts.push(now - origin);
        }
        starts
    }

    #[test]
    fn the_first_start_is_at_once_and_on_time_starts_reach_98_per_cent() {
        let starts = starts(5.0, &[0; 101]);
        assert_eq!(starts[0], Duration::ZERO);
        let rate = 100.0 / starts[100].as_secs_f64();
        assert!((4.9..5.0).contains(&rate), "{rate}");
    }

    #[test]
    fn a_little_lateness_costs_no_throughput() {
        let starts = starts(1000.0, &[90; 1001]);
        let rate = 1000.0 / starts[1000].as_secs_f64();
        assert!((975.0..1000.0).contains(&rate), "{rate}");
    }

    #[test]
    fn no_rate_and_no_pause_is_too_slow_for_the_clock() {
        let now = Instant::now();
        let mut schedule = Schedule::new(f64::MIN_POSITIVE);
        assert_eq!(schedule.grant(now), Ok(()));
        assert!(!schedule.refused(now, now, Some(Duration::MAX)));
        assert_eq!(schedule.grant(now), Err(WIDEST));
    }

    #[test]
    fn no_pacing_grants_everything_at_once() {
        assert_eq!(starts(0.0, &[0; 50]).last(), Some(&Duration::ZERO));
    }

    #[test]
    fn a_429_pushes_everybody_out_and_widens_the_spacing() {
        let now = Instant::now();
        let mut schedule = Schedule::new(10.0);
        assert_eq!(schedule.grant(now), Ok(()));
        schedule.refused(now, now, Some(Duration::from_secs(3)));
        assert_eq!(schedule.grant(now), Err(Duration::from_secs(3)));
        schedule.refused(now, now, None);
        assert_eq!(schedule.grant(now), Err(Duration::from_secs(3)), "a shorter pause never brings the start forward");
        assert!(schedule.spacing.is_some_and(|spacing| spacing > Duration::from_millis(102)));
    }

    #[test]
    fn refusals_without_another_answer_are_waited_out_for_a_minute_in_all() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut schedule = Schedule::new(5.0);
        let after = |seconds: u32| now + seconds * second;
        assert!(schedule.refused(after(0), now, Some(30 * second)));
        assert!(schedule.refused(after(30), after(30), Some(30 * second)));
        assert!(!schedule.refused(after(31), after(31), Some(30 * second)));
        assert!(schedule.refused(after(60), after(60), None));
        assert!(!schedule.refused(after(61), after(61), None));
        schedule.refused_since = None;
        assert!(schedule.refused(after(62), after(62), Some(60 * second)));
        assert!(!schedule.refused(after(62), after(62), Some(61 * second)));
    }

    #[test]
    fn many_429s_of_one_moment_widen_the_spacing_once() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut schedule = Schedule::new(1000.0);
        for in_flight in 0..500 {
            schedule.refused(now + second + Duration::from_millis(in_flight), now, None);
        }
        let once = Duration::from_secs_f64(SPACING_MARGIN / 1000.0).mul_f64(WIDEN_AFTER_429);
        assert_eq!(schedule.spacing, Some(once));
        schedule.refused(now + 4 * second, now + 3 * second, None);
        assert_eq!(schedule.spacing, Some(once.mul_f64(WIDEN_AFTER_429)));
    }

    #[test]
    fn cancelling_wakes_who_waits() {
        let pace = Pace::new(0.001, Arc::new(SystemClock));
        assert_eq!(block_on(pace.turn(Start::Turn)), Ok(()));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| block_on(pace.turn(Start::Turn)));
            pace.cancel();
            assert_eq!(waiting.join().ok(), Some(Err(Cancelled)));
        });
    }

    #[test]
    fn what_completes_a_begun_work_is_not_cancelled() {
        let pace = Pace::new(0.0, Arc::new(SystemClock));
        pace.cancel();
        assert_eq!(block_on(pace.turn(Start::Turn)), Err(Cancelled));
        assert_eq!(block_on(pace.turn(Start::Finish)), Ok(()));
        assert_eq!(block_on(pace.pause_as(Duration::from_nanos(1), Start::Finish)), Ok(()));
    }

    proptest! {
        #[test]
        fn no_second_holds_more_than_the_ceiling(rate in 1u32..200, lateness in proptest::collection::vec(0u64..400_000, 1..400)) {
            let starts = starts(f64::from(rate), &lateness);
            for window in starts.windows(rate as usize + 1) {
                prop_assert!(window[rate as usize] - window[0] > Duration::from_secs(1));
            }
        }
    }
}
