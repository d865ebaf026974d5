//! Changes the file of profiles: one writer at a time, private and atomic.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::profiles_file::{self, ProfileFile};
use crate::failure::{Code, Failure};
use crate::files;
use crate::secrets::credentials::Secret;

/// How long another writer is waited for: it reads, changes and renames, and asks nobody meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// Changes the file and keeps what it does not touch: comments, order, layout.
#[derive(Debug)]
pub struct Editor {
    document: toml_edit::DocumentMut,
    /// Comments that stood above what was removed.
    head: String,
}

/// Reads the file, changes it and writes it, while no other process does: a reader sees the old file or the new one.
/// Nothing is written when the change is refused.
///
/// # Errors
/// Config, when the file is not what it should be or cannot be written; that of `change`.
pub fn change<T>(
    path: &Path,
    shown: &str,
    change: impl FnOnce(&mut Editor) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let failed = |error: io::Error| unwritable(&error, shown);
    let target = ordinary_file(path, shown)?;
    let folder = files::folder(&target);
    files::make_private(folder).map_err(failed)?;
    // Held until the file is written.
    let lock = lock(folder, &target).map_err(failed)?;
    let mut editor = Editor::open(&target, shown)?;
    let changed = change(&mut editor)?;
    if lock.is_some() {
        // Each is a copy of all secrets. Only who holds the lock has one, so these are nobody's, however new.
        files::clear_drafts(&target, Duration::ZERO);
    }
    save(&editor.into_text(), &target).map_err(failed)?;
    Ok(changed)
}

/// Looks whether the file can be written, before somebody is asked for a secret that would then be lost.
///
/// # Errors
/// Config, when it cannot.
pub fn check(path: &Path, shown: &str) -> Result<(), Failure> {
    let target = ordinary_file(path, shown)?;
    // Where folders are missing they would be made in the first that is there.
    let there = files::folder(&target).ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    tempfile::tempfile_in(there).map(drop).map_err(|error| unwritable(&error, shown))
}

fn unwritable(error: &io::Error, shown: &str) -> Failure {
    let code = Code::of_unwritten(error, Code::Config);
    Failure::new(code, format!("cannot write {shown}: {error}")).hint("name another file with `--config FILE`")
}

impl Editor {
    /// Opens the file for change; a missing one is empty.
    fn open(path: &Path, shown: &str) -> Result<Self, Failure> {
        let text = profiles_file::read_text(path, shown)?.unwrap_or_default();
        ProfileFile::parse(&text, shown)?;
        let document = text.parse().map_err(|error: toml_edit::TomlError| {
            Failure::new(Code::Config, format!("{shown}: {}", error.message()))
        })?;
        Ok(Self { document, head: String::new() })
    }

    /// Whether there is such a profile.
    pub fn has(&self, name: &str) -> bool {
        let profiles = self.document.get("profiles").and_then(toml_edit::Item::as_table_like);
        profiles.is_some_and(|profiles| profiles.contains_key(name))
    }

    /// Adds a profile or overwrites its project and secret; the first one becomes the default.
    pub fn put(&mut self, name: &str, project_id: &str, secret: &Secret, base_url: Option<&str>) {
        let profiles = self.document.entry("profiles").or_insert_with(implicit_table);
        if let Some(profiles) = profiles.as_table_like_mut() {
            let profile = profiles.entry(name).or_insert_with(toml_edit::table);
            if let Some(profile) = profile.as_table_like_mut() {
                profile.remove("secret_command");
                profile.remove("secret_file");
                profile.insert("project_id", toml_edit::value(project_id));
                profile.insert("project_secret", toml_edit::value(secret.expose()));
                if let Some(base_url) = base_url {
                    profile.insert("base_url", toml_edit::value(base_url));
                }
            }
        }
        if !self.document.contains_key("default_profile") {
            self.set_default(name);
        }
    }

    /// Makes a profile the default.
    pub fn set_default(&mut self, name: &str) {
        self.document.insert("default_profile", toml_edit::value(name));
    }

    /// Removes a profile, and the default that named it. False when there was none.
    pub fn remove(&mut self, name: &str) -> bool {
        let removed = self
            .document
            .get_mut("profiles")
            .and_then(toml_edit::Item::as_table_like_mut)
            .and_then(|table| table.remove(name));
        if self.document.get("default_profile").and_then(toml_edit::Item::as_str) == Some(name) {
            // What stands above it is as likely about the file as about the line.
            let above = self.document.key("default_profile").and_then(|key| key.leaf_decor().prefix()?.as_str());
            self.head.push_str(above.unwrap_or_default());
            self.document.remove("default_profile");
        }
        removed.is_some()
    }

    fn into_text(self) -> String {
        format!("{}{}", self.head, self.document)
    }
}

fn implicit_table() -> toml_edit::Item {
    let mut table = toml_edit::Table::new();
    table.set_implicit(true);
    toml_edit::Item::Table(table)
}

