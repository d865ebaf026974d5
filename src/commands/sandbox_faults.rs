//! `sandbox faults`: what goes wrong on purpose, seen and changed while a sandbox runs.

use clap::Args;
use reqwest::Method;

use super::sandbox_control::{Control, UrlArgs, read};
use crate::failure::{Exit, Failure};
use crate::output::format::OutputFormat;
use crate::output::{Column, sanitize};
use crate::sandbox::control::answers::FaultsInForce;
use crate::sandbox::fault::{Faults, Latency, Rule};
use crate::session::Session;

/// Examples and what is replaced.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum sandbox faults
  spectrum sandbox faults --fault 503:0.3 \\
      --latency 50ms..400ms
  spectrum sandbox faults --none

What is named replaces everything that was in force; what is not named is off.";

/// The faults in force.
pub const FAULTS: [Column; 3] = [
    Column::shown("faults", "FAULTS", 0, true),
    Column::shown("latency", "LATENCY", 0, true),
    Column::shown("seed", "SEED", 0, true),
];

/// Show the faults of a sandbox, or put others in force
#[derive(Debug, Args)]
pub struct FaultsArgs {
    /// Let a share of the requests fail, as `sandbox serve --fault`; may be repeated
    #[arg(long = "fault", value_name = "KIND:RATE", conflicts_with = "none")]
    pub faults: Vec<Rule>,
    /// Hold every answer back, such as 200ms or 50ms..400ms
    #[arg(long, value_name = "TIME", conflicts_with = "none")]
    pub latency: Option<Latency>,
    /// The same faults again [default: different ones each time]
    #[arg(long, value_name = "N", conflicts_with = "none")]
    pub fault_seed: Option<u64>,
    /// Let nothing go wrong
    #[arg(long)]
    pub none: bool,
    /// Which sandbox.
    #[command(flatten)]
    pub sandbox: UrlArgs,
}

/// Shows or changes the faults.
///
/// # Errors
/// Network, when no sandbox answers; usage, when their rates add up to more than 1.
pub fn faults(args: FaultsArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&FAULTS)?;
    let is_change = args.none || !args.faults.is_empty() || args.latency.is_some() || args.fault_seed.is_some();
    let mut wanted = Faults { latency: args.latency, seed: args.fault_seed, ..Faults::default() };
    args.faults.into_iter().for_each(|rule| wanted.add(rule));
    wanted.check().map_err(|error| Failure::new(crate::failure::Code::Usage, format!("--fault: {error}")))?;
    let body = is_change.then(|| {
        let latency = wanted.latency.map(|latency| latency.to_string());
        // Our own types always serialize.
        serde_json::to_string(&FaultsInForce { faults: wanted.written(), latency, seed: wanted.seed })
            .unwrap_or_default()
    });
    let method = if is_change { Method::PUT } else { Method::GET };
    let answer = Control::find(&args.sandbox, session)?.ask(method, "faults", body)?;
    if session.out.format() != OutputFormat::Table || session.settings.fields.is_some() {
        session.out.one(&FAULTS, &answer)?;
        return Ok(Exit::Done);
    }
    let told: FaultsInForce = read(&answer)?;
    let mut parts = told.faults;
    parts.extend(told.latency.map(|latency| format!("latency {latency}")));
    parts.extend(told.seed.map(|seed| format!("seed {seed}")));
    let text = if parts.is_empty() { "nothing goes wrong".to_owned() } else { parts.join(", ") };
    session.out.text(&format!("{}\n", sanitize::line(&text)))?;
    Ok(Exit::Done)
}
