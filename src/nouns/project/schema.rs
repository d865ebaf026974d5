//! How the sandbox's document describes the project's endpoints.

use serde_json::{Value, json};

use crate::nouns::lines::schema::PLATFORMS;
use crate::sandbox::description::{Description, flag, moment, nullable, object, phone, storable, text, uuid, word};
use crate::sandbox::revision::Revision;

/// Something to read, whose data looks so.
fn read(data: Value) -> Description {
    Description { data, ..Description::default() }
}

/// `GET /projects/{project}/`
pub fn show(_: Revision) -> Description {
    let face = object([
        ("firstName", text()),
        ("lastName", text()),
        ("avatarUrl", nullable(text())),
        ("imessageSynced", flag()),
    ]);
    read(object([("id", uuid()), ("name", text()), ("slug", text()), ("profile", nullable(face))]))
}

/// `GET /projects/{project}/profile`
pub fn profile(_: Revision) -> Description {
    read(object([("firstName", nullable(text())), ("lastName", nullable(text())), ("avatarUrl", nullable(text()))]))
}

/// `PATCH /projects/{project}/profile`
pub fn rename(revision: Revision) -> Description {
    let fields = json!({ "firstName": storable(), "lastName": storable() });
    Description { body: Some(json!({ "type": "object", "properties": fields })), ..profile(revision) }
}

/// `GET /projects/{project}/imessage/`
pub fn messaging(_: Revision) -> Description {
    read(object([("type", word(&["shared", "dedicated"]))]))
}

/// `GET /projects/{project}/imessage/shared/availability`
pub fn availability(_: Revision) -> Description {
    let asked = json!({ "name": "phoneNumber", "in": "query", "required": true, "schema": phone() });
    Description { query: vec![asked], ..read(object([("available", flag())])) }
}

/// `GET /projects/{project}/platforms/`
pub fn platforms(_: Revision) -> Description {
    read(object(PLATFORMS.map(|platform| (platform, object([("enabled", flag())])))))
}

/// `PATCH /projects/{project}/platforms/`
pub fn switch(revision: Revision) -> Description {
    let body = json!({
        "type": "object",
        "required": ["platform", "enabled"],
        "properties": { "platform": word(&PLATFORMS), "enabled": flag() },
    });
    Description { body: Some(body), ..platforms(revision) }
}

/// `GET /projects/{project}/billing/subscription`
pub fn subscription(_: Revision) -> Description {
    read(object([
        ("tier", word(&["free", "pro", "business", "enterprise"])),
        ("status", nullable(word(&["active", "canceled", "past_due"]))),
        ("cancel_at_period_end", flag()),
        ("subscription_id", nullable(text())),
        ("customer_id", nullable(text())),
    ]))
}

/// `GET /projects/{project}/billing/status`
pub fn billing(_: Revision) -> Description {
    read(object([
        ("syncStatus", text()),
        ("lastSyncedAt", nullable(moment())),
        ("error", nullable(text())),
        ("quantity", nullable(json!({ "type": "number" }))),
        ("lastProrationAmount", nullable(json!({ "type": "number" }))),
    ]))
}
