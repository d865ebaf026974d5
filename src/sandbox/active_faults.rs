//! The faults that are in force. They can be changed while the sandbox runs; then their sequence begins anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::fault::{DeliveryFate, Fate, Faults};

/// Faults in force, and how far their sequence has come.
#[derive(Debug)]
pub struct Active {
    /// What they are.
    pub faults: Faults,
    seed: u64,
    requests: AtomicU64,
    deliveries: AtomicU64,
}

impl Active {
    fn new(faults: Faults) -> Self {
        let seed = faults.seed.unwrap_or_else(|| fastrand::u64(..));
        Self { faults, seed, requests: AtomicU64::new(0), deliveries: AtomicU64::new(0) }
    }

    /// Decides over the next request.
    pub fn next_request(&self) -> Fate {
        self.faults.fate(self.seed, self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// Decides over the next delivery, which gets a number.
    pub fn next_delivery(&self) -> (u64, DeliveryFate) {
        let number = self.deliveries.fetch_add(1, Ordering::Relaxed);
        (number, self.faults.deliveries.fate(self.seed, number))
    }

    /// Whether the answer to an attempt of the delivery with this number is lost.
    pub fn drops(&self, number: u64, attempt: usize) -> bool {
        self.faults.deliveries.drops(self.seed, number, attempt)
    }
}

/// The place where the faults in force are.
#[derive(Debug)]
pub struct ActiveFaults {
    active: RwLock<Arc<Active>>,
    /// Those that the sandbox was started with.
    first: Faults,
}

impl ActiveFaults {
    /// Begins with these.
    pub fn new(first: Faults) -> Self {
        Self { active: RwLock::new(Arc::new(Active::new(first.clone()))), first }
    }

    /// Those in force.
    pub fn get(&self) -> Arc<Active> {
        Arc::clone(&self.active.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts others in force.
    pub fn set(&self, faults: Faults) {
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Active::new(faults));
    }

    /// Goes back to those of the start.
    pub fn reset(&self) {
        self.set(self.first.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_sequence_whenever_it_is_set() {
        let faults = Faults { rules: vec!["503:0.5".parse().unwrap()], seed: Some(7), ..Faults::default() };
        let active = ActiveFaults::new(faults.clone());
        let sequence = || (0..100).map(|_| active.get().next_request().fault.is_some()).collect::<Vec<_>>();
        let first = sequence();
        assert!(first.contains(&true) && first.contains(&false));
        active.set(Faults::default());
        assert!(!sequence().contains(&true));
        active.set(faults);
        assert_eq!(sequence(), first);
        active.reset();
        assert_eq!(sequence(), first);
    }
}
