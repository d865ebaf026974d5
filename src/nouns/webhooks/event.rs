//! The body of a delivery as the service makes it: compact UTF-8 JSON, fields in the service's order, absent instead of
//! null.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::Serialize;
use uuid::{Builder, Uuid};

/// The event's word in a `normalized-events.v1` body and in `X-Spectrum-Event`.
pub const MESSAGES: &str = "messages";
/// The event's word in a `raw-inbound.v1` body.
pub const MESSAGE_RECEIVED: &str = "message.received";
/// What stands for the receiving number on a shared line.
pub const SHARED: &str = "shared";

/// The only platform whose messages are delivered so. Documentation writes `iMessage`; the service sends this.
const IMESSAGE: &str = "imessage";
/// Characters of a message that a reaction quotes.
const PREVIEW: usize = 80;

/// One message that a person sent.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// `spc-msg-<uuid>`, or a reaction's own form; see [`message_id`] and [`reaction_id`].
    pub id: String,
    /// When it was sent.
    pub sent: Timestamp,
    /// Who sent it, usually a number as the API writes it.
    pub from: &'a str,
    /// The dedicated line that got it, or [`SHARED`].
    pub to: &'a str,
    /// The group that it was sent to; none in a chat of two.
    pub group: Option<&'a str>,
    /// What it says.
    pub content: MessageContent<'a>,
}

/// What a message says.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum MessageContent<'a> {
    /// Words.
    Text {
        /// The words.
        text: &'a str,
    },
    /// A file; neither its bytes nor a URL of them are delivered.
    Attachment(FileContent<'a>),
    /// Somebody's card.
    Contact {
        /// What they are called.
        name: Name<'a>,
        /// Their numbers.
        phones: Vec<Number<'a>>,
    },
    /// A link with a preview.
    Richlink {
        /// Where it leads.
        url: &'a str,
    },
    /// An emoji on a message.
    Reaction {
        /// The emoji.
        emoji: &'a str,
        /// The message that it is on.
        target: ReactionTarget<'a>,
    },
    /// Several files at once: an album, not a group of people.
    Group {
        /// Its items.
        items: Vec<Item<'a>>,
    },
}

/// A file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileContent<'a> {
    /// The file's id; see [`file_id`].
    pub id: String,
    /// What it is called.
    pub name: &'a str,
    /// What is in it.
    pub mime_type: &'a str,
    /// Bytes.
    pub size: u64,
}

/// What somebody is called.
#[derive(Debug, Clone, Serialize)]
pub struct Name<'a> {
    /// The whole name.
    pub formatted: &'a str,
}

/// A number on a card.
#[derive(Debug, Clone, Serialize)]
pub struct Number<'a> {
    /// The number.
    pub value: &'a str,
}

/// The message that a reaction is on.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReactionTarget<'a> {
    id: String,
    platform: &'static str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<Sender<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_preview: Option<String>,
}

impl<'a> ReactionTarget<'a> {
    /// A message and who sent it; `text` is what it says, where it is text.
    pub fn new(id: String, sent: Timestamp, sender: Option<&'a str>, text: Option<&str>) -> Self {
        let preview = |text: &str| crate::model::words::cut(text, PREVIEW).into_owned();
        let sender = sender.map(Sender::new);
        Self { id, platform: IMESSAGE, timestamp: time(sent), sender, content_preview: text.map(preview) }
    }
}

/// An item of an album.
#[derive(Debug, Clone, Serialize)]
pub struct Item<'a> {
    id: String,
    direction: &'static str,
    platform: &'static str,
    sender: Sender<'a>,
    timestamp: String,
    content: Box<MessageContent<'a>>,
}

/// The items of an album that is sent as `message_id`, in their order.
pub fn album<'a>(message_id: &str, sent: Timestamp, from: &'a str, files: Vec<FileContent<'a>>) -> MessageContent<'a> {
    let item = |(at, file)| Item {
        id: format!("p:{at}/{message_id}"),
        direction: "inbound",
        platform: IMESSAGE,
        sender: Sender::new(from),
        timestamp: time(sent),
        content: Box::new(MessageContent::Attachment(file)),
    };
    MessageContent::Group { items: files.into_iter().enumerate().map(item).collect() }
}

#[derive(Debug, Clone, Serialize)]
struct Sender<'a> {
    id: &'a str,
    platform: &'static str,
}

impl<'a> Sender<'a> {
    fn new(id: &'a str) -> Self {
        Self { id, platform: IMESSAGE }
    }
}

#[derive(Clone, Serialize)]
struct Space<'a> {
    id: String,
    platform: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    phone: &'a str,
}

