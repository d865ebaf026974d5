//! How the sandbox answers for users: create with its identity rules, list, get, delete, and the public redirect.

use std::sync::atomic::Ordering;

use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::Connection;
use serde::Serialize;
use serde_json::{Map, Value};

use super::endpoints::{Create, Delete, Get, List, Redirect};
use super::model::UserType;
use super::schema::{self, LARGEST_LIMIT, LARGEST_OFFSET, LONGEST_MESSAGE};
use crate::http::Endpoint as _;
use crate::model::ids::is_uuid;
use crate::model::{Email, Phone};
use crate::sandbox::exchange::{Exchange, Response, Route, SandboxState, key};
use crate::sandbox::ids::Ids;
use crate::sandbox::options::SandboxProject;
use crate::sandbox::pool;
use crate::sandbox::query::Query;
use crate::sandbox::records::{self, Filter, LookupKey, StoredMeta, StoredUser, UserView};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::revision::Revision;

/// The message of a redirect that names none. The service has one of its own, whose words are not known.
const DEFAULT_MESSAGE: &str = "Hello!";
/// How far a row may be dated ahead of the clock so that creation order and dates agree.
const LARGEST_LEAD_MS: i64 = 1000;
/// What `encodeURIComponent` leaves alone.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What a delete answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeletedUser<'a> {
    user_id: &'a str,
}

/// What answers the users' endpoints.
pub static ROUTES: [Route; 5] = [
    Route { spec: List::SPEC, handler: list, describe: schema::list },
    Route { spec: Create::SPEC, handler: create, describe: schema::create },
    Route { spec: Get::SPEC, handler: get, describe: schema::get },
    Route { spec: Delete::SPEC, handler: delete, describe: schema::delete },
    Route { spec: Redirect::SPEC, handler: redirect, describe: schema::redirect },
];

