//! Faults on command: which request meets which one, as a pure function of a seed and the request's number.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::model::parse_duration;

/// What goes wrong on purpose, and how slowly everything goes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// How long every answer is held back.
    pub latency: Option<Latency>,
    /// Each with its own share of the requests.
    pub rules: Vec<Fault>,
    /// What goes wrong with what is sent to webhooks.
    pub deliveries: DeliveryFaults,
    /// The same seed gives the same faults to the same requests; without one, they are others each time.
    pub seed: Option<u64>,
}

/// What goes wrong on purpose with what is sent to webhooks.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DeliveryFaults {
    /// The share of deliveries that are never sent.
    pub lost: f64,
    /// The share of attempts whose answer is lost, so that the handler gets the same again.
    pub dropped: f64,
    /// The share of deliveries that come twice.
    pub twice: f64,
    /// How long every delivery is held back.
    pub late: Option<Latency>,
}

/// What one delivery meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryFate {
    /// Whether it is never sent.
    pub is_lost: bool,
    /// Whether it comes twice.
    pub is_doubled: bool,
    /// How long it is held back.
    pub late: Duration,
}

impl DeliveryFaults {
    /// Decides over the delivery with this number.
    pub fn fate(&self, seed: u64, number: u64) -> DeliveryFate {
        let mut dice = dice(seed, number);
        let (lost, twice, part) = (dice.f64(), dice.f64(), dice.f64());
        let late = self.late.map_or(Duration::ZERO, |latency| latency.at(part));
        DeliveryFate { is_lost: lost < self.lost, is_doubled: twice < self.twice, late }
    }

    /// Whether the answer to an attempt of the delivery with this number is lost.
    pub fn drops(&self, seed: u64, number: u64, attempt: usize) -> bool {
        let mut dice = dice(seed ^ 0x5851_f42d_4c95_7f2d, number);
        (0..=attempt).map(|_| dice.f64()).last().is_some_and(|roll| roll < self.dropped)
    }
}

/// A fault as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Of requests.
    Request(Fault),
    /// `delivery-lost:RATE`.
    Lost(f64),
    /// `delivery-drop:RATE`.
    Dropped(f64),
    /// `delivery-twice:RATE`.
    Twice(f64),
    /// `delivery-late:TIME`.
    Late(Latency),
}

impl FromStr for Rule {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        match text.split_once(':') {
            Some(("delivery-lost", rate)) => parse_rate(rate).map(Self::Lost),
            Some(("delivery-drop", rate)) => parse_rate(rate).map(Self::Dropped),
            Some(("delivery-twice", rate)) => parse_rate(rate).map(Self::Twice),
            Some(("delivery-late", time)) => time.parse().map(Self::Late),
            _ => text.parse().map(Self::Request),
        }
    }
}

/// Mixed, so that neighbouring seeds and numbers have nothing in common.
fn dice(seed: u64, number: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn parse_rate(text: &str) -> Result<f64, FaultError> {
    match text.parse::<f64>() {
        Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(rate),
        _ => Err(FaultError::Rate(text.to_owned())),
    }
}

impl Latency {
    /// The time at this part of the way from the shortest to the longest.
    fn at(self, part: f64) -> Duration {
        self.least + self.most.saturating_sub(self.least).mul_f64(part)
    }
}

/// How long an answer is held back: a fixed time, or evenly spread between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// The shortest.
    pub least: Duration,
    /// The longest.
    pub most: Duration,
}

/// One kind of fault and its share of the requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// From 0 to 1.
    pub rate: f64,
}

/// What can happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// It is refused with this status, and nothing is done.
    Status(u16),
    /// It is carried out, and the connection dies instead of an answer.
    Drop,
    /// Nothing is done, and no answer comes.
    Hang,
    /// It is carried out, and the answer is a 200 that is not JSON.
    Garbage,
}

/// What one request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// How long its answer is held back.
    pub delay: Duration,
    /// What goes wrong with it.
    pub fault: Option<FaultKind>,
}

