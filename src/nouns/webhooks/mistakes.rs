//! Why a signature does not fit, found by trying: the mistakes of people who sign and verify by hand.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::body_forms::{self, BodyChange};
use super::secret_file::Secrets;
use super::signature::{self, STANDARD_PREFIX, Scheme, SigningKey, WINDOW};
use crate::model::time;
use crate::secrets::credentials::Secret;

/// A body up to this long is tried with two mistakes at once.
const TWO_MISTAKES_UP_TO: usize = 256 * 1024;

/// What is wrong with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// Headers without which nothing can be verified.
    HeaderMissing(Vec<&'static str>),
    /// A header that is there twice.
    HeaderRepeated(&'static str),
    /// The delivery is signed in a scheme whose secret is not there.
    OtherScheme(Scheme),
    /// The event's id has a dot.
    IdMalformed,
    /// The timestamp is no whole number.
    TimestampMalformed(Scheme),
    /// The timestamp is in milliseconds.
    Milliseconds(Scheme),
    /// Signed so many seconds before it was looked at; less than none: after.
    OutsideWindow(i64),
    /// The signature is nothing that could be one.
    SignatureMalformed(Scheme),
    /// The signature lacks what it has to begin with.
    PrefixMissing(Scheme),
    /// The signature is written in base64 where hex is wanted, or the other way round.
    Encoding(Scheme),
    /// The hex secret was decoded.
    HexAsBytes,
    /// The standard secret was not decoded.
    WhsecAsText,
    /// The key was the secret of the other scheme.
    OtherSecret(Scheme),
    /// The key was the secret with the line break that ends its file.
    SecretLineBreak,
    /// The key was the project's secret.
    ProjectSecret,
    /// The key was empty: a variable that is not set.
    EmptySecret,
    /// Only the body was signed.
    BodyAlone,
    /// Something else than the scheme's text was signed.
    OtherText(Scheme),
    /// The body is not the one that was signed.
    Body(BodyChange),
    /// There is no body.
    BodyEmpty,
    /// None of all this explains it.
    Mismatch,
}

impl Mistake {
    /// The word for it, for programs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::HeaderMissing(_) => "header_missing",
            Self::HeaderRepeated(_) => "header_repeated",
            Self::OtherScheme(_) => "other_scheme",
            Self::IdMalformed => "id_malformed",
            Self::TimestampMalformed(_) => "timestamp_malformed",
            Self::Milliseconds(_) => "milliseconds",
            Self::OutsideWindow(_) => "outside_window",
            Self::SignatureMalformed(_) => "signature_malformed",
            Self::PrefixMissing(_) => "prefix_missing",
            Self::Encoding(_) => "signature_encoding",
            Self::HexAsBytes => "hex_as_bytes",
            Self::WhsecAsText => "whsec_as_text",
            Self::OtherSecret(_) => "other_secret",
            Self::SecretLineBreak => "secret_line_break",
            Self::ProjectSecret => "project_secret",
            Self::EmptySecret => "empty_secret",
            Self::BodyAlone => "body_alone",
            Self::OtherText(_) => "other_text",
            Self::Body(BodyChange::LineBreak) => "body_line_break",
            Self::Body(BodyChange::Reserialized) => "body_reserialized",
            Self::Body(BodyChange::Wrapped) => "body_wrapped",
            Self::BodyEmpty => "body_empty",
            Self::Mismatch => "mismatch",
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::HeaderMissing(_) => {
                "give every header of the delivery with -H; a proxy may have dropped it on the way".to_owned()
            }
            Self::HeaderRepeated(name) => format!("give {name} once, as it came"),
            Self::OtherScheme(scheme) => format!("give its {} too, or that one alone", scheme.secret_name()),
            Self::IdMalformed => {
                "the service signs ID.TIMESTAMP.BODY, so that an id with a dot could be another text".to_owned()
            }
            Self::TimestampMalformed(_) | Self::Milliseconds(_) => {
                "the service sends whole unix seconds, ten digits, and signs that text".to_owned()
            }
            Self::OutsideWindow(age) if *age < 0 => "set the clocks; `--at TIME` verifies as of then".to_owned(),
            Self::OutsideWindow(_) => {
                "set the clocks, or look for what held it up; an old delivery is verified with `--at TIME`".to_owned()
            }
            Self::SignatureMalformed(scheme) | Self::PrefixMissing(scheme) | Self::Encoding(scheme) => match scheme {
                Scheme::V0 => "the service writes v0= and 64 hex digits".to_owned(),
                Scheme::Standard => "the service writes v1, and base64, several of them separated by blanks".to_owned(),
            },
            Self::HexAsBytes => "the key is the text of the secret: its 64 characters as they stand there".to_owned(),
            Self::WhsecAsText => "the key is what stands behind whsec_, decoded from base64".to_owned(),
            Self::OtherSecret(_) => {
                "the signingSecret belongs to X-Spectrum-Signature, the standardSigningSecret to webhook-signature"
                    .to_owned()
            }
            Self::SecretLineBreak => "trim the secret when it is read".to_owned(),
            Self::ProjectSecret => "a webhook has secrets of its own, shown when it is created".to_owned(),
            Self::EmptySecret => "refuse to start without a secret: who knows of it could sign anything".to_owned(),
            Self::BodyAlone | Self::OtherText(_) => {
                "v0 signs v0:TIMESTAMP:BODY, the standard scheme ID.TIMESTAMP.BODY".to_owned()
            }
            Self::Body(_) | Self::BodyEmpty => {
                "verify the raw bytes as they came, before anything reads or parses them".to_owned()
            }
            Self::Mismatch => "the secret is another webhook's or an old one, or the body was changed; \
                               `spectrum webhooks list` shows which there are"
                .to_owned(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderMissing(names) => {
                let verb = if names.len() == 1 { "is" } else { "are" };
                write!(f, "{} {verb} missing", names.join(", "))
            }
            Self::HeaderRepeated(name) => write!(f, "{name} is there twice, with different values"),
            Self::OtherScheme(scheme) => {
                write!(f, "the delivery is signed in the {scheme} scheme, whose {} was not given", scheme.secret_name())
            }
            Self::IdMalformed => write!(f, "{} has a dot, and an event's id has none", signature::STANDARD_ID),
            Self::TimestampMalformed(scheme) => {
                write!(f, "{} is no whole number of unix seconds", scheme.timestamp_header())
            }
            Self::Milliseconds(scheme) => {
                write!(f, "{} was taken in milliseconds, not in seconds", scheme.timestamp_header())
            }
            Self::OutsideWindow(age) => {
                let (seconds, side) = (age.unsigned_abs(), if *age < 0 { "after" } else { "before" });
                write!(f, "it was signed {seconds} s {side} the time of looking, outside the window of ±{WINDOW} s")?;
                let is_long = seconds >= 600;
                if is_long { write!(f, " ({})", time::show(std::time::Duration::from_secs(seconds))) } else { Ok(()) }
            }
            Self::SignatureMalformed(scheme) => write!(f, "{} holds no signature", scheme.signature_header()),
            Self::PrefixMissing(Scheme::V0) => {
                write!(f, "the prefix v0= is missing in {}", signature::SIGNATURE)
            }
            Self::PrefixMissing(Scheme::Standard) => {
                write!(f, "the prefix v1, is missing in {}", signature::STANDARD_SIGNATURE)
            }
            Self::Encoding(Scheme::V0) => write!(f, "{} is in base64, not in hex", signature::SIGNATURE),
            Self::Encoding(Scheme::Standard) => {
                write!(f, "{} is in hex or in the base64 of URLs, not in base64", signature::STANDARD_SIGNATURE)
            }
            Self::HexAsBytes => f.write_str("it was signed with the hex secret decoded to bytes"),
            Self::WhsecAsText => f.write_str("it was signed with the whsec_ secret used as text"),
            Self::OtherSecret(used) => {
                write!(f, "it was signed with the secret of the {used} scheme ({})", used.secret_name())
            }
            Self::SecretLineBreak => f.write_str("it was signed with the secret and a line break behind it"),
            Self::ProjectSecret => f.write_str("it was signed with the project's secret, or that is what was given"),
            Self::EmptySecret => f.write_str("it was signed with an empty secret"),
            Self::BodyAlone => f.write_str("only the body was signed, without the timestamp"),
            Self::OtherText(scheme) => write!(f, "another text was signed than the {scheme} scheme's"),
            Self::Body(BodyChange::LineBreak) => {
                f.write_str("the body is not the one that was signed: it has a line break (or blank) more or less")
            }
            Self::Body(BodyChange::Reserialized) => {
                f.write_str("the body is not the one that was signed: its JSON was re-serialised (parsed and written anew)")
            }
            Self::Body(BodyChange::Wrapped) => f.write_str(
                "the body is not the one that was signed: it is wrapped in base64 or a JSON string, or has a byte order mark",
            ),
            Self::BodyEmpty => f.write_str("the body is empty"),
            Self::Mismatch => f.write_str("the signature does not fit, and no usual mistake explains it"),
        }
    }
}