/// The body of a `normalized-events.v1` delivery.
pub fn message_received(message: &Message<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        event: &'static str,
        space: &'a Space<'a>,
        message: Inbound<'a>,
    }

    #[derive(Serialize)]
    struct Inbound<'a> {
        id: &'a str,
        platform: &'static str,
        direction: &'static str,
        timestamp: String,
        sender: Sender<'a>,
        space: &'a Space<'a>,
        content: &'a MessageContent<'a>,
    }

    let space = match message.group {
        Some(group) => Space { id: format!("any;+;{group}"), platform: IMESSAGE, kind: "group", phone: message.to },
        None => Space { id: format!("any;-;{}", message.from), platform: IMESSAGE, kind: "dm", phone: message.to },
    };
    let inbound = Inbound {
        id: &message.id,
        platform: IMESSAGE,
        direction: "inbound",
        timestamp: time(message.sent),
        sender: Sender::new(message.from),
        space: &space,
        content: &message.content,
    };
    // Our own types always serialize.
    serde_json::to_vec(&Body { event: MESSAGES, space: &space, message: inbound }).unwrap_or_default()
}

/// What a provider sent, as `raw-inbound.v1` hands it on.
#[derive(Debug, Clone)]
pub struct RawInbound<'a> {
    /// The event's id, without a dot; see [`event_id`].
    pub event_id: &'a str,
    /// The project.
    pub project_id: &'a str,
    /// When it came in.
    pub received: Timestamp,
    /// The words of the message.
    pub text: &'a str,
}

