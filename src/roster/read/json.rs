//! JSON: a document with an array of users in it, or an object per user, one behind the other.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::field::Field;
use super::row::{RawRow, RosterRows};
use super::terms::Meaning;
use super::text::Lines;
use crate::model::words::count;
use crate::roster::problem::{Place, Problem, shown};

/// What to do about text that is no JSON.
const MEND_JSON: &str = "mend it there: quote texts with \", part members with commas, close every bracket";
/// What stands around the users in a document: `{"users": […]}`, or the API's own answer saved as it came.
const USERS: &str = "users";
/// See [`USERS`].
const DATA: &str = "data";
/// See [`USERS`].
const SUCCEED: &str = "succeed";

/// Whether a text is one document with an array in it, be it the only thing that stands there or not.
pub fn is_document(text: &str) -> bool {
    let text = text.trim_start();
    let mut found = false;
    if text.starts_with('{') {
        // What stands behind the name, and whether it is JSON at all, is of no interest yet.
        let _ = serde_json::Deserializer::from_str(text).deserialize_map(UsersKeySearch(&mut found));
    }
    found || text.starts_with('[')
}

/// Whether a text begins with an object that is a user rather than a document.
pub fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && !is_document(text)
}

/// Looks through an object's names for one that stands around users.
struct UsersKeySearch<'a>(&'a mut bool);

impl<'de> Visitor<'de> for UsersKeySearch<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(JsonText(name)) = map.next_key()? {
            if [USERS, DATA, SUCCEED].contains(&&*name) {
                *self.0 = true;
                break;
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Reads an object per user: one a line, or one behind the other.
pub fn read_objects(text: &str, rows: &mut RosterRows<'_>) {
    let lines = Lines::new(text);
    let mut begun = text.split('\n').filter(|line| !line.trim().is_empty());
    let first = begun.next().unwrap_or_default();
    let is_whole = serde_json::from_str::<&RawValue>(first).is_ok();
    // Objects of several lines are told by their first line and the one below it.
    let spans_lines = !is_whole && begun.next().is_some_and(|line| !line.trim_start().starts_with(['{', '[']));
    if spans_lines {
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            match value {
                Ok(value) => object(value.get(), &lines, "", rows),
                Err(error) => rows.problem(broken(&error)),
            }
        }
        return;
    }
    for line in text.split('\n') {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<&RawValue>(line) {
            Ok(value) => object(value.get(), &lines, "", rows),
            Err(error) => {
                let problem = Problem { line: lines.of(line), ..broken(&error) };
                rows.problem(problem.advice("write one whole object on each line"));
            }
        }
    }
}

/// Reads an array of objects, or the document around one.
pub fn read_document(text: &str, rows: &mut RosterRows<'_>) {
    let lines = Lines::new(text);
    if !is_document(text) {
        let problem = lines.problem(text.len() - text.trim_start().len(), "a JSON roster is an array");
        let advice = "write [ {…}, {…} ], or name the format: an object per line is `--format ndjson`";
        rows.problem(problem.advice(advice));
        return;
    }
    let mut found = FoundUsers::default();
    let mut parser = serde_json::Deserializer::from_str(text);
    let document = JsonDocument { path: "", lines: &lines, rows, found: &mut found };
    let read = document.deserialize(&mut parser).and_then(|()| parser.end());
    if let Err(error) = read {
        rows.problem(broken(&error));
    } else if !found.array {
        let problem = Problem::new(0, "no users stand in it; a roster is [ {…} ] or {\"users\": [ {…} ]}");
        rows.problem(problem.advice("see whether it is the service's answer to another question"));
    }
    // Beside what the service wrote may stand more than is known here; in a person's file it is a slip.
    for problem in found.unknown.into_iter().filter(|_| !found.answer) {
        rows.problem(problem);
    }
    if let Some(total) = found.total.filter(|total| *total > found.users as u64) {
        let reason = format!("holds {} of {}: it is one page of the service's list", found.users, count(total, "user"));
        rows.warn(Problem::new(0, reason).advice("`spectrum users list -o json` writes all of them"));
    }
}

/// Says where JSON breaks.
fn broken(error: &serde_json::Error) -> Problem {
    let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
    let place = Place::Character { character: error.column() };
    Problem::new(line, format!("is not JSON ({})", words(error))).at(place).advice(MEND_JSON)
}

/// serde_json's words, without the position that stands beside them.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// What was met on the way to the users.
#[derive(Default)]
struct FoundUsers {
    /// An array, whatever it holds.
    array: bool,
    /// Whether it is an answer of the service.
    answer: bool,
    /// How many users the service says there are.
    total: Option<u64>,
    users: usize,
    /// Members that are known neither here nor from the service.
    unknown: Vec<Problem>,
}

/// Goes to the array of users and hands its elements over one by one, so that those before a mistake are still looked
/// at.
struct JsonDocument<'a, 'text, 'terms> {
    path: &'a str,
    lines: &'a Lines<'text>,
    rows: &'a mut RosterRows<'terms>,
    found: &'a mut FoundUsers,
}

