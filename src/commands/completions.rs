//! Completion scripts.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::ExitStatus;
use crate::session::Session;

/// For which shell.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  spectrum completions bash > ~/.local/share/bash-completion/completions/spectrum\n  spectrum completions fish > ~/.config/fish/completions/spectrum.fish"
)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// Whatever the stream says.
pub fn completions(args: &CompletionsArgs, session: &Session) -> anyhow::Result<ExitStatus> {
    session.out.text(&script(args.shell))?;
    Ok(ExitStatus::Done)
}

/// The script for a shell, the same that `completions/` holds.
pub fn script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "spectrum", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
