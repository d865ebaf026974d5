//! How the sandbox answers for webhooks.

use serde::Serialize;
use serde_json::Value;

use super::address;
use super::endpoints::{Create, Delete, EgressIps, List, Rotate, Update};
use super::model::{LONGEST_OVERLAP, Schema};
use super::rows::{self, EVENT_TYPES, Stored, StoredKeys};
use super::schema;
use crate::http::Endpoint as _;
use crate::model::Email;
use crate::model::ids::is_uuid;
use crate::sandbox::exchange::{Exchange, Response, Route, key};
use crate::sandbox::records::Iso;
use crate::sandbox::refusal::Refusal;

/// How long the old secret stays good when nobody says, in seconds.
const OVERLAP: u64 = 86_400;
/// Where deliveries are said to come from: addresses that belong to nobody (RFC 5737).
const ADDRESSES: [&str; 2] = ["203.0.113.10", "203.0.113.11"];

/// What answers the webhooks' endpoints.
pub static ROUTES: [Route; 6] = [
    Route { spec: List::SPEC, handler: list, describe: schema::list },
    Route { spec: Create::SPEC, handler: create, describe: schema::create },
    Route { spec: Update::SPEC, handler: update, describe: schema::update },
    Route { spec: Delete::SPEC, handler: delete, describe: schema::delete },
    Route { spec: Rotate::SPEC, handler: rotate, describe: schema::rotate },
    Route { spec: EgressIps::SPEC, handler: egress_ips, describe: schema::egress_ips },
];

fn invalid<T>(what: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Validation(what.into()))
}

fn list(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = key(exchange.project()?.id.as_str());
    let webhooks = exchange.state.store.read(|connection| rows::list(connection, &project))?;
    Ok(Response::success(&webhooks.iter().map(Stored::shown).collect::<Vec<_>>()))
}

fn create(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = key(exchange.project()?.id.as_str());
    let fields = exchange.fields()?;
    // Its syntax is all that the service looks at: http and localhost are taken, and what is sent there is dropped.
    let url = fields.get("webhookUrl").and_then(Value::as_str).unwrap_or_default();
    let Some(compared) = address::taken(url) else { return invalid("webhookUrl must be a valid URL") };
    let schema = match fields.get("schemaVersion") {
        None => Schema::default(),
        Some(value) => match value.as_str().unwrap_or_default().parse() {
            Ok(schema) => schema,
            Err(_) => return invalid("schemaVersion must be normalized-events.v1 or raw-inbound.v1"),
        },
    };
    check_event_types(fields.get("eventTypes"))?;
    let email = match fields.get("failureNotificationEmail") {
        None => None,
        Some(value) => read_email(value)?,
    };
    let now = exchange.now.as_millisecond();
    let ids = &exchange.state.ids;
    let wanted = Stored {
        id: String::new(),
        project,
        url: url.to_owned(),
        schema,
        email,
        disabled: None,
        created_ms: now,
        updated_ms: now,
        keys: StoredKeys::new(ids),
    };
    let (webhook, is_new) = exchange.state.store.write(|connection| {
        let webhook = Stored { id: ids.unused(connection, "webhooks")?, ..wanted.clone() };
        let is_new = rows::insert(connection, &webhook, &compared)?;
        Ok((webhook, is_new))
    })?;
    if is_new { Ok(Response::success(&webhook.shown_with_secrets())) } else { Err(Refusal::WebhookExists) }
}

/// One event can be asked for, and has to be.
fn check_event_types(value: Option<&Value>) -> Result<(), Refusal> {
    let good = value.is_none_or(|value| {
        let types = value.as_array().map(Vec::as_slice).unwrap_or_default();
        !types.is_empty() && types.iter().all(|kind| kind.as_str().is_some_and(|kind| EVENT_TYPES.contains(&kind)))
    });
    if good { Ok(()) } else { invalid("eventTypes must be [\"message.received\"]") }
}

fn read_email(value: &Value) -> Result<Option<String>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.parse::<Email>().is_ok() => Ok(Some(text.clone())),
        _ => invalid("failureNotificationEmail must be an e-mail address or null"),
    }
}

