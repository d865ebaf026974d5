//! A request on its way in: whose it is, and its body within its bounds.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{AUTHORIZATION, EXPECT, HOST};
use hyper::{HeaderMap, Version};

use super::host;
use super::refusal::Refusal;

/// The largest body that is looked at; a create needs a few hundred bytes.
const LARGEST_BODY: usize = 1024 * 1024;
/// How much of a larger body is swallowed, so that its sender gets to read the refusal.
const LARGEST_SWALLOWED: u64 = 32 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The credentials, if they are given once: two headers are no credentials.
pub fn authorization(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        _ => None,
    }
}

/// Reads a body within its bounds of size and time.
///
/// # Errors
/// Too large, too slow, or broken off.
pub async fn read_body(headers: &HeaderMap, mut body: Incoming) -> Result<Bytes, Refusal> {
    let announced = body.size_hint().lower();
    let asks_first = headers.contains_key(EXPECT);
    if announced > LARGEST_SWALLOWED || (asks_first && announced > LARGEST_BODY as u64) {
        return Err(Refusal::TooLarge);
    }
    let reading = async {
        let mut kept = Vec::new();
        let mut length: u64 = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::Malformed("The body broke off"))?;
            let Some(data) = frame.data_ref() else { continue };
            length += data.len() as u64;
            if length > LARGEST_SWALLOWED {
                return Err(Refusal::TooLarge);
            }
            if length <= LARGEST_BODY as u64 {
                kept.extend_from_slice(data);
            }
        }
        if length > LARGEST_BODY as u64 { Err(Refusal::TooLarge) } else { Ok(Bytes::from(kept)) }
    };
    tokio::time::timeout(BODY_TIMEOUT, reading).await.unwrap_or(Err(Refusal::TooSlow))
}

/// Whether a request names a host that this server is; a page elsewhere can reach it under another name.
///
/// # Errors
/// The refusal.
pub fn check_host(
    headers: &HeaderMap,
    version: Version,
    in_target: Option<&str>,
    listen: SocketAddr,
) -> Result<(), Refusal> {
    let mut named = headers.get_all(HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().map_err(|_| Refusal::Host)?,
        (None, _) if version < Version::HTTP_11 => return Ok(()),
        _ => return Err(Refusal::Malformed("The request must have one Host header")),
    };
    let ours = host::is_ours(host, listen) && in_target.is_none_or(|host| host::is_ours(host, listen));
    if ours { Ok(()) } else { Err(Refusal::Host) }
}
