//! `webhooks verify`: whether a delivery is the service's, and what is wrong where it is not.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::mistakes::Mistake;
use super::received::{Headers, SignatureMatch, Unverified, Verifier};
use super::secret_file::SecretInArgs;
use super::signature::{self, Scheme};
use crate::failure::{Code, Exit, Failure};
use crate::output::Column;
use crate::output::format::OutputFormat;
use crate::session::Session;

/// Examples and what is checked.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum webhooks verify --secret-file hook.env \\
      --body body.json --at \"$TIME\" \\
      -H \"X-Spectrum-Timestamp: $TIME\" \\
      -H \"X-Spectrum-Signature: $SIGNATURE\"
  spectrum webhooks verify --secret-stdin \\
      --body body.json --at \"$TIME\" \\
      -H \"webhook-id: $ID\" \\
      -H \"webhook-timestamp: $TIME\" \\
      -H \"webhook-signature: $STANDARD\" < hook.env

Nothing is sent. The body has to be the raw bytes as they came. A delivery is
too old or too early by more than 300 seconds; --at looks at it as of then.
Exit codes: 7 it is not the service's, with the cause found by trying.";

/// The largest body that is read; receivers refuse far smaller ones.
const LARGEST_BODY: u64 = 64 * 1024 * 1024;
/// The largest number that is taken for unix seconds: later are milliseconds.
const LAST_SECOND: i64 = 99_999_999_999;

/// What was found.
pub const VERIFIED: [Column; 14] = [
    Column::shown("verified", "VERIFIED", 0, true),
    Column::shown("scheme", "SCHEME", 1, true),
    Column::shown("secret", "SECRET", 1, true),
    Column::shown("ageSeconds", "AGE (S)", 1, true),
    Column::shown("event", "EVENT", 1, false),
    Column::shown("sender", "SENDER", 1, false),
    Column::on_request("cause", "CAUSE"),
    Column::on_request("causes", "CAUSES"),
    Column::on_request("schemes", "SCHEMES"),
    Column::on_request("signature", "SIGNATURE"),
    Column::on_request("signedAt", "SIGNED AT"),
    Column::on_request("id", "MESSAGE ID"),
    Column::on_request("webhookId", "WEBHOOK ID"),
    Column::on_request("eventId", "EVENT ID"),
];

/// Check the signature of a delivery, and say what is wrong with it
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The webhook's secrets
    #[command(flatten)]
    pub secret: SecretInArgs,
    /// A header of the delivery as it came; give them all
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", required = true)]
    pub headers: Vec<String>,
    /// The body as it came, - for standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub body: PathBuf,
    /// How it has to be signed
    #[arg(long, value_enum, default_value = "auto", hide_possible_values = true, value_name = "auto|v0|standard")]
    pub scheme: Signed,
    /// As of when: unix seconds or ISO 8601 [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub at: Option<i64>,
}

/// In which scheme a delivery has to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Signed {
    /// In one whose secret and headers are there.
    Auto,
    /// `X-Spectrum-Signature`.
    V0,
    /// `webhook-signature`.
    Standard,
}

impl Signed {
    fn only(self) -> Option<Scheme> {
        match self {
            Self::Auto => None,
            Self::V0 => Some(Scheme::V0),
            Self::Standard => Some(Scheme::Standard),
        }
    }
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    verified: bool,
    /// What matters most of what is wrong.
    cause: Option<&'static str>,
    causes: Vec<&'static str>,
    scheme: Option<&'static str>,
    /// The API's name of the secret that fits.
    secret: Option<&'static str>,
    /// Every scheme that fits.
    schemes: Vec<&'static str>,
    /// Which of the header's signatures fits, from 1.
    signature: Option<usize>,
    age_seconds: Option<i64>,
    signed_at: Option<String>,
    event: Option<String>,
    sender: Option<String>,
    /// The message's.
    id: Option<String>,
    webhook_id: Option<String>,
    event_id: Option<String>,
}

