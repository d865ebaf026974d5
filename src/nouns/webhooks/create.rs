//! `webhooks create`: sent once, and its secret kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;

use super::address::{Address, Reach};
use super::columns::CREATED;
use super::endpoints::Create;
use super::model::{NewWebhook, Schema};
use super::secret_out::{self, Destination, SecretOutArgs};
use crate::config::settings::Source;
use crate::failure::{Code, Exit, Failure};
use crate::http::{Call, Error, envelope};
use crate::interrupt;
use crate::model::Email;
use crate::secrets::revealed;
use crate::session::Session;
use crate::verbs::dry_run::{self, DryRequest};

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum webhooks create https://bot.example/hook \\
      --secret-out hook.env
  spectrum webhooks create https://bot.example/raw \\
      --schema raw-inbound.v1 --show-secret -o json

The secrets are shown once, so the request is sent once: when its answer is
lost, exit 8 and retryable false. Exit codes: 2 nothing was sent, 6 the URL is
registered already.";

/// What to register.
#[derive(Debug, Clone, Args)]
pub struct NewArgs {
    /// Where events are to be sent: https, and public
    #[arg(value_name = "URL")]
    pub url: String,
    /// normalized-events.v1 (the default) or raw-inbound.v1
    #[arg(long, value_name = "SCHEMA")]
    pub schema: Option<Schema>,
    /// Who is told when deliveries fail
    #[arg(long, value_name = "EMAIL")]
    pub failure_email: Option<Email>,
    /// Where the secrets go.
    #[command(flatten)]
    pub secret: SecretOutArgs,
    /// Take a URL that the service would not reach
    #[arg(long)]
    pub allow_any_url: bool,
    /// Print what would be sent, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Register a URL; its secrets are shown once
#[derive(Debug, Args)]
pub struct CreateWebhookArgs {
    /// What to register.
    #[command(flatten)]
    pub new: NewArgs,
}

impl NewArgs {
    /// Checks what can be checked here.
    ///
    /// # Errors
    /// Invalid input, when nothing would arrive at the URL.
    pub fn check(&self, session: &Session) -> Result<NewWebhook, Failure> {
        let reach = if self.allow_any_url || asks_loopback(session) { Reach::Any } else { Reach::Public };
        let webhook_url = Address::check(&self.url, reach).map_err(|reason| {
            let failure = Failure::new(Code::InvalidInput, format!("the URL {:?}: {reason}", self.url));
            match Address::check(&self.url, Reach::Any) {
                Ok(_) => failure.hint(
                    "write one that the public reaches, such as a tunnel's https URL, or add `--allow-any-url` if you \
                     know better; `spectrum sandbox serve` delivers to this machine",
                ),
                Err(_) => failure.hint("write one such as https://bot.example/hook"),
            }
        })?;
        Ok(NewWebhook {
            webhook_url,
            schema_version: self.schema,
            failure_notification_email: self.failure_email.clone(),
        })
    }
}

/// Whether a sandbox on this machine is asked, which delivers to it too.
fn asks_loopback(session: &Session) -> bool {
    let in_process = session.target().is_ok_and(|target| matches!(target.source, Source::Sandbox(_)));
    // Plain http is for loopback alone, here as everywhere.
    in_process || session.dry_target().is_ok_and(|(base_url, _)| base_url.scheme() == "http")
}

/// Registers a webhook.
///
/// # Errors
/// Invalid input or usage before anything is sent; conflict, when the URL is registered; or whatever the call met.
pub fn create(args: &CreateWebhookArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&CREATED)?;
    let webhook = args.new.check(session)?;
    if args.new.dry_run {
        let (base_url, project) = session.dry_target()?;
        return dry_run::print(session, DryRequest::of(&Call::of(&Create(&webhook), &project)?, &base_url));
    }
    let destination = args.new.secret.open()?;
    register(session, &webhook, destination)
}

/// Registers a webhook whose secret has its place.
///
/// # Errors
/// As [`create`].
pub fn register(session: &Session, webhook: &NewWebhook, destination: Destination) -> Result<Exit, Failure> {
    let held = Held::start(session)?;
    let answer = session.client()?.call(&Create(webhook)).map_err(failed)?;
    let issued = answer.read().map_err(failed)?;
    secret_out::deliver(session, destination, &issued, answer.data()?, &CREATED, |record| {
        session.out.outcome("created", format!("webhook {} ({})", webhook.webhook_url, issued.id));
        session.out.one(&CREATED, record)
    })?;
    Ok(held.exit())
}

const LOST: &str = "it may have been registered, and its secret is lost then: `spectrum webhooks list` shows it; if it is \
                    there, `spectrum webhooks delete URL` and create it anew";

/// What is to be said when no webhook came of a create.
fn failed(error: Error) -> Failure {
    // The service answers so when it has taken everything back.
    let is_undone =
        error.status == Some(503) && error.exchange().is_some_and(|(_, _, body)| envelope::is_refusal(body));
    let failure = lost(error, LOST);
    if !is_undone || failure.code != Code::Server {
        return failure;
    }
    Failure { retryable: true, ..failure }.hint("nothing was registered: it is safe to run the same command again")
}

/// What is to be said of a request that was sent once; `hint` where it may have been done and its secret is lost.
pub fn lost(error: Error, hint: &str) -> Failure {
    // An answer of 2xx that cannot be read was an answer to what was done.
    let is_success = error.status.is_some_and(|status| (200..300).contains(&status));
    let is_unknown = error.code.is_retryable() && (is_success || !error.retryable);
    let failure = Failure::from(error);
    let failure = Failure { message: revealed::hidden(&failure.message).into_owned(), ..failure };
    if is_unknown { Failure { retryable: false, ..failure }.hint(hint) } else { failure }
}

/// A request whose answer must not be walked away from: the first Ctrl-C is remembered until its secret is kept.
pub struct Held(Arc<AtomicBool>);

impl Held {
    /// Takes the next signal. The client is there first: building it may ask somebody something.
    ///
    /// # Errors
    /// Config, when there are no credentials.
    pub fn start(session: &Session) -> Result<Self, Failure> {
        session.client()?;
        let interrupted = Arc::new(AtomicBool::new(false));
        let (seen, out) = (Arc::clone(&interrupted), Arc::clone(&session.out));
        interrupt::on_first(move || {
            seen.store(true, Ordering::SeqCst);
            out.note_below(
                "the answer holds a secret that is shown once: waiting for it; again to give it up, and the \
                           secret may be lost",
            );
        });
        Ok(Self(interrupted))
    }

    /// How the command ends now that all is kept.
    pub fn exit(&self) -> Exit {
        if self.0.load(Ordering::SeqCst) { Exit::Told(Code::Interrupted) } else { Exit::Done }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        interrupt::as_usual();
    }
}
