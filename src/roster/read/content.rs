//! What a file is that is no roster, or not the one that its name promises: called by its name, with the way on.

use super::field::Field;
use super::json;
use crate::model::blank::trim;
use crate::roster::format::RosterFormat;
use crate::roster::problem::Problem;

/// What a roster may be.
const ROSTER: &str = "a roster is CSV, NDJSON, JSON or TOML";
/// The first bytes of files that hold no text, what they are, and what to do about it.
const MAGIC: [(&[u8], &str, &str); 5] = [
    (b"PK\x03\x04", "an Excel workbook, or another ZIP archive", "save the sheet as \"CSV UTF-8\""),
    (b"\xD0\xCF\x11\xE0", "an old Excel workbook", "save the sheet as \"CSV UTF-8\""),
    (b"\x1F\x8B", "compressed with gzip", "unpack it with `gunzip`"),
    (b"%PDF-", "a PDF", "get the data that it was made from"),
    (b"SQLite format 3", "a database", "export the table as CSV"),
];

fn is(what: &str, advice: &str) -> Problem {
    Problem::new(0, format!("is {what}; {ROSTER}")).advice(advice)
}

/// Tells files that hold no text.
pub fn bytes(bytes: &[u8]) -> Option<Problem> {
    let (_, what, advice) = MAGIC.into_iter().find(|(magic, ..)| bytes.starts_with(magic))?;
    Some(is(what, advice))
}

/// Tells texts that are of no roster's format or of another one, and those that hold nothing at all.
pub fn text(text: &str, format: RosterFormat) -> Option<Problem> {
    let start = trim(text);
    if start.is_empty() {
        return Some(nothing(format));
    }
    if start.get(..11).is_some_and(|word| word.eq_ignore_ascii_case("BEGIN:VCARD")) {
        return Some(is("a vCard", "export the contacts as CSV, or convert it"));
    }
    if start.starts_with('<') {
        return Some(is("HTML or XML", "see in an editor what was saved: it may be a page that tells an error"));
    }
    if is_yaml(start) {
        return Some(is("YAML", "convert it, for example with `yq -o json`"));
    }
    let found = certain(start)?;
    let is_json = |format| matches!(format, RosterFormat::Json | RosterFormat::Ndjson);
    let fits = found == format || (is_json(found) && is_json(format));
    (!fits).then(|| {
        let name = |format: RosterFormat| format.as_str().to_uppercase();
        let reason = format!("is {}, and is read as {}", name(found), name(format));
        Problem::new(0, reason).advice(format!("read it with `--format {found}`"))
    })
}

/// An input without a word is what a program leaves that failed: nobody's list of nobody.
pub fn nothing(format: RosterFormat) -> Problem {
    let (reason, advice) = match format {
        RosterFormat::Csv => ("no line names the columns", "write a header alone"),
        RosterFormat::Json => ("not even [] stands in it", "write []"),
        RosterFormat::Ndjson => ("it has no line", "write [] as JSON"),
        RosterFormat::Toml => ("it has no [[users]]", "write users = []"),
    };
    let problem = Problem::new(0, format!("the roster is empty: {reason}"));
    problem.advice(format!("see whether what wrote it failed; if nobody is meant, {advice}"))
}

fn is_yaml(text: &str) -> bool {
    let Some(line) = text.split(['\n', '\r']).map(trim).find(|line| !line.is_empty() && !line.starts_with('#')) else {
        return false;
    };
    let is_key =
        |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '"'));
    let is_entry = |line: &str| match line.split_once(':') {
        Some((key, value)) => is_key(key) && (value.is_empty() || value.starts_with(' ')),
        None => false,
    };
    line == "---" || (!line.contains([',', ';', '\t']) && is_entry(line.strip_prefix("- ").unwrap_or(line)))
}

/// The format that a text certainly is in.
fn certain(text: &str) -> Option<RosterFormat> {
    let header = text.split(['\n', '\r']).next().unwrap_or_default();
    let names = |separator: char| {
        header.split(separator).any(|name| Field::by_name(name.trim_matches('"')) == Some(Field::Phone))
    };
    match RosterFormat::of_content(text) {
        RosterFormat::Csv => [',', ';', '\t'].into_iter().any(names).then_some(RosterFormat::Csv),
        // A table of TOML stands in brackets, too.
        RosterFormat::Json => {
            let inside = text.get(1..).unwrap_or_default().trim_start();
            inside.starts_with(['{', ']', '[', '"']).then_some(RosterFormat::Json)
        }
        RosterFormat::Ndjson if json::is_document(text) => Some(RosterFormat::Json),
        format => Some(format),
    }
}
