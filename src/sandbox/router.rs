//! The one place where a request becomes an answer. It knows no sockets: everything it needs is handed in.

use std::collections::HashMap;
use std::time::Duration;

use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use super::credentials::Presented;
use super::limit::Limiter;
use super::options::{Options, Project, Revision};
use super::pool::Pool;
use super::query::Query;
use super::refusal::Refusal;
use super::store::{Store, StoreError};
use crate::http::envelope::{Failure, Success};
use crate::http::{NoRoute, Route};
use crate::model::ids::is_uuid;
use crate::nouns::project::endpoints::ProjectRoute;
use crate::nouns::{lines, project, users};

/// A request, read off its socket.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The `Authorization` header.
    pub authorization: Option<&'a [u8]>,
    /// The whole body.
    pub body: &'a [u8],
    /// The wall clock, for `createdAt`.
    pub now: Timestamp,
    /// The time since some fixed moment, for the rate limit.
    pub uptime: Duration,
}

/// An answer, ready to be written.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Headers beside those that every answer has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, JSON unless it is empty.
    pub body: Vec<u8>,
    /// What went wrong inside, for the log only.
    pub fault: Option<StoreError>,
}

impl Answer {
    /// A success with its data in the envelope.
    pub fn success<T: Serialize + ?Sized>(data: &T) -> Self {
        // Our own types always serialize into memory.
        Self::json(StatusCode::OK, serde_json::to_vec(&Success { succeed: true, data }).unwrap_or_default())
    }

    /// An answer with a body that is JSON already.
    pub fn json(status: StatusCode, body: Vec<u8>) -> Self {
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        Self { status, headers: vec![json], body, fault: None }
    }

    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), fault: None }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let (status, code, message) = refusal.parts();
        let failure = Failure { succeed: false, data: (), code: &code, message: &message };
        let mut answer = Self::json(status, serde_json::to_vec(&failure).unwrap_or_default());
        match refusal {
            Refusal::RateLimited(seconds) => answer = answer.with(RETRY_AFTER, seconds.into()),
            Refusal::Fault(StatusCode::TOO_MANY_REQUESTS) => answer = answer.with(RETRY_AFTER, HeaderValue::from(1)),
            Refusal::Internal(error) => answer.fault = Some(error),
            _ => {}
        }
        answer
    }
}

/// The state behind the answers.
#[derive(Debug)]
pub struct Responder {
    /// The users.
    pub store: Store,
    /// The shared numbers.
    pub pool: Pool,
    /// Which revision is spoken.
    pub revision: Revision,
    projects: HashMap<String, Project>,
    limiter: Limiter,
}

impl Responder {
    /// Opens the store and takes over the rules.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub fn new(options: &Options) -> Result<Self, StoreError> {
        let projects = options.projects.iter().map(|project| (key(project.id.as_str()), project.clone()));
        Ok(Self {
            store: Store::open(&options.store)?,
            pool: Pool::new(options.pool),
            revision: options.revision,
            projects: projects.collect(),
            limiter: Limiter::new(options.rate_limit),
        })
    }

    /// Answers a request, whatever it is.
    pub fn answer(&self, request: &Request<'_>) -> Answer {
        self.admit(request).map_or_else(|refusal| refusal, |()| self.carry_out(request))
    }

    /// Counts a request against its project's rate, at the moment it arrives: how long it then takes is another matter.
    /// What is wrong with it otherwise is for [`Responder::carry_out`] to say.
    ///
    /// # Errors
    /// The answer to one too many.
    pub fn admit(&self, request: &Request<'_>) -> Result<(), Answer> {
        let project = match Route::parse(known(request.method), request.path) {
            Ok(Route::Users(id, _) | Route::Lines(id, _)) => self.authorize(&id, request),
            Ok(Route::Project(id, ProjectRoute::Subscription | ProjectRoute::Platforms)) => self.public(&id),
            Ok(Route::Project(id, _)) => self.authorize(&id, request),
            Ok(Route::Redirect(_)) | Err(_) => return Ok(()),
        };
        let Ok(project) = project else { return Ok(()) };
        self.limiter.grant(project.id.as_str(), request.uptime).map_err(|wait| {
            // Whole seconds, rounded up: a client that waits that long is not refused again.
            let seconds = u64::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap_or(1).max(1);
            Refusal::RateLimited(seconds).into()
        })
    }

    /// Answers a request that was admitted.
    pub fn carry_out(&self, request: &Request<'_>) -> Answer {
        let method = known(request.method);
        match Route::parse(method, request.path) {
            Ok(route) => self.dispatch(&route, request).unwrap_or_else(Answer::from),
            Err(NoRoute::Method(methods)) if *method == Method::OPTIONS => {
                Answer::empty(StatusCode::NO_CONTENT).with(ALLOW, allow(methods))
            }
            Err(NoRoute::Method(_) | NoRoute::Unknown) => Refusal::Route.into(),
        }
    }

    fn dispatch(&self, route: &Route, request: &Request<'_>) -> Result<Answer, Refusal> {
        let query = Query::parse(request.query);
        match route {
            Route::Redirect(user) => users::sandbox::redirect(self, user, &query),
            Route::Users(id, route) => {
                let project = self.authorize(id, request)?;
                users::sandbox::answer(self, project, route, &query, request)
            }
            Route::Lines(id, route) => {
                let project = self.authorize(id, request)?;
                lines::sandbox::answer(self, project, *route, &query, request.now)
            }
            Route::Project(id, route @ (ProjectRoute::Subscription | ProjectRoute::Platforms)) => {
                let project = self.public(id)?;
                project::sandbox::answer(self, project, *route, &query)
            }
            Route::Project(id, route) => {
                let project = self.authorize(id, request)?;
                project::sandbox::answer(self, project, *route, &query)
            }
        }
    }

    /// The project that the path names and the credentials open.
    fn authorize(&self, id: &str, request: &Request<'_>) -> Result<&Project, Refusal> {
        let presented = request.authorization.and_then(Presented::parse).ok_or(Refusal::Credentials)?;
        let project = self.projects.get(&presented.project).ok_or(Refusal::Credentials)?;
        if !presented.has_secret(project.secret.expose()) {
            return Err(Refusal::Credentials);
        }
        // Only to somebody who may know it: a path without a project at all is a mistake in the path.
        if !is_uuid(id) {
            return Err(Refusal::Validation("projectId must be a UUID".to_owned()));
        }
        if key(id) != presented.project {
            return Err(Refusal::Credentials);
        }
        Ok(project)
    }

    /// The project that the path names, on a route that needs no credentials.
    fn public(&self, id: &str) -> Result<&Project, Refusal> {
        if !is_uuid(id) {
            return Err(Refusal::Validation("projectId must be a UUID".to_owned()));
        }
        self.projects.get(&key(id)).ok_or(Refusal::NoProject)
    }
}

/// A HEAD is answered as the GET would be; whoever writes the answer leaves the body out.
fn known(method: &Method) -> &Method {
    if *method == Method::HEAD { &Method::GET } else { method }
}

/// Ids are compared without regard to case, as UUIDs are.
pub fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// What may be asked of a path: its methods, HEAD where there is a GET, and OPTIONS itself.
fn allow(methods: &[Method]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if methods.contains(&Method::GET) {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    HeaderValue::from_str(&names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}
