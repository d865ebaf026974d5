//! TOML: a `[[users]]` table per user.

use std::borrow::Cow;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::json::quoted;
use super::row::{Field, RawRow, Rows, instead_of};
use super::text::{Lines, at_offset, line_breaks};
use crate::roster::problem::{Place, Problem};

/// Reads a file. A TOML table may be taken up again anywhere below, so the document is parsed as a whole.
pub fn read(text: &str, rows: &mut Rows) {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        rows.problem(at_offset(text, at, format!("is not TOML ({})", error.message())));
    }
    let mut lines = Lines::new(text);
    for (key, value) in document.into_inner() {
        let name = key.get_ref().as_ref();
        let array = match value.into_inner() {
            DeValue::Array(array) if name == "users" => array,
            _ if name == "users" => {
                let problem = at_offset(text, key.span().start, "users is not a list of tables");
                rows.problem(problem.advice("write [[users]] above each user"));
                continue;
            }
            _ => {
                let problem = at_offset(text, key.span().start, "is not a part of a roster").value(name);
                rows.problem(problem.advice("a roster holds [[users]] tables and nothing else"));
                continue;
            }
        };
        for (index, value) in array.into_iter().enumerate() {
            let start = value.span().start;
            match value.into_inner() {
                DeValue::Table(table) => user(&table, text, start, lines.at(start), index, rows),
                _ if errors.is_empty() => {
                    let problem = Problem::new(lines.at(start), "is not a user, which is a table");
                    rows.problem(problem.at(Place::Path { path: format!("users[{index}]") }));
                }
                // Half of a value that was not TOML: said already.
                _ => {}
            }
        }
    }
}

fn user(table: &DeTable<'_>, text: &str, start: usize, line: u32, index: usize, rows: &mut Rows) {
    let at = |name: &str| Place::Path { path: format!("users[{index}].{name}") };
    let line_of =
        |item: &Spanned<DeValue<'_>>| line + line_breaks(text.get(start..item.span().start).unwrap_or_default());
    let mut raw = RawRow { line, ..RawRow::default() };
    let mut places: [Option<&Spanned<DeValue<'_>>>; 6] = [None; 6];
    let mut unknown = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let Some(field) = Field::by_name(name) else {
            unknown.push((name, value));
            continue;
        };
        if field == Field::Id {
            raw.listed = true;
        }
        let Some(slot) = places.get_mut(field as usize) else { continue };
        if slot.replace(value).is_some() {
            let problem = Problem::new(line_of(value), "is set for the second time").at(at(name));
            rows.problem(problem.advice("keep one of the two"));
        }
        match value.get_ref() {
            DeValue::String(text) if text.contains('\0') => {
                raw.refused[field as usize] = true;
                rows.problem(Problem::new(line_of(value), "holds a NUL character").at(at(field.name())));
            }
            DeValue::String(text) => raw.set(field, Cow::Borrowed(text.as_ref())),
            other => {
                raw.refused[field as usize] = true;
                let written = text.get(value.span()).unwrap_or_default();
                let reason = format!("is {}, and has to be text", kind(other));
                let problem = Problem::new(line_of(value), reason).at(at(field.name())).value(written);
                rows.problem(problem.advice(quoted(field, written)));
            }
        }
    }
    for (name, value) in unknown.into_iter().filter(|_| !raw.listed) {
        let problem = Problem::new(line_of(value), "is not a field of a roster").at(at(name)).value(name);
        rows.problem(problem.advice(instead_of(name)));
    }
    let place = |field: Field| {
        let value = places.get(field as usize).copied().flatten();
        (value.map_or(line, line_of), at(field.name()))
    };
    rows.push(raw, &place);
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
