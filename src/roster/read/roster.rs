//! The roster as a value, and the one function that reads it.

use std::path::Path;

pub use super::row::Row;
use super::row::{Found, Rows};
use super::terms::Terms;
use super::{content, csv, json, text, toml};
use crate::roster::format::Format;
use crate::roster::problem::{Problem, Problems};

/// A roster: rows that neither repeat nor contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// How it was written.
    pub format: Format,
    /// In the file's order.
    pub rows: Vec<Row>,
    /// What deserves a look and stands in nobody's way: the first few, and how many more there are.
    pub warnings: Vec<Problem>,
    /// What was left out because that was asked for, a sentence each.
    pub left_out: Vec<String>,
}

/// How a file is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// The format; else the one that the name's extension tells, else the one that the content looks like.
    pub format: Option<Format>,
    /// The file's name, where it has one.
    pub name: Option<&'a Path>,
}

/// Reads a roster from a file's bytes.
///
/// # Errors
/// Every problem of the file, in its order.
pub fn read(bytes: &[u8], options: Options<'_>) -> Result<Roster, Problems> {
    read_as(bytes, options, &Terms::default())
}

/// As [`read`], for a file that is not in a roster's own words.
///
/// # Errors
/// As [`read`].
pub fn read_as(bytes: &[u8], options: Options<'_>, terms: &Terms) -> Result<Roster, Problems> {
    let only = |problem| Problems(vec![problem]);
    content::bytes(bytes).map_or(Ok(()), Err).map_err(only)?;
    let text = text::decode(bytes).map_err(only)?;
    let told = options.format.or_else(|| options.name.and_then(Format::of_path));
    let format = match told.unwrap_or_else(|| Format::of_content(&text)) {
        Format::Ndjson if json::is_document(&text) => Format::Json,
        // `jq -c` and logs leave objects in lines under either name.
        Format::Json if options.format.is_none() && json::is_object(&text) => Format::Ndjson,
        format => format,
    };
    content::text(&text, format).map_or(Ok(()), Err).map_err(only)?;
    let mut rows = Rows::new(terms);
    match format {
        Format::Csv => csv::read(&text, &mut rows),
        Format::Ndjson => json::read_objects(&text, &mut rows),
        Format::Json => json::read_document(&text, &mut rows),
        Format::Toml => toml::read(&text, &mut rows),
    }
    let Found { rows, warnings, left_out } = rows.finish()?;
    Ok(Roster { format, rows, warnings, left_out })
}
