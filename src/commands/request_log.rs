//! What `sandbox serve` says of its requests.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use crate::nouns::catalogue;
use crate::sandbox::fault::FaultKind;
use crate::sandbox::records::Iso;
use crate::sandbox::{LogLine, Observe};
use crate::session::Session;

/// The log on its way to standard error: a line per request, no query, no body, no credentials.
///
/// Lines go through a thread of their own: whoever does not read standard error must not stop the server.
pub struct RequestLog {
    lines: SyncSender<String>,
    written: Receiver<()>,
    quiet: bool,
    format: LogFormat,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Ndjson,
}

/// Lines that may wait to be written; more are dropped.
const WAITING_LINES: usize = 10_000;
/// How long the end of the server waits for its last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

impl RequestLog {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(format: LogFormat, session: &Session) -> io::Result<Self> {
        let out = Arc::clone(&session.out);
        let (lines, waiting) = mpsc::sync_channel::<String>(WAITING_LINES);
        let (done, written) = mpsc::channel();
        std::thread::Builder::new().name("request-log".to_owned()).spawn(move || {
            waiting.iter().for_each(|line| out.log(line));
            // Nobody listens any more when the last lines took too long.
            let _ = done.send(());
        })?;
        Ok(Self { lines, written, quiet: session.out.is_quiet(), format })
    }

    /// What the sandbox tells of its requests.
    pub fn observer(&self) -> Observe {
        let (lines, quiet, format) = (self.lines.clone(), self.quiet, self.format);
        Arc::new(move |line: &LogLine<'_>| {
            if !quiet || line.error.is_some() {
                let line = match format {
                    LogFormat::Text => describe(line),
                    LogFormat::Ndjson => document(line),
                };
                let _ = lines.try_send(line);
            }
        })
    }

    /// Writes what is left, as far as somebody reads it.
    pub fn finish(self) {
        drop(self.lines);
        let _ = self.written.recv_timeout(LAST_LINES);
    }
}

/// Whether this may be one of the service's routes that the sandbox has not: who asks for one should know.
fn is_unserved(method: &Method, path: &str) -> bool {
    // A HEAD is answered as the GET would be.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    path.starts_with("/projects/") && !catalogue::routes().any(|route| route.spec.is_asked_by(method, path))
}

/// What stands beside a request that may be one of the service's.
const UNSERVED: &str = "not served by the sandbox";

/// A line of JSON: the fields of the journal that are no text of somebody else's, but for the path.
fn document(line: &LogLine<'_>) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        at: Iso,
        method: &'a str,
        path: &'a str,
        status: Option<u16>,
        ms: u64,
        fault: Option<String>,
        error: Option<String>,
        note: Option<&'static str>,
    }
    let unserved = line.status == Some(StatusCode::NOT_FOUND) && is_unserved(line.method, line.path);
    // Our own types always serialize.
    serde_json::to_string(&Document {
        at: Iso(Timestamp::now().as_millisecond()),
        method: line.method.as_str(),
        path: line.path,
        status: line.status.map(|status| status.as_u16()),
        ms: u64::try_from(line.took.as_millis()).unwrap_or(u64::MAX),
        fault: line.fault.map(|fault| fault.to_string()),
        error: line.error.map(ToString::to_string),
        note: unserved.then_some(UNSERVED),
    })
    .unwrap_or_default()
}

fn describe(line: &LogLine<'_>) -> String {
    let status = line.status.as_ref().map_or("-", |status| status.as_str());
    let mut text = format!("{} {} {status} {} ms", line.method, line.path, line.took.as_millis());
    match line.fault {
        Some(FaultKind::Drop) => text.push_str(" (fault: drop)"),
        Some(FaultKind::Hang) => text.push_str(" (fault: hang)"),
        Some(FaultKind::Garbage) => text.push_str(" (fault: garbage)"),
        Some(FaultKind::Status(_)) => text.push_str(" (fault)"),
        None => {}
    }
    if line.status == Some(StatusCode::NOT_FOUND) && is_unserved(line.method, line.path) {
        text.push_str(&format!(" ({UNSERVED})"));
    }
    if let Some(error) = line.error {
        text.push_str(&format!(" ({error})"));
    }
    text
}
