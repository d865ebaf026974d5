//! The commands that belong to no noun of the API.

pub(crate) mod api;
pub mod completions;
pub(crate) mod exec;
pub mod help;
pub(crate) mod man;
pub(crate) mod manual;
pub(crate) mod profiles;
pub(crate) mod request_log;
pub(crate) mod sandbox;
pub(crate) mod sandbox_store;
pub(crate) mod sandbox_text;
