//! The users of a project.

pub mod apply;
pub(crate) mod columns;
pub(crate) mod command;
pub(crate) mod create;
pub mod delete;
pub mod endpoints;
pub(crate) mod get;
pub(crate) mod kinds;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod lookup;
pub(crate) mod max_delete;
pub mod model;
pub mod outcome;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod selection;
pub(crate) mod template;
pub(crate) mod wait;
