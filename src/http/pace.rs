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
    /// The time in which there was no answer but a 429.
    refusing: Option<Refusing>,
}

/// A time in which every request is refused for its rate.
#[derive(Debug, Clone, Copy)]
struct Refusing {
    /// When the first request that was refused had started.
    since: Instant,
    /// When its refusal came.
    heard: Instant,
    /// Whether a pause was asked for that is not worth waiting out.
    is_given_up: bool,
}

impl Schedule {
    fn new(rate: f64) -> Self {
        let spacing = (rate > 0.0).then(|| bounded(SPACING_MARGIN / rate));
        Self { spacing, next: None, widened: None, refusing: None }
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
        let refusing = self.refusing.get_or_insert(Refusing { since: started, heard: now, is_given_up: false });
        let resume = now + retry_after.unwrap_or(PAUSE_AFTER_429).min(TOTAL_WAIT);
        self.next = Some(self.next.map_or(resume, |next| next.max(resume)));
        if self.widened.is_none_or(|widened| started > widened) {
            self.spacing = self.spacing.map(|spacing| bounded(spacing.as_secs_f64() * WIDEN_AFTER_429));
            self.widened = Some(now);
        }
        let silence = now.saturating_duration_since(refusing.since).saturating_add(retry_after.unwrap_or_default());
        refusing.is_given_up |= silence > TOTAL_WAIT;
        silence <= TOTAL_WAIT
    }

    /// What was in flight when the first 429 came tells nothing of what holds since.
    fn answered(&mut self, started: Instant) {
        self.refusing = self.refusing.filter(|refusing| started < refusing.heard);
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

/// Why a request does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoStart {
    /// The run was told to stop while it was waiting.
    Cancelled,
    /// It completes what was begun, and the service wants a longer pause than is waited out. Those who wait like this
    /// would wait one after the other, each for a refusal of its own.
    Refused,
}

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
    /// [`NoStart`], when the turn will not come.
    pub async fn turn(&self, start: Start) -> Result<(), NoStart> {
        loop {
            let stop = self.stop_for(start)?;
            let now = self.clock.now();
            let (granted, is_given_up) = {
                let mut schedule = self.lock();
                (schedule.grant(now), schedule.refusing.is_some_and(|refusing| refusing.is_given_up))
            };
            match granted {
                Ok(()) => return Ok(()),
                // Others hear of it from whoever runs them, who cancels.
                Err(_) if is_given_up && start == Start::Finish => return Err(NoStart::Refused),
                Err(wait) => self.clock.wait(now + wait, stop).await,
            }
        }
    }

    /// Waits out a pause of one call (its backoff).
    ///
    /// # Errors
    /// [`NoStart::Cancelled`] when [`Pace::cancel`] was called before it ended.
    pub fn pause(&self, length: Duration) -> Result<(), NoStart> {
        block_on(self.pause_as(length, Start::Turn))
    }

    pub(super) async fn pause_as(&self, length: Duration, start: Start) -> Result<(), NoStart> {
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
    fn stop_for(&self, start: Start) -> Result<Option<&Stop>, NoStart> {
        let stop = (start != Start::Finish).then_some(&self.stop);
        if stop.is_some_and(Stop::is_told) { Err(NoStart::Cancelled) } else { Ok(stop) }
    }

    /// A 429 came for a request that started then: the next start is pushed out for everybody, and the spacing widens
    /// a little. Whether it is worth waiting out.
    pub fn refused(&self, started: Instant, retry_after: Option<Duration>) -> bool {
        self.lock().refused(self.clock.now(), started, retry_after)
    }

    /// An answer that was no 429 came for a request that started then.
    pub fn answered(&self, started: Instant) {
        self.lock().answered(started);
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
        schedule.answered(after(61));
        assert!(schedule.refused(after(62), after(62), Some(60 * second)));
        assert!(!schedule.refused(after(62), after(62), Some(61 * second)));
    }

    #[test]
    fn an_answer_that_was_on_its_way_begins_no_new_minute() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut schedule = Schedule::new(5.0);
        let after = |seconds: u32| now + seconds * second;
        assert!(schedule.refused(after(2), now, Some(40 * second)));
        schedule.answered(after(1));
        assert!(!schedule.refused(after(42), after(42), Some(40 * second)));
        schedule.answered(after(43));
        assert!(schedule.refused(after(44), after(44), Some(40 * second)));
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

    /// However many there are: each would else wait for a pause of its own.
    #[test]
    fn a_pause_that_is_not_worth_it_is_waited_out_by_nobody_who_completes_a_work() {
        let pace = Pace::new(1000.0, Arc::new(SystemClock));
        let now = Instant::now();
        assert!(pace.refused(now, Some(Duration::from_millis(1))));
        assert_eq!(block_on(pace.turn(Start::Finish)), Ok(()));
        assert!(!pace.refused(now, Some(Duration::from_secs(3600))));
        assert_eq!(block_on(pace.turn(Start::Finish)), Err(NoStart::Refused));
    }

    #[test]
    fn cancelling_wakes_who_waits() {
        let pace = Pace::new(0.001, Arc::new(SystemClock));
        assert_eq!(block_on(pace.turn(Start::Turn)), Ok(()));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| block_on(pace.turn(Start::Turn)));
            pace.cancel();
            assert_eq!(waiting.join().ok(), Some(Err(NoStart::Cancelled)));
        });
    }

    #[test]
    fn what_completes_a_begun_work_is_not_cancelled() {
        let pace = Pace::new(0.0, Arc::new(SystemClock));
        pace.cancel();
        assert_eq!(block_on(pace.turn(Start::Turn)), Err(NoStart::Cancelled));
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
