//! The commands that belong to no noun of the API.

pub mod api;
pub mod completions;
pub mod exec;
pub mod help;
pub mod man;
pub mod profiles;
pub mod request_log;
pub mod sandbox;
pub mod sandbox_text;
