//! What a deletion answers, whatever was deleted.

use serde::Serialize;

use crate::failure::{Code, Failure};
use crate::output::Column;

/// Its columns.
pub const DELETED: [Column; 2] = [Column::shown("id", "ID", 0, true), Column::shown("deleted", "DELETED", 1, true)];

/// One that was deleted.
#[derive(Debug, Serialize)]
pub struct Deleted<'a> {
    id: &'a str,
    deleted: bool,
}

impl<'a> Deleted<'a> {
    /// The one with this id.
    pub const fn new(id: &'a str) -> Self {
        Self { id, deleted: true }
    }
}

/// What stopped a deletion of which so many are done, with a hint that works as it is typed: what is gone would be refused
/// when the same command runs again, unless it `forgives` that.
pub fn go_on(failure: Failure, done: usize, forgives: bool) -> Failure {
    // A request that broke off may have done its work.
    let is_some_gone = done > 0 || failure.code != Code::Interrupted;
    let can_go_on = failure.retryable || failure.code == Code::Interrupted;
    match &failure.hint {
        Some(hint) if is_some_gone && can_go_on && !forgives => {
            let hint = format!("{hint}, with `--ignore-missing`: what was deleted is not there any more");
            failure.hint(hint)
        }
        _ => failure,
    }
}
