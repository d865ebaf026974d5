//! Help as it is written in the source, taken apart: behind a command's options, and in the topics. The terminal, the
//! manual and the tests that run the examples read the same text.

/// A part of a help text; blank lines stand between parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph, on one line.
    Prose(String),
    /// What stands beside its meaning: two blanks, a term, two blanks or a new line, and its text.
    Rows(Vec<(String, String)>),
    /// Commands that run as they stand, each with the lines that continue it.
    Examples(Vec<String>),
    /// Lines that stay as they are.
    Literal(Vec<String>),
}

/// What a paragraph begins with whose lines are commands.
const EXAMPLES: &str = "Examples:";
/// The widest term that has its text beside it.
const WIDEST_TERM: usize = 19;

/// Takes a text apart.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for part in text.split("\n\n").map(|part| part.trim_matches('\n')).filter(|part| !part.is_empty()) {
        // A paragraph may lead into indented lines without a blank one between.
        let lines: Vec<&str> = part.lines().collect();
        let start = lines.iter().position(|line| line.starts_with("  ")).unwrap_or(lines.len());
        let (prose, indented) = lines.split_at(start);
        let is_examples = prose == [EXAMPLES];
        if !prose.is_empty() && !is_examples {
            blocks.push(Block::Prose(prose.join(" ")));
        }
        if is_examples {
            blocks.push(Block::Examples(items(indented)));
        } else if !indented.is_empty() {
            blocks.push(rows(indented).unwrap_or_else(|| Block::Literal(unindented(indented))));
        }
    }
    blocks
}

fn unindented(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| line.strip_prefix("  ").unwrap_or(line).to_owned()).collect()
}

/// Lines of two blanks, each with the deeper ones below it.
fn items(lines: &[&str]) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in unindented(lines) {
        match items.last_mut().filter(|_| line.starts_with(' ')) {
            Some(item) => *item += &format!("\n{line}"),
            None => items.push(line),
        }
    }
    items
}

/// The terms and their texts, where every line is part of such a row.
fn rows(lines: &[&str]) -> Option<Block> {
    let row = |item: String| {
        let (head, more) = item.split_once('\n').unwrap_or((&item, ""));
        let (term, text) = head.split_once("  ").unwrap_or((head, ""));
        let words: Vec<&str> = text.split_whitespace().chain(more.split_whitespace()).collect();
        (!words.is_empty()).then(|| (term.to_owned(), words.join(" ")))
    };
    items(lines).into_iter().map(row).collect::<Option<Vec<_>>>().map(Block::Rows)
}

/// The commands of a text.
pub fn examples(text: &str) -> Vec<String> {
    let found = blocks(text).into_iter().filter_map(|block| match block {
        Block::Examples(commands) => Some(commands),
        _ => None,
    });
    found.flatten().collect()
}

/// The text with each paragraph on one line, for whoever wraps it.
pub fn unwrapped(text: &str) -> String {
    let is_prose = |line: &str| !line.is_empty() && !line.starts_with(' ') && line != EXAMPLES;
    let mut unwrapped = String::with_capacity(text.len());
    let mut goes_on = false;
    for line in text.lines() {
        if !unwrapped.is_empty() {
            unwrapped.push(if goes_on && is_prose(line) { ' ' } else { '\n' });
        }
        unwrapped.push_str(line);
        goes_on = is_prose(line);
    }
    unwrapped
}

/// Writes a text for so many columns, without a line's end behind it.
pub fn show(text: &str, width: usize) -> String {
    let show = |block: Block| match block {
        Block::Prose(text) => wrap(&text, "", width),
        Block::Rows(rows) => show_rows(&rows, width),
        Block::Examples(commands) => format!("{EXAMPLES}\n{}", indent(commands.iter().flat_map(|item| item.lines()))),
        Block::Literal(lines) => indent(lines.iter().map(String::as_str)),
    };
    blocks(text).into_iter().map(show).collect::<Vec<_>>().join("\n\n")
}

fn indent<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn show_rows(rows: &[(String, String)], width: usize) -> String {
    let terms = rows.iter().map(|(term, _)| term.chars().count()).filter(|length| *length <= WIDEST_TERM);
    let column = terms.max().map_or(6, |widest| widest + 4);
    let margin = " ".repeat(column);
    let show = |(term, text): &(String, String)| {
        let text = wrap(text, &margin, width);
        let length = term.chars().count();
        if length <= WIDEST_TERM {
            format!("  {term}{}", &text[length.saturating_add(2).min(text.len())..])
        } else {
            format!("{}\n{text}", wrap(term, "  ", width))
        }
    };
    rows.iter().map(show).collect::<Vec<_>>().join("\n")
}

/// Breaks a text at its blanks into lines of so many columns, each behind the margin.
fn wrap(text: &str, margin: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => *line += &format!(" {word}"),
            _ => lines.push(format!("{margin}{word}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
A paragraph of
two lines:
  a, b
  c

  KEY      its text
           goes on
  A_VERY_LONG_TERM, ANOTHER
           below

Examples:
  spectrum one \\
      --flag
  two | three

The end.
";

    #[test]
    fn a_text_is_taken_apart() {
        let row = |term: &str, text: &str| (term.to_owned(), text.to_owned());
        assert_eq!(
            blocks(TEXT),
            [
                Block::Prose("A paragraph of two lines:".to_owned()),
                Block::Literal(vec!["a, b".to_owned(), "c".to_owned()]),
                Block::Rows(vec![row("KEY", "its text goes on"), row("A_VERY_LONG_TERM, ANOTHER", "below")]),
                Block::Examples(vec!["spectrum one \\\n    --flag".to_owned(), "two | three".to_owned()]),
                Block::Prose("The end.".to_owned()),
            ]
        );
        assert_eq!(examples(TEXT).len(), 2);
    }

    #[test]
    fn a_text_fits_its_terminal() {
        assert_eq!(
            show(TEXT, 16),
            "A paragraph of\ntwo lines:\n\n  a, b\n  c\n\n  KEY  its text\n       goes on\n  A_VERY_LONG_TERM,\n  ANOTHER\n       below\n\nExamples:\n  spectrum one \\\n      --flag\n  two | three\n\nThe end."
        );
        assert!(unwrapped(TEXT).starts_with("A paragraph of two lines:\n  a, b\n  c\n\n  KEY      its text\n"));
    }
}
