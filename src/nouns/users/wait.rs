//! `users wait`: until each user can be messaged.
//!
//! On a shared line nothing is delivered until the person has texted the assigned number; the service then sets
//! `meta.opt_in`. It tells nobody, so it is asked: everybody in one request, more and more rarely.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use clap::Args;

use super::columns::USER;
use super::endpoints::Get;
use super::kinds::Kinds;
use super::lookup::{self, FoundUser};
use super::model::User;
use super::selection::{self, name_and_number};
use crate::failure::{Code, Exit, Failure};
use crate::http::{Client, answer};
use crate::model::words::count;
use crate::model::{parse_duration, time};
use crate::output::format::OutputFormat;
use crate::output::record::Shape;
use crate::output::spinner::Spinner;
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users wait +14155550123
  spectrum users wait +14155550123 +14155550124 \\
      --for 1h -o ndjson

A shared user can be messaged once they have texted their number; dedicated
users can be at once. Exit codes: 5 no such user, or deleted meanwhile; 8 not
all in time (the users are printed as they are); 130 Ctrl-C.";

/// How long is waited when nobody says otherwise.
pub const PATIENCE: &str = "10m";
/// The shortest pause between two questions.
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// In between, nobody waits longer than this part of the time that they have waited already.
const PART: u32 = 30;
/// Who is missing is named up to this many.
const NAMED: usize = 3;

/// Wait until users can be messaged
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// Ids or phone numbers
    #[arg(required = true, value_name = "USER")]
    pub users: Vec<String>,
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
    let keys = lookup::keys(&args.users, session)?;
    let client = session.client()?;
    let mut patience = Patience::new(args.patience);
    let users = loop {
        match selection::find(client, &keys) {
            Ok(users) => break users,
            // Before the first answer, an address that is wrong looks like a service that is away: that is said at once.
            Err(failure) if matches!(failure.code, Code::Server | Code::RateLimited | Code::Timeout) => {
                patience.bear(&failure, &Spinner::default(), session);
                if !patience.pause(client)? {
                    return Err(failure);
                }
            }
            Err(failure) => return Err(failure),
        }
    };
    let shape = if args.users.len() == 1 { Shape::One } else { Shape::Many };
    carry_out(users, patience, shape, session)
}

/// Waits until each of these users can be messaged, and prints them as they then are.
///
/// # Errors
/// As [`wait`].
pub fn wait_for(users: Vec<FoundUser>, patience: Duration, shape: Shape, session: &Session) -> Result<Exit, Failure> {
    carry_out(users, Patience::new(patience), shape, session)
}

fn carry_out(users: Vec<FoundUser>, mut patience: Patience, shape: Shape, session: &Session) -> Result<Exit, Failure> {
    let client = session.client()?;
    let spinner = Spinner::start(session.is_watched());
    let mut waiting = Arrivals::new(users, shape, session)?;
    waiting.look(&spinner)?;
    loop {
        let missing = waiting.missing()?;
        if missing.is_empty() {
            break;
        }
        // Who reads them as they come may have seen enough.
        if session.out.is_closed() {
            return Ok(Exit::Done);
        }
        spinner.say(&format!("waiting for {}", told(&missing)));
        if !patience.pause(client)? {
            drop(spinner);
            waiting.print()?;
            return Err(patience.failure(&missing));
        }
        let asked = waiting.refresh(client, patience.end);
        // What has come is told, whatever became of the rest.
        waiting.look(&spinner)?;
        match asked {
            Ok(()) => patience.trouble = None,
            Err(failure) if may_pass(&failure) => patience.bear(&failure, &spinner, session),
            Err(failure) => return Err(failure),
        }
    }
    drop(spinner);
    waiting.print()?;
    Ok(Exit::Done)
}

/// Whether the service may have got over it when it is asked again. A 404 without a word of the API's is a proxy's.
fn may_pass(failure: &Failure) -> bool {
    failure.retryable || (failure.code == Code::NotFound && failure.api_code.is_none())
}

/// How long to wait before the next question, when so much time has passed since the first.
fn pause_after(waited: Duration) -> Duration {
    (waited / PART).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

/// The time that somebody is ready to wait.
struct Patience {
    whole: Duration,
    start: Instant,
    end: Instant,
    /// When the last question was asked.
    asked: Instant,
    /// What the last question met, in the service's own words.
    trouble: Option<String>,
}

impl Patience {
    fn new(whole: Duration) -> Self {
        let start = Instant::now();
        Self { whole, start, end: start + whole, asked: start, trouble: None }
    }

    /// Waits until it is time to ask again; false when the last question was asked at the end, or after it. Who comes in
    /// time is seen, however long the service took to answer before.
    fn pause(&mut self, client: &Client) -> Result<bool, Failure> {
        if self.asked >= self.end {
            return Ok(false);
        }
        let left = self.end.saturating_duration_since(Instant::now());
        let interrupted = |_| Failure::new(Code::Interrupted, "interrupted");
        client.pace().pause(pause_after(self.start.elapsed()).min(left)).map_err(interrupted)?;
        self.asked = Instant::now();
        Ok(true)
    }

    /// Says what is wrong, once for as long as it stays the same.
    fn bear(&mut self, failure: &Failure, spinner: &Spinner, session: &Session) {
        let is_told = self.trouble.replace(failure.message.clone()).is_some_and(|told| told == failure.message);
        if !is_told {
            spinner.aside(|| session.out.warn(format!("{}; still waiting", failure.message)));
        }
    }

    /// The time is up.
    fn failure(&self, missing: &[String]) -> Failure {
        let message = format!("{} did not text their number within {}", told(missing), time::show(self.whole));
        let failure = Failure::new(Code::Timeout, message).hint("run the same command again to go on waiting");
        match &self.trouble {
            Some(trouble) => failure.context(format!("the last question was not answered: {trouble}")),
            None => failure,
        }
    }
}

/// Users on their way.
struct Arrivals<'a> {
    users: Vec<FoundUser>,
    /// Who can be messaged, in the same order.
    arrived: Vec<bool>,
    kinds: Kinds,
    session: &'a Session,
    shape: Shape,
}

