//! Where the sandbox's ids and secrets come from: from nowhere that could be guessed, or, for snapshots, the same ones
//! from the same number.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use rusqlite::Connection;
use uuid::{Builder, Uuid};

use super::store_error::StoreError;

/// The source of every id and secret that a sandbox gives.
#[derive(Debug, Default)]
pub struct Ids(Option<Mutex<Sequence>>);

/// The same ids in the same order.
#[derive(Debug)]
struct Sequence {
    next: Rng,
    /// Where a reset goes back to.
    start: Rng,
}

impl Ids {
    /// The same for the same number; without one, never the same.
    pub fn new(number: Option<u64>) -> Self {
        Self(number.map(|number| {
            let next = Rng::with_seed(number);
            Mutex::new(Sequence { start: next.clone(), next })
        }))
    }

    fn sequence(&self) -> Option<MutexGuard<'_, Sequence>> {
        self.0.as_ref().map(|sequence| sequence.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A UUID of version 4.
    pub fn uuid(&self) -> Uuid {
        match self.sequence() {
            Some(mut sequence) => Builder::from_random_bytes(sequence.next.u128(..).to_be_bytes()).into_uuid(),
            None => Uuid::new_v4(),
        }
    }

    /// The same as text.
    pub fn text(&self) -> String {
        self.uuid().to_string()
    }

    /// An id that no row of a table has. Only one of a sequence may be there already: the store may have been written by
    /// a sandbox with the same number.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn unused(&self, connection: &Connection, table: &str) -> Result<String, StoreError> {
        loop {
            let id = self.text();
            let taken = || connection.prepare_cached(&format!("SELECT 1 FROM {table} WHERE id = ?"))?.exists([&id]);
            if self.0.is_none() || !taken()? {
                return Ok(id);
            }
        }
    }

    /// Thirty-two bytes; without a number nobody guesses them.
    pub fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let (left, right) = bytes.split_at_mut(16);
        left.copy_from_slice(self.uuid().as_bytes());
        right.copy_from_slice(self.uuid().as_bytes());
        bytes
    }

    /// Keeps the place in the sequence that [`Ids::rewind`] goes back to.
    pub fn mark(&self) {
        if let Some(mut sequence) = self.sequence() {
            sequence.start = sequence.next.clone();
        }
    }

    /// Goes back to the place that was kept.
    pub fn rewind(&self) {
        if let Some(mut sequence) = self.sequence() {
            sequence.next = sequence.start.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_ids_and_none_gives_new_ones() {
        let first = |number| (Ids::new(number).text(), Ids::new(number).bytes());
        assert_eq!(first(Some(7)), first(Some(7)));
        assert_ne!(first(Some(7)), first(Some(8)));
        assert_ne!(first(None), first(None));
        // Somebody's snapshots hold it.
        assert_eq!(Ids::new(Some(7)).text(), "c5fc598e-707e-4291-b8f4-d74b451e8c20");
    }

    #[test]
    fn a_rewound_sequence_goes_on_from_its_mark() {
        let ids = Ids::new(Some(7));
        let before = ids.uuid();
        ids.mark();
        let after = [ids.uuid(), ids.uuid()];
        ids.rewind();
        assert_eq!([ids.uuid(), ids.uuid()], after);
        assert!(!after.contains(&before));
        assert_eq!(before.get_version_num(), 4);
    }
}
