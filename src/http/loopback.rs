//! Requests to the control plane of a sandbox on this machine: no credentials, no retries, no pace.

use std::io::Read as _;
use std::time::Duration;

use reqwest::{Method, Url};

use super::envelope;
use super::error::Error;
use super::transport;
use crate::failure::Code;

/// Where the control plane begins.
pub const PREFIX: &str = "/_sandbox/";
/// The header that a request to it has to carry, and its value: no page elsewhere can send it without asking.
pub const MARK: (&str, &str) = ("x-sandbox", "1");

/// Sends a request below [`PREFIX`], with the query that its path may have, and hands back the body of a success.
///
/// # Errors
/// Network, when nothing answers there; whatever the sandbox refused.
pub fn ask(base: &Url, method: Method, path: &str, body: Option<String>, timeout: Duration) -> Result<String, Error> {
    let mut url = base.clone();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    url.set_path(&format!("{PREFIX}{path}"));
    url.set_query(query);
    let client = transport::loopback(timeout).map_err(|error| Error::unsendable(error.to_string()))?;
    let mut request = client.request(method, url).header(MARK.0, MARK.1);
    if let Some(body) = body {
        request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
    }
    let place = || base.as_str().trim_end_matches('/').to_owned();
    let response = request.send().map_err(|error| transport::unreachable(&error, &place()))?;
    let status = response.status();
    let mut body = String::new();
    response
        .take(transport::LARGEST_BODY)
        .read_to_string(&mut body)
        .map_err(|error| Error::transport(Code::Network, format!("the answer from {} broke off ({error})", place())))?;
    if status.is_success() { Ok(body) } else { Err(Error::refused(status, envelope::refusal(status, &body), None)) }
}
