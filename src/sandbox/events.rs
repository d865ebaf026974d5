//! What happens, for those who listen: each event is written once, and whoever does not read is left behind.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use serde::Serialize;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, Sleep};

/// Listeners at once.
const LISTENERS: usize = 512;
/// How much may wait for one listener, in bytes. All of them wait for the end of one sequence, so that this is also what
/// waits for all of them together.
const WAITING: usize = 4 << 20;
/// How often something is sent to a listener when nothing happens: so a connection that is gone is found.
const BEAT: Duration = Duration::from_secs(15);

/// Those who listen.
#[derive(Debug, Default)]
pub struct Events {
    listeners: Mutex<Listeners>,
    /// How many there are: most sandboxes have none, and then nothing is written for them.
    count: AtomicUsize,
}

#[derive(Debug, Default)]
struct Listeners {
    all: Vec<Listener>,
    is_over: bool,
}

/// One of them, as it is told.
#[derive(Debug)]
struct Listener {
    sender: UnboundedSender<Bytes>,
    /// What it has not taken yet, in bytes.
    waiting: Arc<AtomicUsize>,
}

impl Listener {
    /// Sends it something, unless it is gone or too much waits for it.
    fn send(&self, text: &Bytes) -> bool {
        let waiting = self.waiting.fetch_add(text.len(), Ordering::Relaxed) + text.len();
        waiting <= WAITING && self.sender.send(text.clone()).is_ok()
    }
}

impl Events {
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Tells everybody of something.
    pub fn tell<T: Serialize>(&self, event: &str, data: &T) {
        if !self.is_heard() {
            return;
        }
        // JSON has no line breaks of its own, so that it is one line of an event. Our own types always serialize.
        let data = serde_json::to_string(data).unwrap_or_default();
        let text = Bytes::from(format!("event: {event}\ndata: {data}\n\n"));
        let mut listeners = self.listeners();
        listeners.all.retain(|listener| listener.send(&text));
        self.count.store(listeners.all.len(), Ordering::Relaxed);
    }

    /// Begins to listen; none when too many do.
    pub fn listen(&self) -> Option<Listening> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::default();
        let mut listeners = self.listeners();
        listeners.all.retain(|listener| !listener.sender.is_closed());
        if listeners.all.len() >= LISTENERS {
            return None;
        }
        if !listeners.is_over {
            let listener = Listener { sender, waiting: Arc::clone(&waiting) };
            // The head of the answer goes out with it.
            listener.send(&Bytes::from_static(b": listening\n\n"));
            listeners.all.push(listener);
        }
        self.count.store(listeners.all.len(), Ordering::Relaxed);
        Some(Listening { receiver, waiting, beat: None })
    }

    /// Tells everybody that it is over.
    pub fn end(&self) {
        let mut listeners = self.listeners();
        *listeners = Listeners { all: Vec::new(), is_over: true };
        self.count.store(0, Ordering::Relaxed);
    }
}

/// The body of an answer that goes on for as long as something may happen.
#[derive(Debug)]
pub struct Listening {
    receiver: UnboundedReceiver<Bytes>,
    waiting: Arc<AtomicUsize>,
    beat: Option<Pin<Box<Sleep>>>,
}

impl Body for Listening {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Poll::Ready(next) = self.receiver.poll_recv(context) {
            self.beat = None;
            return Poll::Ready(next.map(|text| {
                self.waiting.fetch_sub(text.len(), Ordering::Relaxed);
                Ok(Frame::data(text))
            }));
        }
        let beat = self.beat.get_or_insert_with(|| Box::pin(tokio::time::sleep(BEAT)));
        if beat.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        beat.as_mut().reset(Instant::now() + BEAT);
        // Polled once more, so that it wakes this task again.
        let _ = beat.as_mut().poll(context);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b": still here\n\n")))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What has come, and whether more may come.
    fn taken(listening: &mut Listening) -> (usize, bool) {
        let mut bytes = 0;
        loop {
            match listening.receiver.try_recv() {
                Ok(text) => {
                    listening.waiting.fetch_sub(text.len(), Ordering::Relaxed);
                    bytes += text.len();
                }
                Err(mpsc::error::TryRecvError::Empty) => return (bytes, true),
                Err(mpsc::error::TryRecvError::Disconnected) => return (bytes, false),
            }
        }
    }

    #[test]
    fn who_does_not_read_is_left_behind_and_who_does_is_not() {
        let events = Events::default();
        let (mut slow, mut fast) = (events.listen().unwrap(), events.listen().unwrap());
        let text = "x".repeat(100 << 10);
        for _ in 0..100 {
            events.tell("request", &text);
            assert!(matches!(taken(&mut fast), (100_000.., true)));
        }
        let (bytes, is_there) = taken(&mut slow);
        assert!(!is_there && bytes <= WAITING, "{bytes}");
        assert_eq!(events.count.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn those_who_are_gone_take_no_place_and_the_end_ends_all() {
        let events = Events::default();
        for _ in 0..3 * LISTENERS {
            drop(events.listen().unwrap());
        }
        let mut all: Vec<_> = (0..LISTENERS).map(|_| events.listen().unwrap()).collect();
        assert!(events.listen().is_none());
        events.end();
        assert!(all.iter_mut().all(|listening| !taken(listening).1));
        assert!(!taken(&mut events.listen().unwrap()).1, "who comes late hears that it is over");
    }
}
