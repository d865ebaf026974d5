//! What other people's clients say to the sandbox, and what they need of its answers: the files of `tests/clients`, sent
//! again as they were sent. `tests/clients.sh` runs the clients themselves.
//!
//! A file names its client, where the facts are from and how far the client gets, and holds conversations: with a project
//! that owns lines (`dedicated`) or none (`shared`). A request is one line, `auth` is `project`, `none` or `wrong`,
//! `{userId}` is the last id that an answer held. `reads` are places in the answer's body (or a header's name) with what
//! has to be there: JSON types, `=` an exact value, `^` a beginning, `absent`.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde_json::Value;
use spectrum_cli::sandbox;
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET, SandboxOptions};
use spectrum_cli::sandbox::revision::Revision;

use crate::golden::root;
use crate::http::{self, Reply};

/// One file of `tests/clients`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    client: String,
    versions: String,
    from: String,
    then: String,
    headers: BTreeMap<String, String>,
    conversations: Vec<Conversation>,
}

/// What is said in one run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    project: Kind,
    requests: Vec<Request>,
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Dedicated,
    Shared,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    path: String,
    status: u16,
    auth: Auth,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    #[serde(default)]
    reads: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Auth {
    Project,
    None,
    Wrong,
}

impl Request {
    fn send(&self, url: &str, common: &BTreeMap<String, String>, last_id: &str) -> Reply {
        let path = self.path.replace("{projectId}", DEFAULT_PROJECT_ID).replace("{userId}", last_id);
        let host = url.strip_prefix("http://").unwrap();
        let mut text = format!("{} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n", self.method);
        for (name, value) in common.iter().chain(&self.headers) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        match self.auth {
            Auth::Project => {
                text.push_str(&format!("Authorization: {}\r\n", http::basic(DEFAULT_PROJECT_ID, DEFAULT_SECRET)))
            }
            Auth::Wrong => text.push_str(&format!("Authorization: {}\r\n", http::basic(DEFAULT_PROJECT_ID, "wrong"))),
            Auth::None => {}
        }
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        http::raw(url, format!("{text}\r\n{body}").as_bytes()).unwrap_or_else(|| panic!("no answer to {path}"))
    }
}

/// Whether a value is what a client needs there.
fn fits(need: &str, value: Option<&Value>) -> bool {
    let Some(value) = value else { return need == "absent" };
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(exact) = need.strip_prefix('=') {
        return shown == exact;
    }
    if let Some(start) = need.strip_prefix('^') {
        return shown.starts_with(start);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    need.split('|').any(|allowed| allowed == kind)
}

fn files() -> Vec<File> {
    let entries = fs::read_dir(root().join("tests/clients")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

#[test]
fn other_clients_get_what_they_need_in_every_revision() {
    let files = files();
    assert!(files.len() >= 6, "the conversations are there");
    for File { client, versions, from, then, headers, conversations } in &files {
        assert!([versions, from, then].iter().all(|text| !text.is_empty()), "{client}");
        for (revision, conversation) in
            Revision::ALL.iter().flat_map(|revision| conversations.iter().map(move |one| (revision, one)))
        {
            let mut options = SandboxOptions { revision: *revision, ..SandboxOptions::default() };
            if conversation.project == Kind::Shared {
                options.projects[0].lines.clear();
            }
            let running = sandbox::start(&options, None).unwrap();
            let mut last_id = String::new();
            for request in &conversation.requests {
                let at =
                    format!("{client}, {revision}, {:?}: {} {}", conversation.project, request.method, request.path);
                let reply = request.send(&running.url, headers, &last_id);
                assert_eq!(reply.status, request.status, "{at}: {}", reply.body);
                let body = reply.json();
                for (place, need) in &request.reads {
                    let header = reply.header(place).map(Value::String);
                    let found = if place.starts_with('/') { body.pointer(place) } else { header.as_ref() };
                    assert!(fits(need, found), "{at}: {place} is {found:?}, not {need}");
                }
                if let Some(id) = body.pointer("/data/id").and_then(Value::as_str) {
                    id.clone_into(&mut last_id);
                }
            }
        }
    }
}
