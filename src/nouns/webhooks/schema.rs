//! How the sandbox's document describes the webhooks' endpoints.

use serde_json::{Value, json};

use super::endpoints::{Delete, Rotate, Update};
use super::model::LONGEST_OVERLAP;
use super::rows::EVENT_TYPES;
use crate::http::{Endpoint as _, Spec};
use crate::sandbox::description::{Description, EMAIL, URL, flag, moment, named, nullable, object, text, uuid, word};
use crate::sandbox::revision::Revision;

/// What the schema of a webhook is called.
const WEBHOOK: &str = "Webhook";
/// What takes a webhook's id.
const TAKE_ITS_ID: &[Spec] = &[Update::SPEC, Delete::SPEC, Rotate::SPEC];

fn fields() -> [(&'static str, Value); 11] {
    [
        ("id", uuid()),
        ("webhookUrl", text()),
        ("schemaVersion", schemas()),
        ("eventTypes", json!({ "type": "array", "items": word(&EVENT_TYPES) })),
        ("enabled", flag()),
        ("status", word(&["active", "disabled"])),
        ("failureNotificationEmail", nullable(text())),
        ("disabledAt", nullable(moment())),
        ("disabledReason", nullable(word(&["manual", "receiver_gone", "delivery_failures"]))),
        ("createdAt", moment()),
        ("updatedAt", moment()),
    ]
}

fn schemas() -> Value {
    word(&["normalized-events.v1", "raw-inbound.v1"])
}

fn webhook() -> Description {
    Description { data: named(WEBHOOK), schemas: vec![(WEBHOOK, object(fields()))], ..Description::default() }
}

/// The events that can be asked for.
fn event_types() -> Value {
    json!({ "type": "array", "minItems": 1, "items": word(&EVENT_TYPES) })
}

fn email() -> Value {
    nullable(json!({ "type": "string", "pattern": EMAIL }))
}

/// `GET /projects/{project}/webhooks/`
pub fn list(_: Revision) -> Description {
    Description { data: json!({ "type": "array", "items": named(WEBHOOK) }), ..webhook() }
}

/// `POST /projects/{project}/webhooks/`
pub fn create(_: Revision) -> Description {
    let [a, b, c, d, e, f, g, h, i, j, k] = fields();
    let secrets = [("signingSecret", text()), ("standardSigningSecret", text())];
    let [signing, standard] = secrets;
    let body = json!({
        "type": "object",
        "required": ["webhookUrl"],
        "properties": {
            "webhookUrl": { "type": "string", "pattern": URL },
            "schemaVersion": schemas(),
            "eventTypes": event_types(),
            "failureNotificationEmail": email(),
        },
    });
    Description {
        body: Some(body),
        data: object([a, b, c, d, e, f, g, h, i, j, k, signing, standard]),
        links: TAKE_ITS_ID,
        refusals: &[409],
        ..Description::default()
    }
}

/// `PATCH /projects/{project}/webhooks/{webhook}`
pub fn update(_: Revision) -> Description {
    let body = json!({
        "type": "object",
        "properties": {
            "enabled": flag(),
            "eventTypes": event_types(),
            "failureNotificationEmail": email(),
            "schemaVersion": word(&["raw-inbound.v1"]),
        },
    });
    Description { body: Some(body), refusals: &[404, 409], ..webhook() }
}

/// `DELETE /projects/{project}/webhooks/{webhook}/`
pub fn delete(_: Revision) -> Description {
    Description { data: object([("id", uuid())]), refusals: &[404], ..Description::default() }
}

/// `POST /projects/{project}/webhooks/{webhook}/secret/rotate`
pub fn rotate(_: Revision) -> Description {
    let overlap = json!({ "type": "integer", "minimum": 0, "maximum": LONGEST_OVERLAP });
    Description {
        body: Some(json!({ "type": "object", "properties": { "overlapSeconds": overlap } })),
        is_body_optional: true,
        data: object([("id", uuid()), ("standardSigningSecret", text()), ("previousValidUntil", nullable(moment()))]),
        refusals: &[404],
        ..Description::default()
    }
}

/// `GET /projects/{project}/webhooks/egress-ips`
pub fn egress_ips(_: Revision) -> Description {
    Description { data: object([("addresses", json!({ "type": "array", "items": text() }))]), ..Description::default() }
}
