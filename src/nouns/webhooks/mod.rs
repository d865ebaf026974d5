//! Webhooks: what the service delivers to a handler, signed and verified.

pub(crate) mod body_forms;
pub(crate) mod command;
pub(crate) mod event;
pub(crate) mod mistakes;
pub(crate) mod received;
pub(crate) mod secret_file;
pub(crate) mod send;
pub mod signature;
pub(crate) mod verify;
