//! Where tokens are asked for.

use reqwest::Method;

use crate::http::{Access, AnswerKind, Evidence, Repeat, Spec};

/// A place that hands out tokens: asked again, it hands out others that are as good.
const fn tokens(path: &'static str, summary: &'static str, guessed: &'static str) -> Spec {
    Spec {
        method: &Method::POST,
        path,
        summary,
        repeat: Repeat::SameIdentity,
        access: Access::Project,
        evidence: Evidence::Official,
        guessed,
        answer: AnswerKind::One("tokens"),
        hints: &[],
    }
}

/// What every one of them makes up.
const NOTHING: &str = "the tokens, which open nothing";

/// For iMessage: one for the pool, or one for each line.
pub const IMESSAGE: Spec = tokens("/projects/{project}/imessage/tokens", "hand out tokens for iMessage", NOTHING);
/// For calls.
pub const VOICE: Spec = tokens("/projects/{project}/voice/tokens", "hand out a token for calls", NOTHING);
/// For the transport of events.
pub const FUSOR: Spec =
    tokens("/projects/{project}/fusor/token", "hand out a token for the transport of events", NOTHING);
/// For WhatsApp, by account.
pub const WHATSAPP: Spec = tokens(
    "/projects/{project}/whatsapp-business/tokens",
    "hand out tokens for WhatsApp",
    "that the project has no account",
);
/// For Slack, by team.
pub const SLACK: Spec =
    tokens("/projects/{project}/slack/tokens", "hand out tokens for Slack", "that no team has installed anything");
