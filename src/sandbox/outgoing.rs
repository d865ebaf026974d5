//! Answers on their way out: how much of them may wait for those who ask and do not read, and for how long.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// The unit in which room is counted, in bytes. Smaller answers take none: a user's is never held up by lists.
const UNIT: usize = 64 << 10;

/// How long a client may take nothing of its answer while another answer waits for room.
const SHORT_PATIENCE: Duration = Duration::from_millis(250);

/// The room for all answers that wait to be read.
#[derive(Debug)]
pub struct Room {
    units: Arc<Semaphore>,
    size: u32,
    /// How many answers wait for room.
    wanted: AtomicUsize,
    /// What was asked when an answer last found no room, and how long that was.
    turned_away: Mutex<Option<(String, usize)>>,
}

/// A piece of the room; free again when this is dropped.
#[derive(Debug, Default)]
pub struct ReservedRoom(Option<OwnedSemaphorePermit>);

impl Room {
    /// Room for so many bytes.
    pub fn new(bytes: usize) -> Self {
        let size = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX);
        Self {
            units: Arc::new(Semaphore::new(size as usize)),
            size,
            wanted: AtomicUsize::new(0),
            turned_away: Mutex::default(),
        }
    }

    /// What an answer takes: at most everything, so that there is a place for each.
    fn units(&self, bytes: usize) -> u32 {
        u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).min(self.size)
    }

    /// A place for an answer of this length, if there is one at this moment.
    pub fn find(&self, bytes: usize) -> Option<ReservedRoom> {
        match self.units(bytes) {
            0 => Some(ReservedRoom(None)),
            units => Arc::clone(&self.units).try_acquire_many_owned(units).ok().map(|place| ReservedRoom(Some(place))),
        }
    }

    /// The length of an answer to this, if the last one found no room and others still wait: then it is made when there
    /// is a place for it, and not twice.
    pub fn expected(&self, asked: &str) -> Option<usize> {
        let turned_away = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
        let same = turned_away.as_ref().filter(|(known, _)| self.is_wanted() && known == asked);
        same.map(|(_, length)| *length)
    }

    /// Remembers that an answer to this has found no room.
    pub fn turn_away(&self, asked: &str, bytes: usize) {
        *self.turned_away.lock().unwrap_or_else(PoisonError::into_inner) = Some((asked.to_owned(), bytes));
    }

    /// A place for an answer of this length, as soon as those who came before have theirs.
    pub async fn wait(&self, bytes: usize) -> ReservedRoom {
        let wish = Wish::new(&self.wanted);
        let place = Arc::clone(&self.units).acquire_many_owned(self.units(bytes)).await.ok();
        drop(wish);
        ReservedRoom(place)
    }

    fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) > 0
    }
}

/// Counted as long as it is not given up.
struct Wish<'a>(&'a AtomicUsize);

impl<'a> Wish<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ReservedRoom {
    /// An answer that keeps its place until it is handed to the system or given up.
    pub fn keep(self, answer: Vec<u8>) -> Bytes {
        match self.0 {
            None => answer.into(),
            Some(_) => Bytes::from_owner(KeptAnswer { answer, _place: self }),
        }
    }
}

struct KeptAnswer {
    answer: Vec<u8>,
    _place: ReservedRoom,
}

impl AsRef<[u8]> for KeptAnswer {
    fn as_ref(&self) -> &[u8] {
        &self.answer
    }
}

/// A connection that breaks when its client takes nothing of what is there for it: after its patience, and after a
/// shorter one when others wait for the room.
#[derive(Debug)]
pub struct Timely {
    stream: TcpStream,
    patience: Duration,
    room: Arc<Room>,
    stuck: Option<Stuck>,
}

/// Since when nothing was taken, and when to look again.
#[derive(Debug)]
struct Stuck {
    since: Instant,
    look: Pin<Box<Sleep>>,
}

impl Timely {
    /// Waits so long for any one piece to be taken.
    pub fn new(stream: TcpStream, patience: Duration, room: Arc<Room>) -> Self {
        Self { stream, patience, room, stuck: None }
    }

    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let every = SHORT_PATIENCE.min(self.patience);
        let stuck = self.stuck.get_or_insert_with(|| {
            let since = Instant::now();
            Stuck { since, look: Box::pin(tokio::time::sleep_until(since + every)) }
        });
        while stuck.look.as_mut().poll(context).is_ready() {
            if self.room.is_wanted() || stuck.since.elapsed() >= self.patience {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            stuck.look.as_mut().reset(Instant::now() + every);
        }
        Poll::Pending
    }
}

impl AsyncRead for Timely {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Timely {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Read as _;

    use super::*;

    #[test]
    fn answers_wait_for_room_and_small_ones_never_do() {
        let room = Room::new(4 * UNIT);
        let first = room.find(3 * UNIT).unwrap().keep(vec![0; 3 * UNIT]);
        assert!(room.find(2 * UNIT).is_none());
        assert!(room.find(UNIT - 1).is_some());
        // What is larger than the room gets all of it.
        assert!(room.find(9 * UNIT).is_none());
        let piece = first.slice(5..6);
        drop(first);
        assert!(room.find(2 * UNIT).is_none(), "a piece of it still waits");
        drop(piece);
        assert!(room.find(9 * UNIT).is_some());
    }

    #[test]
    fn what_found_no_room_is_expected_as_long_as_somebody_waits() {
        let room = Room::new(4 * UNIT);
        room.turn_away("/a", 5);
        assert_eq!(room.expected("/a"), None);
        let _wish = Wish::new(&room.wanted);
        assert_eq!((room.expected("/a"), room.expected("/b")), (Some(5), None));
    }

    /// Writes to a client until it has so much or nothing is taken any more; how it ended, with how much written.
    fn write_to(
        client: impl FnOnce(std::net::TcpStream) -> std::net::TcpStream + Send + 'static,
        bytes: usize,
        (patience, room): (Duration, Arc<Room>),
    ) -> (usize, io::Result<()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let reading = std::thread::spawn(move || client(near));
            let (far, _) = listener.accept().await.unwrap();
            let mut stream = Timely::new(far, patience, room);
            let chunk = vec![7; UNIT];
            let mut written = 0;
            let mut end = Ok(());
            while written < bytes && end.is_ok() {
                match poll_fn(|context| Pin::new(&mut stream).poll_write(context, &chunk)).await {
                    Ok(some) => written += some,
                    Err(error) => end = Err(error),
                }
            }
            drop(stream);
            reading.join().unwrap();
            (written, end)
        })
    }

    #[test]
    fn who_reads_gets_everything_and_who_does_not_is_cut() {
        let bytes = 32 << 20;
        let (soon, room) = (Duration::from_millis(200), Arc::new(Room::new(2 * UNIT)));
        let reads = move |mut stream: std::net::TcpStream| {
            assert!(stream.read_to_end(&mut Vec::new()).unwrap() >= bytes);
            stream
        };
        // It keeps its connection until the other side has ended.
        let ignores = |stream| stream;
        assert!(matches!(write_to(reads, bytes, (soon, Arc::clone(&room))), (_, Ok(()))));
        let (_, end) = write_to(ignores, 1 << 30, (soon, Arc::clone(&room)));
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::TimedOut);
        // Long patience is short when the room is wanted.
        let _wish = Wish::new(&room.wanted);
        let (_, end) = write_to(ignores, 1 << 30, (Duration::from_secs(600), Arc::clone(&room)));
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
