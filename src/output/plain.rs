//! A table where there is no terminal: no borders, columns two spaces apart, each line written as it is laid out.
//!
//! It keeps no rows: the first reading of the records measures them, the second one writes them.

use std::borrow::Cow;

use super::sanitize;
use super::table::{ChosenColumn, width};

/// What stands between two columns.
const GAP: usize = 2;

/// Columns and how wide they have to be.
#[derive(Debug)]
pub struct Plain<'a> {
    columns: &'a [ChosenColumn],
    widths: Vec<usize>,
}

impl<'a> Plain<'a> {
    /// Columns as wide as their headings, where those are shown.
    pub fn new(columns: &'a [ChosenColumn], has_headings: bool) -> Self {
        let wide = |column: &ChosenColumn| if has_headings { width(&column.title) } else { 0 };
        Self { columns, widths: columns.iter().map(wide).collect() }
    }

    /// Makes room for a row.
    pub fn measure(&mut self, cells: &[Cow<'_, str>]) {
        for (widest, cell) in self.widths.iter_mut().zip(cells) {
            *widest = (*widest).max(width(&sanitize::line(cell)));
        }
    }

    /// The headings, as a line.
    pub fn heading(&self) -> String {
        let mut line = String::new();
        self.lay_out(&mut line, self.columns.iter().map(|column| &column.title));
        line
    }

    /// Adds a row's line to `out`, its cells cleaned of what could drive a terminal.
    pub fn row(&self, out: &mut String, cells: &[Cow<'_, str>]) {
        self.lay_out(out, cells.iter().map(|cell| sanitize::line(cell)));
    }

    fn lay_out<C: AsRef<str>>(&self, out: &mut String, cells: impl Iterator<Item = C>) {
        let (start, mut owed) = (out.len(), 0);
        for (cell, widest) in cells.zip(&self.widths) {
            let cell = cell.as_ref();
            // Spaces are owed until something follows: behind the last cell they would be as many as the longest is wide.
            if !cell.is_empty() {
                out.extend(std::iter::repeat_n(' ', owed));
                out.push_str(cell);
                owed = 0;
            }
            owed += widest.saturating_sub(width(cell)) + GAP;
        }
        // No line ends with blanks.
        out.truncate(start + out[start..].trim_end().len());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::output::table::{Column, Look, Table};

    const COLUMNS: [Column; 3] = [
        Column::shown("phoneNumber", "PHONE", 0, true),
        Column::shown("firstName", "FIRST NAME", 1, false),
        Column::shown("id", "ID", 2, true),
    ];

    fn plain(rows: &[[String; 3]]) -> String {
        let rows: Vec<Vec<Cow<'_, str>>> = rows.iter().map(|row| row.iter().map(Cow::from).collect()).collect();
        let columns = COLUMNS.each_ref().map(ChosenColumn::from);
        let mut plain = Plain::new(&columns, true);
        rows.iter().for_each(|row| plain.measure(row));
        let mut text = plain.heading();
        rows.iter().for_each(|row| plain.row(&mut text, row));
        text
    }

    #[test]
    fn blanks_of_any_kind_stay_within_a_line_and_never_end_it() {
        let row = ["", "\u{a0}", "0"].map(str::to_owned);
        let blank = ["+1", "\u{a0}\u{3000}", " "].map(str::to_owned);
        assert_eq!(plain(&[row, blank]), "PHONE  FIRST NAME  ID\n       \u{a0}           0\n+1\n");
    }

    proptest! {
        #[test]
        fn it_looks_as_the_table_that_keeps_its_rows(rows in proptest::collection::vec(
            ["[+0-9]{0,12}", "\\PC{0,8}|[a-z 山é]{0,9}", "[a-f0-9-]{0,36}"],
            1..5,
        )) {
            let mut table = Table::new(COLUMNS.iter().map(ChosenColumn::from).collect());
            rows.iter().for_each(|row| table.push(row.clone()));
            prop_assert_eq!(plain(&rows), table.render(Look { width: None, bold: false, headings: true }).0);
        }
    }
}
