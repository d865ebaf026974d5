//! `--failed-out`: the rows that did not come through, as a roster.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Code, Failure};
use crate::files;
use crate::roster::plan::Plan;
use crate::roster::read::{self, ReadOptions};
use crate::roster::write::{self, RosterEntry};
use crate::roster::{Roster, RosterFormat};

/// Where the rows go. Nothing that this run did not make is removed or replaced, but for an earlier such file, whose
/// every row is in the roster itself.
#[derive(Debug)]
pub struct FailedOut {
    path: PathBuf,
    format: RosterFormat,
    place: NamedPlace,
}

/// What is at the place that was named.
#[derive(Debug)]
enum NamedPlace {
    /// Nothing: the file appears whole or not at all.
    New,
    /// A file that holds nothing of its own; where it truly lies, links followed.
    Old(PathBuf),
    /// A device: written to.
    Device,
    /// A pipe with a name: written to, when somebody reads. It is held open, so that a reader has an end to wait for.
    Pipe { _held: Option<File> },
}

/// The rows, where they could not be written.
#[derive(Debug)]
pub struct Unwritten {
    /// Why.
    pub error: io::Error,
    /// The file's text.
    pub text: String,
}

impl FailedOut {
    /// Looks at the place, so that what is wrong with it is known before anything is sent.
    ///
    /// # Errors
    /// Usage, when the place holds something, or cannot be written to.
    pub fn open(path: &Path, file: &Path, roster: &Roster) -> Result<Self, Failure> {
        let refuse = |why: &str, hint: &str| {
            let what = format!("--failed-out {} {why}", path.display());
            Failure::new(Code::Usage, what).hint(hint)
        };
        if path.as_os_str() == "-" {
            return Err(Failure::new(Code::Usage, "--failed-out needs a file: standard output holds the report")
                .hint("name a file, such as `--failed-out failed.csv`"));
        }
        let same = path.canonicalize().is_ok_and(|path| file.canonicalize().is_ok_and(|file| file == path));
        if same {
            return Err(refuse("is the roster itself, which would be overwritten", "name another file"));
        }
        let unwritable = |error: io::Error| refuse(&format!("cannot be written: {error}"), "name another file");
        let format = RosterFormat::of_path(path).unwrap_or(roster.format);
        let place = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // What a folder allows is known only by trying; a file without a name is left nowhere.
                drop(tempfile::tempfile_in(files::folder(path)).map_err(unwritable)?);
                NamedPlace::New
            }
            Err(error) => return Err(unwritable(error)),
            Ok(found) if found.is_dir() => return Err(unwritable(io::ErrorKind::IsADirectory.into())),
            Ok(found) if found.is_file() => {
                let target = path.canonicalize().map_err(unwritable)?;
                if found.len() > 0 && !is_part_of(&target, format, roster) {
                    let hint = "remove it, or name another file";
                    return Err(refuse("holds something already, which is not replaced", hint));
                }
                drop(OpenOptions::new().write(true).open(&target).map_err(unwritable)?);
                NamedPlace::Old(target)
            }
            Ok(found) if is_pipe(&found) => NamedPlace::Pipe { _held: open_pipe(path).ok() },
            Ok(_) => NamedPlace::Device,
        };
        Ok(Self { path: path.to_owned(), format, place })
    }

    /// Writes the rows of the steps; where there are none, nothing is touched. Tells whether there is a file to apply.
    ///
    /// # Errors
    /// When they could not be written; the rows come back.
    pub fn write(&self, plan: &Plan<'_>, steps: &[usize]) -> Result<bool, Unwritten> {
        let row = |at: &usize| {
            let step = plan.steps.get(*at)?;
            let id = step.row.and_then(|row| row.id.clone());
            // A user who was deleted to be made again needs all that the project knew.
            match step.replacement().filter(|_| plan.policy.replace) {
                Some(user) => Some(RosterEntry { id: id.or_else(|| Some(step.user()?.id.clone())), user }),
                None => Some(RosterEntry { id, user: step.wanted()? }),
            }
        };
        // In the roster's order, as the plan has them, so that two runs can be compared.
        let mut steps = steps.to_vec();
        steps.sort_unstable();
        let users: Vec<RosterEntry> = steps.iter().filter_map(row).collect();
        if users.is_empty() {
            if let NamedPlace::Pipe { .. } = self.place {
                // A reader that came late has an end to read now.
                let _ = open_pipe(&self.path);
            }
            return Ok(false);
        }
        let text = text_of(self.format, &users).map_err(|error| Unwritten { error, text: String::new() })?;
        let written = match &self.place {
            NamedPlace::New => appear(&self.path, &text),
            NamedPlace::Old(target) => replace(target, &text),
            NamedPlace::Device => OpenOptions::new().write(true).open(&self.path).and_then(|file| fill(file, &text)),
            NamedPlace::Pipe { .. } => pour(&self.path, &text),
        };
        match written {
            Ok(()) => Ok(matches!(self.place, NamedPlace::New | NamedPlace::Old(_))),
            Err(error) => Err(Unwritten { error, text: String::from_utf8_lossy(&text).into_owned() }),
        }
    }
}

