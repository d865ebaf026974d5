//! `spectrum`: provisions the users of a Photon Spectrum messaging project.
//!
//! A library only so that tests and benches can reach its rooms; the product is the binary.
//! Data goes one way: argv → settings → verb → call → client → wire → model → output.

mod aliases;
pub mod cli;
pub mod commands;
pub mod config;
pub mod failure;
mod files;
pub mod http;
mod interrupt;
pub mod model;
pub mod nouns;
pub mod output;
mod prompt;
pub mod roster;
pub mod run;
pub mod sandbox;
pub mod secrets;
mod session;
#[cfg(unix)]
pub mod signals;
mod suggestion;
mod terminal;
mod typed;
mod unparsed;
mod verbs;
