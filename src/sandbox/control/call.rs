//! A call of the control plane, and what is answered.

use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::sandbox::events::Listening;
use crate::sandbox::exchange::{Response, SandboxState};
use crate::sandbox::query::Query;
use crate::sandbox::refusal::Refusal;

/// A request to the control plane.
#[derive(Debug, Clone, Copy)]
pub struct ControlRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// Whether it carries [`MARK`](super::MARK).
    pub is_marked: bool,
    /// The page that sent it, where one did.
    pub origin: Option<&'a str>,
    /// The server, as whoever asks names it: a base URL.
    pub url: &'a str,
    /// The whole body.
    pub body: &'a [u8],
}

impl ControlRequest<'_> {
    /// Whether no page sent it, or one of this server's own.
    pub fn is_from_here(&self) -> bool {
        self.origin.is_none_or(|origin| origin.eq_ignore_ascii_case(self.url))
    }
}

/// A request with what its handler needs.
#[derive(Debug)]
pub struct ControlCall<'a> {
    /// What the sandbox works on.
    pub state: &'a SandboxState,
    /// The request.
    pub request: &'a ControlRequest<'a>,
    /// What stands in the path in place of the route's braces.
    pub parameter: &'a str,
}

impl ControlCall<'_> {
    /// The query.
    pub fn query(&self) -> Query<'_> {
        Query::parse(self.request.query)
    }

    /// The body's fields, all of which have to be known.
    ///
    /// # Errors
    /// When the body is no JSON object, or has other fields too.
    pub fn fields(&self, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
        let value = serde_json::from_slice(self.request.body).map_err(|error| Refusal::Parse(error.to_string()))?;
        let Value::Object(fields) = value else {
            return Err(Refusal::Validation("The body must be an object".to_owned()));
        };
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                Err(Refusal::Validation(format!("{name:?} is no field of this call; it knows {}", known.join(", "))))
            }
            None => Ok(fields),
        }
    }
}

/// What is answered.
#[derive(Debug)]
pub enum ControlReply {
    /// All of it at once.
    Whole(Response),
    /// Events, as they happen.
    Events(Listening),
}

impl ControlReply {
    /// Bare JSON.
    pub fn json<T: Serialize + ?Sized>(data: &T) -> Self {
        // Our own types always serialize into memory.
        Self::Whole(Response::json(StatusCode::OK, serde_json::to_vec(data).unwrap_or_default()))
    }
}

impl From<Refusal> for ControlReply {
    fn from(refusal: Refusal) -> Self {
        Self::Whole(refusal.into())
    }
}
