//! Tables for people: they never cut an id or a number, and fit the terminal by leaving columns out.

use std::borrow::Cow;

use comfy_table::presets;
use comfy_table::{ColumnConstraint, ContentArrangement, Table as ComfyTable};

use unicode_segmentation::UnicodeSegmentation as _;

use super::sanitize;

/// A column: a field of the API, and how a table treats it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The API's name, also what `--fields` takes. A dot reaches into an object.
    pub key: &'static str,
    /// The heading in a table.
    pub title: &'static str,
    /// Whether a table shows it unasked, and how dearly: on a narrow terminal the highest rank goes first.
    pub rank: Option<u8>,
    /// Ids, numbers and times are never broken over lines.
    pub solid: bool,
    /// How a table tells the value to a person, where the value itself says too little.
    pub told: Option<Told>,
}

/// A value in a person's words, from the value (none when it is null or absent) and its whole record.
pub type Told = fn(value: Option<&str>, record: &str) -> &'static str;

impl Column {
    /// A column that a table shows unasked; rank 0 is the last to go.
    pub const fn shown(key: &'static str, title: &'static str, rank: u8, solid: bool) -> Self {
        Self { key, title, rank: Some(rank), solid, told: None }
    }

    /// The same column, told in a person's words where a table shows it.
    pub const fn told(self, told: Told) -> Self {
        Self { told: Some(told), ..self }
    }

    /// A column that only `--fields` and csv show.
    pub const fn on_request(key: &'static str, title: &'static str) -> Self {
        Self { key, title, rank: None, solid: false, told: None }
    }
}

/// A column of one run: what `--fields` named, or a [`Column`] that is shown unasked.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name as it was typed; a dot reaches into an object.
    pub key: String,
    /// The name as a key of a JSON object, with its quotes.
    pub json_key: String,
    /// The heading in a table.
    pub title: String,
    /// As a [`Column`]'s.
    pub rank: Option<u8>,
    /// As a [`Column`]'s.
    pub solid: bool,
    /// As a [`Column`]'s.
    pub told: Option<Told>,
}

impl Field {
    /// A field that no column foresaw, somewhere in an object; somebody asked for it.
    pub fn nested(name: &str) -> Self {
        let title = sanitize::line(name).to_uppercase();
        Self { key: name.to_owned(), json_key: json_key(name), title, rank: Some(0), solid: false, told: None }
    }
}

impl From<&Column> for Field {
    fn from(column: &Column) -> Self {
        let Column { key, title, rank, solid, told } = *column;
        Self { key: key.to_owned(), json_key: json_key(key), title: title.to_owned(), rank, solid, told }
    }
}

fn json_key(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

/// The columns of a screen that a text takes; every layout asks here.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { console::measure_text_width(text) }
}

/// A text's characters as people count them: each with what joins it, none of them apart.
pub fn clusters(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.graphemes(true)
}

/// How a table may look where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The terminal's columns; none when it is no terminal, and then there are no borders.
    pub width: Option<u16>,
    /// Whether headings may be bold.
    pub bold: bool,
}

/// Rows of cells under columns.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Field>,
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
}

/// The narrowest that a column of free text is squeezed to.
const NARROWEST_TEXT: usize = 10;
/// What one column costs beside its text: a space on either side and a border.
const FRAME: usize = 3;

impl Table {
    /// An empty table.
    pub fn new(columns: Vec<Field>) -> Self {
        let widths = columns.iter().map(|column| width(&column.title)).collect();
        Self { columns, rows: Vec::new(), widths }
    }

