//! `spectrum`: provisions the users of a Photon Spectrum messaging project.
//!
//! A library only so that tests and benches can reach its rooms; the product is the binary.
//! Data goes one way: argv → settings → command → client → wire → model → output.

pub mod api;
pub mod credentials;
pub mod environment;
pub mod model;
pub mod sandbox;
