//! The project as it is: read page by page, and read again when it changed meanwhile.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::value::RawValue;

use crate::http::Many;
use crate::http::{Client, Error};
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
    /// The person's number.
    pub phone: Box<str>,
    /// The number that talks to the person.
    pub assigned: Option<Box<str>>,
    /// Given name.
    pub first_name: Option<Box<str>>,
    /// Family name.
    pub last_name: Option<Box<str>>,
    /// E-mail address.
    pub email: Option<Box<str>>,
}

/// What is there before a roster is applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// Active users, in creation order.
    pub users: Vec<ProjectUser>,
    /// The numbers of the project's lines; read only where they are needed to tell the types apart.
    pub lines: HashSet<Box<str>>,
}

/// Why a project could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
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
    Whole(Vec<Record>),
    Changed,
}

/// A user whose type may still be open.
struct Record {
    user: ProjectUser,
    typed: bool,
}

/// What a page's answer held.
struct Page {
    records: Vec<Record>,
    total: Option<usize>,
}

impl Project {
    /// Reads the project's users; `needs_lines` asks for its lines too.
    ///
    /// # Errors
    /// As [`ProjectError`]; nothing was changed.
    pub fn read(client: &Client, needs_lines: bool) -> Result<Self, ProjectError> {
        for _ in 0..ATTEMPTS {
            let Reading::Whole(records) = read_pages(client)? else { continue };
            let open = records.iter().any(|record| !record.typed && record.user.assigned.is_some());
            let lines = if needs_lines || open { read_lines(client)? } else { HashSet::new() };
            let settle = |mut record: Record| {
                if !record.typed {
                    let line = record.user.assigned.as_ref().filter(|assigned| lines.contains(*assigned));
                    record.user.kind = if line.is_some() { UserType::Dedicated } else { UserType::Shared };
                }
                record.user
            };
            let users = records.into_iter().map(settle).collect();
            return Ok(Self { users, lines });
        }
        Err(ProjectError::Changing)
    }
}

/// The numbers of the project's lines. A project that has none may say so with a 404.
fn read_lines(client: &Client) -> Result<HashSet<Box<str>>, ProjectError> {
    let answer = match client.call(&lines::endpoints::List::default()) {
        Ok(answer) => answer,
        Err(error) if error.is_absent() => return Ok(HashSet::new()),
        Err(error) => return Err(error.into()),
    };
    let number = |line: &RawValue| {
        let line: lines::model::Line<'_> = serde_json::from_str(line.get()).ok()?;
        Some(Box::from(line.phone_number?.as_ref()))
    };
    Ok(answer.read()?.items.into_iter().filter_map(number).collect())
}

fn read_page(client: &Client, offset: usize) -> Result<Page, ProjectError> {
    let offset = u32::try_from(offset).ok().filter(|offset| *offset > 0);
    let answer = client.call(&List { limit: Some(PAGE), offset, ..List::default() })?;
    let Many { items, total } = answer.read()?;
    let records = items.iter().map(|raw| record(raw)).collect::<Result<_, _>>()?;
    Ok(Page { records, total: total.and_then(|total| usize::try_from(total).ok()) })
}

fn record(raw: &RawValue) -> Result<Record, ProjectError> {
    let user: User<'_> = serde_json::from_str(raw.get()).map_err(|error| ProjectError::Record(error.to_string()))?;
    let text = |text: Option<std::borrow::Cow<'_, str>>| text.filter(|text| !text.is_empty()).map(|text| text.into());
    let kind: Option<UserType> = user.kind.as_deref().and_then(|kind| kind.parse().ok());
    Ok(Record {
        typed: kind.is_some(),
        user: ProjectUser {
            id: user.id.into(),
            kind: kind.unwrap_or(UserType::Shared),
            phone: user.phone_number.into(),
            assigned: text(user.assigned_phone_number),
            first_name: text(user.first_name),
            last_name: text(user.last_name),
            email: text(user.email),
        },
    })
}

/// Reads all pages once.
///
/// Offsets are not a snapshot: a user deleted on a page that was read moves the rest forward. So each page begins with
/// the last user of the page before, and another user there, another total, or a user seen twice means that it changed.
fn read_pages(client: &Client) -> Result<Reading, ProjectError> {
    let first = read_page(client, 0)?;
    let got = first.records.len();
    let whole = match first.total {
        Some(total) => got >= total,
        // The seed's era names no total: only a full page can hide more, and a longer one ignores the limit.
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
fn read_to_total(client: &Client, first: Vec<Record>, total: usize) -> Result<Reading, ProjectError> {
    // A service with a smaller page than was asked for sets the step.
    let step = first.len() - 1;
    let offsets: Vec<usize> = (1..).map(|page| page * step).take_while(|offset| offset + 1 < total).collect();
    if offsets.last().is_some_and(|last| *last > LARGEST_OFFSET) {
        return Err(ProjectError::TooLarge);
    }
    let next = AtomicUsize::new(0);
    let pages: Mutex<Vec<Option<Result<Page, ProjectError>>>> = Mutex::new(offsets.iter().map(|_| None).collect());
    let fetch = || {
        while let Some(at) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < offsets.len()) {
            let page = read_page(client, offsets[at]);
            if page.is_err() {
                next.store(offsets.len(), Ordering::Relaxed);
            }
            pages.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(page);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..PAGES_IN_FLIGHT.min(offsets.len()) {
            scope.spawn(fetch);
        }
        fetch();
    });
    let mut pages = pages.into_inner().unwrap_or_else(PoisonError::into_inner);
    // After a failure the pages behind it were not asked for; it is what there is to say.
    if let Some(failed) = pages.iter_mut().find(|page| matches!(page, Some(Err(_)))) {
        return match failed.take() {
            Some(Err(error)) => Err(error),
            _ => Ok(Reading::Changed),
        };
    }
    let mut joined = Joined::new(first);
    for page in pages {
        let Some(Ok(page)) = page else { return Ok(Reading::Changed) };
        if page.total != Some(total) || !joined.add(page.records) {
            return Ok(Reading::Changed);
        }
    }
    Ok(if joined.records.len() == total { Reading::Whole(joined.records) } else { Reading::Changed })
}

/// Reads on until a page brings nothing new.
fn read_to_end(client: &Client, first: Vec<Record>) -> Result<Reading, ProjectError> {
    let mut joined = Joined::new(first);
    loop {
        let offset = joined.records.len() - 1;
        if offset > LARGEST_OFFSET {
            return Err(ProjectError::TooLarge);
        }
        let page = read_page(client, offset)?;
        let same = |(one, other): (&Record, &Record)| one.user.id == other.user.id;
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
    records: Vec<Record>,
    seen: HashSet<Box<str>>,
}

impl Joined {
    fn new(first: Vec<Record>) -> Self {
        let seen = first.iter().map(|record| record.user.id.clone()).collect();
        Self { records: first, seen }
    }

    /// Adds a page that begins with the last user so far; false when it does not fit.
    fn add(&mut self, page: Vec<Record>) -> bool {
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
