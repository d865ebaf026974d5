//! What a service answers: its envelope, what each noun reads of it, and what is shown of that. An input is a line
//! (`NUMBER|STATUS|Name: value`), which endpoint answers what, and the body.
#![no_main]

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use nix::sys::memfd::{MFdFlags, memfd_create};
use serde_json::Value;
use spectrum_cli::cli::NOUNS;
use spectrum_cli::failure::Failure;
use spectrum_cli::http::config::{Config, FailureContext, Server};
use spectrum_cli::http::dialect::SPECTRUM;
use spectrum_cli::http::retry::RetryPolicy;
use spectrum_cli::http::seam::{Clock, Later, Received, Request, Stop, Transport};
use spectrum_cli::http::{Answer, AnswerKind, Call, Client, Endpoint, Error, Repeat, Spec, answer};
use spectrum_cli::nouns::lines::endpoints as lines;
use spectrum_cli::nouns::lines::model::Line;
use spectrum_cli::nouns::project::endpoints as project;
use spectrum_cli::nouns::users::endpoints as users;
use spectrum_cli::nouns::users::model::User;
use spectrum_cli::nouns::users::outcome;
use spectrum_cli::nouns::webhooks::endpoints as webhooks;
use spectrum_cli::nouns::webhooks::model::{Webhook, WebhookChange};
use spectrum_cli::output::format::OutputFormat;
use spectrum_cli::output::{Column, Output, Palette, Streams, streams};
use spectrum_cli::secrets::credentials::{Credentials, Secret};
use spectrum_cli::secrets::redactor::Redactor;
use spectrum_fuzz::{SECRET, assert_clean, assert_hidden};

const PROJECT: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";

/// Answers whatever it was told to.
#[derive(Default)]
struct Canned(Mutex<Option<Received>>);

impl Transport for Canned {
    fn exchange<'a>(&'a self, _: Request<'a>) -> Later<'a, Result<Received, Error>> {
        let received = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move { Ok(received.expect("an answer")) })
    }
}

/// A clock without waits: a pause that a service asks for is over at once.
#[derive(Debug)]
struct Jumping(Mutex<Instant>);

impl Clock for Jumping {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn wait<'a>(&'a self, until: Instant, _: Option<&'a Stop>) -> Later<'a, ()> {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = until.max(*now);
        Box::pin(async {})
    }
}

struct World {
    service: Arc<Canned>,
    client: Client,
    credentials: Credentials,
    redactor: Redactor,
    /// Where standard output goes.
    printed: File,
    /// The endpoints whose records are shown, and the columns of each.
    shown: Vec<(Spec, &'static [Column])>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let credentials =
        Credentials { project_id: PROJECT.parse().expect("an id"), secret: Secret::new(SECRET).expect("a secret") };
    let url = "https://service.example".parse().expect("a URL");
    let config = Config {
        server: Server { url, timeout: Duration::from_secs(1), extra_ca: None, roots: None, proxy: None },
        dialect: SPECTRUM,
        credentials: credentials.clone(),
        retry: RetryPolicy { retries: 0 },
        rate: 0.0,
        shares_clock: false,
        told: FailureContext::default(),
    };
    let service = Arc::<Canned>::default();
    let transport: Arc<dyn Transport> = Arc::<Canned>::clone(&service);
    let client =
        Client::over(transport, Arc::new(Jumping(Mutex::new(Instant::now()))), config, None).expect("a client");
    let printed = memfd_create("stdout", MFdFlags::empty()).expect("a file in memory");
    nix::unistd::dup2_stdout(&printed).expect("a new standard output");
    let shown = NOUNS.iter().flat_map(|noun| noun.shown.iter().copied()).collect();
    let redactor = credentials.redactor();
    World { service, client, credentials, redactor, printed: printed.into(), shown }
});

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (line, body) = spectrum_fuzz::first_line(&text);
    let mut words = line.split('|');
    let number: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let status = words.next().and_then(|word| StatusCode::from_bytes(word.as_bytes()).ok()).unwrap_or(StatusCode::OK);
    let header = |word: &str| {
        let (name, value) = word.split_once(": ")?;
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
    };
    let headers: HeaderMap = words.filter_map(header).collect();
    let received = Received { status, headers, body: body.to_owned() };
    *WORLD.service.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(received);
    ask(number);
    match WORLD.client.send(&Call::raw(Method::GET, "/".to_owned(), Repeat::Safe)) {
        Ok(answer) => {
            assert!(status.is_success(), "{status} is no success");
            assert_hidden(&answer.body, SECRET);
            show(&answer, number);
        }
        Err(error) => check_error(error),
    }
});

