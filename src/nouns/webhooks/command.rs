//! The webhooks of a project.

use std::fmt;
use std::str::FromStr;

use clap::Subcommand;
use serde_json::value::RawValue;

use super::delete::Doomed;
use super::endpoints::{Create, EgressIps, List, Rotate, Update};
use super::model::Webhook;
use super::{create, delete, ensure, rotate, send, update, verify};
use crate::failure::{Exit, Failure};
use crate::http::{Endpoint as _, Spec, answer};
use crate::model::ids::is_uuid;
use crate::output::Column;
use crate::output::format::Format;
use crate::session::Session;
use crate::verbs;
use crate::verbs::noun::Verbs;

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Verb {
    /// List the project's webhooks
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  spectrum webhooks list\n  spectrum webhooks list -o json | jq -r '.[].webhookUrl'"
    )]
    List,
    /// Register a URL; its secrets are shown once
    #[command(visible_alias = "add", after_help = create::AFTER_HELP)]
    Create(create::CreateArgs),
    /// Make sure that a URL is registered, and change nothing if it is
    #[command(after_help = ensure::AFTER_HELP)]
    Ensure(Box<ensure::EnsureArgs>),
    /// Change a webhook
    #[command(after_help = update::AFTER_HELP)]
    Update(update::UpdateArgs),
    /// Give a webhook another standard secret, shown once
    #[command(after_help = rotate::AFTER_HELP)]
    Rotate(rotate::RotateArgs),
    /// Delete webhooks
    #[command(visible_alias = "rm", after_help = delete::AFTER_HELP)]
    Delete(delete::DeleteArgs),
    /// Show the addresses that deliveries come from
    #[command(
        after_help = "Examples:\n  spectrum webhooks egress-ips\n  spectrum webhooks egress-ips -o json | jq -r '.addresses[]'"
    )]
    EgressIps,
    /// Check the signature of a delivery, and say what is wrong with it
    #[command(after_help = verify::AFTER_HELP)]
    Verify(verify::VerifyArgs),
    /// Send a signed delivery to a handler, as the service would
    #[command(after_help = send::AFTER_HELP)]
    Send(Box<send::SendArgs>),
}

/// The columns of a webhook. Rows of 2026-05 leave most of them blank.
pub const WEBHOOK: [Column; 11] = [
    Column::shown("id", "ID", 0, true),
    Column::shown("webhookUrl", "URL", 0, false),
    Column::shown("status", "STATUS", 1, true),
    Column::shown("disabledReason", "REASON", 2, true),
    Column::shown("schemaVersion", "SCHEMA", 3, true),
    Column::shown("createdAt", "CREATED", 4, true),
    Column::on_request("eventTypes", "EVENTS"),
    Column::on_request("enabled", "ENABLED"),
    Column::on_request("failureNotificationEmail", "FAILURE EMAIL"),
    Column::on_request("disabledAt", "DISABLED"),
    Column::on_request("updatedAt", "UPDATED"),
];

/// The columns of one that was just made.
pub const CREATED: [Column; 13] = [
    WEBHOOK[0],
    WEBHOOK[1],
    WEBHOOK[2],
    WEBHOOK[3],
    WEBHOOK[4],
    WEBHOOK[5],
    WEBHOOK[6],
    WEBHOOK[7],
    WEBHOOK[8],
    WEBHOOK[9],
    WEBHOOK[10],
    Column::shown("signingSecret", "SECRET", 0, true),
    Column::shown("standardSigningSecret", "STANDARD SECRET", 0, true),
];

/// The columns of a rotation.
pub const ROTATED: [Column; 3] = [
    Column::shown("id", "ID", 0, true),
    Column::shown("standardSigningSecret", "STANDARD SECRET", 0, true),
    Column::shown("previousValidUntil", "OLD ONE GOOD UNTIL", 0, true),
];

const EGRESS: [Column; 1] = [Column::shown("addresses", "ADDRESSES", 0, false)];

impl Verbs for Verb {
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
            Self::List => verbs::list(session, &List, &WEBHOOK, "the project has no webhooks"),
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
    if !matches!(session.out.format(), Format::Table | Format::Id) {
        return verbs::show(session, &EgressIps, &EGRESS);
    }
    session.out.check_fields(&EGRESS)?;
    let answer = session.client()?.call(&EgressIps)?;
    // A firewall is told one a line.
    let text: String = answer.read()?.addresses.iter().map(|address| format!("{address}\n")).collect();
    session.out.foreign(&text)?;
    Ok(Exit::Done)
}

/// The webhooks of the project, each with its record.
///
/// # Errors
/// Whatever the call met; bad response, when one has no id or no URL.
pub fn listed(session: &Session) -> Result<Vec<(Doomed, Box<RawValue>)>, Failure> {
    let answer = session.client()?.call(&List)?;
    let webhook = |record: &RawValue| {
        let Webhook { id, webhook_url, .. } = read(record)?;
        Ok((Doomed { id: id.into_owned(), url: Some(webhook_url.into_owned()) }, record.to_owned()))
    };
    answer.read()?.items.into_iter().map(webhook).collect()
}

/// Reads one record of a list.
///
/// # Errors
/// Bad response, when it is none.
pub fn read(record: &RawValue) -> Result<Webhook<'_>, Failure> {
    Ok(answer::record(record, "a webhook")?)
}

/// The id of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookId(String);

impl WebhookId {
    /// The id in small letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebhookId {
    type Err = crate::model::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_uuid(text) { Ok(Self(text.to_ascii_lowercase())) } else { Err(crate::model::IdError) }
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
