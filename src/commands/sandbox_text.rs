//! `sandbox text`: a person texts the number that was assigned to them.

use clap::Args;
use reqwest::Method;
use serde::Serialize;

use super::sandbox_control::{Control, read};
use super::sandbox_store::running_at;
use crate::failure::{Code, Exit, Failure};
use crate::model::Phone;
use crate::output::format::OutputFormat;
use crate::output::{Column, sanitize};
use crate::sandbox::control::answers::{FiredDelivery, SentMessage};
use crate::session::Session;

/// Examples and what happens.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum sandbox text --from +14155550123 'Hello!'
  spectrum sandbox text --from +14155550124 \\
      --to +19175550101

The sandbox marks the user as one who can be messaged, as the service does,
and tells the project's webhooks.
It is found by --url, else SPECTRUM_CLOUD_URL, else it is the server that runs
on the usual store; while none runs, the store of -P sandbox itself is meant.
Exit codes: 5 the person is nobody's user, 6 they have several numbers.";

/// What was texted.
pub const SENT: [Column; 7] = [
    Column::shown("from", "FROM", 0, true),
    Column::shown("to", "TO", 0, true),
    Column::shown("optedInNow", "OPTED IN NOW", 0, true),
    Column::shown("userId", "USER", 1, true),
    Column::shown("projectId", "PROJECT", 2, true),
    Column::on_request("text", "TEXT"),
    Column::on_request("deliveries", "DELIVERIES"),
];

/// Text as a person: the number that was assigned to them hears from them
#[derive(Debug, Args)]
pub struct TextArgs {
    /// The person's number
    #[arg(long, value_name = "PHONE")]
    pub from: String,
    /// The number that is texted [default: the one that was assigned to them]
    #[arg(long, value_name = "LINE")]
    pub to: Option<String>,
    /// What they say
    #[arg(value_name = "MESSAGE", default_value = "Hello!", hide_default_value = true)]
    pub message: String,
    /// The sandbox
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

#[derive(Serialize)]
struct TextMessage<'a> {
    from: &'a Phone,
    to: Option<&'a Phone>,
    text: &'a str,
}

/// Texts as a person.
///
/// # Errors
/// Not found, when the person is nobody's user; conflict, when they have several numbers; network, when no sandbox
/// answers.
pub fn text(args: &TextArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&SENT)?;
    let from = session.phone("--from", &args.from)?;
    let to = args.to.as_deref().map(|to| session.phone("--to", to)).transpose()?;
    let message = TextMessage { from: &from, to: to.as_ref(), text: &args.message };
    // Our own types always serialize.
    let body = serde_json::to_string(&message).unwrap_or_default();
    let ours;
    let url = match running_at(args.url.as_deref(), session)? {
        Some(url) => url,
        None => {
            ours = session.sandbox()?;
            ours.url.parse().map_err(|error| Failure::internal("the sandbox has no address", error))?
        }
    };
    let answer =
        Control::at(url, session).ask(Method::POST, "messages", Some(body)).map_err(|failure| match failure.code {
            Code::NotFound if failure.api_code.as_deref() != Some("404") => failure,
            Code::NotFound if args.to.is_some() => failure.hint("leave `--to` out to text the number that is theirs"),
            Code::NotFound => failure.hint(format!("register them: `spectrum users create --shared --phone {from}`")),
            Code::Conflict => failure.hint("add `--to LINE`"),
            _ => failure,
        })?;
    let sent: SentMessage = read(&answer)?;
    match session.out.format() {
        OutputFormat::Table if session.settings.fields.is_none() => {}
        OutputFormat::Id => {
            session.out.text(&format!("{}\n", sanitize::line(&sent.user_id)))?;
            return Ok(Exit::Done);
        }
        _ => {
            session.out.one(&SENT, &answer)?;
            return Ok(Exit::Done);
        }
    }
    let became = if sent.opted_in_now { "can be messaged from now on" } else { "could be messaged already" };
    let told = |fired: &FiredDelivery| format!("message.received is on its way to {}\n", sanitize::line(&fired.url));
    let told: String = sent.deliveries.iter().map(told).collect();
    session.out.text(&format!("{from} texted {}: they {became}\n{told}", sanitize::line(&sent.to)))?;
    Ok(Exit::Done)
}
