//! The server: it starts, accepts connections within its limits, and stops once what is in flight is answered. What happens
//! on a connection stands in [`connection`](super::connection).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::connection::{Observe, Shared, exchange};
use super::fault::FaultError;
use super::options::SandboxOptions;
use super::outgoing::{Room, Timely};
use super::router::Router;
use super::status::{self, RunningServer};
use super::store_error::StoreError;
use super::workers::{StoreWorkers, WORKERS};

/// How long the head of a request may take to arrive, and how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections at once; more wait in the listener's queue.
const CONNECTIONS: usize = 1024;
/// How many may wait there.
const BACKLOG: u32 = 1024;
/// How long a client may take nothing of its answer.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of all answers may wait to be read, in bytes; beside it each worker may have one at hand.
const WAITING_ANSWERS: usize = 128 << 20;
/// How long requests in flight may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// How long accepting pauses when the system is out of sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address could be reached from outside.
    #[error("{0} can be reached by other machines, and the sandbox's credentials are known to everybody")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The store cannot be opened.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A phone number of the seed is in more projects than there are numbers for it.
    #[error("the pool has too few numbers for the seed")]
    Seed,
    /// The faults make no sense together.
    #[error("{0}")]
    Faults(#[from] FaultError),
    /// No thread is to be had, or no descriptor.
    #[error("the system does not give what it takes: {0}")]
    System(io::Error),
}

/// A sandbox that runs in a thread of this process until it is told to stop or dropped.
pub struct Running {
    /// Where it listens, as a base URL.
    pub url: String,
    /// The first project's id.
    pub project_id: String,
    /// Whether the store begins with the seed: not when it held something before.
    pub is_seeded: bool,
    stopper: Stopper,
    requests: Arc<AtomicU64>,
    users_made: Arc<AtomicU64>,
    trouble: Arc<Mutex<Option<StoreError>>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Stops a sandbox from anywhere, a signal handler for example.
#[derive(Clone)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// Tells the sandbox to stop; requests in flight are finished first.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Running {
    /// What stops it.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// How many requests have arrived.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many users have been made by requests to it, and not by another process on the same store.
    pub fn users_made(&self) -> u64 {
        self.users_made.load(Ordering::Relaxed)
    }

    /// The first thing that its store met since this was asked: a full disk, say.
    pub fn trouble(&self) -> Option<StoreError> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until it has stopped.
    pub fn wait(mut self) {
        self.join();
    }

    /// Stops it and waits until requests in flight are answered.
    pub fn shutdown(self) {
        drop(self);
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // The thread returns nothing, and a panic would have ended the process.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
        self.join();
    }
}

/// Starts a sandbox; it listens when this returns.
///
/// # Errors
/// [`StartError`].
pub fn start(options: &SandboxOptions, observe: Option<Observe>) -> Result<Running, StartError> {
    options.faults.check()?;
    if !options.listen.ip().is_loopback() && !options.allow_non_loopback {
        return Err(StartError::NotLoopback(options.listen));
    }
    let router = Router::new(options)?;
    let is_seeded = router.plant()?.ok_or(StartError::Seed)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(StartError::System)?;
    let workers = StoreWorkers::start().map_err(StartError::System)?;
    let listener =
        runtime.block_on(listen(options.listen)).map_err(|error| StartError::Listen(options.listen, error))?;
    let address = listener.local_addr().map_err(|error| StartError::Listen(options.listen, error))?;
    let (sender, stopping) = watch::channel(false);
    let requests = Arc::new(AtomicU64::new(0));
    let trouble = Arc::default();
    let users_made = Arc::clone(&router.state.users_made);
    let url = format!("http://{address}");
    let server = options.announce.then(|| RunningServer::new(url.clone(), options));
    if let Some(server) = &server {
        server.announce(&router.state.store)?;
    }
    let shared = Arc::new(Shared {
        router,
        workers,
        turns: Semaphore::new(2 * WORKERS),
        room: Arc::new(Room::new(WAITING_ANSWERS)),
        observe,
        listen: address,
        name: HeaderValue::from_str(&status::name(std::process::id()))
            .unwrap_or_else(|_| HeaderValue::from_static("spectrum-sandbox")),
        started: Instant::now(),
        requests: Arc::clone(&requests),
        trouble: Arc::clone(&trouble),
        stopping,
    });
    let thread = std::thread::Builder::new()
        .name("sandbox".to_owned())
        .spawn(move || {
            runtime.block_on(run(listener, Arc::clone(&shared)));
            shared.router.state.deliveries.stop();
            if let Some(server) = server {
                // Best effort: a row that stays is found to be stale by whoever looks.
                let _ = server.withdraw(&shared.router.state.store);
                shared.router.state.store.empty_log();
            }
        })
        .map_err(StartError::System)?;
    let project_id = options.projects.first().map(|project| project.id.to_string()).unwrap_or_default();
    Ok(Running {
        url,
        project_id,
        is_seeded,
        stopper: Stopper(Arc::new(sender)),
        requests,
        users_made,
        trouble,
        thread: Some(thread),
    })
}

async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows this would let two servers share a port; elsewhere it lets one come back at once.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until told to stop, then lets the requests in flight finish.
async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let graceful = Arc::new(GracefulShutdown::new());
    let mut stopping = shared.stopping.clone();
    let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), Arc::clone(&graceful)));
    // An error means that nobody is left who could say stop: the same thing.
    let _ = stopping.wait_for(|stop| *stop).await;
    accepting.abort();
    let _ = accepting.await;
    // They would go on for ever.
    shared.router.state.events.end();
    if let Some(graceful) = Arc::into_inner(graceful) {
        let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, graceful: Arc<GracefulShutdown>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let serving = serve(stream, Arc::clone(&shared), graceful.watcher());
                tokio::spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    let room = Arc::clone(&shared.room);
    let service = service_fn(move |request| exchange(Arc::clone(&shared), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        // A client that has said all it has to say still wants its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(Timely::new(stream, READ_TIMEOUT, room)), service);
    // A connection that breaks is the client's business.
    let _ = watcher.watch(connection).await;
}
