//! Help for commands, and for three topics that belong to no single one.

use clap::{Args, Command};

use crate::config::profiles_file;
use crate::failure::{Code, Exit, Failure};
use crate::session::Session;

/// Show help for a command or a topic
#[derive(Debug, Args)]
#[command(
    after_help = "Topics: exit-codes, environment, roster\n\nExamples:\n  spectrum help users create\n  spectrum help exit-codes"
)]
pub struct HelpArgs {
    /// A command or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    pub words: Vec<String>,
}

/// The topics and their texts.
pub const TOPICS: [(&str, &str); 3] = [
    ("exit-codes", include_str!("help/exit-codes.txt")),
    ("environment", include_str!("help/environment.txt")),
    ("roster", include_str!("help/roster.txt")),
];

/// Shows help.
///
/// # Errors
/// Usage, when there is no such command or topic.
pub fn help(args: &HelpArgs, mut command: Command, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    if let [word] = args.words.as_slice()
        && let Some((_, text)) = TOPICS.iter().find(|(topic, _)| topic == word)
    {
        session.out.text(text)?;
        return Ok(Exit::Done);
    }
    command.build();
    let mut found = &mut command;
    for word in &args.words {
        let known: Vec<String> = found.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        found = match found.find_subcommand_mut(word) {
            Some(sub) => sub,
            None => {
                let topics = TOPICS.iter().map(|(topic, _)| *topic);
                let nearest = profiles_file::nearest(word, known.iter().map(String::as_str).chain(topics));
                let failure = Failure::new(Code::Usage, format!("no command or topic {word:?}"));
                let hint =
                    nearest.map_or_else(|| "run `spectrum --help`".to_owned(), |near| format!("did you mean {near}?"));
                return Err(failure.hint(hint));
            }
        };
    }
    session.out.text(&found.render_long_help().to_string())?;
    Ok(Exit::Done)
}
