//! `sandbox requests`: what was asked of a sandbox, and what it answered.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use reqwest::Method;
use serde::Deserialize;

use super::sandbox_control::{Control, UrlArgs, read, read_records};
use crate::failure::{Code, Exit, Failure};
use crate::http::pace::Pace;
use crate::http::seam::SystemClock;
use crate::interrupt;
use crate::model::words::count;
use crate::output::format::OutputFormat;
use crate::output::{Column, sanitize};
use crate::sandbox::control::answers::Forgotten;
use crate::session::Session;
use crate::verbs::print_list;

/// Examples and what is in it.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum sandbox requests
  spectrum sandbox requests --limit 5 -o ndjson
  spectrum sandbox requests --clear

The newest 1,000 (`sandbox serve --journal N`), oldest first; bodies are cut at
64 KB and shown by -o json, -o ndjson and --fields request,response. No
credential is ever in it. With -f those that follow are shown as they come.";

/// How often is asked for more.
const PAUSE: Duration = Duration::from_millis(200);
/// So many are asked for at once: their bodies may be long.
const PAGE: usize = 80;

/// A request of the journal.
pub const REQUEST: [Column; 10] = [
    Column::shown("seq", "SEQ", 1, true),
    Column::shown("at", "AT", 2, true),
    Column::shown("method", "METHOD", 0, true),
    Column::shown("path", "PATH", 0, false),
    Column::shown("query", "QUERY", 3, false),
    Column::shown("status", "STATUS", 0, true),
    Column::shown("ms", "MS", 2, true),
    Column::shown("fault", "FAULT", 1, true),
    Column::on_request("request", "REQUEST"),
    Column::on_request("response", "RESPONSE"),
];

/// Show what was asked of a sandbox, and what it answered
#[derive(Debug, Args)]
pub struct RequestsArgs {
    /// Show those that follow too, until Ctrl-C
    #[arg(short, long, conflicts_with = "clear")]
    pub follow: bool,
    /// At most so many, the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "clear")]
    pub limit: Option<u32>,
    /// Forget them all
    #[arg(long)]
    pub clear: bool,
    /// Which sandbox.
    #[command(flatten)]
    pub sandbox: UrlArgs,
}

/// What a line tells of a request.
#[derive(Deserialize)]
struct ToldRequest {
    seq: u64,
    method: String,
    path: String,
    query: Option<String>,
    status: Option<u16>,
    ms: u64,
    fault: Option<String>,
}

#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

/// Shows or empties the journal.
///
/// # Errors
/// Network, when no sandbox answers; usage, for a format that cannot be followed.
pub fn requests(args: &RequestsArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&REQUEST)?;
    let format = session.out.format();
    if format == OutputFormat::Id {
        return Err(Failure::new(Code::Usage, "-o id: a request has no id").hint("use `-o ndjson`"));
    }
    if args.follow && !matches!(format, OutputFormat::Table | OutputFormat::Ndjson) {
        let what = format!("-o {format}: what goes on for ever is no such document");
        return Err(Failure::new(Code::Usage, what).hint("follow with `-o ndjson`"));
    }
    let control = Control::find(&args.sandbox, session)?;
    if args.clear {
        let answer = control.ask(Method::DELETE, "requests", None)?;
        let Forgotten { forgotten } = read(&answer)?;
        if format.is_machine() {
            session.out.document(&serde_json::json!({ "forgotten": forgotten }))?;
        } else {
            session.out.note(format!("forgot {}", count(forgotten, "request")));
        }
        return Ok(Exit::Done);
    }
    let answers = control.pages(0)?;
    let records = answers.iter().map(|answer| read_records(answer)).collect::<Result<Vec<_>, _>>()?.concat();
    let left_out = args.limit.map_or(0, |limit| records.len().saturating_sub(limit as usize));
    let records = records.get(left_out..).unwrap_or_default();
    if args.follow {
        return follow(&control, records, session);
    }
    print_list(session, &REQUEST, records, &count(records.len(), "request"))
}

impl Control {
    /// Everything behind a number, a list of requests each.
    fn pages(&self, mut last: u64) -> Result<Vec<String>, Failure> {
        let mut pages = Vec::new();
        loop {
            let answer = self.ask(Method::GET, &format!("requests?after={last}&limit={PAGE}"), None)?;
            let page: Vec<Numbered> = read(&answer)?;
            let Some(newest) = page.last() else { return Ok(pages) };
            last = newest.seq;
            pages.push(answer);
        }
    }
}

fn follow(control: &Control, records: &[&str], session: &Session) -> Result<Exit, Failure> {
    interrupt::install();
    let pace = Pace::new(0.0, Arc::new(SystemClock));
    let mut last = show(records, 0, session)?;
    while !session.out.is_closed() && pace.pause(PAUSE).is_ok() {
        for answer in control.pages(last)? {
            last = show(&read_records(&answer)?, last, session)?;
        }
    }
    Ok(Exit::Done)
}

/// Shows requests that follow on one with this number, a line each; the number of the last.
fn show(records: &[&str], mut last: u64, session: &Session) -> Result<u64, Failure> {
    for record in records {
        let told: ToldRequest = read(record)?;
        if last > 0 && told.seq > last + 1 {
            session.out.warn(format!("{} came and went between", count((told.seq - last - 1) as usize, "request")));
        }
        last = told.seq;
        if session.out.format() == OutputFormat::Ndjson || session.settings.fields.is_some() {
            session.out.one(&REQUEST, record)?;
        } else {
            session.out.text(&line(&told))?;
        }
    }
    Ok(last)
}

/// A request as the server's own log tells it.
fn line(told: &ToldRequest) -> String {
    let query = told.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let status = told.status.map_or("-".to_owned(), |status| status.to_string());
    let mut line = format!("{} {}{query} {status} {} ms", told.method, told.path, told.ms);
    if let Some(fault) = &told.fault {
        let _ = write!(line, " (fault: {fault})");
    }
    format!("{}\n", sanitize::line(&line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_path_stays_on_its_line() {
        let told = r#"{"seq":1,"method":"GET","path":"/\u001b[31m\nx","query":"a=\u202e","status":null,"ms":3,"fault":"drop"}"#;
        assert_eq!(line(&read(told).unwrap()), "GET /[31m x?a= - 3 ms (fault: drop)\n");
    }
}
