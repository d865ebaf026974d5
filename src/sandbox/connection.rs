//! One request on a connection and its answer: the faults that it meets, the page, the control plane, the API's rules. What
//! is answered is decided in [`router`](super::router) and [`control`](super::control).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, REFERRER_POLICY,
    SERVER, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Method, Request as HyperRequest, Response, StatusCode};
use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};

use super::events::Listening;
use super::exchange::{Head, Response as Answer};
use super::fault::FaultKind;
use super::incoming::{authorization, check_host, read_body};
use super::journal::{Visit, cut};
use super::outgoing::{ReservedRoom, Room};
use super::refusal::Refusal;
use super::router::{Admitted, Rest, Router};
use super::store_error::StoreError;
use super::workers::StoreWorkers;
use super::{control, page};

/// How long a request that hangs on purpose is held.
const LONGEST_HANG: Duration = Duration::from_secs(600);

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

/// What every connection needs.
pub struct Shared {
    /// What answers.
    pub router: Router,
    /// The threads that wait for the database.
    pub workers: StoreWorkers,
    /// How many answers are made at once.
    pub turns: Semaphore,
    /// Where answers wait to be read.
    pub room: Arc<Room>,
    /// Who hears of each request.
    pub observe: Option<Observe>,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// What it calls itself in every answer.
    pub name: HeaderValue,
    /// When it began.
    pub started: Instant,
    /// How many requests have arrived.
    pub requests: Arc<AtomicU64>,
    /// The first thing that its store met since this was asked.
    pub trouble: Arc<Mutex<Option<StoreError>>>,
    /// Turns true when everything ends.
    pub stopping: watch::Receiver<bool>,
}

/// The connection dies without an answer.
#[derive(Debug, thiserror::Error)]
#[error("dropped on purpose")]
pub struct Dropped;

/// What goes out as the body of an answer.
pub type Outgoing = Either<Full<Bytes>, Listening>;

/// One request and its answer.
///
/// # Errors
/// When the connection is to die instead.
pub async fn exchange(shared: Arc<Shared>, request: HyperRequest<Incoming>) -> Result<Response<Outgoing>, Dropped> {
    let start = Instant::now();
    let (head, body) = request.into_parts();
    // What is for people takes no part in the sequence of faults, nor in the count.
    if let Some(asset) = page::asset(head.uri.path()) {
        return Ok(written(paged(&shared, &head, &asset), ReservedRoom::default(), &shared.name));
    }
    if head.uri.path().starts_with(page::FOLDER) {
        return Ok(written(Refusal::Route.into(), ReservedRoom::default(), &shared.name));
    }
    if head.uri.path().starts_with(control::PREFIX) {
        return Ok(controlled(&shared, head, body).await);
    }
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let fate = shared.router.state.faults.get().next_request();
    let mut asked = LoggedRequest::new(&shared, &head, start, fate.fault);
    let admitted = shared.router.admit(&Head {
        method: &head.method,
        path: head.uri.path(),
        authorization: authorization(&head.headers),
        uptime: shared.started.elapsed(),
    });
    if !fate.delay.is_zero() {
        let mut stopping = shared.stopping.clone();
        // A stop cuts the waiting short: a slow answer must not outlive the server.
        let _ = tokio::time::timeout(fate.delay, stopping.wait_for(|stop| *stop)).await;
    }
    let mut place = ReservedRoom::default();
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
struct LoggedRequest<'a> {
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

impl<'a> LoggedRequest<'a> {
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
fn written(answer: Answer, place: ReservedRoom, name: &HeaderValue) -> Response<Outgoing> {
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
        return whole(refusal.into(), ReservedRoom::default());
    }
    let body = match read_body(&head.headers, body).await {
        Ok(body) => body,
        Err(refusal) => {
            let answer = Answer::from(refusal).with(CONNECTION, HeaderValue::from_static("close"));
            return whole(answer, ReservedRoom::default());
        }
    };
    let is_get = head.method == Method::GET;
    let request = Arc::new((head, body));
    let mut reply = control(shared, &request).await;
    let place = match &reply {
        control::ControlReply::Whole(answer) => match shared.room.find(answer.body.len()) {
            Some(place) => place,
            // As with the API's own: made again later rather than kept.
            None if is_get => {
                let length = answer.body.len();
                drop(std::mem::replace(&mut reply, control::ControlReply::Whole(ended())));
                let place = shared.room.wait(length).await;
                reply = control(shared, &request).await;
                place
            }
            None => ReservedRoom::default(),
        },
        control::ControlReply::Events(_) => ReservedRoom::default(),
    };
    match reply {
        control::ControlReply::Whole(answer) => whole(answer, place),
        control::ControlReply::Events(listening) => {
            let head = Answer::empty(StatusCode::OK)
                .with(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
            whole(head, place).map(|_| Either::Right(listening))
        }
    }
}

/// Hands a call of the control plane to what answers it, on a thread that may wait for the database.
async fn control(shared: &Arc<Shared>, request: &Arc<(Parts, Bytes)>) -> control::ControlReply {
    let (inside, request) = (Arc::clone(shared), Arc::clone(request));
    let work = move || {
        let (head, body) = &*request;
        let text = |value: &HeaderValue| value.to_str().unwrap_or("unreadable").to_owned();
        let origins: Vec<String> = head.headers.get_all(ORIGIN).iter().map(text).collect();
        let origin = (!origins.is_empty()).then(|| origins.join(", "));
        let host = head.headers.get(HOST).map_or_else(|| inside.listen.to_string(), text);
        control::answer(
            &inside.router.state,
            &control::ControlRequest {
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
    shared.workers.run(work).await.unwrap_or_else(|| control::ControlReply::Whole(ended()))
}

/// Answers a request, and finds the answer a place to wait in until it is read.
async fn respond(shared: &Arc<Shared>, admitted: Admitted, head: Parts, body: Bytes) -> (Answer, ReservedRoom) {
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
                None if !is_get => return (answer, ReservedRoom::default()),
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

/// What a broken proxy might answer: a success that is not JSON.
fn garbage() -> Answer {
    let mut answer = Answer::empty(StatusCode::OK).with(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.body = b"{\"succeed\":tru\x00\x01 garbage".to_vec();
    answer
}
