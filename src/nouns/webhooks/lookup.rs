//! Which webhooks a project has.

use serde_json::value::RawValue;

use super::endpoints::List;
use super::model::Webhook;
use crate::failure::Failure;
use crate::http::answer;
use crate::output::sanitize;
use crate::session::Session;

/// Which webhook, as a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// Its URL, where it is known.
    pub url: Option<String>,
}

impl Registered {
    /// What it is called in a message: its URL and id.
    pub fn told(&self) -> String {
        let told = self.url.as_ref().map_or_else(|| self.id.clone(), |url| format!("{url} ({})", self.id));
        sanitize::line(&told).into_owned()
    }
}

/// The webhooks of the project, each with its record.
///
/// # Errors
/// Whatever the call met; bad response, when one has no id or no URL.
pub fn listed(session: &Session) -> Result<Vec<(Registered, Box<RawValue>)>, Failure> {
    let answer = session.client()?.call(&List)?;
    let webhook = |record: &RawValue| {
        let Webhook { id, webhook_url, .. } = read(record)?;
        Ok((Registered { id: id.into_owned(), url: Some(webhook_url.into_owned()) }, record.to_owned()))
    };
    answer.read()?.items.into_iter().map(webhook).collect()
}

/// Reads one record of a list.
///
/// # Errors
/// Bad response, when it is none.
pub fn read(record: &RawValue) -> Result<Webhook<'_>, Failure> {
    Ok(answer::record(record, "a webhook")?)
}
