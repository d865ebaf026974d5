//! One file a noun, one function a verb: `fn(args, &Session) -> Result<ExitStatus>`.

pub mod api;
pub mod completions;
pub mod dry_run;
pub mod exec;
pub mod help;
pub mod lines;
pub mod man;
pub mod profiles;
pub mod project;
pub mod request_log;
pub mod sandbox;
pub mod users;
