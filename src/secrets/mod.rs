//! The secret: a type that cannot be shown, where it lies, what it authorizes, and hiding it by value.

pub mod credentials;
mod escape;
pub mod redactor;
pub(crate) mod revealed;
pub(crate) mod secret;
pub(crate) mod source;
