//! What is remembered of deliveries, in memory, bounded.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::delivery::{Delivery, DeliveryAttempt};
use super::events::Events;

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

/// What is remembered.
#[derive(Debug, Default)]
pub struct DeliveryJournal {
    /// Who hears of it.
    events: Arc<Events>,
    attempts: Mutex<VecDeque<DeliveryAttempt>>,
    seq: AtomicU64,
    kept: Mutex<KeptDelivery>,
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct KeptDelivery {
    deliveries: VecDeque<Arc<Delivery>>,
    bytes: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DeliveryJournal {
    /// Nothing yet.
    pub fn new(events: Arc<Events>) -> Self {
        Self { events, ..Self::default() }
    }

    /// Remembers an attempt.
    pub fn add(&self, mut attempt: DeliveryAttempt) {
        let mut attempts = lock(&self.attempts);
        // Under the lock, so that the numbers stand in their order.
        attempt.seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        self.events.tell("delivery", &attempt);
        if attempts.len() >= REMEMBERED {
            attempts.pop_front();
        }
        attempts.push_back(attempt);
    }

    /// Takes a delivery in, unless too many wait.
    ///
    /// # Errors
    /// The delivery, when they do.
    pub fn admit(self: &Arc<Self>, delivery: Arc<Delivery>) -> Result<PendingDelivery, Arc<Delivery>> {
        let size = delivery.body.len();
        let (count, bytes) =
            (self.waiting.fetch_add(1, Ordering::Relaxed), self.waiting_bytes.fetch_add(size, Ordering::Relaxed));
        let waiting = PendingDelivery { delivery, journal: Arc::clone(self) };
        if count >= WAITING || bytes + size > WAITING_BYTES {
            return Err(Arc::clone(&waiting.delivery));
        }
        Ok(waiting)
    }

    /// The attempts behind this number, oldest first, the newest so many of them.
    pub fn attempts(&self, after: u64, limit: usize) -> Vec<DeliveryAttempt> {
        let attempts = lock(&self.attempts);
        let start = attempts.partition_point(|attempt| attempt.seq <= after).max(attempts.len().saturating_sub(limit));
        attempts.range(start..).cloned().collect()
    }

    /// Forgets everything; the numbers go on.
    pub fn clear(&self) {
        lock(&self.attempts).clear();
        *lock(&self.kept) = KeptDelivery::default();
    }

    /// A delivery that is kept.
    pub fn kept(&self, id: &str) -> Option<Arc<Delivery>> {
        lock(&self.kept).deliveries.iter().find(|kept| kept.id == id).cloned()
    }

    /// Keeps a delivery, so that it can be sent again.
    pub fn keep(&self, delivery: &Arc<Delivery>) {
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
pub struct PendingDelivery {
    /// The delivery.
    pub delivery: Arc<Delivery>,
    journal: Arc<DeliveryJournal>,
}

impl Drop for PendingDelivery {
    fn drop(&mut self) {
        self.journal.waiting.fetch_sub(1, Ordering::Relaxed);
        self.journal.waiting_bytes.fetch_sub(self.delivery.body.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

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
        let journal = DeliveryJournal::default();
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
        let journal = Arc::new(DeliveryJournal::default());
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
        let journal = DeliveryJournal::default();
        (0..5).for_each(|_| journal.add(delivery(1).attempt(0)));
        let seqs = |after, limit| journal.attempts(after, limit).iter().map(|attempt| attempt.seq).collect::<Vec<_>>();
        assert_eq!(seqs(0, 100), [1, 2, 3, 4, 5]);
        assert_eq!(seqs(3, 100), [4, 5]);
        assert_eq!(seqs(0, 2), [4, 5]);
        assert_eq!(seqs(9, 2), [0; 0]);
    }
}
