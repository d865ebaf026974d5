//! What a noun says of its endpoints for the document of what is served, and the words that it says it in: JSON Schema.

use serde_json::{Map, Value, json};

use super::revision::Revision;
use crate::http::Spec;

/// What the document says of an endpoint beyond its spec.
#[derive(Debug, Default)]
pub struct Description {
    /// The query's parameters.
    pub query: Vec<Value>,
    /// The body's schema; none for a request without one.
    pub body: Option<Value>,
    /// Whether a request may come without it.
    pub is_body_optional: bool,
    /// The schema of a success's data.
    pub data: Value,
    /// Schemas that have a name, to be referred to with [`named`].
    pub schemas: Vec<(&'static str, Value)>,
    /// The endpoints that take the id of a success's data.
    pub links: &'static [Spec],
    /// Refusals beyond those that follow from the spec and the body.
    pub refusals: &'static [u16],
}

/// Describes an endpoint as a revision has it.
pub type Describe = fn(Revision) -> Description;

/// The schema of that name.
pub fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object with exactly these fields.
pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let required = fields.each_ref().map(|(name, _)| *name);
    json!({
        "type": "object",
        "required": required.as_slice(),
        "properties": fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect::<Map<_, _>>(),
        "additionalProperties": false,
    })
}

/// An object whose keys are somebody's ids.
pub fn by_id(values: Value) -> Value {
    json!({ "type": "object", "additionalProperties": values })
}

/// Any text.
pub fn text() -> Value {
    json!({ "type": "string" })
}

/// Text that a store of text can hold.
pub fn storable() -> Value {
    json!({ "type": "string", "pattern": STORABLE })
}

/// One of these words.
pub fn word(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// Yes or no.
pub fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// An id.
pub fn uuid() -> Value {
    json!({ "type": "string", "pattern": UUID })
}

/// A phone number.
pub fn phone() -> Value {
    json!({ "type": "string", "pattern": PHONE })
}

/// A moment, with milliseconds.
pub fn moment() -> Value {
    json!({ "type": "string", "format": "date-time", "pattern": MOMENT })
}

/// That, or null.
pub fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// A parameter of the query that may be left out.
pub fn optional(name: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "schema": schema })
}

/// The form of an id.
pub const UUID: &str = "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}\
    |00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$";
/// The form of a phone number.
pub const PHONE: &str = r"^\+[1-9][0-9]{6,14}$";
/// The form of an e-mail address.
pub const EMAIL: &str =
    r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$";
/// The form of a moment.
pub const MOMENT: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$";
/// The form of text without a NUL character.
pub const STORABLE: &str = r"^[^\u0000]*$";
/// The form of a URL that can be sent to. Addresses in numbers are taken too.
pub const URL: &str = r"^https?://[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*(:[0-9]{1,4})?([/?#][!-~]*)?$";
