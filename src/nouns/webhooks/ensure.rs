//! `webhooks ensure`: for deploys. Run twice, it changes nothing; run by two at once, it makes one webhook.

use clap::Args;
use serde_json::value::RawValue;

use super::address::Pattern;
use super::columns::CREATED;
use super::create::{NewArgs, register};
use super::delete;
use super::endpoints::{Create, Delete, Update};
use super::lookup::{Registered, listed, read};
use super::model::{NewWebhook, Schema, Webhook, WebhookChange};
use crate::failure::{Code, Exit, Failure};
use crate::http::Call;
use crate::session::Session;
use crate::verbs::dry_run::{self, DryRequest};
use crate::verbs::in_flight;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum webhooks ensure https://bot.example/hook \\
      --secret-out hook.env
  spectrum webhooks ensure https://b.tunnel.example/ \\
      --secret-out tunnel.env \\
      --replacing 'https://*.tunnel.example/*' --yes

A webhook that is there is left alone; its secret was shown when it was made.
The secret's file is made only when a webhook is. Exit codes: 2 nothing was
changed, 6 it is there and cannot be made what was asked for.";

/// Make sure that a URL is registered, and change nothing if it is
#[derive(Debug, Args)]
pub struct EnsureArgs {
    /// What has to be there.
    #[command(flatten)]
    pub new: NewArgs,
    /// Then delete the others whose URLs fit, such as 'https://*.example.app/*'
    #[arg(long, value_name = "PATTERN", value_parser = Pattern::parse)]
    pub replacing: Option<Pattern>,
    /// Do not ask before deleting
    #[arg(short, long, requires = "replacing")]
    pub yes: bool,
}

/// Makes sure that there is such a webhook.
///
/// # Errors
/// Invalid input or usage before anything is changed; conflict, when it is there and is something else; or whatever a
/// call met.
pub fn ensure(args: &EnsureArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&CREATED)?;
    let wanted = args.new.check(session)?;
    let asks = args.replacing.is_some() && !args.yes && !args.new.dry_run;
    if asks && !session.prompt.can_ask {
        session.prompt.confirm("delete the webhooks that it replaces", "--yes")?;
    }
    let there = listed(session)?;
    let ours = find(&there, &wanted);
    let old: Vec<Registered> = match &args.replacing {
        None => Vec::new(),
        Some(pattern) => {
            let fits = |webhook: &&Registered| {
                webhook.url.as_deref().is_some_and(|url| pattern.fits(url) && !wanted.webhook_url.is(url))
            };
            there.iter().map(|(webhook, _)| webhook).filter(fits).cloned().collect()
        }
    };
    if args.new.dry_run {
        return dry_run(session, ours, &wanted, &old);
    }
    if asks && !old.is_empty() {
        delete::confirm(session, &old)?;
    }
    let exit = match ours {
        Some(record) => adjust(session, record, &wanted)?,
        None => make(args, session, &wanted)?,
    };
    if exit != Exit::Done || old.is_empty() {
        return Ok(exit);
    }
    in_flight::finish(session, "request")?;
    for (done, webhook) in old.iter().enumerate() {
        // Another run may have deleted it meanwhile: that is as well.
        delete::delete_one(session, webhook, true).map_err(|failure| {
            failure.context(format!(
                "webhook {} stands; while deleting {}; {done} of {} were deleted",
                wanted.webhook_url,
                webhook.told(),
                old.len()
            ))
        })?;
        session.out.outcome("deleted", format!("webhook {}", webhook.told()));
    }
    Ok(exit)
}

/// Prints what would be sent to change what is there.
fn dry_run(
    session: &Session,
    ours: Option<&RawValue>,
    wanted: &NewWebhook,
    old: &[Registered],
) -> Result<Exit, Failure> {
    let (base_url, project) = session.dry_target()?;
    let mut calls = match ours {
        None => vec![Call::of(&Create(wanted), &project)?],
        Some(record) => {
            let webhook = read(record)?;
            let update = |change| Call::of(&Update(&webhook.id, change), &project);
            changes(&webhook, wanted)?.iter().map(update).collect::<Result<_, _>>()?
        }
    };
    for webhook in old {
        calls.push(Call::of(&Delete(&webhook.id), &project)?);
    }
    let requests: Vec<DryRequest> = calls.iter().map(|call| DryRequest::of(call, &base_url)).collect();
    dry_run::print_all(session, &requests, "dry run: nothing was changed")
}

