//! `users list`.

use std::cmp::Reverse;

use clap::Args;
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::columns::USER;
use super::endpoints::List;
use super::lookup;
use super::model::User;
use super::selection::{self, Filters, ListedUser};
use crate::failure::{Code, Exit, Failure};
use crate::http::Reply;
use crate::model::UserId;
use crate::model::words::count;
use crate::session::Session;
use crate::verbs;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users list --shared --search ada
  spectrum users list --not-opted-in --older-than 30d \\
      --sort createdAt
  spectrum users list -o csv > roster.csv

An empty list is success. What csv, json and ndjson write can be fed back to
`spectrum users apply`.";

/// List the project's active users
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The filters.
    #[command(flatten)]
    pub filters: Filters,
    /// Only users with exactly this number
    #[arg(long, value_name = "PHONE", conflicts_with = "search")]
    pub phone: Option<String>,
    /// Only this id; may be repeated
    #[arg(long = "id", value_name = "UUID", value_parser = str::parse::<UserId>)]
    pub ids: Vec<UserId>,
    /// Order by a field, such as createdAt; with - before it the other way round
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// At most this many, 1 to 500; everything by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: Option<u32>,
    /// Leave out this many first, up to 1000000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub offset: Option<u32>,
    /// Leave out the headings of a table or csv
    #[arg(long)]
    pub no_headers: bool,
}

/// Lists active users, in creation order unless another is asked for.
///
/// # Errors
/// Usage, when there is no such field to sort by; whatever the call met.
pub fn list(args: &ListArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&USER)?;
    session.out.leave_headings_out(args.no_headers);
    let order = args.sort.as_deref().map(Order::parse).transpose()?;
    let filters = args.filters.read(session)?;
    let phone = args.phone.as_deref().map(|phone| session.phone("--phone", phone)).transpose()?;
    let client = session.client()?;
    if let Some(phone) = &phone {
        let found = lookup::by_phone(client, phone, filters.asked().kind)?;
        let mut selected = Vec::new();
        for candidate in &found {
            let user = candidate.user()?;
            let is_asked = args.ids.is_empty() || args.ids.iter().any(|id| id.as_str().eq_ignore_ascii_case(&user.id));
            if is_asked && filters.keeps(&user, Timestamp::now()) {
                selected.push(ListedUser { text: candidate.raw.get(), user });
            }
        }
        return print_page(selected, order, args, session);
    }
    let is_local = filters.is_local() || order.is_some();
    // What is filtered or sorted here has to be there whole.
    let (limit, offset) = if is_local { (None, None) } else { (args.limit, args.offset) };
    let ids = args.ids.iter().map(ToString::to_string).collect();
    let answers = selection::read_all(client, &List { ids, limit, offset, ..filters.asked() })?;
    let lists = answers.iter().map(Reply::read).collect::<Result<Vec<_>, _>>()?;
    let total = lists.first().and_then(|list| list.total);
    let is_selective = filters.search.is_some() || args.limit.is_some() || args.offset.is_some();
    if is_local || (total.is_none() && is_selective) {
        // The earliest revision tells no total, and ignores a search and a page.
        let selected = selection::select(&answers, &filters, Timestamp::now())?;
        return print_page(selected, order, args, session);
    }
    if lists.len() > 1 {
        let selected = selection::select(&answers, &filters, Timestamp::now())?;
        return print(&selected.iter().map(|listed| listed.text).collect::<Vec<_>>(), total, session);
    }
    // Mostly there is one list, whose references then become the records where they lie.
    let only = lists.into_iter().next().map(|list| list.items.into_iter().map(RawValue::get).collect());
    print(&only.unwrap_or_else(Vec::new), total, session)
}

/// The page that was asked for of users who are all here.
fn print_page(
    mut selected: Vec<ListedUser<'_>>,
    order: Option<Order>,
    args: &ListArgs,
    session: &Session,
) -> Result<Exit, Failure> {
    if let Some(order) = order {
        order.sort(&mut selected);
    }
    let total = selected.len() as u64;
    let most = args.limit.map_or(usize::MAX, |limit| limit as usize);
    let page = selected.iter().skip(args.offset.unwrap_or(0) as usize).take(most);
    print(&page.map(|listed| listed.text).collect::<Vec<_>>(), Some(total), session)
}

/// Reads what a user is ordered by; none when it is not there.
pub type SortKey = fn(&User<'_>) -> Option<String>;

/// What a list can be ordered by.
pub const SORTED_BY: [(&str, SortKey); 8] = [
    ("type", |user| user.kind.as_deref().map(str::to_owned)),
    ("phoneNumber", |user| Some(user.phone_number.to_string())),
    ("assignedPhoneNumber", |user| user.assigned_phone_number.as_deref().map(str::to_owned)),
    ("firstName", |user| user.first_name.as_deref().map(str::to_lowercase)),
    ("lastName", |user| user.last_name.as_deref().map(str::to_lowercase)),
    ("email", |user| user.email.as_deref().map(str::to_lowercase)),
    ("id", |user| Some(user.id.to_string())),
    // Moments in one form compare as texts do.
    ("createdAt", |user| user.created().map(|created| format!("{created:.9}"))),
];

/// What a list is ordered by.
#[derive(Debug, Clone, Copy)]
struct Order {
    field: SortKey,
    is_descending: bool,
}

impl Order {
    fn parse(text: &str) -> Result<Self, Failure> {
        let (is_descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
        let found = SORTED_BY.iter().find(|(field, _)| *field == name);
        let Some((_, field)) = found else {
            let known = SORTED_BY.map(|(field, _)| field).join(", ");
            return Err(Failure::new(Code::Usage, format!("no field {name:?} to sort by"))
                .hint(format!("the fields are {known}; for example `--sort -createdAt`")));
        };
        Ok(Self { field: *field, is_descending })
    }

    /// Whoever lacks the field comes last, either way round; equals keep their order.
    fn sort(self, users: &mut [ListedUser<'_>]) {
        let key = |listed: &ListedUser<'_>| (self.field)(&listed.user);
        if self.is_descending {
            users.sort_by_cached_key(|listed| Reverse(key(listed)));
        } else {
            users.sort_by_cached_key(|listed| key(listed).map_or((true, None), |key| (false, Some(key))));
        }
    }
}

fn print(records: &[&str], total: Option<u64>, session: &Session) -> Result<Exit, Failure> {
    let number = records.len();
    let said = match total.filter(|total| *total != number as u64) {
        Some(total) => format!("{number} of {}", count(total, "user")),
        None if number == 0 => "no users".to_owned(),
        None => count(number, "user"),
    };
    verbs::print_list(session, &USER, records, &said)
}
