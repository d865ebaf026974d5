//! The roster as a value, and the one function that reads it.

use std::path::Path;

pub use super::row::Row;
use super::row::{FoundRows, RosterRows};
use super::terms::Terms;
use super::{content, csv, json, text, toml};
use crate::roster::format::RosterFormat;
use crate::roster::problem::{Problem, Problems};

/// A roster: rows that neither repeat nor contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// How it was written.
    pub format: RosterFormat,
    /// In the file's order.
    pub rows: Vec<Row>,
    /// What deserves a look and stands in nobody's way: the first few, and how many more there are.
    pub warnings: Vec<Problem>,
    /// What was left out because that was asked for, a sentence each.
    pub left_out: Vec<String>,
}

/// How a file is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    /// The format; else the one that the name's extension tells, else the one that the content looks like.
    pub format: Option<RosterFormat>,
    /// The file's name, where it has one.
    pub name: Option<&'a Path>,
}

/// Reads a roster from a file's bytes.
///
/// # Errors
/// Every problem of the file, in its order.
pub fn read(bytes: &[u8], options: ReadOptions<'_>) -> Result<Roster, Problems> {
    read_as(bytes, options, &Terms::default())
}

/// As [`read`], for a file that is not in a roster's own words.
///
/// # Errors
/// As [`read`].
pub fn read_as(bytes: &[u8], options: ReadOptions<'_>, terms: &Terms) -> Result<Roster, Problems> {
    let only = |problem| Problems(vec![problem]);
    content::bytes(bytes).map_or(Ok(()), Err).map_err(only)?;
    let text = text::decode(bytes).map_err(only)?;
    let told = options.format.or_else(|| options.name.and_then(RosterFormat::of_path));
    let format = match told.unwrap_or_else(|| RosterFormat::of_content(&text)) {
        RosterFormat::Ndjson if json::is_document(&text) => RosterFormat::Json,
        // `jq -c` and logs leave objects in lines under either name.
        RosterFormat::Json if options.format.is_none() && json::is_object(&text) => RosterFormat::Ndjson,
        format => format,
    };
    content::text(&text, format).map_or(Ok(()), Err).map_err(only)?;
    let mut rows = RosterRows::new(terms);
    match format {
        RosterFormat::Csv => csv::read(&text, &mut rows),
        RosterFormat::Ndjson => json::read_objects(&text, &mut rows),
        RosterFormat::Json => json::read_document(&text, &mut rows),
        RosterFormat::Toml => toml::read(&text, &mut rows),
    }
    let FoundRows { rows, warnings, left_out } = rows.finish()?;
    Ok(Roster { format, rows, warnings, left_out })
}
