//! The referee between client and sandbox: every documented exchange, as files under `tests/wire`.
//!
//! A file is `{name, revision?, sandbox?, given?, request, response}`. `given` are requests sent before; `{projectId}`
//! stands for the sandbox's project, `{userId}` and `{webhookId}` for the last id that an answer held. `auth` is
//! `project`, `none`, `wrong` or a whole header. In a response `<uuid>`, `<timestamp>`, `<phone>`, `<hex>`, `<whsec>`,
//! `<text>` and `<object>` stand for any value of that form.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::Value;
use spectrum_cli::http::Spec;
use spectrum_cli::model::{Phone, ids};
use spectrum_cli::nouns::catalogue;
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET, SandboxOptions};
use spectrum_cli::sandbox::revision::Revision;
use spectrum_cli::sandbox::{self, Running};

use crate::http::{self, Reply};

/// One file of `tests/wire`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub name: String,
    pub revision: Option<String>,
    #[serde(default)]
    pub sandbox: Rules,
    #[serde(default)]
    pub given: Vec<Sent>,
    pub request: Sent,
    pub response: Expected,
}

/// What differs from the default project.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    max_shared_users: Option<u32>,
    lines: Option<Vec<Phone>>,
    pool: Option<usize>,
    rate_limit: Option<u32>,
}

/// A request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    pub method: String,
    pub path: String,
    pub auth: String,
    pub body: Option<Value>,
    pub text: Option<String>,
    pub content_type: Option<String>,
}

/// An answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub status: u16,
    #[serde(default)]
    pub headers: serde_json::Map<String, Value>,
    pub body: Option<Value>,
}

/// All exchanges, with the names of their files.
pub fn exchanges() -> Vec<(String, Exchange)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let exchange = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.file_stem().unwrap().to_string_lossy().into_owned(), exchange)
    };
    paths.iter().map(read).collect()
}

impl Exchange {
    /// The endpoint that is asked; none for a request that is no route.
    pub fn spec(&self) -> Option<&'static Spec> {
        let method = self.request.method.parse().unwrap();
        let path = self.request.path.split('?').next().unwrap();
        catalogue::routes().map(|route| &route.spec).find(|spec| spec.is_asked_by(&method, path))
    }

    /// The revision that is spoken.
    pub fn revision(&self) -> Revision {
        self.revision.as_ref().map_or_else(Revision::default, |revision| revision.parse().unwrap())
    }

    fn start(&self) -> Running {
        let mut options = SandboxOptions { revision: self.revision(), ..SandboxOptions::default() };
        options.pool = self.sandbox.pool.unwrap_or(options.pool);
        options.rate_limit = self.sandbox.rate_limit.unwrap_or(options.rate_limit);
        let project = &mut options.projects[0];
        project.max_shared_users = self.sandbox.max_shared_users.unwrap_or(project.max_shared_users);
        project.lines = self.sandbox.lines.clone().unwrap_or_else(|| project.lines.clone());
        sandbox::start(&options, None).unwrap()
    }
}

impl Sent {
    fn send(&self, url: &str, last_id: &str) -> Reply {
        let path = fill(&self.path, last_id);
        let authorization = match self.auth.as_str() {
            "project" => Some(http::basic(DEFAULT_PROJECT_ID, DEFAULT_SECRET)),
            "wrong" => Some(http::basic(DEFAULT_PROJECT_ID, "not the secret")),
            "none" => None,
            header => Some(header.to_owned()),
        };
        let body = self.text.clone().or_else(|| self.body.as_ref().map(Value::to_string));
        let content_type = self.content_type.as_deref().unwrap_or("application/json");
        http::send_as(content_type, &self.method, &format!("{url}{path}"), authorization.as_deref(), body.as_deref())
    }
}

fn fill(text: &str, last_id: &str) -> String {
    text.replace("{projectId}", DEFAULT_PROJECT_ID).replace("{userId}", last_id).replace("{webhookId}", last_id)
}

/// Compares an answer with what is documented; keys and their values one by one, nothing more and nothing less.
fn compare(expected: &Value, actual: &Value, last_id: &str, at: &str) {
    match (expected, actual) {
        (Value::String(form), Value::Object(_)) if form == "<object>" => {}
        (Value::String(form), Value::String(text)) => match form.as_str() {
            "<uuid>" => assert!(ids::is_uuid(text), "{at}: {text} is not a UUID"),
            "<phone>" => assert!(text.parse::<Phone>().is_ok(), "{at}: {text} is not a phone number"),
            "<hex>" => {
                let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                assert!(is_hex && text.len() == 64, "{at}: {text} is not 64 hex digits");
            }
            "<whsec>" => {
                let bytes = text.strip_prefix("whsec_").and_then(|rest| BASE64.decode(rest).ok());
                assert_eq!(bytes.map(|bytes| bytes.len()), Some(32), "{at}: {text} is no standard secret");
            }
            "<text>" => assert!(!text.is_empty(), "{at}: there is no text"),
            "<timestamp>" => {
                let whole = text.len() == "2026-05-01T12:00:00.000Z".len() && text.ends_with('Z');
                assert!(whole && text.parse::<jiff::Timestamp>().is_ok(), "{at}: {text} is not a timestamp");
            }
            form => assert_eq!(&fill(form, last_id), text, "{at}"),
        },
        (Value::Object(expected), Value::Object(actual)) => {
            let keys = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(expected), keys(actual), "{at}: keys");
            for (key, value) in expected {
                compare(value, &actual[key], last_id, &format!("{at}.{key}"));
            }
        }
        (Value::Array(expected), Value::Array(actual)) => {
            assert_eq!(expected.len(), actual.len(), "{at}: length of {actual:?}");
            for (index, value) in expected.iter().enumerate() {
                compare(value, &actual[index], last_id, &format!("{at}[{index}]"));
            }
        }
        _ => assert_eq!(expected, actual, "{at}"),
    }
}

#[test]
fn the_sandbox_produces_every_exchange() {
    for (file, exchange) in exchanges() {
        let running = exchange.start();
        let mut last_id = String::new();
        for given in &exchange.given {
            let reply = given.send(&running.url, &last_id);
            assert_eq!(reply.status, 200, "{file}, given: {}", reply.body);
            if let Some(id) = reply.json()["data"]["id"].as_str() {
                id.clone_into(&mut last_id);
            }
        }
        let reply = exchange.request.send(&running.url, &last_id);
        let at = format!("{file} ({})", exchange.name);
        assert_eq!(reply.status, exchange.response.status, "{at}: {}", reply.body);
        for (name, value) in &exchange.response.headers {
            assert_eq!(reply.header(name).as_deref(), value.as_str(), "{at}: {name}");
        }
        match &exchange.response.body {
            Some(body) => compare(body, &reply.json(), &last_id, &at),
            None => assert_eq!(reply.body, "", "{at}"),
        }
    }
}
