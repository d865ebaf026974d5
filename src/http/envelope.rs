//! The envelope around every answer: `{"succeed":…,"data":…}`, and what is met in its place.

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::words::cut;

/// A success as the sandbox writes it.
#[derive(Debug, Serialize)]
pub struct Success<'a, T: ?Sized> {
    /// Always true.
    pub succeed: bool,
    /// The answer.
    pub data: &'a T,
}

/// A failure as the sandbox writes it.
#[derive(Debug, Serialize)]
pub struct FailureBody<'a> {
    /// Always false.
    pub succeed: bool,
    /// Always null.
    pub data: (),
    /// A word, or the bare status as text.
    pub code: &'a str,
    /// What happened.
    pub message: &'a str,
}

/// The server's own words in a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerWords {
    /// The answer's `code`.
    pub code: Option<String>,
    /// What it said, plain text without markup.
    pub text: String,
}

/// What a body of a 2xx answer holds.
#[derive(Debug)]
pub enum BodyContent<'a> {
    /// The data, envelope taken off; the whole body when there was no envelope.
    Data(&'a str),
    /// `succeed:false` although the status said yes.
    Refused(ServerWords),
    /// `{"error": …}` and nothing else that could be data: a refusal that says no more than its words.
    Error(ServerWords),
}

/// The keys that make an envelope. Keys are looked at as they are: the rest is not parsed twice.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    succeed: Option<bool>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// The longest piece of a body that an error text quotes, in characters.
const QUOTED: usize = 200;

/// Opens the body of a 2xx answer. It is read once: a list of thousands is large.
///
/// # Errors
/// What is wrong with it, in words, when it is not JSON.
pub fn open(body: &str) -> Result<BodyContent<'_>, String> {
    let body = body.trim_start_matches('\u{feff}').trim();
    if body.is_empty() {
        return Err("the answer is empty".to_owned());
    }
    if is_markup(body) {
        return Err("the answer is HTML, not JSON".to_owned());
    }
    let not_json = |error: serde_json::Error| format!("the answer is not JSON ({})", position_free(&error));
    if !body.starts_with('{') {
        return serde_json::from_str::<&RawValue>(body).map(|whole| BodyContent::Data(whole.get())).map_err(not_json);
    }
    match serde_json::from_str::<Envelope<'_>>(body) {
        Ok(Envelope { succeed: Some(false), .. }) => Ok(BodyContent::Refused(refusal(StatusCode::OK, body))),
        Ok(Envelope { data: Some(data), .. }) => Ok(BodyContent::Data(data.get())),
        Ok(Envelope { succeed: Some(true), data: None, .. }) => Err("the answer has no data".to_owned()),
        Ok(Envelope { error: Some(_), .. }) => Ok(BodyContent::Error(refusal(StatusCode::OK, body))),
        Ok(Envelope { .. }) => Ok(BodyContent::Data(body)),
        Err(error) if error.is_data() => {
            Err(format!("the answer's envelope is not understood ({})", position_free(&error)))
        }
        Err(error) => Err(not_json(error)),
    }
}

/// Tells whether the body of a 2xx answer says no more than yes.
pub fn is_bare_yes(body: &str) -> bool {
    body.trim().is_empty() || matches!(serde_json::from_str(body), Ok(Envelope { succeed: Some(true), .. }))
}

/// Tells whether a body is a refusal in the API's own shape: a proxy's page or JSON under the same status is none.
pub fn is_refusal(body: &str) -> bool {
    matches!(serde_json::from_str(body), Ok(Envelope { succeed: Some(false), .. }))
}

