//! `sandbox reset`: a server back to its seed, or an empty store.

use std::path::PathBuf;

use clap::Args;
use reqwest::Method;
use serde::Serialize;

use super::sandbox_control::{Control, read};
use super::sandbox_store::{is_default, running_at, store, unusable};
use crate::failure::{Exit, Failure};
use crate::model::words::count;
use crate::output::format::OutputFormat;
use crate::sandbox::control::answers::ResetDone;
use crate::sandbox::{self, Reset};
use crate::session::Session;

/// Examples and what is meant.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum sandbox reset --yes
  spectrum sandbox reset --store test.sqlite3 --yes

A server goes back to what it was started with: the seed, its faults, no
requests. It is found by --url, else SPECTRUM_CLOUD_URL, else it is the one on
the store; while none runs there, the store is emptied.";

/// Go back to the seed of a sandbox that runs, or forget every user of a store
#[derive(Debug, Args)]
pub struct ResetArgs {
    /// The store [default: the one that -P sandbox uses]
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub store: Option<PathBuf>,
    /// The sandbox [default: SPECTRUM_CLOUD_URL, else the one on the store]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    /// The store that was emptied; null when a server was reset.
    store: Option<String>,
    /// The server that was reset.
    url: Option<String>,
    /// Null when the store was replaced: then nobody could count them.
    deleted_users: Option<u64>,
    /// Users of the seed that are there now.
    users: usize,
}

/// Resets what is meant.
///
/// # Errors
/// Confirmation required; network, when a server that is named does not answer; config, when the store cannot be used.
pub fn reset(args: &ResetArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    let done = match running(args, session)? {
        Some(control) => reset_server(&control, args.yes, session)?,
        None => reset_store(args, session)?,
    };
    if session.out.format() != OutputFormat::Table {
        session.out.document(&done)?;
        return Ok(Exit::Done);
    }
    session.out.note(match (&done.store, done.deleted_users) {
        (Some(store), None) => format!("{store} is a new store; the old one could not be used"),
        (_, Some(deleted)) => {
            let seed =
                if done.users > 0 { format!("; {} of the seed", count(done.users, "user")) } else { String::new() };
            format!("forgot {}{seed}", count(deleted, "user"))
        }
        (None, None) => String::new(),
    });
    Ok(Exit::Done)
}

/// The server that is meant; none when there is only a store, of whatever kind.
fn running(args: &ResetArgs, session: &Session) -> Result<Option<Control>, Failure> {
    let is_named = args.url.is_some() || session.environment.var("SPECTRUM_CLOUD_URL").is_some();
    let url = match &args.store {
        None if is_named => running_at(args.url.as_deref(), session)?,
        path => {
            // What cannot be looked at is replaced, or complained of.
            let found = sandbox::status(&store(path.clone(), session)?).map(|status| status.running);
            found.unwrap_or_default().into_iter().next().and_then(|server| server.url.parse().ok())
        }
    };
    Ok(url.map(|url| Control::at(url, session)))
}

fn reset_server(control: &Control, yes: bool, session: &Session) -> Result<Done, Failure> {
    let place = control.place();
    if !yes {
        let question = format!("forget what the sandbox at {place} has met, and go back to where it began?");
        session.prompt.confirm(&question, "--yes")?;
    }
    let answer = control.ask(Method::POST, "reset", None)?;
    let ResetDone { deleted_users, users } = read(&answer)?;
    Ok(Done { store: None, url: Some(place.to_owned()), deleted_users: Some(deleted_users), users })
}

fn reset_store(args: &ResetArgs, session: &Session) -> Result<Done, Failure> {
    let path = store(args.store.clone(), session)?;
    let (shown, is_default) = (path.display(), is_default(&path, session));
    if !args.yes {
        let question = match sandbox::status(&path) {
            Ok(state) => {
                let users = state.shared_users + state.dedicated_users;
                format!("forget {} of the sandbox's store {shown}?", count(users, "user"))
            }
            Err(error) if sandbox::status::can_replace(&path, &error, is_default) => {
                format!("replace the sandbox's store {shown} by an empty one? it cannot be used: {error}")
            }
            Err(error) => return Err(unusable(&path, &error, session)),
        };
        session.prompt.confirm(&question, "--yes")?;
    }
    let done = sandbox::reset(&path, is_default).map_err(|error| unusable(&path, &error, session))?;
    let deleted_users = match done {
        Reset::Forgot(users) => Some(users),
        Reset::Replaced => None,
    };
    Ok(Done { store: Some(shown.to_string()), url: None, deleted_users, users: 0 })
}
