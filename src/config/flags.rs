//! The flags that every command takes, as they are typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values;
use crate::model::Region;
use crate::output::format::OutputFormat;

/// When human text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Flags that every command takes, before or after it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Profile to use; `sandbox` is built in [env: SPECTRUM_PROFILE]
    #[arg(short = 'P', long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Configuration file [env: SPECTRUM_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Output: table, json, ndjson, csv or id [env: SPECTRUM_OUTPUT]
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    pub output: Option<OutputFormat>,
    /// The same as -o json
    #[arg(long, global = true, conflicts_with = "output")]
    pub json: bool,
    /// Fields to show, such as phoneNumber,id
    #[arg(long, global = true, value_name = "A,B,C", value_delimiter = ',')]
    pub fields: Option<Vec<String>>,
    /// No notes on stderr; errors stay
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// One line per request; twice: headers and bodies, redacted
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colour: auto, always or never [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: Colour,
    /// Never prompt [env: SPECTRUM_NO_INPUT, CI]
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Time-out of one request [env: SPECTRUM_TIMEOUT] [default: 30s]
    #[arg(long, global = true, value_name = "TIME", value_parser = values::parse_timeout)]
    pub timeout: Option<Duration>,
    /// Repeats of a failed request, 0 for none [env: SPECTRUM_RETRIES] [default: 4]
    #[arg(long, global = true, value_name = "N")]
    pub retries: Option<u32>,
    /// Requests per second, 0 for no pacing [env: SPECTRUM_RATE_LIMIT] [default: 5]
    #[arg(long, global = true, value_name = "N", value_parser = values::parse_rate)]
    pub rate_limit: Option<f64>,
    /// The service, https or http to loopback [env: SPECTRUM_CLOUD_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub base_url: Option<String>,
    /// Where numbers without + are dialled, such as US [env: SPECTRUM_REGION]
    #[arg(long, global = true, value_name = "CC")]
    pub region: Option<Region>,
    /// One more trusted CA, PEM, added to the roots
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
}

impl GlobalArgs {
    /// The format that was asked for on the command line.
    pub fn format(&self) -> Option<OutputFormat> {
        if self.json { Some(OutputFormat::Json) } else { self.output }
    }
}
