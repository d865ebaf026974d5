//! What can be seen: that the server runs and where, what was asked of it, and what it sent.

use jiff::Timestamp;
use serde::Serialize;

use super::answers::{Forgotten, Redelivered};
use super::call::{ControlCall, ControlReply};
use crate::sandbox::exchange::key;
use crate::sandbox::query::Query;
use crate::sandbox::refusal::Refusal;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    revision: &'static str,
    projects: usize,
}

/// That it serves. Nothing else is needed to be answered.
pub fn health(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    Ok(ControlReply::json(&Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        revision: call.state.revision.as_str(),
        projects: call.state.projects.len(),
    }))
}

#[derive(Serialize)]
struct Connect<'a> {
    url: &'a str,
    projects: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct Pair<'a> {
    id: &'a str,
    secret: &'a str,
}

/// The only call that tells credentials; they open nothing elsewhere.
pub fn connect(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    let projects = call.state.projects.iter();
    let projects = projects.map(|project| Pair { id: project.id.as_str(), secret: project.secret.expose() }).collect();
    Ok(ControlReply::json(&Connect { url: call.request.url, projects }))
}

/// How many of a list are asked for.
fn limit(query: &Query<'_>) -> Result<usize, Refusal> {
    let limit = query.number("limit", 1, u32::MAX)?;
    Ok(limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// The journal.
pub fn requests(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    let query = call.query();
    let after = query.number("after", 0, u32::MAX)?.map(u64::from);
    Ok(ControlReply::json(&call.state.journal.entries(after, limit(&query)?)))
}

/// Empties the journal.
pub fn forget_requests(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    Ok(ControlReply::json(&Forgotten { forgotten: call.state.journal.clear() }))
}

/// Events, as they happen.
pub fn events(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    call.state.events.listen().map(ControlReply::Events).ok_or(Refusal::Listeners)
}

/// Attempts to deliver.
pub fn deliveries(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    let query = call.query();
    let after = query.number("after", 0, u32::MAX)?.unwrap_or(0);
    Ok(ControlReply::json(&call.state.deliveries.attempts(after.into(), limit(&query)?)))
}

/// Sends a delivery again.
pub fn redeliver(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    let state = call.state;
    let (id, now) = (state.ids.text(), Timestamp::now().as_millisecond());
    if state.deliveries.redeliver(&state.store, &key(call.parameter), &id, now) {
        Ok(ControlReply::json(&Redelivered { id }))
    } else {
        Err(Refusal::NoDelivery)
    }
}
