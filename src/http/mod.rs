//! The service over HTTP: routes both ways, the envelope, errors, retries, pacing, one send path.
//!
//! Knows the credentials; never prints, never reads the environment, never sees the command line.

pub mod client;
pub mod envelope;
pub mod error;
pub mod pace;
pub mod retry;
pub mod route;
pub mod transport;

pub use client::{Answer, Client, Observer};
pub use error::Error;
pub use route::{NoRoute, Route};
