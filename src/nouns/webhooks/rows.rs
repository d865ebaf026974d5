//! The sandbox's rows of webhooks: every SQL statement about them, and the JSON that the API shows of one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;

use super::model::Schema;
use super::signature::{STANDARD_PREFIX, hex};
use crate::sandbox::ids::Ids;
use crate::sandbox::records::Iso;
use crate::sandbox::store_error::StoreError;

/// Events that can be asked for: all there are.
pub const EVENT_TYPES: [&str; 1] = ["message.received"];

const COLUMNS: &str = "id, project, url, schema_version, email, disabled_reason, disabled_ms, created_ms, updated_ms, \
                       signing_secret, standard_secret, previous_secret, previous_until_ms";

/// One webhook that was not deleted.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// Its project, in small letters.
    pub project: String,
    /// Where events are sent.
    pub url: String,
    /// What is sent.
    pub schema: Schema,
    /// Who is told when deliveries fail.
    pub email: Option<String>,
    /// Why and when it was switched off.
    pub disabled: Option<(String, i64)>,
    /// In milliseconds since 1970, as every time here.
    pub created_ms: i64,
    /// When it was last changed.
    pub updated_ms: i64,
    /// What it is signed with.
    pub keys: StoredKeys,
}

/// What the deliveries of a webhook are signed with. These are the sandbox's secrets: they open nothing.
#[derive(Clone)]
pub struct StoredKeys {
    /// 64 hex digits.
    pub signing: String,
    /// `whsec_` and base64.
    pub standard: String,
    /// The one before, and until when it is good.
    pub previous: Option<(String, i64)>,
}

impl std::fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// A new standard secret.
pub fn standard_secret(ids: &Ids) -> String {
    format!("{STANDARD_PREFIX}{}", BASE64.encode(ids.bytes()))
}

impl StoredKeys {
    /// New ones.
    pub fn new(ids: &Ids) -> Self {
        Self { signing: hex(&ids.bytes()), standard: standard_secret(ids), previous: None }
    }

    /// The standard secrets that are good at a moment, the newest first.
    pub fn standard_at(&self, now: Timestamp) -> Vec<&str> {
        let previous = self.previous.as_ref().filter(|(_, until)| now.as_millisecond() < *until);
        std::iter::once(self.standard.as_str()).chain(previous.map(|(secret, _)| secret.as_str())).collect()
    }
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let reason: Option<String> = row.get(5)?;
        let previous: Option<String> = row.get(11)?;
        Ok(Self {
            id: row.get(0)?,
            project: row.get(1)?,
            url: row.get(2)?,
            schema: row.get::<_, String>(3)?.parse().unwrap_or_default(),
            email: row.get(4)?,
            disabled: reason.zip(row.get(6)?),
            created_ms: row.get(7)?,
            updated_ms: row.get(8)?,
            keys: StoredKeys { signing: row.get(9)?, standard: row.get(10)?, previous: previous.zip(row.get(12)?) },
        })
    }

    /// What the API shows of it.
    pub fn shown(&self) -> WebhookView<'_> {
        WebhookView {
            id: &self.id,
            webhook_url: &self.url,
            schema_version: self.schema,
            event_types: EVENT_TYPES,
            enabled: self.disabled.is_none(),
            status: if self.disabled.is_none() { "active" } else { "disabled" },
            failure_notification_email: self.email.as_deref(),
            disabled_at: self.disabled.as_ref().map(|(_, at)| Iso(*at)),
            disabled_reason: self.disabled.as_ref().map(|(reason, _)| reason.as_str()),
            created_at: Iso(self.created_ms),
            updated_at: Iso(self.updated_ms),
            signing_secret: None,
            standard_signing_secret: None,
        }
    }

    /// The same with its secrets, for the one answer that shows them.
    pub fn shown_with_secrets(&self) -> WebhookView<'_> {
        WebhookView {
            signing_secret: Some(&self.keys.signing),
            standard_signing_secret: Some(&self.keys.standard),
            ..self.shown()
        }
    }
}

