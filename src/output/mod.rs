//! The one door out: streams, tables, machine formats, and the cleaning of hostile text.

pub(crate) mod annotation;
pub(crate) mod csv;
pub mod format;
pub(crate) mod json;
pub(crate) mod plain;
pub(crate) mod record;
pub(crate) mod sanitize;
pub(crate) mod spinner;
pub mod streams;
pub mod table;
pub(crate) mod waiting;

pub use streams::{Output, Palette, Streams};
pub use table::{Column, Look, Table};
