//! Back to the seed.

use serde::Serialize;

use super::call::{Call, Reply};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::schema;

/// What a reset did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    /// Active users that were forgotten.
    deleted_users: u64,
    /// Users of the seed that are there now.
    users: usize,
}

/// Forgets everything that came after the start: users, webhooks, settings, journals, and faults that were changed.
pub fn reset(call: &Call<'_>) -> Result<Reply, Refusal> {
    let state = call.state;
    let claims_email = state.revision.email_is_identity();
    let outcome = state.store.write(|connection| {
        let deleted = schema::clear(connection)?;
        Ok(state.seed.write(connection, state.pool, claims_email)?.then_some(deleted))
    })?;
    // What the seed needs was there when the sandbox started.
    let deleted_users = outcome.ok_or(Refusal::PoolExhausted)?;
    state.ids.rewind();
    state.faults.reset();
    state.deliveries.clear();
    state.journal.clear();
    let done = Done { deleted_users, users: state.seed.users() };
    state.events.tell("reset", &done);
    // What was forgotten takes no space, as after a reset of the store itself.
    state.store.shrink()?;
    Ok(Reply::json(&done))
}
