//! The roster as a value, and the one function that reads it.

use std::path::Path;

use super::row::Rows;
use super::{csv, json, text, toml};
use crate::nouns::users::model::NewUser;
use crate::roster::format::Format;
use crate::roster::problem::Problems;

/// One row of a roster, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file on which it begins, counted from 1.
    pub line: u32,
    /// What it asks for. A field that is absent asks for nothing.
    pub user: NewUser,
    /// Whether the row names its type; else it follows from `assignedPhoneNumber`.
    pub typed: bool,
    /// Whether the row carries an `id`, that is, the service wrote it.
    pub listed: bool,
}

impl Row {
    /// Whether its type is the service's guess rather than the author's word: in the seed's era lists name no type,
    /// and a shared user's pool number looks like a dedicated user's line.
    pub fn is_of_unknown_type(&self) -> bool {
        self.listed && !self.typed && self.user.assigned_phone_number.is_some()
    }
}

/// A roster: rows that neither repeat nor contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// How it was written.
    pub format: Format,
    /// In the file's order.
    pub rows: Vec<Row>,
}

/// Reads a roster from a file's bytes.
///
/// The format is the given one, else the one that the name's extension tells, else the one that the content looks like.
///
/// # Errors
/// Every problem of the file, in its order.
pub fn read(bytes: &[u8], format: Option<Format>, name: Option<&Path>) -> Result<Roster, Problems> {
    let text = text::decode(bytes).map_err(|problem| Problems(vec![problem]))?;
    let by_name = name.and_then(Format::of_path);
    let format = match (format, by_name) {
        (Some(format), _) => format,
        // `jq -c` and logs leave objects in lines under either name.
        (None, Some(Format::Json)) if text.trim_start().starts_with('{') => Format::Ndjson,
        (None, Some(format)) => format,
        (None, None) => Format::of_content(&text),
    };
    let mut rows = Rows::default();
    match format {
        Format::Csv => csv::read(&text, &mut rows),
        Format::Ndjson => json::read_lines(&text, &mut rows),
        Format::Json => json::read_array(&text, &mut rows),
        Format::Toml => toml::read(&text, &mut rows),
    }
    let rows = rows.finish()?;
    Ok(Roster { format, rows })
}