impl<'de> DeserializeSeed<'de> for JsonDocument<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonDocument<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.found.array = true;
        while let Some(value) = seq.next_element::<&RawValue>()? {
            object(value.get(), self.lines, &format!("{}[{}]", self.path, self.found.users), self.rows);
            self.found.users += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(JsonText(name)) = map.next_key()? {
            let path = if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) };
            match &*name {
                USERS | DATA => {
                    let (lines, rows, found) = (self.lines, &mut *self.rows, &mut *self.found);
                    map.next_value_seed(JsonDocument { path: &path, lines, rows, found })?;
                }
                "total" => self.found.total = map.next_value::<&RawValue>()?.get().parse().ok(),
                SUCCEED => {
                    self.found.answer = true;
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    let value = map.next_value::<&RawValue>()?.get();
                    let problem = Problem::new(self.lines.of(value), "is not a part of a roster");
                    let problem = problem.at(Place::Path { path: shown(&path) });
                    self.found.unknown.push(problem.advice("a roster holds \"users\" and nothing else"));
                }
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// An object's keys and values as they stand, doubles included.
struct Members<'a>(Vec<(JsonText<'a>, &'a RawValue)>);

/// A text that is borrowed unless it holds an escape.
#[derive(Deserialize)]
struct JsonText<'a>(#[serde(borrow)] Cow<'a, str>);

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
fn object(text: &str, lines: &Lines<'_>, path: &str, rows: &mut RosterRows<'_>) {
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
    let mut places: [Option<&RawValue>; Field::COUNT] = [None; Field::COUNT];
    let mut unknown = Vec::new();
    let meanings = rows.meanings(&members.iter().map(|(JsonText(key), _)| &**key).collect::<Vec<_>>());
    for ((JsonText(key), value), meaning) in members.iter().zip(meanings) {
        let Meaning::Field(field) = meaning else {
            unknown.push((key, *value, meaning));
            continue;
        };
        let earlier = places[field as usize].replace(*value);
        if field.is_settable() && earlier.is_some() {
            let problem = Problem::new(line_of(value), "is set for the second time").at(at(field.name()));
            rows.problem(problem.value(value.get()).advice("keep one of the two"));
        }
        match scalar(value) {
            Ok(Some(text)) => raw.set(field, text),
            Ok(None) => {}
            Err(reason) if field.is_settable() => {
                raw.refuse(field);
                let problem = Problem::new(line_of(value), reason).at(at(field.name())).value(value.get());
                rows.problem(problem.advice(quoted(field)));
            }
            // The service's own, of whatever kind.
            Err(_) => raw.set(field, Cow::Borrowed(value.get())),
        }
    }
    // What the service wrote may hold more than is known here; in a person's file it is a slip.
    for (key, value, meaning) in unknown.into_iter().filter(|_| !raw.listed()) {
        rows.stranger(
            key,
            meaning,
            |field| places[field as usize].is_none(),
            || Problem::new(line_of(value), "is not a field of a roster").at(at(&shown(key))).value(key),
        );
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
        Some(b'"') => match serde_json::from_str::<JsonText<'_>>(value.get()) {
            Ok(JsonText(text)) if text.contains('\0') => Err("holds a NUL character"),
            Ok(JsonText(text)) => Ok(Some(text)),
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
pub(super) fn quoted(field: Field) -> &'static str {
    match field {
        Field::Phone | Field::Assigned => {
            "write it in quotation marks, with + and the country code before it, for example \"+14155550123\""
        }
        _ => "write it in quotation marks, or leave it out",
    }
}
