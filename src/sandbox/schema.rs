//! The tables of the store. The API's identity rules stand here too, so that no race can break them.

use rusqlite::{Connection, TransactionBehavior};

use super::store::StoreError;

/// Marks a database file as a store of this sandbox ("SPEC").
const APPLICATION_ID: i32 = 0x5350_4543;
/// The version of the tables.
const VERSION: i32 = 1;

/// `email_claim` is the e-mail where it is an identity (the earlier revision), else null.
/// `search` holds what a search looks through, in lower case.
/// `counts` is kept by triggers: counting rows would make every create slower than the one before.
const TABLES: &str = "
CREATE TABLE users (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('shared', 'dedicated')),
    phone TEXT NOT NULL,
    assigned TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    email_claim TEXT,
    search TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    deleted_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX shared_phone ON users (project, phone) WHERE type = 'shared' AND deleted_ms IS NULL;
CREATE UNIQUE INDEX shared_email_claim ON users (project, email_claim)
    WHERE type = 'shared' AND deleted_ms IS NULL AND email_claim IS NOT NULL;
CREATE INDEX shared_email ON users (project, email) WHERE type = 'shared' AND deleted_ms IS NULL AND email IS NOT NULL;
CREATE UNIQUE INDEX dedicated_tuple ON users (project, assigned, phone) WHERE type = 'dedicated' AND deleted_ms IS NULL;
CREATE INDEX active ON users (project, seq) WHERE deleted_ms IS NULL;

CREATE TABLE pairs (
    number TEXT NOT NULL,
    phone TEXT NOT NULL,
    project TEXT NOT NULL,
    PRIMARY KEY (phone, number),
    UNIQUE (project, phone)
) STRICT;

CREATE TABLE counts (
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active >= 0),
    PRIMARY KEY (project, type)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER user_added AFTER INSERT ON users WHEN new.deleted_ms IS NULL BEGIN
    INSERT INTO counts VALUES (new.project, new.type, 1)
        ON CONFLICT (project, type) DO UPDATE SET active = active + 1;
END;
CREATE TRIGGER user_deleted AFTER UPDATE OF deleted_ms ON users
    WHEN old.deleted_ms IS NULL AND new.deleted_ms IS NOT NULL BEGIN
    UPDATE counts SET active = active - 1 WHERE project = new.project AND type = new.type;
END;

CREATE TABLE servers (
    url TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    projects INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    max_shared_users INTEGER NOT NULL,
    rate_limit INTEGER NOT NULL
) STRICT;
";

/// Makes the tables where there are none yet. Any number of processes may do so at once.
///
/// # Errors
/// When the database is not a store, or a newer version's.
pub fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match version(&transaction)? {
        VERSION => {}
        0 => {
            let strangers: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if strangers > 0 {
                return Err(StoreError::Foreign);
            }
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        _ => return Err(StoreError::Foreign),
    }
    Ok(transaction.commit()?)
}

/// The version of the tables; 0 in an empty database, -1 in one that somebody else made.
fn version(connection: &Connection) -> Result<i32, StoreError> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(match (application, version) {
        (APPLICATION_ID, version) | (0, version @ 0) => version,
        _ => -1,
    })
}
