//! The users of a project.

pub mod apply;
pub mod columns;
pub mod command;
pub mod create;
pub mod delete;
pub mod endpoints;
pub mod get;
pub mod kinds;
pub mod link;
pub mod list;
pub mod lookup;
pub mod max_delete;
pub mod model;
pub mod outcome;
pub mod sandbox;
pub mod schema;
pub mod selection;
pub mod wait;
