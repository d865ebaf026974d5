//! Why a store cannot be used.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file, its folder or what SQLite keeps beside it cannot be made, opened or written.
    #[error("{what} {}: {error}", path.display())]
    Access {
        /// What was tried: `cannot make`.
        what: &'static str,
        /// What it was tried with.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// A folder, a device, a pipe.
    #[error("it is not a file")]
    NotAFile,
    /// A database that somebody else made.
    #[error("it is not a sandbox store")]
    Foreign,
    /// A store whose tables are older or newer.
    #[error("it was made by another version of spectrum")]
    Version,
    /// A store, or what was one, that holds less than was written into it.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Whatever SQLite says.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
}

impl StoreError {
    /// What SQLite calls it, where it was SQLite.
    pub fn code(&self) -> Option<ErrorCode> {
        let Self::Database(rusqlite::Error::SqliteFailure(error, _)) = self else { return None };
        Some(error.code)
    }

    /// Whether another process was in the way, so that trying again may help.
    pub fn is_busy(&self) -> bool {
        matches!(
            self.code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
        )
    }
}
