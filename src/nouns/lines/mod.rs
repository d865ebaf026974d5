//! The lines that a project owns.

pub mod command;
pub mod endpoints;
pub mod model;
pub mod sandbox;
pub mod schema;
