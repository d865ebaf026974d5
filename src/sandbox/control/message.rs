//! A person texts the number that was assigned to them.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::answers::{FiredDelivery, SentMessage};
use super::call::{ControlCall, ControlReply};
use crate::model::Phone;
use crate::nouns::users::model::UserType;
use crate::nouns::webhooks::event;
use crate::nouns::webhooks::model::Schema;
use crate::nouns::webhooks::rows::{self, Stored};
use crate::sandbox::delivery::Delivery;
use crate::sandbox::ids::Ids;
use crate::sandbox::records::{self, StoredUser};
use crate::sandbox::refusal::Refusal;

/// What tells a project's active webhooks of a message.
fn tell(webhooks: Vec<Stored>, user: &StoredUser, text: &str, now: Timestamp, ids: &Ids) -> Vec<Delivery> {
    let is_shared = user.kind == UserType::Shared.as_str();
    let message = event::Message {
        id: event::message_id_of(ids.uuid()),
        sent: now,
        from: &user.phone_number,
        to: if is_shared { event::SHARED } else { &user.assigned_phone_number },
        group: None,
        content: event::MessageContent::Text { text },
    };
    let event_id = event::event_id_of(now, ids.uuid());
    let body = |schema| match schema {
        Schema::Normalized => (event::MESSAGES, event::message_received(&message)),
        Schema::Raw => {
            // Whether the service tells raw webhooks of such a message is not known; what it would say is Telegram's.
            let raw = event::RawInbound { event_id: &event_id, project_id: &user.project_id, received: now, text };
            (event::MESSAGE_RECEIVED, event::raw_inbound(&raw))
        }
    };
    let active = webhooks.into_iter().filter(|webhook| webhook.disabled.is_none());
    active
        .map(|webhook| {
            let (event, body) = body(webhook.schema);
            Delivery {
                id: ids.text(),
                redelivery_of: None,
                project: webhook.project,
                webhook: webhook.id,
                url: webhook.url,
                event,
                event_id: event_id.clone(),
                message: message.id.clone(),
                body: Arc::new(body),
            }
        })
        .collect()
}

/// A person texts the number that was assigned to them: from then on they can be messaged.
pub fn send(call: &ControlCall<'_>) -> Result<ControlReply, Refusal> {
    let (state, fields) = (call.state, call.fields(&["from", "to", "text"])?);
    let phone = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(|text| text.parse::<Phone>().ok())
            .map(Some)
            .ok_or_else(|| Refusal::Validation(format!("{name} must be a phone number like +14155550123"))),
    };
    let (from, to) = (phone("from")?, phone("to")?);
    let from = from.ok_or_else(|| Refusal::Validation("from is missing: it is the person's number".to_owned()))?;
    let text = match fields.get("text") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err(Refusal::Validation("text must be text".to_owned())),
    };
    let outcome = state.store.write(|connection| {
        let users = records::of_person(connection, from.as_str(), to.as_ref().map(Phone::as_str))?;
        let webhooks = match users.as_slice() {
            [user] => {
                records::opt_in(connection, &user.id)?;
                rows::list(connection, &user.project_id)?
            }
            _ => Vec::new(),
        };
        Ok((users, webhooks))
    })?;
    let (users, webhooks) = outcome;
    match users.as_slice() {
        [] => Err(Refusal::Nobody(from, to)),
        [user] => {
            let now = Timestamp::now();
            let fired = tell(webhooks, user, &text, now, &state.ids);
            let told = |delivery: &Delivery| FiredDelivery {
                id: delivery.id.clone(),
                webhook_id: delivery.webhook.clone(),
                url: delivery.url.clone(),
            };
            let deliveries = fired.iter().map(told).collect();
            state.deliveries.fire(&state.store, fired, now.as_millisecond());
            let sent = SentMessage {
                from,
                to: user.assigned_phone_number.clone(),
                text,
                user_id: user.id.clone(),
                project_id: user.project_id.clone(),
                opted_in_now: !user.meta.opt_in,
                deliveries,
            };
            if sent.opted_in_now {
                state.tell_of_users("optedIn", &sent.project_id, Some(&sent.user_id));
            }
            Ok(ControlReply::json(&sent))
        }
        several => {
            let numbers: Vec<&str> = several.iter().map(|user| user.assigned_phone_number.as_str()).collect();
            Err(Refusal::SeveralNumbers(numbers.join(", ")))
        }
    }
}
