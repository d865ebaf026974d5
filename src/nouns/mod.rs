//! The API's nouns, each in a folder of its own: its record, what can be asked, how the sandbox answers, its verbs.

pub mod catalogue;
pub mod lines;
pub mod project;
pub(crate) mod tokens;
pub mod users;
pub mod webhooks;
