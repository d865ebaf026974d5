//! The threads that do the database's work, so that the one with the sockets never waits for it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// How many: writing is one at a time anyway; the others read.
pub const WORKERS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that end when this is dropped and nothing is left to do.
pub struct StoreWorkers(Arc<JobQueue>);

/// What waits for a thread.
#[derive(Default)]
struct JobQueue {
    waiting: Mutex<QueuedJobs>,
    changed: Condvar,
}

#[derive(Default)]
struct QueuedJobs {
    jobs: VecDeque<Job>,
    is_over: bool,
}

impl StoreWorkers {
    /// Starts the threads, as many as the system gives. (The runtime's own would be started later, when it is too late
    /// to say that there is none.)
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start() -> io::Result<Self> {
        let workers = Self(Arc::default());
        for number in 0..WORKERS {
            let queue = Arc::clone(&workers.0);
            let started = thread::Builder::new().name("sandbox-store".to_owned()).spawn(move || queue.work());
            if number == 0 {
                started?;
            }
        }
        Ok(workers)
    }

    /// Does something on one of the threads; none when it was given up.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let job = move || {
            // Nobody wants to know where the connection has been given up.
            let _ = tell.send(job());
        };
        self.0.lock().jobs.push_back(Box::new(job));
        self.0.changed.notify_one();
        told.await.ok()
    }
}

impl Drop for StoreWorkers {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.changed.notify_all();
    }
}

impl JobQueue {
    fn lock(&self) -> MutexGuard<'_, QueuedJobs> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                drop(waiting);
                job();
                waiting = self.lock();
            } else if waiting.is_over {
                return;
            } else {
                waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}
