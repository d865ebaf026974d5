//! The file of a store: made whole and private, and looked over before anybody believes what it holds.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use url::Url;

use super::schema;
use super::store_error::StoreError;
use crate::files;

/// How many links are followed, as the system does it.
const LINKS: usize = 40;
/// The smallest page of a database, in bytes.
const SMALLEST_PAGE: u64 = 512;
/// How SQLite's write-ahead log begins, but for its last bit.
const LOG_MAGIC: u32 = 0x377f_0682;
/// The length of the log's own header, in bytes.
const LOG_HEADER: usize = 32;
/// The length of the header of each page in the log, in bytes; it begins with the page's number.
const FRAME_HEADER: usize = 24;
/// What a process needs beside a store to open it, in bytes.
const SPACE: usize = 64 << 10;

/// The file that a path means, which is there afterwards: links are followed, also one to a file that is still missing.
///
/// It is made whole beside its place and then put there. So an empty file is never one that somebody is about to fill,
/// and whoever finds one knows that something was lost.
///
/// # Errors
/// When it cannot be made, or is no file.
pub fn prepare(path: &Path) -> Result<PathBuf, StoreError> {
    let path = follow(path);
    // A first start that was killed has left its own, and nothing of worth is in it.
    files::clear_drafts(&path, files::OLD);
    match fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(StoreError::NotAFile),
        Ok(found) if found.len() == 0 => Err(StoreError::Damaged("it is empty".to_owned())),
        // SQLite takes it for a new database.
        Ok(found) if found.len() < SMALLEST_PAGE => Err(cut_short()),
        Ok(_) => Ok(path),
        // The log is younger than its file, and goes before it: whoever finds it alone has lost the rest.
        Err(error) if error.kind() == io::ErrorKind::NotFound && has_log(&path) => {
            Err(StoreError::Damaged("it is gone, and its write-ahead log is still there".to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path).map(|()| path),
        Err(error) => Err(StoreError::Access { what: "cannot open", path, error }),
    }
}

fn cut_short() -> StoreError {
    StoreError::Damaged("it is cut short".to_owned())
}

fn follow(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&path) else { break };
        path = files::folder(&path).join(target);
    }
    path
}

/// Makes a store that only its owner may read. SQLite gives its other files the same rights.
fn make(path: &Path) -> Result<(), StoreError> {
    let failed = |path: &Path, error| StoreError::Access { what: "cannot make", path: path.to_owned(), error };
    let folder = files::folder(path);
    files::make_private(folder).map_err(|error| failed(folder, error))?;
    let draft = files::draft(path).map_err(|error| failed(path, error))?;
    keep_private(draft.as_file()).map_err(|error| failed(path, error))?;
    let connection = Connection::open(draft.path())?;
    // Nobody else sees the draft, and it is written out below.
    connection.execute_batch("PRAGMA journal_mode = memory; PRAGMA synchronous = off;")?;
    schema::create(&connection)?;
    let _: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    connection.close().map_err(|(_, error)| error)?;
    draft.as_file().sync_all().map_err(|error| failed(path, error))?;
    match draft.persist_noclobber(path) {
        // Somebody else was faster: then theirs is the store.
        Err(kept) if kept.error.kind() != io::ErrorKind::AlreadyExists => Err(failed(path, kept.error)),
        _ => Ok(()),
    }
}

