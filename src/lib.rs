//! `spectrum`: provisions the users of a Photon Spectrum messaging project.
//!
//! A library only so that tests and benches can reach its rooms; the product is the binary.
//! Data goes one way: argv → settings → command → client → wire → model → output.

pub mod api;
pub mod cli;
pub mod commands;
pub mod credentials;
pub mod environment;
pub mod exit;
pub mod format;
pub mod interrupt;
pub mod model;
pub mod output;
pub mod profiles;
pub mod prompt;
pub mod redactor;
pub mod roster;
pub mod run;
pub mod sandbox;
pub mod secrets;
pub mod session;
pub mod settings;
