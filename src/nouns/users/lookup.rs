//! Finds a user by what a person calls them: an id or a phone number. A look-up that failed is never "absent".

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::endpoints::{Get, List};
use crate::failure::{Code, Failure};
use crate::http::{Client, answer};
use crate::model::ids::is_uuid;
use crate::model::number::{self, Likeness};
use crate::model::words::count;
use crate::model::{Phone, UserId};
use crate::nouns::users::model::{User, UserType};
use crate::session::Session;

/// What a person calls a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserKey {
    /// The service's id.
    Id(UserId),
    /// The person's number.
    Phone(Phone),
}

/// Reads ids and phone numbers.
///
/// # Errors
/// Usage, with what to write instead.
pub fn keys(texts: &[String], session: &Session) -> Result<Vec<UserKey>, Failure> {
    texts.iter().map(|text| key(text, session)).collect()
}

/// Reads an id or a phone number.
///
/// # Errors
/// Usage, with what to write instead.
pub fn key(text: &str, session: &Session) -> Result<UserKey, Failure> {
    if let Ok(id) = text.trim().parse() {
        return Ok(UserKey::Id(id));
    }
    match session.phone("neither a user id nor a phone number", text) {
        Ok(phone) => Ok(UserKey::Phone(phone)),
        Err(_) if looks_like_an_id(text) => Err(Failure::new(Code::Usage, format!("{text:?} is not a user id"))
            .hint("an id looks like 3c90c3cc-0d44-4b50-8888-8dd25736052a")),
        Err(failure) => Err(failure),
    }
}

fn looks_like_an_id(text: &str) -> bool {
    text.len() > 20 && text.contains('-') && !text.starts_with('+') && !is_uuid(text)
}

/// One user as the service wrote it, kept beyond its answer.
#[derive(Debug)]
pub struct FoundUser {
    /// The record's own text.
    pub raw: Box<RawValue>,
}

impl FoundUser {
    /// The record's fields.
    ///
    /// # Errors
    /// When the record is not a user.
    pub fn user(&self) -> Result<User<'_>, Failure> {
        Ok(answer::record(&self.raw, "a user")?)
    }
}

/// All active users with exactly this number, of one type or of any.
///
/// # Errors
/// Whatever the call met.
pub fn by_phone(client: &Client, phone: &Phone, kind: Option<UserType>) -> Result<Vec<FoundUser>, Failure> {
    let mut filter = List { kind, search: Some(phone.to_string()), ..List::default() };
    let (mut found, mut unreadable) = (Vec::new(), Vec::new());
    let (mut seen, mut known) = (0, HashSet::new());
    loop {
        let answer = client.call(&filter)?;
        let page = answer.read()?;
        seen += page.items.len() as u64;
        let (before, is_first) = (known.len(), known.is_empty());
        // The service's search is partial: only the whole number counts.
        for raw in page.items {
            let candidate = FoundUser { raw: raw.to_owned() };
            let user = candidate.user()?;
            // A list that grows while it is read may show somebody on two pages.
            if !known.insert(user.id.to_ascii_lowercase()) {
                continue;
            }
            let is_kind = kind.is_none_or(|kind| user.kind.as_deref().is_none_or(|word| word == kind.as_str()));
            match number::compare(&user.phone_number, phone.as_str()) {
                Likeness::Same if is_kind => found.push(candidate),
                Likeness::Unreadable if is_kind => unreadable.push(format!("{} is {}", user.id, user.phone_number)),
                _ => {}
            }
        }
        let there = if is_first { seen } else { known.len() as u64 };
        // Everything was asked for; a service that holds something back is asked for the rest.
        let Some(total) = page.total.filter(|total| *total > there) else {
            // Who may be there is not absent.
            return if found.is_empty() && !unreadable.is_empty() {
                Err(unreadable_number(phone, unreadable))
            } else {
                Ok(found)
            };
        };
        // A page of nobody new: the total lies, or the offset is ignored.
        if known.len() == before {
            let what = format!(
                "the service listed {before} of {}, so the look-up of {phone} is incomplete",
                count(total, "user")
            );
            return Err(Failure::new(Code::BadResponse, what).hint("it is safe to run the same command again"));
        }
        filter.offset = u32::try_from(seen).ok();
    }
}

/// Says that somebody may have a phone number, and who, where the service does not show all of it.
fn unreadable_number(phone: &Phone, context: Vec<String>) -> Failure {
    let people = count(context.len(), "user");
    let message = format!("{people} may have the phone number {phone}: the service does not show all of its digits");
    let failure = Failure { context, ..Failure::new(Code::Conflict, message) };
    failure.hint("name the one you mean by its id")
}

/// Exactly one user.
///
/// # Errors
/// Not found, ambiguous, or whatever the call met.
pub fn one(client: &Client, key: &UserKey) -> Result<FoundUser, Failure> {
    let phone = match key {
        UserKey::Id(id) => {
            let answer = client.call(&Get(id.as_str()))?;
            let got = answer.read()?.id;
            if !got.eq_ignore_ascii_case(id.as_str()) {
                let what = format!("the service answered with the user {got}, not {id}");
                return Err(Failure::new(Code::BadResponse, what).hint("it is safe to run the same command again"));
            }
            return Ok(FoundUser { raw: answer::raw(answer.data()?)? });
        }
        UserKey::Phone(phone) => phone,
    };
    let mut found = by_phone(client, phone, None)?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(Failure::new(Code::NotFound, format!("no active user has the phone number {phone}"))
            .hint("run `spectrum users list` to see who is registered")),
        (Some(last), false) => {
            found.push(last);
            Err(ambiguous(phone, &found)?)
        }
    }
}

/// Says that a phone number stands for several users, and for which.
///
/// # Errors
/// When one of them is no user.
pub fn ambiguous(phone: &Phone, found: &[FoundUser]) -> Result<Failure, Failure> {
    let failure =
        Failure::new(Code::Ambiguous, format!("{} have the phone number {phone}", count(found.len(), "user")));
    let failure = found.iter().try_fold(failure, |failure, candidate| {
        let user = candidate.user()?;
        let line = user.assigned_phone_number.as_deref().unwrap_or("no number");
        Ok::<_, Failure>(failure.context(format!("{} on {line}", user.id)))
    })?;
    Ok(failure.hint(format!("run `spectrum users list --phone {phone}` and name the one you mean by its id")))
}
