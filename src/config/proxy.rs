//! The proxy that requests go through, read as curl reads the variables. The HTTP library takes a value that it cannot
//! read for "no proxy", and the credentials would go out directly: here such a value is an error.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::environment::Environment;
use crate::failure::{Code, Failure};

/// The variables that name a proxy for https, the first one set wins. The small letters come first, as in curl.
const NAMES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// The variables that name hosts without one.
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// A proxy, and the variable that names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its URL; it may hold a user and a password.
    pub url: Url,
    /// The variable.
    pub variable: &'static str,
}

impl Proxy {
    /// Whether names of hosts are left to it; with `socks5`, as in curl, they are looked up here.
    pub fn looks_names_up(&self) -> bool {
        self.url.scheme() != "socks5"
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({:?} from {})", self.url.host_str(), self.variable)
    }
}

/// The proxy for requests to a URL; none when none is named, when the host is an exception, or for plain http, which
/// goes to loopback alone.
///
/// # Errors
/// Config, when the variable's value is no proxy.
pub fn for_url(url: &Url, environment: &Environment) -> Result<Option<Proxy>, Failure> {
    let Some((variable, text)) = NAMES.into_iter().find_map(|name| Some((name, environment.written(name)?))) else {
        return Ok(None);
    };
    let exceptions = EXCEPTIONS.into_iter().find_map(|name| environment.var(name)).unwrap_or_default();
    if url.scheme() != "https" || is_exception(url, &exceptions) {
        return Ok(None);
    }
    // A line break may have come with a file's last line; any other blank is a slip, and not a value for everybody else.
    let text = text.to_string_lossy();
    // The value may hold a password, so it is not shown.
    let url = parse(text.trim_end_matches(['\r', '\n'])).map_err(|reason| {
        Failure::new(Code::Config, format!("{variable} is no proxy that can be used: {reason}"))
            .context("nothing was sent: without the proxy the credentials would go another way than was asked for")
            .hint(format!(
                "write {variable}=http://host:port (or https://, socks5://, socks5h://), or name the host in NO_PROXY"
            ))
    })?;
    Ok(Some(Proxy { url, variable }))
}

/// The passwords of every proxy that any variable names, as written and as meant: they are secrets.
pub fn passwords(environment: &Environment) -> Vec<String> {
    let names = NAMES.into_iter().chain(["http_proxy", "HTTP_PROXY"]);
    let written = names.filter_map(|name| environment.var(name)).filter_map(|text| {
        let (authority, _) = text.rsplit_once('@')?;
        let (_, password) = authority.rsplit_once("//").map_or(authority, |(_, user)| user).split_once(':')?;
        Some(password.to_owned())
    });
    written.flat_map(|text| [percent_decode_str(&text).decode_utf8_lossy().into_owned(), text]).collect()
}

/// Reads a proxy's URL: `scheme://[user:password@]host[:port]`, or `host:port`, which is http.
fn parse(text: &str) -> Result<Url, String> {
    if text.contains(['"', '\'', '`']) {
        return Err("it holds a quotation mark".to_owned());
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it holds a blank".to_owned());
    }
    if text.starts_with('/') {
        return Err("not a URL (no scheme)".to_owned());
    }
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&whole).map_err(|error| format!("not a URL ({error})"))?;
    match url.scheme() {
        "http" | "https" | "socks5" | "socks5h" => {}
        // A letter of the scheme may be part of a password that stands in the wrong place.
        "socks" | "socks4" | "socks4a" => return Err(format!("{}:// is not spoken here, socks5:// is", url.scheme())),
        _ => return Err("its scheme is none of http, https, socks5 and socks5h".to_owned()),
    }
    let host = url.host_str().unwrap_or_default();
    if host.is_empty() {
        return Err("it names no host".to_owned());
    }
    // A bare word may be a host, and curl and others disagree about its port; a bare number is a port without a host.
    if whole.len() != text.len() && url.port().is_none() && !text.ends_with(":80") {
        return Err("it names a host or a port alone".to_owned());
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("it names a file; a proxy's configuration script is not read".to_owned());
    }
    Ok(url)
}

/// Whether `NO_PROXY` names the host of a URL: `*`, a domain with all below it (a leading dot or `*.` changes nothing),
/// an address, a network such as `10.0.0.0/8`, each of the first ones also with a port.
fn is_exception(url: &Url, exceptions: &str) -> bool {
    let items = exceptions.split([',', ' ', '\t']).map(str::trim).filter(|item| !item.is_empty());
    let port = url.port_or_known_default();
    items.into_iter().any(|item| {
        if item == "*" {
            return true;
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::from(address),
            Some(Host::Ipv6(address)) => IpAddr::from(address),
            Some(Host::Domain(name)) => return names_domain(item, name, port),
            None => return false,
        };
        names_address(item, address, port)
    })
}

