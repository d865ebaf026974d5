//! CSV as spreadsheets and `users apply` read it (RFC 4180, LF).

use std::io::{self, Write};

/// Writes rows of cells; the first row is the header.
pub struct CsvWriter<W: Write>(csv::Writer<W>);

impl<W: Write> CsvWriter<W> {
    /// A writer onto `out`.
    pub fn new(out: W) -> Self {
        Self(csv::WriterBuilder::new().from_writer(out))
    }

    /// Writes one row.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) -> io::Result<()> {
        for cell in cells {
            self.0.write_field(cell.as_ref()).map_err(unwrapped)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(unwrapped)
    }

    /// Writes out what is left.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The writer's own error: wrapped, a closed pipe would not be known as one.
fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