fn list(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let id = key(exchange.project()?.id.as_str());
    let revision = exchange.state.revision;
    let filter = read_filter(&exchange.query, revision)?;
    let listed = exchange.state.store.read(|connection| records::list(connection, &id, &filter))?;
    let total = if revision.tells_type_and_total() { format!(r#","total":{}"#, listed.total) } else { String::new() };
    // The rows are JSON already: the envelope is put around them, so that a large list is not parsed again.
    let (head, tail) = (br#"{"succeed":true,"data":{"users":"#, format!("{total}}}}}"));
    Ok(Response::json(StatusCode::OK, [head, listed.json.as_slice(), tail.as_bytes()].concat()))
}

fn get(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let id = key(exchange.project()?.id.as_str());
    let user = user_id(exchange.parameter("user"))?;
    let found = exchange.state.store.read(|connection| records::find(connection, &id, LookupKey::Id(&user)))?;
    found.map(|record| Response::success(&UserView(&record, exchange.state.revision))).ok_or(Refusal::NoUser)
}

fn delete(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let id = key(exchange.project()?.id.as_str());
    let user = user_id(exchange.parameter("user"))?;
    let now = exchange.now.as_millisecond();
    let deleted = exchange.state.store.write(|connection| records::delete(connection, &id, &user, now))?;
    if !deleted {
        return Err(Refusal::NoUser);
    }
    exchange.state.tell_of_users("deleted", &id, Some(&user));
    Ok(Response::success(&DeletedUser { user_id: &user }))
}

/// The public redirect: from a link to a message to the user's number.
fn redirect(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let user = user_id(exchange.parameter("user"))?;
    let message = exchange.query.one("msg")?;
    if message.is_some_and(|message| !(1..=LONGEST_MESSAGE).contains(&message.chars().count())) {
        return Err(Refusal::Validation(format!("msg must have 1 to {LONGEST_MESSAGE} characters")));
    }
    let record = exchange.state.store.read(|connection| records::find_anywhere(connection, &user))?;
    let record = record.ok_or(Refusal::NoUser)?;
    if record.kind != UserType::Shared.as_str() {
        return Err(Refusal::NotShared);
    }
    let message = utf8_percent_encode(message.unwrap_or(DEFAULT_MESSAGE), COMPONENT);
    let target = format!("sms:{}&body={message}", record.assigned_phone_number);
    let target = HeaderValue::from_str(&target)
        .map_err(|_| Refusal::Validation("The user has no assigned number".to_owned()))?;
    Ok(Response::empty(StatusCode::FOUND).with(LOCATION, target))
}

fn user_id(text: &str) -> Result<String, Refusal> {
    if is_uuid(text) { Ok(key(text)) } else { Err(Refusal::Validation("userId must be a UUID".to_owned())) }
}

fn read_filter(query: &Query<'_>, revision: Revision) -> Result<Filter, Refusal> {
    let ids = query
        .all("id")
        .map(|id| if is_uuid(id) { Ok(key(id)) } else { Err(Refusal::Validation("id must be a UUID".to_owned())) });
    let filter = Filter {
        kind: query.parsed("type", "shared or dedicated")?,
        ids: ids.collect::<Result<_, _>>()?,
        revision,
        ..Filter::default()
    };
    if !revision.searches_and_pages() {
        return Ok(filter);
    }
    let search = query.one("search")?;
    if search == Some("") {
        return Err(Refusal::Validation("search must have 1 character or more".to_owned()));
    }
    Ok(Filter {
        search: search.map(str::to_owned),
        limit: query.number("limit", 1, LARGEST_LIMIT)?,
        offset: query.number("offset", 0, LARGEST_OFFSET)?.unwrap_or(0),
        ..filter
    })
}

/// A create's body after every check that needs no store.
struct Wanted {
    phone: Phone,
    /// The line, for a dedicated user.
    line: Option<Phone>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<Email>,
}

fn read_wanted(fields: &Map<String, Value>) -> Result<Wanted, Refusal> {
    let mut problems = Vec::new();
    let mut note = |problem: &str| problems.push(problem.to_owned());
    let kind = match fields.get("type").and_then(Value::as_str).map(str::parse) {
        Some(Ok(kind)) => Some(kind),
        _ => {
            note("type must be shared or dedicated");
            None
        }
    };
    let phone = phone_in(fields, "phoneNumber");
    if phone.is_none() {
        note("phoneNumber must be a phone number like +14155550123");
    }
    // Only a dedicated user has a line of its own: what else a shared one carries is ignored, whatever it holds.
    let is_dedicated = kind == Some(UserType::Dedicated);
    let line = is_dedicated.then(|| phone_in(fields, "assignedPhoneNumber")).flatten();
    if is_dedicated && line.is_none() {
        note("assignedPhoneNumber must be a phone number like +14155550123 for a dedicated user");
    }
    let mut text_in = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => None,
        // What no database of text can hold.
        Some(Value::String(text)) if text.contains('\0') => {
            note(&format!("{name} must not hold a NUL character"));
            None
        }
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => {
            note(&format!("{name} must be text or null"));
            None
        }
    };
    let (first_name, last_name, email) = (text_in("firstName"), text_in("lastName"), text_in("email"));
    let email = match email.map(|email| email.parse::<Email>()) {
        None => None,
        Some(Ok(email)) => Some(email),
        Some(Err(_)) => {
            note("email must be an e-mail address like jsmith@example.com");
            None
        }
    };
    match (phone, problems.is_empty()) {
        (Some(phone), true) => Ok(Wanted { phone, line, first_name, last_name, email }),
        _ => Err(Refusal::Validation(problems.join("; "))),
    }
}

fn phone_in(fields: &Map<String, Value>, name: &str) -> Option<Phone> {
    fields.get(name)?.as_str()?.parse().ok()
}

fn create(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let (project, state) = (exchange.project()?, exchange.state);
    let wanted = read_wanted(&exchange.fields()?)?;
    // The rules and the write are one transaction: nobody can come in between.
    let outcome = state.store.write(|connection| {
        let result = match &wanted.line {
            Some(line) => create_dedicated(connection, state, project, &wanted, line, exchange.now),
            None => create_shared(connection, state, project, &wanted, exchange.now),
        };
        match result {
            Err(Refusal::Internal(error)) => Err(error),
            other => Ok(other),
        }
    })?;
    let record = outcome?;
    // A repeat may have overwritten it.
    state.tell_of_users("created", &record.project_id, Some(&record.id));
    Ok(Response::success(&UserView(&record, state.revision)))
}

/// A shared user, by the identity rule of the revision.
fn create_shared(
    connection: &Connection,
    state: &SandboxState,
    project: &SandboxProject,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<StoredUser, Refusal> {
    let id = key(project.id.as_str());
    let mut existing = records::find(connection, &id, LookupKey::SharedPhone(wanted.phone.as_str()))?;
    let email_is_identity = state.revision.email_is_identity();
    if email_is_identity {
        if let (None, Some(email)) = (&existing, &wanted.email) {
            existing = records::find(connection, &id, LookupKey::SharedEmail(email.as_str()))?;
        }
    } else if let Some(record) = &mut existing {
        overwrite(record, wanted);
        record.update(connection)?;
    }
    if let Some(record) = existing {
        return Ok(record);
    }
    if records::count(connection, &id, UserType::Shared)? >= u64::from(project.max_shared_users) {
        return Err(Refusal::Capacity(project.max_shared_users));
    }
    let number = pool::assign(connection, state.pool, &id, &wanted.phone)?.ok_or(Refusal::PoolExhausted)?;
    let record = new_record((connection, &state.ids), id, UserType::Shared, wanted, number, now)?;
    record.insert(connection, email_is_identity)?;
    state.users_made.fetch_add(1, Ordering::Relaxed);
    Ok(record)
}

/// Takes over what a repeat carries; what it leaves out or sends as null stays.
fn overwrite(record: &mut StoredUser, wanted: &Wanted) {
    let email = wanted.email.as_ref().map(ToString::to_string);
    for (field, value) in [
        (&mut record.first_name, wanted.first_name.clone()),
        (&mut record.last_name, wanted.last_name.clone()),
        (&mut record.email, email),
    ] {
        if value.is_some() {
            *field = value;
        }
    }
}

fn create_dedicated(
    connection: &Connection,
    state: &SandboxState,
    project: &SandboxProject,
    wanted: &Wanted,
    line: &Phone,
    now: Timestamp,
) -> Result<StoredUser, Refusal> {
    if !project.lines.contains(line) {
        return Err(Refusal::ForeignLine(line.clone()));
    }
    let id = key(project.id.as_str());
    if let Some(record) = records::find(connection, &id, LookupKey::Tuple(wanted.phone.as_str(), line.as_str()))? {
        return Ok(record);
    }
    let record = new_record((connection, &state.ids), id, UserType::Dedicated, wanted, line.to_string(), now)?;
    record.insert(connection, false)?;
    state.users_made.fetch_add(1, Ordering::Relaxed);
    Ok(record)
}

fn new_record(
    (connection, ids): (&Connection, &Ids),
    project_id: String,
    kind: UserType,
    wanted: &Wanted,
    assigned_phone_number: String,
    now: Timestamp,
) -> Result<StoredUser, Refusal> {
    let now = now.as_millisecond();
    // Requests that overtake one another on their way here must not be dated backwards.
    let newest = records::newest(connection)?.filter(|newest| *newest <= now + LARGEST_LEAD_MS);
    Ok(StoredUser {
        id: ids.unused(connection, "users")?,
        project_id,
        kind: kind.as_str().to_owned(),
        first_name: wanted.first_name.clone(),
        last_name: wanted.last_name.clone(),
        email: wanted.email.as_ref().map(ToString::to_string),
        phone_number: wanted.phone.to_string(),
        assigned_phone_number,
        meta: StoredMeta::default(),
        created_at: newest.map_or(now, |newest| newest.max(now)),
    })
}
