//! The project.

use clap::Subcommand;

use crate::failure::{Exit, Failure};
use crate::output::Column;
use crate::output::format::Format;
use crate::session::Session;

/// What can be asked of the project.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Verb {
    /// Show the project's name and profile
    #[command(
        visible_alias = "get",
        after_help = "Examples:\n  spectrum project show\n  spectrum project show -o json | jq -r .slug"
    )]
    Show,
}

const PROJECT: [Column; 7] = [
    Column::shown("name", "NAME", 0, false),
    Column::shown("slug", "SLUG", 1, false),
    Column::shown("profile.firstName", "FIRST NAME", 2, false),
    Column::shown("profile.lastName", "LAST NAME", 2, false),
    Column::shown("profile.avatarUrl", "AVATAR", 3, false),
    Column::shown("profile.imessageSynced", "SYNCED", 3, false),
    Column::on_request("profile", "PROFILE"),
];

/// Runs a verb.
///
/// # Errors
/// Whatever the call met.
pub fn run(verb: Verb, session: &Session) -> Result<Exit, Failure> {
    match verb {
        Verb::Show => show(session),
    }
}

fn show(session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&PROJECT)?;
    let client = session.client()?;
    let answer = client.show_project()?;
    if session.out.format() == Format::Id {
        // The project's own object holds no id: it is the one that was asked for.
        session.out.text(&format!("{}\n", client.project()))?;
        return Ok(Exit::Done);
    }
    session.out.one(&PROJECT, answer.data()?)?;
    Ok(Exit::Done)
}
