//! Says that an answer is waited for, when it takes longer than somebody at a terminal likes to see nothing.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::spinner::{Spinner, is_moving};
use crate::model::time;

/// How long nothing is said.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often what is said is said anew.
const TURN: Duration = Duration::from_millis(250);

/// A watch over the question that is under way.
#[derive(Debug, Default)]
pub struct Waiting(Arc<(Mutex<WatchState>, Condvar)>);

#[derive(Debug, Default)]
struct WatchState {
    asked: Option<PendingQuestion>,
    spinner: Option<Spinner>,
}

/// A question without an answer so far.
#[derive(Debug, Clone)]
struct PendingQuestion {
    since: Instant,
    /// Counts from 1.
    attempt: u32,
    /// What the last attempt met, and when the next one begins.
    trouble: Option<(String, Instant)>,
}

impl Waiting {
    /// Begins to watch.
    pub fn start() -> Self {
        let waiting = Self::default();
        let shared = Arc::clone(&waiting.0);
        // Without a thread nothing is said: the answer comes all the same.
        let _ = std::thread::Builder::new().name("waiting".to_owned()).spawn(move || watch(&shared));
        waiting
    }

    fn state(&self) -> MutexGuard<'_, WatchState> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt begins.
    pub fn begins(&self, attempt: u32) {
        let mut state = self.state();
        let since = state.asked.as_ref().filter(|_| attempt > 1).map_or_else(Instant::now, |asked| asked.since);
        state.asked = Some(PendingQuestion { since, attempt, trouble: None });
        self.0.1.notify_all();
    }

    /// An attempt met something, and the next one begins after this time.
    pub fn repeats(&self, trouble: String, wait: Duration) {
        if let Some(asked) = &mut self.state().asked {
            asked.trouble = Some((trouble, Instant::now() + wait));
        }
    }

    /// The answer is there, or there will be none: from here on others write.
    pub fn ends(&self) {
        *self.state() = WatchState::default();
    }
}

fn watch((state, changed): &(Mutex<WatchState>, Condvar)) {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let Some(asked) = state.asked.clone() else {
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = PATIENCE.saturating_sub(asked.since.elapsed());
        // A bar tells more.
        if left.is_zero() && (state.spinner.is_some() || !is_moving()) {
            state.spinner.get_or_insert_with(|| Spinner::start(true)).say(&asked.told());
        }
        let until = if left.is_zero() { TURN } else { left };
        (state, _) = changed.wait_timeout(state, until).unwrap_or_else(PoisonError::into_inner);
    }
}

impl PendingQuestion {
    fn told(&self) -> String {
        let time = time::show(Duration::from_secs(self.since.elapsed().as_secs()));
        match &self.trouble {
            None => format!("waiting for an answer, {time} (attempt {})", self.attempt),
            Some((trouble, next)) => {
                let wait = next.saturating_duration_since(Instant::now()).as_secs() + 1;
                format!("{trouble}; attempt {} in {wait}s", self.attempt + 1)
            }
        }
    }
}
