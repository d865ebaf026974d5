//! `users template`: a roster to fill in.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::failure::{Exit, Failure};
use crate::output::format::OutputFormat;
use crate::roster::RosterFormat;
use crate::roster::write;
use crate::session::Session;

/// Examples and what to do with it.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users template > roster.csv
  spectrum users template --format toml > roster.toml

Without --format it follows -o, and is csv for a person. Only phoneNumber is
needed; `spectrum help roster` says what each column takes.";

/// Write an empty roster with its columns, to be filled in and applied
#[derive(Debug, Args)]
pub struct TemplateArgs {
    /// csv, ndjson, json or toml
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, value_parser = format_parser())]
    pub format: Option<RosterFormat>,
}

/// Reads the name of a roster's format.
pub fn format_parser() -> impl TypedValueParser<Value = RosterFormat> {
    PossibleValuesParser::new(RosterFormat::ALL.map(RosterFormat::as_str)).try_map(|word| word.parse::<RosterFormat>())
}

/// Writes the template.
///
/// # Errors
/// Usage, for fields, which it always has all of; internal, when standard output cannot be written.
pub fn template(args: &TemplateArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    let format = args.format.unwrap_or(match session.out.format() {
        OutputFormat::Json => RosterFormat::Json,
        OutputFormat::Ndjson => RosterFormat::Ndjson,
        OutputFormat::Table | OutputFormat::Csv | OutputFormat::Id => RosterFormat::Csv,
    });
    session.out.text(&write::template(format))?;
    session.out.note("fill it in, then see what it would do: `spectrum users apply FILE --dry-run`");
    Ok(Exit::Done)
}
