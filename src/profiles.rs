//! The TOML file of profiles: strict when it is read, private and atomic when it is written.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::credentials::Secret;
use crate::exit::{Code, Failure};
use crate::secrets::SecretSource;

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

/// Changes the file and keeps what it does not touch: comments, order, layout.
#[derive(Debug)]
pub struct Editor {
    document: toml_edit::DocumentMut,
}

impl Editor {
    /// Opens the file for change; a missing one is empty.
    ///
    /// # Errors
    /// As [`ProfileFile::read`].
    pub fn open(path: &Path, shown: &str) -> Result<Self, Failure> {
        ProfileFile::read(path, shown)?;
        let text = fs::read_to_string(path).unwrap_or_default();
        let document = text.trim_start_matches('\u{feff}').parse().map_err(|error: toml_edit::TomlError| {
            Failure::new(Code::Config, format!("{shown}: {}", error.message()))
        })?;
        Ok(Self { document })
    }

    /// Adds a profile or overwrites its project and secret; the first one becomes the default.
    pub fn put(&mut self, name: &str, project_id: &str, secret: &Secret, base_url: Option<&str>) {
        let profiles = self.document.entry("profiles").or_insert_with(implicit_table);
        if let Some(profiles) = profiles.as_table_like_mut() {
            let profile = profiles.entry(name).or_insert_with(toml_edit::table);
            if let Some(profile) = profile.as_table_like_mut() {
                profile.remove("secret_command");
                profile.remove("secret_file");
                profile.insert("project_id", toml_edit::value(project_id));
                profile.insert("project_secret", toml_edit::value(secret.expose()));
                if let Some(base_url) = base_url {
                    profile.insert("base_url", toml_edit::value(base_url));
                }
            }
        }
        if !self.document.contains_key("default_profile") {
            self.set_default(name);
        }
    }

    /// Makes a profile the default.
    pub fn set_default(&mut self, name: &str) {
        self.document.insert("default_profile", toml_edit::value(name));
    }

    /// Removes a profile, and the default that named it. False when there was none.
    pub fn remove(&mut self, name: &str) -> bool {
        let removed = self
            .document
            .get_mut("profiles")
            .and_then(toml_edit::Item::as_table_like_mut)
            .and_then(|table| table.remove(name));
        if self.document.get("default_profile").and_then(toml_edit::Item::as_str) == Some(name) {
            self.document.remove("default_profile");
        }
        removed.is_some()
    }

    /// Writes the file, readable by its owner alone, in one step: a reader sees the old file or the new one.
    ///
    /// # Errors
    /// Config, when the file or its folder cannot be written.
    pub fn save(self, path: &Path, shown: &str) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new(Code::Config, format!("cannot write {shown}: {error}"));
        // A link keeps its place: what it points to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        // A temporary file is made 0600 on Unix.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(self.document.to_string().as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&target).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

fn implicit_table() -> toml_edit::Item {
    let mut table = toml_edit::Table::new();
    table.set_implicit(true);
    toml_edit::Item::Table(table)
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
        let text = include_str!("../config.example.toml");
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

    #[test]
    fn editing_keeps_comments_and_other_profiles() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("config.toml");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(
            &path,
            "# mine\ndefault_profile = \"a\"\n\n[profiles.a] # keep\nproject_id = \"1\"\nproject_secret = \"s\"\n",
        )
        .unwrap();
        let mut editor = Editor::open(&path, "f").unwrap();
        editor.put("b", "2", &Secret::new("t").unwrap(), None);
        editor.save(&path, "f").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\ndefault_profile = \"a\"\n"), "{text}");
        assert!(text.contains("[profiles.a] # keep") && text.contains("[profiles.b]"), "{text}");
        let mut editor = Editor::open(&path, "f").unwrap();
        assert!(editor.remove("a") && !editor.remove("a"));
        editor.save(&path, "f").unwrap();
        assert_eq!(ProfileFile::read(&path, "f").unwrap().default_profile, None);
    }
}
