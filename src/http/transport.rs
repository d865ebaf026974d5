//! What the send path needs of HTTP itself: building the client, bounded bodies, and plain words for its errors.

use std::error::Error as _;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::blocking::Response;
use reqwest::redirect::Policy;
use reqwest::tls::Certificate;
use reqwest::{Proxy, StatusCode, Url};

use super::config::Server;
use super::descriptors;
use super::envelope::ServerWords;
use super::error::Error;
use super::names::{self, NameResolver};
use super::pace::NoStart;
use super::seam::{Later, Received, Request, Transport};
use crate::failure::Code;
use crate::model::time;

/// Where a SOCKS proxy listens whose URL names no port.
const SOCKS_PORT: u16 = 1080;
/// How long this machine takes at most to say that nobody listens at a port. Windows asks thrice.
const NOBODY_WITHIN: Duration = Duration::from_secs(3);
/// How long a connection may take to open at most.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest body that is read: some 250,000 users. A larger answer is refused, not held.
pub const LARGEST_BODY: u64 = 64 * 1024 * 1024;
/// As much of a refusal as is read: its status says most, and its words are few.
const LARGEST_REFUSAL: u64 = 1024 * 1024;
/// The longest `Retry-After` that is told apart; nobody waits for it anyway.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(365 * 24 * 3600);
/// How the client names itself.
const USER_AGENT: &str = concat!("spectrum-cli/", env!("CARGO_PKG_VERSION"));

/// Why no client could be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The CA file holds no PEM certificate.
    #[error("no certificate could be read from it: it must hold one or more in PEM form (-----BEGIN CERTIFICATE-----)")]
    Ca,
    /// The proxy cannot be used.
    #[error("the proxy cannot be used")]
    Proxy,
    /// The pair cannot stand in a header.
    #[error("the credentials cannot be sent in a header")]
    Credentials,
    /// The operating system gives no more threads or descriptors.
    #[error("the HTTP client could not be built: {0}")]
    System(String),
    /// The TLS library said no.
    #[error("the HTTP client could not be built: {0}")]
    Other(String),
}

/// Builds the blocking client: no redirects, and no trust store for a loopback server.
pub(super) fn build(server: &Server) -> Result<reqwest::blocking::Client, BuildError> {
    builder(server, names::SYSTEM)?.build().map_err(|error| unbuilt(&error))
}

/// The network between here and a server.
pub(super) struct Network {
    http: reqwest::blocking::Client,
    server: Server,
}

impl Network {
    pub(super) fn new(server: &Server) -> Result<Self, BuildError> {
        Ok(Self { http: build(server)?, server: server.clone() })
    }

    fn exchange_now(&self, request: Request<'_>) -> Result<Received, Error> {
        let Request { method, url, headers, body } = request;
        // The blocking client's own time-out starts anew with each piece of a body; a request's covers all of it.
        let outgoing = self.http.request(method.clone(), url.clone()).timeout(self.server.timeout);
        let outgoing = outgoing.headers(headers.clone());
        let outgoing = body.into_iter().fold(outgoing, |outgoing, body| outgoing.body(body.to_owned()));
        let response = outgoing.send().map_err(|error| describe(&error, &self.server))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = if status.is_success() { read_body(response, &self.server)? } else { read_refusal(response) };
        Ok(Received { status, headers, body })
    }
}

impl Transport for Network {
    fn exchange<'a>(&'a self, request: Request<'a>) -> Later<'a, Result<Received, Error>> {
        Box::pin(async move { self.exchange_now(request) })
    }
}

fn builder(server: &Server, names: NameResolver) -> Result<reqwest::blocking::ClientBuilder, BuildError> {
    // reqwest asks for it whatever the URL; installed once, a second client finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::blocking::Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .timeout(server.timeout)
        .connect_timeout(connect_timeout(server))
        .user_agent(USER_AGENT)
        .dns_resolver(Arc::new(names))
        // It would read the environment, and take what it cannot read there for no proxy.
        .no_proxy()
        .pool_max_idle_per_host(usize::MAX);
    if server.url.scheme() == "http" {
        // Loopback only: no certificate is looked at.
        return Ok(builder.tls_certs_only([]));
    }
    if let Some(url) = &server.proxy {
        builder = builder.proxy(Proxy::all(url.clone()).map_err(|_| BuildError::Proxy)?);
    }
    let extra = server.extra_ca.as_deref().map(certificates).transpose()?;
    let roots = server.roots.as_deref().map(certificates).transpose()?;
    builder = builder.https_only(true);
    Ok(match (roots, extra) {
        (Some(roots), extra) => builder.tls_certs_only(roots.into_iter().chain(extra.into_iter().flatten())),
        (None, Some(extra)) => builder.tls_certs_merge(extra),
        (None, None) => builder,
    })
}

