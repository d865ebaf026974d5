//! Files of ours: folders for their owner alone, and drafts, which are written whole beside a file's place and then put
//! there under its name.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::{NamedTempFile, PersistError};

/// How a draft is called: its file's name behind a dot, so many letters that cannot be guessed, and this.
const ENDING: &str = ".tmp";
/// Those letters.
const LETTERS: usize = 12;

/// How long somebody may have a file open that is to be replaced.
const HELD: Duration = Duration::from_secs(5);

/// The age at which a draft is nobody's any more where no lock tells: one is written in moments.
pub const OLD: Duration = Duration::from_secs(60);

/// Makes a folder and those above it; new ones for their owner alone, whatever the umask.
///
/// # Errors
/// Whatever the system says.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The folder that a file is in.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new draft of a file, under a name that cannot be guessed and 0600 on Unix: a link planted there is not followed.
///
/// # Errors
/// Whatever the system says.
pub fn draft(path: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(&prefix(path)).suffix(ENDING).rand_bytes(LETTERS).tempfile_in(folder(path))
}

/// Puts a draft in its file's place. On Windows nothing replaces a file that somebody has open; who looks at one of ours
/// has done so in moments.
///
/// # Errors
/// Whatever the system says.
pub fn put(mut draft: NamedTempFile, path: &Path) -> io::Result<()> {
    let begin = Instant::now();
    loop {
        let PersistError { error, file } = match draft.persist(path) {
            Ok(_) => return Ok(()),
            Err(refused) => refused,
        };
        let is_held = cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied;
        if !is_held || begin.elapsed() > HELD {
            return Err(error);
        }
        std::thread::park_timeout(Duration::from_millis(2));
        draft = file;
    }
}

/// Removes drafts of a file that are at least so old: those of writers that were killed before they put them there.
pub fn clear_drafts(path: &Path, age: Duration) {
    let prefix = prefix(path);
    for entry in fs::read_dir(folder(path)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_old = || {
            let written = entry.metadata().and_then(|found| found.modified()).ok();
            age.is_zero() || written.is_some_and(|written| written.elapsed().is_ok_and(|past| past >= age))
        };
        if name.to_str().is_some_and(|name| is_draft(name, &prefix)) && is_old() {
            // A link is removed, not followed; what cannot be removed is no draft of ours.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Whether a file is a draft, or what SQLite keeps beside one.
fn is_draft(name: &str, prefix: &str) -> bool {
    let Some((letters, ending)) = name.strip_prefix(prefix).and_then(|rest| rest.split_at_checked(LETTERS)) else {
        return false;
    };
    letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && ending.strip_prefix(ENDING).is_some_and(|more| ["", "-wal", "-shm", "-journal"].contains(&more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_drafts_of_this_very_file_are_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let path = at("store");
        // Closed: what is open is not removed on every system.
        let [old, new] = [(); 2].map(|()| draft(&path).unwrap().into_temp_path());
        let log = at(&format!("{}-wal", old.file_name().unwrap().to_str().unwrap()));
        let others = [".store.backup.tmp", ".store.AAAAAAAAAAAA.tmp.old", ".other.AAAAAAAAAAAA.tmp", "store"].map(at);
        for file in others.iter().chain([&log]) {
            fs::write(file, "").unwrap();
        }
        let long_ago = std::time::SystemTime::now() - OLD - Duration::from_secs(1);
        for file in others.iter().chain([&log, &old.to_path_buf()]) {
            fs::File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
        }
        clear_drafts(&path, OLD);
        assert!(!old.exists() && !log.exists() && new.exists());
        assert!(others.iter().all(|file| file.exists()));
        clear_drafts(&path, Duration::ZERO);
        assert!(!new.exists() && others.iter().all(|file| file.exists()));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_is_called_like_a_draft_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        fs::write(&other, "").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join(".f.AAAAAAAAAAAA.tmp")).unwrap();
        clear_drafts(&folder.path().join("f"), Duration::ZERO);
        assert!(other.exists() && fs::read_dir(folder.path()).unwrap().count() == 1);
    }
}
