//! The TOML file of profiles: strict when it is read, private and atomic when it is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::{Code, Failure};
use crate::secrets::credentials::Secret;
use crate::secrets::source::SecretSource;

/// The profile that is built in and needs no account.
pub const SANDBOX: &str = "sandbox";

/// The file's content.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileFile {
    /// The profile to use when nothing else names one.
    pub default_profile: Option<String>,
    /// The profiles by name.
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

/// One profile.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The project.
    pub project_id: Option<String>,
    /// The secret itself.
    project_secret: Option<String>,
    /// A program that prints the secret: an argv array, no shell.
    pub secret_command: Option<Vec<String>>,
    /// A file that holds the secret.
    pub secret_file: Option<PathBuf>,
    /// Where the service lives.
    pub base_url: Option<String>,
    /// The output format.
    pub output: Option<String>,
    /// One request's time-out, such as `30s`.
    pub timeout: Option<String>,
    /// Repeats of a failed request.
    pub retries: Option<u32>,
    /// Requests per second; 0 does not pace.
    pub rate_limit: Option<f64>,
    /// One more trusted CA, PEM.
    pub ca_cert: Option<PathBuf>,
}

/// The keys of a profile, for "did you mean".
const KEYS: [&str; 10] = [
    "project_id",
    "project_secret",
    "secret_command",
    "secret_file",
    "base_url",
    "output",
    "timeout",
    "retries",
    "rate_limit",
    "ca_cert",
];
/// The keys at the top of the file.
const TOP_KEYS: [&str; 2] = ["default_profile", "profiles"];

impl Profile {
    /// Where the secret is; none when the profile has none.
    ///
    /// # Errors
    /// When it names more than one place.
    pub fn secret_source(&self) -> Result<Option<SecretSource>, &'static str> {
        let literal = self.project_secret.as_deref().and_then(Secret::new).map(SecretSource::Literal);
        let command = self.secret_command.clone().map(SecretSource::Command);
        let file = self.secret_file.clone().map(SecretSource::File);
        let mut sources = [literal, command, file].into_iter().flatten();
        match (sources.next(), sources.next()) {
            (source, None) => Ok(source),
            _ => Err("names more than one of project_secret, secret_command and secret_file; keep one"),
        }
    }
}

impl ProfileFile {
    /// Reads the file; a missing one is empty.
    ///
    /// # Errors
    /// Config, when it is unreadable or not what it should be, with file and line.
    pub fn read(path: &Path, shown: &str) -> Result<Self, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, shown),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::new(Code::Config, format!("cannot read {shown}: {error}"))
                .hint("name another file with `--config FILE`")),
        }
    }

    fn parse(text: &str, shown: &str) -> Result<Self, Failure> {
        // Windows editors leave a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + text.get(..span.start).unwrap_or("").matches('\n').count());
            let message = without_value(error.message().lines().next().unwrap_or("not TOML"));
            let failure = Failure::new(Code::Config, format!("{shown}, line {line}: {message}"));
            match did_you_mean(&message) {
                Some(known) => failure.hint(format!("did you mean {known}?")),
                None => failure.hint("config.example.toml shows every key"),
            }
        })?;
        if file.profiles.contains_key(SANDBOX) {
            return Err(Failure::new(Code::Config, format!("{shown}: the profile name {SANDBOX:?} is built in"))
                .hint("give this profile another name"));
        }
        Ok(file)
    }

    /// The names, in alphabetical order, the built-in one last.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str).chain([SANDBOX])
    }

    /// A profile by name.
    ///
    /// # Errors
    /// Config, naming the nearest known name.
    pub fn get(&self, name: &str, shown: &str) -> Result<&Profile, Failure> {
        self.profiles.get(name).ok_or_else(|| {
            let failure = Failure::new(Code::Config, format!("no profile named {name:?} in {shown}"));
            match nearest(name, self.names()) {
                Some(known) => failure.hint(format!("did you mean {known}? `spectrum profiles list` shows them all")),
                None => failure.hint("run `spectrum profiles add NAME`, or try `-P sandbox`, which needs no account"),
            }
        })
    }
}

/// The parser's words without the value that they quote: it may be a secret.
fn without_value(message: &str) -> String {
    match (message.split_once(['`', '"']), message.rsplit_once(", expected ")) {
        (Some((found, _)), Some((_, expected))) if message.starts_with("invalid ") => {
            format!("{}, expected {expected}", found.trim_end())
        }
        _ => message.to_owned(),
    }
}

/// The suggestion for serde's words about an unknown key.
fn did_you_mean(message: &str) -> Option<&'static str> {
    let unknown = message.strip_prefix("unknown field `")?.split('`').next()?;
    nearest(unknown, KEYS.into_iter().chain(TOP_KEYS))
}

/// The known word that is most like a given one, if any is.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let alike = known.into_iter().map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    alike.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

/// The `chmod` to run, when others can read a file that holds a secret.
#[cfg(unix)]
pub fn loose_permissions(path: &Path, shown: &str) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o044 != 0).then(|| {
        // The home folder's short form works in a shell only without quotes.
        let named =
            if shown.contains(char::is_whitespace) { format!("'{}'", path.display()) } else { shown.to_owned() };
        format!("{shown} holds a secret and others can read it (mode {mode:04o}); run `chmod 600 {named}`")
    })
}

/// The folder's access list guards the file on this system.
#[cfg(not(unix))]
pub fn loose_permissions(_path: &Path, _shown: &str) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_file_loads_and_shows_every_key() {
        let text = include_str!("../../config.example.toml");
        let file = ProfileFile::parse(text, "config.example.toml").unwrap();
        assert_eq!(file.default_profile.as_deref(), Some("prod"));
        for key in KEYS.into_iter().chain(TOP_KEYS) {
            assert!(text.contains(key), "config.example.toml does not show {key}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line_and_a_suggestion() {
        let failure = ProfileFile::parse("[profiles.prod]\nproject_ident = \"x\"\n", "config.toml").unwrap_err();
        assert_eq!(failure.code, Code::Config);
        assert!(
            failure.message.starts_with("config.toml, line 2: unknown field `project_ident`"),
            "{}",
            failure.message
        );
        assert_eq!(failure.hint.as_deref(), Some("did you mean project_id?"));
        assert!(ProfileFile::parse("[profile.prod]\n", "f").unwrap_err().hint.unwrap().contains("profiles"));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_quoted() {
        for (text, expected) in [
            ("[profiles.p]\nproject_secret = 123456789\n", "invalid type: integer, expected a string"),
            ("[profiles.p]\nsecret_command = \"s3cret\"\n", "invalid type: string, expected a sequence"),
            ("[profiles.p]\nretries = \"s3cret, expected\"\n", "invalid type: string, expected u32"),
        ] {
            let failure = ProfileFile::parse(text, "f").unwrap_err();
            assert_eq!(failure.message, format!("f, line 2: {expected}"));
        }
    }

    #[test]
    fn a_byte_order_mark_is_understood() {
        assert!(ProfileFile::parse("\u{feff}default_profile = \"x\"\r\n", "f").is_ok());
    }

    #[test]
    fn a_secret_has_one_place() {
        let profile =
            Profile { secret_file: Some("f".into()), secret_command: Some(vec!["p".into()]), ..Profile::default() };
        assert!(profile.secret_source().is_err());
    }
}
