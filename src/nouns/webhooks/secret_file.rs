//! The secrets of a registration as `--secret-out` writes them: dotenv lines, or one secret alone.

use std::path::PathBuf;

use clap::Args;

use super::signature::{KeyError, STANDARD_PREFIX, Scheme, SigningKey};
use crate::failure::{Code, Failure};
use crate::secrets::credentials::Secret;
use crate::secrets::source;
use crate::session::Session;

/// Where the secrets are.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct SecretInArgs {
    /// The file that --secret-out wrote, or one with the secret alone
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Read the same from standard input
    #[arg(long)]
    pub secret_stdin: bool,
}

/// A secret and the key that it is.
#[derive(Debug, Clone)]
pub struct SigningSecret {
    /// The secret as the service shows it.
    pub text: Secret,
    /// What signs.
    pub key: SigningKey,
}

/// The secrets of a registration; several of a scheme when a line stands there more than once, as while a rotation
/// overlaps.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// For `X-Spectrum-Signature`.
    pub v0: Vec<SigningSecret>,
    /// For `webhook-signature`.
    pub standard: Vec<SigningSecret>,
}

/// Why a text holds no secret; never with anything of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Lines, and none of them is one of the two.
    #[error("holds neither {}=… nor {}=…, nor one secret alone", Scheme::V0.variable(), Scheme::Standard.variable())]
    Neither,
    /// A line without a value.
    #[error("has nothing behind {name}=", name = .0.variable())]
    Empty(Scheme),
    /// A standard secret in another form.
    #[error("holds a secret that {0}")]
    Standard(#[from] KeyError),
    /// No secret of the scheme that was asked for.
    #[error("holds no {name} for the scheme {0}", name = .0.secret_name())]
    Missing(Scheme),
}

impl SecretInArgs {
    /// Reads the secrets, and hides them on every stream from now on. `only` is the scheme that was asked for.
    ///
    /// # Errors
    /// Usage, when no place was named; invalid input, when they cannot be read or hold no secret for the scheme.
    pub fn read(&self, only: Option<Scheme>, session: &Session) -> Result<Secrets, Failure> {
        let invalid = |reason: String| Failure::new(Code::InvalidInput, reason);
        let (place, read) = match &self.secret_file {
            Some(path) => (format!("the secret file {}", path.display()), source::read_file(path)),
            None if self.secret_stdin => {
                ("the secret on standard input".to_owned(), source::read_stream(std::io::stdin()))
            }
            None => {
                return Err(Failure::new(Code::Usage, "the webhook's secrets are missing")
                    .hint("name them with `--secret-file FILE`, or hand them in with `--secret-stdin`"));
            }
        };
        let text = read.map_err(|reason| invalid(format!("{place} {reason}")))?;
        // Whatever it is, it was meant to be secret.
        let lines: Vec<Secret> = text.expose().lines().filter_map(Secret::new).collect();
        session.out.hide_all(&lines);
        let read = Secrets::parse(text.expose(), only);
        let secrets = read.map_err(|error| invalid(format!("{place} {error}")).hint(advice(&error)))?;
        let whole = || secrets.v0.iter().chain(&secrets.standard).map(|secret| &secret.text);
        session.out.hide_all(whole());
        // A key without its prefix is as good as a key.
        let bare = |text: &Secret| text.expose().strip_prefix(STANDARD_PREFIX).and_then(Secret::new);
        session.out.hide_all(&whole().filter_map(bare).collect::<Vec<_>>());
        Ok(secrets)
    }
}

fn advice(error: &SecretError) -> &'static str {
    match error {
        SecretError::Standard(KeyError::Base64) => "a v0 secret that happens to begin so is taken with `--scheme v0`",
        SecretError::Standard(KeyError::Prefix) => "the one of 64 hex characters is for `--scheme v0`",
        SecretError::Missing(_) => "leave --scheme out to use the secret that is there",
        _ => "give what `spectrum webhooks create --secret-out FILE` wrote",
    }
}

