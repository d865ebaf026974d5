//! `sandbox deliveries`: what a sandbox sent to webhooks, and what became of it.

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;

use super::sandbox_control::{Control, UrlArgs, read, read_records};
use crate::failure::{Code, Exit, Failure};
use crate::model::words::count;
use crate::output::Column;
use crate::output::format::OutputFormat;
use crate::sandbox::control::answers::Redelivered;
use crate::session::Session;
use crate::verbs::print_list;

/// Examples and what is shown.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum sandbox deliveries
  spectrum sandbox deliveries -o ndjson

A row is an attempt, oldest first; -o json shows also the headers that were
sent and why one failed. --redeliver sends the same event again, under a new id.
Exit code 5: no such delivery, or it is no longer kept.";

/// What stands for itself in a part of a path: what an id is made of.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-');

/// An attempt to deliver.
pub const ATTEMPT: [Column; 16] = [
    Column::on_request("seq", "SEQ"),
    Column::shown("at", "AT", 2, true),
    Column::shown("event", "EVENT", 3, true),
    Column::shown("attempt", "ATTEMPT", 1, true),
    Column::shown("outcome", "OUTCOME", 0, true),
    Column::shown("status", "STATUS", 0, true),
    Column::shown("ms", "MS", 2, true),
    Column::shown("url", "URL", 1, false),
    Column::shown("id", "ID", 0, true),
    Column::on_request("redeliveryOf", "REDELIVERY OF"),
    Column::on_request("projectId", "PROJECT"),
    Column::on_request("webhookId", "WEBHOOK"),
    Column::on_request("eventId", "EVENT ID"),
    Column::on_request("messageId", "MESSAGE"),
    Column::on_request("error", "ERROR"),
    Column::on_request("headers", "HEADERS"),
];

/// Show what a sandbox sent to webhooks, or send it again
#[derive(Debug, Args)]
pub struct DeliveriesArgs {
    /// Send a delivery again
    #[arg(long, value_name = "ID")]
    pub redeliver: Option<String>,
    /// Which sandbox.
    #[command(flatten)]
    pub sandbox: UrlArgs,
}

/// Shows deliveries, or sends one again.
///
/// # Errors
/// Network, when no sandbox answers; not found, when there is no such delivery.
pub fn deliveries(args: &DeliveriesArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&ATTEMPT)?;
    let control = Control::find(&args.sandbox, session)?;
    let Some(id) = &args.redeliver else {
        let answer = control.ask(Method::GET, "deliveries", None)?;
        let attempts = read_records(&answer)?;
        return print_list(session, &ATTEMPT, &attempts, &count(attempts.len(), "attempt"));
    };
    let path = format!("deliveries/{}/redeliver", utf8_percent_encode(id, PART));
    let answer = control.ask(Method::POST, &path, None).map_err(|failure| match failure.code {
        Code::NotFound => failure.hint("run `spectrum sandbox deliveries` to see what is kept"),
        _ => failure,
    })?;
    match session.out.format() {
        OutputFormat::Table => {
            let Redelivered { id } = read(&answer)?;
            session.out.note(format!("it is on its way again as {id}"));
        }
        OutputFormat::Id => {
            let Redelivered { id } = read(&answer)?;
            session.out.text(&format!("{}\n", crate::output::sanitize::line(&id)))?;
        }
        _ => session.out.document(&read::<serde_json::Value>(&answer)?)?,
    }
    Ok(Exit::Done)
}
