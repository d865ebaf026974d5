//! The whole interface as text that is committed: a change of it is a difference that somebody reads.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};
use spectrum_cli::cli::Cli;
use spectrum_cli::commands::help::TOPICS;

use crate::docs::every_command;
use crate::golden::{only, show, snapshot};
use crate::world::World;

#[test]
fn the_help_of_every_command_is_what_was_agreed() {
    let world = World::new();
    let mut names = Vec::new();
    for path in every_command() {
        let name = ["help".to_owned()].iter().chain(&path).cloned().collect::<Vec<_>>().join("-");
        let [short, long] = ["-h", "--help"].map(|flag| show(&world, format!("{} {flag}", path.join(" ")).trim()));
        let same = short.split_once('\n').map(|(_, text)| text) == long.split_once('\n').map(|(_, text)| text);
        let long = if same { "$ and the same with --help\n" } else { &long };
        snapshot(&name, &format!("{short}{long}"));
        names.push(name);
    }
    only("help-", &names);
}

#[test]
fn the_topics_of_help_are_what_was_agreed() {
    let world = World::new();
    for topic in TOPICS.map(|(topic, _)| topic) {
        snapshot(&format!("topic-{topic}"), &show(&world, &format!("help {topic}")));
    }
}

#[test]
fn the_tree_of_commands_is_what_was_agreed() {
    let mut root = Cli::grammar();
    root.build();
    let mut page = String::new();
    describe(&root, "spectrum", &mut page);
    snapshot("reference", &page);
}

/// A command with its names, its text and its arguments, and then its subcommands.
fn describe(command: &Command, path: &str, page: &mut String) {
    writeln!(page, "# {path}").unwrap();
    let aliases: Vec<&str> = command.get_all_aliases().collect();
    let visible: Vec<&str> = command.get_visible_aliases().collect();
    let hidden: Vec<&str> = aliases.iter().copied().filter(|name| !visible.contains(name)).collect();
    for (what, names) in [("also", &visible), ("understood", &hidden)] {
        if !names.is_empty() {
            writeln!(page, "{what}: {}", names.join(", ")).unwrap();
        }
    }
    if command.is_hide_set() {
        writeln!(page, "hidden").unwrap();
    }
    let about = command.get_long_about().or_else(|| command.get_about());
    writeln!(page, "{}\n", about.map(ToString::to_string).unwrap_or_default()).unwrap();
    // What every command takes stands once, where it is declared.
    let is_root = !path.contains(' ');
    for arg in command.get_arguments().filter(|arg| is_root || !arg.is_global_set()) {
        if !matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        ) {
            writeln!(page, "{}", row(arg)).unwrap();
        }
    }
    page.push('\n');
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" || is_root) {
        describe(sub, &format!("{path} {}", sub.get_name()), page);
    }
}

/// An argument in one line: its names, its value, what is said of it, and what holds when it is not given.
fn row(arg: &Arg) -> String {
    let mut names = Vec::new();
    names.extend(arg.get_short().map(|short| format!("-{short}")));
    names.extend(arg.get_long().map(|long| format!("--{long}")));
    names.extend(arg.get_visible_aliases().unwrap_or_default().iter().map(|alias| format!("--{alias}")));
    let value = || arg.get_value_names().unwrap_or_default().join(" ");
    let takes_value = arg.get_action().takes_values();
    let mut row = match (names.is_empty(), takes_value) {
        (true, _) => format!("<{}>", value()),
        (false, true) => format!("{} <{}>", names.join(", "), value()),
        (false, false) => names.join(", "),
    };
    if matches!(arg.get_action(), ArgAction::Append | ArgAction::Count) {
        row.push_str("...");
    }
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    write!(row, ": {}", help.replace('\n', " ")).unwrap();
    let mut notes = Vec::new();
    if arg.is_required_set() {
        notes.push("required".to_owned());
    }
    if arg.is_hide_set() && !arg.is_global_set() {
        notes.push("hidden".to_owned());
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes_value && !defaults.is_empty() {
        notes.push(format!("default {}", defaults.join(" ")));
    }
    let values: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if takes_value && !values.is_empty() {
        notes.push(format!("one of {}", values.join(" ")));
    }
    if !notes.is_empty() {
        write!(row, " [{}]", notes.join("; ")).unwrap();
    }
    row
}
