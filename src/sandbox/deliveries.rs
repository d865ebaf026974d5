//! What the sandbox sends to webhooks: each delivery and its attempts, in memory, bounded.
//!
//! Whoever fires a delivery does not wait for it. How one is sent stands in [`deliverer`](super::deliverer).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::deliverer::Deliverer;
use super::fault::{DeliveryFaults, Faults};
use super::records::Iso;
use super::store::Store;

/// Attempts that are remembered; the oldest are forgotten.
const REMEMBERED: usize = 10_000;
/// Deliveries that can be sent again.
const KEPT: usize = 1_000;
/// The bodies of these, in bytes.
const KEPT_BYTES: usize = 16 << 20;
/// Deliveries that are on their way or wait for their turn. More are given up at once.
const WAITING: usize = 10_000;
/// The bodies of these, in bytes.
const WAITING_BYTES: usize = 32 << 20;

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
pub struct Attempt {
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
    pub outcome: Outcome,
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
pub enum Outcome {
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

/// What is remembered.
#[derive(Debug, Default)]
pub struct Journal {
    attempts: Mutex<VecDeque<Attempt>>,
    seq: AtomicU64,
    kept: Mutex<Kept>,
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct Kept {
    deliveries: VecDeque<Arc<Delivery>>,
    bytes: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Journal {
    /// Remembers an attempt.
    pub fn add(&self, mut attempt: Attempt) {
        let mut attempts = lock(&self.attempts);
        // Under the lock, so that the numbers stand in their order.
        attempt.seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        if attempts.len() >= REMEMBERED {
            attempts.pop_front();
        }
        attempts.push_back(attempt);
    }

    /// Takes a delivery in, unless too many wait.
    fn admit(self: &Arc<Self>, delivery: Arc<Delivery>) -> Result<Waiting, Arc<Delivery>> {
        let size = delivery.body.len();
        let (count, bytes) =
            (self.waiting.fetch_add(1, Ordering::Relaxed), self.waiting_bytes.fetch_add(size, Ordering::Relaxed));
        let waiting = Waiting { delivery, journal: Arc::clone(self) };
        if count >= WAITING || bytes + size > WAITING_BYTES {
            return Err(Arc::clone(&waiting.delivery));
        }
        Ok(waiting)
    }

    fn keep(&self, delivery: &Arc<Delivery>) {
        let mut kept = lock(&self.kept);
        kept.bytes += delivery.body.len();
        kept.deliveries.push_back(Arc::clone(delivery));
        while kept.deliveries.len() > KEPT || kept.bytes > KEPT_BYTES {
            let Some(oldest) = kept.deliveries.pop_front() else { break };
            kept.bytes -= oldest.body.len();
        }
    }
}

/// A delivery that counts among those that wait, until it is dropped.
#[derive(Debug)]
pub struct Waiting {
    /// The delivery.
    pub delivery: Arc<Delivery>,
    journal: Arc<Journal>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.journal.waiting.fetch_sub(1, Ordering::Relaxed);
        self.journal.waiting_bytes.fetch_sub(self.delivery.body.len(), Ordering::Relaxed);
    }
}

impl Delivery {
    /// An attempt of it that has not been made yet.
    pub fn attempt(&self, now: i64) -> Attempt {
        Attempt {
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
            outcome: Outcome::GaveUp,
            status: None,
            ms: None,
            error: None,
            fault: None,
            headers: Vec::new(),
        }
    }
}

/// Everything about deliveries that a sandbox has.
#[derive(Debug)]
pub struct Deliveries {
    rules: Rules,
    faults: DeliveryFaults,
    seed: u64,
    journal: Arc<Journal>,
    /// Its thread is started by the first delivery: most sandboxes make none.
    deliverer: Mutex<Option<Deliverer>>,
}

impl Deliveries {
    /// What the options say.
    pub fn new(rules: Rules, faults: &Faults) -> Self {
        let (faults, seed) = (faults.deliveries, faults.seed);
        Self { rules, faults, seed, journal: Arc::default(), deliverer: Mutex::default() }
    }

    /// Sends deliveries, each on its own. Nobody waits for them.
    pub fn fire(&self, store: &Arc<Store>, deliveries: impl IntoIterator<Item = Delivery>, now: i64) {
        for delivery in deliveries {
            let delivery = Arc::new(delivery);
            self.journal.keep(&delivery);
            let waiting = match self.journal.admit(delivery) {
                Ok(waiting) => waiting,
                Err(delivery) => {
                    let error = Some("too many deliveries wait already".to_owned());
                    self.journal.add(Attempt { error, ..delivery.attempt(now) });
                    continue;
                }
            };
            let mut deliverer = lock(&self.deliverer);
            let running = deliverer.get_or_insert_with(|| {
                Deliverer::start(Arc::clone(store), Arc::clone(&self.journal), self.rules, self.faults, self.seed)
            });
            if let Err(waiting) = running.send(waiting) {
                let error = Some("the sandbox has no thread to deliver with".to_owned());
                self.journal.add(Attempt { error, ..waiting.delivery.attempt(now) });
            }
        }
    }

