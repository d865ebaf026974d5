//! The project's users as they are: read page by page, and read again when they changed meanwhile.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::OnceLock;
use std::thread;

use serde_json::value::RawValue;

use crate::http::{Client, Error, Many};
use crate::model::number::{self, Likeness, Written};
use crate::nouns::lines;
use crate::nouns::users::endpoints::List;
use crate::nouns::users::model::{User, UserType};

/// The largest page that the service gives.
const PAGE: u32 = 500;
/// The largest offset that the service takes.
const LARGEST_OFFSET: usize = 1_000_000;
/// How often a project that changes under the reading is begun again.
const ATTEMPTS: u32 = 4;
/// Pages in flight at once; the pace spaces their starts anyhow.
const PAGES_IN_FLIGHT: usize = 8;

/// A user of the project, as far as a roster can speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectUser {
    /// The id given by the service.
    pub id: Box<str>,
    /// The service's word, or what was worked out from the project's lines.
    pub kind: UserType,
    /// The person's number: a plus and digits where it can be read, else what the service wrote.
    pub phone: Box<str>,
    /// The number that talks to the person, likewise.
    pub assigned: Option<Box<str>>,
    /// Given name.
    pub first_name: Option<Box<str>>,
    /// Family name.
    pub last_name: Option<Box<str>>,
    /// E-mail address.
    pub email: Option<Box<str>>,
    /// Whether the person has texted the assigned number: a replaced user may have to do so again.
    pub opted_in: bool,
    /// Whether this is the row of the project's owner, which is never deleted.
    pub is_owner: bool,
}

impl ProjectUser {
    /// Whether the numbers that make the user who they are can be read.
    pub fn is_readable(&self) -> bool {
        let line = self.assigned.as_deref().filter(|_| self.kind == UserType::Dedicated);
        number::is_whole(&self.phone) && line.is_none_or(number::is_whole)
    }
}

/// What is there before a roster is applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Active users, in creation order.
    pub users: Vec<ProjectUser>,
    /// The numbers of the project's lines; read only where they are needed to tell the types apart.
    pub lines: HashSet<Box<str>>,
}

/// Why a project could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// A call failed.
    #[error(transparent)]
    Api(#[from] Error),
    /// Somebody is changing the project at this moment.
    #[error("the project's users changed while they were being read, {ATTEMPTS} times in a row")]
    Changing,
    /// More users than the service's offsets reach.
    #[error("the project has more users than the service can list page by page ({LARGEST_OFFSET})")]
    TooLarge,
    /// A record that is not a user.
    #[error("the service listed a record that is not a user ({0})")]
    Record(String),
}

/// What one reading of the pages came to.
enum Reading {
    Whole(Vec<UntypedUser>),
    Changed,
}

/// A user whose type may still be open.
struct UntypedUser {
    user: ProjectUser,
    typed: bool,
}

/// What a page's answer held.
struct PageAnswer {
    records: Vec<UntypedUser>,
    total: Option<usize>,
}

impl Snapshot {
    /// Reads the project's users; `needs_lines` asks for its lines too.
    ///
    /// # Errors
    /// As [`SnapshotError`]; nothing was changed.
    pub fn read(client: &Client, needs_lines: bool) -> Result<Self, SnapshotError> {
        for _ in 0..ATTEMPTS {
            let Reading::Whole(records) = read_pages(client)? else { continue };
            let open = records.iter().any(|record| !record.typed && record.user.assigned.is_some());
            let lines = if needs_lines || open { read_lines(client)? } else { HashSet::new() };
            let settle = |mut record: UntypedUser| {
                if !record.typed {
                    let is_line = |assigned: &str| {
                        lines.contains(assigned) || (!number::is_whole(assigned) && may_be_one_of(assigned, &lines))
                    };
                    let on_line = record.user.assigned.as_deref().is_some_and(is_line);
                    record.user.kind = if on_line { UserType::Dedicated } else { UserType::Shared };
                }
                record.user
            };
            let users = records.into_iter().map(settle).collect();
            return Ok(Self { users, lines });
        }
        Err(SnapshotError::Changing)
    }
}

/// The numbers of the project's lines. A project that has none may say so with a 404.
fn read_lines(client: &Client) -> Result<HashSet<Box<str>>, SnapshotError> {
    let answer = match client.call(&lines::endpoints::List::default()) {
        Ok(answer) => answer,
        Err(error) if error.is_absent() => return Ok(HashSet::new()),
        Err(error) => return Err(error.into()),
    };
    let number = |line: &RawValue| {
        let line: lines::model::Line<'_> = serde_json::from_str(line.get()).ok()?;
        Some(Box::from(readable(&line.phone_number?)))
    };
    Ok(answer.read()?.items.into_iter().filter_map(number).collect())
}

fn read_page(client: &Client, offset: usize) -> Result<PageAnswer, SnapshotError> {
    let offset = u32::try_from(offset).ok().filter(|offset| *offset > 0);
    let answer = client.call(&List { limit: Some(PAGE), offset, ..List::default() })?;
    let Many { items, total } = answer.read()?;
    let records = items.iter().map(|raw| record(raw)).collect::<Result<_, _>>()?;
    Ok(PageAnswer { records, total: total.and_then(|total| usize::try_from(total).ok()) })
}