/// The body of a `raw-inbound.v1` delivery: a message of Telegram, whose form the documentation shows. iMessage is not
/// delivered so.
pub fn raw_inbound(event: &RawInbound<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        #[serde(rename = "type")]
        kind: &'static str,
        schema_version: u8,
        event_id: &'a str,
        project_id: &'a str,
        platform: &'static str,
        prev_subject_seq: u64,
        source_id: &'static str,
        received_at: &'a str,
        timestamp: &'a str,
        request: Request<'a>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Request<'a> {
        method: &'static str,
        path: &'static str,
        headers: Headers,
        body_encoding: &'static str,
        body: &'a Update<'a>,
        raw_body_base64: String,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Headers {
        content_type: &'static str,
    }

    #[derive(Serialize)]
    struct Update<'a> {
        update_id: u8,
        message: Text<'a>,
    }

    #[derive(Serialize)]
    struct Text<'a> {
        text: &'a str,
    }

    let received = time(event.received);
    let update = Update { update_id: 1, message: Text { text: event.text } };
    let request = Request {
        method: "POST",
        path: "/telegram",
        headers: Headers { content_type: "application/json" },
        body_encoding: "json",
        raw_body_base64: BASE64.encode(serde_json::to_vec(&update).unwrap_or_default()),
        body: &update,
    };
    let body = Body {
        kind: MESSAGE_RECEIVED,
        schema_version: 1,
        event_id: event.event_id,
        project_id: event.project_id,
        platform: "telegram",
        prev_subject_seq: 0,
        source_id: "ws_demo",
        received_at: &received,
        timestamp: &received,
        request,
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

/// A new message's id.
pub fn message_id() -> String {
    message_id_of(Uuid::new_v4())
}

/// A message's id that is made of this.
pub fn message_id_of(random: Uuid) -> String {
    format!("spc-msg-{random}")
}

/// A new reaction's id.
pub fn reaction_id() -> String {
    format!("{}:reaction:1:0", message_id())
}

/// A new file's id.
pub fn file_id() -> String {
    Uuid::new_v4().to_string().to_uppercase()
}

/// A new group's id.
pub fn group_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// A new event's id: a UUID that begins with its time (version 7).
pub fn event_id(at: Timestamp) -> String {
    event_id_of(at, Uuid::new_v4())
}

/// An event's id that is made of its time and this.
pub fn event_id_of(at: Timestamp, source: Uuid) -> String {
    let mut random = [0; 10];
    random.copy_from_slice(&source.as_bytes()[..10]);
    let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid().to_string()
}

/// A time as the API writes it: ISO 8601, UTC, milliseconds.
fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// What is in a file of this name, by its ending.
pub fn mime_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("heic") => "image/heic",
        Some("webp") => "image/webp",
        Some("mp4") => "video/mp4",
        Some("mov") => "video/quicktime",
        Some("mp3") => "audio/mpeg",
        Some("m4a") => "audio/mp4",
        Some("caf") => "audio/x-caf",
        Some("wav") => "audio/wav",
        Some("pdf") => "application/pdf",
        Some("txt") => "text/plain",
        Some("csv") => "text/csv",
        Some("vcf") => "text/vcard",
        Some("json") => "application/json",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::nouns::webhooks::signature::vectors;

    const SENT: &str = "2026-12-31T23:59:58Z";

    fn message(content: MessageContent<'_>) -> Message<'_> {
        Message {
            id: "spc-msg-7b6f0c1e-3a52-4d8e-9c11-2f4b8a6d9e01".to_owned(),
            sent: SENT.parse().unwrap(),
            from: "+14155550123",
            to: SHARED,
            group: None,
            content,
        }
    }

    fn read(message: &Message<'_>) -> Value {
        serde_json::from_slice(&message_received(message)).unwrap()
    }

    #[test]
    fn a_text_is_the_vector_byte_for_byte() {
        assert_eq!(message_received(&message(MessageContent::Text { text: "café 👋" })), vectors::V1);
    }

    #[test]
    fn what_a_provider_sent_is_the_vector_byte_for_byte() {
        let event = RawInbound {
            event_id: vectors::EVENT_ID,
            project_id: "6a4d2e8c-7b1f-4d3a-9a8e-2c5d6f7e8a9b",
            received: "2026-12-31T23:59:59Z".parse().unwrap(),
            text: "hi",
        };
        assert_eq!(raw_inbound(&event), vectors::V2);
    }

    #[test]
    fn a_group_has_its_own_space_and_the_line_its_number() {
        let group = Message {
            group: Some("9f2c"),
            to: "+14155550100",
            ..message(MessageContent::Text { text: "count me in" })
        };
        let space = json!({ "id": "any;+;9f2c", "platform": "imessage", "type": "group", "phone": "+14155550100" });
        assert_eq!(read(&group)["space"], space);
        assert_eq!(read(&group)["message"]["space"], space);
    }

    #[test]
    fn every_other_content_has_its_documented_form() {
        let file = |name| FileContent { id: "5D0C".to_owned(), name, mime_type: mime_type(name), size: 48213 };
        let sent = SENT.parse().unwrap();
        let text = "Shall we meet at six? ".repeat(10);
        let preview = format!("{}…", &text[..80]);
        let item = |at: usize, name: &str| {
            let sender = json!({ "id": "+14155550123", "platform": "imessage" });
            let content =
                json!({ "type": "attachment", "id": "5D0C", "name": name, "mimeType": "image/heic", "size": 48213 });
            json!({ "id": format!("p:{at}/spc-msg-1"), "direction": "inbound", "platform": "imessage",
                "sender": sender, "timestamp": "2026-12-31T23:59:58.000Z", "content": content })
        };
        for (content, form) in [
            (
                MessageContent::Attachment(file("ticket.pdf")),
                json!({ "type": "attachment", "id": "5D0C", "name": "ticket.pdf", "mimeType": "application/pdf", "size": 48213 }),
            ),
            (
                MessageContent::Richlink { url: "https://x.example" },
                json!({ "type": "richlink", "url": "https://x.example" }),
            ),
            (
                MessageContent::Contact {
                    name: Name { formatted: "Ada" },
                    phones: vec![Number { value: "+14155550124" }],
                },
                json!({ "type": "contact", "name": { "formatted": "Ada" }, "phones": [{ "value": "+14155550124" }] }),
            ),
            (
                MessageContent::Reaction {
                    emoji: "❤️",
                    target: ReactionTarget::new("spc-msg-0".to_owned(), sent, None, Some(&text)),
                },
                json!({ "type": "reaction", "emoji": "❤️", "target": { "id": "spc-msg-0", "platform": "imessage",
                    "timestamp": "2026-12-31T23:59:58.000Z", "contentPreview": preview } }),
            ),
            (
                album("spc-msg-1", sent, "+14155550123", vec![file("a.heic"), file("b.heic")]),
                json!({ "type": "group", "items": [item(0, "a.heic"), item(1, "b.heic")] }),
            ),
        ] {
            assert_eq!(read(&message(content))["message"]["content"], form);
        }
    }

    #[test]
    fn ids_have_the_documented_forms() {
        let uuid = |text: &str| crate::model::ids::is_uuid(text);
        assert!(uuid(message_id().strip_prefix("spc-msg-").unwrap()));
        assert!(reaction_id().starts_with("spc-msg-") && reaction_id().ends_with(":reaction:1:0"));
        let id = event_id(SENT.parse().unwrap());
        let milliseconds = format!("{:012x}", 1_798_761_598_000_u64);
        assert!(uuid(&id) && id.replace('-', "").starts_with(&format!("{milliseconds}7")), "{id}");
        assert_ne!(id, event_id(SENT.parse().unwrap()));
    }

    proptest! {
        #[test]
        fn any_text_comes_through_compact_and_unescaped(text in any::<String>()) {
            let body = message_received(&message(MessageContent::Text { text: &text }));
            let shown = String::from_utf8(body).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Value>(&shown).unwrap()["message"]["content"]["text"], &json!(text));
            prop_assert!(!shown.contains(['\n', '\r']));
        }
    }
}
