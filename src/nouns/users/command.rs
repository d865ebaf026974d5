//! The users of a project.

use clap::Subcommand;

use super::columns::USER;
use super::endpoints::{Create, Get, List};
use super::{apply, create, delete, get, link, list, template, wait};

use crate::failure::{Exit, Failure};
use crate::http::{Endpoint as _, Spec};
use crate::output::Column;
use crate::session::Session;
use crate::verbs::noun::Verbs;

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UsersVerb {
    #[command(visible_alias = "add", after_help = create::AFTER_HELP)]
    Create(create::CreateArgs),
    #[command(visible_alias = "ls", after_help = list::AFTER_HELP)]
    List(list::ListArgs),
    #[command(visible_alias = "show", after_help = get::AFTER_HELP)]
    Get(get::GetArgs),
    #[command(after_help = wait::AFTER_HELP)]
    Wait(wait::WaitArgs),
    #[command(visible_alias = "rm", after_help = delete::AFTER_HELP)]
    Delete(delete::DeleteArgs),
    #[command(after_help = apply::AFTER_HELP)]
    Apply(apply::ApplyArgs),
    #[command(after_help = template::AFTER_HELP)]
    Template(template::TemplateArgs),
    #[command(after_help = link::AFTER_HELP)]
    Link(link::LinkArgs),
}

impl Verbs for UsersVerb {
    const NAME: &'static str = "users";
    const ALIAS: &'static str = "user";
    const ABOUT: &'static str = "Register, list, look up and delete the users of a project";
    const SHOWN: &'static [(Spec, &'static [Column])] =
        &[(Create::SPEC, &USER), (List::SPEC, &USER), (Get::SPEC, &USER)];

    fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Create(args) => create::create(args, session),
            Self::List(args) => list::list(&args, session),
            Self::Get(args) => get::get(&args, session),
            Self::Wait(args) => wait::wait(&args, session),
            Self::Delete(args) => delete::delete(&args, session),
            Self::Apply(args) => apply::apply(&args, session),
            Self::Template(args) => template::template(&args, session),
            Self::Link(args) => link::link(&args, session),
        }
    }
}
