//! What was typed, exported and written down becomes what it means: flag > variable > profile > default,
//! each value with its origin. Credentials are chosen as a pair, from one source.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use url::{Host, Url};

use crate::cli::GlobalArgs;
use crate::credentials::Secret;
use crate::environment::Environment;
use crate::exit::{Code, Failure};
use crate::format::Format;
use crate::model::{ProjectId, duration};
use crate::profiles::{Profile, ProfileFile, SANDBOX};
use crate::secrets::SecretSource;

/// The public service.
pub const SERVICE: &str = "https://spectrum.photon.codes";

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

/// The two families of variables that hold a pair.
const FAMILIES: [Family; 2] = [
    Family {
        id: "SPECTRUM_PROJECT_ID",
        secret: "SPECTRUM_PROJECT_SECRET",
        secret_file: Some("SPECTRUM_PROJECT_SECRET_FILE"),
    },
    Family { id: "PHOTON_PROJECT_ID", secret: "PHOTON_PROJECT_SECRET", secret_file: None },
];

/// The names of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    id: &'static str,
    secret: &'static str,
    secret_file: Option<&'static str>,
}

/// Every variable that may hold a secret.
pub fn secret_variables() -> impl Iterator<Item = &'static str> {
    FAMILIES.into_iter().map(|family| family.secret)
}

/// Which source the pair comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The sandbox inside this binary, chosen by this.
    Sandbox(Origin),
    /// A profile of the file, chosen by this.
    Profile(String, Origin),
    /// A family of variables.
    Variables(Family),
}

/// Why no source applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSource {
    /// Nothing names any credentials.
    Nothing,
    /// One half of a pair is there: (found, missing).
    Half(&'static str, &'static str),
}

/// What the choice of a source looks at; values are not needed, only whether they are there.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// `--profile`.
    pub flag: Option<String>,
    /// For each family: whether the id, the secret, the secret's file is set.
    pub families: [(bool, bool, bool); 2],
    /// `SPECTRUM_PROFILE`.
    pub variable: Option<String>,
    /// The file's `default_profile`.
    pub default: Option<String>,
}

impl Candidates {
    /// Chooses the first source that applies, in the documented order. Half a pair is never completed from elsewhere.
    ///
    /// # Errors
    /// [`NoSource`] when none applies.
    pub fn choose(&self) -> Result<Source, NoSource> {
        let named = |name: &String, origin| {
            if name == SANDBOX { Source::Sandbox(origin) } else { Source::Profile(name.clone(), origin) }
        };
        if let Some(name) = &self.flag {
            return Ok(named(name, Origin::Flag("--profile")));
        }
        for (family, (id, secret, file)) in FAMILIES.into_iter().zip(self.families) {
            match (id, secret || file) {
                (true, true) => return Ok(Source::Variables(family)),
                (true, false) => return Err(NoSource::Half(family.id, family.secret)),
                (false, true) => {
                    let found = if secret { family.secret } else { family.secret_file.unwrap_or(family.secret) };
                    return Err(NoSource::Half(found, family.id));
                }
                (false, false) => {}
            }
        }
        if let Some(name) = &self.variable {
            return Ok(named(name, Origin::Variable("SPECTRUM_PROFILE")));
        }
        let default = self.default.as_ref().map(|name| named(name, Origin::Default));
        default.ok_or(NoSource::Nothing)
    }

    /// Whether the file has to be read to choose.
    fn needs_default(&self) -> bool {
        self.choose() == Err(NoSource::Nothing)
    }
}

/// Where requests go and who asks; the secret is not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The source that was chosen.
    pub source: Source,
    /// The project; none for the sandbox, which knows its own.
    pub project_id: Option<Setting<ProjectId>>,
    /// Where the secret lies; none for the sandbox.
    pub secret: Option<Setting<SecretSource>>,
    /// Where the service lives; none for the sandbox.
    pub base_url: Option<Setting<Url>>,
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
            Err((failure, is_without)) => (Err(failure), None, is_without),
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
                parse_timeout,
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
                parse_rate,
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