/// Its owner may read and write it, nobody else, whatever the umask takes away.
#[cfg(unix)]
fn keep_private(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

/// The folder's access list guards the file on this system.
#[cfg(not(unix))]
fn keep_private(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

/// Where SQLite keeps the write-ahead log of a store.
pub fn log(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

/// Whether anything is logged.
pub fn has_log(path: &Path) -> bool {
    fs::metadata(log(path)).is_ok_and(|log| log.len() > 0)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Removes a store with everything that SQLite keeps beside it.
///
/// # Errors
/// Whatever the system says.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    let path = follow(path);
    // What belongs to the file goes first: left behind, it would be taken for the next one's.
    for path in [log(&path), beside(&path, "-shm"), path] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::Access { what: "cannot remove", path, error });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Tells whether a file that cannot be used was a store of ours, as far as its first bytes say.
pub fn was_ours(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(100).read_to_end(&mut head));
    read.is_ok() && schema::is_ours(&head)
}

/// Looks for what SQLite does not look for itself as long as its log hides it: it would go on with what is left.
///
/// # Errors
/// When the file cannot be written, or has lost something.
pub fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    if connection.is_readonly("main")? {
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        let denied = StoreError::Access { what: "cannot write", path: path.to_owned(), error };
        return Err(obstacle(path).unwrap_or(denied));
    }
    let log_header = log_header(path);
    if log_header.is_some_and(|magic| magic != 0 && magic & !1 != LOG_MAGIC) {
        return Err(StoreError::Damaged("its write-ahead log is unreadable".to_owned()));
    }
    if is_whole(connection, path)? { Ok(()) } else { Err(cut_short()) }
}

/// Looks at the file without its log, which may hold a whole first page where the file has none.
///
/// # Errors
/// When it is no store of this version.
pub fn check_header(path: &Path) -> Result<(), StoreError> {
    let unreadable = |error| StoreError::Access { what: "cannot open", path: path.to_owned(), error };
    let mut url = Url::from_file_path(std::path::absolute(path).map_err(unreadable)?)
        .map_err(|()| unreadable(io::ErrorKind::InvalidFilename.into()))?;
    url.set_query(Some("immutable=1"));
    // Through SQLite: a file of our own would take this process's locks with it when it is closed.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let file = Connection::open_with_flags(url.as_str(), flags)?;
    // The log may be on its way into the file at this moment: that its length is behind says nothing.
    file.pragma_update(None, "writable_schema", true)?;
    schema::check(&file)
}

fn log_header(path: &Path) -> Option<u32> {
    let mut magic = [0; 4];
    fs::File::open(log(path)).ok()?.read_exact(&mut magic).ok()?;
    Some(u32::from_be_bytes(magic))
}

/// Tells whether each page is in the file or still in the log.
fn is_whole(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    // Nobody empties the log as long as this snapshot needs it.
    let snapshot = connection.unchecked_transaction()?;
    let pages: u64 = snapshot.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let size: usize = snapshot.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let there = fs::metadata(path).map_or(0, |file| file.len()) / size as u64;
    if there >= pages {
        return Ok(true);
    }
    let logged = logged_pages(path, size).unwrap_or_default();
    Ok((there + 1..=pages).all(|page| logged.contains(&page)))
}

/// The numbers of the pages in the log.
fn logged_pages(path: &Path, size: usize) -> io::Result<HashSet<u64>> {
    let mut log = BufReader::new(fs::File::open(log(path))?);
    log.seek_relative(LOG_HEADER as i64)?;
    let mut pages = HashSet::new();
    let mut number = [0; 4];
    while log.read_exact(&mut number).is_ok() {
        pages.insert(u64::from(u32::from_be_bytes(number)));
        log.seek_relative((FRAME_HEADER - number.len() + size) as i64)?;
    }
    Ok(pages)
}

/// What the work on a store's file met, in plain words: SQLite's own say little.
pub fn explained(error: StoreError, path: &Path) -> StoreError {
    match error.code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::DiskFull) => {
            obstacle(path).unwrap_or(error)
        }
        _ => error,
    }
}

/// What the system has against opening a store, in its own words, where SQLite has none.
pub fn obstacle(path: &Path) -> Option<StoreError> {
    let access = |what, path: &Path, error| StoreError::Access { what, path: path.to_owned(), error };
    if let Err(error) = fs::OpenOptions::new().read(true).write(true).open(path) {
        return Some(access("cannot open", path, error));
    }
    let folder = files::folder(path);
    let probe = tempfile::tempfile_in(folder).and_then(|mut file| file.write_all(&[1; SPACE]));
    probe.err().map(|error| access("cannot write into", folder, error))
}
