//! What can be asked of webhooks.

use reqwest::Method;

use super::model::{Egress, Issued, NewWebhook, Webhook, WebhookChange};
use crate::failure::Code;
use crate::http::{Access, Answer, AnswerKind, Endpoint, Error, Evidence, FromAnswer, Many, Repeat, Spec};

/// What to type when a webhook is not there.
const WHAT_IS_THERE: (Code, &str) = (Code::NotFound, "run `spectrum webhooks list` to see which there are");

/// Something asked of the project's webhooks.
const fn asked(
    method: &'static Method,
    path: &'static str,
    summary: &'static str,
    answer: AnswerKind,
    guessed: &'static str,
) -> Spec {
    Spec {
        method,
        path,
        summary,
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        guessed,
        answer,
        hints: &[WHAT_IS_THERE],
    }
}

/// Lists webhooks.
#[derive(Debug, Clone, Copy)]
pub struct List;

impl Endpoint for List {
    const SPEC: Spec = Spec {
        hints: &[],
        ..asked(&Method::GET, "/projects/{project}/webhooks/", "list webhooks", AnswerKind::Many("webhooks"), "")
    };

    type Answer<'a> = Many<'a>;
}

/// Registers a webhook and shows its secrets, once.
///
/// Never repeated: a URL that is registered is refused, and the secrets of a lost answer are nowhere.
#[derive(Debug, Clone, Copy)]
pub struct Create<'a>(pub &'a NewWebhook);

impl Endpoint for Create<'_> {
    const SPEC: Spec = Spec {
        repeat: Repeat::Never,
        hints: &[(
            Code::Conflict,
            "run `spectrum webhooks list` to see it; its secret was shown once, to whoever registered it: without it, \
             `spectrum webhooks delete URL` and create it anew",
        )],
        ..asked(
            &Method::POST,
            "/projects/{project}/webhooks/",
            "register a webhook; its secrets are shown once",
            AnswerKind::One("a webhook"),
            "the length of the standard secret (32 bytes); that a disabled webhook keeps its URL (409)",
        )
    };

    type Answer<'a> = Issued<'a>;

    fn body(&self) -> Option<String> {
        // Our own types always serialize.
        serde_json::to_string(self.0).ok()
    }
}

/// Changes a webhook.
#[derive(Debug, Clone, Copy)]
pub struct Update<'a>(pub &'a str, pub &'a WebhookChange);

impl Endpoint for Update<'_> {
    const SPEC: Spec = Spec {
        hints: &[
            WHAT_IS_THERE,
            (
                Code::Conflict,
                "a normalized-events.v1 webhook cannot be switched on or off: delete it and register it anew, or \
                 `--upgrade raw-inbound.v1`",
            ),
        ],
        ..asked(
            &Method::PATCH,
            "/projects/{project}/webhooks/{webhook}",
            "change a webhook",
            AnswerKind::One("a webhook"),
            "that a body with nothing to change is taken",
        )
    };

    type Answer<'a> = Webhook<'a>;

    fn parameter(&self, _: &str) -> &str {
        self.0
    }

    fn body(&self) -> Option<String> {
        serde_json::to_string(self.1).ok()
    }
}

/// Deletes a webhook.
#[derive(Debug, Clone, Copy)]
pub struct Delete<'a>(pub &'a str);

impl Endpoint for Delete<'_> {
    const SPEC: Spec =
        asked(&Method::DELETE, "/projects/{project}/webhooks/{webhook}/", "delete a webhook", AnswerKind::Yes, "");

    type Answer<'a> = ();

    fn parameter(&self, _: &str) -> &str {
        self.0
    }
}

/// Gives a webhook another standard secret, shown once; the old one stays good for the overlap.
///
/// Never repeated: each one makes a secret of its own, and takes the overlap from the one before.
#[derive(Debug, Clone, Copy)]
pub struct Rotate<'a> {
    /// The webhook.
    pub webhook: &'a str,
    /// How long the old secret stays good, in seconds; a day when nobody says.
    pub overlap_seconds: Option<u64>,
}

impl Endpoint for Rotate<'_> {
    const SPEC: Spec = Spec {
        repeat: Repeat::Never,
        ..asked(
            &Method::POST,
            "/projects/{project}/webhooks/{webhook}/secret/rotate",
            "give a webhook another standard secret, shown once",
            AnswerKind::One("a secret"),
            "`previousValidUntil` is null without an overlap; a second rotation ends the overlap of the first",
        )
    };

    type Answer<'a> = Issued<'a>;

    fn parameter(&self, _: &str) -> &str {
        self.webhook
    }

    fn body(&self) -> Option<String> {
        Some(self.overlap_seconds.map_or_else(|| "{}".to_owned(), |n| format!(r#"{{"overlapSeconds":{n}}}"#)))
    }
}

/// Tells where deliveries come from.
#[derive(Debug, Clone, Copy)]
pub struct EgressIps;

impl Endpoint for EgressIps {
    const SPEC: Spec = Spec {
        hints: &[],
        ..asked(
            &Method::GET,
            "/projects/{project}/webhooks/egress-ips",
            "tell which addresses deliveries come from",
            AnswerKind::One("a list of addresses"),
            "the addresses: nobody's (RFC 5737), deliveries come from this machine",
        )
    };

    type Answer<'a> = Egress;
}

impl<'a> FromAnswer<'a> for Issued<'a> {
    fn from_answer(answer: &'a Answer, shape: AnswerKind) -> Result<Self, Error> {
        answer.one(shape.name())
    }
}

impl<'a> FromAnswer<'a> for Webhook<'a> {
    fn from_answer(answer: &'a Answer, shape: AnswerKind) -> Result<Self, Error> {
        answer.one(shape.name())
    }
}

impl<'a> FromAnswer<'a> for Egress {
    fn from_answer(answer: &'a Answer, shape: AnswerKind) -> Result<Self, Error> {
        answer.one(shape.name())
    }
}
