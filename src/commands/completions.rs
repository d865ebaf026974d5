//! Completions: a script that registers with the shell, and the answers to what the shell then asks.
//!
//! The scripts ask the binary itself, so they know every flag of the installed version, and the person's profiles.

use clap::builder::PossibleValue;
use clap::{Args, Command, ValueEnum};
use clap_complete::env::{self, EnvCompleter};

use crate::config::environment::Environment;
use crate::failure::{Code, Exit, Failure};
use crate::output::streams;
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
    session.out.text(&script(args.shell)?)?;
    Ok(Exit::Done)
}

/// The script for a shell, the same that `completions/` holds.
///
/// # Errors
/// Never in practice: it is text in memory.
pub fn script(shell: Shell) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let written = shell.completer().write_registration(VARIABLE, "spectrum", "spectrum", "spectrum", &mut bytes);
    written.map_err(|error| Failure::internal("the completion script cannot be written", error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Shell {
    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &env::Bash,
            Self::Elvish => &env::Elvish,
            Self::Fish => &env::Fish,
            Self::PowerShell => &env::Powershell,
            Self::Zsh => &env::Zsh,
        }
    }
}

/// Answers a shell's script: what may stand where the cursor is. Its call reads `spectrum -- WORDS…`.
///
/// # Errors
/// When the script is not one of ours, or the stream is gone.
pub fn answer(shell: &str, mut command: Command, environment: &Environment) -> Result<Exit, Failure> {
    let words = environment.args.iter().skip(1).skip_while(|word| *word != "--").skip(1).cloned().collect();
    let mut bytes = Vec::new();
    command.build();
    let shell = Shell::from_str(shell, true).map_err(|error| Failure::new(Code::Usage, error))?;
    let completed = shell.completer().write_complete(&mut command, words, None, &mut bytes);
    completed.map_err(|error| Failure::internal("nothing can be completed here", error))?;
    streams::print_plain(&String::from_utf8_lossy(&bytes))?;
    Ok(Exit::Done)
}
