//! The documented table of exit codes, and which failure means which.

use std::io;
use std::time::Duration;

use serde::Serialize;

use crate::http;

/// One word of the table; scripts compare it, so it never changes within a major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A bug here.
    Internal,
    /// The command line is wrong.
    Usage,
    /// A value or a file is wrong.
    InvalidInput,
    /// A destructive act that nobody confirmed.
    ConfirmationRequired,
    /// Configuration or credentials are missing or unreadable.
    Config,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// No such user, line, project.
    NotFound,
    /// The project's state stands in the way.
    Conflict,
    /// A limit of the project is reached.
    Capacity,
    /// The service answered with somebody else's record.
    IdentityMismatch,
    /// A phone number stands for several users.
    Ambiguous,
    /// `--fail-if-exists` found the user.
    Exists,
    /// 400 or 422.
    Rejected,
    /// 429, after all retries.
    RateLimited,
    /// 5xx, after all retries.
    Server,
    /// No answer in time.
    Timeout,
    /// No connection.
    Network,
    /// An answer that cannot be understood.
    BadResponse,
    /// Some rows of an apply failed.
    Partial,
    /// `--exit-code`: the project differs from the roster.
    Changes,
    /// Ctrl-C.
    Interrupted,
}

impl Code {
    /// Every word, in the table's order.
    pub const ALL: [Self; 22] = [
        Self::Internal,
        Self::Usage,
        Self::InvalidInput,
        Self::ConfirmationRequired,
        Self::Config,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Capacity,
        Self::IdentityMismatch,
        Self::Ambiguous,
        Self::Exists,
        Self::Rejected,
        Self::RateLimited,
        Self::Server,
        Self::Timeout,
        Self::Network,
        Self::BadResponse,
        Self::Partial,
        Self::Changes,
        Self::Interrupted,
    ];

    /// The process's exit status.
    pub const fn status(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage | Self::InvalidInput | Self::ConfirmationRequired => 2,
            Self::Config => 3,
            Self::Unauthorized | Self::Forbidden => 4,
            Self::NotFound => 5,
            Self::Conflict | Self::Capacity | Self::IdentityMismatch | Self::Ambiguous | Self::Exists => 6,
            Self::Rejected => 7,
            Self::RateLimited | Self::Server | Self::Timeout | Self::Network | Self::BadResponse => 8,
            Self::Partial => 9,
            Self::Changes => 10,
            Self::Interrupted => 130,
        }
    }

    /// Whether the same command may succeed when it is run again.
    pub const fn is_retryable(self) -> bool {
        self.status() == 8
    }

    /// The word as scripts read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::InvalidInput => "invalid_input",
            Self::ConfirmationRequired => "confirmation_required",
            Self::Config => "config",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Capacity => "capacity",
            Self::IdentityMismatch => "identity_mismatch",
            Self::Ambiguous => "ambiguous",
            Self::Exists => "exists",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate_limited",
            Self::Server => "server",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::BadResponse => "bad_response",
            Self::Partial => "partial",
            Self::Changes => "changes",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<http::Kind> for Code {
    fn from(kind: http::Kind) -> Self {
        match kind {
            http::Kind::Unauthorized => Self::Unauthorized,
            http::Kind::Forbidden => Self::Forbidden,
            http::Kind::NotFound => Self::NotFound,
            http::Kind::Conflict => Self::Conflict,
            http::Kind::Capacity => Self::Capacity,
            http::Kind::Rejected => Self::Rejected,
            http::Kind::RateLimited => Self::RateLimited,
            http::Kind::Server => Self::Server,
            http::Kind::Timeout => Self::Timeout,
            http::Kind::Network => Self::Network,
            http::Kind::BadResponse => Self::BadResponse,
            http::Kind::Interrupted => Self::Interrupted,
        }
    }
}

/// A failure on its way to the person: what happened, where, and what to type next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The word of the table.
    pub code: Code,
    /// What happened: a lower-case fragment.
    pub message: String,
    /// Where: lines that name files, flags and variables.
    pub context: Vec<String>,
    /// What to type next.
    pub hint: Option<String>,
    /// The answer's status, when the service said no.
    pub status: Option<u16>,
    /// The answer's `code`.
    pub api_code: Option<String>,
}

impl Failure {
    /// A failure with nothing but its message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), context: Vec::new(), hint: None, status: None, api_code: None }
    }

    /// The same failure with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure with one more line that says where.
    #[must_use]
    pub fn context(mut self, line: impl Into<String>) -> Self {
        self.context.push(line.into());
        self
    }
}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Self {
        let code = Code::from(error.kind);
        let hint = match error.kind {
            _ if error.is_untrusted => "if the server's CA is your own, name it with `--ca-cert FILE`".to_owned(),
            http::Kind::Unauthorized | http::Kind::Forbidden => "run `spectrum profiles check`".to_owned(),
            http::Kind::NotFound if error.is_absent() => {
                "run `spectrum users list` to see who is registered".to_owned()
            }
            http::Kind::NotFound => "run `spectrum profiles check` to see which URL is asked".to_owned(),
            http::Kind::Conflict => {
                "run `spectrum users list` and `spectrum lines list` to see what stands in the way".to_owned()
            }
            http::Kind::Capacity => {
                "run `spectrum users delete USER` for whoever is no longer needed, or ask for a larger plan".to_owned()
            }
            http::Kind::Rejected => "run it again with `-vv` to see the request and the answer".to_owned(),
            http::Kind::BadResponse => {
                "run `spectrum profiles check` to see which URL is asked; it is safe to run the same command again"
                    .to_owned()
            }
            http::Kind::RateLimited | http::Kind::Server | http::Kind::Timeout | http::Kind::Network => {
                match error.retry_after.filter(|wait| !wait.is_zero()) {
                    Some(wait) => {
                        format!(
                            "the service asks to wait {}; then it is safe to run the same command again",
                            show(wait)
                        )
                    }
                    None => "it is safe to run the same command again".to_owned(),
                }
            }
            http::Kind::Interrupted => "run the same command again to go on".to_owned(),
        };
        let message = if error.attempts > 1 {
            format!("{} after {} attempts", error.message, error.attempts)
        } else {
            error.message
        };
        Self { hint: Some(hint), status: error.status, api_code: error.api_code, ..Self::new(code, message) }
    }
}

/// A wait in the largest unit that tells it well.
fn show(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ 0..=120 => format!("{seconds}s"),
        seconds @ 121..=7200 => format!("{}m", seconds.div_ceil(60)),
        seconds => format!("{}h", seconds.div_ceil(3600)),
    }
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done.
    Done,
    /// Done, and the answer is one of the table's words (`partial`, `changes`, `interrupted`).
    Told(Code),
    /// A child's own status, handed on (`sandbox exec`).
    Child(u8),
}

impl ExitStatus {
    /// The process's exit status.
    pub const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Told(code) => code.status(),
            Self::Child(status) => status,
        }
    }
}

/// Finds what to tell the person in an error of any layer; none when only a pipe was closed, which is no failure.
pub fn diagnose(error: anyhow::Error) -> Option<Failure> {
    let is_closed_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_closed_pipe) {
        return None;
    }
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Some(failure.clone());
    }
    if let Some(refused) = error.downcast_ref::<http::Error>() {
        return Some(refused.clone().into());
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return Some(Failure::new(Code::Internal, format!("standard output cannot be written: {error}")));
    }
    // Nothing that a person could mend by typing something else.
    Some(Failure::new(Code::Internal, format!("{error:#}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_serde_writes() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("{:?}", code.as_str()));
        }
    }
}
