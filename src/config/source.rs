//! Where the credentials come from: the first source that names any, and both halves from that one alone.
//! The base URL belongs to them, so it comes from the same source or from a flag.

use std::path::Path;

use url::Url;

use super::flags::GlobalArgs;
use super::settings::{Origin, SERVICE, Setting};
use super::values::parse_base_url;
use crate::config::environment::Environment;
use crate::config::profiles_file::{Profile, ProfileFile, SANDBOX};
use crate::failure::{Code, Failure};
use crate::model::ProjectId;
use crate::secrets::credentials::Secret;
use crate::secrets::source::SecretSource;

/// The two families of variables that hold a pair.
pub(super) const FAMILIES: [Family; 2] = [
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

/// Why there is no target.
pub(super) struct Unresolved {
    pub failure: Failure,
    /// Whether nothing but credentials is missing: `--dry-run` does without them.
    pub is_without_credentials: bool,
}

impl From<Failure> for Unresolved {
    fn from(failure: Failure) -> Self {
        Self { failure, is_without_credentials: false }
    }
}

/// Finds the source, and what belongs to it.
pub(super) struct Resolver<'a> {
    pub args: &'a GlobalArgs,
    pub environment: &'a Environment,
    /// The configuration file.
    pub path: Option<&'a Path>,
    /// Its path as people read it.
    pub shown: &'a str,
}

/// The source with what belongs to it, and the profile when it is one.
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

    pub fn target(&self) -> Result<Found, Unresolved> {
        let mut candidates = self.candidates();
        if candidates.needs_default() {
            candidates.default = self.file()?.default_profile;
        }
        let without = |failure| Unresolved { failure, is_without_credentials: true };
        match candidates.choose() {
            Ok(Source::Sandbox(origin)) => Ok(self.sandbox(origin)?),
            Ok(Source::Profile(name, origin)) => Ok(self.profile(name, origin)?),
            Ok(Source::Variables(family)) => Ok((self.variables(family)?, None)),
            Err(NoSource::Nothing) => Err(without(self.nothing())),
            Err(NoSource::Half(found, missing)) => Err(without(self.half(found, missing))),
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
        let mut profile = file.get(&name, self.shown)?.clone();
        for path in [&mut profile.secret_file, &mut profile.ca_cert] {
            *path = path.take().map(|path| self.environment.expand_path(path));
        }
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

    /// The warning about a file that holds the secret itself and that others can read.
    pub fn permission_warning(&self, target: &Result<Target, Failure>) -> Option<String> {
        let Ok(Target {
            secret: Some(Setting { value: SecretSource::Literal(_), origin: Origin::Profile(_) }), ..
        }) = target
        else {
            return None;
        };
        crate::config::profiles_file::loose_permissions(self.path?, self.shown)
    }
}