/// A delivery whose signature does not fit.
#[derive(Debug, Clone, Copy)]
pub struct Suspect<'a> {
    /// The scheme it is signed in.
    pub scheme: Scheme,
    /// The event's id, where it has one.
    pub id: &'a str,
    /// The timestamp as it stands in the header.
    pub timestamp: &'a str,
    /// The body as it came.
    pub body: &'a [u8],
    /// The signatures, each of 32 bytes.
    pub tags: &'a [Vec<u8>],
}

/// Tries one mistake, then two at once; the first that explain a signature, none when none do.
pub fn find(suspect: &Suspect<'_>, secrets: &Secrets, project: Option<&Secret>) -> Vec<Mistake> {
    let keys = keys(suspect.scheme, secrets, project);
    let texts = texts(suspect);
    let bodies = body_forms::before(suspect.body);
    let most: usize = if suspect.body.len() > TWO_MISTAKES_UP_TO { 1 } else { 2 };
    for mistakes in 0..=most {
        for (key_cause, key) in &keys {
            for (text_cause, text) in &texts {
                let own = usize::from(key_cause.is_some()) + usize::from(text_cause.is_some());
                // The body as it is makes no mistake more, any other makes one.
                let fits = |body: &[u8]| suspect.tags.iter().any(|tag| key.fits(&text.with(body), tag));
                let body_cause = match mistakes.checked_sub(own) {
                    Some(0) => fits(suspect.body).then_some(None),
                    Some(1) => {
                        bodies.iter().find(|(_, form)| fits(form)).map(|(change, _)| Some(Mistake::Body(*change)))
                    }
                    _ => None,
                };
                if let Some(body_cause) = body_cause {
                    return [key_cause.clone(), text_cause.clone(), body_cause].into_iter().flatten().collect();
                }
            }
        }
    }
    Vec::new()
}