/// What stood in the way of a client. The TLS library takes certificates that nothing is left to open for none at all.
fn unbuilt(error: &reqwest::Error) -> BuildError {
    let of_the_system = |error: &io::Error| error.raw_os_error().is_some() && error.kind() != io::ErrorKind::NotFound;
    if causes(error).filter_map(|cause| cause.downcast_ref()).any(of_the_system) {
        return BuildError::System(reason(error));
    }
    match descriptors::spare(descriptors::CLIENT) {
        Ok(()) => BuildError::Other(reason(error)),
        Err(scarce) => BuildError::System(scarce.to_string()),
    }
}

/// How long a connection may take to open.
fn connect_timeout(server: &Server) -> Duration {
    CONNECT_TIMEOUT.min(server.timeout)
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, BuildError> {
    Certificate::from_pem_bundle(pem).ok().filter(|found| !found.is_empty()).ok_or(BuildError::Ca)
}

/// A client for a server on this machine: no proxy, no trust store, no redirects.
pub(super) fn loopback(timeout: Duration) -> Result<reqwest::blocking::Client, BuildError> {
    // reqwest asks for it whatever the URL.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::blocking::Client::builder().redirect(Policy::none()).timeout(timeout).user_agent(USER_AGENT);
    builder.no_proxy().tls_certs_only([]).build().map_err(|error| unbuilt(&error))
}

/// Nothing answers where a sandbox is said to be.
pub(super) fn unreachable(error: &reqwest::Error, place: &str) -> Error {
    Error::transport(Code::Network, format!("no sandbox answers at {place} ({})", reason(error)))
}

/// Reads the body of a success within the bound.
pub(super) fn read_body(response: Response, server: &Server) -> Result<String, Error> {
    let status = response.status().as_u16();
    let too_large = || {
        let bound = LARGEST_BODY / (1024 * 1024);
        Error::bad_response(
            Some(status),
            format!("the answer is larger than {bound} MB, so it was not read; ask for less with --limit"),
        )
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > LARGEST_BODY {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    response.take(LARGEST_BODY + 1).read_to_end(&mut body).map_err(|error| broken_body(&error, server))?;
    if body.len() as u64 > LARGEST_BODY {
        return Err(too_large());
    }
    match String::from_utf8(body) {
        Ok(text) => Ok(text),
        Err(_) => Err(Error::bad_response(Some(status), "the answer is not UTF-8 text".to_owned())),
    }
}

/// Reads what a refusal says, as far as it can be read: its status stands, whatever becomes of its body.
pub(super) fn read_refusal(response: Response) -> String {
    let mut body = Vec::new();
    // What had come before an error is kept.
    let _ = response.take(LARGEST_REFUSAL).read_to_end(&mut body);
    String::from_utf8_lossy(&body).into_owned()
}

/// A success whose body did not come whole: too little to understand, and worth another attempt.
fn broken_body(error: &io::Error, server: &Server) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>()) {
        Some(inner) => describe(inner, server),
        None => broken_off(&place(server), &error.to_string()),
    }
}

/// The answer's body ended too early.
pub fn broken_off(place: &str, why: &str) -> Error {
    Error::transport(Code::BadResponse, format!("the answer from {place} broke off ({why})"))
}

/// The connection ended before the answer came.
pub fn broken(place: &str, why: &str) -> Error {
    Error::transport(Code::Network, format!("the connection to {place} broke ({why})"))
}

/// The request went out, and its answer did not come in time.
pub fn no_answer(place: &str, limit: Duration) -> Error {
    Error::transport(Code::Timeout, format!("no answer from {place} within {}", time::show(limit)))
}

/// The request never went out.
pub fn not_connected(place: &str, why: &str) -> Error {
    let mut failure = Error::transport(Code::Network, format!("cannot connect to {place} ({why})"));
    failure.may_have_arrived = false;
    failure
}

/// Host and port, as people read them.
fn place(server: &Server) -> String {
    let host = server.url.host_str().unwrap_or("the service");
    server.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Says in plain words why there is no answer. reqwest's own text holds the full URL; its reasons lie in the sources.
pub(super) fn describe(error: &reqwest::Error, server: &Server) -> Error {
    let place = place(server);
    let why = reason(error);
    if error.is_timeout() && error.is_connect() {
        let limit = time::show(connect_timeout(server));
        return Error::transport(Code::Timeout, format!("no connection to {place} within {limit}"));
    }
    if error.is_timeout() {
        return no_answer(&place, server.timeout);
    }
    if let Some((what, hint)) = causes(error).find_map(|cause| refusal_of_proxy(&cause.to_string())) {
        return behind_proxy(&format!("the proxy {what}"), hint, &place, &why);
    }
    if error.is_connect() {
        let mut failure = not_connected(&place, &why);
        if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            // A certificate that is not trusted now will not be in a second, nor will the server speak otherwise.
            (failure.repeat, failure.retryable) = (false, false);
            failure.is_untrusted = is_untrusted(tls);
        } else if let Some(tunnel) = server.proxy.as_ref().and_then(closed_tunnel) {
            let hint = "start it, write http:// before its host if it is an HTTP proxy, or name this host in NO_PROXY";
            failure = behind_proxy(&format!("nobody listens at the SOCKS proxy {tunnel}"), hint, &place, &why);
        }
        return failure;
    }
    if error.is_body() || error.is_decode() {
        return broken_off(&place, &why);
    }
    if causes(error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)) {
        return Error::bad_response(None, format!("the answer from {place} is not HTTP ({why})"));
    }
    broken(&place, &why)
}

