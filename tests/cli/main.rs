//! The real binary in a sealed world: one integration binary, a module per subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod decode;
mod http;
mod model;
mod roster;
mod sandbox;
mod serve;
mod wire;
