//! `project usage`: seats, who can be messaged, and who cannot yet.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::endpoints::Subscription;
use crate::failure::{Exit, Failure};
use crate::http::{Client, answer};
use crate::model::words::count;
use crate::nouns::lines;
use crate::nouns::lines::model::Line;
use crate::nouns::users::endpoints::List;
use crate::nouns::users::model::{User, UserType};
use crate::nouns::users::selection;
use crate::output::format::Format;
use crate::output::{Column, sanitize};
use crate::session::Session;

/// Examples and what the figures are.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum project usage
  spectrum project usage -o json | jq .notOptedIn

The limit is the documented figure of the project's plan: 10 seats on Free,
100 on Pro, none on Business and Enterprise.";

/// How many of those who never opted in are named.
const NAMED: usize = 5;

const USAGE: [Column; 8] = [
    Column::shown("tier", "TIER", 0, true),
    Column::shown("sharedUsers", "SHARED USERS", 0, true),
    Column::shown("sharedLimit", "SHARED LIMIT", 0, true),
    Column::shown("optedIn", "OPTED IN", 0, true),
    Column::shown("notOptedIn", "NOT OPTED IN", 0, true),
    Column::shown("oldestNotOptedIn", "OLDEST NOT OPTED IN", 0, false),
    Column::shown("dedicatedByLine", "DEDICATED BY LINE", 0, false),
    Column::shown("owner", "OWNER", 0, false),
];

/// What machines read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage<'a> {
    /// The plan; null when it could not be read.
    tier: Option<String>,
    shared_users: usize,
    /// Null when there is none, or when it is not known.
    shared_limit: Option<u32>,
    opted_in: usize,
    not_opted_in: usize,
    oldest_not_opted_in: Vec<&'a RawValue>,
    dedicated_by_line: BTreeMap<String, usize>,
    owner: Option<&'a RawValue>,
}

