//! Manual pages.

use std::path::PathBuf;

use clap::{Args, Command};

use crate::failure::{Code, Exit, Failure};
use crate::session::Session;

/// Where to.
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
    write().map_err(|error| {
        Failure::new(Code::InvalidInput, format!("cannot write manual pages into {}: {error}", dir.display()))
    })?;
    session.out.note(format!("wrote a page for every command into {}", dir.display()));
    Ok(Exit::Done)
}
