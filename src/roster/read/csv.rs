//! CSV as `users list`, people and spreadsheets write it.

use super::content;
use super::field::{Field, SETTABLE, nearest};
use super::phone;
use super::row::{RawRow, RosterRows};
use super::scan::{Cell, Scanner, Stray, StrayQuote};
use super::terms::{Meaning, Terms};
use crate::model::blank::trim;
use crate::model::words::count;
use crate::roster::format::RosterFormat;
use crate::roster::problem::{Place, Problem, shown};

/// What may stand between two cells.
const SEPARATORS: [char; 3] = [',', ';', '\t'];
/// The widest sheet that Excel knows; a wider file has lost its line breaks.
const MOST_COLUMNS: usize = 16_384;
/// How to write a quotation mark.
const DOUBLED: &str = "write a quotation mark within a quoted cell as \"\"";

/// The columns of a file: what its header says.
struct Columns<'t> {
    /// The names, as they are shown.
    names: Vec<String>,
    /// What each column holds.
    meanings: Vec<Meaning<'t>>,
    /// Where each field stands.
    at: [Option<usize>; Field::COUNT],
}

impl<'t> Columns<'t> {
    fn of(cells: &[Cell<'_>], rows: &mut RosterRows<'t>) -> Self {
        let meanings = rows.meanings(&cells.iter().map(|cell| &*cell.text).collect::<Vec<_>>());
        let mut at = [None; Field::COUNT];
        for (column, meaning) in meanings.iter().enumerate() {
            if let Meaning::Field(field) = meaning {
                at[*field as usize].get_or_insert(column);
            }
        }
        Self { names: cells.iter().map(|cell| shown(trim(&cell.text))).collect(), meanings, at }
    }

    /// The place of a column, counted from 0.
    fn place(&self, at: usize) -> Place {
        Place::Column { column: at + 1, name: self.names.get(at).cloned().unwrap_or_default() }
    }
}

/// Reads a file: the first line names the columns.
pub fn read(text: &str, rows: &mut RosterRows<'_>) {
    let (separator, start) = separator(text, rows.terms);
    let mut scanner = Scanner::new(text, start, separator);
    let mut columns: Option<Columns<'_>> = None;
    let mut cells = Vec::new();
    while let Some(record) = scanner.next(&mut cells) {
        let line = match record {
            Ok(line) => line,
            Err(stray) => {
                rows.problem(told(&stray, columns.as_ref()));
                // The rows below a header that cannot be read mean nothing.
                if columns.is_none() {
                    return;
                }
                continue;
            }
        };
        if cells.iter().all(|cell| trim(&cell.text).is_empty()) {
            continue;
        }
        match &columns {
            Some(columns) => row(&cells, line, separator, columns, rows),
            None => match header(&cells, line, separator, rows) {
                Some(named) => {
                    scanner.set_columns(named.names.len());
                    columns = Some(named);
                }
                // Without the column that every user needs, the rows would only repeat it.
                None => return,
            },
        }
    }
    if columns.is_none() {
        rows.problem(content::nothing(RosterFormat::Csv));
    }
}

/// The separator, and where the header begins.
fn separator(text: &str, terms: &Terms) -> (u8, usize) {
    let mut start = 0;
    let mut first = "";
    for line in text.split_inclusive(['\n', '\r']) {
        first = line.trim_end_matches(['\n', '\r']);
        if !trim(first).is_empty() {
            break;
        }
        start += line.len();
    }
    // Excel's own note to itself.
    if let Some(named) = first.to_ascii_lowercase().strip_prefix("sep=")
        && let Some(separator) = named.chars().next().filter(|c| SEPARATORS.contains(c))
    {
        return (separator as u8, start + first.len());
    }
    let known = |separator: &char| {
        let names = first.split(*separator).map(|name| trim(name).trim_matches('"'));
        let is_known = |name: &&str| terms.meaning(name, []) != Meaning::Unknown;
        (names.filter(is_known).count(), first.matches(*separator).count())
    };
    // The comma wins a draw: it stands last.
    let best = SEPARATORS.into_iter().rev().max_by_key(known).unwrap_or(',');
    (best as u8, start)
}

/// Says what a stray quotation mark did.
fn told(stray: &StrayQuote, columns: Option<&Columns<'_>>) -> Problem {
    let at = stray.column - 1;
    let place =
        columns.map_or(Place::Column { column: stray.column, name: String::new() }, |columns| columns.place(at));
    let (reason, advice) = match stray.stray {
        Stray::TextBehind => ("text stands behind a closing quotation mark".to_owned(), DOUBLED.to_owned()),
        Stray::NeverClosed => {
            ("a quotation mark is opened and never closed".to_owned(), format!("close it with \", and {DOUBLED}"))
        }
        Stray::ClosedOn(line) => (
            format!("a quotation mark is opened and closed on line {line} only, as if the rows between were one value"),
            format!("close it on its own line, and {DOUBLED}"),
        ),
    };
    Problem::new(stray.line, reason).at(place).advice(advice)
}

/// Whether a line is one quoted cell that holds what several should.
fn is_quoted_whole(cells: &[Cell<'_>], separator: u8) -> bool {
    matches!(cells, [cell] if cell.quoted && cell.text.contains(char::from(separator)))
}

fn quoted_whole(line: u32) -> Problem {
    let reason = "stands wholly in quotation marks, so that it is one cell (a table that was exported twice looks so)";
    Problem::new(line, format!("the line {reason}"))
        .advice("take the outer marks away, and write each \"\" within as \"")
}

fn header<'t>(cells: &[Cell<'_>], line: u32, separator: u8, rows: &mut RosterRows<'t>) -> Option<Columns<'t>> {
    if is_quoted_whole(cells, separator) {
        rows.problem(quoted_whole(line));
        return None;
    }
    if cells.len() > MOST_COLUMNS {
        let reason = format!("the first line has {} cells, more than any sheet has columns", cells.len());
        rows.problem(Problem::new(line, reason).advice("see whether its line breaks were lost"));
        return None;
    }
    let columns = Columns::of(cells, rows);
    if columns.at == [None; Field::COUNT] && cells.iter().any(|cell| is_value(&cell.text)) {
        let reason = "the first line does not name the columns";
        let advice = format!("write a line above it such as phoneNumber,firstName,email; the names are {SETTABLE}");
        let first = cells.iter().map(|cell| &*cell.text).collect::<Vec<_>>().join(",");
        rows.problem(Problem::new(line, reason).value(&first).advice(advice));
        return None;
    }
    let mut phone_is_meant = rows.terms.map.iter().any(|mapped| mapped.field == Field::Phone && mapped.is_needed);
    for (at, (meaning, name)) in columns.meanings.iter().zip(&columns.names).enumerate() {
        let problem = |reason: &str| Problem::new(line, reason).at(columns.place(at)).value(name);
        match meaning {
            Meaning::Unknown if name.is_empty() => {}
            Meaning::Unknown | Meaning::Displaced(_) => {
                phone_is_meant |= nearest(name) == Some(Field::Phone) && !rows.terms.ignores_columns;
                let is_free = |field: Field| columns.at[field as usize].is_none();
                let name = trim(&cells[at].text);
                rows.stranger(name, *meaning, is_free, || problem("is not a column of a roster"));
            }
            Meaning::Field(Field::Ignored) => {}
            Meaning::Field(field) if columns.at[*field as usize] < Some(at) => {
                rows.problem(problem("names a column for the second time"));
            }
            Meaning::Field(_) => {}
        }
    }
    if columns.at[Field::Phone as usize].is_none() {
        if !phone_is_meant {
            let problem = Problem::new(line, "no column is named phoneNumber");
            let advice = "name the one that holds the phone numbers so, or map it with `--map phoneNumber=COLUMN`";
            rows.problem(problem.advice(advice));
        }
        return None;
    }
    Some(columns)
}

/// Whether a cell of a first line is a value rather than a name.
fn is_value(cell: &str) -> bool {
    cell.contains('@') || phone::is_likely(cell) || cell.chars().filter(char::is_ascii_digit).count() >= 7
}

fn row(cells: &[Cell<'_>], line: u32, separator: u8, columns: &Columns<'_>, rows: &mut RosterRows<'_>) {
    let wanted = columns.names.len();
    if cells.len() < wanted {
        if is_quoted_whole(cells, separator) {
            rows.problem(quoted_whole(line));
            return;
        }
        let reason = format!("the row has {}, and the header names {wanted}", count(cells.len(), "cell"));
        rows.problem(Problem::new(line, reason).advice("write an empty cell where a value is missing"));
        return;
    }
    let mut raw = RawRow { line, ..RawRow::default() };
    for (at, cell) in cells.iter().enumerate() {
        match columns.meanings.get(at) {
            Some(Meaning::Field(field)) => raw.set(*field, cell.text.clone()),
            _ if columns.names.get(at).is_none_or(String::is_empty) && !trim(&cell.text).is_empty() => {
                let problem = Problem::new(cell.line, "stands in a column that the header does not name");
                let advice = "name the column, or put a value that holds the separator in quotation marks";
                rows.problem(problem.at(columns.place(at)).value(&cell.text).advice(advice));
            }
            _ => {}
        }
    }
    let place = |field: Field| match columns.at[field as usize] {
        Some(at) => (cells.get(at).map_or(line, |cell| cell.line), columns.place(at)),
        // A field that has no column is missing from the row as a whole.
        None => (line, Place::Column { column: wanted + 1, name: field.name().to_owned() }),
    };
    rows.push(raw, &place);
}
