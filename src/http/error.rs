//! What can go wrong between a request and its answer, as data: the word, what was said, whether to try again.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::envelope::{self, ServerWords};
use crate::failure::{Code, Failure};
use crate::model::time;
use crate::model::words::count;

/// What stands under every failure that a repeat of the command cannot make worse.
const AGAIN: &str = "it is safe to run the same command again";

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The word of the table.
    pub code: Code,
    /// What happened, in a lower-case fragment; the server's own words included.
    pub message: String,
    /// The answer's status, when there was one.
    pub status: Option<u16>,
    /// The answer's `code`, when it had one.
    pub api_code: Option<String>,
    /// The answer's `Retry-After`, when it had one that can be read.
    pub retry_after: Option<Duration>,
    /// Where: whose credentials, which proxy.
    pub context: Option<Box<str>>,
    /// What to type next, where the noun that was asked for knows better than the code alone.
    pub hint: Option<&'static str>,
    /// How many attempts were made.
    pub attempts: u32,
    /// Whether the server's certificate is not trusted.
    pub is_untrusted: bool,
    /// Whether running the same command again may succeed, and does no harm.
    pub retryable: bool,
    /// Whether the request may have reached the service.
    pub(super) may_have_arrived: bool,
    /// Whether the send path may repeat the request.
    pub(super) repeat: bool,
    /// The answer's headers and body, for those who want to see them.
    pub(super) exchange: Option<Box<(HeaderMap, String)>>,
}

impl Error {
    /// A failure without an answer.
    pub(super) fn transport(code: Code, message: String) -> Self {
        Self {
            code,
            message,
            status: None,
            api_code: None,
            retry_after: None,
            context: None,
            hint: None,
            attempts: 0,
            is_untrusted: false,
            retryable: code.is_retryable(),
            may_have_arrived: true,
            repeat: true,
            exchange: None,
        }
    }

    /// An answer that cannot be understood; repeating it would bring the same.
    pub(super) fn bad_response(status: Option<u16>, message: String) -> Self {
        Self { status, repeat: false, ..Self::transport(Code::BadResponse, message) }
    }

    /// A request that cannot be sent at all.
    pub(super) fn unsendable(message: String) -> Self {
        Self { repeat: false, may_have_arrived: false, ..Self::transport(Code::BadResponse, message) }
    }

    /// The same failure of a request that must not be sent twice: where nobody knows what became of it, neither the
    /// send path nor the person may simply try again.
    pub(super) fn unrepeatable(mut self) -> Self {
        let is_refused = self.code == Code::RateLimited;
        if self.retryable && self.may_have_arrived && !is_refused {
            self.retryable = false;
            self.hint = Some("it may have been done: look before you send it again");
        }
        self
    }

    /// Whether a refusal is about the project, not about what the rest of the path names.
    pub(super) fn speaks_of_the_project(&self, names_project_alone: bool) -> bool {
        names_project_alone || self.message.to_lowercase().contains("project not found")
    }

    /// The status and the service's own words, as a message quotes them.
    pub(super) fn said(&self) -> &str {
        self.message.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(&self.message)
    }

    /// An answer that says no.
    pub(super) fn refused(status: StatusCode, refusal: ServerWords, retry_after: Option<Duration>) -> Self {
        let code = code_of(status, &refusal.text);
        let text = refusal.text.trim();
        let said = if text.is_empty() { String::new() } else { format!(" {text}") };
        let message = match code {
            Code::Unauthorized => format!("the service refused these credentials ({}{said})", status.as_u16()),
            Code::Forbidden => format!("the service forbids this ({}{said})", status.as_u16()),
            Code::NotFound => format!("not found ({}{said})", status.as_u16()),
            Code::Conflict => format!("the project's state stands in the way ({}{said})", status.as_u16()),
            Code::Capacity => format!("the project's capacity is reached ({}{said})", status.as_u16()),
            Code::RateLimited => format!("the service is limiting the rate ({}{said})", status.as_u16()),
            Code::Server => format!("the service failed ({}{said})", status.as_u16()),
            Code::BadResponse => {
                let what = if status.is_redirection() {
                    "a redirect, which is not followed"
                } else {
                    "a status that means nothing here"
                };
                format!("the service answered with {what} ({}{said})", status.as_u16())
            }
            _ => format!("the service rejected the request ({}{said})", status.as_u16()),
        };
        Self {
            status: Some(status.as_u16()),
            api_code: refusal.code,
            retry_after,
            repeat: matches!(code, Code::RateLimited | Code::Server),
            ..Self::transport(code, message)
        }
    }

    /// A refusal that came under a status of success: its words are all there is.
    pub(super) fn refused_in_words(status: StatusCode, refusal: ServerWords) -> Self {
        let message = format!("the service rejected the request ({} {})", status.as_u16(), refusal.text);
        let (status, api_code) = (Some(status.as_u16()), refusal.code);
        Self { status, api_code, repeat: false, ..Self::transport(Code::Rejected, message) }
    }