/// Verifies a delivery.
///
/// # Errors
/// Invalid input, when something cannot be read; rejected, when the delivery is not the service's, or not in time.
pub fn verify(args: &VerifyArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&VERIFIED)?;
    if args.body == Path::new("-") {
        if args.secret.secret_stdin {
            return Err(Failure::new(Code::Usage, "--secret-stdin and the body both want standard input")
                .hint("name the body's file with `--body FILE`"));
        }
        if session.environment.stdin_is_terminal && args.secret.secret_file.is_some() {
            return Err(Failure::new(Code::Usage, "there is no body on standard input")
                .hint("name its file with `--body FILE`, or pipe it in: what is typed is not what came"));
        }
    }
    let secrets = args.secret.read(args.scheme.only(), session)?;
    let mut headers = Headers::default();
    for line in &args.headers {
        headers.add(line).map_err(|reason| Failure::new(Code::Usage, format!("-H: {reason}")))?;
    }
    let body = read_body(&args.body)?;
    let at = args.at.unwrap_or_else(|| Timestamp::now().as_second());
    let verifier =
        Verifier { secrets: &secrets, project: session.settings.written_secret(), only: args.scheme.only(), at };
    let result = verifier.verify(&headers, &body);
    let json = serde_json::from_slice::<Value>(&body);
    let mut record = Verified::of(&headers, json.as_ref().ok(), session);
    match result {
        Ok((matches, refusals)) => {
            record.accept(&matches, at);
            remark(&headers, json.as_ref().map_err(ToString::to_string), &refusals, session);
            // A body without an id has none to print.
            if session.out.format() != OutputFormat::Id || record.id.is_some() {
                session.out.one_of_ours(&VERIFIED, &record)?;
            }
            Ok(Exit::Done)
        }
        Err(refusal) => {
            record.refuse(&refusal, at);
            // A person is told once, a program reads the cause where it reads the rest.
            if !matches!(session.out.format(), OutputFormat::Table | OutputFormat::Id) {
                session.out.one_of_ours(&VERIFIED, &record)?;
            }
            Err(rejected(&refusal, &headers))
        }
    }
}

impl Verified {
    /// What a delivery says of itself, in either schema; it may repeat a secret.
    fn of(headers: &Headers, json: Option<&Value>, session: &Session) -> Self {
        let shown = |text: &str| session.out.redact(text).into_owned();
        let header = |name| headers.get(name).map(shown);
        let body = |way: &str| json?.pointer(way)?.as_str().map(shown);
        Self {
            event: body("/event").or_else(|| body("/type")),
            sender: body("/message/sender/id"),
            id: body("/message/id"),
            webhook_id: header(signature::WEBHOOK_ID),
            event_id: header(signature::STANDARD_ID).or_else(|| body("/eventId")),
            ..Self::default()
        }
    }

    fn accept(&mut self, matches: &[SignatureMatch], at: i64) {
        self.verified = true;
        self.schemes = matches.iter().map(|fitting| fitting.scheme.as_str()).collect();
        if let Some(first) = matches.first() {
            self.scheme = Some(first.scheme.as_str());
            self.secret = Some(first.scheme.secret_name());
            self.signature = Some(first.signature.0);
            self.sign(first.timestamp, at);
        }
    }

    fn refuse(&mut self, refusal: &Unverified, at: i64) {
        self.causes = refusal.causes.iter().map(Mistake::as_str).collect();
        self.cause = self.causes.first().copied();
        self.scheme = refusal.scheme.map(Scheme::as_str);
        if let Some(timestamp) = refusal.timestamp {
            self.sign(timestamp, at);
        }
    }

    fn sign(&mut self, timestamp: i64, at: i64) {
        self.age_seconds = Some(at.saturating_sub(timestamp));
        self.signed_at = Timestamp::from_second(timestamp).ok().map(|time| time.to_string());
    }
}

