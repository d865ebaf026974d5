//! `--failed-out`: the rows that did not come through, as a roster.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Code, Failure};
use crate::roster::plan::Plan;
use crate::roster::write::Entry;
use crate::roster::{Format, write};

/// A file that is known to be writable, and appears whole or not at all.
pub struct FailedOut {
    path: PathBuf,
    format: Format,
    draft: NamedTempFile,
}

impl FailedOut {
    /// Opens a draft beside the file, so that a place that cannot be written to is known before anything is sent.
    pub fn open(path: &Path, roster: &Path, format: Format) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Err(Failure::new(Code::Usage, "--failed-out needs a file: standard output holds the report")
                .hint("name a file, such as --failed-out failed.csv"));
        }
        let same = path.canonicalize().is_ok_and(|path| roster.canonicalize().is_ok_and(|roster| roster == path));
        if same {
            return Err(Failure::new(Code::Usage, "--failed-out names the roster itself, which would be overwritten")
                .hint("name another file"));
        }
        let refuse = |error: std::io::Error| {
            Failure::new(Code::Usage, format!("--failed-out {} cannot be written: {error}", path.display()))
        };
        if path.is_dir() {
            return Err(refuse(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let draft = NamedTempFile::new_in(folder).map_err(refuse)?;
        Ok(Self { path: path.to_owned(), format: Format::of_path(path).unwrap_or(format), draft })
    }

    /// Writes the rows of the steps; when there are none, an older file of that name goes.
    pub fn write(self, plan: &Plan<'_>, steps: &[usize]) -> std::io::Result<()> {
        let row = |at: &usize| {
            let step = plan.steps.get(*at)?;
            let id = step.row.and_then(|row| row.id.clone());
            // A user who was deleted to be made again needs all that the project knew.
            match step.replacement().filter(|_| plan.replace) {
                Some(user) => Some(Entry { id: id.or_else(|| Some(step.user()?.id.clone())), user }),
                None => Some(Entry { id, user: step.wanted()? }),
            }
        };
        // In the roster's order, as the plan has them, so that two runs can be compared.
        let mut steps = steps.to_vec();
        steps.sort_unstable();
        let users: Vec<Entry> = steps.iter().filter_map(row).collect();
        if users.is_empty() {
            return match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        write::write(BufWriter::new(self.draft.as_file()), self.format, &users)?;
        self.draft.as_file().sync_all()?;
        self.draft.persist(&self.path).map(|_| ()).map_err(|error| error.error)
    }
}