/// The file to write: what a link leads to, so that the link stays. A device, a pipe or a link to nowhere is not
/// replaced by a file.
///
/// # Errors
/// Config, when it is one of these.
pub fn ordinary_file(path: &Path, shown: &str) -> Result<PathBuf, Failure> {
    let refused = |what| {
        Failure::new(Code::Config, format!("{shown} is {what}, so it cannot be written"))
            .hint("name another file with `--config FILE`")
    };
    match (fs::canonicalize(path), path.symlink_metadata()) {
        (Ok(target), _) if target.is_file() => Ok(target),
        (Ok(_), _) => Err(refused("no ordinary file")),
        (Err(error), _) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::new(Code::Config, format!("cannot read {shown}: {error}")))
        }
        (Err(_), Ok(found)) if found.is_symlink() => Err(refused("a link to a file that is not there")),
        // It is not there, or somebody else has made it just now.
        _ => Ok(path.to_owned()),
    }
}

/// Waits until no other process writes the file; none on a file system that knows no locks. The lock is the folder's
/// own: the file itself is replaced at each change, and a file of its own would stay behind.
fn lock(folder: &Path, target: &Path) -> io::Result<Option<File>> {
    let file = if cfg!(windows) {
        // A folder cannot be opened there.
        let name = format!(".{}.lock", target.file_name().unwrap_or_default().to_string_lossy());
        File::options().write(true).create(true).truncate(false).open(folder.join(name))?
    } else {
        File::open(folder)?
    };
    let begin = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => {
                std::thread::park_timeout(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("another process is writing it")),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn save(text: &str, target: &Path) -> io::Result<()> {
    let mut file = files::draft(target)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    files::put(file, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str =
        "# mine\ndefault_profile = \"a\"\n\n[profiles.a] # keep\nproject_id = \"1\"\nproject_secret = \"s\"\n";

    fn put(path: &Path, name: &str) -> Result<(), Failure> {
        change(path, "f", |editor| {
            editor.put(name, "2", &Secret::new("t").unwrap(), None);
            Ok(())
        })
    }

    #[test]
    fn editing_keeps_comments_and_other_profiles() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, TWO).unwrap();
        put(&path, "b").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\ndefault_profile = \"a\"\n"), "{text}");
        assert!(text.contains("[profiles.a] # keep") && text.contains("[profiles.b]"), "{text}");
        assert!(change(&path, "f", |editor| Ok(editor.remove("a"))).unwrap());
        assert!(!change(&path, "f", |editor| Ok(editor.remove("a"))).unwrap());
        assert_eq!(ProfileFile::read(&path, "f").unwrap().default_profile, None);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\n") && text.contains("[profiles.b]"), "{text}");
    }

    #[test]
    fn nothing_is_written_when_the_change_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, TWO).unwrap();
        let refused = change(&path, "f", |editor| {
            editor.remove("a");
            Err::<(), _>(Failure::new(Code::Usage, "no"))
        });
        assert_eq!(refused.unwrap_err().message, "no");
        assert_eq!(fs::read_to_string(&path).unwrap(), TWO);
    }

    #[test]
    fn eight_writers_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for round in 0..5 {
                        put(path, &format!("p{writer}-{round}")).unwrap();
                    }
                });
            }
        });
        assert_eq!(ProfileFile::read(&path, "f").unwrap().profiles.len(), 40);
    }

    #[test]
    fn drafts_of_the_dead_are_cleared_away_and_a_link_among_them_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let (draft, other) =
            (folder.path().join(".config.toml.deadDEADdead.tmp"), folder.path().join(".other.toml.deadDEADdead.tmp"));
        fs::write(&draft, "project_secret = \"s3cret\"").unwrap();
        fs::write(&other, "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&other, folder.path().join(".config.toml.linkLINKlink.tmp")).unwrap();
        put(&path, "a").unwrap();
        assert!(!draft.exists() && other.exists());
        #[cfg(unix)]
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn only_a_file_is_replaced_and_a_link_to_one_stays() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/file"), TWO).unwrap();
        symlink("real/file", at("link")).unwrap();
        put(&at("link"), "b").unwrap();
        assert!(at("link").is_symlink());
        assert!(fs::read_to_string(at("real/file")).unwrap().contains("[profiles.b]"));
        assert_eq!(fs::metadata(at("real/file")).unwrap().permissions().mode() & 0o777, 0o600);
        symlink("nowhere", at("dangling")).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for (path, words) in [
            (at("dangling"), "a link to a file that is not there"),
            (at("socket"), "no ordinary file"),
            (at("folder"), "no ordinary file"),
            ("/dev/null".into(), "no ordinary file"),
        ] {
            let failure = put(&path, "b").unwrap_err();
            assert_eq!(failure.code, Code::Config);
            assert!(failure.message.contains(words), "{path:?}: {}", failure.message);
        }
        drop(socket);
        assert!(at("dangling").is_symlink() && !at("nowhere").exists());
    }
}
