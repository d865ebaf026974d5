//! What is configured, and where each value came from: the process, its flags, the file of profiles.

pub(crate) mod base_url;
pub mod environment;
pub(crate) mod flags;
mod permissions;
pub mod profiles_editor;
pub mod profiles_file;
pub mod proxy;
pub(crate) mod setting;
pub mod settings;
pub(crate) mod source;
pub(crate) mod values;
