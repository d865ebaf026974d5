//! What a deletion answers, whatever was deleted.

use serde::Serialize;

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
