//! Faults on command: which request meets which one, as a pure function of a seed and the request's number.

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
    /// The same seed gives the same faults to the same requests.
    pub seed: u64,
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
    pub fn fate(&self, number: u64) -> Fate {
        if self.rules.is_empty() && self.latency.is_none() {
            return Fate { delay: Duration::ZERO, fault: None };
        }
        // Mixed, so that neighbouring seeds and numbers have nothing in common.
        let mut dice = fastrand::Rng::with_seed(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (roll, part) = (dice.f64(), dice.f64());
        let delay = self
            .latency
            .map_or(Duration::ZERO, |latency| latency.least + latency.most.saturating_sub(latency.least).mul_f64(part));
        let mut reached = 0.0;
        let hit = self.rules.iter().find(|rule| {
            reached += rule.rate;
            roll < reached
        });
        Fate { delay, fault: hit.map(|rule| rule.kind) }
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
    #[error("{0:?} is not a kind of fault; write a status from 400 to 599, drop, hang or garbage")]
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
        match rate.parse::<f64>() {
            Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(Self { kind, rate }),
            _ => Err(FaultError::Rate(rate.to_owned())),
        }
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

    fn faults(rules: &[&str], seed: u64) -> Faults {
        Faults { latency: None, rules: rules.iter().map(|rule| rule.parse().unwrap()).collect(), seed }
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
        assert_eq!(faults(&["500:0.3", "drop:0.3", "hang:0.4"], 0).check(), Ok(()));
        assert_eq!(faults(&["500:0.7", "drop:0.7"], 0).check(), Err(FaultError::Sum));
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_again_and_another_seed_others() {
        let fates = |seed| (0..200).map(|n| faults(&["500:0.5"], seed).fate(n).fault.is_some()).collect::<Vec<_>>();
        assert_eq!(fates(7), fates(7));
        assert_ne!(fates(7), fates(8));
    }

    #[test]
    fn every_fault_gets_its_share() {
        let faults = faults(&["500:0.2", "drop:0.1"], 42);
        let count = |kind| (0..10_000).filter(|n| faults.fate(*n).fault == kind).count();
        assert!((1800..2200).contains(&count(Some(FaultKind::Status(500)))));
        assert!((850..1150).contains(&count(Some(FaultKind::Drop))));
        assert!((6700..7300).contains(&count(None)));
    }

    #[test]
    fn latency_stays_in_its_range() {
        let faults = Faults { latency: "50ms..400ms".parse().ok(), ..Faults::default() };
        for number in 0..1000 {
            let delay = faults.fate(number).delay;
            assert!((50..=400).contains(&delay.as_millis()), "{delay:?}");
        }
    }
}
