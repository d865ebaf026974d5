//! The service over HTTP: endpoints as data, calls, the envelope, errors, retries, pacing, one send path.
//!
//! Knows the credentials and no noun; never prints, never reads the environment, never sees the command line.

pub mod answer;
pub mod call;
pub mod client;
pub mod config;
pub mod dialect;
pub mod endpoint;
pub mod envelope;
pub mod error;
pub mod loopback;
mod names;
pub mod pace;
pub mod reply;
pub mod retry;
pub mod transport;

pub use answer::{Answer, AnswerKind, FromAnswer, Many};
pub use call::Call;
pub use client::{Client, Observer};
pub use endpoint::{Access, Endpoint, Evidence, Repeat, Spec};
pub use error::Error;
pub use reply::Reply;
