//! Plain verbs, the same for every noun: an endpoint goes in, its columns come out.

pub(crate) mod deleted;
pub(crate) mod dry_run;
pub(crate) mod help;
pub(crate) mod help_text;
pub(crate) mod in_flight;
pub(crate) mod interim;
pub(crate) mod noun;
pub(crate) mod progress;

use crate::failure::{Exit, Failure};
use crate::http::{Endpoint, Many};
use crate::model::words::count;
use crate::output::Column;
use crate::output::format::OutputFormat;
use crate::session::Session;

/// Shows the record that an endpoint answers with.
///
/// # Errors
/// Whatever the call met; bad response, when the answer is not such a record.
pub fn show<E: Endpoint>(session: &Session, endpoint: &E, columns: &[Column]) -> Result<Exit, Failure> {
    session.out.check_fields(columns)?;
    let reply = session.client()?.call(endpoint)?;
    // What is no such record must not come out as one.
    reply.read()?;
    session.out.one(columns, reply.data()?)?;
    Ok(Exit::Done)
}

/// Lists the records that an endpoint answers with, of such a noun; `none` tells a person that there are none.
///
/// # Errors
/// Whatever the call met; bad response, when the answer is not a list.
pub fn list<E>(session: &Session, endpoint: &E, columns: &[Column], noun: &str, none: &str) -> Result<Exit, Failure>
where
    E: for<'a> Endpoint<Answer<'a> = Many<'a>>,
{
    session.out.check_fields(columns)?;
    let reply = session.client()?.call(endpoint)?;
    let records: Vec<&str> = reply.read()?.items.into_iter().map(|record| record.get()).collect();
    let said = if records.is_empty() { none.to_owned() } else { count(records.len(), noun) };
    print_list(session, columns, &records, &said)
}

/// Prints records as a list; under a table a person is told how many there are. Without a record there is no table.
///
/// # Errors
/// When standard output cannot be written.
pub fn print_list(session: &Session, columns: &[Column], records: &[&str], said: &str) -> Result<Exit, Failure> {
    let is_table = session.out.format() == OutputFormat::Table;
    if !is_table || !records.is_empty() {
        session.out.many(columns, records)?;
    }
    end_list(session, said);
    Ok(Exit::Done)
}

/// What is said below a table: how many there are. Whoever has closed the pipe has seen enough.
pub fn end_list(session: &Session, said: &str) {
    if session.out.format() == OutputFormat::Table && !session.out.is_closed() {
        session.out.note(said);
    }
}
