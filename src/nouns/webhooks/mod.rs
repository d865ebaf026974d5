//! Webhooks: what the service delivers to a handler, signed and verified.

pub mod event;
pub mod signature;