/// The webhook with this URL; an active one before another.
fn find<'a>(there: &'a [(Registered, Box<RawValue>)], wanted: &NewWebhook) -> Option<&'a RawValue> {
    let fits = |(webhook, _): &&(Registered, Box<RawValue>)| {
        webhook.url.as_deref().is_some_and(|url| wanted.webhook_url.is(url))
    };
    let mut fitting: Vec<&RawValue> = there.iter().filter(fits).map(|(_, record)| &**record).collect();
    fitting.sort_by_key(|record| read(record).is_ok_and(|webhook| !webhook.is_active()));
    fitting.first().copied()
}

/// Registers it; when another run was faster, that one's webhook is what has to be there.
fn make(args: &EnsureArgs, session: &Session, wanted: &NewWebhook) -> Result<Exit, Failure> {
    let destination = args.new.secret.open()?;
    let refused = match register(session, wanted, destination) {
        Err(failure) if failure.code == Code::Conflict => failure,
        other => return other,
    };
    let there = listed(session)?;
    let Some(record) = find(&there, wanted) else { return Err(refused) };
    session.out.warn(format!(
        "another run registered {} at the same moment, and this one lost: the secret went to the other one",
        wanted.webhook_url
    ));
    adjust(session, record, wanted)
}

/// Brings a webhook that is there to what is wanted, as far as the service lets it be changed.
fn adjust(session: &Session, record: &RawValue, wanted: &NewWebhook) -> Result<Exit, Failure> {
    let webhook = read(record)?;
    let changes = changes(&webhook, wanted)?;
    let mut last = record.to_owned();
    for change in &changes {
        let answer = session.client()?.call(&Update(&webhook.id, change))?;
        answer.read()?;
        last = crate::http::answer::raw(answer.data()?)?;
    }
    let outcome = if changes.is_empty() { "= unchanged" } else { "~ updated" };
    session.out.outcome(outcome, format!("webhook {} ({})", webhook.webhook_url, webhook.id));
    session.out.note("its secret was shown when it was made, and is not known here");
    session.out.one(&CREATED, last.get())?;
    Ok(Exit::Done)
}

/// What has to be sent, in this order, for a webhook that is there to become what is wanted.
fn changes(webhook: &Webhook<'_>, wanted: &NewWebhook) -> Result<Vec<WebhookChange>, Failure> {
    if let Some(problem) = unchangeable(webhook, wanted) {
        let id = &webhook.id;
        let failure = Failure::new(Code::Conflict, format!("webhook {} ({id}) {problem}", wanted.webhook_url));
        return Err(failure.hint(format!("run `spectrum webhooks delete {id}`, and then this command again")));
    }
    // The schema has to be changed alone, and first: only then may the webhook be switched.
    let mut changes = Vec::new();
    if wanted.schema_version.is_some_and(|schema| schema.as_str() != webhook.schema()) {
        changes.push(WebhookChange { schema_version: wanted.schema_version, ..WebhookChange::default() });
    }
    let email = wanted.failure_notification_email.as_ref();
    let new_email = email.filter(|email| webhook.failure_notification_email.as_deref() != Some(email.as_str()));
    let switched = !webhook.is_active();
    if switched || new_email.is_some() {
        let failure_notification_email = new_email.map(|email| Some(email.clone()));
        changes.push(WebhookChange {
            enabled: switched.then_some(true),
            failure_notification_email,
            schema_version: None,
        });
    }
    Ok(changes)
}

/// What no PATCH brings about.
fn unchangeable(webhook: &Webhook<'_>, wanted: &NewWebhook) -> Option<String> {
    let is_normalized = webhook.schema() == Schema::Normalized.as_str();
    let becomes_raw = wanted.schema_version == Some(Schema::Raw);
    if wanted.schema_version == Some(Schema::Normalized) && !is_normalized {
        return Some(format!("is at {}, and there is no way back to {}", webhook.schema(), Schema::Normalized));
    }
    if !webhook.is_active() && is_normalized && !becomes_raw {
        let reason = webhook.disabled_reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        return Some(format!("is disabled{reason}, and one at {} cannot be switched on", Schema::Normalized));
    }
    None
}
