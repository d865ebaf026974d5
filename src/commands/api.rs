//! `spectrum api`: any route, with the credentials, retries and streams of every other command.

use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use crate::failure::{Code, Exit, Failure};
use crate::http::{Call, Repeat};
use crate::output::format::OutputFormat;
use crate::output::json::{self, Layout};
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum api projects/{projectId}/users/
  spectrum api -X POST projects/{projectId}/users/ \\
      -f type=shared -f phoneNumber=+14155550123

{projectId} stands for the project of the credentials. Fields make a JSON body
and POST the default method; with -X GET they go into the query. The body is
printed as it came; an error status is an error exit.";

/// Larger than any request of this API.
const LARGEST_INPUT: u64 = 16 * 1024 * 1024;

/// Call any route of the API
#[derive(Debug, Args)]
pub struct ApiArgs {
    /// The path, with or without a leading slash
    pub path: String,
    /// The method; GET, or POST when there is a body
    #[arg(short = 'X', long, value_name = "METHOD", value_parser = method)]
    pub method: Option<Method>,
    /// A field whose value is text; may be repeated
    #[arg(short = 'f', long = "field", value_name = "KEY=STRING", value_parser = text_field)]
    pub text_fields: Vec<(String, Value)>,
    /// A field whose value is JSON; may be repeated
    #[arg(short = 'F', long = "json-field", value_name = "KEY=JSON", value_parser = json_field)]
    pub json_fields: Vec<(String, Value)>,
    /// The body, from a file or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text_fields", "json_fields"])]
    pub input: Option<PathBuf>,
    /// Send a POST, PUT or PATCH again when its answer was lost
    #[arg(long)]
    pub retry: bool,
    /// Print the status line and the headers too
    #[arg(short = 'i', long)]
    pub include: bool,
}

/// The methods that can be asked for.
pub const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

fn method(text: &str) -> Result<Method, String> {
    let known = METHODS.into_iter().find(|known| known.eq_ignore_ascii_case(text));
    known
        .and_then(|known| known.parse().ok())
        .ok_or_else(|| "write GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS".to_owned())
}

fn text_field(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("write key=value")?;
    Ok((key.to_owned(), Value::from(value)))
}

fn json_field(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("write key=json")?;
    let value =
        serde_json::from_str(value).map_err(|error| format!("the value is not JSON ({error}); for text use -f"))?;
    Ok((key.to_owned(), value))
}

/// Calls a route.
///
/// # Errors
/// Whatever the call met; the body of a refusal is printed all the same.
pub fn api(args: ApiArgs, session: &Session) -> Result<Exit, Failure> {
    if args.path.contains("://") {
        return Err(Failure::new(
            Code::Usage,
            "PATH is a path, not a URL: the credentials go to the configured service alone",
        )
        .hint("choose another service with `--base-url URL` or a profile"));
    }
    session.out.check_no_fields()?;
    let input = args.input.as_ref().map(read_input).transpose()?;
    let fields: Vec<(String, Value)> = args.text_fields.into_iter().chain(args.json_fields).collect();
    let has_body = input.is_some() || !fields.is_empty();
    let method = args.method.unwrap_or(if has_body { Method::POST } else { Method::GET });
    let (query, body) = match input {
        Some(input) => (Vec::new(), Some(checked(input, session))),
        None if method == Method::GET || method == Method::HEAD => (fields, None),
        None if fields.is_empty() => (fields, None),
        None => (Vec::new(), Some(object(fields)?)),
    };
    let client = session.client()?;
    let path = format!("/{}", args.path.trim_start_matches('/')).replace("{projectId}", client.project());
    // Nobody knows what a call of any path does: a method that changes nothing anew may be repeated, others on request.
    let is_safe = args.retry || matches!(method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE);
    let mut call = Call::raw(method.clone(), path, if is_safe { Repeat::Safe } else { Repeat::Never });
    call.query = query.into_iter().map(|(key, value)| (key.into(), as_text(&value))).collect();
    if let Some(body) = body {
        call = call.with_body(body);
    }
    match client.send(&call) {
        Ok(answer) if is_withheld(session, args.include, &answer.body) => {
            let what = "the answer is not JSON, which `-o` asks for";
            Err(Failure::new(Code::BadResponse, what).hint("leave `-o` out to see it as it came"))
        }
        Ok(answer) => {
            print(session, args.include, answer.status.as_u16(), &answer.headers, &answer.body)?;
            Ok(Exit::Done)
        }
        Err(error) => {
            if let Some((status, headers, body)) = error.exchange()
                && !is_withheld(session, args.include, body)
            {
                print(session, args.include, status.as_u16(), headers, body)?;
            }
            Err(error.into())
        }
    }
}

/// The fields as one JSON object.
fn object(fields: Vec<(String, Value)>) -> Result<String, Failure> {
    let mut object = Map::new();
    for (key, value) in fields {
        if object.contains_key(&key) {
            let failure =
                Failure::new(Code::Usage, format!("the field {key:?} is given twice, and a body holds it once"));
            return Err(failure.hint(
                "for several values write one list: `-F 'key=[\"a\",\"b\"]'`; with `-X GET` a key may be repeated",
            ));
        }
        object.insert(key, value);
    }
    Ok(Value::Object(object).to_string())
}

/// The body as it came; it goes out as JSON, so what is none is told.
fn checked(input: String, session: &Session) -> String {
    if !input.is_empty() && serde_json::from_str::<&serde_json::value::RawValue>(&input).is_err() {
        session.out.warn("the body is not JSON; it is sent as it is, as application/json");
    }
    input
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn read_input(path: &PathBuf) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(LARGEST_INPUT + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST_INPUT + 1).read_to_string(&mut text))
    };
    let read =
        read.map_err(|error| Failure::new(Code::InvalidInput, format!("cannot read {}: {error}", path.display())))?;
    if read as u64 > LARGEST_INPUT {
        let what = format!("{} is larger than {} MiB; nothing was sent", path.display(), LARGEST_INPUT >> 20);
        return Err(Failure::new(Code::InvalidInput, what));
    }
    Ok(text)
}

/// Who asks for JSON by name gets a whole document or none.
fn is_withheld(session: &Session, include: bool, body: &str) -> bool {
    let is_json = || body.trim().is_empty() || serde_json::from_str::<&serde_json::value::RawValue>(body).is_ok();
    matches!(session.out.format(), OutputFormat::Json | OutputFormat::Ndjson) && !include && !is_json()
}

fn print(session: &Session, include: bool, status: u16, headers: &HeaderMap, body: &str) -> Result<(), Failure> {
    let mut text = String::new();
    if include {
        let reason =
            reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
        text.push_str(&format!("HTTP/1.1 {status} {reason}\n"));
        for (name, value) in headers {
            text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        }
        text.push('\n');
    }
    let pretty = serde_json::from_str::<&serde_json::value::RawValue>(body).ok();
    match (pretty, session.out.format()) {
        (Some(document), OutputFormat::Ndjson) => text.push_str(&json::text(document, Layout::Compact)),
        (Some(document), _) => text.push_str(&json::text(document, Layout::Pretty)),
        (None, _) => text.push_str(body),
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    session.out.foreign(&text)
}
