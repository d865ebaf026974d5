//! `users delete`.

use std::collections::HashSet;

use clap::Args;
use jiff::Timestamp;

use super::endpoints::{Delete, List};
use super::lookup::{self, UserKey};
use super::max_delete::MaxDelete;
use super::selection::{self, Filters};
use crate::failure::{Code, Exit, Failure};
use crate::http::{Call, Client, Error};
use crate::model::words::count;
use crate::output::format::OutputFormat;
use crate::output::sanitize;
use crate::session::Session;
use crate::verbs::deleted::{self, DELETED, Deleted};
use crate::verbs::dry_run::{self, DryRequest};
use crate::verbs::in_flight;
use crate::verbs::progress::Progress;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users delete +14155550123 --yes
  spectrum users delete --not-opted-in \\
      --older-than 30d --max-delete 5% --dry-run

Off a terminal --yes is needed. With a filter the project's owner is left alone. Exit codes: 2 not confirmed, 5 no such user,
6 several users have this phone number.";

/// Delete users; their numbers are given back
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Ids or phone numbers
    #[arg(value_name = "USER")]
    pub users: Vec<String>,
    /// The filters.
    #[command(flatten)]
    pub filters: Filters,
    /// With a filter: refuse to delete more users, or a larger share of the
    /// project
    #[arg(long, value_name = "N|P%", default_value_t = MaxDelete::Users(10))]
    pub max_delete: MaxDelete,
    /// With a filter: the project's owner, too
    #[arg(long)]
    pub owner_too: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// A user that is not there is success
    #[arg(long)]
    pub ignore_missing: bool,
    /// Print the requests that would delete, and delete nobody
    #[arg(long)]
    pub dry_run: bool,
}

/// Who is meant: by name, or by filters.
struct Whom {
    keys: Vec<UserKey>,
    filters: Filters,
}

/// Somebody to delete: the id, and what a person calls them.
type Doomed = (String, String);

/// Deletes users.
///
/// # Errors
/// Confirmation required, not found, ambiguous, or whatever a call met; what was deleted before is printed all the same.
pub fn delete(args: &DeleteArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&DELETED)?;
    args.check()?;
    let whom = Whom { keys: lookup::keys(&args.users, session)?, filters: args.filters.read(session)? };
    if args.dry_run {
        return dry_run(&whom, args, session);
    }
    if !args.yes && !session.prompt.can_ask {
        let whom =
            if args.users.is_empty() { "the users that match".to_owned() } else { count(args.users.len(), "user") };
        session.prompt.confirm(&format!("delete {whom}"), "--yes")?;
    }
    // Everybody is known before the first one is deleted.
    let users = targets(&whom, args, session)?;
    if !args.yes && !users.is_empty() {
        confirm(&users, session)?;
    }
    let client = session.client()?;
    in_flight::finish(session, "request")?;
    let mut done: Vec<&Doomed> = Vec::new();
    let mut failure = None;
    let is_for_person = session.out.format() == OutputFormat::Table && session.settings.fields.is_none();
    // An output that is full stops nothing: what was begun is finished, and then it is said.
    let mut told = Ok(());
    let mut progress = Progress::new(if users.len() > 1 { users.len() } else { 0 }, session);
    for user in &users {
        let (id, name) = user;
        let result = delete_one(client, id);
        progress.step();
        match result {
            Ok(()) => {
                done.push(user);
                if is_for_person {
                    let line = format!("deleted {}\n", sanitize::line(name));
                    told = told.and(progress.aside(|| session.out.text(&line)));
                }
            }
            Err(error) if error.is_absent() && args.ignore_missing => {
                progress.aside(|| session.out.note(format!("{} is not there", sanitize::line(id))));
            }
            Err(error) if error.is_absent() => {
                let said = error.message.clone();
                let message = format!("no active user has the id {id}: {said}");
                if users.len() > 1 && is_for_person {
                    progress.aside(|| session.out.log(format!("failed: {}: {said}", sanitize::line(name))));
                }
                failure.get_or_insert(Failure { message, ..error.into() });
            }
            Err(error) => {
                let mut stop = Failure::from(error);
                stop.context.push(format!("while deleting {id}; {} of {} were deleted", done.len(), users.len()));
                // A filter finds whom it means anew.
                let forgives = args.ignore_missing || args.users.is_empty();
                failure = Some(deleted::go_on(stop, done.len(), forgives));
                break;
            }
        }
    }
    progress.finish();
    // What was done is said even when something failed; a document is complete either way.
    if !is_for_person && (failure.is_none() || !done.is_empty()) {
        let records: Vec<Deleted<'_>> = done.iter().map(|(id, _)| Deleted::new(id)).collect();
        session.out.many_of_ours(&DELETED, &records)?;
    }
    failure.map_or(told.map(|()| Exit::Done), Err)
}

