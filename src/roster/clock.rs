//! What the answers of a run tell of the service's clock, and which records are older than the requests that met them.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// A `Date` header is whole seconds: its answer was written up to this much later.
const DATE_STEP: i64 = 1000;
/// How far the clock that dates records may be from the one that dates answers: they need not be one machine's.
const APART: i64 = 500;

/// How far the service's clock is ahead of ours, in milliseconds: an interval that every answer may narrow.
///
/// An answer that was written between its request and its arrival, at a time from its date to a second later, bounds
/// the difference from both sides. Answers that contradict each other (a clock that jumped, a proxy's date) leave it
/// unknown for good.
#[derive(Debug, Clone, Copy)]
pub struct ServiceClock {
    origin: Instant,
    /// The service's time at the origin, at the earliest and at the latest.
    between: Option<(i64, i64)>,
    contradicted: bool,
}

impl ServiceClock {
    /// Nothing is known yet; `origin` is any moment of ours.
    pub fn new(origin: Instant) -> Self {
        Self { origin, between: None, contradicted: false }
    }

    /// An answer dated `date` was written between these two moments: its request was sent, it had arrived.
    pub fn hear(&mut self, date: Timestamp, sent: Instant, arrived: Instant) {
        let sent = milliseconds(sent.saturating_duration_since(self.origin));
        // Rounded outwards, so that no bound is a part of a millisecond too tight.
        let arrived = milliseconds(arrived.saturating_duration_since(self.origin)).saturating_add(1);
        let date = date.as_millisecond();
        let earliest = date.saturating_sub(arrived);
        let latest = date.saturating_add(DATE_STEP).saturating_sub(sent);
        let (least, most) =
            self.between.map_or((earliest, latest), |(least, most)| (least.max(earliest), most.min(latest)));
        self.contradicted |= least > most;
        self.between = (!self.contradicted).then_some((least, most));
    }

    /// Whether a record's `createdAt` lies before its request was sent, whatever the true times are. A no says nothing.
    pub fn was_before(&self, created: Timestamp, sent: Instant) -> bool {
        let Some((least, _)) = self.between else { return false };
        let sent = milliseconds(sent.saturating_duration_since(self.origin));
        // A record's time is cut to milliseconds.
        created.as_millisecond().saturating_add(1 + APART) < sent.saturating_add(least)
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(microseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(microseconds.div_euclid(1000)).unwrap()
    }

    proptest! {
        /// A service whose clock is `ahead` of ours answers with whole seconds; another clock dates its records.
        #[test]
        fn only_what_is_older_than_its_request_is_said_to_be(
            ahead in -1_000_000_000_000i64..1_000_000_000_000,
            apart in -APART * 1000..APART * 1000,
            answers in proptest::collection::vec((0i64..300_000_000, 0i64..900_000, 0i64..900_000), 0..60),
            sent in 0i64..300_000_000,
            age in -2_000_000i64..5_000_000,
        ) {
            let origin = Instant::now();
            let mut clock = ServiceClock::new(origin);
            for (sent, there, back) in answers {
                let written = sent + there + ahead + 1_800_000_000_000_000;
                let date = Timestamp::from_second(written.div_euclid(1_000_000)).unwrap();
                let moment = |micros: i64| origin + Duration::from_micros(micros as u64);
                clock.hear(date, moment(sent), moment(sent + there + back));
            }
            prop_assert!(!clock.contradicted);
            // How old the record truly is when its request is sent, by the clock that dates records.
            let created = at(sent - age + ahead + apart + 1_800_000_000_000_000);
            if clock.was_before(created, origin + Duration::from_micros(sent as u64)) {
                prop_assert!(age > 0, "younger than its request by {age}");
            }
        }
    }

    #[test]
    fn many_answers_tell_what_one_leaves_open() {
        let origin = Instant::now();
        let mut clock = ServiceClock::new(origin);
        let mut told = Vec::new();
        // A second's answers, 50 ms apart; a record that was 800 ms old when the last request was sent.
        for step in 0..20 {
            let sent = 900 + step * 50;
            let date = Timestamp::from_second(1_800_000_000 + (sent + 20) / 1000).unwrap();
            let moment = |millis: i64| origin + Duration::from_millis(millis as u64);
            clock.hear(date, moment(sent), moment(sent + 40));
            let created = Timestamp::from_millisecond(1_800_000_000_000 + sent - 800).unwrap();
            told.push(clock.was_before(created, moment(sent)));
        }
        assert_eq!((told.first(), told.last()), (Some(&false), Some(&true)));
    }

    #[test]
    fn answers_that_contradict_each_other_tell_nothing() {
        let origin = Instant::now();
        let mut clock = ServiceClock::new(origin);
        let old = Timestamp::from_second(1_000_000_000).unwrap();
        clock.hear(Timestamp::from_second(1_800_000_000).unwrap(), origin, origin);
        assert!(clock.was_before(old, origin));
        clock.hear(Timestamp::MAX, origin, origin);
        assert!(!clock.was_before(old, origin));
        clock.hear(Timestamp::from_second(1_800_000_000).unwrap(), origin, origin);
        assert!(!clock.was_before(old, origin));
    }
}
