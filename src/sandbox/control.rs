//! The control plane, `/_sandbox/…`: what a test or a person does to the sandbox that no client of the service could.
//!
//! Bare JSON in and out, errors in the API's shape. It wants a header that no page elsewhere can send without asking,
//! and never the project's credentials.

use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::exchange::{Response, State};
use super::records;
use super::refusal::Refusal;
pub use crate::http::loopback::{MARK, PREFIX};
use crate::model::Phone;

/// A request to the control plane.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
    /// Whether it carries [`MARK`].
    pub is_marked: bool,
    /// The page that sent it, where one did.
    pub origin: Option<&'a str>,
    /// The whole body.
    pub body: &'a [u8],
}

/// Answers a request.
pub fn answer(state: &State, request: &Request<'_>) -> Response {
    // A page of somebody else's may send a simple request, but neither this header nor another origin than its own.
    if !request.is_marked || request.origin.is_some() {
        return Refusal::Control.into();
    }
    let result = match (request.method, request.path.strip_prefix(PREFIX).unwrap_or_default()) {
        (&Method::POST, "messages") => message(state, request.body),
        _ => Err(Refusal::Route),
    };
    result.unwrap_or_else(Response::from)
}

/// What became of a person's message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    from: Phone,
    to: String,
    text: String,
    user_id: String,
    project_id: String,
    /// Whether this message was the one that opted the person in.
    opted_in_now: bool,
}

/// A person texts the number that was assigned to them: from then on they can be messaged.
fn message(state: &State, body: &[u8]) -> Result<Response, Refusal> {
    let fields: Value = serde_json::from_slice(body).map_err(|error| Refusal::Parse(error.to_string()))?;
    let phone = |name: &str| match &fields[name] {
        Value::Null => Ok(None),
        value => value
            .as_str()
            .and_then(|text| text.parse::<Phone>().ok())
            .map(Some)
            .ok_or_else(|| Refusal::Validation(format!("{name} must be a phone number like +14155550123"))),
    };
    let (from, to) = (phone("from")?, phone("to")?);
    let from = from.ok_or_else(|| Refusal::Validation("from is missing: it is the person's number".to_owned()))?;
    let text = match &fields["text"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        _ => return Err(Refusal::Validation("text must be text".to_owned())),
    };
    let outcome = state.store.write(|connection| {
        let users = records::of_person(connection, from.as_str(), to.as_ref().map(Phone::as_str))?;
        if let [user] = users.as_slice() {
            records::opt_in(connection, &user.id)?;
        }
        Ok(users)
    })?;
    match outcome.as_slice() {
        [] => Err(Refusal::Nobody(from, to)),
        [user] => {
            let sent = Sent {
                from,
                to: user.assigned_phone_number.clone(),
                text,
                user_id: user.id.clone(),
                project_id: user.project_id.clone(),
                opted_in_now: !user.meta.opt_in,
            };
            Ok(Response::json(StatusCode::OK, serde_json::to_vec(&sent).unwrap_or_default()))
        }
        several => {
            let numbers: Vec<&str> = several.iter().map(|user| user.assigned_phone_number.as_str()).collect();
            Err(Refusal::SeveralNumbers(numbers.join(", ")))
        }
    }
}