fn names_domain(item: &str, host: &str, port: Option<u16>) -> bool {
    let (name, only_port) = split_port(item);
    let name = name.strip_prefix('*').unwrap_or(name).trim_start_matches('.').trim_end_matches('.').to_lowercase();
    let host = host.trim_end_matches('.').to_lowercase();
    let is_below = || host.strip_suffix(&name).is_some_and(|front| front.ends_with('.'));
    !name.is_empty() && (host == name || is_below()) && (only_port.is_none() || only_port == port)
}

fn names_address(item: &str, host: IpAddr, port: Option<u16>) -> bool {
    if let Some((network, bits)) = item.split_once('/') {
        let network = bare(network).parse::<IpAddr>();
        return matches!((network, bits.parse()), (Ok(network), Ok(bits)) if is_within(host, network, bits));
    }
    if bare(item).parse() == Ok(host) {
        return true;
    }
    let (address, only_port) = split_port(item);
    bare(address).parse() == Ok(host) && only_port.is_some() && only_port == port
}

/// An address without the brackets of its sixth version.
fn bare(address: &str) -> &str {
    address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address)
}

fn split_port(item: &str) -> (&str, Option<u16>) {
    match item.rsplit_once(':').map(|(name, port)| (name, port.parse())) {
        Some((name, Ok(port))) => (name, Some(port)),
        _ => (item, None),
    }
}

