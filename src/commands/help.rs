//! Help for commands, and for topics that belong to no single one.

use clap::{Args, Command};

use crate::aliases;
use crate::config::flags::GlobalArgs;
use crate::config::profiles_file;
use crate::failure::{Code, Exit, Failure};
use crate::session::Session;
use crate::suggestion;
use crate::typed::TypedLine;
use crate::verbs::help_text;

/// Show help for a command or a topic
#[derive(Debug, Args)]
#[command(
    after_help = "Topics: control-plane, environment, exit-codes, files, json, options, roster.\n\nExamples:\n  spectrum help users create\n  spectrum help exit-codes"
)]
pub struct HelpArgs {
    /// A command or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    pub words: Vec<String>,
}

/// The topics and their texts.
pub const TOPICS: [(&str, &str); 7] = [
    ("control-plane", include_str!("help/control-plane.txt")),
    ("environment", include_str!("help/environment.txt")),
    ("exit-codes", include_str!("help/exit-codes.txt")),
    ("files", include_str!("help/files.txt")),
    ("json", include_str!("help/json.txt")),
    ("options", include_str!("help/options.txt")),
    ("roster", include_str!("help/roster.txt")),
];

/// The text of a topic; empty where there is none.
pub fn topic(name: &str) -> &'static str {
    TOPICS.iter().find(|(topic, _)| *topic == name).map_or("", |(_, text)| text)
}

/// The commands in a text of the help that run as they stand.
pub fn examples(text: &str) -> Vec<String> {
    help_text::examples(text)
}

/// The widest that help gets, as with the options of a command.
const WIDEST: usize = 80;

/// Shows help.
///
/// # Errors
/// Usage, when there is no such command or topic.
pub fn help(args: &HelpArgs, mut command: Command, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    if let [word] = args.words.as_slice()
        && let Some((topic, text)) = TOPICS.iter().find(|(topic, _)| topic == word)
    {
        let width = session.out.look().width.map_or(WIDEST, |width| WIDEST.min(width.into()));
        let options = if *topic == "options" { format!("{}\n\n", global_options()) } else { String::new() };
        session.out.text(&format!("{options}{}\n", help_text::show(text, width)))?;
        return Ok(Exit::Done);
    }
    command.build();
    let mut found = &mut command;
    let mut words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    if let Some((length, named)) = aliases::find(words.iter().copied()) {
        words.splice(..length, named);
    }
    for (at, word) in words.iter().enumerate() {
        found = match found.find_subcommand_mut(word) {
            Some(below) => below,
            None => return Err(unknown(&command, &words, at)),
        };
    }
    session.out.text(&found.render_help().to_string())?;
    Ok(Exit::Done)
}

/// Says what to type instead of the word at this place, which names nothing.
fn unknown(root: &Command, words: &[&str], at: usize) -> Failure {
    let word = words.get(at).copied().unwrap_or_default();
    let topics = TOPICS.iter().map(|(topic, _)| *topic);
    let topic = (at == 0).then(|| profiles_file::nearest(word, topics)).flatten();
    let hint = match topic {
        Some(topic) => format!("did you mean {topic}?"),
        None => suggestion::command(&TypedLine::read(root, words.iter().take(at).copied()), root, word),
    };
    Failure::new(Code::Usage, format!("no command or topic {word:?}")).hint(hint)
}

/// The options that every command takes.
fn global_options() -> String {
    let options = GlobalArgs::augment_args(Command::new("spectrum")).max_term_width(WIDEST);
    options.disable_help_flag(true).help_template("{all-args}").render_help().to_string().trim_end().to_owned()
}
