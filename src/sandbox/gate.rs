//! A gate that readers go through. It can be closed without waiting for those who are inside: the last one to leave
//! is told to do what it was closed for.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Counts who is inside.
#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<GateState>,
    opened: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    inside: usize,
    is_closed: bool,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes in, once the gate is open.
    pub fn enter(&self) {
        let state = self.opened.wait_while(self.state(), |state| state.is_closed);
        state.unwrap_or_else(PoisonError::into_inner).inside += 1;
    }

    /// Goes out. Whoever is told so has to do what the gate was closed for, and to open it.
    #[must_use]
    pub fn leave(&self) -> bool {
        let mut state = self.state();
        state.inside -= 1;
        state.is_closed && state.inside == 0
    }

    /// Lets nobody in any more. Whoever is told so has to do what it is closed for, and to open it: nobody is inside.
    #[must_use]
    pub fn close(&self) -> bool {
        let mut state = self.state();
        !std::mem::replace(&mut state.is_closed, true) && state.inside == 0
    }

    /// Lets everybody in again.
    pub fn open(&self) {
        self.state().is_closed = false;
        self.opened.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn the_last_one_out_has_the_duty_and_nobody_comes_in_before_it_is_done() {
        let gate = Gate::default();
        assert!(gate.close(), "nobody is inside");
        gate.open();
        gate.enter();
        gate.enter();
        assert!(!gate.close());
        thread::scope(|scope| {
            let late = scope.spawn(|| {
                gate.enter();
                gate.leave()
            });
            assert!(!gate.leave());
            assert!(!gate.close(), "it is closed already");
            assert!(gate.leave());
            assert!(!late.is_finished());
            gate.open();
            assert!(!late.join().unwrap());
        });
    }
}
