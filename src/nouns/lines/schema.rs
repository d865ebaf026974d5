//! How the sandbox's document describes the lines' endpoints.

use serde_json::{Value, json};

use crate::sandbox::description::{
    Description, flag, moment, named, nullable, object, optional, phone, text, uuid, word,
};
use crate::sandbox::revision::Revision;

/// The platforms that a list can be asked for.
pub const PLATFORMS: [&str; 4] = ["imessage", "whatsapp_business", "voice", "slack"];
/// The platform of every line here.
pub const PLATFORM: &str = PLATFORMS[0];

/// What the schema of a line is called.
const LINE: &str = "Line";

/// A line, under its name.
fn line() -> (&'static str, Value) {
    let line = object([
        ("platform", json!({ "const": PLATFORM })),
        ("id", uuid()),
        ("phoneNumber", phone()),
        (
            "profile",
            object([("firstName", nullable(text())), ("lastName", nullable(text())), ("avatarUrl", nullable(text()))]),
        ),
        ("status", word(&["available", "unavailable", "unknown"])),
        ("createdAt", moment()),
    ]);
    (LINE, line)
}

/// `GET /projects/{project}/lines/`
pub fn list(_: Revision) -> Description {
    Description {
        query: vec![optional("platform", word(&PLATFORMS))],
        data: object([("lines", json!({ "type": "array", "items": named(LINE) }))]),
        schemas: vec![line()],
        ..Description::default()
    }
}

/// `GET /projects/{project}/lines/route`
pub fn best(_: Revision) -> Description {
    Description {
        data: object([("line", named(LINE)), ("isBestAvailable", flag())]),
        schemas: vec![line()],
        refusals: &[404],
        ..Description::default()
    }
}
