//! Completions: a script that registers with the shell, and the answers to what the shell then asks.
//!
//! The scripts ask the binary itself, so they know every flag of the installed version, and the person's profiles. What
//! is asked is answered from the grammar and the configuration: never from the network.

mod answer;
mod bash;
mod columns;
mod offer;
mod values;

use std::ffi::OsString;

use clap::builder::PossibleValue;
use clap::{Args, Command, ValueEnum};

use self::bash::BashLine;
use self::offer::{Completion, Offer, OfferKind};
use crate::aliases;
use crate::config::environment::Environment;
use crate::failure::{Code, Exit, Failure};
use crate::output::{sanitize, streams};
use crate::session::Session;

/// The variable by which a shell's script asks the binary; its value names the shell.
pub const VARIABLE: &str = "_SPECTRUM_COMPLETE";

/// A shell that completions can be registered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Elvish.
    Elvish,
    /// fish.
    Fish,
    /// PowerShell.
    PowerShell,
    /// Z shell.
    Zsh,
}

impl Shell {
    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Elvish => "elvish",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
            Self::Zsh => "zsh",
        }
    }

    /// The script's name in `completions/`, as the shell's own folders expect it.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Bash => "spectrum.bash",
            Self::Elvish => "spectrum.elv",
            Self::Fish => "spectrum.fish",
            Self::PowerShell => "_spectrum.ps1",
            Self::Zsh => "_spectrum",
        }
    }

    /// The script that registers with the shell.
    pub const fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../completions/spectrum.bash"),
            Self::Elvish => include_str!("../../completions/spectrum.elv"),
            Self::Fish => include_str!("../../completions/spectrum.fish"),
            Self::PowerShell => include_str!("../../completions/_spectrum.ps1"),
            Self::Zsh => include_str!("../../completions/_spectrum"),
        }
    }

    /// An answer as the shell's script reads it.
    fn write(self, answer: &Completion, line: &BashLine) -> String {
        let help = |offer: &Offer| sanitize::line(offer.help.lines().next().unwrap_or_default()).into_owned();
        let beside = |offer: &Offer, text: String, sign: char| match help(offer) {
            help if help.is_empty() => text,
            help => format!("{text}{sign}{help}"),
        };
        let row = |offer: &Offer| match self {
            Self::Bash => line.write(&offer.text),
            Self::Elvish => offer.text.clone(),
            Self::Fish | Self::PowerShell => beside(offer, offer.text.clone(), '\t'),
            Self::Zsh => beside(offer, offer.text.replace('\\', "\\\\").replace(':', "\\:"), ':'),
        };
        let kind = match self {
            Self::Bash | Self::Fish | Self::Zsh => Some(answer.kind.as_str().to_owned()),
            Self::Elvish | Self::PowerShell => None,
        };
        kind.into_iter().chain(answer.offers.iter().map(row)).map(|row| row + "\n").collect()
    }
}

impl ValueEnum for Shell {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Bash, Self::Elvish, Self::Fish, Self::PowerShell, Self::Zsh]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// Examples, one for each shell that most people have.
const AFTER_HELP: &str = "\
Examples:
  echo 'source <(spectrum completions bash)' \\
      >> ~/.bashrc
  echo 'source <(spectrum completions zsh)' \\
      >> ~/.zshrc
  mkdir -p ~/.config/fish/completions
  spectrum completions fish \\
      > ~/.config/fish/completions/spectrum.fish

For zsh, behind the line with compinit.";

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// Usage, when `--fields` is given; whatever the stream says.
pub fn completions(args: &CompletionsArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    session.out.text(args.shell.script())?;
    Ok(Exit::Done)
}

/// Answers a shell's script: what may stand where the cursor is. Its call reads `spectrum -- WORDS…`, the program's name
/// first and the cursor's word last; Bash's reads `spectrum -- LINE BREAKS`. `root` is a grammar that is built.
///
/// # Errors
/// When the script is not one of ours, or the stream is gone.
pub fn answer(shell: &str, root: &Command, environment: &Environment) -> Result<Exit, Failure> {
    let shell = Shell::from_str(shell, true).map_err(|error| Failure::new(Code::Usage, error))?;
    let words = environment.args.iter().skip(1).skip_while(|word| *word != "--").skip(1);
    let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let line = match (shell, words.as_slice()) {
        (Shell::Bash, [text, breaks]) => BashLine::read(text, breaks),
        (Shell::Bash, _) | (_, []) => BashLine::default(),
        (_, [before @ .., word]) => BashLine::of(before, unquoted(shell, word)),
    };
    let answer = if line.is_stream { Completion::of(OfferKind::Files) } else { completed(root, &line, environment) };
    streams::print_plain(&shell.write(&answer, &line))?;
    Ok(Exit::Done)
}

fn completed(root: &Command, line: &BashLine, environment: &Environment) -> Completion {
    // A variable may be set for the command alone.
    let is_variable = |word: &&String| word.contains('=') && !word.starts_with('-');
    let typed: Vec<OsString> = line.before.iter().skip_while(is_variable).map(OsString::from).collect();
    let typed = aliases::expand(&typed, root).unwrap_or(typed);
    let before: Vec<_> = typed.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let before: Vec<&str> = before.iter().map(AsRef::as_ref).collect();
    answer::answer(root, &before, &line.word, environment)
}

/// The cursor's word without its quotes, which fish leaves there.
fn unquoted(shell: Shell, word: &str) -> String {
    match shell {
        Shell::Fish => BashLine::read(word, "").word,
        _ => word.to_owned(),
    }
}
