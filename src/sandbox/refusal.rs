//! Every way in which the sandbox refuses a request: status, code and words in one place.

use hyper::StatusCode;

use super::store_error::StoreError;
use crate::model::Phone;

/// Why a request is refused.
#[derive(Debug)]
pub enum Refusal {
    /// Missing, malformed or wrong credentials, or those of another project.
    Credentials,
    /// No such route.
    Route,
    /// The body is not JSON.
    Parse(String),
    /// The body is said to be something else than JSON.
    MediaType,
    /// A field, a path or a query value is wrong; the text names it.
    Validation(String),
    /// A new identity when all shared seats are taken.
    Capacity(u32),
    /// Every number of the pool is used for this phone already.
    PoolExhausted,
    /// A line that the project does not own.
    ForeignLine(Phone),
    /// No such user, or a deleted one.
    NoUser,
    /// No such project (routes without credentials).
    NoProject,
    /// The project owns no line.
    NoLine,
    /// No such webhook, or a deleted one.
    NoWebhook,
    /// A webhook with this URL is there.
    WebhookExists,
    /// A change that a webhook of this kind does not take; the text says why.
    WebhookState(&'static str),
    /// No such delivery, or it is no longer kept.
    NoDelivery,
    /// A redirect for a user who is not shared.
    NotShared,
    /// Too many requests; seconds until the next one is welcome.
    RateLimited(u64),
    /// The body is larger than anything the API takes.
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// The request names a host that this server is not.
    Host,
    /// A call of the control plane without its header, or from a page elsewhere.
    Control,
    /// More listeners than there is room for.
    Listeners,
    /// A message from somebody who is nobody's user, or to a number that is not theirs.
    Nobody(Phone, Option<Phone>),
    /// A message from somebody who has several numbers to text.
    SeveralNumbers(String),
    /// Not a request that HTTP allows.
    Malformed(&'static str),
    /// The store failed; the reason goes to the log, never to the client.
    Internal(StoreError),
    /// A status that was asked for on the command line.
    Fault(StatusCode),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Internal(error)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl Refusal {
    /// The answer's status, `code` and `message`.
    pub fn parts(&self) -> (StatusCode, String, String) {
        let bare = |status: StatusCode, message: String| (status, status.as_str().to_owned(), message);
        let word = |status, code: &str, message: String| (status, code.to_owned(), message);
        match self {
            Self::Credentials => bare(StatusCode::UNAUTHORIZED, "Invalid credentials".to_owned()),
            Self::Route => word(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found".to_owned()),
            Self::Parse(why) => word(StatusCode::BAD_REQUEST, "PARSE", format!("The body is not JSON: {why}")),
            Self::MediaType => word(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "Content-Type must be application/json".to_owned(),
            ),
            Self::Validation(what) => word(StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION", what.clone()),
            Self::Capacity(seats) => {
                bare(StatusCode::PAYMENT_REQUIRED, format!("Maximum number of shared users ({seats}) reached"))
            }
            Self::PoolExhausted => {
                bare(StatusCode::SERVICE_UNAVAILABLE, "No number of the pool is left for this phoneNumber".to_owned())
            }
            // Not a conflict: several clients take a 409 on create for "registered already".
            Self::ForeignLine(line) => word(
                StatusCode::UNPROCESSABLE_ENTITY,
                "VALIDATION",
                format!("assignedPhoneNumber {line} is not a line of this project"),
            ),
            Self::NoUser => bare(StatusCode::NOT_FOUND, "User not found".to_owned()),
            Self::NoProject => bare(StatusCode::NOT_FOUND, "Project not found".to_owned()),
            Self::NoLine => bare(StatusCode::NOT_FOUND, "The project has no dedicated line".to_owned()),
            Self::NoWebhook => bare(StatusCode::NOT_FOUND, "Webhook not found".to_owned()),
            Self::NoDelivery => {
                bare(StatusCode::NOT_FOUND, "Delivery not found: it never was, or is no longer kept".to_owned())
            }
            Self::WebhookExists => {
                bare(StatusCode::CONFLICT, "A webhook with this webhookUrl is active already".to_owned())
            }
            Self::WebhookState(why) => bare(StatusCode::CONFLICT, (*why).to_owned()),
            Self::NotShared => bare(StatusCode::FORBIDDEN, "User is not a shared user".to_owned()),
            Self::RateLimited(_) => word(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many requests".to_owned()),
            Self::TooLarge => bare(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large".to_owned()),
            Self::TooSlow => bare(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time".to_owned()),
            Self::Host => {
                bare(StatusCode::FORBIDDEN, "This server does not answer for the host in the request".to_owned())
            }
            Self::Control => bare(
                StatusCode::FORBIDDEN,
                "The control plane wants the header X-Sandbox: 1, and no Origin of another page".to_owned(),
            ),
            Self::Listeners => {
                bare(StatusCode::SERVICE_UNAVAILABLE, "Too many listen to the events already".to_owned())
            }
            Self::Nobody(from, None) => {
                bare(StatusCode::NOT_FOUND, format!("{from} is nobody's user, so the service would do nothing"))
            }
            Self::Nobody(from, Some(to)) => bare(
                StatusCode::NOT_FOUND,
                format!("{from} has no user whose assigned number is {to}, so the service would do nothing"),
            ),
            Self::SeveralNumbers(numbers) => bare(
                StatusCode::CONFLICT,
                format!("this person has several numbers to text ({numbers}); name one as to"),
            ),
            Self::Malformed(what) => bare(StatusCode::BAD_REQUEST, (*what).to_owned()),
            Self::Internal(_) => {
                word(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", "Internal server error".to_owned())
            }
            // Where the service's own words for a status are known, a fault speaks them.
            Self::Fault(StatusCode::UNAUTHORIZED) => Self::Credentials.parts(),
            Self::Fault(StatusCode::TOO_MANY_REQUESTS) => Self::RateLimited(1).parts(),
            Self::Fault(status) if status.is_server_error() => {
                let reason = status.canonical_reason().unwrap_or("Internal server error");
                let code = if *status == StatusCode::INTERNAL_SERVER_ERROR {
                    "INTERNAL_SERVER_ERROR"
                } else {
                    status.as_str()
                };
                word(*status, code, format!("{reason} (a fault that the sandbox was asked for)"))
            }
            Self::Fault(status) => {
                let reason = status.canonical_reason().unwrap_or("Refused");
                bare(*status, format!("{reason} (a fault that the sandbox was asked for)"))
            }
        }
    }
}
