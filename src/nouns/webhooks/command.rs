//! The webhooks of a project.

use clap::Subcommand;

use super::columns::{CREATED, ROTATED, WEBHOOK};
use super::endpoints::{Create, EgressIps, List, Rotate, Update};
use super::{create, delete, ensure, rotate, send, update, verify};
use crate::failure::{Exit, Failure};
use crate::http::{Endpoint as _, Spec};
use crate::output::Column;
use crate::output::format::OutputFormat;
use crate::session::Session;
use crate::verbs;
use crate::verbs::noun::Verbs;

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
pub enum WebhooksVerb {
    /// List the project's webhooks
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  spectrum webhooks list\n  spectrum webhooks list -o csv --fields webhookUrl"
    )]
    List,
    #[command(visible_alias = "add", after_help = create::AFTER_HELP)]
    Create(create::CreateWebhookArgs),
    #[command(after_help = ensure::AFTER_HELP)]
    Ensure(Box<ensure::EnsureArgs>),
    #[command(after_help = update::AFTER_HELP)]
    Update(update::UpdateArgs),
    #[command(after_help = rotate::AFTER_HELP)]
    Rotate(rotate::RotateArgs),
    #[command(visible_alias = "rm", after_help = delete::AFTER_HELP)]
    Delete(delete::DeleteWebhooksArgs),
    /// Show the addresses that deliveries come from
    #[command(after_help = "Examples:\n  spectrum webhooks egress-ips\n  spectrum webhooks egress-ips -o id")]
    EgressIps,
    #[command(after_help = verify::AFTER_HELP)]
    Verify(verify::VerifyArgs),
    #[command(after_help = send::AFTER_HELP)]
    Send(Box<send::SendArgs>),
}

/// Where deliveries come from.
pub const EGRESS: [Column; 1] = [Column::shown("addresses", "ADDRESSES", 0, false)];

impl Verbs for WebhooksVerb {
    const NAME: &'static str = "webhooks";
    const ALIAS: &'static str = "webhook";
    const ABOUT: &'static str = "Register webhooks, verify what they deliver, and try a handler out";
    const SHOWN: &'static [(Spec, &'static [Column])] = &[
        (List::SPEC, &WEBHOOK),
        (Create::SPEC, &CREATED),
        (Update::SPEC, &WEBHOOK),
        (Rotate::SPEC, &ROTATED),
        (EgressIps::SPEC, &EGRESS),
    ];

    fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::List => verbs::list(session, &List, &WEBHOOK, "webhook", "the project has no webhooks"),
            Self::Create(args) => create::create(&args, session),
            Self::Ensure(args) => ensure::ensure(&args, session),
            Self::Update(args) => update::update(&args, session),
            Self::Rotate(args) => rotate::rotate(&args, session),
            Self::Delete(args) => delete::delete(&args, session),
            Self::EgressIps => egress_ips(session),
            Self::Verify(args) => verify::verify(&args, session),
            Self::Send(args) => send::send(&args, session),
        }
    }
}

fn egress_ips(session: &Session) -> Result<Exit, Failure> {
    if !matches!(session.out.format(), OutputFormat::Table | OutputFormat::Id) {
        return verbs::show(session, &EgressIps, &EGRESS);
    }
    session.out.check_fields(&EGRESS)?;
    let answer = session.client()?.call(&EgressIps)?;
    // A firewall is told one a line.
    let text: String = answer.read()?.addresses.iter().map(|address| format!("{address}\n")).collect();
    session.out.foreign(&text)?;
    Ok(Exit::Done)
}
