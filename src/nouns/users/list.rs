//! `users list`.

use clap::Args;
use serde_json::value::RawValue;

use super::columns::USER;
use super::endpoints::List;
use super::lookup;
use crate::failure::{Exit, Failure};
use crate::http::{Client, Reply};
use crate::model::{Phone, UserId};
use crate::nouns::users::model::UserType;
use crate::output::format::Format;
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users list --shared --search ada
  spectrum users list -o csv > roster.csv

An empty list is success. What csv, json and ndjson write can be fed back to
`spectrum users apply`.";

/// Which users to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only shared users
    #[arg(long, conflicts_with = "dedicated")]
    pub shared: bool,
    /// Only dedicated users
    #[arg(long)]
    pub dedicated: bool,
    /// Only users with exactly this number
    #[arg(long, value_name = "PHONE", value_parser = Phone::from_typed, conflicts_with = "search")]
    pub phone: Option<Phone>,
    /// Part of a name, phone or e-mail, in any case
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub search: Option<String>,
    /// Only this id; may be repeated
    #[arg(long = "id", value_name = "UUID", value_parser = str::parse::<UserId>)]
    pub ids: Vec<UserId>,
    /// At most this many, 1 to 500; everything by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: Option<u32>,
    /// Leave out this many first, up to 1000000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub offset: Option<u32>,
}

impl ListArgs {
    fn kind(&self) -> Option<UserType> {
        match (self.shared, self.dedicated) {
            (true, _) => Some(UserType::Shared),
            (_, true) => Some(UserType::Dedicated),
            _ => None,
        }
    }
}

/// Lists active users, in creation order.
///
/// # Errors
/// Whatever the call met.
pub fn list(args: &ListArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&USER)?;
    let client = session.client()?;
    if let Some(phone) = &args.phone {
        // The exact number is picked here, so paging and ids have to be, too.
        let found = lookup::by_phone(client, phone, args.kind())?;
        let mut kept = Vec::new();
        for candidate in &found {
            let id = candidate.user()?.id;
            if args.ids.is_empty() || args.ids.iter().any(|wanted| wanted.as_str().eq_ignore_ascii_case(&id)) {
                kept.push(candidate.raw.get());
            }
        }
        let (skipped, at_most) =
            (args.offset.unwrap_or(0) as usize, args.limit.map_or(usize::MAX, |limit| limit as usize));
        let page: Vec<&str> = kept.into_iter().skip(skipped).take(at_most).collect();
        return print(&page, None, session);
    }
    let filter = List {
        kind: args.kind(),
        ids: args.ids.iter().map(ToString::to_string).collect(),
        search: args.search.clone(),
        limit: args.limit,
        offset: args.offset,
    };
    let answers = read_all(client, filter)?;
    let lists = answers.iter().map(Reply::read).collect::<Result<Vec<_>, _>>()?;
    let total = lists.first().and_then(|list| list.total);
    // Mostly there is one list, whose references then become the records where they lie.
    let mut texts = lists.into_iter().map(|list| list.items.into_iter().map(RawValue::get));
    let mut records: Vec<&str> = texts.next().map_or_else(Vec::new, Iterator::collect);
    records.extend(texts.flatten());
    print(&records, total, session)
}

/// Everything that was asked for. A service that holds some of it back, though no limit was set, is asked for the rest.
fn read_all(client: &Client, mut filter: List) -> Result<Vec<Reply<List>>, Failure> {
    let start = u64::from(filter.offset.unwrap_or(0));
    let (mut answers, mut seen) = (Vec::new(), 0);
    loop {
        let answer = client.call(&filter)?;
        let (read, total) = answer.read().map(|list| (list.items.len() as u64, list.total.unwrap_or(0)))?;
        answers.push(answer);
        seen += read;
        if filter.limit.is_some() || read == 0 || start + seen >= total {
            return Ok(answers);
        }
        filter.offset = u32::try_from(start + seen).ok();
    }
}

fn print(records: &[&str], total: Option<u64>, session: &Session) -> Result<Exit, Failure> {
    if session.out.format() == Format::Table {
        match total.filter(|total| *total != records.len() as u64) {
            Some(total) => session.out.note(format!("{} of {total} users", records.len())),
            None if records.is_empty() => session.out.note("no users"),
            None => {}
        }
        if records.is_empty() {
            return Ok(Exit::Done);
        }
    }
    session.out.many(&USER, records)?;
    Ok(Exit::Done)
}
