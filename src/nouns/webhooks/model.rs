//! A webhook as the service answers it, and one that is to be registered.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::signature::Scheme;
use crate::model::ids::is_uuid;
use crate::model::{Email, IdError};
use crate::secrets::credentials::Secret;

/// The longest that an old secret stays good, in seconds.
pub const LONGEST_OVERLAP: u64 = 604_800;

/// What a webhook is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Schema {
    /// Messages of every platform in one form.
    #[default]
    #[serde(rename = "normalized-events.v1")]
    Normalized,
    /// What the platform itself sent.
    #[serde(rename = "raw-inbound.v1")]
    Raw,
}

impl Schema {
    /// The API's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normalized => "normalized-events.v1",
            Self::Raw => "raw-inbound.v1",
        }
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Schema {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Normalized, Self::Raw]
            .into_iter()
            .find(|schema| schema.as_str() == text)
            .ok_or_else(|| format!("write {} or {}", Self::Normalized, Self::Raw))
    }
}

/// A webhook as the service answers it. Rows of 2026-05 hold the id and the URL alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Where events are sent.
    #[serde(borrow)]
    pub webhook_url: Cow<'a, str>,
    /// What is sent.
    #[serde(borrow, default)]
    pub schema_version: Option<Cow<'a, str>>,
    /// `active` or `disabled`.
    #[serde(borrow, default)]
    pub status: Option<Cow<'a, str>>,
    /// Whether it is switched on.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Why it is disabled.
    #[serde(borrow, default)]
    pub disabled_reason: Option<Cow<'a, str>>,
    /// Who is told when deliveries fail.
    #[serde(borrow, default)]
    pub failure_notification_email: Option<Cow<'a, str>>,
}

impl Webhook<'_> {
    /// Whether events are sent to it, as far as the service tells.
    pub fn is_active(&self) -> bool {
        self.enabled != Some(false) && self.status.as_deref().is_none_or(|status| status == "active")
    }

    /// What it is sent; a row that does not tell is older than the choice.
    pub fn schema(&self) -> &str {
        self.schema_version.as_deref().unwrap_or(Schema::Normalized.as_str())
    }
}

/// A webhook that is to be registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewWebhook {
    /// Where events are to be sent.
    pub webhook_url: Address,
    /// What is to be sent; the service's own default when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<Schema>,
    /// Who is to be told when deliveries fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_notification_email: Option<Email>,
}

/// What is to change of a webhook; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookChange {
    /// Whether it is switched on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Who is told when deliveries fail; null for nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_notification_email: Option<Option<Email>>,
    /// The one schema that can be changed to. The service takes it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<Schema>,
}

/// The secrets that an answer shows once, with the webhook that they belong to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issued<'a> {
    /// The webhook's id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The secret behind `X-Spectrum-Signature`: hex, used as text. A rotation leaves it as it is.
    #[serde(default, deserialize_with = "secret")]
    pub signing_secret: Option<Secret>,
    /// The secret behind `webhook-signature`: `whsec_` and base64.
    #[serde(default, deserialize_with = "secret")]
    pub standard_signing_secret: Option<Secret>,
}

impl Issued<'_> {
    /// The secrets that are there, each with its scheme.
    pub fn secrets(&self) -> impl Iterator<Item = (Scheme, &Secret)> {
        let v0 = self.signing_secret.iter().map(|secret| (Scheme::V0, secret));
        v0.chain(self.standard_signing_secret.iter().map(|secret| (Scheme::Standard, secret)))
    }
}

/// Whatever else stands in a secret's place is none; serde would quote it in its error.
fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(Secret::new))
}

/// A list of addresses that deliveries come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Egress {
    /// Public IPv4 addresses.
    pub addresses: Vec<String>,
}

/// The id of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookId(String);

impl WebhookId {
    /// The id in small letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebhookId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_uuid(text) { Ok(Self(text.to_ascii_lowercase())) } else { Err(IdError) }
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_2026_05_is_an_active_webhook_of_the_only_schema_there_was() {
        let text = r#"{"id":"x","webhookUrl":"https://a.example/","createdAt":"…","updatedAt":"…"}"#;
        let webhook: Webhook<'_> = serde_json::from_str(text).unwrap();
        assert!(webhook.is_active());
        assert_eq!(webhook.schema(), "normalized-events.v1");
        for (field, active) in
            [(r#""enabled":false"#, false), (r#""status":"disabled""#, false), (r#""status":"active""#, true)]
        {
            let text = format!(r#"{{"id":"x","webhookUrl":"u",{field}}}"#);
            assert_eq!(serde_json::from_str::<Webhook<'_>>(&text).unwrap().is_active(), active, "{field}");
        }
    }

    #[test]
    fn a_change_says_no_more_than_what_changes() {
        let text = |change: &WebhookChange| serde_json::to_string(change).unwrap();
        assert_eq!(text(&WebhookChange::default()), "{}");
        let nobody = WebhookChange { failure_notification_email: Some(None), ..WebhookChange::default() };
        assert_eq!(text(&nobody), r#"{"failureNotificationEmail":null}"#);
    }

    #[test]
    fn a_secret_of_another_type_is_none_and_is_not_quoted() {
        let issued: Issued<'_> =
            serde_json::from_str(r#"{"id":"x","signingSecret":{"a":1},"standardSigningSecret":"whsec_x"}"#).unwrap();
        assert_eq!(issued.secrets().count(), 1);
        assert!(!format!("{issued:?}").contains("whsec_x"));
    }
}
