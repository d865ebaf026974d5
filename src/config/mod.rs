//! What is configured, and where each value came from: the process, its flags, the file of profiles.

pub mod base_url;
pub mod environment;
pub mod flags;
mod permissions;
pub mod profiles_editor;
pub mod profiles_file;
pub mod proxy;
pub mod setting;
pub mod settings;
pub mod source;
pub mod values;
