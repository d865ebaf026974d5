//! The sandbox's way from a request to its answer, in memory. An input is a revision and requests in HTTP's form with
//! `=====` between them; `{project}` and `{last}`, the id of what was made last, stand for ids. Credentials and the control
//! plane's mark are there unless a header says otherwise.
#![no_main]

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

use http::{Method, StatusCode, Uri};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use spectrum_cli::sandbox::SandboxOptions;
use spectrum_cli::sandbox::control::{self, ControlReply};
use spectrum_cli::sandbox::exchange::{Head, Response};
use spectrum_cli::sandbox::fault::Faults;
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET, default_lines, default_project};
use spectrum_cli::sandbox::revision::Revision;
use spectrum_cli::sandbox::router::{Rest, Router};
use spectrum_fuzz::{assert_e164, first_line};

/// More of them only take longer.
const REQUESTS: usize = 12;
const URL: &str = "http://127.0.0.1:8787";
/// The wall clock at the first request.
const BEGIN: i64 = 1_790_000_000;

thread_local! {
    static SERVICES: RefCell<Vec<Service>> = RefCell::new(Revision::ALL.into_iter().map(Service::new).collect());
}

struct Service {
    revision: Revision,
    router: Router,
    seconds: i64,
}

#[derive(Default)]
struct Request<'a> {
    method: Method,
    path: &'a str,
    query: Option<&'a str>,
    authorization: Option<String>,
    content_type: Option<&'a str>,
    is_marked: bool,
    origin: Option<&'a str>,
    body: &'a [u8],
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (revision, requests) = first_line(&text);
    SERVICES.with_borrow_mut(|services| {
        let at = services.iter().position(|service| service.revision.as_str() == revision).unwrap_or(1);
        services[at].play(requests);
    });
});

impl Service {
    fn new(revision: Revision) -> Self {
        // Nothing leaves this process.
        let mut faults = Faults::default();
        faults.add("delivery-lost:1".parse().expect("a fault"));
        let options = SandboxOptions {
            revision,
            ids: Some(1),
            projects: default_project(3, default_lines()).into_iter().collect(),
            faults,
            ..SandboxOptions::default()
        };
        let router = Router::new(&options).expect("a store in memory");
        Self { revision, router, seconds: 0 }
    }

    fn play(&mut self, requests: &str) {
        self.forget();
        let (mut last, mut may_deliver) = (DEFAULT_PROJECT_ID.to_owned(), true);
        for request in requests.split("\n=====\n").take(REQUESTS) {
            let text = request.replace("{project}", DEFAULT_PROJECT_ID).replace("{last}", &last);
            let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
            let (line, headers) = first_line(head);
            let Some((method, target)) = line.split_once(' ') else { continue };
            // What is no such line never gets past the HTTP library.
            let (Ok(method), Ok(uri)) = (Method::from_bytes(method.as_bytes()), target.parse::<Uri>()) else {
                continue;
            };
            if !target.starts_with('/') {
                continue;
            }
            // Other faults than the one that keeps deliveries here.
            may_deliver &= !(uri.path().contains("faults") && method == Method::PUT);
            if !may_deliver && (uri.path().contains("messages") || uri.path().contains("redeliver")) {
                continue;
            }
            let request = read(method, &uri, headers, body);
            let response = self.answer(&request);
            check(&response, &request);
            if let Some(made) = self.check_made(&response, &request) {
                last = made;
            }
        }
        self.check_users();
    }

    /// As a reset does, which would also rebuild the store, and that takes longer than all the rest.
    fn forget(&self) {
        let state = &self.router.state;
        let emptied = state.store.write(|store| {
            for table in ["users", "pairs", "counts", "blocks", "project_settings", "webhooks"] {
                store.prepare_cached(&format!("DELETE FROM {table}"))?.execute([])?;
            }
            Ok(())
        });
        emptied.expect("a store in memory");
        state.ids.rewind();
        state.faults.reset();
        state.deliveries.clear();
    }

    /// The one way through: the control plane, or the API's routes.
    fn answer(&mut self, request: &Request<'_>) -> Response {
        let Request { method, path, query, body, .. } = request;
        if path.starts_with(control::PREFIX) {
            let (is_marked, origin) = (request.is_marked, request.origin);
            let request = control::ControlRequest { method, path, query: *query, is_marked, origin, url: URL, body };
            return match control::answer(&self.router.state, &request) {
                ControlReply::Whole(response) => response,
                ControlReply::Events(_) => Response::empty(StatusCode::OK),
            };
        }
        self.seconds += 1;
        let authorization = request.authorization.as_deref().map(str::as_bytes);
        let uptime = Duration::from_secs(self.seconds as u64);
        match self.router.admit(&Head { method, path, authorization, uptime }) {
            Ok(admitted) => {
                let now = Timestamp::from_second(BEGIN + self.seconds).expect("a time");
                self.router.carry_out(&admitted, &Rest { query: *query, content_type: request.content_type, body, now })
            }
            Err(response) => response,
        }
    }

