//! Reading a roster: every format to the same rows, and every problem of the file at once.

pub mod content;
pub mod csv;
pub mod json;
pub mod phone;
pub mod roster;
pub mod row;
pub mod scan;
pub mod text;
pub mod toml;

pub use roster::{Options, Roster, Row, read};

#[cfg(test)]
mod tests;
