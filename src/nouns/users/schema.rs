//! How the sandbox's document describes the users' endpoints.

use serde_json::{Value, json};

use super::endpoints::{Delete, Get, Redirect};
use crate::http::Endpoint as _;
use crate::sandbox::description::{
    Description, EMAIL, flag, moment, named, nullable, object, optional, phone, storable, text, uuid, word,
};
use crate::sandbox::revision::Revision;

/// The largest page of a list.
pub const LARGEST_LIMIT: u32 = 500;
/// The largest offset of a list.
pub const LARGEST_OFFSET: u32 = 1_000_000;
/// The longest message of a redirect, in characters.
pub const LONGEST_MESSAGE: usize = 1000;

/// What the schema of a user is called.
const USER: &str = "User";

/// A user as the revision shows it, under its name.
fn user(revision: Revision) -> (&'static str, Value) {
    let marks = json!({ "opt_in": flag(), "project_owner": flag() });
    let mut user = object([
        ("id", uuid()),
        ("projectId", uuid()),
        ("type", word(&["shared", "dedicated"])),
        ("firstName", nullable(text())),
        ("lastName", nullable(text())),
        ("email", nullable(text())),
        ("phoneNumber", phone()),
        ("assignedPhoneNumber", phone()),
        ("meta", json!({ "type": "object", "properties": marks, "additionalProperties": false })),
        ("createdAt", moment()),
    ]);
    if !revision.tells_type_and_total() {
        without(&mut user, "type");
    }
    (USER, user)
}

/// Takes a field out of an object's schema.
fn without(schema: &mut Value, field: &str) {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove(field);
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|name| name != field);
    }
}

/// `GET /projects/{project}/users/`
pub fn list(revision: Revision) -> Description {
    let mut query = vec![
        optional("type", word(&["shared", "dedicated"])),
        optional("id", json!({ "type": "array", "items": uuid() })),
    ];
    if revision.searches_and_pages() {
        query.push(optional("search", json!({ "type": "string", "minLength": 1 })));
        query.push(optional("limit", json!({ "type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT })));
        query.push(optional("offset", json!({ "type": "integer", "minimum": 0, "maximum": LARGEST_OFFSET })));
    }
    let mut data = object([
        ("users", json!({ "type": "array", "items": named(USER) })),
        ("total", json!({ "type": "integer", "minimum": 0 })),
    ]);
    if !revision.tells_type_and_total() {
        without(&mut data, "total");
    }
    Description { query, data, schemas: vec![user(revision)], ..Description::default() }
}

/// `POST /projects/{project}/users/`
pub fn create(revision: Revision) -> Description {
    let wanted = |kind: &str, required: &[&str]| {
        json!({
            "type": "object",
            "required": required,
            "properties": {
                "type": { "const": kind },
                "phoneNumber": phone(),
                "firstName": nullable(storable()),
                "lastName": nullable(storable()),
                "email": nullable(json!({ "type": "string", "pattern": EMAIL })),
            },
        })
    };
    let shared = wanted("shared", &["type", "phoneNumber"]);
    let mut dedicated = wanted("dedicated", &["type", "phoneNumber", "assignedPhoneNumber"]);
    dedicated["properties"]["assignedPhoneNumber"] = phone();
    Description {
        body: Some(json!({ "anyOf": [shared, dedicated] })),
        data: named(USER),
        schemas: vec![user(revision)],
        links: &[Get::SPEC, Delete::SPEC, Redirect::SPEC],
        refusals: &[402, 503],
        ..Description::default()
    }
}

/// `GET /projects/{project}/users/{user}/`
pub fn get(revision: Revision) -> Description {
    Description { data: named(USER), schemas: vec![user(revision)], refusals: &[404], ..Description::default() }
}

/// `DELETE /projects/{project}/users/{user}/`
pub fn delete(_: Revision) -> Description {
    Description { data: object([("userId", uuid())]), refusals: &[404], ..Description::default() }
}

/// `GET /users/{user}/redirect`
pub fn redirect(_: Revision) -> Description {
    let message = json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_MESSAGE });
    Description { query: vec![optional("msg", message)], refusals: &[403, 404], ..Description::default() }
}
