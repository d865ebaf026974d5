//! A line now and then on standard error, for whoever reads a log while a long run goes on.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Says a line every so often as long as this lives.
#[derive(Debug)]
pub struct Interim {
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Interim {
    /// Begins. Without a thread nothing is said.
    pub fn start(every: Duration, say: impl Fn() + Send + 'static) -> Self {
        let ended = Arc::<(Mutex<bool>, Condvar)>::default();
        let shared = Arc::clone(&ended);
        let thread = std::thread::Builder::new().name("interim".to_owned()).spawn(move || {
            let (ended, changed) = &*shared;
            let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
            let mut next = Instant::now() + every;
            while !*ended {
                let left = next.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    say();
                    next += every;
                }
                (ended, _) = changed.wait_timeout(ended, left).unwrap_or_else(PoisonError::into_inner);
            }
        });
        Self { ended, thread: thread.ok() }
    }
}

impl Drop for Interim {
    /// Nothing is said after this.
    fn drop(&mut self) {
        *self.ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_speaks_again_and_again_until_it_is_dropped() {
        let (said, heard) = std::sync::mpsc::channel();
        let interim = Interim::start(Duration::from_millis(1), move || said.send(()).unwrap());
        for _ in 0..3 {
            heard.recv().unwrap();
        }
        drop(interim);
        while heard.try_recv().is_ok() {}
        assert!(heard.recv().is_err(), "nobody is left to speak");
    }

    #[test]
    fn it_is_silent_before_its_time() {
        let (said, heard) = std::sync::mpsc::channel();
        drop(Interim::start(Duration::from_secs(3600), move || said.send(()).unwrap()));
        assert!(heard.recv().is_err());
    }
}
