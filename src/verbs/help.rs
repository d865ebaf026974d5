//! How the help of every command looks: what it does, its own options, one line about the global ones, what else there
//! is to say.

use clap::Command;

use super::help_text;

/// The global options have a topic of their own.
const TEMPLATE: &str = "\
{about-with-newline}
{usage-heading} {usage}

{all-args}

Global options (-P, -o, -q, -v …): spectrum help options{after-help}";

/// The command and those below it, with such a help.
pub fn frame(command: Command) -> Command {
    let command = match command.get_after_help().map(ToString::to_string) {
        // Paragraphs are broken where the terminal ends.
        Some(text) => command.after_help(help_text::unwrapped(&text)),
        None => command,
    };
    command.help_template(TEMPLATE).mut_subcommands(frame)
}
