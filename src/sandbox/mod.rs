//! The sandbox: a real HTTP server on loopback with the API's rules, on an embedded database.
//!
//! The rules are in [`router`] and the files per noun, which know no sockets; [`server`] is the only async file.
//! Nothing here prints or reads the environment: what there is to say goes out as values.

pub mod control;
pub mod credentials;
pub mod description;
pub mod exchange;
pub mod fault;
#[cfg(test)]
mod growth;
pub mod host;
pub mod limit;
pub mod openapi;
pub mod options;
pub mod pool;
pub mod project_settings;
pub mod projects_file;
pub mod query;
pub mod records;
pub mod refusal;
pub mod revision;
pub mod router;
pub mod schema;
pub mod server;
pub mod status;
pub mod store;

pub use options::Options;
pub use server::{LogLine, Observe, Running, StartError, Stopper, start};
pub use status::{Status, reset, status};
