//! What was typed, exported and written down becomes what it means: flag > variable > profile > default,
//! each value with its origin. Credentials are chosen as a pair, from one source (`sources`).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

pub use super::flags::{Colour, GlobalArgs, profile_names};
pub use super::source::{Candidates, Family, NoSource, Source, Target, secret_variables};
use super::source::{Resolver, Unresolved};
use super::values;
pub use super::values::parse_base_url;
use crate::config::environment::Environment;
use crate::config::profiles_file::Profile;
use crate::failure::{Code, Failure};
use crate::output::format::Format;
use crate::secrets::credentials::Secret;
use crate::secrets::source::SecretSource;

/// The public service.
pub const SERVICE: &str = "https://spectrum.photon.codes";

/// The public service's base URL.
///
/// # Errors
/// Never: it is one.
pub fn service() -> Result<Url, Failure> {
    SERVICE.parse().map_err(|error| Failure::internal("the service's URL is none", error))
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this command line.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// The profile of this name.
    Profile(String),
    /// Built in.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

/// Everything a command may ask of its configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file, as it is opened.
    pub config_path: Option<PathBuf>,
    /// The file, as people read it.
    pub config_shown: String,
    /// The source and what belongs to it, or why there is none.
    pub target: Result<Target, Failure>,
    /// Whether the reason is only that nothing, or half a pair, is there: `--dry-run` does without.
    pub is_without_credentials: bool,
    /// The output format.
    pub format: Setting<Format>,
    /// One request's time-out.
    pub timeout: Setting<Duration>,
    /// Repeats of a failed request.
    pub retries: Setting<u32>,
    /// Requests per second; 0 does not pace.
    pub rate_limit: Setting<f64>,
    /// One more trusted CA.
    pub ca_cert: Option<Setting<PathBuf>>,
    /// A warning to give once: others can read a secret.
    pub warning: Option<String>,
}

impl Settings {
    /// Resolves everything. Only what would keep *every* command from running is an error here;
    /// missing credentials are kept for the command that needs them.
    ///
    /// # Errors
    /// Config or usage, when a value is not what it should be.
    pub fn resolve(args: &GlobalArgs, environment: &Environment) -> Result<Self, Failure> {
        let config_path = args
            .config
            .clone()
            .or_else(|| environment.var("SPECTRUM_CONFIG").map(PathBuf::from))
            .or_else(|| environment.config_file());
        let config_shown =
            config_path.as_deref().map_or_else(|| "config.toml".to_owned(), |path| environment.display_path(path));
        let resolver = Resolver { args, environment, path: config_path.as_deref(), shown: &config_shown };
        let (target, profile, is_without_credentials) = match resolver.target() {
            Ok((target, profile)) => (Ok(target), profile, false),
            Err(Unresolved { failure, is_without_credentials }) => (Err(failure), None, is_without_credentials),
        };
        let in_sandbox = matches!(&target, Ok(Target { source: Source::Sandbox(_), .. }));
        let warning = resolver.permission_warning(&target);
        let pick = Pick { environment, profile };
        Ok(Self {
            format: pick.value(
                args.format().map(|format| (format, "--output")),
                "SPECTRUM_OUTPUT",
                |p| p.output.clone(),
                Format::default(),
            )?,
            timeout: pick.parsed(
                args.timeout.map(|timeout| (timeout, "--timeout")),
                "SPECTRUM_TIMEOUT",
                |p| p.timeout.clone(),
                values::parse_timeout,
                Duration::from_secs(30),
            )?,
            retries: pick.value(
                args.retries.map(|n| (n, "--retries")),
                "SPECTRUM_RETRIES",
                |p| p.retries.map(|n| n.to_string()),
                4,
            )?,
            rate_limit: pick.parsed(
                args.rate_limit.map(|rate| (rate, "--rate-limit")),
                "SPECTRUM_RATE_LIMIT",
                |p| p.rate_limit.map(|rate| rate.to_string()),
                values::parse_rate,
                // The sandbox of this process sets no limit, so there is nothing to keep to.
                if in_sandbox { 0.0 } else { 5.0 },
            )?,
            ca_cert: pick.ca_cert(args),
            config_path,
            config_shown,
            target,
            is_without_credentials,
            warning,
        })
    }
}

impl Settings {
    /// The secret that stands in the file or a variable itself, so it can be hidden before anything is printed.
    pub fn written_secret(&self) -> Option<&Secret> {
        match &self.target.as_ref().ok()?.secret.as_ref()?.value {
            SecretSource::Literal(secret) => Some(secret),
            SecretSource::File(_) | SecretSource::Command(_) => None,
        }
    }
}

/// Picks single values by precedence.
struct Pick<'a> {
    environment: &'a Environment,
    profile: Option<(String, Profile)>,
}

impl Pick<'_> {
    fn value<T: FromStr<Err: fmt::Display>>(
        &self,
        flag: Option<(T, &'static str)>,
        variable: &'static str,
        key: impl Fn(&Profile) -> Option<String>,
        default: T,
    ) -> Result<Setting<T>, Failure> {
        self.parsed(flag, variable, key, |text| text.parse().map_err(|error: T::Err| error.to_string()), default)
    }

    fn parsed<T>(
        &self,
        flag: Option<(T, &'static str)>,
        variable: &'static str,
        key: impl Fn(&Profile) -> Option<String>,
        parse: impl Fn(&str) -> Result<T, String>,
        default: T,
    ) -> Result<Setting<T>, Failure> {
        if let Some((value, flag)) = flag {
            return Ok(Setting { value, origin: Origin::Flag(flag) });
        }
        let from_profile = || {
            let (name, profile) = self.profile.as_ref()?;
            Some((key(profile)?, Origin::Profile(name.clone())))
        };
        let written =
            self.environment.var(variable).map(|text| (text, Origin::Variable(variable))).or_else(from_profile);
        let Some((text, origin)) = written else { return Ok(Setting { value: default, origin: Origin::Default }) };
        match parse(&text) {
            Ok(value) => Ok(Setting { value, origin }),
            Err(reason) => Err(Failure::new(Code::Config, format!("{origin}: {text:?}: {reason}"))),
        }
    }

    fn ca_cert(&self, args: &GlobalArgs) -> Option<Setting<PathBuf>> {
        let setting = |value: PathBuf, origin| Setting { value, origin };
        let from_profile = || {
            let (name, profile) = self.profile.as_ref()?;
            Some(setting(profile.ca_cert.clone()?, Origin::Profile(name.clone())))
        };
        let from_variable =
            || Some(setting(self.environment.var("SSL_CERT_FILE")?.into(), Origin::Variable("SSL_CERT_FILE")));
        args.ca_cert
            .clone()
            .map(|path| setting(path, Origin::Flag("--ca-cert")))
            .or_else(from_variable)
            .or_else(from_profile)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
