//! How the sandbox's document describes the tokens' endpoints.

use serde_json::{Value, json};

use crate::sandbox::description::{Description, by_id, nullable, object, text};
use crate::sandbox::revision::Revision;

/// How long a token is good for, in seconds.
fn seconds() -> Value {
    json!({ "type": "integer", "minimum": 1 })
}

fn data(data: Value) -> Description {
    Description { data, ..Description::default() }
}

/// `POST /projects/{project}/imessage/tokens`
pub fn imessage(_: Revision) -> Description {
    let shared = object([("type", json!({ "const": "shared" })), ("token", text()), ("expiresIn", seconds())]);
    let dedicated = object([
        ("type", json!({ "const": "dedicated" })),
        ("auth", by_id(text())),
        ("numbers", by_id(nullable(text()))),
        ("expiresIn", seconds()),
    ]);
    data(json!({ "anyOf": [shared, dedicated] }))
}

/// `POST /projects/{project}/voice/tokens`, `POST /projects/{project}/fusor/token`
pub fn one(_: Revision) -> Description {
    data(object([("token", text()), ("expiresIn", seconds())]))
}

/// `POST /projects/{project}/whatsapp-business/tokens`
pub fn whatsapp(_: Revision) -> Description {
    data(object([("auth", by_id(text())), ("numbers", by_id(nullable(text()))), ("expiresIn", seconds())]))
}

/// `POST /projects/{project}/slack/tokens`
pub fn slack(_: Revision) -> Description {
    let scopes = json!({ "type": "array", "items": text() });
    let team = object([("teamName", text()), ("botUserId", text()), ("appId", text()), ("grantedScopes", scopes)]);
    data(object([("auth", by_id(text())), ("teams", by_id(team)), ("expiresIn", seconds())]))
}
