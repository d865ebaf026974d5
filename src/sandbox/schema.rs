//! The tables of the store. The API's identity rules stand here too, so that no race can break them.

use rusqlite::{Connection, TransactionBehavior};

use super::store::StoreError;

/// Marks a database file as a store of this sandbox ("SPEC").
const APPLICATION_ID: i32 = 0x5350_4543;
/// The version of the tables.
const VERSION: i32 = 3;

/// How many bits of a `seq` tell rows of one block apart: a block holds at most 1,024 rows.
pub const BLOCK_BITS: u32 = 10;

/// `email_claim` is the e-mail where it is an identity (the earlier revision), else null.
/// `search` holds what a search looks through, in lower case.
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

CREATE TABLE servers (
    url TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    projects INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    max_shared_users INTEGER NOT NULL,
    rate_limit INTEGER NOT NULL
) STRICT;
";

/// What follows from the users' rows, kept by triggers so that nothing has to count them.
///
/// `counts` has the active users by type and, among dedicated ones, by line (elsewhere the line is empty): with it a
/// create costs the same however many there are. `blocks` has them by pieces of the creation order: with it a page
/// costs the same however many stand before it.
const DERIVED: &str = "
CREATE INDEX dedicated_age ON users (project, assigned, created_ms) WHERE type = 'dedicated' AND deleted_ms IS NULL;

CREATE TABLE counts (
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    line TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active >= 0),
    PRIMARY KEY (project, type, line)
) STRICT, WITHOUT ROWID;
INSERT INTO counts SELECT project, type, iif(type = 'dedicated', assigned, ''), count(*) FROM users
    WHERE deleted_ms IS NULL GROUP BY 1, 2, 3;

CREATE TABLE blocks (
    project TEXT NOT NULL,
    block INTEGER NOT NULL,
    type TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active >= 0),
    PRIMARY KEY (project, block, type)
) STRICT, WITHOUT ROWID;
INSERT INTO blocks SELECT project, seq >> {BLOCK_BITS}, type, count(*) FROM users
    WHERE deleted_ms IS NULL GROUP BY 1, 2, 3;

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

/// What a store of version 1 kept in their place.
const OUTDATED: &str = "
DROP TRIGGER user_added;
DROP TRIGGER user_deleted;
DROP TABLE counts;
";

/// Makes the tables where there are none yet, and brings older ones up to date. Any number of processes may do so at once.
///
/// # Errors
/// When the database is not a store, or a newer version's.
pub fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match version(&transaction)? {
        VERSION => return Ok(()),
        1 => transaction.execute_batch(OUTDATED)?,
        0 => {
            let strangers: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if strangers > 0 {
                return Err(StoreError::Foreign);
            }
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        _ => return Err(StoreError::Foreign),
    }
    transaction.execute_batch(&DERIVED.replace("{BLOCK_BITS}", &BLOCK_BITS.to_string()))?;
    transaction.pragma_update(None, "user_version", VERSION)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(connection: &Connection) -> Vec<String> {
        let sql = "SELECT format('%s %s %s %d', project, type, line, active) FROM counts
            UNION ALL SELECT format('%s %d %s %d', project, block, type, active) FROM blocks";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_store_of_version_1_is_brought_up_to_date() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection).unwrap();
        for n in 0..3000 {
            let kind = if n % 3 == 0 { "shared" } else { "dedicated" };
            let sql = "INSERT INTO users (id, project, type, phone, assigned, search, created_ms)
                VALUES (?1, 'p', ?2, ?1, 'line ' || (?1 % 2), '', ?1)";
            connection.execute(sql, rusqlite::params![n, kind]).unwrap();
        }
        connection.execute("UPDATE users SET deleted_ms = 1 WHERE id % 5 = 0 OR seq < 1100", []).unwrap();
        let kept = derived(&connection);
        assert_eq!(kept.len(), 3 + 2 * 2, "{kept:?}");
        let as_it_was = "
            DROP TRIGGER user_added; DROP TRIGGER user_deleted;
            DROP TABLE counts; DROP TABLE blocks; DROP INDEX dedicated_age;
            CREATE TABLE counts (project, type, active);
            CREATE TRIGGER user_added AFTER INSERT ON users BEGIN INSERT INTO counts VALUES (1, 2, 3); END;
            CREATE TRIGGER user_deleted AFTER UPDATE ON users BEGIN DELETE FROM counts; END;
            PRAGMA user_version = 1;";
        connection.execute_batch(as_it_was).unwrap();
        prepare(&mut connection).unwrap();
        assert_eq!(derived(&connection), kept);
        assert_eq!(version(&connection).unwrap(), VERSION);
    }

    #[test]
    fn a_newer_store_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        assert!(matches!(prepare(&mut connection), Err(StoreError::Foreign)));
    }
}
