//! One `users apply` of a project at a time, of one person on one machine: a second one waits, and then finds the work
//! done. Together they would send faster than the service allows, and neither could say which users it has made.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::files;
use crate::session::Session;

/// Held until it is dropped, or the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for this project's turn; none where the folder cannot hold a lock.
    pub fn wait(folder: &Path, key: &str, session: &Session) -> Option<Self> {
        let file = open(folder, key).ok()?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                session.out.note("waiting: another `users apply` of this project is running on this machine");
                file.lock().ok()?;
            }
            Err(fs::TryLockError::Error(_)) => return None,
        }
        Some(Self { _file: file })
    }
}

fn open(folder: &Path, key: &str) -> io::Result<File> {
    files::make_private(folder)?;
    OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(format!("apply-{key}.lock")))
}
