//! `sandbox wait`: until a sandbox serves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use reqwest::Method;

use super::sandbox_control::{Control, UrlArgs, read};
use crate::failure::{Code, Exit, Failure};
use crate::http::pace::Pace;
use crate::http::seam::SystemClock;
use crate::interrupt;
use crate::model::{parse_duration, time};
use crate::output::Column;
use crate::output::format::OutputFormat;
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum sandbox wait
  spectrum sandbox wait --for 30s -o json

It is found by --url, else SPECTRUM_CLOUD_URL, else it is the server that runs
on the usual store, as soon as there is one. Exit code 8: not in time.";

/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(50);
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a sandbox is.
pub const HEALTH: [Column; 5] = [
    Column::shown("url", "URL", 0, true),
    Column::shown("status", "STATUS", 1, true),
    Column::shown("version", "VERSION", 2, true),
    Column::shown("revision", "REVISION", 2, true),
    Column::shown("projects", "PROJECTS", 3, true),
];

/// Wait until a sandbox serves
#[derive(Debug, Args)]
pub struct SandboxWaitArgs {
    /// How long to wait at most, such as 10s or 1m
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, default_value = "10s")]
    pub patience: Duration,
    /// Which sandbox.
    #[command(flatten)]
    pub sandbox: UrlArgs,
}

/// What is shown of a sandbox that serves.
#[derive(serde::Serialize)]
struct Serving<'a> {
    url: &'a str,
    #[serde(flatten)]
    health: serde_json::Map<String, serde_json::Value>,
}

/// Waits for a sandbox.
///
/// # Errors
/// Timeout, when none serves in time; usage or config, when what is named is no sandbox on this machine.
pub fn wait(args: &SandboxWaitArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&HEALTH)?;
    interrupt::install();
    let (end, pace) = (Instant::now() + args.patience, Pace::new(0.0, Arc::new(SystemClock)));
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let trouble = match ask(args, left.max(PAUSE), session) {
            Ok(()) => return Ok(Exit::Done),
            Err(failure) if failure.retryable || failure.code == Code::NotFound => failure,
            Err(failure) => return Err(failure),
        };
        if left.is_zero() || pace.pause(PAUSE.min(left)).is_err() {
            let failure = Failure::new(Code::Timeout, format!("no sandbox serves after {}", time::show(args.patience)));
            return Err(failure
                .context(format!("the last time: {}", trouble.message))
                .hint("wait longer with `--for`"));
        }
    }
}

fn ask(args: &SandboxWaitArgs, left: Duration, session: &Session) -> Result<(), Failure> {
    let control = Control::find(&args.sandbox, session)?.within(PATIENCE.min(left));
    let answer = control.ask(Method::GET, "health", None)?;
    let serving = Serving { url: control.place(), health: read(&answer)? };
    if session.out.format() == OutputFormat::Table && session.settings.fields.is_none() {
        session.out.text(&format!("{} serves\n", control.place()))?;
    } else {
        session.out.one_of_ours(&HEALTH, &serving)?;
    }
    Ok(())
}
