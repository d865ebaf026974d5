//! `users wait`: until each user can be messaged.
//!
//! On a shared line nothing is delivered until the person has texted the assigned number; the service then sets
//! `meta.opt_in`. It tells nobody, so it is asked: everybody in one request, more and more rarely.

use std::time::{Duration, Instant};

use clap::Args;

use super::columns::USER;
use super::endpoints::{Get, List};
use super::lookup::{self, Found, UserKey};
use crate::failure::{Code, Exit, Failure};
use crate::http::{Client, answer};
use crate::interrupt;
use crate::model::words::count;
use crate::model::{parse_duration, time};
use crate::output::format::Format;
use crate::output::record::Shape;
use crate::output::sanitize;
use crate::session::Session;
use crate::verbs::spinner::Spinner;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users wait +14155550123
  spectrum users wait +14155550123 +14155550124 --for 1h -o ndjson

A shared user can be messaged once they have texted their number; dedicated
users can be at once. Exit codes: 5 no such user, or deleted meanwhile; 8 not
all in time (the users are printed as they are); 130 Ctrl-C.";

/// How long is waited when nobody says otherwise.
pub const PATIENCE: &str = "10m";
/// The first pause between two questions.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// More ids than this, and the whole list is asked for: a request's line has its limits.
const IDS_AT_ONCE: usize = 50;
/// Who is missing is named up to this many.
const NAMED: usize = 3;

/// For whom to wait, and how long.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// Ids or phone numbers
    #[arg(required = true, value_name = "USER", value_parser = lookup::parse_key)]
    pub users: Vec<UserKey>,
    /// How long to wait at most, such as 90s, 10m or 2h
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, default_value = PATIENCE)]
    pub patience: Duration,
}

/// Waits for users.
///
/// # Errors
/// Not found; timeout, when not all could be messaged in time; or whatever a call met that waiting does not mend.
pub fn wait(args: &WaitArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&USER)?;
    let client = session.client()?;
    let mut users: Vec<Found> = Vec::new();
    for key in &args.users {
        let found = lookup::one(client, key)?;
        let id = found.user()?.id.into_owned();
        let mut known = users.iter().map(|other| other.user().map(|other| other.id == id));
        if !known.any(|is_same| is_same.unwrap_or(false)) {
            users.push(found);
        }
    }
    let shape = if args.users.len() == 1 { Shape::One } else { Shape::Many };
    wait_for(users, args.patience, shape, session)
}

/// Waits until each of these users can be messaged, and prints them as they then are.
///
/// # Errors
/// As [`wait`].
pub fn wait_for(users: Vec<Found>, patience: Duration, shape: Shape, session: &Session) -> Result<Exit, Failure> {
    let client = session.client()?;
    let pace = client.pace().clone();
    interrupt::on_first(move || pace.cancel());
    let mut waiting = Waiting { users, arrived: Vec::new(), session, shape };
    waiting.arrived = vec![false; waiting.users.len()];
    let spinner = Spinner::start(session);
    let deadline = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    waiting.look(&spinner)?;
    let ended = loop {
        let missing = waiting.missing()?;
        if missing.is_empty() {
            break Ok(());
        }
        spinner.say(&format!("waiting for {}", told(&missing)));
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let message = format!("{} did not text their number within {}", told(&missing), time::show(patience));
            break Err(Failure::new(Code::Timeout, message).hint("run the same command again to go on waiting"));
        }
        if pause_for(client, pause.min(left)).is_err() {
            break Err(
                Failure::new(Code::Interrupted, "interrupted").hint("run the same command again to go on waiting")
            );
        }
        pause = pause.mul_f64(1.15).min(LONGEST_PAUSE);
        match waiting.refresh(client) {
            Ok(()) => waiting.look(&spinner)?,
            // The service may be back before the time is up; the client has already tried for a while.
            Err(failure) if failure.retryable && Instant::now() < deadline => {
                spinner.aside(|| session.out.warn(format!("{}; still waiting", failure.message)));
            }
            Err(failure) if failure.code == Code::Interrupted => {
                break Err(Failure::new(Code::Interrupted, "interrupted"));
            }
            Err(failure) => break Err(failure),
        }
    };
    drop(spinner);
    // They are printed as they are, also where not all have come.
    let is_told = ended.as_ref().map_or_else(|failure| matches!(failure.code, Code::Timeout), |()| true);
    if is_told {
        waiting.print()?;
    }
    ended.map(|()| Exit::Done)
}

