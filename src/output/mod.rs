//! The one door out: streams, tables, machine formats, and the cleaning of hostile text.

pub mod csv;
pub mod format;
pub mod json;
pub mod plain;
pub mod record;
pub mod sanitize;
pub mod streams;
pub mod table;

pub use crate::model::words;
pub use streams::{Output, Palette, Streams};
pub use table::{Column, Look, Table};
