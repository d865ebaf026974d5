//! Manual pages.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use clap::{Args, Command};

use crate::failure::{Code, Exit, Failure};
use crate::session::Session;

/// Write manual pages
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  spectrum man | man -l -\n  spectrum man --dir ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write a page for every command into this folder
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Prints the main page, or writes them all.
///
/// # Errors
/// When the folder cannot be written.
pub fn man(args: &ManArgs, command: Command, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Failure::internal("the manual page cannot be written", error))?;
        session.out.text(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    let write = || {
        std::fs::create_dir_all(dir)?;
        clap_mangen::generate_to(command, dir)
    };
    write().map_err(|error| unwritten(dir, error))?;
    session.out.note(format!("wrote a page for every command into {}", dir.display()));
    Ok(Exit::Done)
}

/// Why the pages are not there: a full disk is nothing that another command line would mend.
fn unwritten(dir: &Path, error: io::Error) -> Failure {
    let is_full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge);
    let code = if is_full { Code::Internal } else { Code::InvalidInput };
    Failure::new(code, format!("the manual pages cannot be written into {}", dir.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_no_wrong_command_line() {
        let code = |kind: ErrorKind| unwritten(Path::new("x"), kind.into()).code;
        assert_eq!(code(ErrorKind::StorageFull), Code::Internal);
        assert_eq!(code(ErrorKind::PermissionDenied), Code::InvalidInput);
    }
}
