//! TOML: a `[[users]]` table per user.

use std::borrow::Cow;

use ::toml::Spanned;
use ::toml::de::{DeArray, DeTable, DeValue};

use super::field::Field;
use super::json::quoted;
use super::row::{RawRow, RosterRows};
use super::terms::Meaning;
use super::text::Lines;
use crate::roster::problem::{Place, Problem, shown};

/// How much of a file is parsed at once, in bytes. A parsed document takes twenty times its text.
const PIECE: usize = 256 * 1024;

/// Reads a file, piece by piece.
pub fn read(text: &str, rows: &mut RosterRows<'_>) {
    let whole = text.contains("\"\"\"") || text.contains("'''");
    let lines = Lines::new(text);
    let mut reader = TomlReader { text, lines: &lines, path: "users", own: &[], index: 0, rows };
    let mut start = 0;
    while start < text.len() {
        let end = if whole { text.len() } else { end_of_piece(text, start) };
        reader.piece(start, end);
        start = end;
    }
}

/// Reads users out of a document that holds more than a roster: from the array at this path of it. Fields that the
/// document has of its `own` are left to whoever asks.
pub fn read_array(text: &str, path: &str, array: &DeArray<'_>, own: &[&str], rows: &mut RosterRows<'_>) {
    TomlReader { text, lines: &Lines::new(text), path, own, index: 0, rows }.array(array, 0, true);
}

/// Where the piece that begins here ends: before a `[[users]]` at the start of a line. What follows such a line stands
/// for itself, in a file without texts over several lines.
fn end_of_piece(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let far = (PIECE..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
    rest[far..].find("\n[[users]]").map_or(text.len(), |at| start + far + at + 1)
}

struct TomlReader<'a, 'terms> {
    text: &'a str,
    lines: &'a Lines<'a>,
    /// What the array of users is called.
    path: &'a str,
    /// Fields that are no part of a roster, and no problem.
    own: &'a [&'a str],
    /// Users so far.
    index: usize,
    rows: &'a mut RosterRows<'terms>,
}

impl TomlReader<'_, '_> {
    fn piece(&mut self, base: usize, end: usize) {
        let (document, errors) = DeTable::parse_recoverable(&self.text[base..end]);
        let mut wrong: Vec<_> =
            errors.iter().map(|error| (base + error.span().map_or(0, |span| span.start), error.message())).collect();
        wrong.sort_unstable();
        // Where a line is broken, what follows on it means nothing.
        wrong.dedup_by_key(|(at, _)| self.lines.at(*at));
        for (at, message) in wrong {
            let problem = self.lines.problem(at, format!("is not TOML ({message})"));
            self.rows.problem(problem.advice("a user is [[users]] and lines like phoneNumber = \"+14155550123\""));
        }
        for (key, value) in document.into_inner() {
            let (name, at) = (key.get_ref().as_ref(), base + key.span().start);
            let array = match value.into_inner() {
                DeValue::Array(array) if name == "users" => array,
                _ if name == "users" => {
                    let problem = self.lines.problem(at, "users is not a list of tables");
                    self.rows.problem(problem.advice("write [[users]] above each user"));
                    continue;
                }
                _ => {
                    let problem = self.lines.problem(at, "is not a part of a roster").value(name);
                    self.rows.problem(problem.advice("a roster holds [[users]] tables and nothing else"));
                    continue;
                }
            };
            self.array(&array, base, errors.is_empty());
        }
    }

    fn array(&mut self, array: &DeArray<'_>, base: usize, is_whole: bool) {
        for value in array {
            let line = self.lines.at(base + value.span().start);
            match value.get_ref() {
                DeValue::Table(table) => self.user(table, base, line),
                _ if is_whole => {
                    let path = format!("{}[{}]", self.path, self.index);
                    let problem = Problem::new(line, "is not a user, which is a table");
                    self.rows.problem(problem.at(Place::Path { path }));
                }
                // Half of a value that was not TOML: said already.
                _ => {}
            }
            self.index += 1;
        }
    }

    fn user(&mut self, table: &DeTable<'_>, base: usize, line: u32) {
        let (text, lines, path, index) = (self.text, self.lines, self.path, self.index);
        let at = |name: &str| Place::Path { path: format!("{path}[{index}].{name}") };
        let line_of = |item: &Spanned<DeValue<'_>>| lines.at(base + item.span().start);
        let mut raw = RawRow { line, ..RawRow::default() };
        let mut places: [Option<&Spanned<DeValue<'_>>>; Field::COUNT] = [None; Field::COUNT];
        let mut unknown = Vec::new();
        let meanings = self.rows.meanings(&table.keys().map(|key| key.get_ref().as_ref()).collect::<Vec<_>>());
        for ((key, value), meaning) in table.iter().zip(meanings) {
            let name = key.get_ref().as_ref();
            let Meaning::Field(field) = meaning else {
                unknown.push((name, value, meaning));
                continue;
            };
            let earlier = places[field as usize].replace(value);
            if field.is_settable() && earlier.is_some() {
                let problem = Problem::new(line_of(value), "is set for the second time").at(at(name));
                self.rows.problem(problem.advice("keep one of the two"));
            }
            let span = value.span();
            let written = text.get(base + span.start..base + span.end).unwrap_or_default();
            match value.get_ref() {
                DeValue::String(text) if text.contains('\0') => {
                    raw.refuse(field);
                    self.rows.problem(Problem::new(line_of(value), "holds a NUL character").at(at(field.name())));
                }
                DeValue::String(text) => raw.set(field, Cow::Borrowed(text.as_ref())),
                other if field.is_settable() => {
                    raw.refuse(field);
                    let reason = format!("is {}, and has to be text", kind(other));
                    let problem = Problem::new(line_of(value), reason).at(at(field.name())).value(written);
                    self.rows.problem(problem.advice(quoted(field)));
                }
                // The service's own, of whatever kind.
                _ => raw.set(field, Cow::Borrowed(written)),
            }
        }
        let own = self.own;
        for (name, value, meaning) in unknown.into_iter().filter(|(name, ..)| !raw.listed() && !own.contains(name)) {
            self.rows.stranger(
                name,
                meaning,
                |field| places[field as usize].is_none(),
                || Problem::new(line_of(value), "is not a field of a roster").at(at(&shown(name))).value(name),
            );
        }
        let place = |field: Field| {
            let value = places.get(field as usize).copied().flatten();
            (value.map_or(line, line_of), at(field.name()))
        };
        self.rows.push(raw, &place);
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
