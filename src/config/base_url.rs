//! Where requests go: the one answer for every command. The URL belongs to the credentials, so that a secret is never
//! sent to whatever a shell happens to export.

use url::{Host, Url};

use super::environment::Environment;
use super::setting::{Origin, Setting};
use crate::failure::{Code, Failure};

/// The public service.
pub const SERVICE: &str = "https://spectrum.photon.codes";
/// What stands for the sandbox inside a command, whose port is chosen when it starts.
const SANDBOX: &str = "http://sandbox.localhost";
/// The variable that goes with the pairs of variables.
const VARIABLE: &str = "SPECTRUM_CLOUD_URL";

/// Whose credentials go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner<'a> {
    /// The sandbox inside this command.
    Sandbox,
    /// A profile, and the URL that it names.
    Profile(&'a str, Option<&'a str>),
    /// A pair of variables, or half a pair.
    Variables,
    /// Nobody yet (`--dry-run`).
    Nobody,
}

/// The URL for the owner of the credentials: a flag's, else the owner's own, else the service's.
///
/// # Errors
/// Usage or config, when what is named is no base URL, or is named beside the sandbox.
pub(super) fn resolve(
    flag: Option<&str>,
    owner: Owner<'_>,
    environment: &Environment,
) -> Result<Setting<Url>, Failure> {
    let own = match owner {
        Owner::Sandbox if flag.is_some() => {
            return Err(Failure::new(Code::Usage, "--base-url and the sandbox profile exclude each other")
                .hint("the sandbox runs inside this command; leave `--base-url` out"));
        }
        // It is sent nowhere: no name of a host but `localhost` is taken for this machine.
        Owner::Sandbox => {
            let value = SANDBOX.parse().map_err(|error| Failure::internal("the sandbox's URL is none", error))?;
            return Ok(Setting { value, origin: Origin::Sandbox });
        }
        Owner::Profile(name, url) => url.map(|url| (url.trim().to_owned(), Origin::Profile(name.to_owned()))),
        Owner::Variables => environment.var(VARIABLE).map(|url| (url, Origin::Variable(VARIABLE))),
        Owner::Nobody => None,
    };
    let flag = flag.map(|url| (url.trim().to_owned(), Origin::Flag("--base-url")));
    let (text, origin) = flag.or(own).unwrap_or_else(|| (SERVICE.to_owned(), Origin::Default));
    match parse(&text) {
        Ok(value) => Ok(Setting { value, origin }),
        Err(reason) => {
            let code = if matches!(origin, Origin::Flag(_)) { Code::Usage } else { Code::Config };
            Err(Failure::new(code, format!("the base URL from {origin}: {reason}")))
        }
    }
}

/// Reads a base URL: https, or http to a loopback host only, so credentials never travel in clear text.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL ({error}); write it like {SERVICE}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a base URL holds no credentials; they come from a profile or from variables".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a base URL has no query and no fragment".to_owned());
    }
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_loopback => Ok(url),
        "http" => {
            Err("http would send the credentials in clear text; use https, or http to a loopback host".to_owned())
        }
        _ => Err(format!("not an https URL; write it like {SERVICE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_travel_in_clear_text() {
        for good in [SERVICE, "http://127.0.0.1:8787", "http://localhost:1", "http://[::1]:80", "https://h/base/"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://spectrum.photon.codes",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://evil.localhost",
            "https://user:pw@h",
            "ftp://127.0.0.1",
            "https://h?x=1",
            "spectrum.photon.codes",
            "http://0.0.0.0:1",
            "",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_owner_or_a_flag_names_it() {
        let environment = Environment::with_variables([(VARIABLE, "https://exported.example")]);
        let [exported, own, flag] = ["https://exported.example/", "https://own.example/", "https://flag.example/"];
        let service = format!("{SERVICE}/");
        for (owner, expected, origin) in [
            (Owner::Sandbox, "http://sandbox.localhost/", Origin::Sandbox),
            (Owner::Profile("p", Some(own)), own, Origin::Profile("p".to_owned())),
            (Owner::Profile("p", None), &service, Origin::Default),
            (Owner::Variables, exported, Origin::Variable(VARIABLE)),
            (Owner::Nobody, &service, Origin::Default),
        ] {
            let found = resolve(None, owner, &environment).unwrap();
            assert_eq!((found.value.as_str(), found.origin), (expected, origin), "{owner:?}");
            let flagged = resolve(Some(flag), owner, &environment);
            match owner {
                Owner::Sandbox => assert_eq!(flagged.unwrap_err().code, Code::Usage),
                _ => assert_eq!(flagged.unwrap().value.as_str(), flag),
            }
        }
        assert_eq!(resolve(Some("nonsense"), Owner::Nobody, &environment).unwrap_err().code, Code::Usage);
        assert_eq!(resolve(None, Owner::Profile("p", Some("x")), &environment).unwrap_err().code, Code::Config);
    }
}
