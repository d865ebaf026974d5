//! A request on its way to a handler, and the response on its way back. Neither knows sockets.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::active_faults::ActiveFaults;
use super::deliveries::Deliveries;
use super::description::Describe;
use super::events::Events;
use super::ids::Ids;
use super::journal::RequestJournal;
use super::options::SandboxProject;
use super::pool::Pool;
use super::query::Query;
use super::refusal::Refusal;
use super::revision::Revision;
use super::seed;
use super::store::Store;
use super::store_error::StoreError;
use crate::http::Spec;
use crate::http::envelope::{FailureBody, Success};
pub use crate::model::ids::key;

/// What answers a route.
pub type Handler = fn(&Exchange<'_>) -> Result<Response, Refusal>;

/// An endpoint and what answers it.
#[derive(Debug)]
pub struct Route {
    /// The endpoint.
    pub spec: Spec,
    /// Its handler.
    pub handler: Handler,
    /// What the document says of it.
    pub describe: Describe,
}

/// The head of a request, as it comes off its socket.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
    /// The `Authorization` header.
    pub authorization: Option<&'a [u8]>,
    /// The time since some fixed moment, for the rate limit.
    pub uptime: Duration,
}

/// What every handler works on.
#[derive(Debug)]
pub struct SandboxState {
    /// The users. What is delivered looks into it too.
    pub store: Arc<Store>,
    /// The shared numbers.
    pub pool: Pool,
    /// Which revision is spoken.
    pub revision: Revision,
    /// What is sent to webhooks.
    pub deliveries: Deliveries,
    /// The projects.
    pub projects: Arc<[SandboxProject]>,
    /// Where ids and secrets come from.
    pub ids: Ids,
    /// What goes wrong on purpose.
    pub faults: Arc<ActiveFaults>,
    /// The last requests.
    pub journal: RequestJournal,
    /// Those who want to hear what happens.
    pub events: Arc<Events>,
    /// What a reset goes back to.
    pub seed: seed::SeedRows,
    /// How many users requests have made here; one that met a user has not.
    pub users_made: Arc<AtomicU64>,
}

impl SandboxState {
    /// Tells those who listen that users have changed: how, of which project, and which one.
    pub fn tell_of_users(&self, change: &str, project: &str, user: Option<&str>) {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Changed<'a> {
            change: &'a str,
            project_id: &'a str,
            user_id: Option<&'a str>,
        }
        self.events.tell("users", &Changed { change, project_id: project, user_id: user });
    }
}

/// A request that was admitted, with everything that its handler needs.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// What the sandbox works on.
    pub state: &'a SandboxState,
    /// The project that the path names; none where it names none.
    pub(super) project: Option<&'a SandboxProject>,
    /// The values of the path's other parameters, by name.
    pub(super) parameters: &'a [(String, String)],
    /// The query.
    pub query: Query<'a>,
    /// What the body is said to be.
    pub(super) content_type: Option<&'a str>,
    /// The whole body.
    pub(super) body: &'a [u8],
    /// The wall clock.
    pub now: Timestamp,
}

impl<'a> Exchange<'a> {
    /// The project that the path names.
    ///
    /// # Errors
    /// When the path names none.
    pub fn project(&self) -> Result<&'a SandboxProject, Refusal> {
        self.project.ok_or(Refusal::NoProject)
    }

    /// The body's fields; keys that nobody asks for are ignored, whatever they hold.
    ///
    /// # Errors
    /// When the body is no JSON object, or is said to be something else than JSON.
    pub fn fields(&self) -> Result<Map<String, Value>, Refusal> {
        if self.content_type.is_some_and(|said| !is_json(said)) {
            return Err(Refusal::MediaType);
        }
        let text = std::str::from_utf8(self.body).map_err(|_| Refusal::Parse("it is not UTF-8".to_owned()))?;
        match serde_json::from_str(text).map_err(|error| Refusal::Parse(error.to_string()))? {
            Value::Object(fields) => Ok(fields),
            _ => Err(Refusal::Validation("The body must be an object".to_owned())),
        }
    }

    /// Whether there is a body at all.
    pub fn has_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// The value of a parameter of the path.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Whether a `Content-Type` says JSON.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// A response, ready to be written.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// Headers beside those that every response has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, JSON unless it is empty.
    pub body: Vec<u8>,
    /// What went wrong inside, for the log only.
    pub fault: Option<StoreError>,
}

impl Response {
    /// A success with its data in the envelope.
    pub fn success<T: Serialize + ?Sized>(data: &T) -> Self {
        // Our own types always serialize into memory.
        Self::json(StatusCode::OK, serde_json::to_vec(&Success { succeed: true, data }).unwrap_or_default())
    }

    /// A response with a body that is JSON already.
    pub fn json(status: StatusCode, body: Vec<u8>) -> Self {
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        Self { status, headers: vec![json], body, fault: None }
    }

    /// A response without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), fault: None }
    }

    /// The same response with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let (status, code, message) = refusal.parts();
        let failed = FailureBody { succeed: false, data: (), code: &code, message: &message };
        let mut response = Self::json(status, serde_json::to_vec(&failed).unwrap_or_default());
        match refusal {
            Refusal::RateLimited(seconds) => response = response.with(RETRY_AFTER, seconds.into()),
            Refusal::Fault(StatusCode::TOO_MANY_REQUESTS) => {
                response = response.with(RETRY_AFTER, HeaderValue::from(1));
            }
            Refusal::Internal(error) => response.fault = Some(error),
            _ => {}
        }
        response
    }
}