fn text_of(format: RosterFormat, users: &[RosterEntry]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    write::write(BufWriter::new(&mut text), format, users)?;
    Ok(text)
}

/// Whether a file is one that was written here, of rows that the roster has itself: then nothing is lost with it.
fn is_part_of(path: &Path, format: RosterFormat, roster: &Roster) -> bool {
    let mut bytes = Vec::new();
    let most = super::LARGEST_ROSTER;
    if File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).is_err() {
        return false;
    }
    let Ok(written) = read::read(&bytes, ReadOptions { format: Some(format), name: None }) else { return false };
    fn key(user: &crate::nouns::users::model::NewUser) -> (&str, Option<&str>, Option<&str>, Option<&str>) {
        let email = user.email.as_ref().map(crate::model::Email::as_str);
        (user.phone_number.as_str(), user.first_name.as_deref(), user.last_name.as_deref(), email)
    }
    let known: HashSet<_> = roster.rows.iter().map(|row| key(&row.user)).collect();
    let users: Vec<RosterEntry> =
        written.rows.into_iter().map(|row| RosterEntry { id: row.id, user: row.user }).collect();
    users.iter().all(|entry| known.contains(&key(&entry.user)))
        && text_of(format, &users).is_ok_and(|text| text == bytes)
}

fn fill(mut file: impl io::Write, text: &[u8]) -> io::Result<()> {
    file.write_all(text)?;
    file.flush()
}

fn draft(path: &Path, text: &[u8]) -> io::Result<NamedTempFile> {
    files::clear_drafts(path, files::OLD);
    let draft = files::draft(path)?;
    fill(draft.as_file(), text)?;
    draft.as_file().sync_all()?;
    Ok(draft)
}

/// A new file, whole or not at all; what has appeared there since is left alone. Where a folder lets no name be
/// changed, or a link leads on, it is written in place.
fn appear(path: &Path, text: &[u8]) -> io::Result<()> {
    let is_link = path.symlink_metadata().is_ok_and(|found| found.is_symlink());
    if !is_link {
        let put = draft(path, text).and_then(|draft| draft.persist_noclobber(path).map_err(|error| error.error));
        match put {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
    }
    let file = OpenOptions::new().write(true).create(is_link).create_new(!is_link).open(path)?;
    fill(&file, text)?;
    file.sync_all()
}

/// The file anew with its old rights, or where its folder lets no name be changed (a sticky one), in place.
fn replace(target: &Path, text: &[u8]) -> io::Result<()> {
    let put = || {
        let draft = draft(target, text)?;
        draft.as_file().set_permissions(fs::metadata(target)?.permissions())?;
        files::put(draft, target)
    };
    if put().is_ok() {
        return Ok(());
    }
    let file = OpenOptions::new().write(true).truncate(true).open(target)?;
    fill(&file, text)?;
    file.sync_all()
}

#[cfg(unix)]
fn is_pipe(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    found.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::Metadata) -> bool {
    false
}

/// Opens a pipe for writing; an error where nobody reads.
#[cfg(unix)]
fn open_pipe(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).custom_flags(nix::libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open_pipe(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

/// Writes into a pipe at its reader's pace; where nobody reads, nobody is waited for.
fn pour(path: &Path, text: &[u8]) -> io::Result<()> {
    let reader = open_pipe(path)?;
    let pipe = OpenOptions::new().write(true).open(path)?;
    drop(reader);
    fill(pipe, text)
}
