//! A delivery as it arrived, and whether it is the service's.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::mistakes::{self, Mistake, Suspect};
use super::secret_file::Secrets;
use super::signature::{self, STANDARD_MARK, Scheme, TAG_LENGTH, V0_MARK, WINDOW};
use crate::secrets::credentials::Secret;

/// Signatures that are looked at in one header; a rotation has two.
const MOST_SIGNATURES: usize = 16;
/// A number this large is no time in seconds: it would be the year 5138.
const FIRST_MILLISECONDS: u64 = 100_000_000_000;

/// Headers, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Adds one as a line, `Name: value`.
    ///
    /// # Errors
    /// What to write instead; without the line, which may hold anything.
    pub fn add(&mut self, line: &str) -> Result<(), &'static str> {
        const FORM: &str = "a header is written as 'Name: value'";
        let (name, value) = line.split_once(':').ok_or(FORM)?;
        let name = name.trim();
        // RFC 9110: a token.
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(FORM);
        }
        self.0.push((name.to_owned(), value.trim().to_owned()));
        Ok(())
    }

    /// A header's value, whatever the case of its name; the first where it is there several times.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Whether any header of a scheme is there.
    fn has_any(&self, scheme: Scheme) -> bool {
        scheme.headers().iter().any(|name| self.get(name).is_some())
    }
}

/// What to verify a delivery with.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    /// The secrets of the registration.
    pub secrets: &'a Secrets,
    /// The project's own secret, which some take for the webhook's.
    pub project: Option<&'a Secret>,
    /// The scheme that was asked for.
    pub only: Option<Scheme>,
    /// As of when, in unix seconds.
    pub at: i64,
}

/// A signature that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureMatch {
    /// In which scheme.
    pub scheme: Scheme,
    /// Which of its secrets, from 1.
    pub secret: usize,
    /// Which of the header's signatures, from 1, and of how many.
    pub signature: (usize, usize),
    /// When it was signed, in unix seconds.
    pub timestamp: i64,
}

/// Why it is not the service's, or not now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified {
    /// In which scheme.
    pub scheme: Option<Scheme>,
    /// What is wrong; never empty, what matters most first.
    pub causes: Vec<Mistake>,
    /// When it says that it was signed, in unix seconds.
    pub timestamp: Option<i64>,
}