/// The proxy is in the way, and will be the next time. Nothing was sent.
fn behind_proxy(what: &str, hint: &'static str, place: &str, why: &str) -> Error {
    let failure = Error::transport(Code::Config, format!("{what}, so {place} cannot be reached ({why})"));
    Error { repeat: false, may_have_arrived: false, hint: Some(hint), ..failure }
}

/// Where a SOCKS proxy on this machine would be, if nobody listens there. It is a tunnel that somebody opens; the next
/// attempt would find it as closed.
fn closed_tunnel(proxy: &Url) -> Option<SocketAddr> {
    let ip = match proxy.host_str()?.trim_matches(['[', ']']) {
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        ip => ip.parse::<IpAddr>().ok()?,
    };
    let address = SocketAddr::new(ip, proxy.port().unwrap_or(SOCKS_PORT));
    let is_refused = || {
        TcpStream::connect_timeout(&address, NOBODY_WITHIN)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    (proxy.scheme().starts_with("socks") && ip.is_loopback() && is_refused()).then_some(address)
}

/// What a proxy means that will not let us through, now or later, and what to do about it. The library keeps the types
/// of these errors to itself, so their words tell.
fn refusal_of_proxy(words: &str) -> Option<(&'static str, &'static str)> {
    const PASSWORD: &str = "write user:password@ before its host, or name this host in NO_PROXY";
    let said = words.strip_prefix("SOCKS error: ").or_else(|| words.strip_prefix("tunnel error: "))?;
    Some(match said {
        "proxy authorization required" => ("wants a user and a password that it knows", PASSWORD),
        "server does not support user/pass authentication" => ("wants another proof of who asks", PASSWORD),
        "credentials not accepted" => ("does not accept the user and the password", PASSWORD),
        "connection not allowed" => ("does not allow it", "ask who runs it, or name this host in NO_PROXY"),
        "failed parsing server response" | "server implements authentication incorrectly" => {
            ("does not speak SOCKS 5", "write http:// before its host if it is an HTTP proxy")
        }
        _ => return None,
    })
}

/// Whether one more CA might help: it does not with a certificate of another host, nor with one that has expired.
fn is_untrusted(error: &rustls::Error) -> bool {
    use rustls::CertificateError as Reason;
    match error {
        rustls::Error::InvalidCertificate(reason) => !matches!(
            reason,
            Reason::NotValidForName
                | Reason::NotValidForNameContext { .. }
                | Reason::Expired
                | Reason::ExpiredContext { .. }
                | Reason::NotValidYet
                | Reason::NotValidYetContext { .. }
        ),
        _ => false,
    }
}

/// Everything below an error, from the outside in. An I/O error's own cause is not among its sources, so it is opened.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn std::error::Error + 'static)| {
        let cause: &'_ (dyn std::error::Error + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        }
    })
}

/// The innermost reason of an error.
fn reason(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}

