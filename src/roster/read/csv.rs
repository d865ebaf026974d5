//! CSV as `users list`, people and spreadsheets write it.

use std::borrow::Cow;
use std::io::Read as _;

use ::csv::StringRecord;

use super::row::{Field, RawRow, Rows, SETTABLE, instead_of};
use super::text::{Lines, line_breaks};
use crate::roster::problem::{Place, Problem};

/// What may stand between two cells.
const SEPARATORS: [char; 3] = [',', ';', '\t'];
/// Read after the file's last byte: it makes a record of its own, unless a quote is still open. The text holds no NUL.
const END: &[u8] = b"\n\0";

/// A column of the file: what its header says.
struct Column {
    name: String,
    field: Option<Field>,
}

/// Reads a file: the first line names the columns.
pub fn read(text: &str, rows: &mut Rows) {
    let (separator, start) = separator(text);
    let body = &text[start..];
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .buffer_capacity(64 * 1024)
        .from_reader(body.as_bytes().chain(END));
    let lines = Lines::new(text);
    let mut columns: Option<Vec<Column>> = None;
    let mut record = StringRecord::new();
    // The text is UTF-8 and the reader is flexible, so no record is refused.
    while reader.read_record(&mut record).unwrap_or(false) {
        if record.get(0) == Some("\0") {
            break;
        }
        let offset = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default();
        // A record's position is where the search for it began; blank lines lie between.
        let blank = body.get(offset..).unwrap_or_default().bytes().take_while(|b| matches!(b, b'\n' | b'\r')).count();
        let line = lines.at(start + offset + blank);
        if record.iter().any(|cell| cell.ends_with('\0')) {
            let number = record.len();
            let name = columns.as_ref().and_then(|columns| columns.get(number - 1)).map(|column| column.name.clone());
            let place = Place::Column { column: number, name: name.unwrap_or_default() };
            let problem = Problem::new(line, "a quotation mark is opened and never closed").at(place);
            rows.problem(problem.advice("close it with \", and write a quotation mark within a quoted cell as \"\""));
            break;
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match &columns {
            Some(columns) => row(&record, line, columns, rows),
            None => match header(&record, line, rows) {
                Some(named) => columns = Some(named),
                // Without the column that every user needs, the rows would only repeat it.
                None => return,
            },
        }
    }
}

/// The separator, and where the header begins.
fn separator(text: &str) -> (u8, usize) {
    let start = text.len() - text.trim_start_matches(['\n', '\r']).len();
    let first = text[start..].lines().next().unwrap_or_default();
    // Excel's own note to itself.
    if let Some(named) = first.to_ascii_lowercase().strip_prefix("sep=")
        && let Some(separator) = named.chars().next().filter(|c| SEPARATORS.contains(c))
    {
        return (separator as u8, start + first.len());
    }
    let known = |separator: &char| {
        let names = first.split(*separator).map(|name| name.trim().trim_matches('"'));
        (names.filter(|name| Field::by_name(name).is_some()).count(), first.matches(*separator).count())
    };
    // The comma wins a draw: it stands last.
    let best = SEPARATORS.into_iter().rev().max_by_key(known).unwrap_or(',');
    (best as u8, start)
}

fn header(record: &StringRecord, line: u32, rows: &mut Rows) -> Option<Vec<Column>> {
    let columns: Vec<Column> =
        record.iter().map(|name| Column { name: name.trim().to_owned(), field: Field::by_name(name.trim()) }).collect();
    let named = |field| columns.iter().any(|column| column.field == Some(field));
    if columns.iter().all(|column| column.field.is_none()) {
        let reason = "the first line does not name the columns";
        let advice =
            format!("begin the file with a line such as phoneNumber,firstName,email; the names are {SETTABLE}");
        rows.problem(Problem::new(line, reason).value(&record.iter().collect::<Vec<_>>().join(",")).advice(advice));
        return None;
    }
    for (at, column) in columns.iter().enumerate() {
        let place = Place::Column { column: at + 1, name: column.name.clone() };
        if column.field.is_none() && !column.name.is_empty() {
            let problem = Problem::new(line, "is not a column of a roster").at(place).value(&column.name);
            rows.problem(problem.advice(instead_of(&column.name)));
        } else if let Some(field) = column.field
            && field != Field::Ignored
            && columns[..at].iter().any(|earlier| earlier.field == Some(field))
        {
            rows.problem(Problem::new(line, "names a column for the second time").at(place).value(&column.name));
        }
    }
    if !named(Field::Phone) {
        let problem = Problem::new(line, "no column is named phoneNumber");
        rows.problem(problem.advice("add it: every user needs a phone number"));
        return None;
    }
    Some(columns)
}

fn row(record: &StringRecord, line: u32, columns: &[Column], rows: &mut Rows) {
    let column = |at: usize| Place::Column {
        column: at + 1,
        name: columns.get(at).map(|column| column.name.clone()).unwrap_or_default(),
    };
    if record.len() < columns.len() {
        let reason = format!("the row has {} cells, and the header names {}", record.len(), columns.len());
        rows.problem(Problem::new(line, reason).advice("write an empty cell where a value is missing"));
        return;
    }
    let mut raw = RawRow { line, ..RawRow::default() };
    // A quoted cell may hold line breaks, and then the next one begins further down.
    let (mut next, mut lines) = (line, [line; Field::COUNT]);
    for (at, cell) in record.iter().enumerate() {
        let line = next;
        next += line_breaks(cell);
        let Some(field) = columns.get(at).and_then(|column| column.field) else {
            let nameless = columns.get(at).is_none_or(|column| column.name.is_empty());
            if nameless && !cell.trim().is_empty() {
                let problem = Problem::new(line, "stands in a column that the header does not name");
                let advice = "name the column, or put a value that holds the separator in quotation marks";
                rows.problem(problem.at(column(at)).value(cell).advice(advice));
            }
            continue;
        };
        lines[field as usize] = line;
        if cell.starts_with(' ') && cell.trim_start().starts_with('"') {
            let problem = Problem::new(line, "has a blank before its quotation mark").at(column(at)).value(cell);
            rows.problem(problem.advice("remove the blank"));
        } else {
            raw.set(field, Cow::Borrowed(cell));
        }
    }
    let place = |field: Field| match columns.iter().position(|column| column.field == Some(field)) {
        Some(at) => (lines[field as usize], column(at)),
        // A field that has no column is missing from the row as a whole.
        None => (line, Place::Column { column: columns.len() + 1, name: field.name().to_owned() }),
    };
    rows.push(raw, &place);
}
