//! Deliveries to somebody's webhook handler: no credentials, no retries, no redirects.

use std::io::Read as _;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, Response};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::config::Server;
use super::error::Error;
use super::transport::{self, BuildError};

/// As much of an answer as is read: its first line is all that is shown.
const MOST_READ: u64 = 8 * 1024;

/// A client of one handler.
#[derive(Debug)]
pub struct HandlerClient {
    client: Client,
    server: Server,
}

/// What a handler answered.
#[derive(Debug)]
pub struct HandlerAnswer {
    /// Its status.
    pub status: u16,
    /// From the request's first byte to the answer's head.
    pub took: Duration,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The first line that is not blank.
    pub line: String,
}

impl HandlerClient {
    /// A client of the handler there.
    ///
    /// # Errors
    /// When a CA or the proxy cannot be used, or the TLS library says no.
    pub fn new(server: Server) -> Result<Self, BuildError> {
        Ok(Self { client: transport::build(&server)?, server })
    }

    /// Delivers once.
    ///
    /// # Errors
    /// Network or timeout, when there is no answer.
    pub fn deliver(&self, headers: &[(&'static str, String)], body: &[u8]) -> Result<HandlerAnswer, Error> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value);
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(Error::unsendable("a header of the delivery cannot be sent".to_owned()));
            };
            map.insert(name, value);
        }
        let started = Instant::now();
        // The blocking client's own time-out starts anew with each piece of a body; a request's covers all of it.
        let request = self.client.post(self.server.url.clone()).timeout(self.server.timeout);
        let request = request.headers(map).body(body.to_vec());
        let response = request.send().map_err(|error| transport::describe(&error, &self.server))?;
        let (took, status, headers) = (started.elapsed(), response.status().as_u16(), response.headers().clone());
        Ok(HandlerAnswer { status, took, headers, line: first_line(response) })
    }
}

/// The first line with anything in it. The status has come already, so a body that breaks off is no failure.
fn first_line(mut response: Response) -> String {
    let (mut bytes, mut piece) = (Vec::new(), [0; 512]);
    let mut rest = response.by_ref().take(MOST_READ);
    while !bytes.trim_ascii_start().contains(&b'\n') {
        match rest.read(&mut piece) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&piece[..read]),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    text.trim().lines().next().unwrap_or_default().trim().to_owned()
}
