//! Tables for people: they never cut an id or a number, and fit the terminal by leaving columns out.

use std::borrow::Cow;

use comfy_table::presets;
use comfy_table::{ColumnConstraint, ContentArrangement, Table as ComfyTable, Width};

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
    pub told: Option<Wording>,
    /// Whether it is a moment, which a list at a terminal shows as an age.
    pub is_moment: bool,
}

/// A value in a person's words, from the value (none when it is null or absent) and its whole record.
pub type Wording = fn(value: Option<&str>, record: &str) -> &'static str;

impl Column {
    /// A column that a table shows unasked; rank 0 is the last to go.
    pub const fn shown(key: &'static str, title: &'static str, rank: u8, solid: bool) -> Self {
        Self { key, title, rank: Some(rank), solid, told: None, is_moment: false }
    }

    /// The same column, told in a person's words where a table shows it.
    pub const fn told(self, told: Wording) -> Self {
        Self { told: Some(told), ..self }
    }

    /// The same column, a moment: which a list at a terminal shows as an age.
    pub const fn moment(self) -> Self {
        Self { is_moment: true, ..self }
    }

    /// A column that only `--fields` and csv show.
    pub const fn on_request(key: &'static str, title: &'static str) -> Self {
        Self { key, title, rank: None, solid: false, told: None, is_moment: false }
    }
}

/// A column of one run: what `--fields` named, or a [`Column`] that is shown unasked.
#[derive(Debug, Clone)]
pub struct ChosenColumn {
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
    pub told: Option<Wording>,
    /// As a [`Column`]'s.
    pub is_moment: bool,
}

impl ChosenColumn {
    /// A field that no column foresaw, somewhere in an object; somebody asked for it.
    pub fn nested(name: &str) -> Self {
        let title = sanitize::line(name).to_uppercase();
        let (key, json_key) = (name.to_owned(), json_key(name));
        Self { key, json_key, title, rank: Some(0), solid: false, told: None, is_moment: false }
    }
}

