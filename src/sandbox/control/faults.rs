//! The faults in force: shown, and replaced while the sandbox runs.

use serde_json::Value;

use super::answers::FaultsInForce;
use super::call::{ControlCall, ControlReply};
use crate::sandbox::exchange::SandboxState;
use crate::sandbox::fault::{Faults, Rule};
use crate::sandbox::refusal::Refusal;

fn shown(state: &SandboxState) -> ControlReply {
    let active = state.faults.get();
    let Faults { latency, seed, .. } = &active.faults;
    ControlReply::json(&FaultsInForce {
        faults: active.faults.written(),
        latency: latency.map(|latency| latency.to_string()),
        seed: *seed,
    })
}

/// The faults in force.
pub fn show(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    Ok(shown(call.state))
}

/// Puts these in force, and nothing else: what is left out is off.
pub fn put(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    let faults = read(call)?;
    call.state.faults.set(faults);
    let reply = shown(call.state);
    call.state.events.tell("faults", &call.state.faults.get().faults.written());
    Ok(reply)
}

fn read(call: &ControlCall<'_>) -> Result<Faults, Refusal> {
    let fields = call.fields(&["faults", "latency", "seed"])?;
    let invalid = |what: &str| Refusal::Validation(what.to_owned());
    let mut faults = Faults::default();
    match fields.get("faults") {
        None | Some(Value::Null) => {}
        Some(Value::Array(rules)) => {
            for rule in rules {
                let text = rule.as_str().ok_or_else(|| invalid("faults must be a list of texts such as 503:0.1"))?;
                faults.add(text.parse::<Rule>().map_err(|error| Refusal::Validation(format!("faults: {error}")))?);
            }
        }
        Some(_) => return Err(invalid("faults must be a list of texts such as 503:0.1")),
    }
    faults.check().map_err(|error| Refusal::Validation(format!("faults: {error}")))?;
    faults.latency = match fields.get("latency") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => {
            Some(text.parse().map_err(|error| Refusal::Validation(format!("latency: {error}")))?)
        }
        Some(_) => return Err(invalid("latency must be a text such as 50ms..400ms, or null")),
    };
    faults.seed = match fields.get("seed") {
        None | Some(Value::Null) => None,
        Some(seed) => Some(seed.as_u64().ok_or_else(|| invalid("seed must be a whole number, or null"))?),
    };
    Ok(faults)
}
