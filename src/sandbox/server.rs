//! The server: sockets, time limits, faults. The only async file; what is answered is decided in [`router`](super::router).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderValue, ORIGIN, SERVER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request as HyperRequest, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::exchange::{Head, Response as Answer};
use super::fault::{FaultError, FaultKind, Faults};
use super::options::Options;
use super::refusal::Refusal;
use super::router::{Admitted, Rest, Router};
use super::status::{self, Server};
use super::store::StoreError;
use super::{control, host};

/// The largest body that is looked at; a create needs a few hundred bytes.
const LARGEST_BODY: usize = 1024 * 1024;
/// How much of a larger body is swallowed, so that its sender gets to read the refusal.
const LARGEST_SWALLOWED: u64 = 32 * 1024 * 1024;
/// How long the head of a request may take to arrive, and how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections at once; more wait in the listener's queue.
const CONNECTIONS: usize = 1024;
/// How many may wait there.
const BACKLOG: u32 = 1024;
/// Threads for the database's work. Writing is one at a time anyway; the others read.
const WORKERS: usize = 4;
/// How long requests in flight may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a request that hangs on purpose is held.
const LONGEST_HANG: Duration = Duration::from_secs(600);
/// How long accepting pauses when the system is out of sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Told of every request, for the log.
pub type Observe = Arc<dyn Fn(&LogLine<'_>) + Send + Sync>;

/// One request and what became of it: no query, no body, no credentials.
#[derive(Debug)]
pub struct LogLine<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path without its query.
    pub path: &'a str,
    /// The status; none when no answer was sent.
    pub status: Option<StatusCode>,
    /// From the request's head to its answer.
    pub took: Duration,
    /// The fault that it met.
    pub fault: Option<FaultKind>,
    /// What went wrong inside.
    pub error: Option<&'a StoreError>,
}

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
    /// The faults make no sense together.
    #[error("{0}")]
    Faults(#[from] FaultError),
    /// The system has no thread to give.
    #[error("cannot start the server's thread: {0}")]
    Thread(io::Error),
}