fn record(raw: &RawValue) -> Result<UntypedUser, SnapshotError> {
    let user: User<'_> = serde_json::from_str(raw.get()).map_err(|error| SnapshotError::Record(error.to_string()))?;
    let text = |text: Option<Cow<'_, str>>| text.filter(|text| !text.is_empty()).map(|text| text.into());
    let kind: Option<UserType> = user.kind.as_deref().and_then(|kind| kind.parse().ok());
    Ok(UntypedUser {
        typed: kind.is_some(),
        user: ProjectUser {
            id: user.id.into(),
            kind: kind.unwrap_or(UserType::Shared),
            phone: readable(&user.phone_number).into(),
            assigned: text(user.assigned_phone_number).map(|assigned: Box<str>| readable(&assigned).into()),
            first_name: text(user.first_name),
            last_name: text(user.last_name),
            email: text(user.email),
            opted_in: user.meta.opt_in,
            is_owner: user.meta.project_owner,
        },
    })
}

/// Whether a number that cannot be read may be one of these.
fn may_be_one_of(written: &str, numbers: &HashSet<Box<str>>) -> bool {
    numbers.iter().any(|number| number::compare(written, number) != Likeness::Different)
}

/// A number as a roster writes it, however the service did; one that cannot be read stays as it is.
fn readable(written: &str) -> Cow<'_, str> {
    match number::read(written) {
        Written::Whole(number) => number,
        Written::Part(_) => Cow::Borrowed(written),
    }
}

/// Reads all pages once.
///
/// Offsets are not a snapshot: a user deleted on a page that was read moves the rest forward. So each page begins with
/// the last user of the page before, and another user there, another total, or a user seen twice means that it changed.
fn read_pages(client: &Client) -> Result<Reading, SnapshotError> {
    let first = read_page(client, 0)?;
    let got = first.records.len();
    let whole = match first.total {
        Some(total) => got >= total,
        // 2026-05 names no total: only a full page can hide more, and a longer one ignores the limit.
        None => got != PAGE as usize,
    };
    if whole {
        return Ok(Reading::Whole(first.records));
    }
    if got < 2 {
        return Ok(Reading::Changed);
    }
    match first.total {
        Some(total) => read_to_total(client, first.records, total),
        None => read_to_end(client, first.records),
    }
}

/// Reads on to a known total, several pages at once.
///
/// The total is only what the service says: nothing is set aside for it, and nothing more is asked for when a page
/// does not go on where the one before has ended.
fn read_to_total(client: &Client, first: Vec<UntypedUser>, total: usize) -> Result<Reading, SnapshotError> {
    // A service with a smaller page than was asked for sets the step.
    let step = first.len() - 1;
    let pages = (total - 2) / step;
    if pages.saturating_mul(step) > LARGEST_OFFSET {
        return Err(SnapshotError::TooLarge);
    }
    let mut joined = Joined::new(first);
    let mut next = 1;
    while next <= pages {
        let batch: Vec<usize> = (next..=pages).take(PAGES_IN_FLIGHT).map(|page| page * step).collect();
        next += batch.len();
        for page in read_batch(client, &batch) {
            let page = page?;
            if page.total != Some(total) || !joined.add(page.records) {
                return Ok(Reading::Changed);
            }
        }
    }
    Ok(if joined.records.len() == total { Reading::Whole(joined.records) } else { Reading::Changed })
}

/// Reads some pages at once, in this order; where the system gives no threads, one after the other.
fn read_batch(client: &Client, offsets: &[usize]) -> Vec<Result<PageAnswer, SnapshotError>> {
    let pages: Vec<OnceLock<Result<PageAnswer, SnapshotError>>> = offsets.iter().map(|_| OnceLock::new()).collect();
    thread::scope(|scope| {
        for (offset, place) in offsets.iter().zip(&pages).skip(1) {
            let read = move || drop(place.set(read_page(client, *offset)));
            if thread::Builder::new().spawn_scoped(scope, read).is_err() {
                break;
            }
        }
        if let (Some(offset), Some(place)) = (offsets.first(), pages.first()) {
            let _ = place.set(read_page(client, *offset));
        }
    });
    let page =
        |(offset, place): (&usize, OnceLock<_>)| place.into_inner().unwrap_or_else(|| read_page(client, *offset));
    offsets.iter().zip(pages).map(page).collect()
}

/// Reads on until a page brings nothing new.
fn read_to_end(client: &Client, first: Vec<UntypedUser>) -> Result<Reading, SnapshotError> {
    let mut joined = Joined::new(first);
    loop {
        let offset = joined.records.len() - 1;
        if offset > LARGEST_OFFSET {
            return Err(SnapshotError::TooLarge);
        }
        let page = read_page(client, offset)?;
        let same = |(one, other): (&UntypedUser, &UntypedUser)| one.user.id == other.user.id;
        if page.records.len() == joined.records.len() && page.records.iter().zip(&joined.records).all(same) {
            // The same page again: this service ignores the offset, and so gave everything at first.
            return Ok(Reading::Whole(joined.records));
        }
        let full = page.records.len() >= PAGE as usize;
        if !joined.add(page.records) {
            return Ok(Reading::Changed);
        }
        if !full {
            return Ok(Reading::Whole(joined.records));
        }
    }
}

/// Pages joined so far, and the ids that they held.
struct Joined {
    records: Vec<UntypedUser>,
    seen: HashSet<Box<str>>,
}

impl Joined {
    fn new(first: Vec<UntypedUser>) -> Self {
        let seen = first.iter().map(|record| record.user.id.clone()).collect();
        Self { records: first, seen }
    }

    /// Adds a page that begins with the last user so far; false when it does not fit.
    fn add(&mut self, page: Vec<UntypedUser>) -> bool {
        let mut page = page.into_iter();
        let overlap = page.next().zip(self.records.last()).is_some_and(|(new, old)| new.user.id == old.user.id);
        overlap
            && page.all(|record| {
                let new = self.seen.insert(record.user.id.clone());
                self.records.push(record);
                new
            })
    }
}
