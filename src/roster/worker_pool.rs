//! Workers that grow with the latency: a new one is started only when an item is due and none is idle.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};

use super::limits;
use crate::http::seam::block_on;

/// A worker's stack; a request needs little, and there may be hundreds.
const STACK: usize = 512 * 1024;

/// Where items wait for workers and workers for items.
struct Queue<T> {
    state: Mutex<QueueState<T>>,
    arrived: Condvar,
    freed: Condvar,
}

struct QueueState<T> {
    waiting: VecDeque<T>,
    idle: usize,
    closed: bool,
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until an item would find a worker, one that runs or one that may still be started.
    fn wait_for_room(&self, to_start: usize) {
        let mut state = self.lock();
        while state.waiting.len() >= state.idle + to_start {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Adds an item; true when no worker is idle to take it.
    fn push(&self, item: T) -> bool {
        let mut state = self.lock();
        state.waiting.push_back(item);
        self.arrived.notify_one();
        state.waiting.len() > state.idle
    }

    /// One more worker is idle: just started, or done with an item.
    fn idle(&self) {
        self.lock().idle += 1;
        self.freed.notify_one();
    }

    /// Waits for an item, as a worker that is idle; none when there will be no more.
    fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.waiting.pop_front() {
                state.idle -= 1;
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }
}

/// Who works off the steps of a run.
pub trait Workers {
    /// Works off what `next` hands out, with as many workers as that takes and at most `most`.
    ///
    /// `next` may wait; it is asked only when there is a worker for the answer, and never again after a none.
    /// Ends when all work is done.
    fn carry_out<T: Send>(
        &self,
        most: NonZero<usize>,
        next: impl AsyncFnMut() -> Option<T>,
        work: impl AsyncFn(T) + Sync,
    ) -> impl Future<Output = ()>;
}

/// A thread each, since transport and clock block.
#[derive(Debug, Clone, Copy)]
pub struct Threads;

impl Workers for Threads {
    async fn carry_out<T: Send>(
        &self,
        most: NonZero<usize>,
        mut next: impl AsyncFnMut() -> Option<T>,
        work: impl AsyncFn(T) + Sync,
    ) {
        // Each has a connection.
        let most = NonZero::new(limits::connections()).map_or(most, |allowed| most.min(allowed));
        carry_out(most, || block_on(next()), |item| block_on(work(item)));
    }
}

fn carry_out<T: Send>(most: NonZero<usize>, next: impl FnMut() -> Option<T>, work: impl Fn(T) + Sync) {
    carry_out_on(STACK, most, next, work);
}

/// As [`carry_out`], with the workers' stack in bytes.
fn carry_out_on<T: Send>(
    stack: usize,
    most: NonZero<usize>,
    mut next: impl FnMut() -> Option<T>,
    work: impl Fn(T) + Sync,
) {
    let queue = Queue {
        state: Mutex::new(QueueState { waiting: VecDeque::new(), idle: 0, closed: false }),
        arrived: Condvar::new(),
        freed: Condvar::new(),
    };
    thread::scope(|scope| {
        let mut started = 0;
        let mut most = most.get();
        loop {
            queue.wait_for_room(most - started);
            let Some(item) = next() else { break };
            if !queue.push(item) {
                continue;
            }
            if started < most && start_worker(scope, stack, &queue, &work) {
                started += 1;
                continue;
            }
            // The system gives no more threads: go on with those that are here, or without any.
            most = started.max(1);
            if started == 0 {
                let item = queue.lock().waiting.pop_front();
                item.into_iter().for_each(&work);
            }
        }
        queue.close();
    });
}

/// Starts one more worker; false when the system refuses.
fn start_worker<'scope, 'env, T: Send>(
    scope: &'scope Scope<'scope, 'env>,
    stack: usize,
    queue: &'scope Queue<T>,
    work: &'scope (impl Fn(T) + Sync),
) -> bool {
    let worker = || {
        while let Some(item) = queue.take() {
            work(item);
            queue.idle();
        }
    };
    // Counted before it runs, so that the item that it is started for is not waiting for a second one.
    queue.idle();
    let started = thread::Builder::new().name("apply".to_owned()).stack_size(stack).spawn_scoped(scope, worker).is_ok();
    if !started {
        queue.lock().idle -= 1;
    }
    started
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn most(number: usize) -> NonZero<usize> {
        NonZero::new(number).unwrap()
    }

    #[test]
    fn every_item_is_worked_off_once() {
        let done: Vec<_> = (0..1000).map(|_| AtomicUsize::new(0)).collect();
        let mut items = 0..1000;
        carry_out(
            most(7),
            || items.next(),
            |item: usize| {
                done[item].fetch_add(1, Ordering::Relaxed);
            },
        );
        assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
    }

    #[test]
    fn without_threads_everything_is_worked_off_all_the_same() {
        let done = AtomicUsize::new(0);
        let mut items = 0..100;
        let too_large = isize::MAX as usize & !0xffff;
        carry_out_on(
            too_large,
            most(7),
            || items.next(),
            |_: usize| {
                done.fetch_add(1, Ordering::Relaxed);
            },
        );
        assert_eq!(done.into_inner(), 100);
    }

    #[test]
    fn there_are_never_more_workers_than_allowed() {
        let (busy, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut items = 0..200;
        carry_out(
            most(3),
            || items.next(),
            |_| {
                peak.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                busy.fetch_sub(1, Ordering::SeqCst);
            },
        );
        assert!(peak.load(Ordering::SeqCst) <= 3);
    }

    #[test]
    fn slow_work_is_met_with_more_workers() {
        // Nobody comes through the barrier until all ten are at work.
        let barrier = Barrier::new(10);
        let mut items = 0..10;
        carry_out(
            most(10),
            || items.next(),
            |_| {
                barrier.wait();
            },
        );
    }

    #[test]
    fn nothing_is_asked_for_after_the_end() {
        let mut asked = 0;
        carry_out(
            most(2),
            || {
                asked += 1;
                None::<()>
            },
            |()| {},
        );
        assert_eq!(asked, 1);
    }
}
