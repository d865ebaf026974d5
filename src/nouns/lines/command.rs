//! The lines of a project.

use std::collections::HashMap;

use clap::{Args, Subcommand};

use super::endpoints::{Best, List};
use super::model::Line;
use crate::failure::{Code, Exit, Failure};
use crate::http::answer;
use crate::http::{Endpoint as _, Spec};
use crate::model::words::count;
use crate::nouns::users;
use crate::nouns::users::model::{User, UserType};
use crate::output::{Column, sanitize};
use crate::session::Session;
use crate::verbs;
use crate::verbs::noun::Verbs;

/// What can be asked of lines.
#[derive(Debug, Subcommand)]
pub enum LinesVerb {
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  spectrum lines list\n  spectrum lines list --platform imessage -o json"
    )]
    List(ListLinesArgs),
    /// Show the line that the service would choose for a new user
    #[command(
        after_help = "Examples:\n  spectrum lines route\n  spectrum lines route -o csv --fields phoneNumber\n\nExit codes: 5 the project owns no line."
    )]
    Route,
}

/// List the lines that the project owns
#[derive(Debug, Args)]
pub struct ListLinesArgs {
    /// Only lines of this platform, such as imessage
    #[arg(long, value_name = "P")]
    pub platform: Option<String>,
}

/// A line.
pub const LINE: [Column; 6] = [
    Column::shown("phoneNumber", "PHONE", 0, true),
    Column::shown("platform", "PLATFORM", 2, true),
    Column::shown("status", "STATUS", 1, true),
    Column::shown("id", "ID", 3, true),
    Column::shown("createdAt", "CREATED", 4, true).moment(),
    Column::on_request("profile", "PROFILE"),
];

/// A route's answer adds whether the best line is free.
pub const ROUTE: [Column; 7] =
    [LINE[0], LINE[1], LINE[2], LINE[3], LINE[4], LINE[5], Column::shown("isBestAvailable", "BEST AVAILABLE", 1, true)];

impl Verbs for LinesVerb {
    const NAME: &'static str = "lines";
    const ALIAS: &'static str = "line";
    const ABOUT: &'static str = "Show the lines that the project owns";
    const SHOWN: &'static [(Spec, &'static [Column])] = &[(List::SPEC, &LINE), (Best::SPEC, &ROUTE)];

    fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::List(args) => {
                let list = List { platform: args.platform };
                verbs::list(session, &list, &LINE, "line", "the project owns no lines; shared users need none")
            }
            Self::Route => route(session),
        }
    }
}

fn route(session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&ROUTE)?;
    let reply = session.client()?.call(&Best)?;
    session.out.one(&ROUTE, &reply.read()?.record)?;
    Ok(Exit::Done)
}

/// Lets the person choose one of the project's lines, each shown with its load.
///
/// # Errors
/// When the project owns none, or a call failed.
pub fn choose(session: &Session) -> Result<String, Failure> {
    let client = session.client()?;
    let answer = client.call(&List::default())?;
    let mut numbers = Vec::new();
    for raw in answer.read()?.items {
        let line: Line<'_> = answer::record(raw, "a line")?;
        if let Some(number) = line.phone_number {
            numbers.push((number.into_owned(), line.status.map(|status| status.into_owned())));
        }
    }
    if numbers.is_empty() {
        return Err(Failure::new(Code::NotFound, "the project owns no line, so it can have no dedicated users")
            .hint("register a shared user instead, with `--shared`"));
    }
    let dedicated = client.call(&users::endpoints::List { kind: Some(UserType::Dedicated), ..Default::default() })?;
    let mut load: HashMap<String, usize> = HashMap::new();
    for raw in dedicated.read()?.items {
        let user: User<'_> = answer::record(raw, "a user")?;
        if let Some(number) = user.assigned_phone_number {
            *load.entry(number.into_owned()).or_default() += 1;
        }
    }
    let item = |(number, status): &(String, Option<String>)| {
        let users = load.get(number).copied().unwrap_or(0);
        let status = status.as_deref().map(|status| format!(", {}", sanitize::line(status))).unwrap_or_default();
        format!("{}  ({}{status})", sanitize::line(number), count(users, "user"))
    };
    let items: Vec<String> = numbers.iter().map(item).collect();
    let chosen = session.prompt.choose("Line", &items)?;
    Ok(numbers.swap_remove(chosen).0)
}