impl Verifier<'_> {
    /// Verifies a delivery: the signatures that fit, and why others do not. One that fits is enough.
    ///
    /// # Errors
    /// Why none fits: for the scheme about which most is known.
    pub fn verify(&self, headers: &Headers, body: &[u8]) -> Result<(Vec<SignatureMatch>, Vec<Unverified>), Unverified> {
        let asked = |scheme: &Scheme| self.only.is_none_or(|only| only == *scheme);
        let schemes: Vec<Scheme> = Scheme::ALL.into_iter().filter(asked).collect();
        let signed: Vec<Scheme> = schemes.iter().copied().filter(|scheme| headers.has_any(*scheme)).collect();
        if signed.is_empty() {
            // Those of the scheme whose secret is there.
            let with_secret = |scheme: &&Scheme| !self.secrets.of(**scheme).is_empty();
            let missing = schemes.iter().filter(with_secret).flat_map(|scheme| scheme.headers()).copied().collect();
            return Err(Unverified { scheme: None, causes: vec![Mistake::HeaderMissing(missing)], timestamp: None });
        }
        let (mut matches, mut refusals) = (Vec::new(), Vec::new());
        for scheme in signed {
            match self.examine(scheme, headers, body) {
                Ok(fitting) => matches.push(fitting),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if !matches.is_empty() {
            // A scheme whose secret is not there says nothing against the other one.
            refusals.retain(|refusal| !matches!(refusal.causes[..], [Mistake::OtherScheme(_)]));
            return Ok((matches, refusals));
        }
        let knows = |refusal: &Unverified| match refusal.causes.first() {
            None => 3,
            Some(Mistake::OtherScheme(_)) => 2,
            Some(Mistake::Mismatch | Mistake::HeaderMissing(_)) => 1,
            Some(_) => 0,
        };
        let none = Unverified { scheme: None, causes: vec![Mistake::Mismatch], timestamp: None };
        Err(refusals.into_iter().min_by_key(knows).unwrap_or(none))
    }

    /// Verifies one scheme.
    fn examine(&self, scheme: Scheme, headers: &Headers, body: &[u8]) -> Result<SignatureMatch, Unverified> {
        let refuse = |causes, timestamp| Unverified { scheme: Some(scheme), causes, timestamp };
        for name in scheme.headers() {
            let mut all = headers.all(name);
            let first = all.next();
            if all.any(|other| Some(other) != first) {
                return Err(refuse(vec![Mistake::HeaderRepeated(name)], None));
            }
        }
        let is_missing = |name: &&&str| headers.get(name).is_none_or(str::is_empty);
        let missing: Vec<&str> = scheme.headers().iter().filter(is_missing).copied().collect();
        if !missing.is_empty() {
            return Err(refuse(vec![Mistake::HeaderMissing(missing)], None));
        }
        let value = |name| headers.get(name).unwrap_or_default();
        let (id, text) = (value(signature::STANDARD_ID), value(scheme.timestamp_header()));
        if scheme == Scheme::Standard && id.contains('.') {
            return Err(refuse(vec![Mistake::IdMalformed], None));
        }
        let number = if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse::<u64>().ok() } else { None };
        let Some(number) = number.filter(|number| i64::try_from(*number).is_ok()) else {
            return Err(refuse(vec![Mistake::TimestampMalformed(scheme)], None));
        };
        let is_milliseconds = number >= FIRST_MILLISECONDS;
        let timestamp = i64::try_from(if is_milliseconds { number / 1000 } else { number }).unwrap_or(i64::MAX);
        let Some(claim) = Claim::read(scheme, value(scheme.signature_header())) else {
            return Err(refuse(vec![Mistake::SignatureMalformed(scheme)], Some(timestamp)));
        };
        let mut causes = claim.cause.clone().into_iter().collect::<Vec<_>>();
        let fitting = self.fitting(scheme, &scheme.signed_text(id, text, body), &claim);
        if fitting.is_none() {
            let suspect = Suspect { scheme, id, timestamp: text, body, tags: &claim.tags };
            let found = mistakes::find(&suspect, self.secrets, self.project);
            match found.is_empty() {
                false => causes.extend(found),
                true if self.secrets.of(scheme).is_empty() => {
                    return Err(refuse(vec![Mistake::OtherScheme(scheme)], Some(timestamp)));
                }
                true => causes.push(self.unexplained(scheme, body)),
            }
        }
        if is_milliseconds && !causes.contains(&Mistake::Milliseconds(scheme)) {
            causes.push(Mistake::Milliseconds(scheme));
        }
        let age = self.at.saturating_sub(timestamp);
        if age.unsigned_abs() > WINDOW {
            causes.push(Mistake::OutsideWindow(age));
        }
        match fitting {
            Some((secret, signature)) if causes.is_empty() => {
                Ok(SignatureMatch { scheme, secret, signature: (signature, claim.tags.len()), timestamp })
            }
            _ => Err(refuse(causes, Some(timestamp))),
        }
    }

    /// Which secret and which signature fit, each from 1.
    fn fitting(&self, scheme: Scheme, text: &[u8], claim: &Claim) -> Option<(usize, usize)> {
        let secrets = self.secrets.of(scheme).iter().enumerate();
        let mut pairs = secrets.flat_map(|(secret, one)| {
            claim.tags.iter().enumerate().map(move |(signature, tag)| (secret + 1, signature + 1, &one.key, tag))
        });
        let (secret, signature, ..) = pairs.find(|(_, _, key, tag)| key.fits(text, tag))?;
        Some((secret, signature))
    }

    fn unexplained(&self, scheme: Scheme, body: &[u8]) -> Mistake {
        let given = self.secrets.of(scheme).iter().any(|secret| Some(&secret.text) == self.project);
        match (given, body.is_empty()) {
            (true, _) => Mistake::ProjectSecret,
            (false, true) => Mistake::BodyEmpty,
            (false, false) => Mistake::Mismatch,
        }
    }
}

/// The signatures of a header.
struct Claim {
    tags: Vec<Vec<u8>>,
    /// What is wrong with how they are written.
    cause: Option<Mistake>,
}