/// The right keys of a scheme, and those that people take instead.
fn keys(scheme: Scheme, secrets: &Secrets, project: Option<&Secret>) -> Vec<(Option<Mistake>, SigningKey)> {
    let mut keys = Vec::new();
    let mut add = |cause, bytes: Vec<u8>| keys.push((Some(cause), SigningKey::from_bytes(&bytes)));
    for other in Scheme::ALL {
        // Under its own scheme a secret was read wrongly; under the other it was the wrong one.
        let cause = |own: Mistake| if other == scheme { own } else { Mistake::OtherSecret(other) };
        for secret in secrets.of(other) {
            let text = secret.text.expose();
            match other {
                Scheme::V0 => {
                    signature::unhex(text).into_iter().for_each(|bytes| add(cause(Mistake::HexAsBytes), bytes));
                    if other != scheme {
                        add(Mistake::OtherSecret(other), text.as_bytes().to_vec());
                        BASE64.decode(text).into_iter().for_each(|bytes| add(Mistake::OtherSecret(other), bytes));
                    }
                }
                Scheme::Standard => {
                    let bare = text.strip_prefix(STANDARD_PREFIX).unwrap_or(text);
                    for text in [text, bare] {
                        add(Mistake::WhsecAsText, text.as_bytes().to_vec());
                    }
                    if other != scheme {
                        BASE64.decode(bare).into_iter().for_each(|bytes| add(Mistake::OtherSecret(other), bytes));
                    }
                }
            }
            for end in ["\n", "\r\n"] {
                add(Mistake::SecretLineBreak, format!("{text}{end}").into_bytes());
            }
        }
    }
    project.into_iter().for_each(|secret| add(Mistake::ProjectSecret, secret.expose().as_bytes().to_vec()));
    add(Mistake::EmptySecret, Vec::new());
    let right = secrets.of(scheme).iter().map(|secret| (None, secret.key.clone()));
    right.chain(keys).collect()
}

/// A text to sign, without its body.
struct SignedText(Vec<u8>);

impl SignedText {
    fn with(&self, body: &[u8]) -> Vec<u8> {
        [&self.0, body].concat()
    }
}

/// The right text of a scheme, and those that people sign instead.
fn texts(suspect: &Suspect<'_>) -> Vec<(Option<Mistake>, SignedText)> {
    let Suspect { scheme, id, timestamp, .. } = *suspect;
    let of = |scheme: Scheme, timestamp: &str| SignedText(scheme.signed_text(id, timestamp, b""));
    let mut texts = vec![(None, of(scheme, timestamp))];
    if let Some(seconds) = timestamp.strip_suffix("000").filter(|seconds| seconds.len() >= 10) {
        texts.push((Some(Mistake::Milliseconds(scheme)), of(scheme, seconds)));
    } else if let Some((seconds, _)) = timestamp.split_at_checked(10).filter(|(_, rest)| rest.len() == 3) {
        texts.push((Some(Mistake::Milliseconds(scheme)), of(scheme, seconds)));
    }
    texts.push((Some(Mistake::Milliseconds(scheme)), of(scheme, &format!("{timestamp}000"))));
    texts.push((Some(Mistake::BodyAlone), SignedText(Vec::new())));
    let other = match scheme {
        Scheme::V0 => Scheme::Standard,
        Scheme::Standard => Scheme::V0,
    };
    for text in [
        of(other, timestamp),
        SignedText(format!("{timestamp}.").into()),
        SignedText(format!("{timestamp}:").into()),
        SignedText(timestamp.into()),
    ] {
        texts.push((Some(Mistake::OtherText(scheme)), text));
    }
    texts
}
