//! One request, before it is sent.

use std::borrow::Cow;
use std::time::Instant;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Url};

use super::answer::AnswerKind;
use super::endpoint::{Endpoint, Repeat};
use super::error::Error;
use super::pace::Start;

/// What may stand in a segment of a path as it is (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What an answer of 2xx has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Data.
    Data,
    /// A yes, with or without data.
    Yes,
    /// Anything that is not a refusal (`spectrum api`).
    Anything,
}

/// One request, before it is sent.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    path: String,
    /// Query parameters, in order.
    pub query: Vec<(Cow<'static, str>, String)>,
    body: Option<String>,
    /// Whether it may be sent again.
    pub repeat: Repeat,
    /// What its answer has to hold.
    pub expected: Expected,
    /// How it comes to its first start.
    pub start: Start,
    /// When the caller's patience ends: it is not repeated after that.
    pub until: Option<Instant>,
}

impl Call {
    /// A call of an endpoint, in the name of a project.
    ///
    /// # Errors
    /// Bad response, when a parameter of the path cannot stand there: it came from the service.
    pub fn of<E: Endpoint>(endpoint: &E, project: &str) -> Result<Self, Error> {
        let spec = E::SPEC;
        let path = spec.path.split('/').map(|segment| {
            let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
                return Ok(Cow::Borrowed(segment));
            };
            let value = if name == "project" { project } else { endpoint.parameter(name) };
            // These would lead to another route: a DELETE of nobody would be one of the project.
            if matches!(value, "" | "." | "..") {
                return Err(Error::unsendable(format!("the {name} {value:?} cannot stand in a request's path")));
            }
            Ok(encode(value))
        });
        let path = path.collect::<Result<Vec<_>, Error>>()?.join("/");
        let query = endpoint.query().into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
        let expected = if spec.answer == AnswerKind::Yes { Expected::Yes } else { Expected::Data };
        let (method, body, repeat) = (spec.method.clone(), endpoint.body(), spec.repeat);
        Ok(Self { method, path, query, body, repeat, expected, start: Start::Turn, until: None })
    }

    /// A call of any path (`spectrum api`); the path may carry its own query.
    pub fn raw(method: Method, path: String, repeat: Repeat) -> Self {
        let (query, body) = (Vec::new(), None);
        Self { method, path, query, body, repeat, expected: Expected::Anything, start: Start::Turn, until: None }
    }

    /// The same call with a body that is JSON already.
    #[must_use]
    pub fn with_body(mut self, body: String) -> Self {
        self.body = Some(body);
        self
    }

    /// The same call with a say in how it starts.
    #[must_use]
    pub fn starting(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The body, when there is one.
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// The full URL under a base and a dialect's prefix.
    pub fn url(&self, base: &Url, prefix: &str) -> Url {
        let mut url = base.clone();
        let (path, query) =
            self.path.split_once('?').map_or((self.path.as_str(), None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("{}{prefix}{path}", base.path().trim_end_matches('/')));
        url.set_query(query);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

/// A value as a segment of a path; a placeholder such as `{projectId}` stays readable.
fn encode(value: &str) -> Cow<'_, str> {
    if value.starts_with('{') && value.ends_with('}') {
        return Cow::Borrowed(value);
    }
    utf8_percent_encode(value, SEGMENT).into()
}