    /// Sends a delivery again, with the same event and body; the new one's id. None when it is not kept any more.
    pub fn redeliver(&self, store: &Arc<Store>, id: &str, now: i64) -> Option<String> {
        let old = lock(&self.journal.kept).deliveries.iter().find(|kept| kept.id == id).cloned()?;
        let id = Uuid::new_v4().to_string();
        let again = Delivery {
            id: id.clone(),
            redelivery_of: Some(old.id.clone()),
            project: old.project.clone(),
            webhook: old.webhook.clone(),
            url: old.url.clone(),
            event: old.event,
            event_id: old.event_id.clone(),
            message: old.message.clone(),
            body: Arc::clone(&old.body),
        };
        self.fire(store, [again], now);
        Some(id)
    }

    /// The attempts behind this number, oldest first, the newest so many of them.
    pub fn attempts(&self, after: u64, limit: usize) -> Vec<Attempt> {
        let attempts = lock(&self.journal.attempts);
        let start = attempts.partition_point(|attempt| attempt.seq <= after).max(attempts.len().saturating_sub(limit));
        attempts.range(start..).cloned().collect()
    }

    /// Makes no attempt more, beyond the first one of each that was fired; waits a little for those under way.
    pub fn stop(&self) {
        let deliverer = lock(&self.deliverer).take();
        drop(deliverer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(bytes: usize) -> Arc<Delivery> {
        Arc::new(Delivery {
            id: Uuid::new_v4().to_string(),
            redelivery_of: None,
            project: "p".to_owned(),
            webhook: "w".to_owned(),
            url: "http://127.0.0.1/".to_owned(),
            event: "messages",
            event_id: "e".to_owned(),
            message: "m".to_owned(),
            body: Arc::new(vec![0; bytes]),
        })
    }

    #[test]
    fn what_is_remembered_is_bounded_by_number_and_by_size() {
        let journal = Journal::default();
        let small = delivery(1);
        for _ in 0..REMEMBERED + 5 {
            journal.add(small.attempt(0));
        }
        let attempts = lock(&journal.attempts);
        assert_eq!((attempts.len(), attempts[0].seq), (REMEMBERED, 6));
        for _ in 0..KEPT + 5 {
            journal.keep(&small);
        }
        assert_eq!(lock(&journal.kept).deliveries.len(), KEPT);
        (0..40).for_each(|_| journal.keep(&delivery(1 << 20)));
        let kept = lock(&journal.kept);
        assert!(kept.bytes <= KEPT_BYTES && kept.deliveries.len() <= 16);
    }

    #[test]
    fn what_waits_is_bounded_by_number_and_by_size() {
        let journal = Arc::new(Journal::default());
        let small = delivery(1);
        let waiting: Vec<_> = (0..WAITING).map(|_| journal.admit(Arc::clone(&small)).unwrap()).collect();
        assert!(journal.admit(Arc::clone(&small)).is_err());
        drop(waiting);
        let large: Vec<_> = (0..32).map(|_| journal.admit(delivery(1 << 20)).unwrap()).collect();
        assert!(journal.admit(Arc::clone(&small)).is_err());
        drop(large);
        assert!(journal.admit(small).is_ok());
        assert_eq!(journal.waiting_bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_page_of_attempts_is_its_newest() {
        let deliveries = Deliveries::new(Rules::default(), &Faults::default());
        (0..5).for_each(|_| deliveries.journal.add(delivery(1).attempt(0)));
        let seqs =
            |after, limit| deliveries.attempts(after, limit).iter().map(|attempt| attempt.seq).collect::<Vec<_>>();
        assert_eq!(seqs(0, 100), [1, 2, 3, 4, 5]);
        assert_eq!(seqs(3, 100), [4, 5]);
        assert_eq!(seqs(0, 2), [4, 5]);
        assert_eq!(seqs(9, 2), [0; 0]);
    }

    #[test]
    fn a_speed_is_at_least_that_of_the_service() {
        assert_eq!(parse_speed("100"), Ok(100.0));
        for bad in ["0", "0.5", "-1", "NaN", "inf", "fast", ""] {
            assert!(parse_speed(bad).is_err(), "{bad}");
        }
    }
}
