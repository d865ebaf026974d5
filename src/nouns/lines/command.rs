//! The lines of a project.

use std::collections::HashMap;

use clap::{Args, Subcommand};

use crate::failure::{Code, Exit, Failure};
use crate::http::envelope;
use crate::nouns::lines::model::Line;
use crate::nouns::users::endpoints::UserFilter;
use crate::nouns::users::model::{User, UserType};
use crate::output::format::Format;
use crate::output::{Column, sanitize};
use crate::session::Session;

/// What can be asked of lines.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Verb {
    /// List the lines that the project owns
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  spectrum lines list\n  spectrum lines list --platform imessage -o json"
    )]
    List(ListArgs),
    /// Show the line that the service would choose for a new user
    #[command(
        after_help = "Examples:\n  spectrum lines route\n  spectrum lines route -o json | jq -r .phoneNumber\n\nExit codes: 5 the project owns no line."
    )]
    Route,
}

/// Which lines to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only lines of this platform, such as imessage
    #[arg(long, value_name = "P")]
    pub platform: Option<String>,
}

const LINE: [Column; 6] = [
    Column::shown("phoneNumber", "PHONE", 0, true),
    Column::shown("platform", "PLATFORM", 2, true),
    Column::shown("status", "STATUS", 1, true),
    Column::shown("id", "ID", 3, true),
    Column::shown("createdAt", "CREATED", 4, true),
    Column::on_request("profile", "PROFILE"),
];

/// A route's answer adds whether the best line is free.
const ROUTE: [Column; 7] =
    [LINE[0], LINE[1], LINE[2], LINE[3], LINE[4], LINE[5], Column::shown("isBestAvailable", "BEST AVAILABLE", 1, true)];

/// Runs a verb.
///
/// # Errors
/// Whatever the call met.
pub fn run(verb: Verb, session: &Session) -> Result<Exit, Failure> {
    match verb {
        Verb::List(args) => list(&args, session),
        Verb::Route => route(session),
    }
}

fn list(args: &ListArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&LINE)?;
    let answer = session.client()?.list_lines(args.platform.as_deref())?;
    let lines = answer.lines()?;
    if lines.is_empty() && session.out.format() == Format::Table {
        session.out.note("the project owns no lines; shared users need none");
        return Ok(Exit::Done);
    }
    let records: Vec<&str> = lines.iter().map(|raw| raw.get()).collect();
    session.out.many(&LINE, &records)?;
    Ok(Exit::Done)
}

fn route(session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&ROUTE)?;
    let answer = session.client()?.best_line()?;
    session.out.one(&ROUTE, answer.data()?)?;
    Ok(Exit::Done)
}

/// Lets the person choose one of the project's lines, each shown with its load.
///
/// # Errors
/// When the project owns none, or a call failed.
pub fn choose(session: &Session) -> Result<String, Failure> {
    let client = session.client()?;
    let answer = client.list_lines(None)?;
    let mut numbers = Vec::new();
    for raw in answer.lines()? {
        let line: Line<'_> = envelope::record(raw, "a line")?;
        if let Some(number) = line.phone_number {
            numbers.push((number.into_owned(), line.status.map(|status| status.into_owned())));
        }
    }
    if numbers.is_empty() {
        return Err(Failure::new(Code::NotFound, "the project owns no line, so it can have no dedicated users")
            .hint("register a shared user instead, with --shared"));
    }
    let users = client.list_users(&UserFilter { kind: Some(UserType::Dedicated), ..UserFilter::default() })?;
    let mut load: HashMap<String, usize> = HashMap::new();
    for raw in users.users()?.users {
        let user: User<'_> = envelope::record(raw, "a user")?;
        if let Some(number) = user.assigned_phone_number {
            *load.entry(number.into_owned()).or_default() += 1;
        }
    }
    let item = |(number, status): &(String, Option<String>)| {
        let users = load.get(number).copied().unwrap_or(0);
        let status = status.as_deref().map(|status| format!(", {}", sanitize::line(status))).unwrap_or_default();
        format!("{}  ({users} users{status})", sanitize::line(number))
    };
    let items: Vec<String> = numbers.iter().map(item).collect();
    let chosen = session.prompt.choose("Line", &items)?;
    Ok(numbers.swap_remove(chosen).0)
}
