//! Manual pages.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, ValueHint};

use super::manual;
use crate::failure::{Code, Exit, Failure};
use crate::session::Session;

/// Write manual pages
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  spectrum man > spectrum.1\n  spectrum man --dir ~/.local/share/man/man1\n\nWithout --dir it is the page of `spectrum` itself. Where ~/.local/share/man is searched, `man spectrum-users-apply` shows a page."
)]
pub struct ManArgs {
    /// Write a page for every command into this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

/// Prints the main page, or writes them all.
///
/// # Errors
/// When the folder cannot be written.
pub fn man(args: &ManArgs, mut command: Command, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    command.build();
    let version = command.get_version().unwrap_or_default().to_owned();
    let Some(dir) = &args.dir else {
        session.out.text(&manual::page(&command, &[command.get_name()], &version))?;
        return Ok(Exit::Done);
    };
    let write = || {
        std::fs::create_dir_all(dir)?;
        write_all(&command, &[command.get_name()], &version, dir)
    };
    write().map_err(|error| unwritten(dir, error))?;
    session.out.note(format!("wrote a page for every command into {}", dir.display()));
    Ok(Exit::Done)
}

/// Writes the page of a command and of those below it.
fn write_all(command: &Command, path: &[&str], version: &str, dir: &Path) -> io::Result<()> {
    std::fs::write(dir.join(format!("{}.1", path.join("-"))), manual::page(command, path, version))?;
    for sub in command.get_subcommands() {
        write_all(sub, &[path, &[sub.get_name()]].concat(), version, dir)?;
    }
    Ok(())
}

/// Why the pages are not there.
fn unwritten(dir: &Path, error: io::Error) -> Failure {
    let code = Code::of_unwritten(&error, Code::InvalidInput);
    Failure::new(code, format!("the manual pages cannot be written into {}", dir.display())).because(error)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_full_disk_is_no_wrong_command_line() {
        let code = |kind: ErrorKind| unwritten(Path::new("x"), kind.into()).code;
        assert_eq!(code(ErrorKind::StorageFull), Code::Internal);
        assert_eq!(code(ErrorKind::PermissionDenied), Code::InvalidInput);
    }
}
