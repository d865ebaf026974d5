//! Stopping a command that sends several requests.

use crate::failure::Failure;
use crate::interrupt;
use crate::output::format::OutputFormat;
use crate::session::Session;

/// Lets the first Ctrl-C finish what is in flight (a `request`, or `requests`) and begin nothing more, so that what was
/// done can be told.
///
/// # Errors
/// Config, when there are no credentials.
pub fn finish(session: &Session, requests: &'static str) -> Result<(), Failure> {
    let (pace, out) = (session.client()?.pace().clone(), session.out.clone());
    interrupt::on_first(move || {
        // Said first: the command may end as soon as nothing more is sent.
        if out.format() == OutputFormat::Table {
            out.note_below(format!("interrupted: finishing the {requests} in flight (Ctrl-C again ends at once)"));
        }
        pace.cancel();
    });
    Ok(())
}
