//! The server: sockets, time limits, faults. The only async file; what is answered is decided in [`router`](super::router).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, EXPECT, HOST, HeaderValue, ORIGIN,
    REFERRER_POLICY, SERVER, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request as HyperRequest, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::events::Listening;
use super::exchange::{Head, Response as Answer};
use super::fault::{FaultError, FaultKind};
use super::journal::{Visit, cut};
use super::options::Options;
use super::outgoing::{Place, Room, Timely};
use super::refusal::Refusal;
use super::router::{Admitted, Rest, Router};
use super::status::{self, Server};
use super::store_error::StoreError;
use super::workers::{WORKERS, Workers};
use super::{control, host, page};

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
/// How long a client may take nothing of its answer.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of all answers may wait to be read, in bytes; beside it each worker may have one at hand.
const WAITING_ANSWERS: usize = 128 << 20;
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

/// What every connection needs.
struct Shared {
    router: Router,
    workers: Workers,
    turns: Semaphore,
    room: Arc<Room>,
    observe: Option<Observe>,
    listen: SocketAddr,
    name: HeaderValue,
    started: Instant,
    requests: Arc<AtomicU64>,
    trouble: Arc<Mutex<Option<StoreError>>>,
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
    let is_seeded = router.plant()?.ok_or(StartError::Seed)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(StartError::System)?;
    let workers = Workers::start().map_err(StartError::System)?;
    let listener =
        runtime.block_on(listen(options.listen)).map_err(|error| StartError::Listen(options.listen, error))?;
    let address = listener.local_addr().map_err(|error| StartError::Listen(options.listen, error))?;
    let (sender, stopping) = watch::channel(false);
    let requests = Arc::new(AtomicU64::new(0));
    let trouble = Arc::default();
    let url = format!("http://{address}");
    let server = options.announce.then(|| Server::new(url.clone(), options));
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

/// The connection dies without an answer.
#[derive(Debug, thiserror::Error)]
#[error("dropped on purpose")]
struct Dropped;

/// What goes out as the body of an answer.
type Outgoing = Either<Full<Bytes>, Listening>;

/// One request and its answer.
async fn exchange(shared: Arc<Shared>, request: HyperRequest<Incoming>) -> Result<Response<Outgoing>, Dropped> {
    let start = Instant::now();
    let (head, body) = request.into_parts();
    // What is for people takes no part in the sequence of faults, nor in the count.
    if let Some(asset) = page::asset(head.uri.path()) {
        return Ok(written(paged(&shared, &head, &asset), Place::default(), &shared.name));
    }
    if head.uri.path().starts_with(page::FOLDER) {
        return Ok(written(Refusal::Route.into(), Place::default(), &shared.name));
    }
    if head.uri.path().starts_with(control::PREFIX) {
        return Ok(controlled(&shared, head, body).await);
    }
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let fate = shared.router.state.faults.get().next_request();
    let mut asked = Asked::new(&shared, &head, start, fate.fault);
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
    let mut place = Place::default();
    let answer = match fate.fault {
        Some(FaultKind::Hang) => {
            // Who looks for what its client waits for finds it while it waits.
            asked.keep(None);
            let mut stopping = shared.stopping.clone();
            let _ = tokio::time::timeout(LONGEST_HANG, stopping.wait_for(|stop| *stop)).await;
            None
        }
        Some(FaultKind::Status(status)) => {
            asked.body = read_body(&head.headers, body).await.unwrap_or_default();
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(Refusal::Fault(status).into())
        }
        fault => {
            let answer = match check_host(&head.headers, head.version, head.uri.host(), shared.listen) {
                Ok(()) => match read_body(&head.headers, body).await {
                    Ok(body) => {
                        asked.body = body.clone();
                        match admitted {
                            Ok(admitted) => {
                                let (answer, its_place) = respond(&shared, admitted, head, body).await;
                                place = its_place;
                                answer
                            }
                            Err(refusal) => refusal,
                        }
                    }
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
    asked.end(answer.as_ref());
    let mut answer = answer.ok_or(Dropped)?;
    if let Some(error) = answer.fault.take() {
        shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
    Ok(written(answer, place, &shared.name))
}

/// A request on its way to the journal and the log.
struct Asked<'a> {
    shared: &'a Shared,
    start: Instant,
    at: Timestamp,
    method: Method,
    path: String,
    query: Option<String>,
    fault: Option<FaultKind>,
    body: Bytes,
    is_kept: bool,
}

impl<'a> Asked<'a> {
    fn new(shared: &'a Shared, head: &Parts, start: Instant, fault: Option<FaultKind>) -> Self {
        Self {
            shared,
            start,
            at: Timestamp::now(),
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            fault,
            body: Bytes::new(),
            is_kept: false,
        }
    }

    /// Puts it into the journal, once.
    fn keep(&mut self, answer: Option<&Answer>) {
        if std::mem::replace(&mut self.is_kept, true) {
            return;
        }
        let sent = answer.filter(|_| self.method != Method::HEAD).map(|answer| cut(&answer.body));
        self.shared.router.state.journal.add(Visit {
            at: self.at.as_millisecond(),
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            status: answer.map(|answer| answer.status.as_u16()),
            ms: u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX),
            fault: self.fault,
            request: cut(&self.body),
            response: sent.unwrap_or_default(),
        });
    }

    /// It was answered, or will not be.
    fn end(mut self, answer: Option<&Answer>) {
        self.keep(answer);
        if let Some(observe) = &self.shared.observe {
            observe(&LogLine {
                method: &self.method,
                path: &self.path,
                status: answer.map(|answer| answer.status),
                took: self.start.elapsed(),
                fault: self.fault,
                error: answer.and_then(|answer| answer.fault.as_ref()),
            });
        }
    }
}

/// An answer as it goes out; it keeps its place until it is read.
fn written(answer: Answer, place: Place, name: &HeaderValue) -> Response<Outgoing> {
    let mut response = Response::new(Either::Left(Full::from(place.keep(answer.body))));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.extend(answer.headers);
    headers.insert(SERVER, name.clone());
    response
}

/// A file of the page.
fn paged(shared: &Shared, head: &Parts, asset: &page::Asset) -> Answer {
    if let Err(refusal) = check_host(&head.headers, head.version, head.uri.host(), shared.listen) {
        return refusal.into();
    }
    if !matches!(head.method, Method::GET | Method::HEAD) {
        return Refusal::Route.into();
    }
    let value = HeaderValue::from_static;
    let mut answer = Answer::empty(StatusCode::OK)
        .with(CONTENT_TYPE, value(asset.content_type))
        .with(CONTENT_SECURITY_POLICY, page::POLICY.clone())
        .with(X_CONTENT_TYPE_OPTIONS, value("nosniff"))
        .with(REFERRER_POLICY, value("no-referrer"))
        .with(CACHE_CONTROL, value("no-cache"));
    answer.body = asset.bytes.to_vec();
    answer
}

/// A request to the control plane: no fault and no limit touches it.
async fn controlled(shared: &Arc<Shared>, head: Parts, body: Incoming) -> Response<Outgoing> {
    let whole = |answer: Answer, place| {
        let answer = answer.with(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        written(answer, place, &shared.name)
    };
    if let Err(refusal) = check_host(&head.headers, head.version, head.uri.host(), shared.listen) {
        return whole(refusal.into(), Place::default());
    }
    let body = match read_body(&head.headers, body).await {
        Ok(body) => body,
        Err(refusal) => {
            let answer = Answer::from(refusal).with(CONNECTION, HeaderValue::from_static("close"));
            return whole(answer, Place::default());
        }
    };
    let is_get = head.method == Method::GET;
    let request = Arc::new((head, body));
    let mut reply = control(shared, &request).await;
    let place = match &reply {
        control::Reply::Whole(answer) => match shared.room.find(answer.body.len()) {
            Some(place) => place,
            // As with the API's own: made again later rather than kept.
            None if is_get => {
                let length = answer.body.len();
                drop(std::mem::replace(&mut reply, control::Reply::Whole(ended())));
                let place = shared.room.wait(length).await;
                reply = control(shared, &request).await;
                place
            }
            None => Place::default(),
        },
        control::Reply::Events(_) => Place::default(),
    };
    match reply {
        control::Reply::Whole(answer) => whole(answer, place),
        control::Reply::Events(listening) => {
            let head = Answer::empty(StatusCode::OK)
                .with(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
            whole(head, place).map(|_| Either::Right(listening))
        }
    }
}

/// Hands a call of the control plane to what answers it, on a thread that may wait for the database.
async fn control(shared: &Arc<Shared>, request: &Arc<(Parts, Bytes)>) -> control::Reply {
    let (inside, request) = (Arc::clone(shared), Arc::clone(request));
    let work = move || {
        let (head, body) = &*request;
        let text = |value: &HeaderValue| value.to_str().unwrap_or("unreadable").to_owned();
        let origins: Vec<String> = head.headers.get_all(ORIGIN).iter().map(text).collect();
        let origin = (!origins.is_empty()).then(|| origins.join(", "));
        let host = head.headers.get(HOST).map_or_else(|| inside.listen.to_string(), text);
        control::answer(
            &inside.router.state,
            &control::Request {
                method: &head.method,
                path: head.uri.path(),
                query: head.uri.query(),
                is_marked: head.headers.get(control::MARK.0).is_some_and(|value| value == control::MARK.1),
                origin: origin.as_deref(),
                url: &format!("http://{host}"),
                body,
            },
        )
    };
    shared.workers.run(work).await.unwrap_or_else(|| control::Reply::Whole(ended()))
}

/// Answers a request, and finds the answer a place to wait in until it is read.
async fn respond(shared: &Arc<Shared>, admitted: Admitted, head: Parts, body: Bytes) -> (Answer, Place) {
    let is_get = head.method == Method::GET;
    let asked = head.uri.to_string();
    let request = Arc::new((admitted, head, body));
    // Few at once, so that who comes later sees what became of them, and enough to keep the threads busy.
    let turn = shared.turns.acquire().await.ok();
    let length = match shared.room.expected(&asked).filter(|_| is_get) {
        Some(length) => length,
        None => {
            let answer = carry_out(shared, &request).await;
            let length = answer.body.len();
            match shared.room.find(length) {
                Some(place) => return (answer, place),
                None if !is_get => return (answer, Place::default()),
                None => {}
            }
            shared.room.turn_away(&asked, length);
            length
        }
    };
    drop(turn);
    // Reading it again later is cheaper than keeping it for as long as others don't take theirs.
    let place = shared.room.wait(length).await;
    (carry_out(shared, &request).await, place)
}

/// Hands the request to the rules, on a thread that may wait for the database.
async fn carry_out(shared: &Arc<Shared>, request: &Arc<(Admitted, Parts, Bytes)>) -> Answer {
    let (inside, request) = (Arc::clone(shared), Arc::clone(request));
    let work = move || {
        let (admitted, head, body) = &*request;
        let content_type = head.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("unreadable"));
        let rest = Rest { query: head.uri.query(), content_type, body, now: Timestamp::now() };
        inside.router.carry_out(admitted, &rest)
    };
    shared.workers.run(work).await.unwrap_or_else(ended)
}

/// What is left to say when everything ends.
fn ended() -> Answer {
    Answer::empty(StatusCode::SERVICE_UNAVAILABLE)
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
