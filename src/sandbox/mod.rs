//! The sandbox: a real HTTP server on loopback with the API's rules, on an embedded database.
//!
//! The rules are in [`router`] and the files per noun, which know no sockets; [`server`] is async, with [`outgoing`] and
//! [`workers`] for its tools, and so is what delivers to webhooks.
//! Nothing here prints or reads the environment: what there is to say goes out as values.

pub(crate) mod active_faults;
mod connection;
pub mod control;
pub(crate) mod credentials;
mod deliverer;
pub(crate) mod deliveries;
pub mod delivery;
pub(crate) mod delivery_journal;
pub mod description;
pub(crate) mod events;
pub mod exchange;
pub mod fault;
pub(crate) mod gate;
#[cfg(test)]
mod growth;
pub(crate) mod host;
pub(crate) mod ids;
mod incoming;
pub(crate) mod journal;
pub(crate) mod limit;
pub mod openapi;
pub mod options;
pub(crate) mod outgoing;
pub(crate) mod page;
pub(crate) mod pool;
pub(crate) mod project_settings;
pub(crate) mod projects_file;
pub(crate) mod query;
pub(crate) mod records;
pub(crate) mod refusal;
pub mod revision;
pub mod router;
pub(crate) mod schema;
pub mod seed;
pub(crate) mod server;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod store_error;
pub(crate) mod store_file;
pub(crate) mod workers;

pub use connection::{LogLine, Observe};
pub use options::SandboxOptions;
pub use server::{Running, StartError, Stopper, start};
pub use status::{Reset, Status, reset, status, unusable};
