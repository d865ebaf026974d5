//! Back to the seed.

use super::answers::ResetDone;
use super::call::{ControlCall, ControlReply};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::schema;

/// Forgets everything that came after the start: users, webhooks, settings, journals, and faults that were changed.
pub fn reset(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
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
    let done = ResetDone { deleted_users, users: state.seed.users() };
    state.events.tell("reset", &done);
    // What was forgotten takes no space, as after a reset of the store itself.
    state.store.shrink()?;
    Ok(ControlReply::json(&done))
}
