//! Short-lived tokens for messaging, which the vendor's SDK asks for at its start. No command of ours asks for them:
//! they are here so that other clients find them in the sandbox.

pub(crate) mod endpoints;
pub(crate) mod sandbox;
pub(crate) mod schema;
