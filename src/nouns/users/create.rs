//! `users create`: the heart of the tool.

use std::time::Duration;

use clap::Args;

use super::columns::USER;
use super::endpoints::Create;
use super::outcome::{self, Registration};
use super::{link, lookup, wait};
use crate::failure::{Code, Exit, Failure};
use crate::http::{Call, answer};
use crate::model::blank::{control, trim};
use crate::model::number::Likeness;
use crate::model::words::count;
use crate::model::{Email, Phone, Region, parse_duration};
use crate::nouns::lines;
use crate::nouns::users::model::{Mismatch, NewUser, User, UserType};
use crate::output::format::OutputFormat;
use crate::output::record::Shape;
use crate::output::sanitize;
use crate::session::{NAME_REGION, Session};
use crate::verbs::dry_run::{self, DryRequest};

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users create --shared --phone +14155550123
  spectrum users create --shared --phone +14155550123 \\
      --first-name Ada --wait 30m
  spectrum users create --dedicated -o id \\
      --phone +14155550124 --assigned +19175550101

An existing user is success. Exit codes: 2 nothing was sent, 6 a limit is
reached, or the service answered with somebody else's record; see
`spectrum help exit-codes`.";

/// Register a user, or get back the one that is there
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The service assigns a number from its pool
    #[arg(long, conflicts_with = "dedicated")]
    pub shared: bool,
    /// Bound to a line that the project owns
    #[arg(long)]
    pub dedicated: bool,
    /// The project's line, with --dedicated
    #[arg(long, value_name = "LINE")]
    pub assigned: Option<String>,
    /// The person's number, such as +14155550123
    #[arg(long, value_name = "PHONE")]
    pub phone: Option<String>,
    /// Given name
    #[arg(long, value_name = "NAME")]
    pub first_name: Option<String>,
    /// Family name
    #[arg(long, value_name = "NAME")]
    pub last_name: Option<String>,
    /// E-mail address
    #[arg(long, value_name = "EMAIL")]
    pub email: Option<String>,
    /// Look first; leave a user that is there untouched
    #[arg(long, conflicts_with = "fail_if_exists")]
    pub if_absent: bool,
    /// Look first; exit 6 when the user is there
    #[arg(long)]
    pub fail_if_exists: bool,
    /// Then wait until the user can be messaged [default: 10m]
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = wait::PATIENCE, value_parser = parse_duration)]
    pub wait: Option<Duration>,
    /// Print the request and send nothing
    #[arg(long, conflicts_with = "wait")]
    pub dry_run: bool,
}

/// Registers a user.
///
/// # Errors
/// Invalid input with every problem named; a mismatch; or whatever the call met.
pub fn create(mut args: CreateArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&USER)?;
    // A dry run asks nobody anything, neither the service nor the person.
    let asked = !args.dry_run && ask_for_missing(&mut args, session)?;
    let user = args.check(session.settings.region)?;
    if let Some(doubt) = user.phone_number.doubt() {
        session.out.warn(format!("{} {doubt}; it would take a seat and reach nobody", user.phone_number));
    }
    if args.dry_run {
        let (base_url, project) = session.dry_target()?;
        let call = Call::of(&Create(&user), &project)?;
        return dry_run::print(session, DryRequest::of(&call, &base_url));
    }
    if asked {
        session.prompt.agree(&format!("Register {}?", describe(&user)))?;
    }
    if (args.if_absent || args.fail_if_exists)
        && let Some(existing) = existing(&user, &args, session)?
    {
        if args.fail_if_exists {
            let id = existing.user()?.id.into_owned();
            return Err(Failure::new(
                Code::Exists,
                format!("a user with the phone number {} exists already: {id}", user.phone_number),
            )
            .hint("add `--if-absent` to accept an existing user"));
        }
        warn_of_differences(&user, &existing.user()?, session);
        note(&user, &existing.user()?, Registration::Existing, &args, session);
        return end(existing, &args, session);
    }
    let answer = session.client()?.call(&Create(&user))?;
    let record = answer.read()?;
    let likeness = check_identity(&user, &record)?;
    warn_of_unreadable(&user, &record, likeness, session);
    warn_of_differences(&user, &record, session);
    // The sandbox inside this command knows; what a service did is worked out.
    let registration = match session.users_made() {
        None => outcome::of(&answer, &record),
        Some(0) => Registration::Existing,
        Some(_) => Registration::Created,
    };
    note(&user, &record, registration, &args, session);
    end(lookup::FoundUser { raw: answer::raw(answer.data()?)? }, &args, session)
}

/// Prints the user, with `--wait` once they can be messaged.
fn end(user: lookup::FoundUser, args: &CreateArgs, session: &Session) -> Result<Exit, Failure> {
    let Some(patience) = args.wait else {
        session.out.one(&USER, user.raw.get())?;
        return Ok(Exit::Done);
    };
    let number = user.user()?.assigned_phone_number.map(String::from).filter(|_| session.is_watched());
    if let Some(number) = number.filter(|number| !number.is_empty()) {
        let link = link::sms_link(&sanitize::line(&number), None);
        session.out.picture(&link::draw(&link, session.out.palette().on)?);
    }
    wait::wait_for(vec![user], patience, Shape::One, session)
}

