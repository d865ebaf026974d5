//! The service over HTTP: endpoints as data, calls, the envelope, errors, retries, pacing, one send path.
//!
//! Knows the credentials and no noun; never prints, never reads the environment, never sees the command line.

pub mod answer;
pub(crate) mod call;
pub(crate) mod client;
pub mod config;
pub(crate) mod delivery;
pub(crate) mod descriptors;
pub mod dialect;
pub(crate) mod endpoint;
pub(crate) mod envelope;
pub(crate) mod error;
pub(crate) mod loopback;
pub(crate) mod names;
pub(crate) mod pace;
pub(crate) mod reply;
pub mod retry;
pub mod seam;
pub mod transport;

pub use answer::{Answer, AnswerKind, FromAnswer, Many};
pub use call::Call;
pub use client::{Client, Observer};
pub use endpoint::{Access, Endpoint, Evidence, Repeat, Spec};
pub use error::Error;
pub use reply::Reply;
