//! The real binary in a sealed world: one integration binary, a module per subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod aliases;
mod apply;
mod arrows;
mod columns;
mod completion;
mod control;
mod conversations;
mod decode;
mod deliveries;
mod dialled;
mod docs;
mod doctor;
mod endpoints;
mod errors;
#[cfg(unix)]
mod examples;
mod faults;
mod filters;
mod golden;
mod growth;
mod hostile;
mod http;
mod link;
mod model;
mod names;
mod observing;
mod openapi;
mod output;
mod page;
mod profiles;
#[cfg(unix)]
mod prompts;
mod reach;
mod readers;
#[cfg(unix)]
mod readme;
mod reference;
mod roster;
mod sandbox;
mod sandbox_text;
mod secrets;
mod seed;
mod send;
mod serve;
#[cfg(target_os = "linux")]
mod shells;
#[cfg(unix)]
mod signals;
mod suggestions;
mod tables;
#[cfg(unix)]
mod terminal;
mod tls;
mod usage;
mod users;
mod verify;
mod webhooks;
mod wire;
mod words;
mod world;
