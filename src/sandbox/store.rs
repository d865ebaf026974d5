//! The store: one SQLite database, in a file that several processes share, or in memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::options::Location;
use super::schema;

/// How long one process waits for another one's writing before it gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the wait looks again where SQLite itself does not wait.
const RETRY_EVERY: Duration = Duration::from_millis(2);
/// Prepared statements kept per connection: more than there are different ones.
const STATEMENTS: usize = 64;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or the file cannot be made.
    #[error("cannot make {path}: {error}")]
    Folder {
        /// What could not be made.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file is something else, or newer.
    #[error("it is not a sandbox store of this version; name another file, or delete it")]
    Foreign,
    /// Whatever SQLite says.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
}

impl StoreError {
    /// Whether another process was in the way, so that trying again may help.
    fn is_busy(&self) -> bool {
        let Self::Database(rusqlite::Error::SqliteFailure(error, _)) = self else { return false };
        matches!(error.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    }
}

/// The database. Writing is one at a time; reading a file goes on beside it.
#[derive(Debug)]
pub struct Store {
    writer: Mutex<Connection>,
    /// None in memory, where the one connection does everything.
    file: Option<PathBuf>,
    idle_readers: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens the store, making file, folder and tables where they are missing.
    ///
    /// # Errors
    /// When the file cannot be made or is something else.
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        let (connection, file) = match location {
            Location::Memory => {
                let mut connection = Connection::open_in_memory()?;
                schema::prepare(&mut connection)?;
                (connection, None)
            }
            Location::File(path) => {
                make_private_file(path)?;
                let connection = patiently(|| {
                    let mut connection = connect(path)?;
                    schema::prepare(&mut connection)?;
                    Ok(connection)
                })?;
                (connection, Some(path.clone()))
            }
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { writer: Mutex::new(connection), file, idle_readers: Mutex::default() })
    }

    /// The one connection of a store in memory, to be watched.
    #[cfg(test)]
    pub(super) fn connection(&mut self) -> &mut Connection {
        self.writer.get_mut().unwrap()
    }

    /// Reads, seeing everything that was answered before.
    ///
    /// # Errors
    /// Whatever the work met.
    pub fn read<T>(&self, work: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Some(path) = &self.file else {
            return work(&self.writer.lock().unwrap_or_else(PoisonError::into_inner));
        };
        let idle = self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => patiently(|| connect(path))?,
        };
        // One snapshot for all statements of the work.
        let result = patiently(|| {
            let transaction = reader.transaction()?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        });
        self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        result
    }

    /// Writes: all of the work or nothing, and nobody else writes meanwhile.
    ///
    /// # Errors
    /// Whatever the work met; then nothing was written.
    pub fn write<T>(&self, work: impl Fn(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        patiently(|| {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }
}

/// Opens a file in write-ahead mode.
///
/// A commit is in the operating system's hands before it is answered: a killed process loses nothing.
/// (Only a power cut may take the last commits with it, whole ones, and never damages the file.)
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        let _: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    }
    connection.pragma_update(None, "synchronous", "normal")?;
    // Tidying up as the last one leaves would lock out whoever comes at that moment.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Repeats work for as long as another process is in its way. SQLite waits by itself for most locks, not for all:
/// not for the switch to write-ahead mode, nor for the recovery after a crash.
fn patiently<T>(mut work: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let start = Instant::now();
    loop {
        match work() {
            Err(error) if error.is_busy() && start.elapsed() < PATIENCE => thread::park_timeout(RETRY_EVERY),
            other => return other,
        }
    }
}

/// Makes the folder and an empty file that only their owner may read. SQLite gives its other files the same rights.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let failed = |path: &Path, error| StoreError::Folder { path: path.to_owned(), error };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        private_folder().create(folder).map_err(|error| failed(folder, error))?;
    }
    // Only ever created here, never opened: closing a second handle would drop SQLite's locks on the file.
    match private_file().open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(path, error)),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn private_folder() -> fs::DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

#[cfg(unix)]
fn private_file() -> fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn private_folder() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    builder
}

#[cfg(not(unix))]
fn private_file() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(store: &Store) -> i64 {
        let count = "SELECT count(*) FROM users";
        store.read(|connection| Ok(connection.query_row(count, [], |row| row.get(0))?)).unwrap()
    }

    #[test]
    fn many_may_make_the_same_store_at_the_same_moment() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("deep/er/store.sqlite3"));
        let gate = std::sync::Barrier::new(24);
        thread::scope(|scope| {
            for _ in 0..24 {
                scope.spawn(|| {
                    gate.wait();
                    let store = Store::open(&location).unwrap();
                    assert_eq!(users(&store), 0);
                    let insert = "INSERT INTO servers VALUES (hex(randomblob(16)), 1, 1, 1, 1, 1)";
                    store.write(|transaction| Ok(transaction.execute(insert, [])?)).unwrap();
                });
            }
        });
        let count = "SELECT count(*) FROM servers";
        let store = Store::open(&location).unwrap();
        let servers: i64 = store.read(|c| Ok(c.query_row(count, [], |row| row.get(0))?)).unwrap();
        assert_eq!(servers, 24);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("private/store.sqlite3");
        let store = Store::open(&Location::File(path.clone())).unwrap();
        store.write(|transaction| Ok(transaction.execute("DELETE FROM users", [])?)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        for file in fs::read_dir(path.parent().unwrap()).unwrap() {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
    }

    #[test]
    fn another_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "not a database, but somebody's notes, long enough to look like one\n".repeat(20)).unwrap();
        assert!(Store::open(&Location::File(path.clone())).is_err());
        assert!(fs::read_to_string(&path).unwrap().starts_with("not a database"));
        let other = folder.path().join("other.sqlite3");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(Store::open(&Location::File(other)), Err(StoreError::Foreign)));
    }
}
