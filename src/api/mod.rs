//! The service over HTTP: routes both ways, the envelope, errors, retries, pacing, one send path.
//!
//! Knows the model and the credentials; never prints, never reads the environment, never sees the command line.

pub mod client;
pub mod envelope;
pub mod error;
pub mod lines;
pub mod outcome;
pub mod pace;
pub mod project;
pub mod retry;
pub mod route;
pub mod transport;
pub mod users;

pub use client::{Answer, Client, Observer};
pub use error::{Error, Kind};
pub use outcome::Outcome;
pub use route::{NoRoute, Route};
