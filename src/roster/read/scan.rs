//! CSV records, with what a plain parser forgets: where each cell begins, and whether a quotation mark swallows rows.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

use super::phone;
use super::text::line_breaks;
use crate::model::blank::is_blank;

/// A cell of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Its text, without the quotation marks around it.
    pub text: Cow<'a, str>,
    /// The line on which it begins, counted from 1.
    pub line: u32,
    /// Whether it stood in quotation marks.
    pub quoted: bool,
}

/// What a quotation mark did that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stray {
    /// Text stands behind the closing one.
    TextBehind,
    /// It is never closed.
    NeverClosed,
    /// It is closed on this line, and what stands between are rows.
    ClosedOn(u32),
}

/// A stray quotation mark, and where it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayQuote {
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: usize,
    /// What it did.
    pub stray: Stray,
}

/// Walks over the records of a text.
#[derive(Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The line of `at`.
    line: u32,
    separator: u8,
    /// How many columns the header names; 0 while it is unknown.
    columns: usize,
}

/// What ends a cell.
enum End {
    Separator,
    Record,
}

impl<'a> Scanner<'a> {
    /// A scanner from an offset on.
    pub fn new(text: &'a str, start: usize, separator: u8) -> Self {
        let line = 1 + text.get(..start).map_or(0, line_breaks);
        Self { text, at: start, line, separator, columns: 0 }
    }

