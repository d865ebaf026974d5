//! What the control plane answers: the server writes it, and the commands that ask read it.

use serde::{Deserialize, Serialize};

use crate::model::Phone;

/// What became of a person's message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMessage {
    /// The person's number.
    pub from: Phone,
    /// The number that was texted.
    pub to: String,
    /// What they said.
    pub text: String,
    /// Whose number it is.
    pub user_id: String,
    /// Where they are registered.
    pub project_id: String,
    /// Whether this message was the one that opted the person in.
    pub opted_in_now: bool,
    /// What is on its way to the project's webhooks.
    pub deliveries: Vec<FiredDelivery>,
}

/// A delivery that was sent off.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FiredDelivery {
    /// Its own id.
    pub id: String,
    /// The webhook it goes to.
    pub webhook_id: String,
    /// Where that is.
    pub url: String,
}

/// The faults in force, as they are put and told.
#[derive(Debug, Serialize, Deserialize)]
pub struct FaultsInForce {
    /// `KIND:RATE` each.
    pub faults: Vec<String>,
    /// Such as `50ms..400ms`.
    pub latency: Option<String>,
    /// What they are drawn by.
    pub seed: Option<u64>,
}

/// What a reset did.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResetDone {
    /// Active users that were forgotten.
    pub deleted_users: u64,
    /// Users of the seed that are there now.
    pub users: usize,
}

/// A delivery that is sent again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Redelivered {
    /// The id of the new one.
    pub id: String,
}

/// How many requests the journal has forgotten.
#[derive(Debug, Serialize, Deserialize)]
pub struct Forgotten {
    /// Their number.
    pub forgotten: usize,
}
