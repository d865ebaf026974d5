//! The formats of standard output.

use std::fmt;
use std::str::FromStr;

/// What standard output speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OutputFormat {
    /// For people; its looks may change.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Ndjson,
    /// A header and rows.
    Csv,
    /// Ids alone, one a line.
    Id,
}

impl OutputFormat {
    /// Whether a program reads it: then errors are one line of JSON, and nothing is coloured.
    pub const fn is_machine(self) -> bool {
        !matches!(self, Self::Table)
    }

    /// The word that `--output` takes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Id => "id",
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OutputFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Table, Self::Json, Self::Ndjson, Self::Csv, Self::Id]
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| "not an output format; write table, json, ndjson, csv or id".to_owned())
    }
}
