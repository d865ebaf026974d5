//! What is drawn of a question: drawn anew with every key, so that nothing of the last one stays, however often it was
//! broken over lines.

use std::ops::Range;

use crate::output::streams;
use crate::output::table::{clusters, width};
use crate::terminal::Asking;

const HIDE_CURSOR: &str = "\u{1b}[?25l";
const SHOW_CURSOR: &str = "\u{1b}[?25h";
/// To the beginning of the line, and nothing from there on.
const CLEAR_BELOW: &str = "\r\u{1b}[J";
/// Rows beside a list: its question, and one for a shell's prompt.
const MARGIN: usize = 2;

/// The part of the screen that a question takes.
#[derive(Debug, Default)]
pub struct Screen {
    /// The row of the cursor below the first one.
    row: usize,
    /// Rows from the cursor to the last one; none before anything is drawn.
    below: Option<usize>,
    hides_cursor: bool,
}

impl Screen {
    /// Lists are drawn without a cursor from now on.
    pub fn hide_cursor(&mut self) {
        self.hides_cursor = true;
    }

    /// Draws the question, the cursor between the two texts.
    pub fn draw(&mut self, before: &str, after: &str, asking: &Asking) {
        let Frame { text: frame, row, below } = frame(before, after, columns());
        let hide = if self.hides_cursor { HIDE_CURSOR } else { "" };
        // A stop may come before it is written: then it is drawn afterwards.
        asking.remember(&frame);
        streams::eprint_plain(&format!("{}{hide}{frame}", self.clear()));
        (self.row, self.below) = (row, Some(below));
    }

    /// Leaves a text where the question stood, the cursor below it.
    pub fn leave(&mut self, text: &str, asking: &Asking) {
        let show = if self.hides_cursor { SHOW_CURSOR } else { "" };
        asking.remember("");
        streams::eprint_plain(&format!("{}{text}{show}\n", self.clear()));
        (self.row, self.below, self.hides_cursor) = (0, None, false);
    }

    fn clear(&self) -> String {
        format!("{}{CLEAR_BELOW}", up(self.row))
    }
}

impl Drop for Screen {
    /// A question that was given up stands there as it was left, and what comes next on a line of its own.
    fn drop(&mut self) {
        if let Some(rows) = self.below {
            let down = if rows > 0 { format!("\u{1b}[{rows}B") } else { String::new() };
            let show = if self.hides_cursor { SHOW_CURSOR } else { "" };
            streams::eprint_plain(&format!("{down}{show}\n"));
        }
    }
}

fn columns() -> usize {
    usize::from(console::Term::stderr().size().1).max(1)
}

/// The part of a list that is shown, with the chosen item in it.
pub fn window(items: usize, chosen: usize) -> Range<usize> {
    let rows = usize::from(console::Term::stderr().size().0).saturating_sub(MARGIN).max(1);
    let start = (chosen + 1).saturating_sub(rows).min(items.saturating_sub(rows));
    start..items.min(start + rows)
}

fn up(rows: usize) -> String {
    if rows > 0 { format!("\u{1b}[{rows}A") } else { String::new() }
}

/// Two texts with the cursor between them.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    /// What draws them.
    text: String,
    /// The row of the cursor.
    row: usize,
    /// Rows from there to the last one.
    below: usize,
}

fn frame(before: &str, after: &str, columns: usize) -> Frame {
    let (row, column) = place((0, 0), before, columns);
    let end = place((row, column), after, columns);
    let (mut text, below) = (format!("{before}{after}"), end.0 - row);
    // A terminal waits behind the last column: only a line's end moves the cursor on for certain.
    if end.1 == 0 && end.0 > 0 && !text.ends_with('\n') {
        text.push('\n');
    }
    if !after.is_empty() {
        text += &format!("{}\r", up(below));
        if column > 0 {
            text += &format!("\u{1b}[{column}C");
        }
    }
    Frame { text, row, below }
}

/// Row and column behind a text that begins at such a place.
fn place(start: (usize, usize), text: &str, columns: usize) -> (usize, usize) {
    let plain = console::strip_ansi_codes(text);
    let (mut row, mut column) = start;
    for cluster in clusters(&plain) {
        if cluster == "\n" {
            (row, column) = (row + 1, 0);
            continue;
        }
        let wide = width(cluster);
        // What does not fit goes to the next line whole.
        if column + wide > columns {
            (row, column) = (row + 1, 0);
        }
        column += wide;
        if column >= columns {
            (row, column) = (row + 1, 0);
        }
    }
    (row, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_where_the_terminal_puts_it() {
        assert_eq!(place((0, 0), "abc", 10), (0, 3));
        assert_eq!(place((0, 0), "\u{1b}[31mab\u{1b}[0mc", 10), (0, 3), "colours take no room");
        assert_eq!(place((0, 0), "0123456789", 10), (1, 0));
        assert_eq!(place((0, 0), "0123456789\u{1b}[0m\nab", 10), (2, 2));
        assert_eq!(place((0, 0), "山田", 10), (0, 4));
        assert_eq!(place((0, 0), "012345678山", 10), (1, 2), "a wide one is not cut");
        assert_eq!(place((0, 3), "e\u{301}👩\u{200d}💻", 10), (0, 6));
    }

    #[test]
    fn the_cursor_goes_back_over_what_stands_behind_it() {
        let drawn = |before, after| {
            let Frame { text, row, below } = frame(before, after, 10);
            (text, row, below)
        };
        assert_eq!(drawn("ab", "山"), ("ab山\r\u{1b}[2C".to_owned(), 0, 0));
        assert_eq!(drawn("ab", ""), ("ab".to_owned(), 0, 0));
        assert_eq!(drawn("01234", "56789"), ("0123456789\n\u{1b}[1A\r\u{1b}[5C".to_owned(), 0, 1));
        assert_eq!(drawn("0123456789", ""), ("0123456789\n".to_owned(), 1, 0));
    }
}
