//! What a client is made of, and what a failure is told of where that came from.

use std::time::Duration;

use reqwest::Url;

use super::dialect::Dialect;
use super::retry::RetryPolicy;
use crate::failure::Code;
use crate::secrets::credentials::Credentials;

/// What a client is made of.
#[derive(Debug)]
pub struct Config {
    /// Where the service lives; the credentials are meant for it alone.
    pub server: Server,
    /// How it is talked to.
    pub dialect: Dialect,
    /// Who asks.
    pub credentials: Credentials,
    /// Repeats of a failed request.
    pub retry: RetryPolicy,
    /// Requests per second; 0 does not pace.
    pub rate: f64,
    /// Whether the server runs in this process, on this very clock.
    pub shares_clock: bool,
    /// What a failure is told of where all this came from.
    pub told: FailureContext,
}

/// A server, and how it is reached.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it is: https, or plain http on loopback.
    pub url: Url,
    /// One request's time-out.
    pub timeout: Duration,
    /// One more trusted CA, PEM.
    pub extra_ca: Option<Vec<u8>>,
    /// The trusted CAs in place of the system's, PEM.
    pub roots: Option<Vec<u8>>,
    /// The proxy, where there is one; the environment is not looked at again.
    pub proxy: Option<Url>,
}

/// What a failure depends on, in a line each.
#[derive(Debug, Clone, Default)]
pub struct FailureContext {
    /// Where the credentials came from, for who is refused.
    pub credentials: Option<String>,
    /// The way that requests take, for who gets no connection.
    pub way: Option<String>,
}

impl FailureContext {
    /// What belongs under a failure of this sort.
    pub(super) fn about(&self, code: Code) -> Option<String> {
        match code {
            Code::Unauthorized | Code::Forbidden => self.credentials.clone(),
            Code::Network | Code::Timeout | Code::Config => self.way.clone(),
            _ => None,
        }
    }
}
