//! The OpenAPI document of what is served, written from the endpoints' own data whenever somebody asks for it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::description::{Description, named, object, text, uuid};
use super::exchange::Route;
use super::revision::Revision;
use crate::http::{Access, AnswerKind, Spec};

/// Every status of a refusal, and what it means here.
const REFUSALS: [(u16, &str); 13] = [
    (400, "The body is not JSON"),
    (401, "Credentials missing or wrong, or those of another project"),
    (402, "No shared seat is left for a new identity"),
    (403, "The user is not a shared one"),
    (404, "Not there, or deleted"),
    (408, "The body did not arrive in time"),
    (409, "It is there already, or does not take this change"),
    (413, "The body is too large"),
    (415, "The body is said to be something else than JSON"),
    (422, "A path, a query value or a field is wrong; the message names it"),
    (429, "Too many requests"),
    (500, "A fault inside"),
    (503, "No number of the pool is left for this phone number"),
];

/// The document of these routes, as a revision has them.
pub fn document(routes: impl Iterator<Item = &'static Route>, revision: Revision) -> Value {
    let mut paths = Map::new();
    let failure = object([
        ("succeed", json!({ "const": false })),
        ("data", json!({ "type": "null" })),
        ("code", text()),
        ("message", text()),
    ]);
    let mut schemas = Map::from_iter([("Failure".to_owned(), failure)]);
    for Route { spec, describe, .. } in routes {
        let mut description = describe(revision);
        schemas.extend(description.schemas.drain(..).map(|(name, schema)| (name.to_owned(), schema)));
        let path = paths.entry(spec.path.replace('}', "Id}")).or_insert_with(|| json!({}));
        path[spec.method.as_str().to_ascii_lowercase()] = operation(spec, description);
    }
    let responses = REFUSALS.map(|(status, meaning)| (status.to_string(), refusal(status, meaning)));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The Spectrum API, as the sandbox serves it",
            "version": revision.as_str(),
            "description": "Both slash forms of a path are read. A query parameter or a field of a body that is not \
                named here is ignored. x-evidence says how an endpoint is known, x-guessed what is made up.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "responses": responses.into_iter().collect::<Map<_, _>>(),
            "schemas": schemas,
            "securitySchemes": {
                "project": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "projectId:projectSecret; the id must be the one in the path",
                },
            },
        },
    })
}

fn operation(spec: &Spec, description: Description) -> Value {
    let Description { query, body, is_body_optional, data, links, refusals, .. } = description;
    let names_project = spec.parameters().any(|name| name == "project");
    let mut statuses = BTreeSet::from([500]);
    statuses.extend(spec.parameters().next().map(|_| 422));
    statuses.extend(names_project.then_some(429));
    statuses.extend(names_project.then_some(if spec.access == Access::Project { 401 } else { 404 }));
    statuses.extend(body.iter().flat_map(|_| [400, 408, 413, 415]));
    statuses.extend(refusals);
    let mut responses: Map<_, _> = statuses
        .iter()
        .map(|status| (status.to_string(), json!({ "$ref": format!("#/components/responses/{status}") })))
        .collect();
    let (status, mut success) = success(spec.answer, &data);
    if !links.is_empty() {
        success["links"] = links.iter().map(link).collect::<Map<_, _>>().into();
    }
    responses.insert(status.to_owned(), success);
    let in_path = |name| json!({ "name": format!("{name}Id"), "in": "path", "required": true, "schema": uuid() });
    let mut operation = json!({
        "operationId": operation_id(spec),
        "summary": spec.summary,
        "parameters": spec.parameters().map(in_path).chain(query).collect::<Vec<_>>(),
        "security": if spec.access == Access::Project { json!([{ "project": [] }]) } else { json!([]) },
        "responses": responses,
        "x-evidence": spec.evidence.to_string(),
        "x-guessed": spec.guessed,
    });
    if let Some(schema) = body {
        operation["requestBody"] =
            json!({ "required": !is_body_optional, "content": { "application/json": { "schema": schema } } });
    }
    operation
}

/// The status of a success, and how it looks.
fn success(kind: AnswerKind, data: &Value) -> (&'static str, Value) {
    let schema = match kind {
        AnswerKind::Redirect => {
            let location = json!({ "required": true, "schema": { "type": "string", "pattern": "^sms:" } });
            return ("302", json!({ "description": kind.name(), "headers": { "Location": location } }));
        }
        AnswerKind::Document => data.clone(),
        AnswerKind::One(_) | AnswerKind::Many(_) | AnswerKind::Yes => {
            object([("succeed", json!({ "const": true })), ("data", data.clone())])
        }
    };
    ("200", json!({ "description": kind.name(), "content": { "application/json": { "schema": schema } } }))
}

/// A link to an endpoint, for the record that an answer holds.
fn link(to: &Spec) -> (String, Value) {
    let value = |name| if name == "project" { "$request.path.projectId" } else { "$response.body#/data/id" };
    let parameters = to.parameters().map(|name| (format!("path.{name}Id"), value(name).into()));
    let id = operation_id(to);
    (id.clone(), json!({ "operationId": id, "parameters": parameters.collect::<Map<_, _>>() }))
}

fn refusal(status: u16, meaning: &str) -> Value {
    let content = json!({ "application/json": { "schema": named("Failure") } });
    let mut refusal = json!({ "description": meaning, "content": content });
    if status == 429 {
        let seconds = json!({ "type": "integer", "minimum": 1 });
        refusal["headers"] = json!({ "Retry-After": { "required": true, "schema": seconds } });
    }
    refusal
}

/// The service's own way to name an operation: `getProjectsByProjectIdUsers`.
fn operation_id(spec: &Spec) -> String {
    let mut id = spec.method.as_str().to_ascii_lowercase();
    for segment in spec.path.split('/').filter(|segment| !segment.is_empty()) {
        let name = segment.trim_matches(['{', '}']);
        let (by, end) = if name == segment { ("", "") } else { ("By", "Id") };
        let (first, rest) = name.split_at(name.len().min(1));
        id.push_str(&format!("{by}{}{rest}{end}", first.to_ascii_uppercase()));
    }
    id
}