    /// Keeps the refusing answer's headers and body.
    pub(super) fn with_exchange(mut self, headers: HeaderMap, body: String) -> Self {
        self.exchange = Some(Box::new((headers, body)));
        self
    }

    /// The refusing answer's status, headers and body, when there was an answer.
    pub fn exchange(&self) -> Option<(StatusCode, &HeaderMap, &str)> {
        let (headers, body) = self.exchange.as_deref()?;
        Some((StatusCode::from_u16(self.status?).ok()?, headers, body))
    }

    /// Whether the API itself says that it is not there; a proxy's page under the same status says nothing of the kind.
    pub fn is_absent(&self) -> bool {
        self.code == Code::NotFound && self.exchange.as_ref().is_some_and(|exchange| envelope::is_refusal(&exchange.1))
    }

    /// Whether a repeated attempt was answered by absence: for a delete, the first attempt did the work.
    pub fn is_absent_after_retry(&self) -> bool {
        self.is_absent() && self.attempts > 1
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = error.hint.map(str::to_owned).unwrap_or_else(|| match error.code {
            _ if error.is_untrusted => "if the server's CA is your own, name it with `--ca-cert FILE`".to_owned(),
            Code::NotFound => "run `spectrum profiles check` to see which URL is asked".to_owned(),
            Code::BadResponse => format!("run `spectrum profiles check` to see which URL is asked; {AGAIN}"),
            Code::Unauthorized | Code::Forbidden => "run `spectrum profiles check`".to_owned(),
            Code::Interrupted => "run the same command again to go on".to_owned(),
            _ if !error.retryable => "run it again with `-vv` to see the request and the answer".to_owned(),
            _ => match error.retry_after.filter(|wait| !wait.is_zero()) {
                Some(wait) => format!("the service asks to wait {}; then {AGAIN}", time::show(wait)),
                None => AGAIN.to_owned(),
            },
        });
        let message = if error.attempts > 1 {
            format!("{} after {}", error.message, count(error.attempts, "attempt"))
        } else {
            error.message
        };
        Self {
            status: error.status,
            api_code: error.api_code,
            retryable: error.retryable,
            context: error.context.map(String::from).into_iter().collect(),
            ..Self::new(error.code, message).hint(hint)
        }
    }
}

/// The word behind a status that is not 2xx.
fn code_of(status: StatusCode, text: &str) -> Code {
    match status.as_u16() {
        401 => Code::Unauthorized,
        402 => Code::Capacity,
        403 | 409 if speaks_of_a_limit(text) => Code::Capacity,
        503 if speaks_of_the_pool(text) => Code::Capacity,
        403 => Code::Forbidden,
        404 | 410 => Code::NotFound,
        409 => Code::Conflict,
        429 => Code::RateLimited,
        400..=499 => Code::Rejected,
        500..=599 => Code::Server,
        _ => Code::BadResponse,
    }
}

/// Older services answer 409 or 403 where newer ones answer 402; only the words tell. Whole words: what is
/// "limited to administrators" is no limit.
fn speaks_of_a_limit(text: &str) -> bool {
    const WORDS: [&str; 7] = ["limit", "limits", "maximum", "max", "maxsharedusers", "quota", "capacity"];
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}

/// The pool of numbers is empty for a phone: the same request finds it empty again.
fn speaks_of_the_pool(text: &str) -> bool {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| word == "pool")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(status: u16, text: &str) -> Code {
        code_of(StatusCode::from_u16(status).unwrap(), text)
    }

    #[test]
    fn capacity_is_402_and_whatever_speaks_of_a_limit() {
        assert_eq!(code(402, ""), Code::Capacity);
        assert_eq!(code(409, "Maximum number of shared users (10) reached"), Code::Capacity);
        assert_eq!(code(403, "shared user limit exceeded"), Code::Capacity);
        assert_eq!(code(409, "+15550100 is not a line of this project"), Code::Conflict);
        assert_eq!(code(409, "maxSharedUsers (10) reached"), Code::Capacity);
        assert_eq!(code(503, "No number of the pool is left"), Code::Capacity);
        assert_eq!(code(503, "spooling"), Code::Server);
        assert_eq!(code(403, "no"), Code::Forbidden);
        assert_eq!(code(403, "limited to administrators"), Code::Forbidden);
    }

    #[test]
    fn every_status_has_a_word() {
        assert_eq!(code(418, ""), Code::Rejected);
        assert_eq!(code(400, ""), Code::Rejected);
        assert_eq!(code(302, ""), Code::BadResponse);
        assert_eq!(code(503, ""), Code::Server);
    }
}
