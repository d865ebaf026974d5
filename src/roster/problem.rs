//! What is wrong with a roster: where, which value, why, and what to write instead.

use std::fmt;

use serde::Serialize;

use crate::model::words::{count, cut};

/// Where on its line a problem stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Place {
    /// A column of a CSV file, counted from 1.
    Column {
        /// Its number.
        column: usize,
        /// Its name in the header; empty when it has none.
        name: String,
    },
    /// A value in JSON or TOML, for example `[3].phoneNumber`.
    Path {
        /// The way to it.
        path: String,
    },
    /// A character of the line, counted from 1.
    Character {
        /// Its number.
        character: usize,
    },
}

/// One thing that is wrong with a roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line, counted from 1; 0 when the whole file is meant.
    pub line: u32,
    /// Where on the line.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// The value as it stands in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// What else would mend it, without a change of the file.
    #[serde(skip)]
    pub way: Option<Box<Way>>,
}

/// What would mend a problem without a change of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To say which field a column holds: the field's name and the column's.
    Map(&'static str, String),
    /// To leave a column out.
    Ignore,
    /// To say where its numbers are dialled.
    Region,
    /// To leave the row out.
    Skip,
}

/// The longest piece of a value that is quoted, in characters.
const QUOTED: usize = 60;

/// A piece of the file, cut to a readable length.
pub fn shown(text: &str) -> String {
    cut(text, QUOTED).into_owned()
}

impl Problem {
    /// A problem of a line as a whole.
    pub fn new(line: u32, reason: impl Into<String>) -> Self {
        Self { line, place: None, value: None, reason: reason.into(), advice: None, way: None }
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same problem with the value that is wrong, cut to a readable length.
    #[must_use]
    pub fn value(mut self, value: &str) -> Self {
        self.value = Some(shown(value));
        self
    }

    /// The same problem with what to write instead.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The same problem with what else would mend it.
    #[must_use]
    pub fn way(mut self, way: Way) -> Self {
        self.way = Some(Box::new(way));
        self
    }

    /// The problem in one line that begins with the file's name, as compilers write it.
    pub fn in_file(&self, file: &str) -> String {
        if self.line == 0 { format!("{file}: {self}") } else { format!("{file}:{}: {self}", self.line) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(Place::Column { column, name }) if name.is_empty() => write!(f, "column {column}: ")?,
            Some(Place::Column { column, name }) => write!(f, "column {column} ({name}): ")?,
            Some(Place::Path { path }) => write!(f, "{path}: ")?,
            Some(Place::Character { character }) => write!(f, "character {character}: ")?,
            None => {}
        }
        if let Some(value) = &self.value {
            write!(f, "{value:?} ")?;
        }
        f.write_str(&self.reason)?;
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with a roster, in the file's order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the roster has {}", count(.0.len(), "problem"))]
pub struct Problems(pub Vec<Problem>);