impl<'a> Arrivals<'a> {
    fn new(users: Vec<FoundUser>, shape: Shape, session: &'a Session) -> Result<Self, Failure> {
        let read = users.iter().map(FoundUser::user).collect::<Result<Vec<_>, _>>()?;
        // Lines that cannot be read leave it open who needs no opt-in: then everybody is waited for.
        let kinds = Kinds::of(read.iter().filter(|user| !user.meta.opt_in), session.client()?).unwrap_or_default();
        Ok(Self { arrived: vec![false; users.len()], users, kinds, session, shape })
    }

    /// What those who are missing are called.
    fn missing(&self) -> Result<Vec<String>, Failure> {
        let missing = self.users.iter().zip(&self.arrived).filter(|(_, arrived)| !**arrived);
        missing.map(|(found, _)| Ok(name_and_number(&found.user()?))).collect()
    }

    /// Tells of those who have come since the last look.
    fn look(&mut self, spinner: &Spinner) -> Result<(), Failure> {
        let is_stream = self.session.out.format() == OutputFormat::Ndjson;
        for (found, arrived) in self.users.iter().zip(&mut self.arrived).filter(|(_, arrived)| !**arrived) {
            let user = found.user()?;
            if !self.kinds.is_reachable(&user) {
                continue;
            }
            *arrived = true;
            let said = format!("{} can be messaged", name_and_number(&user));
            spinner.aside(|| self.session.out.note(said));
            if is_stream {
                spinner.aside(|| self.session.out.one(&USER, found.raw.get()))?;
            }
        }
        Ok(())
    }

    /// Asks for everybody in one request: also for those who have come, who may be deleted again.
    fn refresh(&mut self, client: &Client, until: Instant) -> Result<(), Failure> {
        let ids = self.users.iter().map(|found| Ok(found.user()?.id.into_owned()));
        let ids = ids.collect::<Result<Vec<String>, Failure>>()?;
        let answers = selection::list_ids(client, ids.clone(), Some(until))?;
        let mut listed = HashMap::new();
        for answer in &answers {
            for raw in answer.read()?.items {
                // Somebody else's record is nobody's business here, whatever it holds.
                if let Ok(user) = answer::record::<User<'_>>(raw, "a user") {
                    listed.insert(user.id.to_ascii_lowercase(), raw);
                }
            }
        }
        let mut gone = Vec::new();
        for (found, id) in self.users.iter_mut().zip(&ids) {
            match listed.get(&id.to_ascii_lowercase()) {
                Some(raw) => found.raw = (*raw).to_owned(),
                // They may be gone, or the list may be short: only the service's own word counts.
                None => match client.call_until(&Get(id), Some(until)) {
                    Ok(reply) if reply.read()?.id.eq_ignore_ascii_case(id) => found.raw = answer::raw(reply.data()?)?,
                    Ok(_) => {}
                    Err(error) if error.is_absent() => gone.push((name_and_number(&found.user()?), id, error)),
                    Err(error) => return Err(error.into()),
                },
            }
        }
        let names: Vec<String> = gone.iter().map(|(name, ..)| name.clone()).collect();
        let context = gone.iter().map(|(name, id, _)| format!("{name} was the user {id}")).collect();
        let was = if gone.len() == 1 { "was" } else { "were" };
        match gone.into_iter().next() {
            None => Ok(()),
            Some((.., error)) => {
                let message = format!("{} {was} deleted while waiting", told(&names));
                Err(Failure { message, context, ..error.into() })
            }
        }
    }

    fn print(&self) -> Result<(), Failure> {
        let out = &self.session.out;
        let texts = || self.users.iter().map(|found| found.raw.get());
        match (out.format(), self.shape) {
            // Those who came were told as they came.
            (OutputFormat::Ndjson, _) => {
                let mut missing = texts().zip(&self.arrived).filter(|(_, arrived)| !**arrived);
                missing.try_for_each(|(text, _)| out.one(&USER, text))
            }
            (_, Shape::One) => texts().try_for_each(|text| out.one(&USER, text)),
            (_, Shape::Many) => out.many(&USER, &texts().collect::<Vec<_>>()),
        }
    }
}

/// Some people, the first of them by name.
fn told(people: &[String]) -> String {
    let named = people.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match people.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {}", count(more, "other")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_every_two_seconds_at_first_and_then_more_rarely() {
        let pause = |seconds| pause_after(Duration::from_secs(seconds)).as_secs();
        assert_eq!([0, 30, 60, 120, 300, 450, 86_400].map(pause), [2, 2, 2, 4, 10, 15, 15]);
        let (mut waited, mut questions) = (Duration::ZERO, 0);
        while waited < Duration::from_secs(600) {
            waited += pause_after(waited);
            questions += 1;
        }
        assert!((60..120).contains(&questions), "{questions} in ten minutes");
    }

    #[test]
    fn a_few_are_named_and_the_others_counted() {
        let people = ["a", "b", "c", "d", "e"].map(str::to_owned);
        assert_eq!(told(&people[..1]), "a");
        assert_eq!(told(&people[..3]), "a, b, c");
        assert_eq!(told(&people), "a, b, c and 2 others");
    }
}