/// Calls an endpoint and reads its answer as what it promises.
fn ask(number: usize) {
    match number % 13 {
        0 => read(&users::List::default()),
        1 => read(&users::Get(PROJECT)),
        2 => read(&users::Delete(PROJECT)),
        3 => read(&users::Redirect(PROJECT)),
        4 => read(&lines::List { platform: None }),
        5 => read(&lines::Best),
        6 => read(&project::Show),
        7 => read(&project::Subscription),
        8 => read(&webhooks::List),
        9 => read(&webhooks::Update(PROJECT, &WebhookChange::default())),
        10 => read(&webhooks::Delete(PROJECT)),
        11 => read(&webhooks::Rotate { webhook: PROJECT, overlap_seconds: None }),
        _ => read(&webhooks::EgressIps),
    }
}

fn read<E: Endpoint>(endpoint: &E) {
    match WORLD.client.call(endpoint) {
        Ok(reply) => drop(reply.read().map_err(check_error)),
        Err(error) => check_error(error),
    }
}

/// What is said of a failure, to a person and to a program.
fn check_error(error: Error) {
    check_failure(&error.into());
}

fn check_failure(failure: &Failure) {
    for format in [OutputFormat::Table, OutputFormat::Json] {
        let said = streams::describe(failure, format, Palette::default());
        // As everything is that leaves.
        let said = WORLD.redactor.redact(&said);
        assert_clean(&said);
        check_hidden(&said);
        // The service's words are quoted, never passed on whole.
        assert!(said.len() < 8192, "{said}");
    }
}

fn check_hidden(text: &str) {
    assert_hidden(text, SECRET);
    assert_hidden(text, &WORLD.credentials.token());
}

/// Shows an answer in every format, to a terminal and to a file.
fn show(answer: &Answer, number: usize) {
    let (spec, columns) = &WORLD.shown[number % WORLD.shown.len()];
    let (items, is_list) = match spec.answer {
        AnswerKind::Many(key) => match answer.many(key) {
            Ok(list) => (list.items.iter().map(|item| item.get().to_owned()).collect(), true),
            Err(error) => return check_error(error),
        },
        _ => match answer.data() {
            Ok(data) => (vec![data.to_owned()], false),
            Err(error) => return check_error(error),
        },
    };
    if let Ok(user) = answer.one::<User<'_>>("a user") {
        let _ = outcome::of(answer, &user);
    }
    for item in &items {
        let Ok(raw) = answer::raw(item) else { continue };
        let _ = answer::record::<User<'_>>(&raw, "a user").map_err(check_error);
        let _ = answer::record::<Line<'_>>(&raw, "a line").map_err(check_error);
        let _ = answer::record::<Webhook<'_>>(&raw, "a webhook").map_err(check_error);
    }
    for format in [OutputFormat::Table, OutputFormat::Json, OutputFormat::Ndjson, OutputFormat::Csv, OutputFormat::Id] {
        for width in [None, Some(80)] {
            let streams =
                Streams { quiet: true, stdout_is_terminal: width.is_some(), stdout_width: width, ..Streams::default() };
            let out = Output::new(format, None, streams, WORLD.redactor.clone());
            let result = if is_list { out.many(columns, &items) } else { out.one(columns, &items[0]) };
            let printed = printed();
            match result {
                Ok(()) => check_printed(&printed, format, width.is_some(), &items, is_list),
                Err(failure) => {
                    // A document is complete, or it is not there.
                    check_failure(&failure);
                    assert!(printed.is_empty(), "{failure:?} behind {printed:?}");
                }
            }
        }
    }
}

/// Takes what was printed.
fn printed() -> String {
    let (mut file, mut text) = (&WORLD.printed, String::new());
    file.rewind().expect("a file");
    file.read_to_string(&mut text).expect("text");
    file.rewind().expect("a file");
    file.set_len(0).expect("a file");
    text
}

fn check_printed(text: &str, format: OutputFormat, is_terminal: bool, items: &[String], is_list: bool) {
    check_hidden(text);
    if is_terminal || format != OutputFormat::Csv {
        assert_clean(text);
    }
    // What nests deeper than a parser follows is passed on all the same.
    let Ok(values) = items.iter().map(|item| serde_json::from_str(item)).collect::<Result<Vec<Value>, _>>() else {
        return;
    };
    match format {
        OutputFormat::Table => {}
        OutputFormat::Json => {
            let Ok(value) = serde_json::from_str::<Value>(text) else {
                // A list is one level more.
                return assert!(text.matches(['[', '{']).count() > 100, "{text}");
            };
            check_hidden(&value.to_string());
            assert_eq!(value, if is_list { Value::Array(values) } else { values[0].clone() });
        }
        OutputFormat::Ndjson => {
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert_eq!(lines, values);
        }
        OutputFormat::Csv => {
            let mut rows = csv::Reader::from_reader(text.as_bytes());
            let rows: Vec<_> = rows.records().map(|row| row.expect("as many cells as the header has")).collect();
            assert_eq!(rows.len(), items.len(), "{text}");
            rows.iter().flatten().for_each(check_hidden);
        }
        OutputFormat::Id => assert_eq!(text.lines().count(), items.len(), "{text}"),
    }
}
