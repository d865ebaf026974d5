//! Where a secret goes that is shown once: it must neither get lost nor be seen anywhere else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::model::Issued;
use super::signature::{STANDARD_PREFIX, Scheme};
use crate::failure::{Code, Failure};
use crate::output::{Column, sanitize, streams};
use crate::secrets::credentials::Secret;
use crate::secrets::revealed;
use crate::session::Session;

/// Where a secret is to go.
#[derive(Debug, Clone, Default, Args)]
pub struct SecretOutArgs {
    /// A new file for the secrets that the answer shows once
    #[arg(long, value_name = "FILE", conflicts_with = "show_secret")]
    pub secret_out: Option<PathBuf>,
    /// Show the secrets in the output
    #[arg(long)]
    pub show_secret: bool,
}

/// Where a secret goes, ready for it.
#[derive(Debug)]
pub enum Destination {
    /// Into a file that is open.
    File(NewFile),
    /// Into the output.
    Output,
}

impl SecretOutArgs {
    /// Gets the place ready, before anything is sent.
    ///
    /// # Errors
    /// Usage, when nobody said where; invalid input, when the file is there or cannot be made.
    pub fn open(&self) -> Result<Destination, Failure> {
        match &self.secret_out {
            Some(path) => Ok(Destination::File(NewFile::create(path)?)),
            None if self.show_secret => Ok(Destination::Output),
            None => Err(Failure::new(Code::Usage, "the answer shows a secret once: say where it is to go")
                .hint("add `--secret-out FILE`, or `--show-secret` to have it in the output")),
        }
    }
}

/// A file that waits for a secret; taken away again when none comes.
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    /// None when the secret is in it.
    file: Option<File>,
}

impl NewFile {
    /// Makes a new file that its owner alone can read.
    fn create(path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let shown = path.display();
        match options.open(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file: Some(file) }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let is_empty = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == 0);
                let hint = match is_empty {
                    true => {
                        "it is empty, as a run that was cut short leaves it: see `spectrum webhooks list` for what \
                             that run did, then take the file away"
                            .to_owned()
                    }
                    false => {
                        "it may hold a secret that is nowhere else: name another file, or take this one away".to_owned()
                    }
                };
                Err(Failure::new(Code::InvalidInput, format!("--secret-out: {shown} exists, so nothing was sent"))
                    .hint(hint))
            }
            Err(error) => {
                let failure = Failure::new(Code::InvalidInput, format!("--secret-out: cannot make {shown}: {error}"));
                Err(failure.hint("nothing was sent; name a file in a folder that is there"))
            }
        }
    }

    /// Writes all of it and waits until it is kept, the file's name too.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        self.file = None;
        // The secret is kept already: a file system that cannot sync a folder takes nothing away from that.
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // Nothing of worth is in it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Brings the secrets of an answer to where they are to go, and prints its record: with them, or with the place of them.
/// From then on they are hidden on every stream. `columns` are those that `print` shows.
///
/// # Errors
/// Bad response, when the answer holds no secret; internal, when it cannot be written: then it was shown on standard
/// error, because it is nowhere else.
pub fn deliver(
    session: &Session,
    destination: Destination,
    issued: &Issued<'_>,
    data: &str,
    columns: &[Column],
    print: impl FnOnce(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if issued.secrets().next().is_none() {
        return Err(Failure {
            retryable: false,
            ..Failure::new(Code::BadResponse, format!("it was done, but the answer holds no secret: {}", issued.id))
        }
        .hint("the secret cannot be asked for again: `spectrum webhooks delete` it and create it anew"));
    }
    match destination {
        Destination::Output => {
            let printed = print(data);
            hide(session, issued);
            match printed {
                Ok(()) if session.out.is_closed() => {
                    let failure = Failure::new(Code::Internal, "the reader of standard output has gone");
                    Err(unkept(session, issued, failure))
                }
                Ok(()) => {
                    // `-o id` and `--fields` may have left them out.
                    let is_left_out = |scheme: Scheme| !session.out.shows(columns, scheme.secret_name());
                    let rest = dotenv(issued, is_left_out);
                    if !rest.is_empty() {
                        session.out.warn("the output has no place for the secret: here it is, and nowhere else");
                        streams::last_resort(&rest);
                    }
                    Ok(())
                }
                Err(failure) => Err(unkept(session, issued, failure)),
            }
        }
        Destination::File(mut file) => {
            let kept = file.write(&dotenv(issued, |_| true));
            let place = file.path.display().to_string();
            drop(file);
            hide(session, issued);
            match kept {
                Ok(()) => print(&replaced(data, issued, &format!("[written to {place}]"))).map_err(|failure| {
                    failure.context(format!("the secret is in {place}, of {}", sanitize::line(&issued.id)))
                }),
                Err(error) => {
                    let failure = Failure::internal(format!("{place} cannot be written"), error);
                    Err(unkept(session, issued, failure))
                }
            }
        }
    }
}

/// A key without its prefix is as good as a key.
fn hide(session: &Session, issued: &Issued<'_>) {
    session.out.hide_all(issued.secrets().map(|(_, secret)| secret));
    let bare = issued.secrets().filter_map(|(_, secret)| Secret::new(secret.expose().strip_prefix(STANDARD_PREFIX)?));
    session.out.hide_all(&bare.collect::<Vec<_>>());
}

/// The last resort: whoever reads standard error is the only one left to keep it.
fn unkept(session: &Session, issued: &Issued<'_>, failure: Failure) -> Failure {
    session.out.warn("the secret could not be put where it was to go: here it is, and nowhere else");
    streams::last_resort(&dotenv(issued, |_| true));
    failure
        .context(format!("the webhook stands: {}", sanitize::line(&issued.id)))
        .hint("keep the secret that is shown above; nothing has to be sent again")
}

/// The secrets of some schemes in the form of a dotenv file.
fn dotenv(issued: &Issued<'_>, of: impl Fn(Scheme) -> bool) -> String {
    let wanted = issued.secrets().filter(|(scheme, _)| of(*scheme));
    wanted.map(|(scheme, secret)| format!("{}={}\n", scheme.variable(), quote(secret.expose()))).collect()
}

/// A value that a shell, too, reads as it is.
fn quote(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '/' | '=' | '-' | '.');
    if value.chars().all(is_plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

/// A record whose secrets are replaced by where they are; whatever else in it is one, or repeats one, is hidden.
fn replaced(data: &str, issued: &Issued<'_>, place: &str) -> String {
    let data = revealed::hidden(data);
    let Ok(mut record) = serde_json::from_str::<Pairs<'_>>(&data) else { return data.into_owned() };
    let place = serde_json::value::to_raw_value(place).unwrap_or_default();
    for (name, value) in &mut record.0 {
        if issued.secrets().any(|(scheme, _)| scheme.secret_name() == name) {
            *value = &place;
        }
    }
    let pair = |(name, value): &(String, &serde_json::value::RawValue)| {
        format!("{}:{}", serde_json::Value::from(name.as_str()), value.get())
    };
    format!("{{{}}}", record.0.iter().map(pair).collect::<Vec<_>>().join(","))
}

/// An object as its pairs, in their order.
struct Pairs<'a>(Vec<(String, &'a serde_json::value::RawValue)>);