fn is_within(host: IpAddr, network: IpAddr, bits: u32) -> bool {
    // A shift by the whole width is none at all.
    let same = |host: u128, network: u128, width: u32| {
        bits <= width && (host ^ network).checked_shr(width - bits).unwrap_or(0) == 0
    };
    match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => same(u32::from(host).into(), u32::from(network).into(), 32),
        (IpAddr::V6(host), IpAddr::V6(network)) => same(host.into(), network.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask<const N: usize>(url: &str, variables: [(&str, &str); N]) -> Result<Option<Proxy>, Failure> {
        for_url(&url.parse().unwrap(), &Environment::with_variables(variables))
    }

    const SERVICE: &str = "https://spectrum.photon.codes";

    #[test]
    fn a_value_is_a_proxy_or_an_error_and_never_nothing() {
        for (value, read) in [
            ("http://proxy:3128", "http://proxy:3128/"),
            ("http://proxy:3128/", "http://proxy:3128/"),
            ("http://proxy:3128\r\n", "http://proxy:3128/"),
            ("HTTP://Proxy:3128", "http://proxy:3128/"),
            ("http://proxy", "http://proxy/"),
            ("https://proxy:8443", "https://proxy:8443/"),
            ("http://user:pa%40ss@proxy:3128", "http://user:pa%40ss@proxy:3128/"),
            ("http://10.0.0.1:3128", "http://10.0.0.1:3128/"),
            ("http://[::1]:3128", "http://[::1]:3128/"),
            ("proxy.example:3128", "http://proxy.example:3128/"),
            ("user:password@proxy.example:3128", "http://user:password@proxy.example:3128/"),
            ("proxy:80", "http://proxy/"),
            ("socks5://proxy:1080", "socks5://proxy:1080"),
            ("socks5h://user:password@proxy:1080", "socks5h://user:password@proxy:1080"),
        ] {
            let proxy = ask(SERVICE, [("HTTPS_PROXY", value)]).unwrap().unwrap();
            assert_eq!(proxy.url.as_str(), read, "{value}");
        }
        for (value, words) in [
            ("socks://proxy:1080", "socks5:// is"),
            ("socks4://proxy:1080", "socks5:// is"),
            ("htp://proxy:3128", "scheme"),
            ("ftp://proxy:3128", "scheme"),
            ("\"http://proxy:3128\"", "quotation mark"),
            ("'http://proxy:3128'", "quotation mark"),
            (" ", "blank"),
            ("\t", "blank"),
            ("\u{a0}", "blank"),
            (" http://proxy:3128", "blank"),
            ("http://proxy:3128 ", "blank"),
            ("\thttp://proxy:3128", "blank"),
            ("http://pro xy:3128", "blank"),
            ("http:// proxy:3128", "blank"),
            ("http://proxy:3128 http://other:3128", "blank"),
            ("3128", "alone"),
            (":3128", "not a URL"),
            ("proxy", "alone"),
            ("http://", "not a URL"),
            ("http:proxy", "not a URL"),
            ("//proxy:3128", "not a URL"),
            ("http://proxy:port", "not a URL"),
            ("http://proxy:99999", "not a URL"),
            ("http://wpad/wpad.dat", "script"),
            ("http://proxy:3128?x", "script"),
            ("DIRECT", "alone"),
            ("socks5://", "no host"),
        ] {
            for name in NAMES {
                let failure = ask(SERVICE, [(name, value)]).unwrap_err();
                assert_eq!(failure.code, Code::Config);
                assert!(failure.message.starts_with(name), "{}", failure.message);
                assert!(failure.message.contains(words), "{value}: {}", failure.message);
                assert!(failure.hint.unwrap().contains(&format!("{name}=http://host:port")));
            }
        }
    }

    #[test]
    fn the_first_variable_wins_and_plain_http_has_none() {
        let [a, b] = ["http://a:1", "http://b:2"];
        let host = |proxy: Result<Option<Proxy>, Failure>| {
            proxy.unwrap().map(|proxy| proxy.url.host_str().unwrap().to_owned())
        };
        for (first, second) in
            [("https_proxy", "HTTPS_PROXY"), ("HTTPS_PROXY", "all_proxy"), ("all_proxy", "ALL_PROXY")]
        {
            assert_eq!(host(ask(SERVICE, [(second, b), (first, a)])).as_deref(), Some("a"), "{first}");
        }
        assert_eq!(host(ask(SERVICE, [("https_proxy", ""), ("ALL_PROXY", b)])).as_deref(), Some("b"));
        assert_eq!(host(ask(SERVICE, [("HTTP_PROXY", a)])), None);
        assert_eq!(host(ask(SERVICE, [])), None);
        assert_eq!(host(ask("http://127.0.0.1:8787", [("HTTPS_PROXY", "nonsense"), ("ALL_PROXY", a)])), None);
    }

    #[test]
    fn no_proxy_is_read_in_every_form() {
        for (url, exceptions, is_direct) in [
            ("https://api.example.com", "*", true),
            ("https://10.1.2.3", "*", true),
            ("https://[fe80::1]", "other, *", true),
            ("https://api.example.com", "example.com", true),
            ("https://api.example.com", ".example.com", true),
            ("https://api.example.com", "*.example.com", true),
            ("https://example.com", ".example.com", true),
            ("https://example.com", "EXAMPLE.com.", true),
            ("https://api.example.com", "a,api.example.com", true),
            ("https://api.example.com", "a api.example.com", true),
            ("https://api.example.com", "ple.com", false),
            ("https://api.example.com", "pi.example.com", false),
            ("https://api.example.com", "www.api.example.com", false),
            ("https://api.example.com", "example.org", false),
            ("https://api.example.com", "", false),
            ("https://api.example.com", ",.,", false),
            ("https://api.example.com", "example.com:443", true),
            ("https://api.example.com:8443", "example.com:8443", true),
            ("https://api.example.com:8443", "example.com:443", false),
            ("https://localhost:1", "localhost", true),
            ("https://10.1.2.3", "10.1.2.3", true),
            ("https://10.1.2.3:8443", "10.1.2.3:8443", true),
            ("https://10.1.2.3:8443", "10.1.2.3:443", false),
            ("https://10.1.2.3", "10.0.0.0/8", true),
            ("https://11.1.2.3", "10.0.0.0/8", false),
            ("https://10.1.2.3", "0.0.0.0/0", true),
            ("https://10.1.2.3", "10.1.2.3/32", true),
            ("https://10.1.2.4", "10.1.2.3/32", false),
            ("https://10.1.2.3", "10.0.0.0/40", false),
            ("https://10.1.2.3", "2.3", false),
            ("https://[fe80::1]", "fe80::1", true),
            ("https://[fe80::1]", "[fe80::1]", true),
            ("https://[fe80::1]:8443", "[fe80::1]:8443", true),
            ("https://[fe80::1]", "fe80::/10", true),
            ("https://[2001::1]", "fe80::/10", false),
            ("https://[fe80::1]", "10.0.0.0/8", false),
        ] {
            for name in EXCEPTIONS {
                let proxy = ask(url, [("HTTPS_PROXY", "http://proxy:3128"), (name, exceptions)]).unwrap();
                assert_eq!(proxy.is_none(), is_direct, "{url} {name}={exceptions}");
            }
        }
        // Who asked for no proxy there gets none, whatever else is written.
        assert_eq!(ask("https://10.1.2.3", [("HTTPS_PROXY", "nonsense"), ("NO_PROXY", "*")]).unwrap(), None);
    }

    #[test]
    fn a_password_is_a_secret() {
        let environment =
            Environment::with_variables([("HTTPS_PROXY", "http://u:p%40ss@h:1"), ("ALL_PROXY", "u:w@rd@h:1")]);
        assert_eq!(passwords(&environment), ["p@ss", "p%40ss", "w@rd", "w@rd"]);
        let failure = ask(SERVICE, [("HTTPS_PROXY", "htp://user:s3cret@proxy")]).unwrap_err();
        assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
        let proxy = ask(SERVICE, [("HTTPS_PROXY", "http://user:s3cret@proxy:1")]).unwrap();
        assert!(!format!("{proxy:?}").contains("s3cret"), "{proxy:?}");
    }
}