/// Reads `--timeout`: more than nothing, at most an hour.
///
/// # Errors
/// What to write instead.
pub fn parse_timeout(text: &str) -> Result<Duration, String> {
    let timeout = duration::parse_duration(text).map_err(|error| error.to_string())?;
    if timeout.is_zero() || timeout > Duration::from_secs(3600) {
        return Err("a time-out is more than 0 and at most 60m, such as 30s".to_owned());
    }
    Ok(timeout)
}

/// Reads `--rate-limit`: requests per second, 0 for no pacing.
///
/// # Errors
/// What to write instead.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 =
        text.parse().map_err(|_| "a rate is a number of requests per second, such as 5; 0 is no pacing".to_owned())?;
    if rate == 0.0 || (0.01..=100_000.0).contains(&rate) {
        return Ok(rate);
    }
    Err("a rate is 0 (no pacing) or between 0.01 and 100000 requests per second".to_owned())
}

/// Reads a base URL: https, or http to a loopback host only, so credentials never travel in clear text.
///
/// # Errors
/// What is wrong with it.
pub fn parse_base_url(text: &str) -> Result<Url, String> {
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

/// Finds the source, and what belongs to it.
struct Resolver<'a> {
    args: &'a GlobalArgs,
    environment: &'a Environment,
    path: Option<&'a Path>,
    shown: &'a str,
}

type Found = (Target, Option<(String, Profile)>);

