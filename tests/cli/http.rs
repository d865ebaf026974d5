//! A plain HTTP client over a socket, so that the tests see what really goes over the wire.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    }

    /// Reads an answer that ends with its connection.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head: head.to_owned(), body: body.to_owned() })
    }
}

/// The value of an `Authorization` header.
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
}

/// Opens a connection to a base URL.
pub fn connect(url: &str) -> TcpStream {
    try_connect(url).unwrap()
}

fn try_connect(url: &str) -> Option<TcpStream> {
    let address = url.strip_prefix("http://")?.split('/').next()?;
    TcpStream::connect(address).ok()
}

/// Sends raw bytes and reads until the connection ends; none when there was no answer.
pub fn raw(url: &str, bytes: &[u8]) -> Option<Reply> {
    let mut stream = try_connect(url)?;
    stream.write_all(bytes).ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Reply::parse(&answer)
}

/// Sends one request on a connection of its own.
pub fn try_send(method: &str, url: &str, authorization: Option<&str>, body: Option<&str>) -> Option<Reply> {
    try_send_as("application/json", method, url, authorization, body)
}

/// As [`try_send`], with a word of one's own for what the body is.
fn try_send_as(
    content_type: &str,
    method: &str,
    url: &str,
    authorization: Option<&str>,
    body: Option<&str>,
) -> Option<Reply> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    if let Some(value) = authorization {
        text.push_str(&format!("Authorization: {value}\r\n"));
    }
    if let Some(body) = body {
        text.push_str(&format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    raw(url, [text.as_bytes(), body.unwrap_or_default().as_bytes()].concat().as_slice())
}

/// As [`send`], with a word of one's own for what the body is.
pub fn send_as(content_type: &str, method: &str, url: &str, authorization: Option<&str>, body: Option<&str>) -> Reply {
    try_send_as(content_type, method, url, authorization, body).unwrap_or_else(|| panic!("no answer to {method} {url}"))
}

/// As [`try_send`], for requests that have to be answered.
pub fn send(method: &str, url: &str, authorization: Option<&str>, body: Option<&str>) -> Reply {
    try_send(method, url, authorization, body).unwrap_or_else(|| panic!("no answer to {method} {url}"))
}