    fn get(&mut self, path: &str) -> Response {
        let authorization = Some(credentials());
        self.answer(&Request { path, authorization, ..Request::default() })
    }

    /// What was made is there, as it was answered; what was deleted is not. The id of what was made.
    fn check_made(&mut self, response: &Response, request: &Request<'_>) -> Option<String> {
        if !response.status.is_success() || request.path.starts_with(control::PREFIX) {
            return None;
        }
        let users = format!("/projects/{DEFAULT_PROJECT_ID}/users");
        let path = request.path.strip_suffix('/').unwrap_or(request.path).to_ascii_lowercase();
        if request.method == Method::DELETE && path.starts_with(&users) {
            assert_eq!(self.get(&path).status, StatusCode::NOT_FOUND, "{path} was deleted");
        }
        if request.method != Method::POST {
            return None;
        }
        let made: Value = serde_json::from_slice(&response.body).expect("JSON");
        let id = made["data"]["id"].as_str()?.to_owned();
        if path == users {
            let found = self.get(&format!("{path}/{id}/"));
            assert_eq!(found.status, StatusCode::OK, "{made} is not found");
            let found: Value = serde_json::from_slice(&found.body).expect("JSON");
            assert_eq!(found["data"], made["data"]);
        }
        Some(id)
    }

    /// Everybody in the list is somebody who can be written to, and nobody is there twice.
    fn check_users(&mut self) {
        let path = format!("/projects/{DEFAULT_PROJECT_ID}/users/");
        let listed = self.get(&path);
        assert_eq!(listed.body, self.get(&path).body, "a list changes nothing");
        let listed: Value = serde_json::from_slice(&listed.body).expect("JSON");
        let users = listed["data"]["users"].as_array().expect("users");
        if self.revision.tells_type_and_total() {
            assert_eq!(listed["data"]["total"].as_u64(), Some(users.len() as u64));
        }
        let (mut ids, mut identities) = (HashSet::new(), HashSet::new());
        for user in users {
            let text = |key: &str| user[key].as_str().unwrap_or_default();
            assert_e164(text("phoneNumber"));
            assert_e164(text("assignedPhoneNumber"));
            assert!(ids.insert(text("id")), "{user} twice");
            assert!(
                identities.insert((text("phoneNumber"), text("assignedPhoneNumber"))),
                "{user} is somebody else, too"
            );
        }
    }
}

fn credentials() -> String {
    use base64::Engine as _;
    let pair = format!("{DEFAULT_PROJECT_ID}:{DEFAULT_SECRET}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

fn read<'a>(method: Method, uri: &'a Uri, headers: &'a str, body: &'a str) -> Request<'a> {
    let mut request = Request {
        method,
        path: uri.path(),
        query: uri.query(),
        authorization: Some(credentials()),
        content_type: Some("application/json"),
        is_marked: true,
        origin: None,
        body: body.as_bytes(),
    };
    for (name, value) in headers.lines().filter_map(|line| line.split_once(':')) {
        let value = Some(value.trim()).filter(|value| !value.is_empty());
        match name.to_ascii_lowercase().as_str() {
            "authorization" => request.authorization = value.map(str::to_owned),
            "content-type" => request.content_type = value,
            "x-sandbox" => request.is_marked = value == Some("1"),
            "origin" => request.origin = value,
            _ => {}
        }
    }
    request
}

/// Holds of every answer to every request.
fn check(response: &Response, request: &Request<'_>) {
    let status = response.status;
    let shown = String::from_utf8_lossy(&response.body);
    let at = format!("{} {}: {status} {shown}", request.method, request.path);
    assert!(!status.is_server_error(), "{at}");
    assert!(!response.body.iter().any(|byte| *byte < 0x20), "a raw control in {at}");
    if response.body.is_empty() {
        return assert!(status.is_success() || status.is_redirection(), "{at}");
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {at}"));
    if status.is_client_error() {
        let is_text = |key: &str| body[key].as_str().is_some_and(|text| !text.is_empty());
        let keys = body.as_object().map(|object| object.keys().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(keys.as_deref().map(<[&str]>::len), Some(4), "{at}");
        assert!(body["succeed"] == false && body["data"].is_null() && is_text("code") && is_text("message"), "{at}");
    } else if !request.path.starts_with(control::PREFIX) && body.get("openapi").is_none() {
        assert!(body["succeed"] == true && body.get("data").is_some(), "{at}");
    }
}
