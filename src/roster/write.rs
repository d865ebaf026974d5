//! Writing a roster: what did not come through, in a form that can be applied again.

use std::io::{self, Write};

use serde::Serialize;

use super::format::Format;
use crate::model::{Email, Phone};
use crate::nouns::users::model::NewUser;

/// `[[users]]`
#[derive(Serialize)]
struct Document<'a> {
    users: [&'a NewUser; 1],
}

/// Writes users as a roster.
///
/// # Errors
/// Whatever the writer says.
pub fn write<'a>(out: impl Write, format: Format, users: impl IntoIterator<Item = &'a NewUser>) -> io::Result<()> {
    match format {
        Format::Csv => csv(out, users),
        Format::Ndjson => lines(out, users),
        Format::Json => array(out, users),
        Format::Toml => tables(out, users),
    }
}

fn csv<'a>(out: impl Write, users: impl IntoIterator<Item = &'a NewUser>) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(["type", "phoneNumber", "assignedPhoneNumber", "firstName", "lastName", "email"])?;
    for user in users {
        writer.write_record([
            user.kind.as_str(),
            user.phone_number.as_str(),
            user.assigned_phone_number.as_ref().map_or("", Phone::as_str),
            user.first_name.as_deref().unwrap_or_default(),
            user.last_name.as_deref().unwrap_or_default(),
            user.email.as_ref().map_or("", Email::as_str),
        ])?;
    }
    writer.flush()
}

fn lines<'a>(mut out: impl Write, users: impl IntoIterator<Item = &'a NewUser>) -> io::Result<()> {
    for user in users {
        serde_json::to_writer(&mut out, user)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn array<'a>(mut out: impl Write, users: impl IntoIterator<Item = &'a NewUser>) -> io::Result<()> {
    let mut before = "[\n  ";
    for user in users {
        out.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut out, user)?;
        before = ",\n  ";
    }
    out.write_all(if before.starts_with('[') { b"[]\n" } else { b"\n]\n" })?;
    out.flush()
}

fn tables<'a>(mut out: impl Write, users: impl IntoIterator<Item = &'a NewUser>) -> io::Result<()> {
    for user in users {
        // Of text alone, which TOML always can write.
        let table = ::toml::to_string(&Document { users: [user] }).map_err(io::Error::other)?;
        writeln!(out, "{table}")?;
    }
    out.flush()
}
