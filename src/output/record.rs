//! Records as the service wrote them, seen through a command's columns.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::table::{ChosenColumn, Column};
use crate::failure::{Code, Failure};
use crate::model::time;
use crate::output::format::OutputFormat;

/// Whether a command answers with one record or with a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An object.
    One,
    /// An array.
    Many,
}

/// The fields that are shown, and whether the person chose them.
#[derive(Debug)]
pub struct Fields {
    shown: Vec<ChosenColumn>,
    chosen: bool,
    /// The record's own keys that are read, each once.
    keys: Vec<String>,
    /// For each field its key's place in `keys`, and the way on from there.
    ways: Vec<(usize, Option<String>)>,
}

impl Fields {
    /// The fields that `--fields` names, else those that the format shows unasked. A name with dots reaches into an
    /// object (`meta.opt_in`); only its first part has to be known. What is named twice is shown once.
    ///
    /// # Errors
    /// Usage, when a name is not known.
    pub fn choose(columns: &[Column], names: Option<&[String]>, format: OutputFormat) -> Result<Self, Failure> {
        let Some(names) = names else {
            let shown = columns.iter().filter(|column| match format {
                OutputFormat::Table => column.rank.is_some(),
                // Dotted columns are a table's own; their object is there whole.
                _ => !column.key.contains('.'),
            });
            return Ok(Self::new(shown.map(ChosenColumn::from).collect(), false));
        };
        let mut shown: Vec<ChosenColumn> = Vec::new();
        for name in names {
            let name = name.trim();
            if !shown.iter().any(|field| field.key == name) {
                shown.push(find(columns, name)?);
            }
        }
        if shown.is_empty() {
            return Err(Failure::new(Code::Usage, "--fields names no field").hint(known(columns)));
        }
        Ok(Self::new(shown, true))
    }

    fn new(shown: Vec<ChosenColumn>, chosen: bool) -> Self {
        let mut keys: Vec<String> = Vec::new();
        let mut ways = Vec::new();
        for field in &shown {
            let (outer, inner) = match field.key.split_once('.') {
                Some((outer, inner)) => (outer, Some(inner.to_owned())),
                None => (field.key.as_str(), None),
            };
            let at = keys.iter().position(|key| key == outer).unwrap_or_else(|| {
                keys.push(outer.to_owned());
                keys.len() - 1
            });
            ways.push((at, inner));
        }
        Self { shown, chosen, keys, ways }
    }

    /// The fields, in the order in which they are shown.
    pub fn shown(&self) -> &[ChosenColumn] {
        &self.shown
    }

    /// Tells whether a record can be shown at all in this format.
    ///
    /// # Errors
    /// Bad response, when it is not an object.
    pub fn check(&self, record: &str, format: OutputFormat) -> Result<(), Failure> {
        match format {
            OutputFormat::Json | OutputFormat::Ndjson if !self.chosen && record.starts_with('{') => Ok(()),
            OutputFormat::Id => self.id(record).map(|_| ()),
            _ => self.values(record).map(|_| ()),
        }
    }

    /// The record as JSON: itself, or an object of the chosen fields.
    ///
    /// # Errors
    /// Bad response, when it is not an object.
    pub fn json<'a>(&self, record: &'a str) -> Result<Cow<'a, str>, Failure> {
        if !self.chosen {
            return Ok(Cow::Borrowed(record));
        }
        let values = self.values(record)?;
        let mut object = String::from("{");
        for (field, value) in self.shown.iter().zip(values) {
            let comma = if object.len() == 1 { "" } else { "," };
            object.extend([comma, &field.json_key, ":", value.unwrap_or("null")]);
        }
        object.push('}');
        Ok(Cow::Owned(object))
    }

    /// The record's cells as a table shows them to a person; moments as ages, where the time that it is is told.
    ///
    /// # Errors
    /// Bad response, when it is not an object.
    pub fn told<'a>(&self, record: &'a str, now: Option<Timestamp>) -> Result<Vec<Cow<'a, str>>, Failure> {
        let is_told = |field: &ChosenColumn| field.told.is_some() || (field.is_moment && now.is_some());
        if !self.shown.iter().any(is_told) {
            return self.cells(record);
        }
        let tell = |(field, value): (&ChosenColumn, Option<&'a str>)| match (field.told, now) {
            (Some(told), _) => Cow::Borrowed(told(value.filter(|value| *value != "null"), record)),
            (None, Some(now)) if field.is_moment => {
                let moment = cell(value);
                age(&moment, now).map_or(moment, Cow::Owned)
            }
            (None, _) => cell(value),
        };
        Ok(self.shown.iter().zip(self.values(record)?).map(tell).collect())
    }

    /// The record as text, a cell a column: null and absent are empty, what is no text is JSON.
    ///
    /// # Errors
    /// Bad response, when it is not an object.
    pub fn cells<'a>(&self, record: &'a str) -> Result<Vec<Cow<'a, str>>, Failure> {
        Ok(self.values(record)?.into_iter().map(cell).collect())
    }

    /// The record's id.
    ///
    /// # Errors
    /// Bad response, when it has none.
    pub fn id<'a>(&self, record: &'a str) -> Result<Cow<'a, str>, Failure> {
        let id = pick(record, &["id"])?.into_iter().next().flatten().filter(|id| id.starts_with('"'));
        id.map(unquote)
            .ok_or_else(|| Failure::new(Code::BadResponse, "the answer has no id to show").hint("use `-o json`"))
    }

    fn values<'a>(&self, record: &'a str) -> Result<Vec<Option<&'a str>>, Failure> {
        let values = pick(record, &self.keys)?;
        // Most commands read every key for one field and whole: then nothing is laid out anew.
        if self.ways.iter().enumerate().all(|(at, (key, inner))| *key == at && inner.is_none()) {
            return Ok(values);
        }
        let value = |(key, inner): &(usize, Option<String>)| {
            let outer = values.get(*key).copied().flatten()?;
            inner.as_deref().map_or(Some(outer), |inner| reach(outer, inner))
        };
        Ok(self.ways.iter().map(value).collect())
    }
}

