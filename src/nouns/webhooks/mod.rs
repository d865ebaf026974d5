//! The webhooks of a project: where the service sends what people write.

pub(crate) mod address;
pub(crate) mod body_forms;
pub(crate) mod columns;
pub(crate) mod command;
mod create;
mod delete;
pub mod endpoints;
mod ensure;
pub mod event;
pub(crate) mod lookup;
pub(crate) mod mistakes;
pub mod model;
pub mod received;
mod rotate;
pub(crate) mod rows;
pub(crate) mod sandbox;
mod schema;
pub mod secret_file;
mod secret_out;
pub(crate) mod send;
pub mod signature;
mod update;
pub(crate) mod verify;
