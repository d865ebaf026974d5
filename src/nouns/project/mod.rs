//! The project itself.

pub(crate) mod command;
pub mod endpoints;
pub(crate) mod model;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod usage;
