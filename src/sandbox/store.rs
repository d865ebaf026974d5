//! The store: one SQLite database, in a file that several processes share, or in memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::gate::Gate;
use super::options::Location;
use super::store_error::StoreError;
use super::{schema, store_file};

/// How long one process waits for another one's writing before it gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the wait looks again where SQLite itself does not wait.
const RETRY_EVERY: Duration = Duration::from_millis(2);
/// Prepared statements kept per connection: more than there are different ones.
const STATEMENTS: usize = 64;
/// How long the write-ahead log may become, in bytes. SQLite begins it anew only when nobody reads, and on a busy
/// server somebody always does: beyond this new reads wait until those that have begun are over and it is cut.
const LARGEST_LOG: u64 = 64 << 20;
/// How long that wait may be: less than another process waits for its turn to write.
const CUT_PATIENCE: Duration = Duration::from_secs(10);
/// How much of the log is left for whoever opens the store next, in bytes: twice what SQLite lets it be by itself.
const KEPT_LOG: u64 = 8 << 20;

/// The database. Writing is one at a time; reading a file goes on beside it.
#[derive(Debug)]
pub struct Store {
    writer: Mutex<Writer>,
    /// None in memory, where the one connection does everything.
    file: Option<PathBuf>,
    idle_readers: Mutex<Vec<Connection>>,
    /// What those who read the file go through; closed when the log has to be cut.
    gate: Gate,
}

/// The connection that writes.
#[derive(Debug)]
struct Writer {
    connection: Connection,
    /// How long the log may become until it is cut again, in bytes.
    cut_at: u64,
}

impl Store {
    /// Opens the store, making file, folder and tables where they are missing.
    ///
    /// # Errors
    /// When the file cannot be made, or is damaged or something else.
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        let (connection, file) = match location {
            Location::Memory => {
                let connection = Connection::open_in_memory()?;
                schema::create(&connection)?;
                (connection, None)
            }
            Location::File(path) => {
                let path = store_file::prepare(path)?;
                let opened = patiently(|| {
                    // First of all: somebody else's database is not even switched to another mode.
                    store_file::check_header(&path)?;
                    let connection = connect(&path)?;
                    store_file::check(&connection, &path)?;
                    Ok(connection)
                });
                (opened.map_err(|error| store_file::explained(error, &path))?, Some(path))
            }
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let writer = Mutex::new(Writer { connection, cut_at: LARGEST_LOG });
        let store = Self { writer, file, idle_readers: Mutex::default(), gate: Gate::default() };
        store.leave_little();
        Ok(store)
    }

    /// The one connection of a store in memory, to be watched.
    #[cfg(test)]
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.writer.get_mut().unwrap().connection
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads, seeing everything that was answered before.
    ///
    /// # Errors
    /// Whatever the work met.
    pub fn read<T>(&self, work: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Some(path) = &self.file else { return work(&self.writer().connection) };
        self.gate.enter();
        let idle = self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = idle.map_or_else(|| patiently(|| connect(path)), Ok);
        let result = reader.map(|mut reader| {
            let result = at_once(&mut reader, &work);
            self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            result
        });
        if self.gate.leave() {
            self.cut();
        }
        // The system has no descriptors left for one more, say: then the one that writes reads as well.
        result.unwrap_or_else(|_| at_once(&mut self.writer().connection, &work))
    }

    /// Writes: all of the work or nothing, and nobody else writes meanwhile.
    ///
    /// # Errors
    /// Whatever the work met; then nothing was written.
    pub fn write<T>(&self, work: impl Fn(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = self.writer();
        let done = patiently(|| {
            let transaction = writer.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })?;
        let is_long = self.log_length() > writer.cut_at;
        drop(writer);
        if is_long && self.gate.close() {
            self.cut();
        }
        Ok(done)
    }

    /// Cuts the log while nobody here reads, and lets them in again. The readers of other processes are waited for.
    fn cut(&self) {
        let mut writer = self.writer();
        let start = Instant::now();
        cut_log(&writer.connection, CUT_PATIENCE);
        // A read that outlasts the patience keeps the log; it is not waited for again at every write. (Another
        // process that moves the log at this moment is in the way for that long only.)
        let kept = if start.elapsed() < CUT_PATIENCE { 0 } else { self.log_length() };
        writer.cut_at = kept + LARGEST_LOG;
        self.gate.open();
    }

    /// Gives the space of what was deleted back to the system.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn shrink(&self) -> Result<(), StoreError> {
        let writer = self.writer();
        patiently(|| Ok(writer.connection.execute_batch("VACUUM")?))?;
        cut_log(&writer.connection, CUT_PATIENCE);
        Ok(())
    }

    /// Empties the log, unless somebody else uses it at this moment.
    pub fn empty_log(&self) {
        cut_log(&self.writer().connection, Duration::ZERO);
    }

    /// Empties the log for whoever comes next, who would have to read all of it; not a short one, which costs less.
    fn leave_little(&self) {
        if self.log_length() > KEPT_LOG {
            self.empty_log();
        }
    }

    /// How long the write-ahead log is, in bytes.
    fn log_length(&self) -> u64 {
        let log = self.file.as_deref().map(store_file::log);
        log.and_then(|log| fs::metadata(log).ok()).map_or(0, |log| log.len())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.leave_little();
    }
}

