//! JSON: an array of objects, or an object per line.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::row::{Field, RawRow, Rows, instead_of};
use super::text::Lines;
use crate::roster::problem::{Place, Problem};

/// What to do about text that is no JSON.
const MEND_JSON: &str = "mend it there: quote texts with \", part members with commas, close every bracket";

/// Reads an object per line.
pub fn read_lines(text: &str, rows: &mut Rows) {
    let lines = Lines::new(text);
    for line in text.split('\n') {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<&RawValue>(line) {
            Ok(value) => object(value.get(), &lines, "", rows),
            Err(error) => {
                let place = Place::Character { character: error.column() };
                let problem = Problem::new(lines.of(line), format!("is not JSON ({})", words(&error)));
                let problem = problem.at(place).advice(MEND_JSON);
                rows.problem(problem.advice("write one whole object on each line"));
            }
        }
    }
}

/// Reads an array of objects.
pub fn read_array(text: &str, rows: &mut Rows) {
    let lines = Lines::new(text);
    if !text.trim_start().starts_with('[') {
        if !text.trim().is_empty() {
            let problem = lines.problem(text.len() - text.trim_start().len(), "a JSON roster is an array");
            rows.problem(
                problem.advice("write [ {…}, {…} ], or name the format: an object per line is `--format ndjson`"),
            );
        }
        return;
    }
    let mut index = 0;
    let each = |value: &RawValue| {
        object(value.get(), &lines, &format!("[{index}]"), rows);
        index += 1;
    };
    let mut parser = serde_json::Deserializer::from_str(text);
    let read = Elements(each).deserialize(&mut parser).and_then(|()| parser.end());
    if let Err(error) = read {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
        let place = Place::Character { character: error.column() };
        rows.problem(Problem::new(line, format!("is not JSON ({})", words(&error))).at(place).advice(MEND_JSON));
    }
}

/// serde_json's words, without the position that stands beside them.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Hands an array's elements over one by one, so that those before a mistake are still looked at.
struct Elements<F>(F);

impl<'de, F: FnMut(&'de RawValue)> DeserializeSeed<'de> for Elements<F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(value) = seq.next_element()? {
            (self.0)(value);
        }
        Ok(())
    }
}

/// An object's keys and values as they stand, doubles included.
struct Members<'a>(Vec<(Text<'a>, &'a RawValue)>);

/// A text that is borrowed unless it holds an escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a user")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(10);
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// Reads one object, a piece of the text that the lines are of; `path` is the way to it.
fn object(text: &str, lines: &Lines<'_>, path: &str, rows: &mut Rows) {
    let line = lines.of(text);
    let at =
        |name: &str| Place::Path { path: if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") } };
    if !text.starts_with('{') {
        let mut problem = Problem::new(line, "is not a user, which is an object").value(text);
        if !path.is_empty() {
            problem = problem.at(Place::Path { path: path.to_owned() });
        }
        rows.problem(problem.advice(r#"write it like {"phoneNumber": "+14155550123"}"#));
        return;
    }
    let mut parser = serde_json::Deserializer::from_str(text);
    let Ok(Members(members)) = parser.deserialize_map(MembersVisitor) else {
        // The text was read as JSON before: only a key that is no valid text is left.
        rows.problem(Problem::new(line, "has a key that is not text"));
        return;
    };
    let line_of = |value: &RawValue| lines.of(value.get());
    let mut raw = RawRow { line, ..RawRow::default() };
    let mut places: [Option<&RawValue>; 6] = [None; 6];
    let mut unknown = Vec::new();
    for (Text(key), value) in &members {
        let Some(field) = Field::by_name(key) else {
            unknown.push((key, *value));
            continue;
        };
        if field == Field::Id {
            raw.listed |= value.get() != "null" && value.get() != "\"\"";
        }
        let Some(slot) = places.get_mut(field as usize) else { continue };
        if slot.replace(*value).is_some() {
            let problem = Problem::new(line_of(value), "is set for the second time").at(at(field.name()));
            rows.problem(problem.value(value.get()).advice("keep one of the two"));
        }
        match scalar(value) {
            Ok(Some(text)) => raw.set(field, text),
            Ok(None) => {}
            Err(reason) => {
                raw.refused[field as usize] = true;
                let problem = Problem::new(line_of(value), reason).at(at(field.name())).value(value.get());
                rows.problem(problem.advice(quoted(field, value.get())));
            }
        }
    }
    // What the service wrote may hold more than is known here; in a person's file it is a slip.
    for (key, value) in unknown.into_iter().filter(|_| !raw.listed) {
        let problem = Problem::new(line_of(value), "is not a field of a roster").at(at(key)).value(key);
        rows.problem(problem.advice(instead_of(key)));
    }
    let place = |field: Field| {
        let value = places.get(field as usize).copied().flatten();
        (value.map_or(line, line_of), at(field.name()))
    };
    rows.push(raw, &place);
}

/// A text, or null.
fn scalar(value: &RawValue) -> Result<Option<Cow<'_, str>>, &'static str> {
    match value.get().bytes().next() {
        Some(b'"') => match serde_json::from_str::<Text<'_>>(value.get()) {
            Ok(Text(text)) if text.contains('\0') => Err("holds a NUL character"),
            Ok(Text(text)) => Ok(Some(text)),
            Err(_) => Err("is not valid text"),
        },
        Some(b'n') => Ok(None),
        Some(b'{') => Err("is an object, and has to be text"),
        Some(b'[') => Err("is an array, and has to be text"),
        Some(b't' | b'f') => Err("is true or false, and has to be text"),
        _ => Err("is a number, and has to be text"),
    }
}

/// How to write a value that is not text.
pub(super) fn quoted(field: Field, value: &str) -> String {
    let digits = value.trim_start_matches('+');
    match field {
        Field::Phone | Field::Assigned if !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) => {
            format!("write \"+{digits}\" if it starts with its country code, else put + and the country code before it")
        }
        Field::Phone | Field::Assigned => "write it in quotation marks, for example \"+14155550123\"".to_owned(),
        _ => "write it in quotation marks, or leave it out".to_owned(),
    }
}
