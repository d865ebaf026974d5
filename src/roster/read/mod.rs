//! Reading a roster: every format to the same rows, and every problem of the file at once.

pub(crate) mod content;
pub(crate) mod csv;
pub(crate) mod field;
pub(crate) mod json;
pub(crate) mod phone;
pub(crate) mod roster;
pub(crate) mod row;
pub(crate) mod scan;
pub(crate) mod terms;
pub(crate) mod text;
pub(crate) mod toml;

pub use roster::{ReadOptions, Roster, Row, read, read_as};
pub use terms::{Mapped, Terms};

#[cfg(test)]
mod tests;