impl Resolver<'_> {
    fn file(&self) -> Result<ProfileFile, Failure> {
        let Some(path) = self.path else { return Ok(ProfileFile::default()) };
        // A file that somebody named has to be there; the usual place may be empty.
        let is_named = self.args.config.is_some() || self.environment.var("SPECTRUM_CONFIG").is_some();
        if is_named && !path.exists() {
            return Err(Failure::new(Code::Config, format!("no file {}", self.shown))
                .hint("name another with `--config FILE`, or write it with `spectrum profiles add`"));
        }
        ProfileFile::read(path, self.shown)
    }

    fn candidates(&self) -> Candidates {
        let is_set = |name: &str| self.environment.var(name).is_some();
        let family =
            |family: Family| (is_set(family.id), is_set(family.secret), family.secret_file.is_some_and(is_set));
        Candidates {
            flag: self.args.profile.clone(),
            families: FAMILIES.map(family),
            variable: self.environment.var("SPECTRUM_PROFILE"),
            default: None,
        }
    }

    fn target(&self) -> Result<Found, (Failure, bool)> {
        let with_credentials = |failure| (failure, false);
        let mut candidates = self.candidates();
        if candidates.needs_default() {
            candidates.default = self.file().map_err(with_credentials)?.default_profile;
        }
        match candidates.choose() {
            Ok(Source::Sandbox(origin)) => self.sandbox(origin).map_err(with_credentials),
            Ok(Source::Profile(name, origin)) => self.profile(name, origin).map_err(with_credentials),
            Ok(Source::Variables(family)) => Ok((self.variables(family).map_err(with_credentials)?, None)),
            Err(NoSource::Nothing) => Err((self.nothing(), true)),
            Err(NoSource::Half(found, missing)) => Err((self.half(found, missing), true)),
        }
    }

    fn sandbox(&self, origin: Origin) -> Result<Found, Failure> {
        if self.args.base_url.is_some() {
            return Err(Failure::new(Code::Usage, "--base-url and the sandbox profile exclude each other")
                .hint("the sandbox runs inside this command; leave --base-url out"));
        }
        Ok((Target { source: Source::Sandbox(origin), project_id: None, secret: None, base_url: None }, None))
    }

    fn profile(&self, name: String, origin: Origin) -> Result<Found, Failure> {
        let file = self.file()?;
        let profile = file.get(&name, self.shown)?.clone();
        let wrong = |what: &str| Failure::new(Code::Config, format!("profile {name} in {}: {what}", self.shown));
        let setting_origin = Origin::Profile(name.clone());
        let secret = profile.secret_source().map_err(wrong)?;
        let (id, secret) = match (profile.project_id.as_deref().map(str::trim), secret) {
            (Some(id), Some(secret)) => (id, secret),
            (None, Some(_)) => return Err(wrong("it has a secret but no project_id").hint("add project_id to it")),
            (Some(_), None) => {
                return Err(wrong("it has a project_id but no secret")
                    .hint("add one of project_secret, secret_command or secret_file to it"));
            }
            (None, None) => {
                return Err(wrong("it has neither a project_id nor a secret")
                    .hint(format!("run `spectrum profiles add {name}`")));
            }
        };
        let project_id = id.parse::<ProjectId>().map_err(|error| wrong(&format!("project_id is {error}")))?;
        let base_url = self.base_url(profile.base_url.clone().map(|url| (url, setting_origin.clone())))?;
        let setting = |value| Setting { value, origin: setting_origin.clone() };
        let target = Target {
            project_id: Some(setting(project_id)),
            secret: Some(Setting { value: secret, origin: setting_origin.clone() }),
            base_url: Some(base_url),
            source: Source::Profile(name.clone(), origin),
        };
        Ok((target, Some((name, profile))))
    }

    fn variables(&self, family: Family) -> Result<Target, Failure> {
        let var = |name: &str| self.environment.var(name);
        // The value stays out of the text: the two halves may have been swapped.
        let project_id = var(family.id)
            .unwrap_or_default()
            .parse()
            .map_err(|error| Failure::new(Code::Config, format!("{} is {error}", family.id)))?;
        let literal = var(family.secret)
            .as_deref()
            .and_then(Secret::new)
            .map(|secret| Setting { value: SecretSource::Literal(secret), origin: Origin::Variable(family.secret) });
        let file = family.secret_file.and_then(|name| {
            Some(Setting { value: SecretSource::File(var(name)?.into()), origin: Origin::Variable(name) })
        });
        let exported = var("SPECTRUM_CLOUD_URL").map(|url| (url, Origin::Variable("SPECTRUM_CLOUD_URL")));
        Ok(Target {
            source: Source::Variables(family),
            project_id: Some(Setting { value: project_id, origin: Origin::Variable(family.id) }),
            secret: literal.or(file),
            base_url: Some(self.base_url(exported)?),
        })
    }

    /// The base URL belongs to the credentials: only their own source, or a flag, may name it.
    fn base_url(&self, own: Option<(String, Origin)>) -> Result<Setting<Url>, Failure> {
        let flag = self.args.base_url.clone().map(|url| (url, Origin::Flag("--base-url")));
        let (text, origin) = flag.or(own).unwrap_or_else(|| (SERVICE.to_owned(), Origin::Default));
        match parse_base_url(&text) {
            Ok(value) => Ok(Setting { value, origin }),
            Err(reason) => {
                let code = if matches!(origin, Origin::Flag(_)) { Code::Usage } else { Code::Config };
                Err(Failure::new(code, format!("the base URL from {origin}: {reason}")))
            }
        }
    }

    fn nothing(&self) -> Failure {
        Failure::new(Code::Config, "no credentials: neither a profile nor variables name a project and its secret")
            .context(format!("looked for SPECTRUM_PROJECT_ID and SPECTRUM_PROJECT_SECRET, then PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET, then a default_profile in {}", self.shown))
            .hint("set SPECTRUM_PROJECT_ID and SPECTRUM_PROJECT_SECRET, or run `spectrum profiles add`, or try `-P sandbox`, which needs no account")
    }

    fn half(&self, found: &str, missing: &str) -> Failure {
        Failure::new(Code::Config, format!("half a pair of credentials: {found} is set, {missing} is not"))
            .context(format!("{found}: set in the environment"))
            .context(format!("{missing}: looked for in the environment only, since both halves come from one source"))
            .hint(format!("set {missing} too, or choose a profile with `-P NAME`"))
    }

    fn permission_warning(&self, target: &Result<Target, Failure>) -> Option<String> {
        let Ok(Target {
            secret: Some(Setting { value: SecretSource::Literal(_), origin: Origin::Profile(_) }), ..
        }) = target
        else {
            return None;
        };
        crate::profiles::loose_permissions(self.path?, self.shown)
    }
}

#[cfg(test)]
mod tests;