impl Faults {
    /// Decides over the request with this number.
    pub fn fate(&self, seed: u64, number: u64) -> Fate {
        if self.rules.is_empty() && self.latency.is_none() {
            return Fate { delay: Duration::ZERO, fault: None };
        }
        let mut dice = dice(seed, number);
        let (roll, part) = (dice.f64(), dice.f64());
        let delay = self.latency.map_or(Duration::ZERO, |latency| latency.at(part));
        let mut reached = 0.0;
        let hit = self.rules.iter().find(|rule| {
            reached += rule.rate;
            roll < reached
        });
        Fate { delay, fault: hit.map(|rule| rule.kind) }
    }

    /// Adds a fault.
    pub fn add(&mut self, rule: Rule) {
        match rule {
            Rule::Request(fault) => self.rules.push(fault),
            Rule::Lost(rate) => self.deliveries.lost = rate,
            Rule::Dropped(rate) => self.deliveries.dropped = rate,
            Rule::Twice(rate) => self.deliveries.twice = rate,
            Rule::Late(latency) => self.deliveries.late = Some(latency),
        }
    }

    /// Every fault as it is written, those of requests first.
    pub fn written(&self) -> Vec<String> {
        let requests = self.rules.iter().map(|rule| format!("{}:{}", rule.kind, rule.rate));
        let DeliveryFaults { lost, dropped, twice, late } = self.deliveries;
        let shares = [("delivery-lost", lost), ("delivery-drop", dropped), ("delivery-twice", twice)];
        let shares = shares.into_iter().filter(|(_, rate)| *rate > 0.0).map(|(name, rate)| format!("{name}:{rate}"));
        requests.chain(shares).chain(late.map(|late| format!("delivery-late:{late}"))).collect()
    }

    /// Checks that the shares of all faults leave something to share.
    ///
    /// # Errors
    /// When they add up to more than 1.
    pub fn check(&self) -> Result<(), FaultError> {
        let sum: f64 = self.rules.iter().map(|rule| rule.rate).sum();
        if sum > 1.0 + 1e-9 { Err(FaultError::Sum) } else { Ok(()) }
    }
}

/// Why a text is no fault or latency; the message says what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// Not KIND:RATE.
    #[error("{0:?} is not a fault; write STATUS:RATE, drop:RATE, hang:RATE or garbage:RATE, for example 503:0.1")]
    Form(String),
    /// An unknown kind, or a status that is no error.
    #[error(
        "{0:?} is not a kind of fault; write a status from 400 to 599, drop, hang, garbage, delivery-lost, delivery-drop, \
         delivery-twice or delivery-late"
    )]
    Kind(String),
    /// Not a share.
    #[error("{0:?} is not a rate; write a number from 0 to 1, for example 0.1 for one request in ten")]
    Rate(String),
    /// More than everything.
    #[error("the rates of all faults together are above 1")]
    Sum,
    /// A range that ends before it starts.
    #[error("{0:?} ends before it starts; write the shorter time first, for example 50ms..400ms")]
    Backwards(String),
    /// Not a time.
    #[error("{0}")]
    Time(#[from] crate::model::DurationError),
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (kind, rate) = text.split_once(':').ok_or_else(|| FaultError::Form(text.to_owned()))?;
        let kind = match kind {
            "drop" => FaultKind::Drop,
            "hang" => FaultKind::Hang,
            "garbage" => FaultKind::Garbage,
            status => match status.parse() {
                Ok(status @ 400..=599) => FaultKind::Status(status),
                _ => return Err(FaultError::Kind(status.to_owned())),
            },
        };
        Ok(Self { kind, rate: parse_rate(rate)? })
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Drop => f.write_str("drop"),
            Self::Hang => f.write_str("hang"),
            Self::Garbage => f.write_str("garbage"),
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&exactly(self.least))?;
        if self.most > self.least { write!(f, "..{}", exactly(self.most)) } else { Ok(()) }
    }
}

/// A time to the nanosecond, as it can be typed.
fn exactly(time: Duration) -> String {
    match (time.subsec_nanos(), time.subsec_nanos() % 1_000_000) {
        (0, _) => format!("{}s", time.as_secs()),
        (_, 0) => format!("{}ms", time.as_millis()),
        (_, rest) => format!("{}.{}ms", time.as_millis(), format!("{rest:06}").trim_end_matches('0')),
    }
}