impl From<&Column> for ChosenColumn {
    fn from(column: &Column) -> Self {
        let Column { key, title, rank, solid, told, is_moment } = *column;
        let (json_key, title) = (json_key(key), title.to_owned());
        Self { key: key.to_owned(), json_key, title, rank, solid, told, is_moment }
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
    /// Whether there are headings at all.
    pub headings: bool,
}

/// Rows of cells under columns.
#[derive(Debug)]
pub struct Table {
    columns: Vec<ChosenColumn>,
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
}

/// The narrowest that a column of free text is squeezed to.
const NARROWEST_TEXT: usize = 10;
/// A column of free text need not be wider than this.
const WIDE_TEXT: usize = 32;
/// One row may be broken over lines, and of many one in so many: that costs no other column its place.
const FEW: usize = 10;
/// What one column costs beside its text: a space on either side and a border.
const FRAME: usize = 3;

impl Table {
    /// An empty table.
    pub fn new(columns: Vec<ChosenColumn>) -> Self {
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

    /// How wide a column should be: text so that few rows are broken over lines.
    fn need(&self, at: usize) -> usize {
        let (Some(column), Some(widest)) = (self.columns.get(at), self.widths.get(at)) else { return 0 };
        if column.solid {
            return *widest;
        }
        let mut widths: Vec<usize> = self.rows.iter().map(|row| row.get(at).map_or(0, |cell| width(cell))).collect();
        widths.sort_unstable_by(|one, other| other.cmp(one));
        let most = widths.get((widths.len() + FEW - 2) / FEW).copied().unwrap_or(0);
        most.min(WIDE_TEXT).max(width(&column.title))
    }

    /// The columns that fit, in their order, and how wide each is: the dearest come first.
    fn fitting(&self, width: Option<u16>) -> Vec<(usize, usize)> {
        let all = 0..self.columns.len();
        let Some(width) = width.map(usize::from) else { return all.zip(self.widths.iter().copied()).collect() };
        // A column that nobody chose and that says nothing only takes room.
        let mut all: Vec<(usize, usize)> = all.filter(|at| !self.is_idle(*at)).map(|at| (at, self.need(at))).collect();
        let taken = |kept: &[(usize, usize)]| kept.iter().map(|(_, wide)| wide + FRAME).sum::<usize>() + 1;
        // What was asked for stays: all of that has rank 0.
        let dearness = |at: usize| self.columns.get(at).and_then(|column| column.rank).unwrap_or(0);
        all.sort_by_key(|(at, _)| dearness(*at));
        let mut kept = Vec::new();
        for (at, wide) in all {
            if kept.is_empty() || dearness(at) == 0 || taken(&kept) + wide + FRAME <= width {
                kept.push((at, wide));
            }
        }
        kept.sort_unstable();
        let is_text = |at: usize| self.columns.get(at).is_some_and(|column| !column.solid);
        // Too much was asked for: the widest texts are squeezed.
        for _ in width..taken(&kept) {
            let texts = kept.iter_mut().filter(|(at, wide)| is_text(*at) && *wide > NARROWEST_TEXT);
            let Some((_, wide)) = texts.max_by_key(|(_, wide)| *wide) else { break };
            *wide -= 1;
        }
        // What is left belongs to the texts that are longer.
        let mut left = width.saturating_sub(taken(&kept));
        for (at, wide) in &mut kept {
            let more = self.widths.get(*at).map_or(0, |widest| widest.saturating_sub(*wide)).min(left);
            (*wide, left) = (*wide + more, left - more);
        }
        kept
    }

    /// The table as text, a line break at its end; also the headings of the columns that it left out.
    pub fn render(self, look: Look) -> (String, Vec<String>) {
        let kept = self.fitting(look.width);
        let is_kept = |at: &usize| kept.iter().any(|(kept, _)| kept == at);
        let left_out = (0..self.columns.len()).filter(|at| !is_kept(at) && !self.is_idle(*at));
        let left_out = left_out.filter_map(|at| self.columns.get(at)).map(|column| column.title.clone()).collect();
        let columns: Vec<&ChosenColumn> = kept.iter().filter_map(|(at, _)| self.columns.get(*at)).collect();
        let mut table = ComfyTable::new();
        if look.headings {
            table.set_header(columns.iter().map(|column| &column.title));
        }
        for mut row in self.rows {
            table.add_row(kept.iter().map(|(at, _)| row.get_mut(*at).map(std::mem::take).unwrap_or_default()));
        }
        frame(&mut table, look, |at| {
            let (wide, is_solid) = (kept.get(at)?.1, columns.get(at)?.solid);
            Some(if is_solid { ColumnConstraint::ContentWidth } else { absolute(wide) })
        });
        // The heading is the first line, or the one below the border.
        let heading = usize::from(look.width.is_some());
        let lines = table.lines().enumerate().map(|(at, line)| {
            let line = line.trim_end();
            let is_bold = look.bold && look.headings && at == heading;
            if is_bold { format!("\u{1b}[1m{line}\u{1b}[0m\n") } else { format!("{line}\n") }
        });
        (lines.collect(), left_out)
    }
}

/// So many columns of text, with a space on either side.
fn absolute(wide: usize) -> ColumnConstraint {
    ColumnConstraint::Absolute(Width::Fixed(u16::try_from(wide + 2).unwrap_or(u16::MAX)))
}

/// One record, a field a line; empty fields are left out.
pub fn record<'a>(fields: impl IntoIterator<Item = (&'a ChosenColumn, Cow<'a, str>)>, look: Look) -> String {
    let mut table = ComfyTable::new();
    for (field, value) in fields {
        if !value.is_empty() {
            table.add_row([field.title.as_str(), &sanitize::line(&value)]);
        }
    }
    frame(&mut table, look, |at| (at == 0).then_some(ColumnConstraint::ContentWidth));
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Borders and wrapping on a terminal; elsewhere two spaces between columns and lines as long as they are.
fn frame(table: &mut ComfyTable, look: Look, constraint: impl Fn(usize) -> Option<ColumnConstraint>) {
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
        // Nothing is broken where no terminal bounds it.
        if let Some(constraint) = constraint(at).filter(|_| look.width.is_some()) {
            column.set_constraint(constraint);
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
        let mut table = Table::new(columns.iter().map(ChosenColumn::from).collect());
        for name in names {
            table.push(["+14155550123".to_owned(), (*name).to_owned(), ID.to_owned()]);
        }
        table
    }

    #[test]
    fn a_pipe_gets_plain_columns_of_any_length() {
        let (text, left_out) = users(&["Ada", "山田"]).render(Look { width: None, bold: false, headings: true });
        assert!(left_out.is_empty());
        assert_eq!(
            text,
            format!("PHONE         FIRST NAME  ID\n+14155550123  Ada         {ID}\n+14155550123  山田        {ID}\n")
        );
    }

    #[test]
    fn a_narrow_terminal_loses_columns_but_never_a_piece_of_an_id() {
        for width in 20..130 {
            let (text, left_out) = users(&["Ada Augusta King, Countess of Lovelace"]).render(Look {
                width: Some(width),
                bold: false,
                headings: true,
            });
            assert!(text.contains("+14155550123"), "{width}:\n{text}");
            assert_eq!(left_out.iter().any(|title| title == "ID"), !text.contains(ID), "{width}:\n{text}");
            let widest = text.lines().map(console::measure_text_width).max();
            assert!(widest <= Some(usize::from(width)), "{width}:\n{text}");
        }
    }

    #[test]
    fn a_text_of_common_length_is_not_broken_and_a_rare_long_one_costs_no_column() {
        let columns = [
            Column::shown("phoneNumber", "PHONE", 0, true),
            Column::shown("email", "EMAIL", 2, false),
            Column::shown("id", "ID", 1, true),
        ];
        let table = |emails: &[&str]| {
            let mut table = Table::new(columns.iter().map(ChosenColumn::from).collect());
            for email in emails {
                table.push(["+14155550123".to_owned(), (*email).to_owned(), ID.to_owned()]);
            }
            table
        };
        let lines = |emails: &[&str], width| {
            let (text, left_out) = table(emails).render(Look { width: Some(width), bold: false, headings: true });
            (text.lines().count() - 4, left_out)
        };
        let emails = ["ada@example.test"; 30];
        for width in 20..130 {
            let (rows, left_out) = lines(&emails, width);
            assert_eq!(rows, 30, "{width}");
            // Where there is no room for the dearer one, there may be for this.
            let has_room = (1 + 15 + 19..1 + 15 + 39).contains(&width) || width >= 1 + 15 + 39 + 19;
            assert_eq!(left_out.contains(&"EMAIL".to_owned()), !has_room, "{width}");
        }
        let mut emails = emails;
        emails[7] = "augusta.ada.king.countess.of.lovelace@example.test";
        assert_eq!(lines(&emails, 80), (32, Vec::new()));
        assert_eq!(lines(&emails, 120), (30, Vec::new()), "there is room for all of it");
    }

    #[test]
    fn headings_can_be_left_out() {
        let plain = users(&["Ada"]).render(Look { width: None, bold: true, headings: false }).0;
        assert_eq!(plain, format!("+14155550123  Ada  {ID}\n"));
        let framed = users(&["Ada"]).render(Look { width: Some(80), bold: true, headings: false }).0;
        assert_eq!((framed.lines().count(), framed.contains("PHONE")), (3, false), "{framed}");
    }

    #[test]
    fn a_column_without_a_word_gives_its_room_to_others() {
        let (text, left_out) = users(&["", ""]).render(Look { width: Some(60), bold: false, headings: true });
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
        let (text, _) = users(&names).render(Look { width: Some(100), bold: false, headings: true });
        let widths: Vec<usize> = text.lines().map(console::measure_text_width).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{ad}']));
    }
}
