//! The TOML file of profiles: strict when it is read.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::{Code, Failure};
use crate::secrets::source::{self, SecretSource};

/// The largest file that is read.
const LARGEST: u64 = 1024 * 1024;
/// The profile that is built in and needs no account.
pub const SANDBOX: &str = "sandbox";

/// The file's content.
#[derive(Debug, Clone, Default, Deserialize)]
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
    project_secret: Option<WrittenSecret>,
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
    /// Where a number without a plus is dialled, in two letters.
    pub region: Option<String>,
    /// The names of a roster's columns, by the field that each one holds.
    pub map: Option<BTreeMap<String, String>>,
    /// One more trusted CA, PEM.
    pub ca_cert: Option<PathBuf>,
}

/// A secret as it stands in the file: not understood yet, and hidden from `Debug` as every secret is.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct WrittenSecret(String);

impl fmt::Debug for WrittenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrittenSecret(…)")
    }
}

/// The keys of a profile, for "did you mean".
const KEYS: [&str; 12] = [
    "project_id",
    "project_secret",
    "secret_command",
    "secret_file",
    "base_url",
    "output",
    "timeout",
    "retries",
    "rate_limit",
    "region",
    "map",
    "ca_cert",
];
/// The keys at the top of the file.
const TOP_KEYS: [&str; 2] = ["default_profile", "profiles"];

impl Profile {
    /// Where the secret is; none when the profile has none.
    ///
    /// # Errors
    /// When it names more than one place, or holds itself what is no secret.
    pub fn secret_source(&self) -> Result<Option<SecretSource>, String> {
        let written =
            self.project_secret.as_ref().map(|secret| secret.0.as_str()).filter(|text| !text.trim().is_empty());
        let literal = written.map(|text| source::understand(text.as_bytes())).transpose();
        let literal = literal.map_err(|reason| format!("project_secret {reason}"))?.map(SecretSource::Literal);
        let command = self.secret_command.clone().map(SecretSource::Command);
        let file = self.secret_file.clone().map(SecretSource::File);
        let mut sources = [literal, command, file].into_iter().flatten();
        match (sources.next(), sources.next()) {
            (source, None) => Ok(source),
            _ => Err("names more than one of project_secret, secret_command and secret_file; keep one".to_owned()),
        }
    }
}

impl ProfileFile {
    /// Reads the file; a missing one is empty.
    ///
    /// # Errors
    /// Config, when it is unreadable or not what it should be, with file and line.
    pub fn read(path: &Path, shown: &str) -> Result<Self, Failure> {
        read_text(path, shown)?.map_or_else(|| Ok(Self::default()), |text| Self::parse(&text, shown))
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// Config, when it is not what it should be, with file and line.
    pub fn parse(text: &str, shown: &str) -> Result<Self, Failure> {
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

/// The file's text; none when there is no file.
///
/// # Errors
/// Config, when it cannot be read, is a link to nowhere, or no text.
pub fn read_text(path: &Path, shown: &str) -> Result<Option<String>, Failure> {
    let failed = |what: String| Failure::new(Code::Config, what).hint("name another file with `--config FILE`");
    let mut bytes = Vec::new();
    match fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match path.symlink_metadata() {
                Ok(found) if found.is_symlink() => {
                    Err(failed(format!("{shown} is a link to a file that is not there")))
                }
                // Or somebody else has made it just now: then this is as it was a moment ago.
                _ => Ok(None),
            };
        }
        Err(error) => return Err(failed(format!("cannot read {shown}: {error}"))),
        Ok(_) if bytes.len() as u64 > LARGEST => {
            return Err(failed(format!("{shown} is larger than a megabyte, so it is no file of profiles")));
        }
        Ok(_) => {}
    }
    decode(bytes).map(Some).ok_or_else(|| {
        Failure::new(Code::Config, format!("{shown} is no text in UTF-8")).hint("save it as UTF-8 in your editor")
    })
}

/// Text as editors save it: UTF-8, also with a byte order mark, or UTF-16 with one.
fn decode(bytes: Vec<u8>) -> Option<String> {
    let (mark, units) = bytes.as_chunks::<2>().0.split_first().unwrap_or((&[0, 0], &[]));
    let wide = |unit: fn([u8; 2]) -> u16| String::from_utf16(&units.iter().map(|pair| unit(*pair)).collect::<Vec<_>>());
    match mark {
        [0xff, 0xfe] => wide(u16::from_le_bytes).ok(),
        [0xfe, 0xff] => wide(u16::from_be_bytes).ok(),
        _ => {
            let text = String::from_utf8(bytes).ok()?;
            Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
        }
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
    fn a_secret_is_read_and_not_shown() {
        let file = ProfileFile::parse("[profiles.p]\nproject_secret = \"s3cr3t\"\n", "config.toml").unwrap();
        let source = file.profiles["p"].secret_source().unwrap();
        assert!(matches!(source, Some(SecretSource::Literal(secret)) if secret.expose() == "s3cr3t"));
        assert!(!format!("{file:?}").contains("s3cr3t"), "{file:?}");
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
    fn text_is_read_as_editors_save_it() {
        let text = "default_profile = \"größe\"\r\n";
        let wide = |mark: u16, bytes: fn(u16) -> [u8; 2]| {
            [mark].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            wide(0xfeff, u16::to_le_bytes),
            wide(0xfeff, u16::to_be_bytes),
        ] {
            assert_eq!(decode(bytes).as_deref(), Some(text));
        }
        assert_eq!(decode(b"gr\xf6\xdfe".to_vec()), None);
        assert_eq!(decode(Vec::new()).as_deref(), Some(""));
    }

    #[test]
    fn a_secret_has_one_place() {
        let profile =
            Profile { secret_file: Some("f".into()), secret_command: Some(vec!["p".into()]), ..Profile::default() };
        assert!(profile.secret_source().is_err());
    }
}
