//! The commands that belong to no noun of the API.

pub(crate) mod api;
pub mod completions;
pub(crate) mod doctor;
pub(crate) mod exec;
pub mod help;
pub(crate) mod man;
pub(crate) mod manual;
pub(crate) mod profiles;
pub(crate) mod request_log;
pub(crate) mod sandbox;
pub(crate) mod sandbox_control;
pub(crate) mod sandbox_deliveries;
pub(crate) mod sandbox_faults;
pub(crate) mod sandbox_requests;
pub(crate) mod sandbox_reset;
pub(crate) mod sandbox_seed;
pub(crate) mod sandbox_store;
pub(crate) mod sandbox_text;
pub(crate) mod sandbox_wait;
