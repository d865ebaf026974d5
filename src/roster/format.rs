//! The formats of a roster, and how a file's is told.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// How a roster is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RosterFormat {
    /// A header and a row per user; separated by `,`, `;` or tab.
    Csv,
    /// A JSON object per line.
    Ndjson,
    /// A JSON array of objects.
    Json,
    /// `[[users]]` tables.
    Toml,
}

/// A word that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a roster format; write csv, ndjson, json or toml")]
pub struct FormatError(pub String);

impl RosterFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Ndjson, Self::Json, Self::Toml];

    /// The word for `--format`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Toml => "toml",
        }
    }

    /// The format that a file's extension names.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "tab" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    /// The format that a text looks like; CSV when it looks like nothing else.
    pub fn of_content(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        match lines.next() {
            Some(line) if line.starts_with("[[") && line.contains("users") => Self::Toml,
            Some(line) if line.starts_with('[') => Self::Json,
            Some(line) if line.starts_with('{') => Self::Ndjson,
            Some(line) if line.starts_with("users") && line.contains('=') => Self::Toml,
            _ => Self::Csv,
        }
    }
}

impl fmt::Display for RosterFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RosterFormat {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let word = if text == "jsonl" { "ndjson" } else { text };
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or_else(|| FormatError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_tells_else_the_content() {
        assert_eq!(RosterFormat::of_path(Path::new("a/users.CSV")), Some(RosterFormat::Csv));
        assert_eq!(RosterFormat::of_path(Path::new("users.jsonl")), Some(RosterFormat::Ndjson));
        assert_eq!(RosterFormat::of_path(Path::new("users.txt")), None);
        assert_eq!(RosterFormat::of_path(Path::new("-")), None);
        assert_eq!(RosterFormat::of_content("\n# people\n[[users]]\nphoneNumber = \"+1\""), RosterFormat::Toml);
        assert_eq!(RosterFormat::of_content("  [\n{}]"), RosterFormat::Json);
        assert_eq!(RosterFormat::of_content("{\"phoneNumber\":\"+1\"}"), RosterFormat::Ndjson);
        assert_eq!(RosterFormat::of_content("phoneNumber\n"), RosterFormat::Csv);
        assert_eq!(RosterFormat::of_content(""), RosterFormat::Csv);
        for format in RosterFormat::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert!("xml".parse::<RosterFormat>().is_err());
    }
}