/// `succeed:false` under a 2xx: where its code names a status, that status is what was meant.
pub(super) fn refused_in_success(status: StatusCode, refusal: ServerWords, retry_after: Option<Duration>) -> Error {
    let meant = refusal.code.as_deref().and_then(|code| match code {
        "NOT_FOUND" => Some(StatusCode::NOT_FOUND),
        "UNAUTHORIZED" => Some(StatusCode::UNAUTHORIZED),
        "PAYMENT_REQUIRED" => Some(StatusCode::PAYMENT_REQUIRED),
        "FORBIDDEN" => Some(StatusCode::FORBIDDEN),
        "CONFLICT" => Some(StatusCode::CONFLICT),
        "RATE_LIMITED" | "TOO_MANY_REQUESTS" => Some(StatusCode::TOO_MANY_REQUESTS),
        "BAD_REQUEST" => Some(StatusCode::BAD_REQUEST),
        "VALIDATION" | "PARSE" => Some(StatusCode::UNPROCESSABLE_ENTITY),
        "INTERNAL_SERVER_ERROR" => Some(StatusCode::INTERNAL_SERVER_ERROR),
        number => number
            .parse()
            .ok()
            .and_then(|number| StatusCode::from_u16(number).ok())
            .filter(|status| status.as_u16() >= 400),
    });
    let api_code = refusal.code.clone();
    match meant {
        // The status is the truth for repeating: it said that the work was done.
        Some(meant) => {
            Error { status: Some(status.as_u16()), repeat: false, ..Error::refused(meant, refusal, retry_after) }
        }
        None => Error {
            api_code,
            ..Error::bad_response(
                Some(status.as_u16()),
                format!("the service answered {} and yet says that it failed: {}", status.as_u16(), refusal.text),
            )
        },
    }
}

/// This request does not start.
pub(super) fn not_started(why: NoStart) -> Error {
    let (code, message) = match why {
        NoStart::Cancelled => (Code::Interrupted, "interrupted before the request was sent"),
        NoStart::Refused => (Code::RateLimited, "not sent, as the service is limiting the rate"),
    };
    let mut error = Error::transport(code, message.to_owned());
    error.repeat = false;
    error
}

/// Reads an HTTP date (`Wed, 21 Oct 2026 07:28:00 GMT`).
pub fn parse_date(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", text.trim()).ok()?.to_datetime().ok()?;
    // The last day of the year 9999, which stands for "never", lies a little beyond.
    Some(TimeZone::UTC.to_timestamp(date).unwrap_or(Timestamp::MAX))
}

/// Reads `Retry-After`: seconds or a date, which is taken relative to `now`, the answer's own `Date` where it has one.
pub(super) fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number beyond any integer is a long time, too.
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER));
    }
    let until = parse_date(text)?;
    let wait = until.duration_since(now);
    // A date in the past means now.
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO).min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    fn server(url: &str, timeout: Duration) -> Server {
        Server {
            url: url.parse().unwrap(),
            timeout,
            extra_ca: None,
            roots: Some(rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem().into_bytes()),
            proxy: None,
        }
    }

    /// What is said of a request by this client.
    fn said(builder: reqwest::blocking::ClientBuilder, server: &Server) -> Error {
        let client = builder.build().unwrap();
        describe(&client.get(server.url.clone()).timeout(server.timeout).send().unwrap_err(), server)
    }

    #[test]
    fn a_name_server_that_swallows_holds_up_nothing() {
        let server = server("https://nobody.example", Duration::from_millis(50));
        let started = Instant::now();
        let silent = NameResolver(|_| {
            loop {
                std::thread::park();
            }
        });
        let error = said(builder(&server, silent).unwrap(), &server);
        assert_eq!(error.code, Code::Timeout);
        assert!(error.message.ends_with("within 50ms"), "{}", error.message);
        assert!(started.elapsed() < Duration::from_secs(5), "the client is gone, too");
    }

    #[test]
    fn the_bound_that_was_hit_is_named() {
        // It takes connections and never speaks.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let server = server(&url, Duration::from_secs(30));
        let hasty = builder(&server, names::SYSTEM).unwrap().connect_timeout(Duration::from_millis(50));
        let error = said(hasty, &server);
        assert_eq!(error.code, Code::Timeout);
        assert!(
            error.message.starts_with("no connection") && error.message.ends_with("within 10s"),
            "{}",
            error.message
        );
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = parse_date("Wed, 21 Oct 2026 07:28:00 GMT").unwrap();
        assert_eq!(parse_retry_after("7", date), Some(Duration::from_secs(7)));
        assert_eq!(parse_retry_after("Wed, 21 Oct 2026 07:28:05 GMT", date), Some(Duration::from_secs(5)));
        assert_eq!(parse_retry_after("Wed, 21 Oct 2020 07:28:05 GMT", date), Some(Duration::ZERO));
        for endless in ["18446744073709551615", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(parse_retry_after(endless, date), Some(LONGEST_RETRY_AFTER), "{endless}");
        }
        for absurd in ["soon", "-1", "", "1.5"] {
            assert_eq!(parse_retry_after(absurd, date), None, "{absurd}");
        }
    }
}
