//! The service over HTTP: endpoints as data, calls, the envelope, errors, retries, pacing, one send path.
//!
//! Knows the credentials and no noun; never prints, never reads the environment, never sees the command line.

pub mod answer;
pub mod call;
pub mod client;
pub mod dialect;
pub mod endpoint;
pub mod envelope;
pub mod error;
pub mod loopback;
pub mod pace;
pub mod retry;
pub mod transport;

pub use answer::{Answer, Many, Reply};
pub use call::Call;
pub use client::{Client, Observer};
pub use endpoint::{Access, AnswerKind, Endpoint, Evidence, FromAnswer, Repeat, Spec};
pub use error::Error;