impl CreateArgs {
    /// Checks everything and names every problem at once.
    fn check(&self, region: Option<Region>) -> Result<NewUser, Failure> {
        let mut problems = Vec::new();
        let mut missing = Vec::new();
        let mut wants_region = false;
        let mut phone = |flag: &str, text: &Option<String>| {
            let read = Phone::dialled(text.as_deref()?, region);
            let told = read.map_err(|error| {
                wants_region |= error.fault.wants_region() && region.is_none();
                problems.push(format!("{flag}: {error}"));
            });
            told.ok()
        };
        let assigned = phone("--assigned", &self.assigned);
        let phone_number = phone("--phone", &self.phone);
        let email = given(&self.email)
            .and_then(|text| text.parse::<Email>().map_err(|error| problems.push(format!("--email: {error}"))).ok());
        for (flag, text) in [("--first-name", &self.first_name), ("--last-name", &self.last_name)] {
            if let Some(what) = given(text).and_then(control) {
                problems.push(format!("{flag}: {:?} holds {what}", text.as_deref().unwrap_or_default()));
            }
        }
        let kind = match (self.shared, self.dedicated) {
            (true, _) => Some(UserType::Shared),
            (_, true) => Some(UserType::Dedicated),
            _ => None,
        };
        if kind.is_none() {
            missing.push("--shared or --dedicated");
        }
        if self.phone.is_none() {
            missing.push("--phone PHONE");
        }
        if kind == Some(UserType::Dedicated) && self.assigned.is_none() {
            missing.push("--assigned LINE");
        }
        if kind == Some(UserType::Shared) && self.assigned.is_some() {
            problems.push(
                "--assigned: a shared user gets a number from the pool; leave it out, or use --dedicated".to_owned(),
            );
        }
        if !missing.is_empty() {
            problems.insert(0, format!("missing {}", missing.join(", ")));
        }
        match (kind, phone_number, &*problems) {
            (Some(kind), Some(phone_number), []) => Ok(NewUser {
                kind,
                phone_number,
                assigned_phone_number: assigned,
                first_name: given(&self.first_name).map(str::to_owned),
                last_name: given(&self.last_name).map(str::to_owned),
                email,
            }),
            _ if wants_region => Err(refuse(problems, kind).hint(NAME_REGION)),
            _ => Err(refuse(problems, kind)),
        }
    }
}

/// A flag's text; an empty one, as an unset variable of a script leaves it, is not given.
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(trim).filter(|text| !text.is_empty())
}

fn refuse(problems: Vec<String>, kind: Option<UserType>) -> Failure {
    let code =
        if problems.iter().all(|problem| problem.starts_with("missing")) { Code::Usage } else { Code::InvalidInput };
    let failure = match problems.as_slice() {
        [only] => Failure::new(code, only),
        several => Failure::new(code, format!("{}, nothing was sent", count(several.len(), "problem"))),
    };
    let context = if problems.len() > 1 { problems } else { Vec::new() };
    Failure { context, ..failure }.hint(match kind {
        Some(UserType::Dedicated) => {
            "`spectrum lines list` shows the project's lines; for example: spectrum users create --dedicated \
             --assigned +19175550101 --phone +14155550123"
        }
        _ => "for example: spectrum users create --shared --phone +14155550123",
    })
}

/// Asks for what is missing; tells whether anything was asked.
fn ask_for_missing(args: &mut CreateArgs, session: &Session) -> Result<bool, Failure> {
    let prompt = session.prompt;
    let needs_type = !args.shared && !args.dedicated;
    let needs_line = |args: &CreateArgs| args.dedicated && args.assigned.is_none();
    if !prompt.can_ask || (!needs_type && args.phone.is_some() && !needs_line(args)) {
        return Ok(false);
    }
    if needs_type && args.assigned.is_none() {
        let items = ["shared: the service assigns a number from its pool", "dedicated: bound to a line of the project"];
        args.dedicated = prompt.choose("Type of user", &items.map(str::to_owned))? == 1;
        args.shared = !args.dedicated;
    } else if needs_type {
        args.dedicated = true;
    }
    if needs_line(args) {
        args.assigned = Some(lines::command::choose(session)?);
    }
    if args.phone.is_none() {
        let region = session.settings.region;
        let question = match region {
            Some(region) => format!("Phone, as it is dialled in {region}, or with + and country code"),
            None => "Phone, with + and country code (+14155550123)".to_owned(),
        };
        let phone = prompt.text(&question, |text| Phone::dialled(text, region).map_err(|error| error.to_string()))?;
        args.phone = Some(phone.to_string());
        if args.first_name.is_none() && args.last_name.is_none() && args.email.is_none() {
            args.first_name = prompt.optional("First name (may stay empty)", |_| Ok(()))?;
            args.last_name = prompt.optional("Last name (may stay empty)", |_| Ok(()))?;
            let check = |text: &str| text.parse::<Email>().map(|_| ()).map_err(|error| error.to_string());
            args.email = prompt.optional("E-mail (may stay empty)", check)?;
        }
    }
    Ok(true)
}

