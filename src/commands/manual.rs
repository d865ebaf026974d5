//! A page of the manual, written from the grammar and from the texts of the help.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::help::topic;
use crate::verbs::help_text::{self, Block};

/// Introduces, in a text behind the options, what goes under EXIT STATUS.
const EXIT_CODES: &str = "Exit codes: ";

/// The page of a command of a built grammar; `path` is its words.
pub fn page(command: &Command, path: &[&str], version: &str) -> String {
    let name = path.join("-");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut page =
        ManualPage(format!(".TH \"{}\" 1 \"\" \"spectrum {version}\" \"\"\n.nh\n.ad l\n", name.to_uppercase()));
    page.heading("NAME");
    page.line(&format!("{} \\- {}", escape(&name), escape(&about)));
    page.heading("SYNOPSIS");
    page.line(&synopsis(command, path));
    page.heading("DESCRIPTION");
    page.text(&format!("{}.", command.get_long_about().map(ToString::to_string).unwrap_or(about)));
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut exits = None;
    for block in help_text::blocks(&text) {
        match block {
            Block::Prose(text) => match text.split_once(EXIT_CODES) {
                Some((before, codes)) => {
                    page.paragraph(before.trim_end());
                    exits = Some(codes.to_owned());
                }
                None => page.paragraph(&text),
            },
            Block::Examples(_) => {}
            other => page.block(other),
        }
    }
    if command.has_subcommands() {
        page.heading("COMMANDS");
        for sub in command.get_subcommands() {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            page.row(&bold(sub.get_name()), &format!("{about}{}", aliases(sub)));
        }
    }
    let shown = |arg: &&Arg| arg.is_global_set() || !arg.is_hide_set();
    let all: Vec<&Arg> = command.get_arguments().filter(shown).collect();
    let mut headings = vec![None];
    for arg in &all {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    // The global ones stand last.
    headings.sort_by_key(|heading| all.iter().any(|arg| arg.is_global_set() && arg.get_help_heading() == *heading));
    for heading in headings {
        page.heading(&heading.unwrap_or("OPTIONS").to_uppercase());
        let (places, flags): (Vec<&Arg>, Vec<&Arg>) =
            all.iter().filter(|arg| arg.get_help_heading() == heading).partition(|arg| arg.is_positional());
        for arg in places.into_iter().chain(flags) {
            page.row(&head(arg), &description(arg));
        }
    }
    page.heading("EXIT STATUS");
    if let Some(codes) = exits {
        page.text(&format!("Here in particular: {codes}"));
    }
    page.rows_of("exit-codes");
    page.heading("ENVIRONMENT");
    page.rows_of("environment");
    page.heading("FILES");
    page.rows_of("files");
    let examples = help_text::examples(&text);
    if !examples.is_empty() {
        page.heading("EXAMPLES");
        for example in examples {
            page.literal(example.lines());
        }
    }
    page.heading("SEE ALSO");
    page.line(&see_also(command, path));
    page.0
}

/// The pages above, below and beside a command.
fn see_also(command: &Command, path: &[&str]) -> String {
    let mut names = Vec::new();
    if let Some((_, parent)) = path.split_last().filter(|(_, parent)| !parent.is_empty()) {
        names.push(parent.join("-"));
    }
    names.extend(command.get_subcommands().map(|sub| format!("{}-{}", path.join("-"), sub.get_name())));
    let pages = names.iter().map(|name| format!("{}(1)", bold(name)));
    pages.chain([bold("spectrum help")]).collect::<Vec<_>>().join(", ")
}

fn aliases(command: &Command) -> String {
    let names: Vec<&str> = command.get_visible_aliases().collect();
    if names.is_empty() { String::new() } else { format!(" (also: {})", names.join(", ")) }
}

/// A command line with every option of the command's own, each kept on one line.
fn synopsis(command: &Command, path: &[&str]) -> String {
    let mut words = vec![bold(&path.join(" ")).replace(' ', "\\ ")];
    let own = || command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_global_set());
    let mut add = |word: String, is_required: bool| {
        let word = word.replace(' ', "\\ ");
        words.push(if is_required { word } else { format!("[{word}]") });
    };
    for arg in own().filter(|arg| !arg.is_positional() && !matches!(arg.get_id().as_str(), "help" | "version")) {
        let name = arg.get_long().map(|long| format!("--{long}")).or(arg.get_short().map(|short| format!("-{short}")));
        let many = if matches!(arg.get_action(), clap::ArgAction::Append) { "..." } else { "" };
        add(format!("{}{}{many}", bold(&name.unwrap_or_default()), value(arg)), arg.is_required_set());
    }
    for arg in own().filter(|arg| arg.is_positional()) {
        let dashes = if arg.is_last_set() { "\\-\\- " } else { "" };
        add(format!("{dashes}{}", place(arg)), arg.is_required_set());
    }
    if command.has_subcommands() {
        add(italic("COMMAND"), true);
    }
    words.join(" ")
}

