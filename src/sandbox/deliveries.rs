//! What the sandbox sends to webhooks.
//!
//! Whoever fires a delivery does not wait for it. How one is sent stands in [`deliverer`](super::deliverer).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::active_faults::ActiveFaults;
use super::deliverer::Deliverer;
use super::delivery::{Delivery, DeliveryAttempt, Rules};
use super::delivery_journal::DeliveryJournal;
use super::events::Events;
use super::store::Store;

/// Everything about deliveries that a sandbox has.
#[derive(Debug)]
pub struct Deliveries {
    rules: Rules,
    faults: Arc<ActiveFaults>,
    journal: Arc<DeliveryJournal>,
    /// Its thread is started by the first delivery: most sandboxes make none.
    deliverer: Mutex<Option<Deliverer>>,
}

impl Deliveries {
    /// What the options say.
    pub fn new(rules: Rules, faults: Arc<ActiveFaults>, events: Arc<Events>) -> Self {
        Self { rules, faults, journal: Arc::new(DeliveryJournal::new(events)), deliverer: Mutex::default() }
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
                    self.journal.add(DeliveryAttempt { error, ..delivery.attempt(now) });
                    continue;
                }
            };
            let mut deliverer = self.deliverer();
            let running = deliverer.get_or_insert_with(|| {
                Deliverer::start(Arc::clone(store), Arc::clone(&self.journal), self.rules, Arc::clone(&self.faults))
            });
            if let Err(waiting) = running.send(waiting) {
                let error = Some("the sandbox has no thread to deliver with".to_owned());
                self.journal.add(DeliveryAttempt { error, ..waiting.delivery.attempt(now) });
            }
        }
    }

    /// Sends a delivery again under a new id, with the same event and body; whether it is still kept.
    pub fn redeliver(&self, store: &Arc<Store>, id: &str, new_id: &str, now: i64) -> bool {
        let Some(old) = self.journal.kept(id) else { return false };
        let again = Delivery {
            id: new_id.to_owned(),
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
        true
    }

    /// The attempts behind this number, oldest first, the newest so many of them.
    pub fn attempts(&self, after: u64, limit: usize) -> Vec<DeliveryAttempt> {
        self.journal.attempts(after, limit)
    }

    /// Forgets all attempts; what is on its way goes on.
    pub fn clear(&self) {
        self.journal.clear();
    }

    /// Makes no attempt more, beyond the first one of each that was fired; waits a little for those under way.
    pub fn stop(&self) {
        let deliverer = self.deliverer().take();
        drop(deliverer);
    }

    fn deliverer(&self) -> MutexGuard<'_, Option<Deliverer>> {
        self.deliverer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