/// What will be sent, in a sentence.
fn describe(user: &NewUser) -> String {
    let name =
        [user.first_name.as_deref(), user.last_name.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let who = if name.is_empty() { user.phone_number.to_string() } else { format!("{name}, {}", user.phone_number) };
    let email = user.email.as_ref().map(|email| format!(", {email}")).unwrap_or_default();
    match &user.assigned_phone_number {
        Some(line) => format!("{who}{email} as a dedicated user of {line}"),
        None => format!("{who}{email} as a shared user"),
    }
}

/// The active user that the request would meet.
fn existing(user: &NewUser, args: &CreateArgs, session: &Session) -> Result<Option<lookup::FoundUser>, Failure> {
    let mut found = lookup::by_phone(session.client()?, &user.phone_number, Some(user.kind))?;
    if let Some(line) = &user.assigned_phone_number {
        let mut on_line = Vec::new();
        for candidate in found {
            if candidate.user()?.assigned_phone_number.as_deref() == Some(line.as_str()) {
                on_line.push(candidate);
            }
        }
        found = on_line;
    }
    if found.len() > 1 && !args.fail_if_exists {
        return Err(lookup::ambiguous(&user.phone_number, &found)?);
    }
    Ok(found.pop())
}

/// The answer has to be about the person who was asked for, as far as it can be read.
///
/// # Errors
/// Identity mismatch.
pub fn check_identity(wanted: &NewUser, got: &User<'_>) -> Result<Likeness, Failure> {
    wanted.compare(got).map_err(|Mismatch { field, wanted: asked, answered }| {
        let (what, hint) = match (field, &wanted.email) {
            ("phoneNumber", email) => {
                let hint = match email {
                    Some(email) => format!("{email} belongs to that user; leave --email out or use another one"),
                    None => format!("run `spectrum users get {asked}` to see who is registered"),
                };
                (
                    format!("the service answered with the user of {answered}, not of {asked}: nobody was registered"),
                    hint,
                )
            }
            _ => {
                let hint = "run `spectrum lines list` to see the project's lines".to_owned();
                (format!("the service answered with the line {answered}, not {asked}"), hint)
            }
        };
        let failure = Failure::new(Code::IdentityMismatch, what);
        failure.context(format!("the record that came back has the id {}", got.id)).hint(hint)
    })
}

/// A record whose number is not shown in full may be of the person who was asked for, and nobody can say.
fn warn_of_unreadable(wanted: &NewUser, got: &User<'_>, likeness: Likeness, session: &Session) {
    if likeness == Likeness::Unreadable {
        let line = got.assigned_phone_number.as_deref().filter(|_| wanted.kind == UserType::Dedicated);
        let line = line.map(|line| format!(" on {line}")).unwrap_or_default();
        session.out.warn(format!(
            "the service shows the number as {}{line}, which is unreadable and could not be compared with {}",
            got.phone_number, wanted.phone_number
        ));
    }
}

/// Names and e-mail that the service keeps otherwise than asked.
fn warn_of_differences(wanted: &NewUser, got: &User<'_>, session: &Session) {
    let pairs = [
        ("firstName", wanted.first_name.as_deref(), got.first_name.as_deref()),
        ("lastName", wanted.last_name.as_deref(), got.last_name.as_deref()),
        ("email", wanted.email.as_ref().map(Email::as_str), got.email.as_deref()),
    ];
    for (field, wanted, got) in pairs {
        if let Some(wanted) = wanted
            && got != Some(wanted)
        {
            let got = got.map_or_else(|| "none".to_owned(), |got| format!("{got:?}"));
            session.out.warn(format!("{field} is {got} in the service, not {wanted:?}"));
        }
    }
}

fn note(wanted: &NewUser, got: &User<'_>, outcome: Registration, args: &CreateArgs, session: &Session) {
    session.out.outcome(outcome.as_str(), format!("{} user {}", wanted.kind, wanted.phone_number));
    // Who has texted it can be messaged; and a dedicated user's line needs no word from them first.
    if (session.out.format() == OutputFormat::Table || args.wait.is_some())
        && wanted.kind == UserType::Shared
        && !got.meta.opt_in
        && let Some(number) = &got.assigned_phone_number
    {
        let name = got.full_name();
        let who = if name.is_empty() { wanted.phone_number.to_string() } else { name };
        session.out.note(format!(
            "{} must text {} once before being messaged",
            sanitize::line(&who),
            sanitize::line(number)
        ));
    }
}