/// The names of an argument, with what follows them.
fn head(arg: &Arg) -> String {
    if arg.is_positional() {
        return place(arg);
    }
    let short = arg.get_short().map(|short| bold(&format!("-{short}")));
    let long = arg.get_long().map(|long| bold(&format!("--{long}")));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    format!("{}{}", names.join(", "), value(arg))
}

fn place(arg: &Arg) -> String {
    let name = arg.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    let many = arg.get_num_args().is_some_and(|number| number.max_values() > 1);
    format!("{}{}", italic(&name), if many { "..." } else { "" })
}

/// The value that follows an option, with a blank before it.
fn value(arg: &Arg) -> String {
    let is_optional = arg.get_num_args().is_some_and(|number| number.min_values() == 0);
    match arg.get_value_names().filter(|_| arg.get_action().takes_values()) {
        Some(names) if is_optional => format!(" [{}]", italic(&names.join(" "))),
        Some(names) => format!(" {}", italic(&names.join(" "))),
        None => String::new(),
    }
}

/// What is said of an argument, with the values that it takes and the one that it has.
fn description(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let values: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if arg.get_action().takes_values() && !values.is_empty() && !arg.is_hide_possible_values_set() {
        text += &format!(" [possible values: {}]", values.join(", "));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if arg.get_action().takes_values() && !defaults.is_empty() && !arg.is_hide_default_value_set() {
        text += &format!(" [default: {}]", defaults.join(", "));
    }
    text
}

/// A page as it grows, in the language of `man`.
struct ManualPage(String);

impl ManualPage {
    fn heading(&mut self, title: &str) {
        let _ = writeln!(self.0, ".SH \"{}\"", escape(title));
    }

    /// A line that is in the page's language already.
    fn line(&mut self, text: &str) {
        // A dot or an apostrophe at its start would be a command.
        let guard = if text.starts_with(['.', '\'']) { "\\&" } else { "" };
        let _ = writeln!(self.0, "{guard}{text}");
    }

    /// Words of ours, what stands between backquotes in bold.
    fn text(&mut self, text: &str) {
        let part = |(index, part): (usize, &str)| if index % 2 == 1 { bold(part) } else { escape(part) };
        let line: String = text.split('`').enumerate().map(part).collect();
        self.line(&line);
    }

    fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.0 += ".PP\n";
            self.text(text);
        }
    }

    fn row(&mut self, term: &str, text: &str) {
        self.0 += ".TP\n";
        self.line(term);
        self.text(text);
    }

    fn literal<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        self.0 += ".PP\n.nf\n";
        for line in lines {
            self.line(&escape(line));
        }
        self.0 += ".fi\n";
    }

    fn block(&mut self, block: Block) {
        match block {
            Block::Prose(text) => self.paragraph(&text),
            Block::Rows(rows) => rows.iter().for_each(|(term, text)| self.row(&bold(term), text)),
            Block::Examples(lines) | Block::Literal(lines) => self.literal(lines.iter().flat_map(|item| item.lines())),
        }
    }

    /// The rows of a topic of the help.
    fn rows_of(&mut self, name: &str) {
        for block in help_text::blocks(topic(name)) {
            if matches!(block, Block::Rows(_)) {
                self.block(block);
            }
        }
    }
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escape(text))
}

fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escape(text))
}

/// Text as it is: what a page would read as typography stays what a shell can read.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped += "\\e",
            '-' => escaped += "\\-",
            '\'' => escaped += "\\(aq",
            '"' => escaped += "\\(dq",
            '`' => escaped += "\\(ga",
            '^' => escaped += "\\(ha",
            '~' => escaped += "\\(ti",
            c => escaped.push(c),
        }
    }
    escaped
}
