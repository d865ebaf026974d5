//! What differs between dialects of the API, in one value that the client is given: where paths begin, how a request is
//! authorized, how an answer is opened.

use std::fmt;

use reqwest::StatusCode;

use super::envelope::{self, BodyContent, ServerWords};
use crate::secrets::credentials::Credentials;

/// One way to talk to the service.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// What stands before every path.
    pub prefix: &'static str,
    /// The value of the `Authorization` header.
    pub authorize: fn(&Credentials) -> String,
    /// Takes the envelope off the body of a success.
    pub open: fn(&str) -> Result<BodyContent<'_>, String>,
    /// Reads the body of a refusal.
    pub refusal: fn(StatusCode, &str) -> ServerWords,
}

/// The API of <https://spectrum.photon.codes>: Basic credentials, `{"succeed":…,"data":…}`.
pub const SPECTRUM: Dialect =
    Dialect { prefix: "", authorize: Credentials::authorization, open: envelope::open, refusal: envelope::refusal };

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialect").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