impl Secrets {
    /// Reads dotenv lines with either name or both, or one secret alone. How a value begins says which it is; a scheme
    /// that was asked for has the last word over one that stands alone.
    ///
    /// # Errors
    /// [`SecretError`], when there is none for the scheme.
    pub fn parse(text: &str, only: Option<Scheme>) -> Result<Self, SecretError> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let named: Vec<(Scheme, &str)> = lines.iter().filter_map(|line| assignment(line)).collect();
        let mut secrets = Self::default();
        if named.is_empty() {
            let [alone] = lines.as_slice() else { return Err(SecretError::Neither) };
            if is_other_variable(alone) {
                return Err(SecretError::Neither);
            }
            secrets.add(only.unwrap_or_else(|| look(alone)), alone)?;
        }
        for (name, value) in named {
            if value.is_empty() {
                return Err(SecretError::Empty(name));
            }
            let scheme = match (name, only) {
                (Scheme::V0, Some(Scheme::V0)) => Scheme::V0,
                (Scheme::V0, _) => look(value),
                (Scheme::Standard, _) => Scheme::Standard,
            };
            if only.is_none_or(|only| only == scheme) {
                secrets.add(scheme, value)?;
            }
        }
        match only {
            Some(scheme) if secrets.of(scheme).is_empty() => Err(SecretError::Missing(scheme)),
            _ => Ok(secrets),
        }
    }

    fn add(&mut self, scheme: Scheme, value: &str) -> Result<(), SecretError> {
        let Some(text) = Secret::new(value) else { return Err(SecretError::Neither) };
        match scheme {
            Scheme::V0 => self.v0.push(SigningSecret { key: SigningKey::v0(value), text }),
            Scheme::Standard => self.standard.push(SigningSecret { key: SigningKey::standard(value)?, text }),
        }
        Ok(())
    }

    /// Those of one scheme.
    pub fn of(&self, scheme: Scheme) -> &[SigningSecret] {
        match scheme {
            Scheme::V0 => &self.v0,
            Scheme::Standard => &self.standard,
        }
    }
}

/// Which secret a value looks like.
fn look(value: &str) -> Scheme {
    if value.starts_with(STANDARD_PREFIX) { Scheme::Standard } else { Scheme::V0 }
}

/// One of our variables and its value, without the quotes or the comment that dotenv allows.
fn assignment(line: &str) -> Option<(Scheme, &str)> {
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, value) = line.split_once('=')?;
    let scheme = Scheme::ALL.into_iter().find(|scheme| scheme.variable() == name.trim_end())?;
    let value = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.split_once(quote));
    let plain = || if value.starts_with('#') { "" } else { value.split(" #").next().unwrap_or(value).trim_end() };
    Some((scheme, quoted.map_or_else(plain, |(value, _)| value.trim())))
}