/// What deserves a look although the signature fits.
fn remark(headers: &Headers, json: Result<&Value, String>, refusals: &[Unverified], session: &Session) {
    let out = &session.out;
    for refusal in refusals {
        if let (Some(scheme), Some(cause)) = (refusal.scheme, refusal.causes.first()) {
            out.warn(format!("the {scheme} signature does not verify: {cause}"));
        }
    }
    match json {
        Err(error) => out.warn(format!("the signature fits, but the body is not JSON ({error})")),
        Ok(json) => {
            let said = json.pointer("/event").and_then(Value::as_str);
            if let (Some(named), Some(said)) = (headers.get(signature::EVENT), said)
                && named != said
            {
                out.warn(format!("{} says {named:?}, and the body {said:?}", signature::EVENT));
            }
        }
    }
    let Some(v0) = headers.get(signature::SIGNATURE) else { return };
    if v0.contains(|c: char| c.is_ascii_uppercase()) {
        out.warn("the signature is in upper case; many handlers compare it as text and refuse it");
    }
    for name in [signature::EVENT, signature::WEBHOOK_ID] {
        if headers.get(name).is_none() {
            out.warn(format!("{name} was not given; it is not signed, but some handlers refuse a delivery without it"));
        }
    }
}

fn rejected(refusal: &Unverified, headers: &Headers) -> Failure {
    let mut causes = refusal.causes.iter();
    let first = causes.next().unwrap_or(&Mistake::Mismatch);
    let mut failure = Failure::new(Code::Rejected, format!("not verified: {first}")).hint(first.advice());
    for cause in causes {
        failure = failure.context(format!("also: {cause}"));
    }
    if matches!(first, Mistake::HeaderMissing(_)) {
        // What others invented, or another service sends.
        let is_signature = |name: &&str| name.to_ascii_lowercase().contains("signature");
        let is_known =
            |name: &str| Scheme::ALL.iter().any(|scheme| name.eq_ignore_ascii_case(scheme.signature_header()));
        for name in headers.names().filter(is_signature).filter(|name| !is_known(name)) {
            failure = failure.context(format!("{name} is no header of the service"));
        }
    }
    failure
}

/// Reads a body, whatever bytes it has.
///
/// # Errors
/// Invalid input, when it cannot be read or is too large.
pub fn read_body(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(LARGEST_BODY + 1).read_to_end(&mut body)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST_BODY + 1).read_to_end(&mut body))
    };
    let place = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let read =
        read.map_err(|error| Failure::new(Code::InvalidInput, format!("cannot read the body from {place}: {error}")))?;
    if read as u64 > LARGEST_BODY {
        let message = format!("the body from {place} is larger than {} MiB", LARGEST_BODY >> 20);
        return Err(Failure::new(Code::InvalidInput, message));
    }
    Ok(body)
}

/// A point in time: unix seconds, or ISO 8601 with its offset.
fn parse_time(text: &str) -> Result<i64, String> {
    const FORM: &str = "write unix seconds (1798761600) or ISO 8601 with an offset (2026-12-31T23:59:58Z)";
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse::<i64>() {
            Ok(seconds) if seconds <= LAST_SECOND => Ok(seconds),
            _ => Err(format!("{text:?} is too late for seconds; milliseconds have three digits more; {FORM}")),
        };
    }
    let time: Timestamp = text.parse().map_err(|_| format!("{text:?} is no point in time; {FORM}"))?;
    Ok(time.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_seconds_or_iso_8601() {
        for text in [
            "1798761600",
            " 1798761600 ",
            "2027-01-01T00:00:00Z",
            "2027-01-01T00:00:00.999Z",
            "2027-01-01 01:00:00+01:00",
        ] {
            assert_eq!(parse_time(text), Ok(1_798_761_600), "{text}");
        }
        for text in
            ["", "now", "-1", "1798761600000", "99999999999999999999", "2027-01-01", "2027-01-01T00:00:00", "1.5"]
        {
            assert!(parse_time(text).unwrap_err().contains("write unix seconds"), "{text}");
        }
    }
}