impl DeleteArgs {
    /// Either users or a filter say whom: nobody at all is nobody, and not everybody.
    fn check(&self) -> Result<(), Failure> {
        match (self.users.is_empty(), self.filters.is_empty()) {
            (true, true) => {
                Err(Failure::new(Code::Usage, "nobody is named: give a USER, or a filter such as --older-than 30d")
                    .hint("`spectrum users delete --help` shows the filters"))
            }
            (false, false) => Err(Failure::new(Code::Usage, "a USER and a filter exclude each other")
                .hint("delete those by name first, then those by filter")),
            _ => Ok(()),
        }
    }
}

/// Everybody who is to be deleted, each once.
fn targets(whom: &Whom, args: &DeleteArgs, session: &Session) -> Result<Vec<Doomed>, Failure> {
    if whom.keys.is_empty() {
        return filtered(&whom.filters, args, session);
    }
    let mut users = Vec::new();
    for key in &whom.keys {
        users.extend(identify(key, args, session)?);
    }
    Ok(distinct(users))
}

/// Whom the filters mean. The project's owner is left alone, and more than `--max-delete` are refused.
fn filtered(filters: &Filters, args: &DeleteArgs, session: &Session) -> Result<Vec<Doomed>, Failure> {
    let client = session.client()?;
    let answers = selection::read_all(client, &filters.asked())?;
    let selected = selection::select(&answers, filters, Timestamp::now())?;
    let mut users = Vec::new();
    for listed in selected {
        let who = selection::name_and_number(&listed.user);
        if listed.user.meta.project_owner && !args.owner_too {
            session.out.note(format!("{who} owns the project and is left alone; --owner-too deletes them as well"));
        } else {
            users.push((listed.user.id.to_string(), who));
        }
    }
    let size = match args.max_delete {
        MaxDelete::Users(_) => 0,
        MaxDelete::Percent(_) => selection::read_all(client, &List::default())?
            .iter()
            .map(|answer| answer.read().map(|list| list.items.len()))
            .sum::<Result<usize, _>>()?,
    };
    let allowed = args.max_delete.of(size);
    if users.len() > allowed && !args.dry_run {
        let message = format!(
            "the filter means {}, and --max-delete allows {allowed}; nobody was deleted",
            count(users.len(), "user")
        );
        let hint = format!(
            "look at them with `spectrum users list` and the same filter; if it is right, add `--max-delete {}`",
            users.len()
        );
        return Err(Failure::new(Code::ConfirmationRequired, message).hint(hint));
    }
    Ok(users)
}

/// Asks, with everybody's name in sight.
fn confirm(users: &[Doomed], session: &Session) -> Result<(), Failure> {
    if let [(_, name)] = users {
        return session.prompt.confirm(&format!("Delete {name}?"), "--yes");
    }
    for (_, name) in users {
        session.out.log(format!("  {name}"));
    }
    session.prompt.confirm(&format!("Delete {}?", count(users.len(), "user")), "--yes")
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
pub fn distinct(mut users: Vec<Doomed>) -> Vec<Doomed> {
    let mut known = HashSet::new();
    users.retain(|(id, _)| known.insert(id.to_ascii_lowercase()));
    users
}

/// The id, and what the person is called. Off a prompt an id is taken as it is: the delete itself will tell.
fn identify(key: &UserKey, args: &DeleteArgs, session: &Session) -> Result<Option<Doomed>, Failure> {
    if let (UserKey::Id(id), true) = (key, args.yes) {
        return Ok(Some((id.to_string(), id.to_string())));
    }
    let error = match lookup::one(session.client()?, key) {
        Ok(found) => return Ok(Some((found.user()?.id.into_owned(), selection::name_and_number(&found.user()?)))),
        Err(error) => error,
    };
    if error.code == Code::NotFound && args.ignore_missing {
        session.out.note(format!("{} is not there", show(key)));
        return Ok(None);
    }
    Err(error)
}

fn show(key: &UserKey) -> &str {
    match key {
        UserKey::Id(id) => id.as_str(),
        UserKey::Phone(phone) => phone.as_str(),
    }
}

/// Prints what would be sent. Who is named by a number or meant by a filter has to be read for that; an id needs
/// nothing, not even credentials.
fn dry_run(whom: &Whom, args: &DeleteArgs, session: &Session) -> Result<Exit, Failure> {
    dry_run::check_no_fields(session)?;
    let (base_url, project) = session.dry_target()?;
    let ids: Vec<String> = whom
        .keys
        .iter()
        .filter_map(|key| match key {
            UserKey::Id(id) => Some(id.to_string()),
            UserKey::Phone(_) => None,
        })
        .collect();
    let needs_reading = whom.keys.is_empty() || ids.len() < whom.keys.len();
    let ids = match needs_reading {
        true => targets(whom, args, session)?.into_iter().map(|(id, _)| id).collect(),
        false => ids,
    };
    let requests = ids.iter().map(|id| Ok(DryRequest::of(&Call::of(&Delete(id), &project)?, &base_url)));
    let done = if needs_reading { "dry run: nobody was deleted" } else { dry_run::NOTHING_SENT };
    dry_run::print_all(session, &requests.collect::<Result<Vec<_>, Failure>>()?, done)
}
