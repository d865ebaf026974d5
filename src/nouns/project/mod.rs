//! The project itself.

pub mod command;
pub mod endpoints;
pub mod model;
pub mod sandbox;
pub mod schema;
pub mod usage;
