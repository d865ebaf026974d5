//! What the send path is given of the world: a way to send, and a clock. The service itself and the system's time are
//! one such pair; another is a whole service in memory, and a clock that jumps from one moment to the next.
//!
//! Both answer with futures, so that many calls can go on in one thread where nothing blocks. The system's own block the
//! thread that polls them, and are then ready at once: there each call has a thread of its own.

use std::fmt::Debug;
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode, Url};

use super::error::Error;

/// Something that comes to its end later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One request as it goes out.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a Method,
    /// The whole URL.
    pub url: &'a Url,
    /// Credentials included.
    pub headers: &'a HeaderMap,
    /// JSON, when there is a body.
    pub body: Option<&'a str>,
}

/// What came back, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body; of a refusal, as much as came.
    pub body: String,
}

/// A way to send requests.
pub trait Transport: Send + Sync {
    /// Sends a request once, and waits for its answer within the transport's own bounds.
    fn exchange<'a>(&'a self, request: Request<'a>) -> Later<'a, Result<Received, Error>>;
}

/// Time, as the send path knows it.
pub trait Clock: Debug + Send + Sync {
    /// The moment.
    fn now(&self) -> Instant;

    /// The wall clock.
    fn timestamp(&self) -> Timestamp;

    /// Waits until that moment, or until a stop is told where one is given.
    fn wait<'a>(&'a self, until: Instant, stop: Option<&'a Stop>) -> Later<'a, ()>;
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait<'a>(&'a self, until: Instant, stop: Option<&'a Stop>) -> Later<'a, ()> {
        Box::pin(async move {
            match stop {
                Some(stop) => stop.wait_until(until),
                None => Stop::default().wait_until(until),
            }
        })
    }
}

/// Whether somebody has told everything to stop.
#[derive(Debug, Default)]
pub struct Stop {
    told: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells it, and wakes whoever waits.
    pub fn tell(&self) {
        *self.lock() = true;
        self.changed.notify_all();
    }

    /// Whether it was told.
    pub fn is_told(&self) -> bool {
        *self.lock()
    }

    fn wait_until(&self, until: Instant) {
        let left = until.saturating_duration_since(Instant::now());
        drop(self.changed.wait_timeout_while(self.lock(), left, |told| !*told));
    }
}

/// Wakes the thread that waits for a future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Comes to the end of a future in this thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(end) => return end,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_future_that_is_woken_by_another_thread_is_polled_again() {
        let mut is_polled = false;
        let waited = poll_fn(|context| {
            if std::mem::replace(&mut is_polled, true) {
                return Poll::Ready(7);
            }
            let waker = context.waker().clone();
            thread::spawn(move || waker.wake());
            Poll::Pending
        });
        assert_eq!(block_on(waited), 7);
    }

    #[test]
    fn a_stop_ends_a_wait_and_time_ends_one_that_heeds_none() {
        let stop = Stop::default();
        stop.tell();
        block_on(SystemClock.wait(Instant::now() + Duration::from_secs(3600), Some(&stop)));
        let end = Instant::now() + Duration::from_millis(1);
        block_on(SystemClock.wait(end, None));
        assert!(Instant::now() >= end);
    }
}
