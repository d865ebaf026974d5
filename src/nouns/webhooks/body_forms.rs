//! The forms in which a body may have been signed before something on the way changed it. A receiver has to sign the
//! bytes that came; most change them without knowing it.

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter};
use serde_json::{Number, Serializer as JsonSerializer};

/// What may have been done to a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyChange {
    /// A line break, or blanks, at an end; or line ends of another system.
    LineBreak,
    /// Its JSON was read and written anew.
    Reserialized,
    /// It was put into base64, or into a JSON string, or got a byte order mark.
    Wrapped,
}

/// The bodies that this one may have been, each once, with what was then done.
pub fn before(body: &[u8]) -> Vec<(BodyChange, Vec<u8>)> {
    let mut forms: Vec<(BodyChange, Vec<u8>)> = Vec::new();
    let mut add = |change, form: Vec<u8>| {
        if form != body && !forms.iter().any(|(_, known)| *known == form) {
            forms.push((change, form));
        }
    };
    let without_break = body.strip_suffix(b"\n").unwrap_or(body);
    add(BodyChange::LineBreak, without_break.strip_suffix(b"\r").unwrap_or(without_break).to_vec());
    add(BodyChange::LineBreak, body.trim_ascii().to_vec());
    add(BodyChange::LineBreak, [body, b"\n"].concat());
    add(BodyChange::LineBreak, [body, b"\r\n"].concat());
    if let Ok(text) = std::str::from_utf8(body) {
        add(BodyChange::LineBreak, text.replace("\r\n", "\n").into_bytes());
        add(BodyChange::Wrapped, text.trim_start_matches('\u{feff}').as_bytes().to_vec());
        if let Ok(quoted) = serde_json::from_str::<String>(text) {
            add(BodyChange::Wrapped, quoted.into_bytes());
        }
    }
    if let Ok(bytes) = BASE64.decode(body.trim_ascii()) {
        add(BodyChange::Wrapped, bytes);
    }
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    if let Ok(json) = serde_json::from_slice::<Json>(body) {
        for value in [json.in_order(), json] {
            for style in Style::ALL {
                add(BodyChange::Reserialized, style.write(&value));
            }
            for indent in [&b"  "[..], b"    ", b"\t"] {
                add(BodyChange::Reserialized, written(&value, PrettyFormatter::with_indent(indent)));
            }
        }
    }
    forms
}

/// How a common library writes JSON on one line.
#[derive(Clone, Copy)]
struct Style {
    /// A blank behind each comma and colon (Python).
    blanks: bool,
    /// Everything beyond ASCII as `\u` escapes (Python, PHP).
    ascii: bool,
    /// `\/` (PHP).
    slashes: bool,
    /// `<`, `>` and `&` as `\u` escapes (Go).
    html: bool,
}

impl Style {
    const ALL: [Self; 6] = [
        Self::new(false, false, false, false),
        Self::new(true, true, false, false),
        Self::new(true, false, false, false),
        Self::new(false, true, false, false),
        Self::new(false, true, true, false),
        Self::new(false, false, false, true),
    ];

    const fn new(blanks: bool, ascii: bool, slashes: bool, html: bool) -> Self {
        Self { blanks, ascii, slashes, html }
    }

    fn write(self, value: &Json) -> Vec<u8> {
        written(value, self)
    }
}

fn written(value: &Json, formatter: impl Formatter) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A Vec takes every byte, and what was read can be written.
    let _ = value.serialize(&mut JsonSerializer::with_formatter(&mut bytes, formatter));
    bytes
}

