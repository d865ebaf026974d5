//! The control plane, `/_sandbox/…`: what a test or a person does to the sandbox that no client of the service could.
//!
//! Bare JSON in and out, errors in the API's shape. It wants a header that no page elsewhere can send without asking,
//! and never the project's credentials.

use std::sync::Arc;

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::delivery::Delivery;
use super::exchange::{Response, State, key};
use super::query::Query;
use super::records::{self, Record};
use super::refusal::Refusal;
pub use crate::http::loopback::{MARK, PREFIX};
use crate::model::Phone;
use crate::nouns::users::model::UserType;
use crate::nouns::webhooks::event;
use crate::nouns::webhooks::model::Schema;
use crate::nouns::webhooks::rows::{self, Stored};

/// A request to the control plane.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
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
        (&Method::GET, "deliveries") => deliveries(state, request.query),
        (&Method::POST, path) => {
            match path.strip_prefix("deliveries/").and_then(|rest| rest.strip_suffix("/redeliver")) {
                Some(id) => redeliver(state, id),
                None => Err(Refusal::Route),
            }
        }
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
    /// What is on its way to the project's webhooks.
    deliveries: Vec<Fired>,
}

/// A delivery that was sent off.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fired {
    id: String,
    webhook_id: String,
    url: String,
}

fn deliveries(state: &State, query: Option<&str>) -> Result<Response, Refusal> {
    let query = Query::parse(query);
    let after = query.number("after", 0, u32::MAX)?.unwrap_or(0);
    let limit =
        query.number("limit", 1, u32::MAX)?.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let attempts = state.deliveries.attempts(after.into(), limit);
    Ok(Response::json(StatusCode::OK, serde_json::to_vec(&attempts).unwrap_or_default()))
}

#[derive(Serialize)]
struct Redelivered {
    id: String,
}

fn redeliver(state: &State, id: &str) -> Result<Response, Refusal> {
    let now = Timestamp::now().as_millisecond();
    let id = state.deliveries.redeliver(&state.store, &key(id), now).ok_or(Refusal::NoDelivery)?;
    Ok(Response::json(StatusCode::OK, serde_json::to_vec(&Redelivered { id }).unwrap_or_default()))
}

/// What tells a project's active webhooks of a message.
fn tell(webhooks: Vec<Stored>, user: &Record, text: &str, now: Timestamp) -> Vec<Delivery> {
    let is_shared = user.kind == UserType::Shared.as_str();
    let message = event::Message {
        id: event::message_id(),
        sent: now,
        from: &user.phone_number,
        to: if is_shared { event::SHARED } else { &user.assigned_phone_number },
        group: None,
        content: event::Content::Text { text },
    };
    let event_id = event::event_id(now);
    let body = |schema| match schema {
        Schema::Normalized => (event::MESSAGES, event::message_received(&message)),
        Schema::Raw => {
            // Whether the service tells raw webhooks of such a message is not known; what it would say is Telegram's.
            let raw = event::RawInbound { event_id: &event_id, project_id: &user.project_id, received: now, text };
            (event::MESSAGE_RECEIVED, event::raw_inbound(&raw))
        }
    };
    let active = webhooks.into_iter().filter(|webhook| webhook.disabled.is_none());
    active
        .map(|webhook| {
            let (event, body) = body(webhook.schema);
            Delivery {
                id: Uuid::new_v4().to_string(),
                redelivery_of: None,
                project: webhook.project,
                webhook: webhook.id,
                url: webhook.url,
                event,
                event_id: event_id.clone(),
                message: message.id.clone(),
                body: Arc::new(body),
            }
        })
        .collect()
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
        let webhooks = match users.as_slice() {
            [user] => {
                records::opt_in(connection, &user.id)?;
                rows::list(connection, &user.project_id)?
            }
            _ => Vec::new(),
        };
        Ok((users, webhooks))
    })?;
    let (users, webhooks) = outcome;
    match users.as_slice() {
        [] => Err(Refusal::Nobody(from, to)),
        [user] => {
            let now = Timestamp::now();
            let fired = tell(webhooks, user, &text, now);
            let told = |delivery: &Delivery| Fired {
                id: delivery.id.clone(),
                webhook_id: delivery.webhook.clone(),
                url: delivery.url.clone(),
            };
            let deliveries = fired.iter().map(told).collect();
            state.deliveries.fire(&state.store, fired, now.as_millisecond());
            let sent = Sent {
                from,
                to: user.assigned_phone_number.clone(),
                text,
                user_id: user.id.clone(),
                project_id: user.project_id.clone(),
                opted_in_now: !user.meta.opt_in,
                deliveries,
            };
            Ok(Response::json(StatusCode::OK, serde_json::to_vec(&sent).unwrap_or_default()))
        }
        several => {
            let numbers: Vec<&str> = several.iter().map(|user| user.assigned_phone_number.as_str()).collect();
            Err(Refusal::SeveralNumbers(numbers.join(", ")))
        }
    }
}