/// Shows how the project's seats are used.
///
/// # Errors
/// Whatever reading the users met.
pub fn usage(session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&USAGE)?;
    let client = session.client()?;
    let answers = selection::read_all(client, &List::default())?;
    let mut users = Vec::new();
    for answer in &answers {
        for raw in answer.read()?.items {
            users.push((raw, answer::record::<User<'_>>(raw, "a user")?));
        }
    }
    let types = Types::of(&users, client)?;
    let (shared, dedicated): (Vec<_>, Vec<_>) =
        users.iter().partition(|(_, user)| types.of_user(user) == UserType::Shared);
    let mut waiting: Vec<_> = shared.iter().filter(|(_, user)| !user.meta.opt_in).collect();
    // Whose age cannot be read is not called old.
    waiting.sort_by_key(|(_, user)| user.created().unwrap_or(Timestamp::MAX));
    let mut dedicated_by_line = BTreeMap::new();
    for (_, user) in &dedicated {
        let line = user.assigned_phone_number.as_deref().unwrap_or_default();
        *dedicated_by_line.entry(line.to_owned()).or_default() += 1;
    }
    let tier = read_tier(client, session);
    let limit = tier.as_deref().and_then(seats);
    let owner = users.iter().find(|(_, user)| user.meta.project_owner);
    let usage = Usage {
        shared_users: shared.len(),
        shared_limit: limit.flatten(),
        opted_in: shared.len() - waiting.len(),
        not_opted_in: waiting.len(),
        oldest_not_opted_in: waiting.iter().take(NAMED).map(|(raw, _)| *raw).collect(),
        dedicated_by_line,
        owner: owner.map(|(raw, _)| *raw),
        tier,
    };
    if session.out.format() != Format::Table {
        session.out.one_of_ours(&USAGE, &usage)?;
        return Ok(Exit::Done);
    }
    let oldest: Vec<&User<'_>> = waiting.iter().take(NAMED).map(|(_, user)| user).collect();
    let text = told(&usage, limit, &oldest, owner.map(|(_, user)| user), Timestamp::now());
    session.out.text(&text)?;
    Ok(Exit::Done)
}

/// The plan. Without it everything else is still worth telling.
fn read_tier(client: &Client, session: &Session) -> Option<String> {
    match client.call(&Subscription).and_then(|reply| Ok(reply.read()?.tier.into_owned())) {
        Ok(tier) => Some(tier),
        Err(error) => {
            session.out.warn(format!("the plan could not be read, so the limit is unknown: {error}"));
            None
        }
    }
}

/// The shared seats of a plan, by the vendor's documentation: none where there is no limit; nothing for an unknown plan.
fn seats(tier: &str) -> Option<Option<u32>> {
    match tier {
        "free" => Some(Some(10)),
        "pro" => Some(Some(100)),
        "business" | "enterprise" => Some(None),
        _ => None,
    }
}

/// What tells the types apart: the users themselves, or where a revision keeps silent, the project's lines.
struct Types(Option<HashSet<String>>);

impl Types {
    fn of(users: &[(&RawValue, User<'_>)], client: &Client) -> Result<Self, Failure> {
        if users.iter().all(|(_, user)| user.kind.is_some()) {
            return Ok(Self(None));
        }
        let reply = match client.call(&lines::endpoints::List::default()) {
            // A project without lines may say so with a 404.
            Err(error) if error.is_absent() => return Ok(Self(Some(HashSet::new()))),
            other => other?,
        };
        let mut numbers = HashSet::new();
        for raw in reply.read()?.items {
            numbers.extend(answer::record::<Line<'_>>(raw, "a line")?.phone_number.map(String::from));
        }
        Ok(Self(Some(numbers)))
    }

    fn of_user(&self, user: &User<'_>) -> UserType {
        let is_on_a_line = || {
            let number = user.assigned_phone_number.as_deref().unwrap_or_default();
            self.0.as_ref().is_some_and(|lines| lines.contains(number))
        };
        match user.kind.as_deref() {
            Some(kind) if kind == UserType::Dedicated.as_str() => UserType::Dedicated,
            None if is_on_a_line() => UserType::Dedicated,
            _ => UserType::Shared,
        }
    }
}

/// The figures for a person, one a line.
fn told(
    usage: &Usage<'_>,
    limit: Option<Option<u32>>,
    oldest: &[&User<'_>],
    owner: Option<&User<'_>>,
    now: Timestamp,
) -> String {
    let plan = usage.tier.as_deref().map(sanitize::line);
    let seats = match (limit, &plan) {
        (Some(Some(limit)), Some(plan)) => {
            format!("{} of {limit} (the documented limit of the {plan} plan)", usage.shared_users)
        }
        (Some(None), Some(plan)) => format!("{} (the {plan} plan has no limit)", usage.shared_users),
        (_, Some(plan)) => format!("{} (the limit of the {plan} plan is not known)", usage.shared_users),
        (_, None) => format!("{} (the limit is unknown)", usage.shared_users),
    };
    let mut lines = vec![
        ("shared users", seats),
        ("opted in", usage.opted_in.to_string()),
        ("not yet", usage.not_opted_in.to_string()),
    ];
    for user in oldest {
        let age = user
            .created()
            .map_or_else(|| "at an unknown time".to_owned(), |created| format!("{} ago", age(created, now)));
        let name = user.full_name();
        let name = if name.is_empty() { name } else { format!("  {}", sanitize::line(&name)) };
        lines.push(("", format!("{}{name}  registered {age}", sanitize::line(&user.phone_number))));
    }
    let more = usage.not_opted_in.saturating_sub(oldest.len());
    if more > 0 {
        lines.push(("", format!("and {} since", count(more, "other"))));
    }
    for (line, users) in &usage.dedicated_by_line {
        lines.push(("dedicated", format!("{} on {}", count(*users, "user"), sanitize::line(line))));
    }
    if let Some(owner) = owner {
        lines.push(("owner", sanitize::line(&format!("{} ({})", owner.called(), owner.phone_number)).into_owned()));
    }
    lines.into_iter().map(|(what, said)| format!("{what:<13} {said}").trim_end().to_owned() + "\n").collect()
}

/// How long ago, in the unit that tells it well.
fn age(created: Timestamp, now: Timestamp) -> String {
    let hours = now.duration_since(created).as_hours();
    match usize::try_from(hours).unwrap_or(0) {
        hours @ 0..48 => count(hours, "hour"),
        hours => count(hours / 24, "day"),
    }
}
