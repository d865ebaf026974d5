//! `webhooks delete`.

use std::str::FromStr;

use clap::Args;

use super::address;
use super::endpoints::Delete;
use super::lookup::{Registered, listed};
use super::model::WebhookId;
use crate::failure::{Code, Exit, Failure};
use crate::model::words;
use crate::output::sanitize;
use crate::session::Session;
use crate::verbs::deleted::{self, DELETED, Deleted};
use crate::verbs::in_flight;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum webhooks delete https://old.example/hook \\
      --yes
  spectrum webhooks delete https://old.example/hook \\
      --yes --ignore-missing

Off a terminal --yes is needed. Exit codes: 2 not confirmed, 5 no such webhook.";

/// Delete webhooks
#[derive(Debug, Args)]
pub struct DeleteWebhooksArgs {
    /// Ids or URLs
    #[arg(required = true, value_name = "WEBHOOK")]
    pub webhooks: Vec<IdOrUrl>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// A webhook that is not there is success
    #[arg(long)]
    pub ignore_missing: bool,
}

/// What a webhook is named by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdOrUrl {
    /// Its id.
    Id(WebhookId),
    /// Its URL, in the form that is compared.
    Url(String),
}

impl FromStr for IdOrUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text.parse(), address::same(text)) {
            (Ok(id), _) => Ok(Self::Id(id)),
            (_, Some(url)) => Ok(Self::Url(url)),
            _ => Err("write an id, or a URL such as https://bot.example.com/hook".to_owned()),
        }
    }
}

impl IdOrUrl {
    fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::Url(url) => url,
        }
    }
}

/// Deletes webhooks.
///
/// # Errors
/// Confirmation required, not found, or whatever a call met; what was deleted before is printed all the same.
pub fn delete(args: &DeleteWebhooksArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&DELETED)?;
    if !args.yes && !session.prompt.can_ask {
        session.prompt.confirm(&format!("delete {}", words::count(args.webhooks.len(), "webhook")), "--yes")?;
    }
    let doomed = find(args, session)?;
    if doomed.is_empty() {
        session.out.many::<&str>(&DELETED, &[])?;
        return Ok(Exit::Done);
    }
    if !args.yes {
        confirm(session, &doomed)?;
    }
    in_flight::finish(session, "request")?;
    let mut deleted = Vec::new();
    let mut failure = None;
    for webhook in &doomed {
        match delete_one(session, webhook, args.ignore_missing) {
            Ok(true) => deleted.push(Deleted::new(&webhook.id)),
            Ok(false) => session.out.note(format!("{} is not there", webhook.told())),
            Err(error) if error.code == Code::NotFound => {
                failure.get_or_insert(error);
            }
            Err(error) => {
                let done = format!("while deleting {}; {} of {} were deleted", webhook.id, deleted.len(), doomed.len());
                failure = Some(deleted::go_on(error.context(done), deleted.len(), args.ignore_missing));
                break;
            }
        }
    }
    // What was done is said even when something failed; a document is complete either way.
    if failure.is_none() || !deleted.is_empty() {
        session.out.many_of_ours(&DELETED, &deleted)?;
    }
    failure.map_or(Ok(Exit::Done), Err)
}

/// Lists what will go, and asks.
///
/// # Errors
/// Confirmation required.
pub fn confirm(session: &Session, doomed: &[Registered]) -> Result<(), Failure> {
    doomed.iter().for_each(|webhook| session.out.note(format!("- {}", webhook.told())));
    session.prompt.confirm(&format!("Delete {}?", words::count(doomed.len(), "webhook")), "--yes")
}

/// Deletes one; false when it is not there and that is as well. Absence that answers a repeated attempt is success: the
/// first one did it.
///
/// # Errors
/// Not found, or whatever the call met.
pub fn delete_one(session: &Session, webhook: &Registered, ignore_missing: bool) -> Result<bool, Failure> {
    match session.client()?.call(&Delete(&webhook.id)) {
        Ok(_) => Ok(true),
        Err(error) if error.is_absent_after_retry() => Ok(true),
        Err(error) if error.is_absent() && ignore_missing => Ok(false),
        Err(error) if error.is_absent() => {
            let said = error.message.clone();
            Err(Failure { message: format!("no webhook has the id {}: {said}", webhook.id), ..error.into() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Everything is known before the first one is deleted. With `--yes` an id is taken as it is: the delete itself tells.
fn find(args: &DeleteWebhooksArgs, session: &Session) -> Result<Vec<Registered>, Failure> {
    let needs_list = !args.yes || args.webhooks.iter().any(|key| matches!(key, IdOrUrl::Url(_)));
    let there = if needs_list { listed(session)? } else { Vec::new() };
    let mut doomed: Vec<Registered> = Vec::new();
    for key in &args.webhooks {
        let fits = |webhook: &Registered| match key {
            IdOrUrl::Id(id) => webhook.id.eq_ignore_ascii_case(id.as_str()),
            IdOrUrl::Url(url) => webhook.url.as_deref().and_then(address::same).as_ref() == Some(url),
        };
        let mut found: Vec<Registered> = there.iter().map(|(webhook, _)| webhook.clone()).filter(fits).collect();
        if let (IdOrUrl::Id(id), true) = (key, found.is_empty() && args.yes) {
            found.push(Registered { id: id.to_string(), url: None });
        }
        if found.is_empty() && args.ignore_missing {
            session.out.note(format!("{} is not there", sanitize::line(key.as_str())));
        } else if found.is_empty() {
            return Err(Failure::new(Code::NotFound, format!("no webhook is {}", key.as_str()))
                .hint("run `spectrum webhooks list` to see which there are"));
        }
        for webhook in found {
            if !doomed.iter().any(|known| known.id == webhook.id) {
                doomed.push(webhook);
            }
        }
    }
    Ok(doomed)
}
