//! What a sandbox begins with and goes back to: people and webhooks, the same each time, their ids and times included.

use jiff::Timestamp;
use rusqlite::Connection;

use super::ids::Ids;
use super::pool::{self, Pool};
use super::records::{StoredMeta, StoredUser};
use super::store_error::StoreError;
use crate::model::ids::key;
use crate::model::{Phone, ProjectId};
use crate::nouns::users::model::{NewUser, UserType};
use crate::nouns::webhooks::model::Schema;
use crate::nouns::webhooks::rows::{self, Stored, StoredKeys};

/// What somebody wrote down; of projects that the sandbox has.
#[derive(Debug, Clone, Default)]
pub struct Seed {
    /// In their order of creation.
    pub people: Vec<Person>,
    /// In their order of creation.
    pub webhooks: Vec<SeedWebhook>,
}

/// A user of a seed.
#[derive(Debug, Clone)]
pub struct Person {
    /// The project.
    pub project: ProjectId,
    /// What a create would carry; a shared user gets a number of the pool.
    pub user: NewUser,
    /// The server's own marks.
    pub meta: StoredMeta,
    /// When they were registered; none when the sandbox starts.
    pub created: Option<Timestamp>,
}

/// A webhook of a seed.
#[derive(Debug, Clone)]
pub struct SeedWebhook {
    /// The project.
    pub project: ProjectId,
    /// Where events are sent.
    pub url: String,
    /// The URL as it is compared.
    pub compared: String,
    /// What is sent.
    pub schema: Schema,
}

/// The rows of a seed, with everything that the sandbox gives but the numbers of its pool.
#[derive(Debug, Default)]
pub struct SeedRows {
    users: Vec<StoredUser>,
    webhooks: Vec<(Stored, String)>,
}

impl SeedRows {
    /// Gives ids, secrets and times, once and for all.
    pub fn new(seed: &Seed, ids: &Ids, now: Timestamp) -> Self {
        let users = seed.people.iter().map(|person| {
            let NewUser { kind, phone_number, assigned_phone_number, first_name, last_name, email } = &person.user;
            StoredUser {
                id: ids.text(),
                project_id: key(person.project.as_str()),
                kind: kind.to_string(),
                first_name: first_name.clone(),
                last_name: last_name.clone(),
                email: email.as_ref().map(ToString::to_string),
                phone_number: phone_number.to_string(),
                assigned_phone_number: assigned_phone_number.as_ref().map(Phone::to_string).unwrap_or_default(),
                meta: person.meta,
                created_at: person.created.unwrap_or(now).as_millisecond(),
            }
        });
        let webhooks = seed.webhooks.iter().map(|webhook| {
            let created = now.as_millisecond();
            let stored = Stored {
                id: ids.text(),
                project: key(webhook.project.as_str()),
                url: webhook.url.clone(),
                schema: webhook.schema,
                email: None,
                disabled: None,
                created_ms: created,
                updated_ms: created,
                keys: StoredKeys::new(ids),
            };
            (stored, webhook.compared.clone())
        });
        Self { users: users.collect(), webhooks: webhooks.collect() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.webhooks.is_empty()
    }

    /// How many users there are.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Writes them into tables that hold nothing yet; says whether the pool had a number for everybody.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn write(&self, connection: &Connection, pool: Pool, claims_email: bool) -> Result<bool, StoreError> {
        for user in &self.users {
            let mut user = user.clone();
            if user.kind == UserType::Shared.as_str() {
                let Ok(phone) = user.phone_number.parse() else { return Ok(false) };
                match pool::assign(connection, pool, &user.project_id, &phone)? {
                    Some(number) => user.assigned_phone_number = number,
                    None => return Ok(false),
                }
            }
            user.insert(connection, claims_email && user.kind == UserType::Shared.as_str())?;
        }
        for (webhook, compared) in &self.webhooks {
            rows::insert(connection, webhook, compared)?;
        }
        Ok(true)
    }
}
