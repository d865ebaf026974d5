//! Writing a roster: what did not come through, in a form that can be applied again.

use std::io::{self, Write};

use serde::Serialize;

use super::format::RosterFormat;
use crate::model::{Email, Phone};
use crate::nouns::users::model::NewUser;

/// A user as a roster has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RosterEntry {
    /// The `id`, where the service wrote any of it: such a row is taken to the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Box<str>>,
    /// What is asked for.
    #[serde(flatten)]
    pub user: NewUser,
}

/// `[[users]]`
#[derive(Serialize)]
struct TomlDocument<'a> {
    users: [&'a RosterEntry; 1],
}

/// Writes users as a roster.
///
/// # Errors
/// Whatever the writer says.
pub fn write(out: impl Write, format: RosterFormat, users: &[RosterEntry]) -> io::Result<()> {
    match format {
        RosterFormat::Csv => csv(out, users),
        RosterFormat::Ndjson => lines(out, users),
        RosterFormat::Json => array(out, users),
        RosterFormat::Toml => tables(out, users),
    }
}

/// The columns of a roster, by the API's names.
const COLUMNS: [&str; 6] = ["type", "phoneNumber", "assignedPhoneNumber", "firstName", "lastName", "email"];

/// A roster to be filled in: csv with its header alone; elsewhere one user whose values are all empty.
pub fn template(format: RosterFormat) -> String {
    let fields = |one: fn(&str) -> String, between: &str| COLUMNS.map(one).join(between);
    let object = || format!("{{{}}}", fields(|name| format!("\"{name}\":\"\""), ","));
    match format {
        RosterFormat::Csv => COLUMNS.join(",") + "\n",
        RosterFormat::Ndjson => object() + "\n",
        RosterFormat::Json => format!("[\n  {}\n]\n", object()),
        RosterFormat::Toml => format!("[[users]]\n{}\n", fields(|name| format!("{name} = \"\""), "\n")),
    }
}

fn csv(out: impl Write, users: &[RosterEntry]) -> io::Result<()> {
    let has_ids = users.iter().any(|entry| entry.id.is_some());
    let mut writer = ::csv::Writer::from_writer(out);
    let mut record = |id: &str, rest: [&str; 6]| {
        if has_ids {
            writer.write_field(id)?;
        }
        writer.write_record(rest)
    };
    record("id", COLUMNS)?;
    for RosterEntry { id, user } in users {
        let rest = [
            user.kind.as_str(),
            user.phone_number.as_str(),
            user.assigned_phone_number.as_ref().map_or("", Phone::as_str),
            user.first_name.as_deref().unwrap_or_default(),
            user.last_name.as_deref().unwrap_or_default(),
            user.email.as_ref().map_or("", Email::as_str),
        ];
        record(id.as_deref().unwrap_or_default(), rest)?;
    }
    writer.flush()
}

fn lines(mut out: impl Write, users: &[RosterEntry]) -> io::Result<()> {
    for user in users {
        serde_json::to_writer(&mut out, user)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn array(mut out: impl Write, users: &[RosterEntry]) -> io::Result<()> {
    let mut before = "[\n  ";
    for user in users {
        out.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut out, user)?;
        before = ",\n  ";
    }
    out.write_all(if users.is_empty() { b"[]\n" } else { b"\n]\n" })?;
    out.flush()
}

fn tables(mut out: impl Write, users: &[RosterEntry]) -> io::Result<()> {
    for user in users {
        // Of text alone, which TOML always can write.
        let table = ::toml::to_string(&TomlDocument { users: [user] }).map_err(io::Error::other)?;
        writeln!(out, "{table}")?;
    }
    out.flush()
}
