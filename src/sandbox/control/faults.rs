//! The faults in force: shown, and replaced while the sandbox runs.

use serde::Serialize;
use serde_json::Value;

use super::call::{Call, Reply};
use crate::sandbox::exchange::State;
use crate::sandbox::fault::{Faults, Rule};
use crate::sandbox::refusal::Refusal;

#[derive(Serialize)]
struct Shown {
    faults: Vec<String>,
    latency: Option<String>,
    seed: Option<u64>,
}

fn shown(state: &State) -> Reply {
    let active = state.faults.get();
    let Faults { latency, seed, .. } = &active.faults;
    Reply::json(&Shown {
        faults: active.faults.written(),
        latency: latency.map(|latency| latency.to_string()),
        seed: *seed,
    })
}

/// The faults in force.
pub fn show(call: &Call<'_>) -> Result<Reply, Refusal> {
    Ok(shown(call.state))
}

/// Puts these in force, and nothing else: what is left out is off.
pub fn put(call: &Call<'_>) -> Result<Reply, Refusal> {
    let faults = read(call)?;
    call.state.faults.set(faults);
    let reply = shown(call.state);
    call.state.events.tell("faults", &call.state.faults.get().faults.written());
    Ok(reply)
}

fn read(call: &Call<'_>) -> Result<Faults, Refusal> {
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
