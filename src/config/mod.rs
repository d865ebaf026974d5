//! What is configured, and where each value came from: the process, its flags, the file of profiles.

pub(crate) mod base_url;
pub mod environment;
pub(crate) mod flags;
mod permissions;
pub(crate) mod profiles_editor;
pub(crate) mod profiles_file;
pub(crate) mod proxy;
pub(crate) mod setting;
pub(crate) mod settings;
pub(crate) mod source;
pub(crate) mod values;