/// A webhook as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookView<'a> {
    id: &'a str,
    webhook_url: &'a str,
    schema_version: Schema,
    event_types: [&'static str; 1],
    enabled: bool,
    status: &'static str,
    failure_notification_email: Option<&'a str>,
    disabled_at: Option<Iso>,
    disabled_reason: Option<&'a str>,
    created_at: Iso,
    updated_at: Iso,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standard_signing_secret: Option<&'a str>,
}

/// The webhooks of a project, oldest first.
///
/// # Errors
/// Whatever the database says.
pub fn list(connection: &Connection, project: &str) -> Result<Vec<Stored>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE project = ? AND deleted_ms IS NULL ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let webhooks = statement.query_map([project], Stored::read)?;
    Ok(webhooks.collect::<Result<_, _>>()?)
}

/// One webhook of a project; none when there is no such, or no more.
///
/// # Errors
/// Whatever the database says.
pub fn find(connection: &Connection, project: &str, id: &str) -> Result<Option<Stored>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE id = ? AND project = ? AND deleted_ms IS NULL");
    Ok(connection.prepare_cached(&sql)?.query_row([id, project], Stored::read).optional()?)
}

/// Adds a webhook; says whether its URL, in the form that is compared, was free.
///
/// # Errors
/// Whatever the database says.
pub fn insert(connection: &Connection, webhook: &Stored, compared: &str) -> Result<bool, StoreError> {
    let sql = "INSERT INTO webhooks (id, project, url, compared_url, schema_version, email, signing_secret,
            standard_secret, created_ms, updated_ms)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
        ON CONFLICT (project, compared_url) WHERE deleted_ms IS NULL DO NOTHING";
    let Stored { id, project, url, schema, email, created_ms, keys, .. } = webhook;
    let values = params![id, project, url, compared, schema.as_str(), email, keys.signing, keys.standard, created_ms];
    Ok(connection.prepare_cached(sql)?.execute(values)? > 0)
}

/// Writes back what may change of a webhook.
///
/// # Errors
/// Whatever the database says.
pub fn update(connection: &Connection, webhook: &Stored) -> Result<(), StoreError> {
    let sql = "UPDATE webhooks SET schema_version = ?2, email = ?3, disabled_reason = ?4, disabled_ms = ?5,
            standard_secret = ?6, previous_secret = ?7, previous_until_ms = ?8, updated_ms = ?9
        WHERE id = ?1";
    let Stored { id, schema, email, disabled, keys, updated_ms, .. } = webhook;
    let (reason, disabled_ms) = disabled.as_ref().map(|(reason, at)| (reason, at)).unzip();
    let (previous, until) = keys.previous.as_ref().map(|(secret, until)| (secret, until)).unzip();
    let values = params![id, schema.as_str(), email, reason, disabled_ms, keys.standard, previous, until, updated_ms];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Deletes a webhook; says whether there was one.
///
/// # Errors
/// Whatever the database says.
pub fn delete(connection: &Connection, project: &str, id: &str, now: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE webhooks SET deleted_ms = ? WHERE id = ? AND project = ? AND deleted_ms IS NULL";
    Ok(connection.prepare_cached(sql)?.execute(params![now, id, project])? > 0)
}

/// Switches a webhook off that says it is gone.
///
/// # Errors
/// Whatever the database says.
pub fn disable(connection: &Connection, id: &str, reason: &str, now: i64) -> Result<(), StoreError> {
    let sql = "UPDATE webhooks SET disabled_reason = ?, disabled_ms = ?2, updated_ms = ?2
        WHERE id = ?3 AND disabled_ms IS NULL AND deleted_ms IS NULL";
    connection.prepare_cached(sql)?.execute(params![reason, now, id])?;
    Ok(())
}
