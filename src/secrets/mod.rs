//! The secret: a type that cannot be shown, where it lies, what it authorizes, and hiding it by value.

pub mod credentials;
mod escape;
pub mod redactor;
pub mod secret;
pub mod source;