/// A sandbox that runs in a thread of this process until it is told to stop or dropped.
pub struct Running {
    /// Where it listens, as a base URL.
    pub url: String,
    /// The first project's id.
    pub project_id: String,
    stopper: Stopper,
    requests: Arc<AtomicU64>,
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

/// What every connection needs.
struct Shared {
    router: Router,
    faults: Faults,
    observe: Option<Observe>,
    listen: SocketAddr,
    name: HeaderValue,
    started: Instant,
    requests: Arc<AtomicU64>,
    stopping: watch::Receiver<bool>,
}

/// Starts a sandbox; it listens when this returns.
///
/// # Errors
/// [`StartError`].
pub fn start(options: &Options, observe: Option<Observe>) -> Result<Running, StartError> {
    options.faults.check()?;
    if !options.listen.ip().is_loopback() && !options.allow_non_loopback {
        return Err(StartError::NotLoopback(options.listen));
    }
    let router = Router::new(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(WORKERS)
        .thread_name("sandbox-store")
        .build()
        .map_err(StartError::Thread)?;
    let listener =
        runtime.block_on(listen(options.listen)).map_err(|error| StartError::Listen(options.listen, error))?;
    let address = listener.local_addr().map_err(|error| StartError::Listen(options.listen, error))?;
    let (sender, stopping) = watch::channel(false);
    let requests = Arc::new(AtomicU64::new(0));
    let url = format!("http://{address}");
    let server = options.announce.then(|| Server::new(url.clone(), options));
    if let Some(server) = &server {
        server.announce(&router.state.store)?;
    }
    let shared = Arc::new(Shared {
        router,
        faults: options.faults.clone(),
        observe,
        listen: address,
        name: HeaderValue::from_str(&status::name(std::process::id()))
            .unwrap_or_else(|_| HeaderValue::from_static("spectrum-sandbox")),
        started: Instant::now(),
        requests: Arc::clone(&requests),
        stopping,
    });
    let thread = std::thread::Builder::new()
        .name("sandbox".to_owned())
        .spawn(move || {
            runtime.block_on(run(listener, Arc::clone(&shared)));
            if let Some(server) = server {
                // Best effort: a row that stays is found to be stale by whoever looks.
                let _ = server.withdraw(&shared.router.state.store);
            }
            runtime.shutdown_timeout(DRAIN);
        })
        .map_err(StartError::Thread)?;
    let project_id = options.projects.first().map(|project| project.id.to_string()).unwrap_or_default();
    Ok(Running { url, project_id, stopper: Stopper(Arc::new(sender)), requests, thread: Some(thread) })
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
    let accepting = tokio::spawn(accept(listener, shared, Arc::clone(&graceful)));
    // An error means that nobody is left who could say stop: the same thing.
    let _ = stopping.wait_for(|stop| *stop).await;
    accepting.abort();
    let _ = accepting.await;
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
    let service = service_fn(move |request| exchange(Arc::clone(&shared), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        // A client that has said all it has to say still wants its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is the client's business.
    let _ = watcher.watch(connection).await;
}

/// The connection dies without an answer.
#[derive(Debug, thiserror::Error)]
#[error("dropped on purpose")]
struct Dropped;

/// One request and its answer.
async fn exchange(shared: Arc<Shared>, request: HyperRequest<Incoming>) -> Result<Response<Full<Bytes>>, Dropped> {
    let start = Instant::now();
    let (head, body) = request.into_parts();
    let (method, path) = (head.method.clone(), head.uri.path().to_owned());
    // It takes no part in the sequence of faults, nor in the count.
    if path.starts_with(control::PREFIX) {
        return Ok(written(controlled(&shared, &head, body).await, &shared.name));
    }
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let fate = shared.faults.fate(number);
    let admitted = shared.router.admit(&Head {
        method: &head.method,
        path: head.uri.path(),
        authorization: one_of(&head.headers),
        uptime: shared.started.elapsed(),
    });
    if !fate.delay.is_zero() {
        let mut stopping = shared.stopping.clone();
        // A stop cuts the waiting short: a slow answer must not outlive the server.
        let _ = tokio::time::timeout(fate.delay, stopping.wait_for(|stop| *stop)).await;
    }
    let answer = match fate.fault {
        Some(FaultKind::Hang) => {
            let mut stopping = shared.stopping.clone();
            let _ = tokio::time::timeout(LONGEST_HANG, stopping.wait_for(|stop| *stop)).await;
            None
        }
        Some(FaultKind::Status(status)) => {
            let _ = read_body(&head.headers, body).await;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(Refusal::Fault(status).into())
        }
        fault => {
            let answer = match check_host(&head.headers, head.version, head.uri.host(), shared.listen) {
                Ok(()) => match read_body(&head.headers, body).await {
                    Ok(body) => match admitted {
                        Ok(admitted) => respond(&shared, admitted, head, body).await,
                        Err(refusal) => refusal,
                    },
                    Err(refusal) => Answer::from(refusal).with(CONNECTION, HeaderValue::from_static("close")),
                },
                Err(refusal) => refusal.into(),
            };
            match fault {
                Some(FaultKind::Drop) => None,
                Some(FaultKind::Garbage) => Some(garbage()),
                _ => Some(answer),
            }
        }
    };
    if let Some(observe) = &shared.observe {
        observe(&LogLine {
            method: &method,
            path: &path,
            status: answer.as_ref().map(|answer| answer.status),
            took: start.elapsed(),
            fault: fate.fault,
            error: answer.as_ref().and_then(|answer| answer.fault.as_ref()),
        });
    }
    Ok(written(answer.ok_or(Dropped)?, &shared.name))
}

/// An answer as it goes out.
fn written(answer: Answer, name: &HeaderValue) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.extend(answer.headers);
    headers.insert(SERVER, name.clone());
    response
}

/// A request to the control plane: no fault and no limit touches it.
async fn controlled(shared: &Arc<Shared>, head: &hyper::http::request::Parts, body: Incoming) -> Answer {
    if let Err(refusal) = check_host(&head.headers, head.version, head.uri.host(), shared.listen) {
        return refusal.into();
    }
    let body = match read_body(&head.headers, body).await {
        Ok(body) => body,
        Err(refusal) => return Answer::from(refusal).with(CONNECTION, HeaderValue::from_static("close")),
    };
    let (shared, method, path) = (Arc::clone(shared), head.method.clone(), head.uri.path().to_owned());
    let is_marked = head.headers.get(control::MARK.0).is_some_and(|value| value == control::MARK.1);
    let origin = head.headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("unreadable").to_owned());
    let work = move || {
        let origin = origin.as_deref();
        let request = control::Request { method: &method, path: &path, is_marked, origin, body: &body };
        control::answer(&shared.router.state, &request)
    };
    // An error comes only while the runtime shuts down.
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Answer::empty(StatusCode::SERVICE_UNAVAILABLE))
}

/// Hands the request to the rules, on a thread that may wait for the database.
async fn respond(shared: &Arc<Shared>, admitted: Admitted, head: hyper::http::request::Parts, body: Bytes) -> Answer {
    let shared = Arc::clone(shared);
    let work = move || {
        let content_type = head.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("unreadable"));
        let rest = Rest { query: head.uri.query(), content_type, body: &body, now: Timestamp::now() };
        shared.router.carry_out(&admitted, &rest)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        // Only while the runtime shuts down.
        Err(_) => Answer::empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// The credentials, if they are given once: two headers are no credentials.
fn one_of(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        _ => None,
    }
}

/// Reads a body within its bounds of size and time.
async fn read_body(headers: &HeaderMap, mut body: Incoming) -> Result<Bytes, Refusal> {
    let announced = body.size_hint().lower();
    let asks_first = headers.contains_key(EXPECT);
    if announced > LARGEST_SWALLOWED || (asks_first && announced > LARGEST_BODY as u64) {
        return Err(Refusal::TooLarge);
    }
    let reading = async {
        let mut kept = Vec::new();
        let mut length: u64 = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::Malformed("The body broke off"))?;
            let Some(data) = frame.data_ref() else { continue };
            length += data.len() as u64;
            if length > LARGEST_SWALLOWED {
                return Err(Refusal::TooLarge);
            }
            if length <= LARGEST_BODY as u64 {
                kept.extend_from_slice(data);
            }
        }
        if length > LARGEST_BODY as u64 { Err(Refusal::TooLarge) } else { Ok(Bytes::from(kept)) }
    };
    tokio::time::timeout(BODY_TIMEOUT, reading).await.unwrap_or(Err(Refusal::TooSlow))
}

fn check_host(
    headers: &HeaderMap,
    version: Version,
    in_target: Option<&str>,
    listen: SocketAddr,
) -> Result<(), Refusal> {
    let mut named = headers.get_all(HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().map_err(|_| Refusal::Host)?,
        (None, _) if version < Version::HTTP_11 => return Ok(()),
        _ => return Err(Refusal::Malformed("The request must have one Host header")),
    };
    let ours = host::is_ours(host, listen) && in_target.is_none_or(|host| host::is_ours(host, listen));
    if ours { Ok(()) } else { Err(Refusal::Host) }
}

/// What a broken proxy might answer: a success that is not JSON.
fn garbage() -> Answer {
    let mut answer = Answer::empty(StatusCode::OK).with(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.body = b"{\"succeed\":tru\x00\x01 garbage".to_vec();
    answer
}
