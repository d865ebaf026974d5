//! Records as the service wrote them, seen through a command's columns.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::table::Column;
use crate::failure::{Code, Failure};
use crate::output::format::Format;

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
    columns: Vec<Column>,
    chosen: bool,
}

impl Fields {
    /// The fields that `--fields` names, else those that the format shows unasked.
    ///
    /// # Errors
    /// Usage, when a name is not known.
    pub fn choose(columns: &[Column], names: Option<&[String]>, format: Format) -> Result<Self, Failure> {
        let Some(names) = names else {
            let shown = columns.iter().copied().filter(|column| match format {
                Format::Table => column.rank.is_some(),
                // Dotted columns are a table's own; their object is there whole.
                _ => !column.key.contains('.'),
            });
            return Ok(Self { columns: shown.collect(), chosen: false });
        };
        let known = || columns.iter().map(|column| column.key).collect::<Vec<_>>();
        let choose = |name: &String| {
            let found = columns.iter().find(|column| column.key == name);
            // What was asked for is never left out for want of room.
            found.map(|column| Column { rank: Some(0), ..*column }).ok_or_else(|| {
                let failure = Failure::new(Code::Usage, format!("unknown field {name:?} in --fields"));
                failure.hint(format!("the known fields are {}", known().join(",")))
            })
        };
        let columns = names.iter().map(choose).collect::<Result<Vec<_>, _>>()?;
        if columns.is_empty() {
            return Err(Failure::new(Code::Usage, "--fields names no field")
                .hint(format!("the known fields are {}", known().join(","))));
        }
        Ok(Self { columns, chosen: true })
    }

    /// The columns, in the order in which they are shown.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Tells whether a record can be shown at all in this format.
    ///
    /// # Errors
    /// Bad response, when it is not an object.
    pub fn check(&self, record: &str, format: Format) -> Result<(), Failure> {
        match format {
            Format::Json | Format::Ndjson if !self.chosen && record.starts_with('{') => Ok(()),
            Format::Id => self.id(record).map(|_| ()),
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
        let pairs = self
            .columns
            .iter()
            .zip(values)
            .map(|(column, value)| format!("\"{}\":{}", column.key, value.unwrap_or("null")));
        Ok(Cow::Owned(format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))))
    }

    /// The record as text, a cell a column: null and absent are empty, what is no text is JSON.
    ///
    /// # Errors
    /// Bad response, when it is not an object.
    pub fn cells<'a>(&self, record: &'a str) -> Result<Vec<Cow<'a, str>>, Failure> {
        let cell = |value: Option<&'a str>| match value {
            None | Some("null") => Cow::Borrowed(""),
            Some(value) if value.starts_with('"') => unquote(value),
            Some(value) => Cow::Borrowed(value),
        };
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
        let mut keys = [""; 16];
        for (slot, column) in keys.iter_mut().zip(&self.columns) {
            *slot = column.key.split_once('.').map_or(column.key, |(outer, _)| outer);
        }
        let values = pick(record, keys.get(..self.columns.len()).unwrap_or(&keys))?;
        let within = |(value, column): (Option<&'a str>, &Column)| match column.key.split_once('.') {
            Some((_, inner)) => pick(value?, &[inner]).ok()?.into_iter().next().flatten(),
            None => value,
        };
        Ok(values.into_iter().zip(&self.columns).map(within).collect())
    }
}

/// A JSON string's text; without a copy where nothing in it is escaped.
fn unquote(value: &str) -> Cow<'_, str> {
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => Cow::Owned(serde_json::from_str(value).unwrap_or_else(|_| value.to_owned())),
    }
}

/// The raw values of some keys of a JSON object; of a key that stands twice, the last.
fn pick<'a>(record: &'a str, keys: &[&str]) -> Result<Vec<Option<&'a str>>, Failure> {
    struct Pick<'k>(&'k [&'k str]);

    impl<'de> Visitor<'de> for Pick<'_> {
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

    struct Key<'k>(&'k [&'k str]);

    impl<'de> DeserializeSeed<'de> for Key<'_> {
        type Value = Option<usize>;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_str(self)
        }
    }

    impl Visitor<'_> for Key<'_> {
        type Value = Option<usize>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a key")
        }

        fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
            Ok(self.0.iter().position(|known| *known == key))
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
        Fields::choose(&COLUMNS, Some(&names), Format::Csv).unwrap()
    }

    #[test]
    fn cells_are_text_and_nested_values_are_json() {
        assert_eq!(fields(&["firstName", "meta", "profile.name"]).cells(RECORD).unwrap(), ["Ada", "{\"a\": 1}", "P"]);
        assert_eq!(fields(&["firstName", "id"]).cells(r#"{"firstName":null}"#).unwrap(), ["", ""]);
    }

    #[test]
    fn chosen_fields_make_an_object_in_that_order_and_unchosen_pass_through() {
        assert_eq!(fields(&["meta", "id"]).json(RECORD).unwrap(), r#"{"meta":{"a": 1},"id":"x"}"#);
        assert_eq!(Fields::choose(&COLUMNS, None, Format::Json).unwrap().json(RECORD).unwrap(), RECORD);
    }

    #[test]
    fn an_unknown_field_lists_the_known_ones() {
        let failure = Fields::choose(&COLUMNS, Some(&["phone".to_owned()]), Format::Json).unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        assert!(failure.hint.unwrap().contains("id,firstName,meta"));
    }

    #[test]
    fn what_is_no_object_is_a_bad_response() {
        assert!(fields(&["id"]).cells("[1]").is_err());
        assert!(fields(&["id"]).id(r#"{"id":7}"#).is_err());
    }
}
