//! What can be seen: that the server runs and where, what was asked of it, and what it sent.

use jiff::Timestamp;
use serde::Serialize;

use super::call::{Call, Reply};
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
pub fn health(call: &Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::json(&Health {
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
pub fn connect(call: &Call<'_>) -> Result<Reply, Refusal> {
    let projects = call.state.projects.iter();
    let projects = projects.map(|project| Pair { id: project.id.as_str(), secret: project.secret.expose() }).collect();
    Ok(Reply::json(&Connect { url: call.request.url, projects }))
}

/// How many of a list are asked for.
fn limit(query: &Query<'_>) -> Result<usize, Refusal> {
    let limit = query.number("limit", 1, u32::MAX)?;
    Ok(limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// The journal.
pub fn requests(call: &Call<'_>) -> Result<Reply, Refusal> {
    let query = call.query();
    let after = query.number("after", 0, u32::MAX)?.map(u64::from);
    Ok(Reply::json(&call.state.journal.entries(after, limit(&query)?)))
}

#[derive(Serialize)]
struct Forgotten {
    forgotten: usize,
}

/// Empties the journal.
pub fn forget_requests(call: &Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::json(&Forgotten { forgotten: call.state.journal.clear() }))
}

/// Events, as they happen.
pub fn events(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.state.events.listen().map(Reply::Events).ok_or(Refusal::Listeners)
}

/// Attempts to deliver.
pub fn deliveries(call: &Call<'_>) -> Result<Reply, Refusal> {
    let query = call.query();
    let after = query.number("after", 0, u32::MAX)?.unwrap_or(0);
    Ok(Reply::json(&call.state.deliveries.attempts(after.into(), limit(&query)?)))
}

#[derive(Serialize)]
struct Redelivered<'a> {
    id: &'a str,
}

/// Sends a delivery again.
pub fn redeliver(call: &Call<'_>) -> Result<Reply, Refusal> {
    let state = call.state;
    let (id, now) = (state.ids.text(), Timestamp::now().as_millisecond());
    if state.deliveries.redeliver(&state.store, &key(call.parameter), &id, now) {
        Ok(Reply::json(&Redelivered { id: &id }))
    } else {
        Err(Refusal::NoDelivery)
    }
}
