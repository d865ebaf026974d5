//! What a store knows of itself and of the servers on it, from any process.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, Row, params};

use super::options::{Location, SandboxOptions};
use super::schema;
use super::store::Store;
use super::store_error::StoreError;
use super::store_file;
use crate::failure::{Code, Failure};

/// How long a server that is said to run may take to show that it does.
const PATIENCE: Duration = Duration::from_millis(500);

/// The state of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether there is a store at all.
    pub exists: bool,
    /// The servers that answer right now.
    pub running: Vec<RunningServer>,
    /// Active shared users, over all projects.
    pub shared_users: u64,
    /// Active dedicated users, over all projects.
    pub dedicated_users: u64,
}

/// A server on a store, as it announced itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningServer {
    /// Where it listens.
    pub url: String,
    /// Its process.
    pub pid: u32,
    /// How many projects it has.
    pub projects: u32,
    /// Lines of all its projects.
    pub lines: u32,
    /// Shared seats of all its projects.
    pub max_shared_users: u32,
    /// Requests per second and project; 0 is no limit.
    pub rate_limit: u32,
}

impl RunningServer {
    /// What a server says of itself.
    pub fn new(url: String, options: &SandboxOptions) -> Self {
        let sum = |of: fn(&super::options::SandboxProject) -> u32| {
            options.projects.iter().map(of).fold(0, u32::saturating_add)
        };
        Self {
            url,
            pid: std::process::id(),
            projects: u32::try_from(options.projects.len()).unwrap_or(u32::MAX),
            lines: sum(|project| u32::try_from(project.lines.len()).unwrap_or(u32::MAX)),
            max_shared_users: sum(|project| project.max_shared_users),
            rate_limit: options.rate_limit,
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            url: row.get(0)?,
            pid: row.get(1)?,
            projects: row.get(2)?,
            lines: row.get(3)?,
            max_shared_users: row.get(4)?,
            rate_limit: row.get(5)?,
        })
    }

    /// Leaves word in the store that this server runs.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn announce(&self, store: &Store) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO servers (url, pid, projects, lines, max_shared_users, rate_limit)
            VALUES (?, ?, ?, ?, ?, ?)";
        store.write(|c| {
            c.execute(
                sql,
                params![self.url, self.pid, self.projects, self.lines, self.max_shared_users, self.rate_limit],
            )?;
            Ok(())
        })
    }

    /// Takes that word back.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn withdraw(&self, store: &Store) -> Result<(), StoreError> {
        store.write(|c| {
            c.execute("DELETE FROM servers WHERE url = ? AND pid = ?", params![self.url, self.pid])?;
            Ok(())
        })
    }

    /// Asks the server itself: its process may have been killed, and its port may be somebody else's by now.
    fn answers(&self) -> bool {
        let ask = || {
            let address: SocketAddr = self.url.strip_prefix("http://")?.parse().ok()?;
            let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
            stream.set_read_timeout(Some(PATIENCE)).ok()?;
            stream.set_write_timeout(Some(PATIENCE)).ok()?;
            stream.write_all(b"OPTIONS / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
            let mut head = Vec::new();
            let _ = stream.take(4096).read_to_end(&mut head);
            Some(String::from_utf8_lossy(&head).into_owned())
        };
        ask().is_some_and(|head| {
            head.lines().any(|line| line.eq_ignore_ascii_case(&format!("server: {}", name(self.pid))))
        })
    }
}

/// How the server of a process names itself in every answer.
pub fn name(pid: u32) -> String {
    format!("spectrum-sandbox/{pid}")
}

/// Looks at a store without making one.
///
/// # Errors
/// When there is something that is no store, or it cannot be read.
pub fn status(path: &Path) -> Result<Status, StoreError> {
    if is_missing(path) {
        return Ok(Status::default());
    }
    Store::open(&Location::File(path.to_owned()))
        .and_then(|store| look(&store))
        .map_err(|error| store_file::explained(error, path))
}

/// Whether there is nothing for certain; what cannot be looked at is for the store to complain of.
fn is_missing(path: &Path) -> bool {
    matches!(path.try_exists(), Ok(false)) && !store_file::has_log(path)
}

fn look(store: &Store) -> Result<Status, StoreError> {
    let (announced, shared_users, dedicated_users) = store.read(|c| {
        let sql = "SELECT url, pid, projects, lines, max_shared_users, rate_limit FROM servers ORDER BY rowid";
        let announced: Vec<RunningServer> =
            c.prepare(sql)?.query_map([], RunningServer::read)?.collect::<Result<_, _>>()?;
        let count = |kind: &str| -> rusqlite::Result<u64> {
            let sql = "SELECT sum(active) FROM counts WHERE type = ?";
            Ok(c.query_row(sql, [kind], |row| row.get::<_, Option<u64>>(0)).optional()?.flatten().unwrap_or(0))
        };
        Ok((announced, count("shared")?, count("dedicated")?))
    })?;
    let (running, gone): (Vec<RunningServer>, Vec<RunningServer>) =
        announced.into_iter().partition(RunningServer::answers);
    for server in gone {
        server.withdraw(store)?;
    }
    Ok(Status { exists: true, running, shared_users, dedicated_users })
}

/// What a reset did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// So many active users were forgotten.
    Forgot(u64),
    /// A store that could not be used was replaced by an empty one; what was in it is not known.
    Replaced,
}

/// Forgets every user and every number that was given, also beneath a running server.
/// A store that [`can_replace`] says so of is replaced.
///
/// # Errors
/// When there is something that is no store, or it cannot be written.
pub fn reset(path: &Path, is_default: bool) -> Result<Reset, StoreError> {
    if is_missing(path) {
        return Ok(Reset::Forgot(0));
    }
    let open = || Store::open(&Location::File(path.to_owned()));
    match open().and_then(|store| forget(&store)).map_err(|error| store_file::explained(error, path)) {
        Err(error) if can_replace(path, &error, is_default) => {
            store_file::remove(path)?;
            open().map(|_| Reset::Replaced)
        }
        forgotten => forgotten.map(Reset::Forgot),
    }
}

fn forget(store: &Store) -> Result<u64, StoreError> {
    let forgotten = store.write(|connection| schema::clear(connection))?;
    store.shrink()?;
    Ok(forgotten)
}

/// Tells whether a reset may replace a store that cannot be used: one that was ours, or the remains of something
/// where nobody but the sandbox keeps anything. A file that somebody named and that was none is theirs.
pub fn can_replace(path: &Path, error: &StoreError, is_default: bool) -> bool {
    match error {
        StoreError::Version => true,
        StoreError::Damaged(_) => is_default || store_file::was_ours(path),
        _ => false,
    }
}

/// What to tell somebody whose store cannot be used, and what to type next.
pub fn unusable(path: &Path, error: &StoreError, is_default: bool) -> Failure {
    let named = if is_default { String::new() } else { format!(" --store {}", quoted(path)) };
    let failure = Failure::new(Code::Config, format!("the sandbox's store {} cannot be used: {error}", path.display()));
    failure.hint(match error {
        _ if can_replace(path, error, is_default) => {
            format!("run `spectrum sandbox reset{named}` to begin with an empty one")
        }
        StoreError::Access { .. } | StoreError::Database(_) => {
            "mend that, or use another one: `spectrum sandbox serve --store FILE` or `--memory`".to_owned()
        }
        _ => format!("name another file with `--store FILE`, or delete {}", path.display()),
    })
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(char::is_whitespace) { format!("'{text}'") } else { text }
}
