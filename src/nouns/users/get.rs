//! `users get`.

use clap::Args;

use super::columns::USER;
use super::lookup;
use crate::failure::{Exit, Failure};
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users get +14155550123
  spectrum users get +14155550123 -o json

Exit codes: 5 no such user, 6 several users have this phone number.";

/// Show one user
#[derive(Debug, Args)]
pub struct GetArgs {
    /// An id or a phone number
    pub user: String,
}

/// Shows one user.
///
/// # Errors
/// Not found, ambiguous, or whatever the call met.
pub fn get(args: &GetArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&USER)?;
    let user = lookup::key(&args.user, session)?;
    let found = lookup::one(session.client()?, &user)?;
    // What is not a user at all must not come out as one.
    found.user()?;
    session.out.one(&USER, found.raw.get())?;
    Ok(Exit::Done)
}
