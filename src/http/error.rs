//! What can go wrong between a request and its answer, as data: kind, words, whether to try again.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::envelope::Refusal;

/// What sort of failure a call met. Exit codes are chosen from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 401: the credentials are not these.
    Unauthorized,
    /// 403: the credentials are right, the door is shut.
    Forbidden,
    /// 404 or 410.
    NotFound,
    /// 409: the project's state stands in the way.
    Conflict,
    /// 402, and 403 or 409 whose text speaks of a limit.
    Capacity,
    /// Any other 4xx: the service refused the request.
    Rejected,
    /// 429.
    RateLimited,
    /// 5xx.
    Server,
    /// No answer within the time-out.
    Timeout,
    /// No connection, or it died.
    Network,
    /// An answer that cannot be understood.
    BadResponse,
    /// The run was told to stop before this request started.
    Interrupted,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What sort of failure.
    pub kind: Kind,
    /// What happened, in a lower-case fragment; the server's own words included.
    pub message: String,
    /// The answer's status, when there was one.
    pub status: Option<u16>,
    /// The answer's `code`, when it had one.
    pub api_code: Option<String>,
    /// The answer's `Retry-After`, when it had one that can be read.
    pub retry_after: Option<Duration>,
    /// How many attempts were made.
    pub attempts: u32,
    /// Whether the server's certificate is not trusted.
    pub is_untrusted: bool,
    /// Whether the send path may repeat the request.
    pub(super) repeat: bool,
    /// The answer's headers and body, for those who want to see them.
    pub(super) exchange: Option<Box<(HeaderMap, String)>>,
}

impl Error {
    /// A failure without an answer.
    pub(super) fn transport(kind: Kind, message: String) -> Self {
        Self {
            kind,
            message,
            status: None,
            api_code: None,
            retry_after: None,
            attempts: 0,
            is_untrusted: false,
            repeat: true,
            exchange: None,
        }
    }

    /// An answer that cannot be understood; repeating it would bring the same.
    pub(super) fn bad_response(status: Option<u16>, message: String) -> Self {
        Self { status, repeat: false, ..Self::transport(Kind::BadResponse, message) }
    }

    /// An answer that says no.
    pub(super) fn refused(status: StatusCode, refusal: Refusal, retry_after: Option<Duration>) -> Self {
        let kind = kind_of(status, &refusal.text);
        let text = refusal.text.trim();
        let said = if text.is_empty() { String::new() } else { format!(" {text}") };
        let message = match kind {
            Kind::Unauthorized => format!("the service refused these credentials ({}{said})", status.as_u16()),
            Kind::Forbidden => format!("the service forbids this ({}{said})", status.as_u16()),
            Kind::NotFound => format!("not found ({}{said})", status.as_u16()),
            Kind::Conflict => format!("the project's state stands in the way ({}{said})", status.as_u16()),
            Kind::Capacity => format!("the project's capacity is reached ({}{said})", status.as_u16()),
            Kind::RateLimited => format!("the service is limiting the rate ({}{said})", status.as_u16()),
            Kind::Server => format!("the service failed ({}{said})", status.as_u16()),
            Kind::BadResponse => {
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
            repeat: matches!(kind, Kind::RateLimited | Kind::Server),
            ..Self::transport(kind, message)
        }
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

    /// Whether running the same command again later may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, Kind::RateLimited | Kind::Server | Kind::Timeout | Kind::Network | Kind::BadResponse)
    }

    /// Whether the API itself says that it is not there; a proxy's page under the same status says nothing of the kind.
    pub fn is_absent(&self) -> bool {
        self.kind == Kind::NotFound
            && self.exchange.as_ref().is_none_or(|exchange| {
                let body = exchange.1.trim_start();
                body.is_empty() || body.starts_with('{')
            })
    }

    /// Whether a repeated attempt was answered by 404: for a delete, the first attempt did the work.
    pub(crate) fn is_absent_after_retry(&self) -> bool {
        self.is_absent() && self.attempts > 1
    }
}

/// The kind behind a status that is not 2xx.
fn kind_of(status: StatusCode, text: &str) -> Kind {
    match status.as_u16() {
        401 => Kind::Unauthorized,
        402 => Kind::Capacity,
        403 | 409 if speaks_of_a_limit(text) => Kind::Capacity,
        403 => Kind::Forbidden,
        404 | 410 => Kind::NotFound,
        409 => Kind::Conflict,
        429 => Kind::RateLimited,
        400..=499 => Kind::Rejected,
        500..=599 => Kind::Server,
        _ => Kind::BadResponse,
    }
}

/// Older services answer 409 or 403 where newer ones answer 402; only the words tell. Whole words: what is
/// "limited to administrators" is no limit.
fn speaks_of_a_limit(text: &str) -> bool {
    const WORDS: [&str; 7] = ["limit", "limits", "maximum", "max", "maxsharedusers", "quota", "capacity"];
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, text: &str) -> Kind {
        kind_of(StatusCode::from_u16(status).unwrap(), text)
    }

    #[test]
    fn capacity_is_402_and_whatever_speaks_of_a_limit() {
        assert_eq!(kind(402, ""), Kind::Capacity);
        assert_eq!(kind(409, "Maximum number of shared users (10) reached"), Kind::Capacity);
        assert_eq!(kind(403, "shared user limit exceeded"), Kind::Capacity);
        assert_eq!(kind(409, "+15550100 is not a line of this project"), Kind::Conflict);
        assert_eq!(kind(409, "maxSharedUsers (10) reached"), Kind::Capacity);
        assert_eq!(kind(403, "no"), Kind::Forbidden);
        assert_eq!(kind(403, "limited to administrators"), Kind::Forbidden);
    }

    #[test]
    fn every_status_has_a_kind() {
        assert_eq!(kind(418, ""), Kind::Rejected);
        assert_eq!(kind(400, ""), Kind::Rejected);
        assert_eq!(kind(302, ""), Kind::BadResponse);
        assert_eq!(kind(503, ""), Kind::Server);
    }
}