/// serde_json's words without a line and column that mean nothing to the reader.
pub(super) fn position_free(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Reads a refusal's text from `message`, else `error` (text or `{message}`), else `detail`, else `title`,
/// else the first characters of the body, else the status text.
pub fn refusal(status: StatusCode, body: &str) -> ServerWords {
    let parsed: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let fallback = || {
        let body = body.trim();
        if body.is_empty() {
            status.canonical_reason().unwrap_or("no reason given").to_owned()
        } else if is_markup(body) {
            format!("an HTML page{}", title_of(body).map(|title| format!(" titled {title:?}")).unwrap_or_default())
        } else if parsed.is_some() {
            shorten(body)
        } else {
            format!("not JSON: {}", shorten(body))
        }
    };
    let Some(object) = parsed.as_ref().and_then(serde_json::Value::as_object) else {
        return ServerWords { code: None, text: fallback() };
    };
    let text_at = |key: &str| {
        let value = object.get(key)?;
        let text = value.as_str().or_else(|| value.get("message")?.as_str())?;
        (!text.trim().is_empty()).then(|| shorten(text))
    };
    let code = match object.get("code") {
        Some(serde_json::Value::String(code)) => Some(shorten(code)),
        Some(serde_json::Value::Number(code)) => Some(code.to_string()),
        _ => None,
    };
    // A sibling of the API says what is wrong with which part of a request: {type: "validation", on, summary, …}.
    let summary = || {
        let on = object.get("on")?.as_str().filter(|_| object.get("type").is_some_and(|kind| kind == "validation"))?;
        Some(format!("{on}: {}", text_at("summary").or_else(|| text_at("message"))?))
    };
    let said = summary().or_else(|| ["message", "error", "detail", "title"].into_iter().find_map(text_at));
    let text = said.unwrap_or_else(fallback);
    ServerWords { code, text }
}

/// Tells whether a body is a page for people.
fn is_markup(body: &str) -> bool {
    body.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('<')
}

/// A page's title, the one piece of it worth quoting.
fn title_of(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower.get(start..)?.find("</title>")?;
    let title = page.get(start..end)?.trim();
    (!title.is_empty() && !title.contains('<')).then(|| shorten(title))
}

/// The first characters of a text, on one line.
fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, QUOTED).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> String {
        refusal(StatusCode::BAD_GATEWAY, body).text
    }

    #[test]
    fn the_servers_words_are_found_wherever_they_stand() {
        assert_eq!(text(r#"{"message":"a","error":"b"}"#), "a");
        assert_eq!(text(r#"{"message":null,"error":"b"}"#), "b");
        assert_eq!(text(r#"{"error":{"message":"c"}}"#), "c");
        assert_eq!(text(r#"{"title":"e","detail":"d"}"#), "d");
        assert_eq!(text(r#"{"title":"e"}"#), "e");
        assert_eq!(text("plain words"), "not JSON: plain words");
        assert_eq!(text(""), "Bad Gateway");
    }

    #[test]
    fn markup_is_named_and_never_quoted() {
        assert_eq!(
            text("<html><head><title>502 Bad Gateway</title></head>…"),
            "an HTML page titled \"502 Bad Gateway\""
        );
        assert_eq!(text("<html><script>alert(1)</script>"), "an HTML page");
    }

    #[test]
    fn a_long_body_is_quoted_by_its_start() {
        let said = text(&"é".repeat(5000));
        assert_eq!(said.chars().filter(|c| *c == 'é').count(), QUOTED);
    }

    #[test]
    fn codes_are_text_whatever_they_were() {
        assert_eq!(refusal(StatusCode::OK, r#"{"code":"NOT_FOUND"}"#).code.as_deref(), Some("NOT_FOUND"));
        assert_eq!(refusal(StatusCode::OK, r#"{"code":404}"#).code.as_deref(), Some("404"));
    }

    #[test]
    fn data_is_taken_out_of_its_envelope_and_found_without_one() {
        let data = |body| match open(body) {
            Ok(BodyContent::Data(data)) => data.to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(data(r#"{"succeed":true,"data":{"id":"x"}}"#), r#"{"id":"x"}"#);
        assert_eq!(data(r#"{"id":"x"}"#), r#"{"id":"x"}"#);
        assert_eq!(data("[1]"), "[1]");
        assert!(open(r#"{"succeed":true,"data":null}"#).is_err());
        assert!(matches!(open(r#"{"succeed":false,"message":"no"}"#), Ok(BodyContent::Refused(_))));
        for bad in ["", "  ", "<html>", r#"{"succeed":tru"#, r#"{"succeed":"yes","data":1}"#] {
            assert!(open(bad).is_err(), "{bad}");
        }
    }
}