impl Claim {
    /// Reads a header's value; none when nothing in it could be a signature.
    fn read(scheme: Scheme, value: &str) -> Option<Self> {
        let parts: Vec<&str> = match scheme {
            Scheme::V0 => vec![value],
            Scheme::Standard => value.split_ascii_whitespace().take(MOST_SIGNATURES).collect(),
        };
        let hex = |text: &str| signature::unhex(text).filter(|tag| tag.len() == TAG_LENGTH);
        let base64 = |text: &str| BASE64.decode(text).ok().filter(|tag| tag.len() == TAG_LENGTH);
        let like_base64 = |text: &str| {
            let engines = [BASE64, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
            engines.iter().find_map(|engine| engine.decode(text).ok().filter(|tag| tag.len() == TAG_LENGTH))
        };
        let right = |part: &&str| match scheme {
            Scheme::V0 => hex(part.strip_prefix(V0_MARK)?),
            Scheme::Standard => base64(part.strip_prefix(STANDARD_MARK)?),
        };
        // Signatures of versions that nobody here knows stand beside the known ones.
        let tags: Vec<Vec<u8>> = parts.iter().filter_map(right).collect();
        if !tags.is_empty() {
            return Some(Self { tags, cause: None });
        }
        for part in parts {
            let (mark, other_encoding) = match scheme {
                Scheme::V0 => (V0_MARK, part.strip_prefix(V0_MARK).and_then(like_base64)),
                Scheme::Standard => (
                    STANDARD_MARK,
                    part.strip_prefix(STANDARD_MARK).and_then(|text| hex(text).or_else(|| like_base64(text))),
                ),
            };
            if let Some(tag) = other_encoding {
                return Some(Self { tags: vec![tag], cause: Some(Mistake::Encoding(scheme)) });
            }
            // Bare, or behind a mark of another kind: sha256=, v1=.
            let bare = match part.split_once(['=', ',']) {
                Some((other, rest))
                    if !part.starts_with(mark) && !rest.trim_matches('=').is_empty() && other.len() < 10 =>
                {
                    rest
                }
                _ => part,
            };
            if let Some(tag) = hex(bare).or_else(|| like_base64(bare)) {
                return Some(Self { tags: vec![tag], cause: Some(Mistake::PrefixMissing(scheme)) });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::nouns::webhooks::body_forms::BodyChange;
    use crate::nouns::webhooks::signature::{self, SigningKey, SigningKeys, Unsigned, vectors};

    const OTHER_STANDARD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const PROJECT: &str = "sk-project";

    fn secrets() -> Secrets {
        let text = [
            format!("SPECTRUM_WEBHOOK_SECRET={}", vectors::V0_SECRET),
            format!("SPECTRUM_WEBHOOK_STANDARD_SECRET={}", vectors::STANDARD_SECRET),
        ];
        Secrets::parse(&text.join("\n"), None).unwrap()
    }

    fn headers(lines: &[(&str, &str)]) -> Headers {
        Headers(lines.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn v0(timestamp: &str, signature: &str) -> Headers {
        headers(&[(signature::TIMESTAMP, timestamp), (signature::SIGNATURE, signature)])
    }

    fn standard(timestamp: &str, signature: &str) -> Headers {
        headers(&[
            (signature::STANDARD_ID, vectors::EVENT_ID),
            (signature::STANDARD_TIMESTAMP, timestamp),
            (signature::STANDARD_SIGNATURE, signature),
        ])
    }

    const NOW: &str = "1798761600";

    fn verify_at(at: i64, secrets: &Secrets, headers: &Headers, body: &[u8]) -> Result<SignatureMatch, Unverified> {
        let project = Secret::new(PROJECT);
        let verifier = Verifier { secrets, project: project.as_ref(), only: None, at };
        verifier.verify(headers, body).map(|(mut matches, _)| matches.remove(0))
    }

    fn verify(headers: &Headers, body: &[u8]) -> Result<SignatureMatch, Unverified> {
        verify_at(vectors::TIMESTAMP, &secrets(), headers, body)
    }

    /// Why a delivery is refused.
    #[track_caller]
    fn causes(headers: &Headers, body: &[u8]) -> Vec<Mistake> {
        verify(headers, body).unwrap_err().causes
    }

    #[test]
    fn the_vectors_verify_in_each_scheme() {
        for (headers, body, scheme) in [
            (v0(NOW, vectors::V1_V0), vectors::V1, Scheme::V0),
            (standard(NOW, vectors::V1_STANDARD), vectors::V1, Scheme::Standard),
            (standard(NOW, vectors::V2_STANDARD), vectors::V2, Scheme::Standard),
        ] {
            let fitting = verify(&headers, body).unwrap();
            assert_eq!(fitting, SignatureMatch { scheme, secret: 1, signature: (1, 1), timestamp: vectors::TIMESTAMP });
        }
    }

    #[test]
    fn what_must_be_refused_is_refused_with_its_cause() {
        assert_eq!(causes(&v0(NOW, vectors::V1_HEX_AS_BYTES), vectors::V1), [Mistake::HexAsBytes]);
        assert_eq!(causes(&standard(NOW, vectors::V1_WHSEC_AS_TEXT), vectors::V1), [Mistake::WhsecAsText]);
    }

    #[test]
    fn the_window_has_its_edge_on_both_sides() {
        let headers = v0(NOW, vectors::V1_V0);
        for away in [-300, 0, 300] {
            assert!(verify_at(vectors::TIMESTAMP + away, &secrets(), &headers, vectors::V1).is_ok(), "{away}");
        }
        for away in [-301, 301, i64::MAX - vectors::TIMESTAMP] {
            let refusal = verify_at(vectors::TIMESTAMP + away, &secrets(), &headers, vectors::V1).unwrap_err();
            assert_eq!(refusal.causes, [Mistake::OutsideWindow(away)]);
            assert_eq!(refusal.timestamp, Some(vectors::TIMESTAMP));
        }
    }

    #[test]
    fn a_rotation_has_two_signatures_and_two_secrets() {
        let old = SigningKey::standard(OTHER_STANDARD).unwrap();
        let text = Scheme::Standard.signed_text(vectors::EVENT_ID, NOW, vectors::V1);
        let stale = format!("v1,{}", BASE64.encode(old.sign(&text)));
        for (signatures, which) in [
            (format!("{stale} {}", vectors::V1_STANDARD), (2, 2)),
            (format!("{} {stale}", vectors::V1_STANDARD), (1, 2)),
            (format!("v1a,AAAA {}", vectors::V1_STANDARD), (1, 1)),
        ] {
            assert_eq!(verify(&standard(NOW, &signatures), vectors::V1).unwrap().signature, which);
        }
        let mut both = secrets();
        let other = format!("SPECTRUM_WEBHOOK_STANDARD_SECRET={OTHER_STANDARD}");
        both.standard.extend(Secrets::parse(&other, None).unwrap().standard);
        let headers = standard(NOW, &stale);
        assert_eq!(verify_at(vectors::TIMESTAMP, &both, &headers, vectors::V1).unwrap().secret, 2);
        assert_eq!(causes(&headers, vectors::V1), [Mistake::Mismatch]);
    }

    /// A v0 header that was made with this key over this text.
    fn made(key: &[u8], text: &[u8]) -> String {
        format!("v0={}", signature::hex(SigningKey::from_bytes(key).sign(text).as_ref()))
    }

    /// A standard header that was made with this key over this text.
    fn made_standard(key: &[u8], text: &[u8]) -> String {
        format!("v1,{}", BASE64.encode(SigningKey::from_bytes(key).sign(text)))
    }

    #[test]
    fn every_wrong_key_is_told() {
        let text = Scheme::V0.signed_text("", NOW, vectors::V1);
        let standard_text = Scheme::Standard.signed_text(vectors::EVENT_ID, NOW, vectors::V1);
        let whsec = vectors::STANDARD_SECRET;
        let bare = whsec.strip_prefix("whsec_").unwrap();
        let decoded = BASE64.decode(bare).unwrap();
        let line = format!("{}\n", vectors::V0_SECRET);
        for (key, cause) in [
            (&decoded[..], Mistake::OtherSecret(Scheme::Standard)),
            (whsec.as_bytes(), Mistake::WhsecAsText),
            (line.as_bytes(), Mistake::SecretLineBreak),
            (PROJECT.as_bytes(), Mistake::ProjectSecret),
            (b"", Mistake::EmptySecret),
            (b"another", Mistake::Mismatch),
        ] {
            assert_eq!(causes(&v0(NOW, &made(key, &text)), vectors::V1), [cause]);
        }
        let unhexed = signature::unhex(vectors::V0_SECRET).unwrap();
        for (key, cause) in [
            (bare.as_bytes(), Mistake::WhsecAsText),
            (vectors::V0_SECRET.as_bytes(), Mistake::OtherSecret(Scheme::V0)),
            (&unhexed[..], Mistake::OtherSecret(Scheme::V0)),
            (b"", Mistake::EmptySecret),
        ] {
            assert_eq!(causes(&standard(NOW, &made_standard(key, &standard_text)), vectors::V1), [cause]);
        }
        let project = Secrets::parse(PROJECT, None).unwrap();
        let refusal = verify_at(vectors::TIMESTAMP, &project, &v0(NOW, vectors::V1_V0), vectors::V1).unwrap_err();
        assert_eq!(refusal.causes, [Mistake::ProjectSecret]);
    }

    #[test]
    fn every_wrong_text_is_told() {
        let key = vectors::V0_SECRET.as_bytes();
        let of = |head: &str| made(key, &[head.as_bytes(), vectors::V1].concat());
        let other = Mistake::OtherText(Scheme::V0);
        for (head, cause) in [
            ("", Mistake::BodyAlone),
            ("1798761600.", other.clone()),
            ("1798761600:", other.clone()),
            ("v0:1798761600000:", Mistake::Milliseconds(Scheme::V0)),
        ] {
            assert_eq!(causes(&v0(NOW, &of(head)), vectors::V1), [cause], "{head}");
        }
    }

    #[test]
    fn milliseconds_are_told_whatever_was_signed() {
        let key = vectors::V0_SECRET.as_bytes();
        for (timestamp, signature) in [
            ("1798761600000", vectors::V1_V0.to_owned()),
            ("1798761600000", made(key, &Scheme::V0.signed_text("", "1798761600000", vectors::V1))),
            ("1798761600123", vectors::V1_V0.to_owned()),
        ] {
            assert_eq!(
                causes(&v0(timestamp, &signature), vectors::V1),
                [Mistake::Milliseconds(Scheme::V0)],
                "{timestamp}"
            );
        }
        assert_eq!(
            causes(&standard("1798761600000", vectors::V1_STANDARD), vectors::V1),
            [Mistake::Milliseconds(Scheme::Standard)]
        );
    }

    #[test]
    fn a_changed_body_is_told_by_its_change() {
        let pretty =
            serde_json::to_vec_pretty(&serde_json::from_slice::<serde_json::Value>(vectors::V1).unwrap()).unwrap();
        for (body, change) in [
            ([vectors::V1, b"\n"].concat(), BodyChange::LineBreak),
            (pretty, BodyChange::Reserialized),
            (BASE64.encode(vectors::V1).into_bytes(), BodyChange::Wrapped),
        ] {
            for headers in [v0(NOW, vectors::V1_V0), standard(NOW, vectors::V1_STANDARD)] {
                assert_eq!(causes(&headers, &body), [Mistake::Body(change)]);
            }
        }
        assert_eq!(causes(&v0(NOW, vectors::V1_V0), b""), [Mistake::BodyEmpty]);
        assert_eq!(causes(&v0(NOW, vectors::V1_V0), b"{}"), [Mistake::Mismatch]);
    }

    #[test]
    fn two_mistakes_are_told_together() {
        let body = [vectors::V1, b"\n"].concat();
        assert_eq!(
            causes(&v0(NOW, vectors::V1_HEX_AS_BYTES), &body),
            [Mistake::HexAsBytes, Mistake::Body(BodyChange::LineBreak)]
        );
        let refusal = verify_at(vectors::TIMESTAMP + 400, &secrets(), &v0(NOW, vectors::V1_HEX_AS_BYTES), vectors::V1);
        assert_eq!(refusal.unwrap_err().causes, [Mistake::HexAsBytes, Mistake::OutsideWindow(400)]);
    }

    #[test]
    fn signatures_in_another_form_are_told() {
        let hex = vectors::V1_V0.strip_prefix("v0=").unwrap();
        let tag = signature::unhex(hex).unwrap();
        let prefix = Mistake::PrefixMissing(Scheme::V0);
        for (signature, cause) in [
            (hex.to_owned(), prefix.clone()),
            (format!("sha256={hex}"), prefix),
            (format!("v0={}", BASE64.encode(&tag)), Mistake::Encoding(Scheme::V0)),
            ("v0=".to_owned(), Mistake::SignatureMalformed(Scheme::V0)),
            (format!("v0={}", &hex[2..]), Mistake::SignatureMalformed(Scheme::V0)),
            (format!("v0={hex}00"), Mistake::SignatureMalformed(Scheme::V0)),
            ("é".repeat(64), Mistake::SignatureMalformed(Scheme::V0)),
        ] {
            assert_eq!(causes(&v0(NOW, &signature), vectors::V1), [cause], "{signature}");
        }
        let base64 = vectors::V1_STANDARD.strip_prefix("v1,").unwrap();
        let tag = BASE64.decode(base64).unwrap();
        for (signature, cause) in [
            (base64.to_owned(), Mistake::PrefixMissing(Scheme::Standard)),
            (format!("v1={base64}"), Mistake::PrefixMissing(Scheme::Standard)),
            (format!("v1,{}", signature::hex(&tag)), Mistake::Encoding(Scheme::Standard)),
            (format!("v1,{}", URL_SAFE_NO_PAD.encode(&tag)), Mistake::Encoding(Scheme::Standard)),
            ("v1,".to_owned(), Mistake::SignatureMalformed(Scheme::Standard)),
            ("v2,AAAA".to_owned(), Mistake::SignatureMalformed(Scheme::Standard)),
        ] {
            assert_eq!(causes(&standard(NOW, &signature), vectors::V1), [cause], "{signature}");
        }
        assert!(verify(&v0(NOW, &format!("v0={}", hex.to_uppercase())), vectors::V1).is_ok());
    }

    #[test]
    fn headers_are_found_whatever_their_case_and_missed_by_name() {
        let lower = headers(&[("x-SPECTRUM-timestamp", NOW), ("X-spectrum-Signature", vectors::V1_V0)]);
        assert!(verify(&lower, vectors::V1).is_ok());
        let missing = |given: &[(&str, &str)]| causes(&headers(given), vectors::V1);
        assert_eq!(missing(&[(signature::TIMESTAMP, NOW)]), [Mistake::HeaderMissing(vec![signature::SIGNATURE])]);
        assert_eq!(
            missing(&[(signature::SIGNATURE, vectors::V1_V0), (signature::TIMESTAMP, "")]),
            [Mistake::HeaderMissing(vec![signature::TIMESTAMP])]
        );
        assert_eq!(
            missing(&[(signature::STANDARD_SIGNATURE, vectors::V1_STANDARD), (signature::STANDARD_TIMESTAMP, NOW)]),
            [Mistake::HeaderMissing(vec![signature::STANDARD_ID])]
        );
        let all = [Scheme::V0.headers(), Scheme::Standard.headers()].concat();
        assert_eq!(missing(&[("X-Photon-Signature", "x")]), [Mistake::HeaderMissing(all)]);
        let twice =
            [(signature::TIMESTAMP, NOW), (signature::SIGNATURE, vectors::V1_V0), (signature::SIGNATURE, "v0=")];
        assert_eq!(missing(&twice), [Mistake::HeaderRepeated(signature::SIGNATURE)]);
    }

    #[test]
    fn timestamps_and_ids_have_one_form() {
        for bad in [
            "soon",
            "-1798761600",
            "+1798761600",
            "1798761600.5",
            "99999999999999999999",
            "2026-12-31T23:59:58Z",
            "0x6b36",
        ] {
            assert_eq!(
                causes(&v0(bad, vectors::V1_V0), vectors::V1),
                [Mistake::TimestampMalformed(Scheme::V0)],
                "{bad}"
            );
        }
        let mut dotted = standard(NOW, vectors::V1_STANDARD);
        dotted.0[0].1 = "a.b".to_owned();
        assert_eq!(causes(&dotted, vectors::V1), [Mistake::IdMalformed]);
    }

    #[test]
    fn the_scheme_whose_secret_is_there_decides() {
        let hex = Secrets::parse(vectors::V0_SECRET, None).unwrap();
        let refusal = verify_at(vectors::TIMESTAMP, &hex, &standard(NOW, vectors::V1_STANDARD), vectors::V1);
        assert_eq!(refusal.unwrap_err().causes, [Mistake::OtherScheme(Scheme::Standard)]);
        let mut both = v0(NOW, vectors::V1_V0);
        both.0.extend(standard(NOW, "v1,").0);
        assert_eq!(verify_at(vectors::TIMESTAMP, &hex, &both, vectors::V1).unwrap().scheme, Scheme::V0);
        // One that fits is enough; the other is told.
        let all = secrets();
        let verifier = Verifier { secrets: &all, project: None, only: None, at: vectors::TIMESTAMP };
        let (matches, refusals) = verifier.verify(&both, vectors::V1).unwrap();
        assert_eq!(matches.len(), 1);
        assert_eq!(refusals[0].causes, [Mistake::SignatureMalformed(Scheme::Standard)]);
        let only = Verifier { only: Some(Scheme::Standard), ..verifier };
        assert_eq!(
            only.verify(&both, vectors::V1).unwrap_err().causes,
            [Mistake::SignatureMalformed(Scheme::Standard)]
        );
        assert!(matches!(
            only.verify(&v0(NOW, vectors::V1_V0), vectors::V1).unwrap_err().causes[..],
            [Mistake::HeaderMissing(_)]
        ));
        // What is known best is told first.
        let mut both = v0(NOW, vectors::V1_HEX_AS_BYTES);
        both.0.extend(standard(NOW, &format!("v1,{}", BASE64.encode([0; 32]))).0);
        assert_eq!(causes(&both, vectors::V1), [Mistake::HexAsBytes]);
    }

    #[test]
    fn many_signatures_and_a_large_body_cost_little() {
        let many = format!("v1,{} ", BASE64.encode([7; 32])).repeat(3000);
        let body = vec![b'{'; 1 << 20];
        assert_eq!(causes(&standard(NOW, &many), &body), [Mistake::Mismatch]);
    }

    proptest! {
        #[test]
        fn what_is_signed_verifies_and_nothing_else(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            timestamp in 1_000_000_000i64..9_999_999_999,
            away in -400i64..400,
        ) {
            let secrets = secrets();
            let keys = SigningKeys { v0: Some(secrets.v0[0].key.clone()), standard: vec![secrets.standard[0].key.clone()] };
            let delivery = Unsigned { webhook_id: "w", event: "messages", event_id: "e", timestamp, body: &body };
            let mut headers = Headers::default();
            for (name, value) in signature::sign(&delivery, &keys) {
                headers.add(&format!("{name}: {value}")).unwrap();
            }
            for only in [None, Some(Scheme::V0), Some(Scheme::Standard)] {
                let verifier = Verifier { secrets: &secrets, project: None, only, at: timestamp + away };
                prop_assert_eq!(verifier.verify(&headers, &body).is_ok(), away.abs() <= 300);
                let other = [body.as_slice(), b"x"].concat();
                prop_assert!(verifier.verify(&headers, &other).is_err());
            }
        }

        #[test]
        fn any_headers_and_any_body_are_answered(
            lines in proptest::collection::vec(("(X-Spectrum-(Timestamp|Signature)|webhook-(id|timestamp|signature))", "\\PC{0,80}"), 0..6),
            body in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let headers = Headers(lines);
            let refusal = verify(&headers, &body);
            prop_assert!(!refusal.unwrap_err().causes.is_empty());
        }

        #[test]
        fn any_line_is_a_header_or_is_refused(line in "\\PC{0,40}") {
            let mut headers = Headers::default();
            if headers.add(&line).is_ok() {
                prop_assert!(line.contains(':') && headers.names().count() == 1);
            }
        }
    }
}
