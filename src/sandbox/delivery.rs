//! A delivery to a webhook, its attempts, and the rules that they follow.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::records::Iso;

/// How deliveries are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Every time of a delivery is divided by this: the waits between attempts, and how long an answer may take.
    pub speed: f64,
    /// Whether other machines are sent to.
    pub anywhere: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { speed: 1.0, anywhere: false }
    }
}

/// Reads a speed.
///
/// # Errors
/// When it is not a number from 1 to 10000.
pub fn parse_speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|speed| (1.0..=10_000.0).contains(speed))
        .ok_or_else(|| format!("{text:?} is not a speed; write how many times as fast, from 1 to 10000"))
}

/// One event on its way to one webhook.
#[derive(Debug)]
pub struct Delivery {
    /// Its own id.
    pub id: String,
    /// The delivery that it repeats, when somebody asked for that.
    pub redelivery_of: Option<String>,
    /// The project, in small letters.
    pub project: String,
    /// The webhook.
    pub webhook: String,
    /// The webhook's URL when the event came.
    pub url: String,
    /// The event, in the body's own word.
    pub event: &'static str,
    /// The event's id.
    pub event_id: String,
    /// The message that it tells of.
    pub message: String,
    /// What is sent.
    pub body: Arc<Vec<u8>>,
}

/// One attempt, as it is told.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryAttempt {
    /// Counts attempts, from 1.
    pub seq: u64,
    /// The delivery.
    pub id: String,
    /// The delivery that it repeats.
    pub redelivery_of: Option<String>,
    /// When it began.
    pub at: Iso,
    /// The project.
    pub project_id: String,
    /// The webhook.
    pub webhook_id: String,
    /// Where it went.
    pub url: String,
    /// The event, in the body's own word.
    pub event: &'static str,
    /// The event's id: the same in every attempt.
    pub event_id: String,
    /// The message that it tells of.
    pub message_id: String,
    /// Which attempt of its delivery it is, from 1; 0 when none was made.
    pub attempt: u32,
    /// What came of it.
    pub outcome: DeliveryOutcome,
    /// The status that the handler answered.
    pub status: Option<u16>,
    /// How long the handler took, in milliseconds.
    pub ms: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
    /// The fault that it met.
    pub fault: Option<&'static str>,
    /// The headers that were sent.
    #[serde(serialize_with = "object")]
    pub headers: Vec<(&'static str, String)>,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// The handler answered 2xx.
    Delivered,
    /// It failed, and another one follows.
    Retrying,
    /// It failed for good.
    GaveUp,
}

fn object<S: Serializer>(headers: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().map(|(name, value)| (name, value)))
}

impl Delivery {
    /// An attempt of it that has not been made yet.
    pub fn attempt(&self, now: i64) -> DeliveryAttempt {
        DeliveryAttempt {
            seq: 0,
            id: self.id.clone(),
            redelivery_of: self.redelivery_of.clone(),
            at: Iso(now),
            project_id: self.project.clone(),
            webhook_id: self.webhook.clone(),
            url: self.url.clone(),
            event: self.event,
            event_id: self.event_id.clone(),
            message_id: self.message.clone(),
            attempt: 0,
            outcome: DeliveryOutcome::GaveUp,
            status: None,
            ms: None,
            error: None,
            fault: None,
            headers: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_at_least_that_of_the_service() {
        assert_eq!(parse_speed("100"), Ok(100.0));
        for bad in ["0", "0.5", "-1", "NaN", "inf", "fast", ""] {
            assert!(parse_speed(bad).is_err(), "{bad}");
        }
    }
}
