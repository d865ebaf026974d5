//! What was set for a project by a PATCH: JSON by name, in the store, so that every process sees it.

use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::store_error::StoreError;

/// Reads a setting; none when it was never set, or is no longer understood.
///
/// # Errors
/// Whatever the database says.
pub fn read<T: DeserializeOwned>(connection: &Connection, project: &str, name: &str) -> Result<Option<T>, StoreError> {
    let sql = "SELECT value FROM project_settings WHERE project = ? AND name = ?";
    let found: Option<String> =
        connection.prepare_cached(sql)?.query_row([project, name], |row| row.get(0)).optional()?;
    Ok(found.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Writes a setting.
///
/// # Errors
/// Whatever the database says.
pub fn write<T: Serialize>(connection: &Connection, project: &str, name: &str, value: &T) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO project_settings (project, name, value) VALUES (?, ?, ?)";
    // Our own types always serialize.
    let value = serde_json::to_string(value).unwrap_or_default();
    connection.prepare_cached(sql)?.execute([project, name, &value])?;
    Ok(())
}
