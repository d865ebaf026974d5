//! The users of a project.

use clap::Subcommand;

use super::{apply, create, delete, get, link, list};

use crate::failure::{Exit, Failure};
use crate::session::Session;

/// What can be done with users.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Verb {
    /// Register a user, or get back the one that is there
    #[command(visible_alias = "add", after_help = create::AFTER_HELP)]
    Create(create::CreateArgs),
    /// List the project's active users
    #[command(visible_alias = "ls", after_help = list::AFTER_HELP)]
    List(list::ListArgs),
    /// Show one user
    #[command(visible_alias = "show", after_help = get::AFTER_HELP)]
    Get(get::GetArgs),
    /// Delete users; their numbers are given back
    #[command(visible_alias = "rm", after_help = delete::AFTER_HELP)]
    Delete(delete::DeleteArgs),
    /// Make the project's users those of a file
    #[command(after_help = apply::AFTER_HELP)]
    Apply(apply::ApplyArgs),
    /// Print the link that opens a conversation with a user's number
    #[command(after_help = link::AFTER_HELP)]
    Link(link::LinkArgs),
}

/// Runs a verb.
///
/// # Errors
/// Whatever the verb met.
pub fn run(verb: Verb, session: &Session) -> Result<Exit, Failure> {
    match verb {
        Verb::Create(args) => create::create(args, session),
        Verb::List(args) => list::list(&args, session),
        Verb::Get(args) => get::get(&args, session),
        Verb::Delete(args) => delete::delete(&args, session),
        Verb::Apply(args) => apply::apply(&args, session),
        Verb::Link(args) => link::link(&args, session),
    }
}
