//! One `users apply` of a project at a time, of one person on one machine: a second one waits, and then finds the work
//! done. Together they would send faster than the service allows, and neither could say which users it has made.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::config::setting::Origin;
use crate::files;
use crate::session::Session;

/// Held until it is dropped, or the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _files: Vec<File>,
}

impl Lock {
    /// Waits for this project's turn, in the home's folder and in the machine's; none where neither can hold a lock.
    pub fn wait(of_home: Option<&Path>, key: &str, session: &Session) -> Option<Self> {
        // Jobs on one machine often have a home each; the sandbox inside this command belongs to the home.
        let is_outside = session.base_url().is_ok_and(|url| url.origin != Origin::Sandbox);
        let temp_dir = session.environment.temp_dir.as_ref().filter(|_| is_outside);
        let of_machine = temp_dir.map(|temp| temp.join(own_name()));
        let mut is_told = false;
        let held = |file: File| {
            match file.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut is_told, true) {
                        session.out.note("waiting: another `users apply` of this project is running on this machine");
                    }
                    file.lock().ok()?;
                }
                Err(fs::TryLockError::Error(_)) => return None,
            }
            Some(file)
        };
        // In one order, so that two runs never wait for each other.
        let of_machine = of_machine.filter(|folder| make_own(folder).is_ok());
        let of_home = of_home.filter(|folder| files::make_private(folder).is_ok());
        let files = of_machine.as_deref().into_iter().chain(of_home).filter_map(|folder| open(folder, key).ok());
        let files: Vec<_> = files.filter_map(held).collect();
        (!files.is_empty()).then_some(Self { _files: files })
    }
}

fn open(folder: &Path, key: &str) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(format!("apply-{key}.lock")))
}

/// What a person's folder is called among everybody's.
fn own_name() -> PathBuf {
    #[cfg(unix)]
    return format!("spectrum-{}", nix::unistd::geteuid()).into();
    // There the folder for such files is the person's own.
    #[cfg(not(unix))]
    return "spectrum".into();
}

/// Makes a folder among everybody's, where somebody else may have put something of that name.
fn make_own(folder: &Path) -> io::Result<()> {
    files::make_private(folder)?;
    let found = fs::symlink_metadata(folder)?;
    #[cfg(unix)]
    let is_own = {
        use std::os::unix::fs::MetadataExt as _;
        found.uid() == nix::unistd::geteuid().as_raw() && found.mode() & 0o077 == 0
    };
    #[cfg(not(unix))]
    let is_own = true;
    if found.is_dir() && is_own { Ok(()) } else { Err(io::Error::other("somebody else's")) }
}
