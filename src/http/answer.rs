//! An answer of 2xx: its text free of the secret, its data out of the envelope, read as what the endpoint promises.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::envelope;
use super::error::Error;

/// What is known of the server's clock when it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerClock {
    /// Its `Date` header: whole seconds, so the answer was written up to a second later.
    Date(Timestamp),
    /// It shares our clock (the sandbox in this process): the moment the first attempt was sent.
    Shared(Timestamp),
    /// Nothing.
    Unknown,
}

/// An answer of 2xx, its text free of the secret.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: String,
    /// What is known of the server's clock.
    pub clock: ServerClock,
    /// The time since the first attempt was sent.
    pub elapsed: Duration,
    /// Where in the body the data stands, or why there is none.
    pub(super) data: Result<Range<usize>, Error>,
    /// Whether it is a refusal in spite of its status.
    pub(super) is_refused: bool,
}

impl Answer {
    /// The text of the answer's data, envelope taken off; valid JSON.
    ///
    /// # Errors
    /// Bad response when the body is not an answer of this API, and the refusal when it is one after all.
    pub fn data(&self) -> Result<&str, Error> {
        let range = self.data.as_ref().map_err(Clone::clone)?;
        Ok(self.body.get(range.clone()).unwrap_or_default())
    }

    /// The answer's data as one record; an array that happens to fit its fields is none.
    ///
    /// # Errors
    /// Bad response when it is something else; `what` names the record.
    pub fn one<'a, T: Deserialize<'a>>(&'a self, what: &str) -> Result<T, Error> {
        let refuse =
            |why: &str| Error::bad_response(Some(self.status.as_u16()), format!("the answer is not {what}{why}"));
        let data = self.data()?;
        if !data.starts_with('{') {
            return Err(refuse(""));
        }
        serde_json::from_str(data).map_err(|error| refuse(&format!(" ({})", envelope::position_free(&error))))
    }

    /// The answer's data as a list under a key, or as a bare array.
    ///
    /// # Errors
    /// Bad response when it is neither.
    pub fn many(&self, key: &str) -> Result<Many<'_>, Error> {
        let mut deserializer = serde_json::Deserializer::from_str(self.data()?);
        deserializer.deserialize_any(List(key)).map_err(|error| {
            let why = envelope::position_free(&error);
            Error::bad_response(Some(self.status.as_u16()), format!("the answer is not a list of {key} ({why})"))
        })
    }
}

/// A list: each record the answer's own text, borrowed.
#[derive(Debug, Default)]
pub struct Many<'a> {
    /// In the service's order.
    pub items: Vec<&'a RawValue>,
    /// All matches, ignoring paging, where the service tells.
    pub total: Option<u64>,
}

/// Reads `{"<key>": […], "total": …}` or `[…]`, in one pass: a list of thousands is large.
struct List<'k>(&'k str);

impl<'de> Visitor<'de> for List<'_> {
    type Value = Many<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with {}, or an array", self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element()? {
            items.push(item);
        }
        Ok(Many { items, total: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let (mut items, mut total) = (None, None);
        while let Some(key) = object.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == self.0 {
                items = Some(object.next_value()?);
            } else if key == "total" {
                total = object.next_value()?;
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        let missing = || serde::de::Error::custom(format_args!("it has no {}", self.0));
        Ok(Many { items: items.ok_or_else(missing)?, total })
    }
}

/// What a success of an endpoint holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// One record; the words say what it is.
    One(&'static str),
    /// A list under this key, or a bare array.
    Many(&'static str),
    /// No more than a yes.
    Yes,
    /// Another place to go.
    Redirect,
    /// A document of its own, without the envelope.
    Document,
}

impl AnswerKind {
    /// What a record is called, or the key of a list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::One(name) | Self::Many(name) => name,
            Self::Yes => "a yes",
            Self::Redirect => "a redirect",
            Self::Document => "a document",
        }
    }
}

/// What can be read from the data of an answer.
pub trait FromAnswer<'a>: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// Bad response, when the data is something else.
    fn from_answer(answer: &'a Answer, shape: AnswerKind) -> Result<Self, Error>;
}

/// A yes has been checked before it gets here.
impl FromAnswer<'_> for () {
    fn from_answer(_: &Answer, _: AnswerKind) -> Result<Self, Error> {
        Ok(())
    }
}

impl<'a> FromAnswer<'a> for Many<'a> {
    fn from_answer(answer: &'a Answer, shape: AnswerKind) -> Result<Self, Error> {
        answer.many(shape.name())
    }
}

/// Reads one record of a list.
///
/// # Errors
/// Bad response, when it is not what it should be; `what` names that.
pub fn record<'a, T: Deserialize<'a>>(raw: &'a RawValue, what: &str) -> Result<T, Error> {
    let refuse = |why: String| Error::bad_response(None, format!("the answer holds a record that is not {what}{why}"));
    if !raw.get().starts_with('{') {
        return Err(refuse(String::new()));
    }
    serde_json::from_str(raw.get()).map_err(|error| refuse(format!(" ({})", envelope::position_free(&error))))
}

/// Keeps the text of a record beyond its answer.
///
/// # Errors
/// Bad response, when it is not JSON.
pub fn raw(text: &str) -> Result<Box<RawValue>, Error> {
    RawValue::from_string(text.to_owned()).map_err(|error| {
        Error::bad_response(None, format!("the answer is not JSON ({})", envelope::position_free(&error)))
    })
}
