//! `users delete`.

use std::collections::HashSet;

use clap::Args;
use serde::Serialize;

use super::endpoints::{Delete, List};
use super::lookup::{self, Found, UserKey};
use crate::failure::{Code, Exit, Failure};
use crate::http::{Call, Client, Error};
use crate::interrupt;
use crate::model::words::count;
use crate::output::format::Format;
use crate::output::{Column, sanitize};
use crate::session::Session;
use crate::verbs::dry_run::{self, DryRequest};

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users delete +14155550123
  spectrum users delete --yes --ignore-missing 3c90c3cc-0d44-4b50-8888-8dd25736052a

Off a terminal --yes is needed. Exit codes: 2 not confirmed, 5 no such user,
6 several users have this phone number.";

/// What a deletion answers.
const DELETED: [Column; 2] = [Column::shown("id", "ID", 0, true), Column::shown("deleted", "DELETED", 1, true)];

/// Whom to delete.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Ids or phone numbers
    #[arg(required = true, value_name = "USER", value_parser = lookup::parse_key)]
    pub users: Vec<UserKey>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// A user that is not there is success
    #[arg(long)]
    pub ignore_missing: bool,
    /// Print the requests and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Deleted<'a> {
    id: &'a str,
    deleted: bool,
}

/// Deletes users.
///
/// # Errors
/// Confirmation required, not found, ambiguous, or whatever a call met; what was deleted before is printed all the same.
pub fn delete(args: &DeleteArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&DELETED)?;
    if args.dry_run {
        return dry_run(args, session);
    }
    if !args.yes && !session.prompt.can_ask {
        session.prompt.confirm(&format!("delete {}", count(args.users.len(), "user")), "--yes")?;
    }
    // Everybody is known before the first one is deleted.
    let mut users = Vec::new();
    for key in &args.users {
        users.extend(identify(key, args, session)?);
    }
    let users = distinct(users);
    if !args.yes && !users.is_empty() {
        confirm(&users, session)?;
    }
    let client = session.client()?;
    let (pace, out) = (client.pace().clone(), session.out.clone());
    interrupt::on_first(move || {
        pace.cancel();
        if out.format() == Format::Table {
            out.note("\ninterrupted: finishing the request in flight (Ctrl-C again ends at once)");
        }
    });
    let mut deleted: Vec<&(String, String)> = Vec::new();
    let mut failure = None;
    for user in &users {
        let (id, _) = user;
        match delete_one(client, id) {
            Ok(()) => deleted.push(user),
            Err(error) if error.is_absent() && args.ignore_missing => {
                session.out.note(format!("{} is not there", sanitize::line(id)))
            }
            Err(error) if error.is_absent() => {
                let said = error.message.clone();
                failure.get_or_insert(Failure {
                    message: format!("no active user has the id {id}: {said}"),
                    ..error.into()
                });
            }
            Err(error) => {
                let mut stop = Failure::from(error);
                stop.context.push(format!("while deleting {id}; {} of {} were deleted", deleted.len(), users.len()));
                failure = Some(stop);
                break;
            }
        }
    }
    // What was done is said even when something failed; a document is complete either way.
    if failure.is_none() || !deleted.is_empty() {
        tell(&deleted, session)?;
    }
    failure.map_or(Ok(Exit::Done), Err)
}

/// Asks, with everybody's name in sight.
fn confirm(users: &[(String, String)], session: &Session) -> Result<(), Failure> {
    if let [(_, name)] = users {
        return session.prompt.confirm(&format!("Delete {name}?"), "--yes");
    }
    for (_, name) in users {
        session.out.log(format!("  {name}"));
    }
    session.prompt.confirm(&format!("Delete {}?", count(users.len(), "user")), "--yes")
}

/// Says who was deleted: a line each for a person, records for a program.
fn tell(deleted: &[&(String, String)], session: &Session) -> Result<(), Failure> {
    if session.out.format() == Format::Table && session.settings.fields.is_none() {
        return session.out.lines(deleted, |lines, (_, name)| {
            lines.push_str(&format!("deleted {}\n", sanitize::line(name)));
            Ok(())
        });
    }
    let records: Vec<Deleted<'_>> = deleted.iter().map(|(id, _)| Deleted { id, deleted: true }).collect();
    session.out.many_of_ours(&DELETED, &records)
}

/// Deletes one user by id. Absence that answers a repeated attempt is success: the first one did it.
///
/// # Errors
/// Whatever the call met.
pub fn delete_one(client: &Client, id: &str) -> Result<(), Error> {
    match client.call(&Delete(id)) {
        Err(error) if error.is_absent_after_retry() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Ids and names without those whose id was there before: who is named twice is deleted once, in capitals or not.
pub fn distinct(mut users: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut known = HashSet::new();
    users.retain(|(id, _)| known.insert(id.to_ascii_lowercase()));
    users
}

/// The id, and what the person is called. Off a prompt an id is taken as it is: the delete itself will tell.
fn identify(key: &UserKey, args: &DeleteArgs, session: &Session) -> Result<Option<(String, String)>, Failure> {
    if let (UserKey::Id(id), true) = (key, args.yes) {
        return Ok(Some((id.to_string(), id.to_string())));
    }
    let error = match lookup::one(session.client()?, key) {
        Ok(found) => return Ok(Some((found.user()?.id.into_owned(), describe(&found)?))),
        Err(error) => error,
    };
    if error.code == Code::NotFound && args.ignore_missing {
        session.out.note(format!("{} is not there", show(key)));
        return Ok(None);
    }
    Err(error)
}

fn describe(found: &Found) -> Result<String, Failure> {
    let user = found.user()?;
    let name = user.full_name();
    let who = if name.is_empty() { user.phone_number.into_owned() } else { format!("{name} ({})", user.phone_number) };
    Ok(sanitize::line(&who).into_owned())
}

fn show(key: &UserKey) -> &str {
    match key {
        UserKey::Id(id) => id.as_str(),
        UserKey::Phone(phone) => phone.as_str(),
    }
}

fn dry_run(args: &DeleteArgs, session: &Session) -> Result<Exit, Failure> {
    let (base_url, project) = session.dry_target()?;
    let delete = |id: &str| Call::of(&Delete(id), &project);
    let mut requests = Vec::new();
    for key in &args.users {
        match key {
            UserKey::Id(id) => requests.push(DryRequest::of(&delete(id.as_str())?, &base_url)),
            UserKey::Phone(phone) => {
                let look_up = List { search: Some(phone.to_string()), ..List::default() };
                requests.push(DryRequest::of(&Call::of(&look_up, &project)?, &base_url));
                requests.push(DryRequest::of(&delete("{id}")?, &base_url));
            }
        }
    }
    dry_run::print_all(session, &requests)
}
