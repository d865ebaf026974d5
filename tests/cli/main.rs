//! The real binary in a sealed world: one integration binary, a module per subject.

mod http;
mod wire;
