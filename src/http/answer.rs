//! An answer of 2xx: its text free of the secret, its data out of the envelope, read as what the endpoint promises.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::endpoint::{Endpoint, FromAnswer};
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

/// An answer to a call of an endpoint.
pub struct Reply<E> {
    answer: Answer,
    endpoint: PhantomData<E>,
}

impl<E: Endpoint> Reply<E> {
    pub(super) fn new(answer: Answer) -> Self {
        Self { answer, endpoint: PhantomData }
    }

    /// The data as what the endpoint promises.
    ///
    /// # Errors
    /// Bad response, when it is something else.
    pub fn read(&self) -> Result<E::Answer<'_>, Error> {
        FromAnswer::from_answer(&self.answer, E::SPEC.answer)
    }
}

impl<E> Deref for Reply<E> {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.answer
    }
}

impl<E> fmt::Debug for Reply<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.answer.fmt(f)
    }
}
