//! The lines that a project owns.

pub(crate) mod command;
pub mod endpoints;
pub mod model;
pub(crate) mod sandbox;
pub(crate) mod schema;