/// The field that a name stands for.
fn find(columns: &[Column], name: &str) -> Result<ChosenColumn, Failure> {
    let outer = |key: &'static str| key.split_once('.').map_or(key, |(outer, _)| outer);
    // What was asked for is never left out for want of room.
    if let Some(column) = columns.iter().find(|column| column.key == name) {
        return Ok(ChosenColumn { rank: Some(0), ..ChosenColumn::from(column) });
    }
    match name.split_once('.') {
        Some((first, rest))
            if columns.iter().any(|column| outer(column.key) == first)
                && rest.split('.').all(|part| !part.is_empty()) =>
        {
            Ok(ChosenColumn::nested(name))
        }
        _ => Err(Failure::new(Code::Usage, format!("unknown field {name:?} in --fields")).hint(known(columns))),
    }
}

fn known(columns: &[Column]) -> String {
    format!("the known fields are {}", columns.iter().map(|column| column.key).collect::<Vec<_>>().join(","))
}

/// The value at the end of a way of keys through objects; none where there is none.
fn reach<'a>(value: &'a str, way: &str) -> Option<&'a str> {
    way.split('.').try_fold(value, |value, key| pick(value, &[key]).ok()?.into_iter().next().flatten())
}

/// A moment as an age; none of what is no moment, or is still to come.
pub fn age(moment: &str, now: Timestamp) -> Option<String> {
    let age = now.duration_since(moment.parse().ok()?);
    Duration::try_from(age).ok().map(time::show_age)
}

/// A value as text.
fn cell(value: Option<&str>) -> Cow<'_, str> {
    match value {
        None | Some("null") => Cow::Borrowed(""),
        Some(value) if value.starts_with('"') => unquote(value),
        Some(value) => Cow::Borrowed(value),
    }
}

/// A text field of a JSON object; none when it is something else or not there.
pub fn text_field<'a>(record: &'a str, key: &str) -> Option<Cow<'a, str>> {
    let value = pick(record, &[key]).ok()?.into_iter().next().flatten()?;
    value.starts_with('"').then(|| unquote(value))
}

/// A JSON string's text; without a copy where nothing in it is escaped.
fn unquote(value: &str) -> Cow<'_, str> {
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => Cow::Owned(serde_json::from_str(value).unwrap_or_else(|_| value.to_owned())),
    }
}

