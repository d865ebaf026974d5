//! Where the credentials come from: the first source that names any, and both halves from that one alone.
//! The base URL belongs to them, so it is found beside them.

use std::cell::OnceCell;
use std::path::Path;

use url::Url;

use super::base_url::{self, Owner};
use super::flags::GlobalArgs;
use super::permissions;
use super::setting::{Origin, Setting};
use crate::config::environment::Environment;
use crate::config::profiles_file::{Profile, ProfileFile, SANDBOX};
use crate::failure::{Code, Failure};
use crate::model::ProjectId;
use crate::secrets::source::{self, SecretSource};

/// The two families of variables that hold a pair.
pub(super) const FAMILIES: [Family; 2] = [
    Family {
        id: "SPECTRUM_PROJECT_ID",
        secret: source::VARIABLES[0],
        secret_file: Some("SPECTRUM_PROJECT_SECRET_FILE"),
    },
    Family { id: "PHOTON_PROJECT_ID", secret: source::VARIABLES[1], secret_file: None },
];

/// The names of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    id: &'static str,
    secret: &'static str,
    secret_file: Option<&'static str>,
}

/// Every variable that names credentials.
pub fn credential_variables() -> impl Iterator<Item = &'static str> {
    FAMILIES.into_iter().flat_map(|family| [family.id, family.secret].into_iter().chain(family.secret_file))
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

/// Who asks; the secret is not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectTarget {
    /// The source that was chosen.
    pub source: Source,
    /// The project; none for the sandbox, which knows its own.
    pub project_id: Option<Setting<ProjectId>>,
    /// Where the secret lies; none for the sandbox.
    pub secret: Option<Setting<SecretSource>>,
}

/// The source, and what belongs to it.
pub(super) struct FoundSource {
    /// The source, or why there is none.
    pub target: Result<ProjectTarget, Failure>,
    /// Where requests go: also where nothing but credentials is missing, since `--dry-run` does without.
    pub base_url: Result<Setting<Url>, Failure>,
    /// The profile whose settings count.
    pub profile: Option<(String, Profile)>,
}

