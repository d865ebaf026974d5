//! The tables of the store. The API's identity rules stand here too, so that no race can break them.

use rusqlite::Connection;

use super::store_error::StoreError;

/// Marks a database file as a store of this sandbox ("SPEC").
const APPLICATION_ID: i32 = 0x5350_4543;
/// The version of the tables: raised whenever they change. Stores of other versions are not read.
const VERSION: i32 = 4;

/// How many bits of a `seq` tell rows of one block apart: a block holds at most 1,024 rows.
pub const BLOCK_BITS: u32 = 10;

/// `email_claim` is the e-mail where it is an identity (the earlier revision), else null.
/// `search` holds what a search looks through, in lower case.
///
/// `counts` and `blocks` follow from the users' rows; triggers keep them, so that nothing has to count. `counts` has
/// the active users by type and, among dedicated ones, by line (elsewhere the line is empty): with it a create costs
/// the same however many there are. `blocks` has them by pieces of the creation order: with it a page costs the same
/// however many stand before it.
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
    deleted_ms INTEGER,
    opt_in INTEGER NOT NULL DEFAULT 0,
    owner INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX shared_phone ON users (project, phone) WHERE type = 'shared' AND deleted_ms IS NULL;
CREATE UNIQUE INDEX shared_email_claim ON users (project, email_claim)
    WHERE type = 'shared' AND deleted_ms IS NULL AND email_claim IS NOT NULL;
CREATE INDEX shared_email ON users (project, email) WHERE type = 'shared' AND deleted_ms IS NULL AND email IS NOT NULL;
CREATE UNIQUE INDEX dedicated_tuple ON users (project, assigned, phone) WHERE type = 'dedicated' AND deleted_ms IS NULL;
CREATE INDEX active ON users (project, seq) WHERE deleted_ms IS NULL;
CREATE INDEX dedicated_age ON users (project, assigned, created_ms) WHERE type = 'dedicated' AND deleted_ms IS NULL;

CREATE TABLE pairs (
    number TEXT NOT NULL,
    phone TEXT NOT NULL,
    project TEXT NOT NULL,
    PRIMARY KEY (phone, number),
    UNIQUE (project, phone)
) STRICT;

CREATE TABLE project_settings (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhooks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    url TEXT NOT NULL,
    compared_url TEXT NOT NULL,
    schema_version TEXT NOT NULL,
    email TEXT,
    signing_secret TEXT NOT NULL,
    standard_secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_until_ms INTEGER,
    disabled_reason TEXT,
    disabled_ms INTEGER,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    deleted_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX webhook_url ON webhooks (project, compared_url) WHERE deleted_ms IS NULL;

CREATE TABLE servers (
    url TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    projects INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    max_shared_users INTEGER NOT NULL,
    rate_limit INTEGER NOT NULL
) STRICT;

CREATE TABLE counts (
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    line TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active >= 0),
    PRIMARY KEY (project, type, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
    project TEXT NOT NULL,
    block INTEGER NOT NULL,
    type TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active >= 0),
    PRIMARY KEY (project, block, type)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER user_added AFTER INSERT ON users WHEN new.deleted_ms IS NULL BEGIN
    INSERT INTO counts VALUES (new.project, new.type, iif(new.type = 'dedicated', new.assigned, ''), 1)
        ON CONFLICT (project, type, line) DO UPDATE SET active = active + 1;
    INSERT INTO blocks VALUES (new.project, new.seq >> {BLOCK_BITS}, new.type, 1)
        ON CONFLICT (project, block, type) DO UPDATE SET active = active + 1;
END;
CREATE TRIGGER user_deleted AFTER UPDATE OF deleted_ms ON users
    WHEN old.deleted_ms IS NULL AND new.deleted_ms IS NOT NULL BEGIN
    UPDATE counts SET active = active - 1
        WHERE project = new.project AND type = new.type AND line = iif(new.type = 'dedicated', new.assigned, '');
    UPDATE blocks SET active = active - 1
        WHERE project = new.project AND block = new.seq >> {BLOCK_BITS} AND type = new.type;
    DELETE FROM blocks
        WHERE project = new.project AND block = new.seq >> {BLOCK_BITS} AND type = new.type AND active = 0;
END;
";

/// Makes the tables in an empty database.
///
/// # Errors
/// Whatever the database says.
pub fn create(connection: &Connection) -> Result<(), StoreError> {
    let tables = TABLES.replace("{BLOCK_BITS}", &BLOCK_BITS.to_string());
    connection.execute_batch(&format!(
        "BEGIN; {tables} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    ))?;
    Ok(())
}

/// Forgets everything but which servers run; how many active users that were.
///
/// # Errors
/// Whatever the database says.
pub fn clear(connection: &Connection) -> Result<u64, StoreError> {
    let active: Option<u64> = connection.query_row("SELECT sum(active) FROM counts", [], |row| row.get(0))?;
    connection.execute_batch(
        "DELETE FROM users; DELETE FROM pairs; DELETE FROM counts; DELETE FROM blocks; DELETE FROM project_settings;
         DELETE FROM webhooks;",
    )?;
    Ok(active.unwrap_or(0))
}

/// Whether nothing was ever written into it, or everything was forgotten.
///
/// # Errors
/// Whatever the database says.
pub fn is_clear(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM users) AND NOT EXISTS (SELECT 1 FROM pairs)
        AND NOT EXISTS (SELECT 1 FROM webhooks) AND NOT EXISTS (SELECT 1 FROM project_settings)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// Looks whether a database is a store of this version.
///
/// # Errors
/// When it is another version's, or none at all.
pub fn check(connection: &Connection) -> Result<(), StoreError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION_ID, VERSION) => Ok(()),
        (APPLICATION_ID, _) => Err(StoreError::Version),
        _ => Err(StoreError::Foreign),
    }
}

/// Tells from the first bytes of a file whether it is, or was, a store of whatever version.
pub fn is_ours(head: &[u8]) -> bool {
    // SQLite keeps the mark in the header of the file.
    head.get(68..72) == Some(&APPLICATION_ID.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_and_a_newer_store_are_told_from_ours_and_from_what_is_none() {
        let connection = Connection::open_in_memory().unwrap();
        assert!(matches!(check(&connection), Err(StoreError::Foreign)));
        create(&connection).unwrap();
        check(&connection).unwrap();
        for version in [0, VERSION - 1, VERSION + 1] {
            connection.pragma_update(None, "user_version", version).unwrap();
            assert!(matches!(check(&connection), Err(StoreError::Version)), "{version}");
        }
    }
}