    /// Tells how many columns a row has. Until then no cell may hold a line break: no name does.
    pub fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Reads the next record into `cells`; blank lines are records of one empty cell. Its line, or none at the end.
    ///
    /// # Errors
    /// A stray quotation mark: the next record is then looked for on the line after it, so that every row is looked at,
    /// and each line twice at most.
    pub fn next(&mut self, cells: &mut Vec<Cell<'a>>) -> Option<Result<u32, StrayQuote>> {
        cells.clear();
        if self.at >= self.text.len() {
            return None;
        }
        let line = self.line;
        loop {
            let (start, start_line) = (self.at, self.line);
            match self.cell(cells) {
                Ok(End::Separator) => {}
                Ok(End::Record) => return Some(Ok(line)),
                Err(stray) => {
                    (self.at, self.line) = (start, start_line);
                    self.skip_line();
                    return Some(Err(StrayQuote { line: start_line, column: cells.len() + 1, stray }));
                }
            }
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn cell(&mut self, cells: &mut Vec<Cell<'a>>) -> Result<End, Stray> {
        let (rest, line) = (self.rest(), self.line);
        let (text, quoted) = match rest.strip_prefix('"').or_else(|| self.past_blanks(rest).strip_prefix('"')) {
            Some(inside) => {
                self.at = self.text.len() - inside.len();
                (self.quoted()?, true)
            }
            None => {
                let end = memchr3(self.separator, b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
                self.at += end;
                (Cow::Borrowed(&rest[..end]), false)
            }
        };
        cells.push(Cell { text, line, quoted });
        if self.rest().as_bytes().first() == Some(&self.separator) {
            self.at += 1;
            return Ok(End::Separator);
        }
        self.line_break();
        Ok(End::Record)
    }

    /// Blanks around the quotation marks belong to nobody.
    fn past_blanks(&self, text: &'a str) -> &'a str {
        let separator = char::from(self.separator);
        text.trim_start_matches(|c| is_blank(c) && c != separator && !matches!(c, '\n' | '\r'))
    }

    /// Reads on behind an opening quotation mark.
    fn quoted(&mut self) -> Result<Cow<'a, str>, Stray> {
        let inside = self.rest();
        let mut end = 0;
        let mut escaped = false;
        loop {
            end += memchr(b'"', &inside.as_bytes()[end..]).ok_or(Stray::NeverClosed)?;
            if inside.as_bytes().get(end + 1) != Some(&b'"') {
                break;
            }
            (end, escaped) = (end + 2, true);
        }
        let text = &inside[..end];
        let breaks = line_breaks(text);
        let behind = self.past_blanks(&inside[end + 1..]);
        let is_end = |b: &u8| *b == self.separator || matches!(b, b'\n' | b'\r');
        let ends = behind.as_bytes().first().is_none_or(is_end);
        if breaks > 0 && (!ends || self.holds_rows(text, breaks)) {
            return Err(Stray::ClosedOn(self.line + breaks));
        }
        if !ends {
            return Err(Stray::TextBehind);
        }
        (self.at, self.line) = (self.text.len() - behind.len(), self.line + breaks);
        Ok(if escaped { Cow::Owned(text.replace("\"\"", "\"")) } else { Cow::Borrowed(text) })
    }

    /// Whether a text over several lines is made of rows. One that swallows a row has all its separators: two rows
    /// that become one with the right number of cells have the others' within a cell.
    fn holds_rows(&self, text: &str, breaks: u32) -> bool {
        let Some(each) = self.columns.checked_sub(1) else { return true };
        let separators = memchr::memchr_iter(self.separator, text.as_bytes()).count();
        let wanted = each.max(1).saturating_mul(usize::try_from(breaks).unwrap_or(usize::MAX));
        // A row may be short of cells, too; but it begins or ends somewhere with a phone number of its own.
        separators >= wanted
            || text.split(['\n', '\r']).skip(1).any(|line| line.split(char::from(self.separator)).any(phone::is_likely))
    }

    /// Steps over a line break, if one stands here.
    fn line_break(&mut self) {
        let rest = self.rest();
        let length = match rest.as_bytes() {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return,
        };
        (self.at, self.line) = (self.at + length, self.line + 1);
    }

    /// Goes to the next line.
    fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
        self.line_break();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every record of a text under a header of so many columns: its line and cells, or its stray quotation mark.
    fn records(text: &str, columns: usize) -> Vec<Result<(u32, Vec<String>), StrayQuote>> {
        let mut scanner = Scanner::new(text, 0, b',');
        scanner.set_columns(columns);
        let (mut cells, mut all) = (Vec::new(), Vec::new());
        while let Some(record) = scanner.next(&mut cells) {
            let texts = || cells.iter().map(|cell| cell.text.clone().into_owned()).collect();
            all.push(record.map(|line| (line, texts())));
        }
        all
    }

    fn row(line: u32, cells: &[&str]) -> Result<(u32, Vec<String>), StrayQuote> {
        Ok((line, cells.iter().map(|cell| (*cell).to_owned()).collect()))
    }

    fn stray(line: u32, column: usize, stray: Stray) -> Result<(u32, Vec<String>), StrayQuote> {
        Err(StrayQuote { line, column, stray })
    }

    #[test]
    fn cells_are_split_and_quotation_marks_taken_off() {
        assert_eq!(
            records("a,b\r\n\n\"x, \"\"y\"\"\", \"z\" \rlast,", 2),
            [row(1, &["a", "b"]), row(2, &[""]), row(3, &["x, \"y\"", "z"]), row(4, &["last", ""]),]
        );
        assert_eq!(records("5\" nail,Bob \"B\" Hope\n", 2), [row(1, &["5\" nail", "Bob \"B\" Hope"])]);
        assert_eq!(records("", 2), []);
    }

    #[test]
    fn a_line_break_in_a_cell_is_kept_and_counted() {
        assert_eq!(records("1,\"a\r\nb\"\n2,c", 2), [row(1, &["1", "a\r\nb"]), row(3, &["2", "c"])]);
        assert_eq!(records("\"a\nb\"", 0), [stray(1, 1, Stray::ClosedOn(2)), row(2, &["b\""])], "not in a header");
    }

    #[test]
    fn a_stray_quotation_mark_takes_no_row_along() {
        // Opened and closed rows later, in the same column and in an earlier one.
        assert_eq!(
            records("1,\"a\n2,b\n3,c\"\n4,d", 2),
            [stray(1, 2, Stray::ClosedOn(3)), row(2, &["2", "b"]), row(3, &["3", "c\""]), row(4, &["4", "d"]),]
        );
        assert_eq!(
            records("\"a,1\nb\",2\nc,3", 2),
            [stray(1, 1, Stray::ClosedOn(2)), row(2, &["b\"", "2"]), row(3, &["c", "3"])]
        );
        // Closed where the next one opens.
        assert_eq!(
            records("1,\"a\n2,\"b\n3,c", 2),
            [stray(1, 2, Stray::ClosedOn(2)), stray(2, 2, Stray::NeverClosed), row(3, &["3", "c"]),]
        );
        // A row that is short of cells.
        assert_eq!(records("1,\"a\n+14155550101\n\",\n", 3)[0], stray(1, 2, Stray::ClosedOn(3)));
        assert_eq!(records("1,\"a\"b\",x\n2,\"c\"", 3), [stray(1, 2, Stray::TextBehind), row(2, &["2", "c"])]);
    }
}
