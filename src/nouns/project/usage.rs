//! `project usage`: seats, who can be messaged, and who cannot yet.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::endpoints::Subscription;
use crate::failure::{Exit, Failure};
use crate::http::{Client, answer};
use crate::model::words::count;
use crate::nouns::users::endpoints::List;
use crate::nouns::users::kinds::Kinds;
use crate::nouns::users::model::{User, UserType};
use crate::nouns::users::selection::{self, Filters, ListedUser, name_and_number};
use crate::output::format::OutputFormat;
use crate::output::{Column, sanitize};
use crate::session::Session;

/// Examples and what the figures are.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum project usage
  spectrum project usage -o json --fields notOptedIn

The limit is the documented figure of the project's plan: 10 seats on Free,
100 on Pro, none on Business and Enterprise.";

/// How many of those who never opted in are named.
const NAMED: usize = 5;

/// How the seats are used.
pub const USAGE: [Column; 8] = [
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
struct Usage {
    /// The plan; null when it could not be read.
    tier: Option<String>,
    shared_users: usize,
    /// Null when there is none, or when it is not known.
    shared_limit: Option<u32>,
    opted_in: usize,
    not_opted_in: usize,
    oldest_not_opted_in: Vec<Box<RawValue>>,
    dedicated_by_line: BTreeMap<String, usize>,
    owner: Option<Box<RawValue>>,
}

/// Shows how the project's seats are used.
///
/// # Errors
/// Whatever reading the users met.
pub fn usage(session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&USAGE)?;
    let client = session.client()?;
    let answers = selection::read_all(client, &List::default())?;
    let now = Timestamp::now();
    let users = selection::select(&answers, &Filters::default(), now)?;
    let kinds = Kinds::of(users.iter().map(|listed| &listed.user), client)?;
    let (shared, dedicated): (Vec<_>, Vec<_>) =
        users.iter().partition(|listed| kinds.of_user(&listed.user) == UserType::Shared);
    let mut waiting: Vec<&ListedUser<'_>> = shared.iter().copied().filter(|listed| !listed.user.meta.opt_in).collect();
    // Whose age cannot be read is not called old.
    waiting.sort_by_key(|listed| listed.user.created().unwrap_or(Timestamp::MAX));
    let oldest = waiting.get(..NAMED).unwrap_or(&waiting);
    let mut dedicated_by_line = BTreeMap::new();
    for listed in &dedicated {
        let line = listed.user.assigned_phone_number.as_deref().unwrap_or_default();
        *dedicated_by_line.entry(line.to_owned()).or_default() += 1;
    }
    let owner = users.iter().find(|listed| listed.user.meta.project_owner);
    let tier = read_tier(client, session);
    let limit = tier.as_deref().and_then(seats);
    let usage = Usage {
        shared_users: shared.len(),
        shared_limit: limit.flatten(),
        opted_in: shared.len() - waiting.len(),
        not_opted_in: waiting.len(),
        oldest_not_opted_in: oldest.iter().map(|listed| answer::raw(listed.text)).collect::<Result<_, _>>()?,
        dedicated_by_line,
        owner: owner.map(|listed| answer::raw(listed.text)).transpose()?,
        tier,
    };
    match session.out.format() {
        // It has no id of its own.
        OutputFormat::Id => session.out.text(&format!("{}\n", client.project()))?,
        OutputFormat::Table if session.settings.fields.is_none() => {
            let oldest: Vec<&User<'_>> = oldest.iter().map(|listed| &listed.user).collect();
            session.out.text(&told(&usage, limit, &oldest, owner.map(|listed| &listed.user), now))?;
        }
        _ => session.out.one_of_ours(&USAGE, &usage)?,
    }
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
    match tier.to_ascii_lowercase().as_str() {
        "free" => Some(Some(10)),
        "pro" => Some(Some(100)),
        "business" | "enterprise" => Some(None),
        _ => None,
    }
}

/// The figures for a person, one a line.
fn told(
    usage: &Usage,
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
        let age = user.created().map_or_else(|| "at an unknown time".to_owned(), |created| age(created, now));
        lines.push(("", format!("{}, registered {age}", name_and_number(user))));
    }
    let more = usage.not_opted_in.saturating_sub(oldest.len());
    if more > 0 {
        lines.push(("", format!("and {} since", count(more, "other"))));
    }
    for (line, users) in &usage.dedicated_by_line {
        let line = if line.is_empty() { "no line yet".into() } else { sanitize::line(line) };
        lines.push(("dedicated", format!("{} on {line}", count(*users, "user"))));
    }
    if let Some(owner) = owner {
        lines.push(("owner", name_and_number(owner)));
    }
    lines.into_iter().map(|(what, said)| format!("{what:<13} {said}").trim_end().to_owned() + "\n").collect()
}

/// How long ago, in the unit that tells it well.
fn age(created: Timestamp, now: Timestamp) -> String {
    let ago = |number: usize, unit: &str| format!("{} ago", count(number, unit));
    // A clock that is behind the service's sees what is yet to come.
    match usize::try_from(now.duration_since(created).as_mins()).unwrap_or(0) {
        0 => "just now".to_owned(),
        minutes @ 1..120 => ago(minutes, "minute"),
        minutes @ 120..2880 => ago(minutes / 60, "hour"),
        minutes => ago(minutes / 1440, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_unit_that_tells_it_well() {
        let now: Timestamp = "2026-11-01T12:00:00Z".parse().unwrap();
        for (created, told) in [
            ("2026-11-01T11:59:30Z", "just now"),
            ("2026-11-01T13:00:00Z", "just now"),
            ("2026-11-01T11:58:59Z", "1 minute ago"),
            ("2026-11-01T10:00:00Z", "2 hours ago"),
            ("2026-10-30T12:00:00Z", "2 days ago"),
            ("2025-11-01T12:00:00Z", "365 days ago"),
        ] {
            assert_eq!(age(created.parse().unwrap(), now), told, "{created}");
        }
    }
}