impl FromStr for Latency {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let (least, most) = (parse_duration(least)?, parse_duration(most)?);
        if most < least {
            return Err(FaultError::Backwards(text.to_owned()));
        }
        Ok(Self { least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(rules: &[&str]) -> Faults {
        let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        Faults { rules, ..Faults::default() }
    }

    #[test]
    fn reads_every_documented_form() {
        assert_eq!("503:0.25".parse(), Ok(Fault { kind: FaultKind::Status(503), rate: 0.25 }));
        assert_eq!("drop:1".parse(), Ok(Fault { kind: FaultKind::Drop, rate: 1.0 }));
        assert_eq!("hang:0".parse(), Ok(Fault { kind: FaultKind::Hang, rate: 0.0 }));
        assert_eq!("garbage:.5".parse(), Ok(Fault { kind: FaultKind::Garbage, rate: 0.5 }));
        for bad in ["503", "200:0.1", "drop:2", "drop:-0.1", "drop:NaN", "boom:0.1", "", ":", "drop:"] {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
        let range: Latency = "50ms..400ms".parse().unwrap();
        assert_eq!((range.least, range.most), (Duration::from_millis(50), Duration::from_millis(400)));
        let fixed: Latency = "1s".parse().unwrap();
        assert_eq!(fixed.least, fixed.most);
        assert!(matches!("2s..1s".parse::<Latency>(), Err(FaultError::Backwards(_))));
        assert!("fast".parse::<Latency>().is_err());
    }

    #[test]
    fn rates_add_up_to_one_at_most() {
        assert_eq!(faults(&["500:0.3", "drop:0.3", "hang:0.4"]).check(), Ok(()));
        assert_eq!(faults(&["500:0.7", "drop:0.7"]).check(), Err(FaultError::Sum));
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_again_and_another_seed_others() {
        let fates = |seed| (0..200).map(|n| faults(&["500:0.5"]).fate(seed, n).fault.is_some()).collect::<Vec<_>>();
        assert_eq!(fates(7), fates(7));
        assert_ne!(fates(7), fates(8));
    }

    #[test]
    fn every_fault_gets_its_share() {
        let faults = faults(&["500:0.2", "drop:0.1"]);
        let count = |kind| (0..10_000).filter(|n| faults.fate(42, *n).fault == kind).count();
        assert!((1800..2200).contains(&count(Some(FaultKind::Status(500)))));
        assert!((850..1150).contains(&count(Some(FaultKind::Drop))));
        assert!((6700..7300).contains(&count(None)));
    }

    #[test]
    fn latency_stays_in_its_range() {
        let faults = Faults { latency: "50ms..400ms".parse().ok(), ..Faults::default() };
        for number in 0..1000 {
            let delay = faults.fate(0, number).delay;
            assert!((50..=400).contains(&delay.as_millis()), "{delay:?}");
        }
    }

    #[test]
    fn faults_of_deliveries_are_read_and_have_their_share() {
        let mut faults = Faults::default();
        for rule in
            ["delivery-lost:0.1", "delivery-drop:0.3", "delivery-twice:0.2", "delivery-late:50ms..60ms", "503:1"]
        {
            faults.add(rule.parse().unwrap());
        }
        assert_eq!(faults.rules.len(), 1);
        let share = |hit: &dyn Fn(u64) -> bool| (0..10_000).filter(|number| hit(*number)).count();
        assert!((850..1150).contains(&share(&|n| faults.deliveries.fate(7, n).is_lost)));
        assert!((1800..2200).contains(&share(&|n| faults.deliveries.fate(7, n).is_doubled)));
        for attempt in [0, 5] {
            assert!((2800..3200).contains(&share(&|n| faults.deliveries.drops(7, n, attempt))));
        }
        assert!((0..100).all(|n| (50..=60).contains(&faults.deliveries.fate(7, n).late.as_millis())));
        for bad in ["delivery-lost:2", "delivery-late:0.5", "delivery-late", "delivery-none:0.1", "delivery-drop:"] {
            assert!(bad.parse::<Rule>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_in_force_is_written_as_it_was_typed() {
        let typed = ["503:0.3", "drop:1", "delivery-twice:0.25", "delivery-late:50ms..1s"];
        let mut faults = Faults::default();
        typed.iter().for_each(|rule| faults.add(rule.parse().unwrap()));
        assert_eq!(faults.written(), typed);
        for typed in ["50ms..400ms", "2s", "1.5ms", "0.25ms..1500ms"] {
            assert_eq!(typed.parse::<Latency>().unwrap().to_string(), typed);
        }
    }
}
