//! The control plane, `/_sandbox/…`: what a test or a person does to the sandbox that no client of the service could.
//!
//! Bare JSON in and out, errors in the API's shape. It wants a header that no page elsewhere can send without asking,
//! and never the project's credentials.

pub(crate) mod answers;
mod call;
mod faults;
mod message;
mod observe;
mod reset;

use hyper::Method;

use self::call::ControlCall;
pub use self::call::{ControlReply, ControlRequest};
use super::exchange::SandboxState;
use super::refusal::Refusal;
pub use crate::http::loopback::{MARK, PREFIX};

/// A call of the control plane.
#[derive(Debug)]
pub struct ControlRoute {
    /// Its method.
    pub method: Method,
    /// Its path below [`PREFIX`]; a part in braces stands for any one.
    pub path: &'static str,
    /// Whether it wants the header.
    pub is_guarded: bool,
    /// What answers it.
    handler: fn(&ControlCall<'_>) -> Result<ControlReply, Refusal>,
}

/// A route that wants the header.
const fn route(
    method: Method,
    path: &'static str,
    handler: fn(&ControlCall<'_>) -> Result<ControlReply, Refusal>,
) -> ControlRoute {
    ControlRoute { method, path, is_guarded: true, handler }
}

/// Everything that can be asked.
pub static ROUTES: [ControlRoute; 11] = [
    // Who waits for the server to come up knows nothing of it yet, and learns nothing.
    ControlRoute { method: Method::GET, path: "health", is_guarded: false, handler: observe::health },
    route(Method::GET, "connect", observe::connect),
    route(Method::GET, "requests", observe::requests),
    route(Method::DELETE, "requests", observe::forget_requests),
    route(Method::GET, "events", observe::events),
    route(Method::GET, "deliveries", observe::deliveries),
    route(Method::POST, "deliveries/{id}/redeliver", observe::redeliver),
    route(Method::POST, "messages", message::send),
    route(Method::GET, "faults", faults::show),
    route(Method::PUT, "faults", faults::put),
    route(Method::POST, "reset", reset::reset),
];

impl ControlRoute {
    /// Whether a path is its own; what stands there in place of the braces.
    fn parameter<'p>(&self, path: &'p str) -> Option<&'p str> {
        let Some((head, tail)) = self.path.split_once("{id}") else { return (self.path == path).then_some("") };
        path.strip_prefix(head)?.strip_suffix(tail).filter(|part| !part.is_empty() && !part.contains('/'))
    }
}

/// Answers a request.
pub fn answer(state: &SandboxState, request: &ControlRequest<'_>) -> ControlReply {
    let path = request.path.strip_prefix(PREFIX).unwrap_or_default();
    let path = path.strip_suffix('/').unwrap_or(path);
    let method = if *request.method == Method::HEAD { &Method::GET } else { request.method };
    let found =
        ROUTES.iter().find_map(|route| Some((route, route.parameter(path)?)).filter(|_| route.method == *method));
    // A page of somebody else's may send a simple request, but neither this header nor another origin than its own.
    let is_open = found.is_some_and(|(route, _)| !route.is_guarded);
    if !request.is_from_here() || !(request.is_marked || is_open) {
        return ControlReply::from(Refusal::Control);
    }
    let result = match found {
        Some((route, parameter)) => (route.handler)(&ControlCall { state, request, parameter }),
        None => Err(Refusal::Route),
    };
    result.unwrap_or_else(ControlReply::from)
}
