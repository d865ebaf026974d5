//! What was typed, exported and written down becomes what it means: flag > variable > profile > default,
//! each value with its origin. Credentials are chosen as a pair, from one source (`sources`).

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

pub use super::flags::{Colour, GlobalArgs};
pub use super::setting::{Origin, Setting};
use super::source::{FoundSource, Resolver};
pub use super::source::{ProjectTarget, Source, parse_project_id};
use super::values;
use crate::config::environment::Environment;
use crate::config::profiles_file::{Profile, ProfileFile};
use crate::failure::{Code, Failure};
use crate::model::{Region, RegionError};
use crate::output::format::OutputFormat;
use crate::secrets::credentials::Secret;
use crate::secrets::source::SecretSource;

/// Everything a command may ask of its configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file, as it is opened.
    pub config_path: Option<PathBuf>,
    /// The file, as people read it.
    pub config_shown: String,
    /// What was read of it on the way: it may be a pipe, which gives it once.
    file: Option<ProfileFile>,
    /// Who asks, or why nobody does.
    pub target: Result<ProjectTarget, Failure>,
    /// Where requests go; known without credentials, too (`--dry-run`).
    pub base_url: Result<Setting<Url>, Failure>,
    /// The fields to show.
    pub fields: Option<Vec<String>>,
    /// How much to tell of each request: nothing, a line, everything.
    pub verbosity: u8,
    /// The output format.
    pub format: Setting<OutputFormat>,
    /// One request's time-out.
    pub timeout: Setting<Duration>,
    /// Repeats of a failed request.
    pub retries: Setting<u32>,
    /// Requests per second; 0 does not pace.
    pub rate_limit: Setting<f64>,
    /// Where a number without a plus is dialled; never guessed.
    pub region: Option<Region>,
    /// The profile's own names for a roster's columns, as they are written there: a column for each field.
    pub columns: Option<Setting<BTreeMap<String, String>>>,
    /// One more trusted CA, added to the roots.
    pub ca_cert: Option<Setting<PathBuf>>,
    /// The trusted CAs in place of the system's.
    pub roots: Option<Setting<PathBuf>>,
    /// A warning to give once: others can change the file, or read a secret in it.
    pub warning: Option<String>,
    /// The flags that choose whom to ask and where, as they were given.
    given: String,
}

impl Settings {
    /// Resolves everything. Only what would keep *every* command from running is an error here;
    /// missing credentials are kept for the command that needs them. For a command that adds a profile
    /// that profile's own settings count.
    ///
    /// # Errors
    /// Config or usage, when a value is not what it should be.
    pub fn resolve(args: &GlobalArgs, environment: &Environment, new_profile: Option<&str>) -> Result<Self, Failure> {
        let config_path = args
            .config
            .clone()
            .or_else(|| environment.var("SPECTRUM_CONFIG").map(PathBuf::from))
            .or_else(|| environment.config_file());
        let config_shown =
            config_path.as_deref().map_or_else(|| "config.toml".to_owned(), |path| environment.display_path(path));
        let file = OnceCell::new();
        let resolver = Resolver { args, environment, path: config_path.as_deref(), shown: &config_shown, file };
        let found = new_profile.map_or_else(|| resolver.find(), |name| resolver.find_new(name));
        let FoundSource { target, base_url, profile } = found;
        let in_sandbox = matches!(&target, Ok(ProjectTarget { source: Source::Sandbox(_), .. }));
        let warning = resolver.permission_warning(&target);
        let file = resolver.file.into_inner().and_then(Result::ok);
        let pick = Pick { environment, profile };
        Ok(Self {
            format: pick.value(
                args.format().map(|format| (format, "--output")),
                "SPECTRUM_OUTPUT",
                |p| p.output.clone(),
                OutputFormat::default(),
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
            region: pick
                .parsed(
                    args.region.map(|region| (Some(region), "--region")),
                    "SPECTRUM_REGION",
                    |p| p.region.clone(),
                    |text| text.parse().map(Some).map_err(|error: RegionError| error.to_string()),
                    None,
                )?
                .value,
            columns: pick.of_profile(|p| p.map.clone()),
            ca_cert: pick.ca_cert(args),
            roots: environment
                .exact("SSL_CERT_FILE")
                .map(|path| Setting { value: path.into(), origin: Origin::Variable("SSL_CERT_FILE") }),
            fields: args.fields.clone(),
            verbosity: args.verbose,
            given: given(args),
            config_path,
            config_shown,
            file,
            target,
            base_url,
            warning,
        })
    }
}

/// The flags that choose whom to ask and where, in a form that can be typed again.
fn given(args: &GlobalArgs) -> String {
    let config = args.config.as_ref().map(|path| path.display().to_string());
    // What is no base URL may be anything, a secret in a wrong place among it.
    let base_url = args.base_url.clone().filter(|url| super::base_url::parse(url).is_ok());
    [("-P", args.profile.clone()), ("--config", config), ("--base-url", base_url)]
        .into_iter()
        .filter_map(|(flag, value)| Some(format!(" {flag} {}", quote(&value?))))
        .collect()
}

/// A word as a shell takes it for one.
pub fn quote(word: &str) -> String {
    let is_plain =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '%' | '+' | '=' | ',');
    match word {
        _ if !word.is_empty() && word.chars().all(|c| is_plain(c) || (cfg!(windows) && c == '\\')) => word.to_owned(),
        _ if cfg!(windows) => format!("\"{word}\""),
        _ => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

impl Settings {
    /// What stands in the file; a missing one is empty.
    ///
    /// # Errors
    /// Config, when it cannot be read, or there is no place for it.
    pub fn file(&self) -> Result<ProfileFile, Failure> {
        match (&self.file, &self.config_path) {
            (Some(file), _) => Ok(file.clone()),
            (None, Some(path)) => ProfileFile::read(path, &self.config_shown),
            (None, None) => Ok(ProfileFile::default()),
        }
    }

    /// The `-P`, `--config` and `--base-url` that the command was given, for the command that a hint shows: each with a
    /// blank before it, and nothing when none was given.
    pub fn given(&self) -> &str {
        &self.given
    }

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

    /// What only a profile can say.
    fn of_profile<T>(&self, key: impl Fn(&Profile) -> Option<T>) -> Option<Setting<T>> {
        let (name, profile) = self.profile.as_ref()?;
        Some(Setting { value: key(profile)?, origin: Origin::Profile(name.clone()) })
    }

    fn ca_cert(&self, args: &GlobalArgs) -> Option<Setting<PathBuf>> {
        let flag = args.ca_cert.clone().map(|value| Setting { value, origin: Origin::Flag("--ca-cert") });
        flag.or_else(|| self.of_profile(|p| p.ca_cert.clone()))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