impl From<Failure> for FoundSource {
    fn from(failure: Failure) -> Self {
        Self { target: Err(failure.clone()), base_url: Err(failure), profile: None }
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
    /// Its content: read once, since it may be a pipe.
    pub file: OnceCell<Result<ProfileFile, Failure>>,
}

impl Resolver<'_> {
    fn file(&self) -> Result<&ProfileFile, Failure> {
        let read = || {
            let Some(path) = self.path else { return Ok(ProfileFile::default()) };
            // A file that somebody named has to be there; the usual place may be empty.
            let is_named = self.args.config.is_some() || self.environment.var("SPECTRUM_CONFIG").is_some();
            if is_named && path.symlink_metadata().is_err() {
                return Err(Failure::new(Code::Config, format!("no file {}", self.shown))
                    .hint("name another with `--config FILE`, or write it with `spectrum profiles add`"));
            }
            ProfileFile::read(path, self.shown)
        };
        self.file.get_or_init(read).as_ref().map_err(Clone::clone)
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

    /// What the command line, the variables and the file say.
    pub fn find(&self) -> FoundSource {
        self.choose().unwrap_or_else(FoundSource::from)
    }

    fn choose(&self) -> Result<FoundSource, Failure> {
        let mut candidates = self.candidates();
        if candidates.needs_default() {
            candidates.default = self.file()?.default_profile.clone();
        }
        let without =
            |failure, owner| FoundSource { target: Err(failure), base_url: self.base_url(owner), profile: None };
        match candidates.choose() {
            Ok(source @ Source::Sandbox(_)) => Ok(FoundSource {
                base_url: Ok(self.base_url(Owner::Sandbox)?),
                target: Ok(ProjectTarget { source, project_id: None, secret: None }),
                profile: None,
            }),
            Ok(Source::Profile(name, origin)) => self.profile(name, origin),
            Ok(Source::Variables(family)) => Ok(FoundSource {
                base_url: Ok(self.base_url(Owner::Variables)?),
                target: Ok(self.variables(family)?),
                profile: None,
            }),
            Err(NoSource::Nothing) => Ok(without(self.nothing(), Owner::Nobody)),
            Err(NoSource::Half(found, missing)) => Ok(without(self.half(found, missing), Owner::Variables)),
        }
    }

    /// What counts for a profile that is only being added: its own settings where it is there already.
    pub fn find_new(&self, name: &str) -> FoundSource {
        let read = || self.path.map_or_else(|| Ok(ProfileFile::default()), |path| ProfileFile::read(path, self.shown));
        let mut profile = match read() {
            Ok(file) => file.profiles.get(name).cloned().unwrap_or_default(),
            Err(failure) => return failure.into(),
        };
        self.expand_paths(&mut profile);
        FoundSource {
            target: Err(Failure::new(Code::Config, format!("the profile {name} is only being added"))),
            base_url: self.base_url(Owner::Profile(name, profile.base_url.as_deref())),
            profile: Some((name.to_owned(), profile)),
        }
    }

    fn base_url(&self, owner: Owner<'_>) -> Result<Setting<Url>, Failure> {
        base_url::resolve(self.args.base_url.as_deref(), owner, self.environment)
    }

    fn expand_paths(&self, profile: &mut Profile) {
        for path in [&mut profile.secret_file, &mut profile.ca_cert] {
            *path = path.take().map(|path| self.environment.expand_path(path));
        }
        if let Some(program) = profile.secret_command.as_mut().and_then(|argv| argv.first_mut()) {
            *program = self.environment.program(&*program).display().to_string();
        }
    }

    fn profile(&self, name: String, origin: Origin) -> Result<FoundSource, Failure> {
        let mut profile = self.file()?.get(&name, self.shown)?.clone();
        self.expand_paths(&mut profile);
        let wrong = |what: &str| Failure::new(Code::Config, format!("profile {name} in {}: {what}", self.shown));
        let setting_origin = Origin::Profile(name.clone());
        let secret = profile.secret_source().map_err(|what| wrong(&what))?;
        let (id, secret) = match (profile.project_id.as_deref(), secret) {
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
        let project_id = parse_project_id(id).map_err(|reason| wrong(&format!("project_id is {reason}")))?;
        let base_url = self.base_url(Owner::Profile(&name, profile.base_url.as_deref()))?;
        let target = ProjectTarget {
            project_id: Some(Setting { value: project_id, origin: setting_origin.clone() }),
            secret: Some(Setting { value: secret, origin: setting_origin }),
            source: Source::Profile(name.clone(), origin),
        };
        Ok(FoundSource { target: Ok(target), base_url: Ok(base_url), profile: Some((name, profile)) })
    }

    fn variables(&self, family: Family) -> Result<ProjectTarget, Failure> {
        let var = |name: &str| self.environment.var(name);
        // The value stays out of the text: the two halves may have been swapped.
        let project_id = parse_project_id(&var(family.id).unwrap_or_default())
            .map_err(|reason| Failure::new(Code::Config, format!("{} is {reason}", family.id)))?;
        let literal = self.environment.exact(family.secret).map(|value| {
            let secret = source::understand(value.as_encoded_bytes())
                .map_err(|reason| Failure::new(Code::Config, format!("the secret in {} {reason}", family.secret)))?;
            Ok::<_, Failure>(Setting { value: SecretSource::Literal(secret), origin: Origin::Variable(family.secret) })
        });
        let file = family.secret_file.and_then(|name| {
            Some(Setting {
                value: SecretSource::File(self.environment.exact(name)?.into()),
                origin: Origin::Variable(name),
            })
        });
        Ok(ProjectTarget {
            source: Source::Variables(family),
            project_id: Some(Setting { value: project_id, origin: Origin::Variable(family.id) }),
            secret: literal.transpose()?.or(file),
        })
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

    /// The warning about a file that others can change, or that holds the secret itself and that others can read.
    pub fn permission_warning(&self, target: &Result<ProjectTarget, Failure>) -> Option<String> {
        let Ok(ProjectTarget { source: Source::Profile(..), secret: Some(secret), .. }) = target else { return None };
        permissions::warning(self.path?, self.shown, matches!(secret.value, SecretSource::Literal(_)))
    }
}

/// Reads a project's id, trimmed.
///
/// # Errors
/// What is wrong with it, without the text itself: a secret may have been put in its place.
pub fn parse_project_id(text: &str) -> Result<ProjectId, String> {
    let text = text.trim();
    text.parse().map_err(|error| match source::oddity(text) {
        Some(oddity) => format!("{error}; this one {oddity}"),
        None => format!("{error}"),
    })
}