fn update(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = key(exchange.project()?.id.as_str());
    let id = webhook_id(exchange)?;
    let fields = exchange.fields()?;
    let upgrade = match fields.get("schemaVersion").map(Value::as_str) {
        None => false,
        Some(Some("raw-inbound.v1")) => true,
        Some(_) => return invalid("schemaVersion can be changed to raw-inbound.v1 alone"),
    };
    let enabled = match fields.get("enabled") {
        None => None,
        Some(Value::Bool(enabled)) => Some(*enabled),
        Some(_) => return invalid("enabled must be true or false"),
    };
    check_event_types(fields.get("eventTypes"))?;
    let email = fields.get("failureNotificationEmail").map(read_email).transpose()?;
    let names_events = fields.contains_key("eventTypes");
    let now = exchange.now.as_millisecond();
    let changed = exchange.state.store.write(|connection| {
        let Some(mut webhook) = rows::find(connection, &project, &id)? else { return Ok(Err(Refusal::NoWebhook)) };
        if upgrade && (enabled.is_some() || names_events || email.is_some()) {
            return Ok(Err(Refusal::WebhookState("schemaVersion must be changed alone")));
        }
        if webhook.schema == Schema::Normalized && (enabled.is_some() || names_events) {
            let what = "enabled and eventTypes cannot be changed while the webhook is at normalized-events.v1";
            return Ok(Err(Refusal::WebhookState(what)));
        }
        if upgrade {
            webhook.schema = Schema::Raw;
        }
        match enabled {
            Some(true) => webhook.disabled = None,
            Some(false) if webhook.disabled.is_none() => webhook.disabled = Some(("manual".to_owned(), now)),
            _ => {}
        }
        if let Some(email) = &email {
            webhook.email.clone_from(email);
        }
        webhook.updated_ms = now;
        rows::update(connection, &webhook)?;
        Ok(Ok(webhook))
    })?;
    changed.map(|webhook| Response::success(&webhook.shown()))
}

#[derive(Serialize)]
struct DeletedWebhook<'a> {
    id: &'a str,
}

fn delete(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = key(exchange.project()?.id.as_str());
    let id = webhook_id(exchange)?;
    let now = exchange.now.as_millisecond();
    let deleted = exchange.state.store.write(|connection| rows::delete(connection, &project, &id, now))?;
    if deleted { Ok(Response::success(&DeletedWebhook { id: &id })) } else { Err(Refusal::NoWebhook) }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rotated<'a> {
    id: &'a str,
    standard_signing_secret: &'a str,
    previous_valid_until: Option<Iso>,
}

fn rotate(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = key(exchange.project()?.id.as_str());
    let id = webhook_id(exchange)?;
    // One known client sends no body at all.
    let fields = if exchange.has_body() { exchange.fields()? } else { serde_json::Map::new() };
    let overlap = match fields.get("overlapSeconds") {
        None => OVERLAP,
        Some(value) => match value.as_u64().filter(|seconds| *seconds <= LONGEST_OVERLAP) {
            Some(seconds) => seconds,
            None => return invalid(format!("overlapSeconds must be a whole number from 0 to {LONGEST_OVERLAP}")),
        },
    };
    let now = exchange.now.as_millisecond();
    let fresh = rows::standard_secret(&exchange.state.ids);
    let rotated = exchange.state.store.write(|connection| {
        let Some(mut webhook) = rows::find(connection, &project, &id)? else { return Ok(None) };
        let old = std::mem::replace(&mut webhook.keys.standard, fresh.clone());
        let until = now.saturating_add(i64::try_from(overlap).unwrap_or(i64::MAX).saturating_mul(1000));
        webhook.keys.previous = (overlap > 0).then_some((old, until));
        webhook.updated_ms = now;
        rows::update(connection, &webhook)?;
        Ok(Some(webhook))
    })?;
    let webhook = rotated.ok_or(Refusal::NoWebhook)?;
    Ok(Response::success(&Rotated {
        id: &webhook.id,
        standard_signing_secret: &webhook.keys.standard,
        previous_valid_until: webhook.keys.previous.as_ref().map(|(_, until)| Iso(*until)),
    }))
}

#[derive(Serialize)]
struct EgressView {
    addresses: [&'static str; 2],
}

fn egress_ips(_: &Exchange<'_>) -> Result<Response, Refusal> {
    Ok(Response::success(&EgressView { addresses: ADDRESSES }))
}

fn webhook_id(exchange: &Exchange<'_>) -> Result<String, Refusal> {
    let id = exchange.parameter("webhook");
    if is_uuid(id) { Ok(key(id)) } else { invalid("webhookId must be a UUID") }
}