/// Whether a line sets another variable, or is a comment: no secret of the service looks so.
fn is_other_variable(line: &str) -> bool {
    let is_name =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let name = line.strip_prefix("export ").unwrap_or(line).split_once('=').map(|(name, _)| name);
    line.starts_with('#') || name.is_some_and(|name| name.contains('_') && is_name(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::nouns::webhooks::signature::vectors::{STANDARD_SECRET, V0_SECRET};

    const V0_VARIABLE: &str = Scheme::V0.variable();
    const STANDARD_VARIABLE: &str = Scheme::Standard.variable();

    fn texts(text: &str, only: Option<Scheme>) -> Result<[Vec<String>; 2], SecretError> {
        let secrets = Secrets::parse(text, only)?;
        Ok(Scheme::ALL.map(|scheme| secrets.of(scheme).iter().map(|one| one.text.expose().to_owned()).collect()))
    }

    fn both() -> String {
        format!("{V0_VARIABLE}={V0_SECRET}\n{STANDARD_VARIABLE}={STANDARD_SECRET}\n")
    }

    #[test]
    fn reads_what_is_written_and_what_people_make_of_it() {
        let (v0, standard) = (vec![V0_SECRET.to_owned()], vec![STANDARD_SECRET.to_owned()]);
        for text in [
            both(),
            both().replace('\n', "\r\n"),
            format!(
                "# webhook\n\nPORT=80\nexport {V0_VARIABLE}=\"{V0_SECRET}\"\n  {STANDARD_VARIABLE} = '{STANDARD_SECRET}' # x"
            ),
            format!("{V0_VARIABLE}={V0_SECRET} # hex\n{STANDARD_VARIABLE}={STANDARD_SECRET} # base64"),
            // The vendor's one variable holds either.
            format!("{V0_VARIABLE}={V0_SECRET}\n{V0_VARIABLE}={STANDARD_SECRET}"),
        ] {
            assert_eq!(texts(&text, None), Ok([v0.clone(), standard.clone()]), "{text}");
        }
        assert_eq!(texts(V0_SECRET, None), Ok([v0.clone(), vec![]]));
        assert_eq!(texts(&format!("\n{STANDARD_SECRET}\n"), None), Ok([vec![], standard.clone()]));
        assert_eq!(texts(&format!("{STANDARD_VARIABLE}={STANDARD_SECRET}"), None), Ok([vec![], standard.clone()]));
        assert_eq!(texts(&both(), Some(Scheme::V0)), Ok([v0, vec![]]));
        assert_eq!(texts(&both(), Some(Scheme::Standard)), Ok([vec![], standard]));
    }

    #[test]
    fn a_line_that_stands_twice_is_two_secrets() {
        let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let text = format!("{STANDARD_VARIABLE}={STANDARD_SECRET}\n{STANDARD_VARIABLE}={other}");
        assert_eq!(texts(&text, None), Ok([vec![], vec![STANDARD_SECRET.to_owned(), other.to_owned()]]));
    }

    #[test]
    fn a_scheme_that_was_asked_for_has_the_last_word() {
        let legacy = "whsec_test-secret";
        assert_eq!(texts(legacy, Some(Scheme::V0)), Ok([vec![legacy.to_owned()], vec![]]));
        let named = format!("{V0_VARIABLE}={legacy}");
        assert_eq!(texts(&named, Some(Scheme::V0)), Ok([vec![legacy.to_owned()], vec![]]));
        assert_eq!(texts(legacy, None), Err(SecretError::Standard(KeyError::Base64)));
        assert_eq!(texts(V0_SECRET, Some(Scheme::Standard)), Err(SecretError::Standard(KeyError::Prefix)));
        let standard = format!("{STANDARD_VARIABLE}={STANDARD_SECRET}");
        assert_eq!(texts(&standard, Some(Scheme::V0)), Err(SecretError::Missing(Scheme::V0)));
    }

    #[test]
    fn blanks_within_quotes_are_no_part_of_a_key() {
        let text = format!("{V0_VARIABLE}=\" {V0_SECRET} \"\n{STANDARD_VARIABLE}=' {STANDARD_SECRET}'");
        let secrets = Secrets::parse(&text, None).unwrap();
        let key = SigningKey::v0(V0_SECRET);
        assert!(secrets.v0[0].key.fits(b"text", key.sign(b"text").as_ref()));
        assert_eq!(secrets.standard[0].text.expose(), STANDARD_SECRET);
    }

    #[test]
    fn what_holds_no_secret_is_refused() {
        for text in ["", "a\nb", "# only a comment", "SPECTRUM_PROJECT_SECRET=x", "export API_KEY=x", "PORT=80\nHOST=x"]
        {
            assert_eq!(texts(text, None), Err(SecretError::Neither), "{text}");
        }
        assert_eq!(texts(&format!("{V0_VARIABLE}="), None), Err(SecretError::Empty(Scheme::V0)));
        assert_eq!(texts(&format!("{V0_VARIABLE}=''"), None), Err(SecretError::Empty(Scheme::V0)));
        assert_eq!(texts(&format!("{V0_VARIABLE}=' '"), None), Err(SecretError::Empty(Scheme::V0)));
        assert_eq!(texts(&format!("{STANDARD_VARIABLE}= # none"), None), Err(SecretError::Empty(Scheme::Standard)));
    }

    proptest! {
        #[test]
        fn no_error_shows_what_was_read(text in "\\PC{8,60}") {
            if let Err(error) = Secrets::parse(&text, None) {
                prop_assert!(!error.to_string().contains(&text));
            }
        }

        #[test]
        fn any_hex_alone_is_a_v0_secret(secret in "[0-9a-f]{64}") {
            prop_assert_eq!(texts(&secret, None), Ok([vec![secret], vec![]]));
        }
    }
}