impl Formatter for Style {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.comma(writer, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.comma(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.blanks { b": " } else { b":" })
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut units = [0; 2];
        for c in fragment.chars() {
            if c == '/' && self.slashes {
                writer.write_all(b"\\/")?;
            } else if (!c.is_ascii() && self.ascii) || (matches!(c, '<' | '>' | '&') && self.html) {
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{c}")?;
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
    }
}

impl Style {
    fn comma<W: ?Sized + io::Write>(self, writer: &mut W, first: bool) -> io::Result<()> {
        match (first, self.blanks) {
            (true, _) => Ok(()),
            (false, true) => writer.write_all(b", "),
            (false, false) => writer.write_all(b","),
        }
    }
}

/// A JSON value whose objects keep the order of their keys.
#[derive(Debug, Clone)]
enum Json {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// The order in which the service writes the keys of its objects: many libraries sort them.
const ORDERS: [&[&str]; 12] = [
    &["event", "space", "message"],
    &["id", "platform", "type", "phone"],
    &["id", "platform", "direction", "timestamp", "sender", "space", "content"],
    &["id", "direction", "platform", "sender", "timestamp", "content"],
    &["type", "text"],
    &["type", "id", "name", "mimeType", "size"],
    &["type", "emoji", "target"],
    &["id", "platform", "timestamp", "sender", "contentPreview"],
    &["type", "url"],
    &["type", "items"],
    &[
        "type",
        "schemaVersion",
        "eventId",
        "projectId",
        "platform",
        "prevSubjectSeq",
        "sourceId",
        "receivedAt",
        "timestamp",
        "request",
    ],
    &["method", "path", "headers", "bodyEncoding", "body", "rawBodyBase64"],
];

impl Json {
    /// The same value with its objects' keys in the service's order, where they are the service's.
    fn in_order(&self) -> Self {
        match self {
            Self::Array(items) => Self::Array(items.iter().map(Self::in_order).collect()),
            Self::Object(entries) => {
                let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), value.in_order())).collect();
                let place = |order: &&[&str], key: &str| order.iter().position(|known| *known == key);
                let fits = |order: &&&[&str]| entries.iter().all(|(key, _)| place(order, key).is_some());
                if let Some(order) = ORDERS.iter().find(fits) {
                    entries.sort_by_key(|(key, _)| place(order, key));
                }
                Self::Object(entries)
            }
            other => other.clone(),
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
                Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
            }

            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::String(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Json::Array(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Json::Object(entries))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::nouns::webhooks::signature::vectors::{V1, V2};

    /// What was done to the vector so that this came of it.
    fn change(changed: &[u8], original: &[u8]) -> Option<BodyChange> {
        before(changed).into_iter().find(|(_, form)| form == original).map(|(change, _)| change)
    }

    #[test]
    fn what_libraries_make_of_a_body_is_undone() {
        for original in [V1, V2] {
            let json: Json = serde_json::from_slice(original).unwrap();
            assert_eq!(Style::ALL[0].write(&json), original);
            let mut changed = vec![
                written(&json, PrettyFormatter::new()),
                written(&json, PrettyFormatter::with_indent(b"    ")),
                [&written(&json, PrettyFormatter::new()), &b"\n"[..]].concat(),
            ];
            // What a provider sent has an order of its own, which nobody knows any more.
            if original == V1 {
                let sorted: serde_json::Value = serde_json::from_slice(original).unwrap();
                changed.extend([serde_json::to_vec(&sorted).unwrap(), serde_json::to_vec_pretty(&sorted).unwrap()]);
            }
            changed.extend(Style::ALL.iter().skip(1).map(|style| style.write(&json)).filter(|form| form != original));
            for changed in changed {
                assert_eq!(
                    change(&changed, original),
                    Some(BodyChange::Reserialized),
                    "{}",
                    String::from_utf8_lossy(&changed)
                );
            }
            for changed in
                [[original, b"\n"].concat(), [original, b"\r\n"].concat(), [b" ", original, b"\n\n"].concat()]
            {
                assert_eq!(change(&changed, original), Some(BodyChange::LineBreak));
            }
            for changed in [
                BASE64.encode(original).into_bytes(),
                serde_json::to_vec(std::str::from_utf8(original).unwrap()).unwrap(),
                ["\u{feff}".as_bytes(), original].concat(),
            ] {
                assert_eq!(change(&changed, original), Some(BodyChange::Wrapped));
            }
        }
    }

    #[test]
    fn a_body_that_was_signed_in_another_form_is_found() {
        let json: Json = serde_json::from_slice(V1).unwrap();
        for style in &Style::ALL[1..4] {
            assert_eq!(change(V1, &style.write(&json)), Some(BodyChange::Reserialized));
        }
        assert_eq!(change(V1, &[V1, b"\n"].concat()), Some(BodyChange::LineBreak));
    }

    #[test]
    fn libraries_escape_as_they_do() {
        let json: Json = serde_json::from_str(r#"{"b":["é👋","</a>&"],"a":1.50}"#).unwrap();
        for (style, text) in Style::ALL.iter().zip([
            r#"{"b":["é👋","</a>&"],"a":1.5}"#,
            r#"{"b": ["\u00e9\ud83d\udc4b", "</a>&"], "a": 1.5}"#,
            r#"{"b": ["é👋", "</a>&"], "a": 1.5}"#,
            r#"{"b":["\u00e9\ud83d\udc4b","</a>&"],"a":1.5}"#,
            r#"{"b":["\u00e9\ud83d\udc4b","<\/a>&"],"a":1.5}"#,
            r#"{"b":["é👋","\u003c/a\u003e\u0026"],"a":1.5}"#,
        ]) {
            assert_eq!(String::from_utf8(style.write(&json)).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_few_forms_and_none_is_the_body_itself(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let forms = before(&body);
            prop_assert!(forms.len() < 40);
            prop_assert!(forms.iter().all(|(_, form)| *form != body));
        }

        #[test]
        fn deep_nesting_is_no_trouble(depth in 0usize..3000) {
            before("[".repeat(depth).as_bytes());
            before(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
        }
    }
}
