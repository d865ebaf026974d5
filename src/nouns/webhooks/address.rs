//! The URL of a webhook: checked before it is sent, because the service takes any and drops every event in silence.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Serialize, Serializer};
use url::{Host, Url};

/// How much is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The service delivers: https, and a host that the public can reach.
    Public,
    /// The sandbox delivers, or the person knows better: any http or https URL.
    Any,
}

/// Where events are sent, as it was written.
#[derive(Debug, Clone)]
pub struct Address {
    text: String,
    url: Url,
}

impl Address {
    /// Reads and checks a URL.
    ///
    /// # Errors
    /// Why nothing would ever arrive there.
    pub fn check(text: &str, reach: Reach) -> Result<Self, String> {
        let text = text.trim();
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("it holds a blank".to_owned());
        }
        let url = Url::parse(text).map_err(|error| format!("it is not a URL ({error})"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{} is not https", url.scheme()));
        }
        if url.fragment().is_some() {
            return Err("the part behind # never leaves the sender; leave it out".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds credentials, which everybody who lists webhooks would see; leave them out".to_owned());
        }
        if reach == Reach::Public {
            if url.scheme() == "http" {
                return Err("the service delivers to https alone, and drops every event to http in silence".to_owned());
            }
            if let Some(what) = url.host().and_then(|host| unreachable(&host)) {
                return Err(format!("{what}, which the service does not reach: it drops every event in silence"));
            }
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the service would take another URL for this one.
    pub fn is(&self, other: &str) -> bool {
        same(other).as_deref() == Some(self.url.as_str())
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Address {}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// A URL that the service takes for a webhook, as it is compared: its syntax is all that is looked at.
pub fn taken(url: &str) -> Option<String> {
    same(url)
        .filter(|compared| compared.starts_with("http://") || compared.starts_with("https://"))
        .filter(|_| !url.contains(|c: char| c.is_whitespace() || c.is_control()))
}

/// The form in which URLs are compared: scheme and host in small letters, no default port. A slash at the end of a path
/// counts: to most servers it is another path. None for what is no URL.
pub fn same(text: &str) -> Option<String> {
    Url::parse(text.trim()).ok().map(String::from)
}

/// What a host is that the public does not reach, by its look alone.
fn unreachable(host: &Host<&str>) -> Option<String> {
    match host {
        Host::Ipv4(address) => v4(*address).map(|what| format!("{address} is {what}")),
        Host::Ipv6(address) => v6(*address).map(|what| format!("{address} is {what}")),
        Host::Domain(name) => {
            const LOCAL: [&str; 9] =
                ["localhost", "local", "internal", "intranet", "lan", "home", "test", "invalid", "home.arpa"];
            let name = name.trim_end_matches('.');
            let ends = |end: &&str| name.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            match LOCAL.iter().find(|end| ends(end)) {
                Some(_) => Some(format!("{name} is a name of this machine or network")),
                None if !name.contains('.') => Some(format!("{name} is a name of this network")),
                None => None,
            }
        }
    }
}

fn v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, ..] = address.octets();
    match address {
        _ if address.is_loopback() => Some("this machine"),
        _ if address.is_private() || (a == 100 && (64..128).contains(&b)) => Some("a private address"),
        _ if address.is_link_local() => Some("a link-local address"),
        _ if a == 0 || address.is_multicast() || a >= 240 => Some("no address of a host"),
        _ => None,
    }
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    match address.to_ipv4_mapped() {
        Some(inner) => v4(inner),
        None if address.is_loopback() => Some("this machine"),
        None if address.is_unicast_link_local() => Some("a link-local address"),
        None if address.is_unique_local() => Some("a private address"),
        None if address.is_unspecified() || address.is_multicast() => Some("no address of a host"),
        None => None,
    }
}

/// Whether a URL leads to this machine and nowhere else, without asking anybody for its name.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            IpAddr::V6(address).is_loopback() || address.to_ipv4_mapped().is_some_and(|inner| inner.is_loopback())
        }
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Webhooks by their URLs: `https://*.example.app/*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Scheme and host.
    place: String,
    /// The rest.
    path: String,
}

impl Pattern {
    /// Reads a pattern; `*` stands for any text, in the host for any that holds no slash.
    ///
    /// # Errors
    /// What to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = ["https://", "http://"].iter().any(|scheme| text.to_ascii_lowercase().starts_with(scheme));
        // The form in which URLs are compared, where it has one: a * that stands for a port has none.
        let text = same(text).unwrap_or_else(|| text.to_owned());
        let (place, path) = split(&text);
        let host = place.split_once("://").map_or("", |(_, host)| host);
        if !known || host.is_empty() {
            return Err("write a URL with *, such as 'https://*.example.app/*'".to_owned());
        }
        if host.contains('@') || path.contains('#') {
            return Err("no webhook's URL has credentials or a part behind #, so none would ever fit".to_owned());
        }
        Ok(Self { place: place.to_ascii_lowercase(), path: path.to_owned() })
    }

    /// Whether a URL fits.
    pub fn fits(&self, url: &str) -> bool {
        let Some(url) = same(url) else { return false };
        let (place, path) = split(&url);
        fits(&self.place, place) && fits(&self.path, path)
    }
}

/// Scheme and host, and what follows them: at least a slash.
fn split(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |at| at + 3);
    match url.get(host..).and_then(|rest| rest.find(['/', '?'])) {
        Some(at) => url.split_at(host + at),
        None => (url, "/"),
    }
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_dropped_in_silence_is_refused_with_the_reason() {
        for (url, reason) in [
            ("http://hooks.example.com/a", "https alone"),
            ("https://localhost/a", "a name of this machine"),
            ("https://x.localhost:8443/", "a name of this machine"),
            ("https://127.0.0.1/", "this machine"),
            ("https://2130706433/", "127.0.0.1 is this machine"),
            ("https://0x7f.1/", "127.0.0.1 is this machine"),
            ("https://[::1]/", "this machine"),
            ("https://[::ffff:10.0.0.1]/", "a private address"),
            ("https://10.1.2.3/", "a private address"),
            ("https://100.64.0.1/", "a private address"),
            ("https://169.254.169.254/latest", "a link-local address"),
            ("https://[fe80::1]/", "a link-local address"),
            ("https://[fd00::1]/", "a private address"),
            ("https://0.0.0.0/", "no address"),
            ("https://printer.local/", "a name of this machine or network"),
            ("https://Metadata.Google.Internal./", "a name of this machine or network"),
            ("https://handler/", "a name of this network"),
            ("https://a.example.com/#x", "behind #"),
            ("https://u:p@a.example.com/", "credentials"),
            ("https://u@a.example.com/", "credentials"),
            ("ftp://a.example.com/", "not https"),
            ("a.example.com/hook", "not a URL"),
            ("https://a.example.com/a b", "a blank"),
            ("https://a.exam\tple.com/", "a blank"),
            ("https://", "not a URL"),
            ("", "not a URL"),
        ] {
            let refused = Address::check(url, Reach::Public).unwrap_err();
            assert!(refused.contains(reason), "{url}: {refused}");
        }
        for good in
            ["https://hooks.example.com", "https://8.8.8.8:8443/a?b=c", "https://[2606:4700::1]/", "HTTPS://A.app/"]
        {
            assert_eq!(Address::check(good, Reach::Public).unwrap().as_str(), good);
        }
    }

    #[test]
    fn beside_the_sandbox_any_host_will_do_but_not_any_url() {
        for good in ["http://127.0.0.1:3000/hook", "http://localhost:3000", "http://handler:3000/", "https://a.app/"] {
            assert!(Address::check(good, Reach::Any).is_ok(), "{good}");
        }
        for bad in ["http://u:p@127.0.0.1/", "http://127.0.0.1/#a", "file:///etc/passwd", "127.0.0.1:3000"] {
            assert!(Address::check(bad, Reach::Any).is_err(), "{bad}");
        }
    }

    #[test]
    fn urls_are_compared_as_the_service_would() {
        let ours = Address::check("https://Hooks.Example.com:443/a", Reach::Public).unwrap();
        assert!(ours.is("HTTPS://hooks.example.com/a"));
        for other in
            ["https://hooks.example.com/a/", "https://hooks.example.com/A", "https://hooks.example.com:444/a", "x"]
        {
            assert!(!ours.is(other), "{other}");
        }
        assert!(Address::check("https://a.app", Reach::Public).unwrap().is("https://a.app/"));
    }

    #[test]
    fn a_star_in_the_host_stays_in_the_host() {
        let pattern = Pattern::parse("https://*.Example.app/*").unwrap();
        for fitting in ["https://a.example.app/hook", "https://A.B.example.app", "https://a.example.app:443/x?y"] {
            assert!(pattern.fits(fitting), "{fitting}");
        }
        for other in [
            "https://example.app/hook",
            "https://evil.com/.example.app/hook",
            "http://a.example.app/hook",
            "https://a.example.app.evil.com/",
            "https://evil.com/?.example.app/",
            "no url",
        ] {
            assert!(!pattern.fits(other), "{other}");
        }
        let exact = Pattern::parse("http://127.0.0.1:3000/hook").unwrap();
        assert!(exact.fits("http://127.0.0.1:3000/hook") && !exact.fits("http://127.0.0.1:3000/hook/"));
        let middle = Pattern::parse("https://a.app/*/x/*/y").unwrap();
        assert!(middle.fits("https://a.app/1/x/2/y") && !middle.fits("https://a.app/1/x/y"));
        for (text, fitting) in [
            ("https://*.example.app:443/*", "https://a.example.app/hook"),
            ("https://*.example.app:*/*", "https://a.example.app:8443/hook"),
            ("https://*.bücher.example/*", "https://a.bücher.example/hook"),
            ("https://a.app/é*", "https://a.app/éa"),
            ("https://a.app?*", "https://a.app/?x"),
        ] {
            assert!(Pattern::parse(text).unwrap().fits(fitting), "{text}");
        }
        for bad in ["*", "", "a.app/*", "https://", "ftp://a/*", "https://u@*.a.app/*", "https://*.a.app/*#x"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn loopback_is_told_by_the_look() {
        let is = |url: &str| is_loopback(&url.parse().unwrap());
        for ours in
            ["http://127.0.0.1:1/", "http://127.9.9.9/", "http://[::1]/", "http://localhost/", "http://a.localhost/"]
        {
            assert!(is(ours), "{ours}");
        }
        for other in
            ["http://10.0.0.1/", "http://localhost.evil.com/", "http://[::2]/", "http://evil.com/", "http://0.0.0.0/"]
        {
            assert!(!is(other), "{other}");
        }
    }
}
