//! Requests to the control plane of a sandbox on this machine: no credentials, no retries, no pace.

use std::time::Duration;

use reqwest::{Method, Url};

use super::envelope;
use super::error::Error;
use super::transport;

/// The header that the control plane wants.
const HEADER: &str = "X-Sandbox";

/// Sends a request below `/_sandbox/` and hands back the body of a success.
///
/// # Errors
/// Network, when nothing answers there; whatever the sandbox refused.
pub fn ask(base: &Url, method: Method, path: &str, body: Option<String>, timeout: Duration) -> Result<String, Error> {
    let mut url = base.clone();
    url.set_path(&format!("/_sandbox/{path}"));
    let client = transport::loopback(timeout).map_err(|error| Error::unsendable(error.to_string()))?;
    let mut request = client.request(method, url).header(HEADER, "1");
    if let Some(body) = body {
        request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
    }
    let place = || base.as_str().trim_end_matches('/').to_owned();
    let response = request.send().map_err(|error| transport::unreachable(&error, &place()))?;
    let status = response.status();
    let body = response.text().map_err(|error| transport::unreachable(&error, &place()))?;
    if status.is_success() { Ok(body) } else { Err(Error::refused(status, envelope::refusal(status, &body), None)) }
}