/// The raw values of some keys of a JSON object; of a key that stands twice, the last.
fn pick<'a, K: AsRef<str>>(record: &'a str, keys: &[K]) -> Result<Vec<Option<&'a str>>, Failure> {
    struct Pick<'k, K>(&'k [K]);

    impl<'de, K: AsRef<str>> Visitor<'de> for Pick<'_, K> {
        type Value = Vec<Option<&'de str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut values = vec![None; self.0.len()];
            while let Some(index) = map.next_key_seed(Key(self.0))? {
                match index.and_then(|index| values.get_mut(index)) {
                    Some(slot) => *slot = Some(map.next_value::<&'de RawValue>()?.get()),
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(values)
        }
    }

    struct Key<'k, K>(&'k [K]);

    impl<'de, K: AsRef<str>> DeserializeSeed<'de> for Key<'_, K> {
        type Value = Option<usize>;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_str(self)
        }
    }

    impl<K: AsRef<str>> Visitor<'_> for Key<'_, K> {
        type Value = Option<usize>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a key")
        }

        fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
            Ok(self.0.iter().position(|known| known.as_ref() == key))
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(record);
    deserializer.deserialize_map(Pick(keys)).map_err(|error| {
        Failure::new(Code::BadResponse, format!("the answer holds a record that is not an object ({error})"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::shown("id", "ID", 0, true),
        Column::shown("firstName", "FIRST NAME", 1, false),
        Column::on_request("meta", "META"),
        Column::shown("profile.name", "PROFILE", 2, false),
    ];
    const RECORD: &str =
        r#"{"extra":[1],"firstName":"A\u0064a","meta":{"a": 1},"id":"x","profile":{"name":"P"},"n":1.50}"#;

    fn fields(names: &[&str]) -> Fields {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Fields::choose(&COLUMNS, Some(&names), OutputFormat::Csv).unwrap()
    }

    #[test]
    fn cells_are_text_and_nested_values_are_json() {
        assert_eq!(fields(&["firstName", "meta", "profile.name"]).cells(RECORD).unwrap(), ["Ada", "{\"a\": 1}", "P"]);
        assert_eq!(fields(&["firstName", "id"]).cells(r#"{"firstName":null}"#).unwrap(), ["", ""]);
    }

    #[test]
    fn chosen_fields_make_an_object_in_that_order_and_unchosen_pass_through() {
        assert_eq!(fields(&["meta", "id"]).json(RECORD).unwrap(), r#"{"meta":{"a": 1},"id":"x"}"#);
        assert_eq!(Fields::choose(&COLUMNS, None, OutputFormat::Json).unwrap().json(RECORD).unwrap(), RECORD);
    }

    #[test]
    fn any_number_of_fields_may_lie_below_one_key() {
        let columns = ["p.a", "p.b", "q", "p.c.d"].map(|key| Column::shown(key, "X", 0, false));
        let shown = Fields::choose(&columns, None, OutputFormat::Table).unwrap();
        let record = r#"{"p":{"a":1,"b":"two","c":{"d":[3]}},"q":4}"#;
        assert_eq!(shown.cells(record).unwrap(), ["1", "two", "4", "[3]"]);
        assert_eq!(shown.cells(r#"{"p":"text","q":null}"#).unwrap(), ["", "", "", ""]);
    }

    #[test]
    fn what_is_named_twice_is_shown_once() {
        assert_eq!(
            fields(&["id", "firstName", " id"]).json(RECORD).unwrap(),
            r#"{"id":"x","firstName":"Ada"}"#.replace("Ada", "A\\u0064a")
        );
    }

    #[test]
    fn a_name_reaches_into_an_object_whose_own_key_is_known() {
        let nested = fields(&["meta.a", "meta", "meta.b", "meta.\"", "profile.name"]);
        let expected = r#"{"meta.a":1,"meta":{"a": 1},"meta.b":null,"meta.\"":null,"profile.name":"P"}"#;
        assert_eq!(nested.json(RECORD).unwrap(), expected);
        assert_eq!(nested.cells(RECORD).unwrap(), ["1", "{\"a\": 1}", "", "", "P"]);
        for unknown in ["extra.a", "meta.", "meta..a", ".a", "."] {
            assert!(Fields::choose(&COLUMNS, Some(&[unknown.to_owned()]), OutputFormat::Json).is_err(), "{unknown}");
        }
    }

    #[test]
    fn there_may_be_more_fields_than_anyone_counted() {
        const KEYS: [&str; 20] =
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"];
        let columns = KEYS.map(|key| Column::shown(key, "X", 0, false));
        let record = format!("{{{}}}", KEYS.map(|key| format!("\"{key}\":\"{key}\"")).join(","));
        let names = KEYS.map(str::to_owned);
        let shown = Fields::choose(&columns, Some(&names), OutputFormat::Csv).unwrap();
        assert_eq!(shown.cells(&record).unwrap(), KEYS);
        assert_eq!(shown.json(&record).unwrap(), record);
    }

    #[test]
    fn an_unknown_field_lists_the_known_ones() {
        let failure = Fields::choose(&COLUMNS, Some(&["phone".to_owned()]), OutputFormat::Json).unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        assert!(failure.hint.unwrap().contains("id,firstName,meta"));
    }

    #[test]
    fn a_moment_is_an_age_where_the_time_is_told() {
        let columns = [Column::shown("at", "AT", 0, true).moment(), Column::shown("id", "ID", 0, true)];
        let fields = Fields::choose(&columns, None, OutputFormat::Table).unwrap();
        let now = "2026-11-01T12:00:00Z".parse().ok();
        for (at, told) in [
            (r#""2026-10-30T11:00:00.123Z""#, "2d ago"),
            (r#""2026-11-01T12:00:01Z""#, "2026-11-01T12:00:01Z"),
            (r#""yesterday""#, "yesterday"),
            ("null", ""),
            ("17", "17"),
        ] {
            let record = format!(r#"{{"at":{at},"id":"x"}}"#);
            assert_eq!(fields.told(&record, now).unwrap(), [told, "x"]);
            assert_eq!(fields.told(&record, None).unwrap(), fields.cells(&record).unwrap());
        }
    }

    #[test]
    fn what_is_no_object_is_a_bad_response() {
        assert!(fields(&["id"]).cells("[1]").is_err());
        assert!(fields(&["id"]).id(r#"{"id":7}"#).is_err());
    }
}