    /// Adds a row; its cells are cleaned of what could drive a terminal.
    pub fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().map(|cell| sanitize::line(&cell).into_owned()).collect();
        for (widest, cell) in self.widths.iter_mut().zip(&cells) {
            *widest = (*widest).max(width(cell));
        }
        self.rows.push(cells);
    }

    /// Whether nobody chose this column and no row has anything in it.
    fn is_idle(&self, at: usize) -> bool {
        let is_unchosen = self.columns.get(at).is_some_and(|column| column.rank != Some(0));
        is_unchosen && !self.rows.is_empty() && self.rows.iter().all(|row| row.get(at).is_none_or(String::is_empty))
    }

    /// The columns that fit, in their order: the least dear go first, the first column stays.
    fn fitting(&self, width: Option<u16>) -> Vec<usize> {
        let mut kept: Vec<usize> = (0..self.columns.len()).collect();
        let Some(width) = width else { return kept };
        // A column that nobody chose and that says nothing only takes room.
        kept.retain(|at| !self.is_idle(*at));
        let needs = |at: &usize| match (self.columns.get(*at), self.widths.get(*at)) {
            (Some(column), Some(width)) if column.solid => *width,
            (_, Some(width)) => (*width).min(NARROWEST_TEXT),
            _ => 0,
        };
        while kept.len() > 1 && kept.iter().map(|at| needs(at) + FRAME).sum::<usize>() + 1 > usize::from(width) {
            let dearness = |at: &usize| self.columns.get(*at).and_then(|column| column.rank).unwrap_or(0);
            // Of equals the last goes; asked-for columns (all of rank 0 then) are dropped by nobody.
            let Some(least) = kept.iter().copied().max_by_key(dearness).filter(|at| dearness(at) > 0) else { break };
            kept.retain(|at| *at != least);
        }
        kept
    }

    /// The table as text, a line break at its end; also the headings of the columns that it left out.
    pub fn render(self, look: Look) -> (String, Vec<String>) {
        let kept = self.fitting(look.width);
        let left_out = (0..self.columns.len()).filter(|at| !kept.contains(at) && !self.is_idle(*at));
        let left_out = left_out.filter_map(|at| self.columns.get(at)).map(|column| column.title.clone()).collect();
        let columns: Vec<&Field> = kept.iter().filter_map(|at| self.columns.get(*at)).collect();
        let mut table = ComfyTable::new();
        table.set_header(columns.iter().map(|column| &column.title));
        for mut row in self.rows {
            table.add_row(kept.iter().map(|at| row.get_mut(*at).map(std::mem::take).unwrap_or_default()));
        }
        frame(&mut table, look, |at| columns.get(at).is_some_and(|column| column.solid));
        // The heading is the first line, or the one below the border.
        let heading = usize::from(look.width.is_some());
        let lines = table.lines().enumerate().map(|(at, line)| {
            let line = line.trim_end();
            if look.bold && at == heading { format!("\u{1b}[1m{line}\u{1b}[0m\n") } else { format!("{line}\n") }
        });
        (lines.collect(), left_out)
    }
}

/// One record, a field a line; empty fields are left out.
pub fn record<'a>(fields: impl IntoIterator<Item = (&'a Field, Cow<'a, str>)>, look: Look) -> String {
    let mut table = ComfyTable::new();
    for (field, value) in fields {
        if !value.is_empty() {
            table.add_row([field.title.as_str(), &sanitize::line(&value)]);
        }
    }
    frame(&mut table, look, |at| at == 0);
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Borders and wrapping on a terminal; elsewhere two spaces between columns and lines as long as they are.
fn frame(table: &mut ComfyTable, look: Look, is_solid: impl Fn(usize) -> bool) {
    match look.width {
        Some(width) => {
            table.load_style(presets::UTF8_FULL_CONDENSED);
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        None => {
            table.load_style(presets::NOTHING);
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        if look.width.is_none() {
            column.set_padding((0, 2));
        }
        if is_solid(at) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";

    fn users(names: &[&str]) -> Table {
        let columns = [
            Column::shown("phoneNumber", "PHONE", 0, true),
            Column::shown("firstName", "FIRST NAME", 1, false),
            Column::shown("id", "ID", 2, true),
        ];
        let mut table = Table::new(columns.iter().map(Field::from).collect());
        for name in names {
            table.push(["+14155550123".to_owned(), (*name).to_owned(), ID.to_owned()]);
        }
        table
    }

    #[test]
    fn a_pipe_gets_plain_columns_of_any_length() {
        let (text, left_out) = users(&["Ada", "山田"]).render(Look { width: None, bold: false });
        assert!(left_out.is_empty());
        assert_eq!(
            text,
            format!("PHONE         FIRST NAME  ID\n+14155550123  Ada         {ID}\n+14155550123  山田        {ID}\n")
        );
    }

    #[test]
    fn a_narrow_terminal_loses_columns_but_never_a_piece_of_an_id() {
        for width in 20..130 {
            let (text, left_out) =
                users(&["Ada Augusta King, Countess of Lovelace"]).render(Look { width: Some(width), bold: false });
            assert!(text.contains("+14155550123"), "{width}:\n{text}");
            assert_eq!(left_out.iter().any(|title| title == "ID"), !text.contains(ID), "{width}:\n{text}");
            let widest = text.lines().map(console::measure_text_width).max();
            assert!(widest <= Some(usize::from(width)), "{width}:\n{text}");
        }
    }

    #[test]
    fn a_column_without_a_word_gives_its_room_to_others() {
        let (text, left_out) = users(&["", ""]).render(Look { width: Some(60), bold: false });
        assert!(left_out.is_empty(), "{text}");
        assert!(text.contains(ID) && !text.contains("FIRST NAME"), "{text}");
    }

    #[test]
    fn wide_combining_and_invisible_characters_line_up() {
        let names = [
            "Ada",
            "山田",
            "e\u{301}",
            "\u{1b}[31mred",
            "👩\u{200d}💻👨\u{200d}👩\u{200d}👧\u{200d}👦",
            "❤\u{fe0f}👍🏽🇩🇪1\u{fe0f}\u{20e3}",
            "soft\u{ad}hyphen",
            "zero\u{200b}width\u{200c}\u{2060}",
            "نمی\u{200c}خواهم",
        ];
        let (text, _) = users(&names).render(Look { width: Some(100), bold: false });
        let widths: Vec<usize> = text.lines().map(console::measure_text_width).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{ad}']));
    }
}