impl<'de> serde::Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> serde::de::Visitor<'de> for Object {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = object.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued() -> Issued<'static> {
        serde_json::from_str(r#"{"id":"x","signingSecret":"00ff","standardSigningSecret":"whsec_A/b="}"#).unwrap()
    }

    #[test]
    fn a_file_holds_what_a_shell_reads_back() {
        let (v0, standard) = ("SPECTRUM_WEBHOOK_SECRET=00ff\n", "SPECTRUM_WEBHOOK_STANDARD_SECRET=whsec_A/b=\n");
        assert_eq!(dotenv(&issued(), |_| true), format!("{v0}{standard}"));
        assert_eq!(dotenv(&issued(), |scheme| scheme == Scheme::Standard), standard);
        assert_eq!(quote("a $(b) 'c'"), r"'a $(b) '\''c'\'''");
    }

    #[test]
    fn a_record_keeps_its_order_and_names_the_place() {
        let data = r#"{"z":1,"signingSecret":"00ff","id":"x","standardSigningSecret":"whsec_A\/b=","a":[1.50,"00ff"],"oldSecret":"s3cret"}"#;
        let shown = replaced(data, &issued(), "[written to \"f\"]");
        let place = r#""[written to \"f\"]""#;
        assert_eq!(
            shown,
            format!(
                r#"{{"z":1,"signingSecret":{place},"id":"x","standardSigningSecret":{place},"a":[1.50,"[redacted]"],"oldSecret":"[redacted]"}}"#
            )
        );
    }

    #[test]
    fn a_file_without_a_secret_is_taken_away_and_one_that_is_there_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.env");
        drop(NewFile::create(&path).unwrap());
        assert!(!path.exists());
        let mut file = NewFile::create(&path).unwrap();
        file.write("kept").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
        assert_eq!(NewFile::create(&path).unwrap_err().code, Code::InvalidInput);
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
        assert!(NewFile::create(&folder.path().join("no/such/folder")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.env");
        let mut file = NewFile::create(&path).unwrap();
        file.write("kept").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // A link that leads nowhere yet is something that is there.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
        assert!(NewFile::create(&link).is_err());
    }
}
