//! The webhooks of a project.

use clap::Subcommand;

use super::{send, verify};
use crate::failure::{Exit, Failure};
use crate::http::Spec;
use crate::output::Column;
use crate::session::Session;
use crate::verbs::noun::Verbs;

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Verb {
    /// Check the signature of a delivery, and say what is wrong with it
    #[command(after_help = verify::AFTER_HELP)]
    Verify(verify::VerifyArgs),
    /// Send a signed delivery to a handler, as the service would
    #[command(after_help = send::AFTER_HELP)]
    Send(Box<send::SendArgs>),
}

impl Verbs for Verb {
    const NAME: &'static str = "webhooks";
    const ALIAS: &'static str = "webhook";
    const ABOUT: &'static str = "Register webhooks, verify what they deliver, and try a handler out";
    const SHOWN: &'static [(Spec, &'static [Column])] = &[];

    fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Verify(args) => verify::verify(&args, session),
            Self::Send(args) => send::send(&args, session),
        }
    }
}
