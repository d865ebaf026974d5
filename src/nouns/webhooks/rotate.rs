//! `webhooks rotate`: another standard secret, sent once, and kept.

use std::time::Duration;

use clap::Args;

use super::columns::ROTATED;
use super::create::{Held, lost};
use super::endpoints::Rotate;
use super::model::{LONGEST_OVERLAP, WebhookId};
use super::secret_out::{self, SecretOutArgs};
use crate::failure::{Exit, Failure};
use crate::model::{parse_age, time};
use crate::session::Session;

/// Examples and what it changes.
pub const AFTER_HELP: &str = "\
Examples:
  id=$(spectrum webhooks list -o id | head -n 1)
  spectrum webhooks rotate \"$id\" --secret-out new.env
  spectrum webhooks rotate \"$id\" --overlap 1h \\
      --show-secret -o json

Only the standard secret (whsec_…) changes; the other one changes with
`delete` and `create`. For the overlap deliveries carry both signatures.
The request is sent once. Exit codes: 2 nothing was sent, 5 no such webhook.";

/// Give a webhook another standard secret, shown once
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The webhook
    #[arg(value_name = "ID")]
    pub id: WebhookId,
    /// How long the old secret stays good, up to 7d [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = parse_overlap)]
    pub overlap: Option<Duration>,
    /// Where the secret goes.
    #[command(flatten)]
    pub secret: SecretOutArgs,
}

fn parse_overlap(text: &str) -> Result<Duration, String> {
    let overlap = parse_age(text)?;
    if overlap > Duration::from_secs(LONGEST_OVERLAP) {
        return Err(format!("{text:?} is longer than 7d, which the service does not take"));
    }
    if overlap.subsec_nanos() > 0 {
        return Err(format!("{text:?}: the service counts whole seconds"));
    }
    Ok(overlap)
}

const LOST: &str = "it may have been rotated, and the new secret is lost then; the old one stays good for the overlap: run \
                    it again to get one that you know";

/// Rotates.
///
/// # Errors
/// Usage or invalid input before anything is sent; not found; or whatever the call met.
pub fn rotate(args: &RotateArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&ROTATED)?;
    let destination = args.secret.open()?;
    let held = Held::start(session)?;
    let overlap_seconds = args.overlap.map(|overlap| overlap.as_secs());
    let endpoint = Rotate { webhook: args.id.as_str(), overlap_seconds };
    let answer = session.client()?.call(&endpoint).map_err(|error| lost(error, LOST))?;
    let issued = answer.read().map_err(|error| lost(error, LOST))?;
    secret_out::deliver(session, destination, &issued, answer.data()?, &ROTATED, |record| {
        let good = match args.overlap {
            Some(Duration::ZERO) => "the old secret is good no more".to_owned(),
            Some(overlap) => format!("the old secret stays good for {}", time::show(overlap)),
            None => "the old secret stays good for 24h".to_owned(),
        };
        session.out.outcome("rotated", format!("webhook {}: {good}", issued.id));
        session.out.one(&ROTATED, record)
    })?;
    Ok(held.exit())
}
