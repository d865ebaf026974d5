//! Everything that can be asked of the service, noun by noun, and what answers it in the sandbox.

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::http::{Access, AnswerKind, Evidence, Repeat, Spec};
use crate::sandbox::description::Description;
use crate::sandbox::exchange::{Exchange, Response, Route};
use crate::sandbox::openapi;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::revision::Revision;

/// Every endpoint with its handler.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    [].iter()
        .chain(&super::users::sandbox::ROUTES)
        .chain(&super::lines::sandbox::ROUTES)
        .chain(&super::project::sandbox::ROUTES)
        .chain(&super::tokens::sandbox::ROUTES)
        .chain(&super::webhooks::sandbox::ROUTES)
        .chain(&ROUTES)
}

/// The document of everything that is served.
static ROUTES: [Route; 1] = [Route {
    spec: Spec {
        method: &Method::GET,
        path: "/openapi/json",
        summary: "describe everything that is served, as OpenAPI 3.1",
        repeat: Repeat::Safe,
        access: Access::Open,
        evidence: Evidence::Official,
        guessed: "the document is the sandbox's own",
        answer: AnswerKind::Document,
        hints: &[],
    },
    handler: document,
    describe,
}];

fn document(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let document = openapi::document(routes(), exchange.state.revision);
    Ok(Response::json(StatusCode::OK, document.to_string().into_bytes()))
}

fn describe(_: Revision) -> Description {
    Description {
        data: json!({ "type": "object", "required": ["openapi", "info", "paths"] }),
        ..Description::default()
    }
}