fn pause_for(client: &Client, length: Duration) -> Result<(), crate::http::pace::Cancelled> {
    client.pace().pause(length)
}

/// Users on their way.
struct Waiting<'a> {
    users: Vec<Found>,
    /// Who can be messaged, in the same order.
    arrived: Vec<bool>,
    session: &'a Session,
    shape: Shape,
}

impl Waiting<'_> {
    /// What those who are missing are called.
    fn missing(&self) -> Result<Vec<String>, Failure> {
        let missing = self.users.iter().zip(&self.arrived).filter(|(_, arrived)| !**arrived);
        missing.map(|(found, _)| Ok(found.user()?.called())).collect()
    }

    /// Tells of those who have come since the last look.
    fn look(&mut self, spinner: &Spinner) -> Result<(), Failure> {
        let is_stream = self.session.out.format() == Format::Ndjson;
        for (found, arrived) in self.users.iter().zip(&mut self.arrived).filter(|(_, arrived)| !**arrived) {
            let user = found.user()?;
            if !user.is_reachable() {
                continue;
            }
            *arrived = true;
            let said = format!("{} can be messaged", sanitize::line(&user.called()));
            spinner.aside(|| self.session.out.note(said));
            if is_stream {
                spinner.aside(|| self.session.out.one(&USER, found.raw.get()))?;
            }
        }
        Ok(())
    }

    /// Asks for everybody who is missing, in one request.
    fn refresh(&mut self, client: &Client) -> Result<(), Failure> {
        let missing: Vec<usize> = (0..self.users.len()).filter(|at| !self.arrived[*at]).collect();
        let ids = missing.iter().map(|at| Ok(self.users[*at].user()?.id.into_owned()));
        let ids = ids.collect::<Result<Vec<String>, Failure>>()?;
        let asked = if ids.len() > IDS_AT_ONCE { Vec::new() } else { ids.clone() };
        let reply = client.call(&List { ids: asked, ..List::default() })?;
        let mut listed = std::collections::HashMap::new();
        for raw in reply.read()?.items {
            let user: super::model::User<'_> = answer::record(raw, "a user")?;
            listed.insert(user.id.to_ascii_lowercase(), raw);
        }
        for (at, id) in missing.into_iter().zip(ids) {
            match listed.get(&id.to_ascii_lowercase()) {
                Some(raw) => self.users[at].raw = (*raw).to_owned(),
                None => self.miss(client, at, &id)?,
            }
        }
        Ok(())
    }

    /// A user who is not in the list may be gone, or the list may be short: only the service's own word counts.
    fn miss(&mut self, client: &Client, at: usize, id: &str) -> Result<(), Failure> {
        match client.call(&Get(id)) {
            Ok(reply) => self.users[at].raw = answer::raw(reply.data()?)?,
            Err(error) if error.is_absent() => {
                let who = self.users[at].user()?.called();
                let message = format!("{who} was deleted while waiting (the user {id})");
                return Err(Failure { message, ..error.into() });
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn print(&self) -> Result<(), Failure> {
        let out = &self.session.out;
        let texts = || self.users.iter().map(|found| found.raw.get());
        match (out.format(), self.shape) {
            // Those who came were told as they came.
            (Format::Ndjson, _) => {
                let mut missing = texts().zip(&self.arrived).filter(|(_, arrived)| !**arrived);
                missing.try_for_each(|(text, _)| out.one(&USER, text))
            }
            (_, Shape::One) => texts().try_for_each(|text| out.one(&USER, text)),
            (_, Shape::Many) => out.many(&USER, &texts().collect::<Vec<_>>()),
        }
    }
}

/// Those who are missing, the first of them by name.
fn told(missing: &[String]) -> String {
    let named = missing.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match missing.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {}", count(more, "other")),
    }
}
