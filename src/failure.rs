//! The documented table of exit codes, and the one kind of failure.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use serde::Serialize;

/// One word of the table; scripts compare it, so it never changes within a major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Standard output cannot be written, or a bug here.
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
    /// What a file that cannot be written means: a full disk is nothing that another command line would mend; anything
    /// else is, and means `otherwise`.
    pub fn of_unwritten(error: &io::Error, otherwise: Self) -> Self {
        let is_full =
            matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge);
        if is_full { Self::Internal } else { otherwise }
    }

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

/// Why something failed, further down: kept as it was met, and printed beneath what is said of it.
#[derive(Debug, Clone)]
pub struct Cause(Arc<anyhow::Error>);

/// The one kind of failure: what happened, where, what to type next, and why.
///
/// It is made where the meaning is known and passed up unchanged.
#[derive(Debug, Clone, thiserror::Error)]
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
    /// Whether the same command may succeed, and does no harm, when it is run again.
    pub retryable: bool,
    /// Why, further down.
    pub cause: Option<Cause>,
}

impl Failure {
    /// A failure with nothing but its message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            context: Vec::new(),
            hint: None,
            status: None,
            api_code: None,
            retryable: code.is_retryable(),
            cause: None,
        }
    }

    /// A fault of ours, or of the system below us, that no other command line would mend.
    pub fn internal(message: impl Into<String>, cause: impl Into<anyhow::Error>) -> Self {
        Self::new(Code::Internal, message).because(cause)
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

    /// The same failure with why.
    #[must_use]
    pub fn because(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(Cause(Arc::new(cause.into())));
        self
    }

    /// The reasons, from the nearest to the last.
    pub fn causes(&self) -> impl Iterator<Item = String> {
        let chain = self.cause.iter().flat_map(|cause| cause.0.chain());
        chain.map(ToString::to_string)
    }
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Done, and the answer is one of the table's words (`partial`, `changes`, `interrupted`).
    Told(Code),
    /// A child's own status, handed on (`sandbox exec`).
    Child(u8),
}

impl Exit {
    /// The process's exit status.
    pub const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Told(code) => code.status(),
            Self::Child(status) => status,
        }
    }
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
