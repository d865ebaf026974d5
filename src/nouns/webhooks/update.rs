//! `webhooks update`.

use clap::Args;

use super::columns::WEBHOOK;
use super::endpoints::Update;
use super::model::WebhookId;
use super::model::{Schema, WebhookChange};
use crate::failure::{Code, Exit, Failure};
use crate::model::Email;
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  id=$(spectrum webhooks list -o id | head -n 1)
  spectrum webhooks update \"$id\" \\
      --failure-email ops@example.com
  spectrum webhooks update \"$id\" \\
      --upgrade raw-inbound.v1

A normalized-events.v1 webhook cannot be switched on or off, and there is no
way back from raw-inbound.v1. Exit codes: 5 no such webhook, 6 it does not take
this change.";

/// Change a webhook
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// The webhook
    #[arg(value_name = "ID")]
    pub id: WebhookId,
    /// Who is told when deliveries fail
    #[arg(long, value_name = "EMAIL")]
    pub failure_email: Option<Email>,
    /// Tell nobody
    #[arg(long, conflicts_with = "failure_email")]
    pub no_failure_email: bool,
    /// Switch it on
    #[arg(long)]
    pub enable: bool,
    /// Switch it off
    #[arg(long, conflicts_with = "enable")]
    pub disable: bool,
    /// Change the schema, for good: raw-inbound.v1; by itself
    #[arg(
        long,
        value_name = "SCHEMA",
        value_parser = parse_upgrade,
        conflicts_with_all = ["failure_email", "no_failure_email", "enable", "disable"]
    )]
    pub upgrade: Option<Schema>,
}

fn parse_upgrade(text: &str) -> Result<Schema, String> {
    match text.parse() {
        Ok(Schema::Raw) => Ok(Schema::Raw),
        _ => Err("a webhook can be upgraded to raw-inbound.v1 alone".to_owned()),
    }
}

/// Changes a webhook.
///
/// # Errors
/// Not found, conflict, or whatever the call met.
pub fn update(args: &UpdateArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&WEBHOOK)?;
    let change = WebhookChange {
        enabled: if args.enable || args.disable { Some(args.enable) } else { None },
        failure_notification_email: match &args.failure_email {
            Some(email) => Some(Some(email.clone())),
            None => args.no_failure_email.then_some(None),
        },
        schema_version: args.upgrade,
    };
    if change == WebhookChange::default() {
        return Err(Failure::new(Code::Usage, "nothing is named that is to change")
            .hint("add `--failure-email EMAIL`, `--no-failure-email`, `--enable`, `--disable` or `--upgrade SCHEMA`"));
    }
    let answer = session.client()?.call(&Update(args.id.as_str(), &change))?;
    let webhook = answer.read()?;
    session.out.outcome("updated", format!("webhook {} ({})", webhook.webhook_url, webhook.id));
    session.out.one(&WEBHOOK, answer.data()?)?;
    Ok(Exit::Done)
}