/// Opens a file in write-ahead mode.
///
/// A commit is in the operating system's hands before it is answered: a killed process loses nothing.
/// (Only a power cut may take the last commits with it, whole ones, and never damages the file.)
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        let _: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    }
    connection.pragma_update(None, "synchronous", "normal")?;
    // When SQLite begins the log anew by itself it keeps this much of the file.
    let _: i64 = connection.pragma_update_and_check(None, "journal_size_limit", KEPT_LOG, |row| row.get(0))?;
    // Tidying up as the last one leaves would lock out whoever comes at that moment.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Reads in one snapshot for all statements of the work.
fn at_once<T>(
    connection: &mut Connection,
    work: &impl Fn(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    patiently(|| {
        let transaction = connection.transaction()?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    })
}

/// Moves the log into the database and empties it, once the reads that have begun are over; new ones don't hold it up,
/// as they find everything in the database. Best effort: nothing is lost where it cannot be done in time.
fn cut_log(connection: &Connection, patience: Duration) {
    let _ = connection.busy_timeout(patience);
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    let _ = connection.busy_timeout(PATIENCE);
}

/// Repeats work for as long as another process is in its way. SQLite waits by itself for most locks, not for all:
/// not for the recovery after a crash, say.
fn patiently<T>(mut work: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let start = Instant::now();
    loop {
        match work() {
            Err(error) if error.is_busy() && start.elapsed() < PATIENCE => thread::park_timeout(RETRY_EVERY),
            other => return other,
        }
    }
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

    /// A new store, and the file that it is in.
    fn store(folder: &tempfile::TempDir) -> (Store, PathBuf) {
        let path = folder.path().join("private/store.sqlite3");
        (Store::open(&Location::File(path.clone())).unwrap(), path)
    }

    /// Writes so many bytes, and some more.
    fn fill(store: &Store, bytes: u64) {
        const PIECE: u64 = 1 << 20;
        for _ in 0..bytes / PIECE + 1 {
            let insert = "INSERT INTO pairs VALUES ('', hex(randomblob(16)), hex(zeroblob(?)))";
            store.write(|transaction| Ok(transaction.execute(insert, [PIECE / 2])?)).unwrap();
        }
    }

    #[test]
    fn the_log_stays_short_though_somebody_reads_all_the_time() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = store(&folder);
        let is_over = AtomicBool::new(false);
        let longest = thread::scope(|scope| {
            for _ in 0..3 {
                // Each read begins before the others are over.
                scope.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        store
                            .read(|connection| {
                                let count = "SELECT count(*) FROM users";
                                let _: i64 = connection.query_row(count, [], |row| row.get(0))?;
                                let begin = Instant::now();
                                while begin.elapsed() < Duration::from_millis(30) {
                                    thread::yield_now();
                                }
                                Ok(())
                            })
                            .unwrap();
                    }
                });
            }
            let mut longest = 0;
            for _ in 0..2 * LARGEST_LOG / KEPT_LOG {
                fill(&store, KEPT_LOG);
                longest = longest.max(store.log_length());
            }
            is_over.store(true, Ordering::SeqCst);
            longest
        });
        assert!((KEPT_LOG..2 * LARGEST_LOG).contains(&longest), "{longest}");
    }

    #[test]
    fn whoever_closes_or_opens_a_store_leaves_a_short_log() {
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = store(&folder);
        let length = |path: &Path| fs::metadata(store_file::log(path)).unwrap().len();
        // Somebody else reads, and then ends without a chance to tidy up.
        let mut reader = connect(&path).unwrap();
        let reading = reader.transaction().unwrap();
        let _: i64 = reading.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
        fill(&store, 2 * KEPT_LOG);
        assert!(length(&path) > KEPT_LOG);
        let other = Store::open(&Location::File(path.clone())).unwrap();
        assert!(length(&path) > KEPT_LOG, "it is still needed");
        drop(reading);
        drop(other);
        assert_eq!(length(&path), 0);
        fill(&store, KEPT_LOG);
        let reading = reader.transaction().unwrap();
        let _: i64 = reading.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
        fill(&store, 2 * KEPT_LOG);
        drop(reading);
        assert!(length(&path) > KEPT_LOG);
        Store::open(&Location::File(path.clone())).unwrap();
        assert_eq!(length(&path), 0);
    }

    #[test]
    fn a_store_that_was_emptied_takes_no_space() {
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = store(&folder);
        let length = |path: &Path| fs::metadata(path).unwrap().len();
        let empty = length(&path);
        fill(&store, KEPT_LOG);
        super::super::status::reset(&path, false).unwrap();
        assert_eq!((length(&path), store.log_length()), (empty, 0));
    }

    #[cfg(unix)]
    #[test]
    fn a_reader_that_cannot_be_had_is_replaced_by_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = store(&folder);
        fs::rename(&path, path.with_extension("away")).unwrap();
        assert_eq!(users(&store), 0);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = store(&folder);
        store.write(|transaction| Ok(transaction.execute("DELETE FROM users", [])?)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let files: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 3, "nothing is left of the making: {files:?}");
        assert!(files.iter().all(|file| mode(file) == 0o600));
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
        let before = fs::read(&other).unwrap();
        assert!(matches!(Store::open(&Location::File(other.clone())), Err(StoreError::Foreign)));
        assert!(super::super::status::reset(&other, true).is_err(), "also where only the sandbox keeps anything");
        assert_eq!(fs::read(&other).unwrap(), before);
    }
}
