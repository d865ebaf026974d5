//! The project.

use clap::Subcommand;

use crate::failure::{Exit, Failure};
use crate::http::{Endpoint as _, Spec};
use crate::output::Column;
use crate::output::format::OutputFormat;
use crate::session::Session;
use crate::verbs;
use crate::verbs::noun::Verbs;

use super::endpoints::Show;
use super::usage;

/// What can be asked of the project.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum ProjectVerb {
    /// Show the project's name and profile
    #[command(
        visible_alias = "get",
        after_help = "Examples:\n  spectrum project show\n  spectrum project show -o csv --fields slug"
    )]
    Show,
    /// Show how the seats are used and who has not opted in yet
    #[command(after_help = usage::AFTER_HELP)]
    Usage,
}

/// The project.
pub const PROJECT: [Column; 8] = [
    Column::shown("name", "NAME", 0, false),
    Column::shown("slug", "SLUG", 1, false),
    Column::shown("id", "ID", 1, true),
    Column::shown("profile.firstName", "FIRST NAME", 2, false),
    Column::shown("profile.lastName", "LAST NAME", 2, false),
    Column::shown("profile.avatarUrl", "AVATAR", 3, false),
    Column::shown("profile.imessageSynced", "SYNCED", 3, false),
    Column::on_request("profile", "PROFILE"),
];

impl Verbs for ProjectVerb {
    const NAME: &'static str = "project";
    const ALIAS: &'static str = "projects";
    const ABOUT: &'static str = "Show the project";
    const SHOWN: &'static [(Spec, &'static [Column])] = &[(Show::SPEC, &PROJECT)];

    fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Show => show(session),
            Self::Usage => usage::usage(session),
        }
    }
}

fn show(session: &Session) -> Result<Exit, Failure> {
    if session.out.format() == OutputFormat::Id {
        // Not every revision's project holds its id: it is the one that was asked for.
        let client = session.client()?;
        client.call(&Show)?;
        session.out.text(&format!("{}\n", client.project()))?;
        return Ok(Exit::Done);
    }
    verbs::show(session, &Show, &PROJECT)
}
