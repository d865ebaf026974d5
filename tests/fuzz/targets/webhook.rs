//! Verifying a delivery. An input is lines up to an empty one (`only v0`, `at 1798761600`, `project …`, `secret …`,
//! `sign …`, headers) and the body.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;
use spectrum_cli::nouns::webhooks::received::{Headers, SignatureMatch, Unverified, Verifier};
use spectrum_cli::nouns::webhooks::secret_file::{Secrets, SigningSecret};
use spectrum_cli::nouns::webhooks::signature::{self, Scheme, SigningKeys, Unsigned};
use spectrum_cli::secrets::credentials::Secret;
use spectrum_fuzz::{SECRET, assert_clean, assert_hidden};

/// Longer bodies only take longer.
const LONGEST: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = (String::from_utf8_lossy(&data[..end]), data.get(end + 2..).unwrap_or_default());
    if body.len() > LONGEST {
        return;
    }
    let (mut only, mut at, mut project, mut file) = (None, 0, None, String::new());
    let (mut headers, mut event_id) = (Headers::default(), None);
    for line in head.lines() {
        match line.split_once(' ') {
            Some(("only", word)) => only = Scheme::ALL.into_iter().find(|scheme| scheme.as_str() == word),
            Some(("at", time)) => at = time.parse().unwrap_or(at),
            Some(("project", secret)) => project = Secret::new(secret),
            Some(("secret", line)) => file += &format!("{line}\n"),
            Some(("sign", id)) => event_id = Some(id),
            _ => drop(headers.add(line).map_err(|reason| assert_hidden(reason, SECRET))),
        }
    }
    let secrets = match Secrets::parse(&file, only) {
        Ok(secrets) => secrets,
        Err(error) => return check_said(&error.to_string()),
    };
    let verifier = Verifier { secrets: &secrets, project: project.as_ref(), only, at };
    match verifier.verify(&headers, body) {
        Ok((matches, refusals)) => {
            assert!(!matches.is_empty());
            matches.iter().for_each(|fitting| check_match(fitting, &verifier, &headers, body));
            refusals.iter().for_each(check_refusal);
        }
        Err(refusal) => check_refusal(&refusal),
    }
    if let Some(event_id) = event_id {
        check_signed(&verifier, event_id, body);
    }
});

fn check_said(text: &str) {
    assert_clean(text);
    assert_hidden(text, SECRET);
}

fn check_refusal(refusal: &Unverified) {
    assert!(!refusal.causes.is_empty());
    for cause in &refusal.causes {
        check_said(&cause.to_string());
        check_said(&cause.advice());
    }
}

/// A signature by other code than ours.
fn tag(secret: &SigningSecret, scheme: Scheme, text: &[u8]) -> Vec<u8> {
    let secret = secret.text.expose();
    let key = match scheme {
        Scheme::V0 => secret.as_bytes().to_vec(),
        Scheme::Standard => BASE64.decode(secret.strip_prefix("whsec_").expect("its mark")).expect("base64"),
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// What is accepted was signed with the key that is named, over these very bytes, and now.
fn check_match(fitting: &SignatureMatch, verifier: &Verifier<'_>, headers: &Headers, body: &[u8]) {
    assert!(verifier.only.is_none_or(|only| only == fitting.scheme));
    let secret = &verifier.secrets.of(fitting.scheme)[fitting.secret - 1];
    let header = |name| headers.get(name).expect("a header");
    assert!(verifier.at.abs_diff(fitting.timestamp) <= 300, "{fitting:?} at {}", verifier.at);
    let (text, is_written) = match fitting.scheme {
        Scheme::V0 => {
            let time = header("X-Spectrum-Timestamp");
            assert_eq!(time.parse(), Ok(fitting.timestamp));
            let text = [format!("v0:{time}:").as_bytes(), body].concat();
            let expected = format!("v0={}", signature::hex(&tag(secret, fitting.scheme, &text)));
            (text, header("X-Spectrum-Signature").eq_ignore_ascii_case(&expected))
        }
        Scheme::Standard => {
            let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
            assert_eq!(time.parse(), Ok(fitting.timestamp));
            let text = [format!("{id}.{time}.").as_bytes(), body].concat();
            let expected = format!("v1,{}", BASE64.encode(tag(secret, fitting.scheme, &text)));
            (text, header("webhook-signature").split_ascii_whitespace().any(|one| one == expected))
        }
    };
    assert!(is_written, "{fitting:?} was never signed: {:?}", String::from_utf8_lossy(&text));
}

/// What we sign verifies, and nothing near it does.
fn check_signed(verifier: &Verifier<'_>, event_id: &str, body: &[u8]) {
    let Verifier { secrets, only, .. } = *verifier;
    let is_sendable = !event_id.is_empty() && event_id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_sendable || !(0..100_000_000_000).contains(&verifier.at) {
        return;
    }
    let keys = SigningKeys {
        v0: secrets.v0.first().map(|secret| secret.key.clone()),
        standard: secrets.standard.iter().take(8).map(|secret| secret.key.clone()).collect(),
    };
    let delivery = Unsigned { webhook_id: "w", event: "messages", event_id, timestamp: verifier.at, body };
    let mut headers = Headers::default();
    for (name, value) in signature::sign(&delivery, &keys) {
        headers.add(&format!("{name}: {value}")).expect("a header");
    }
    let has = |scheme: Scheme| !secrets.of(scheme).is_empty() && only.is_none_or(|only| only == scheme);
    let (matches, refusals) = verifier.verify(&headers, body).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let fitting: Vec<Scheme> = matches.iter().map(|fitting| fitting.scheme).collect();
    assert_eq!(fitting, Scheme::ALL.into_iter().filter(|scheme| has(*scheme)).collect::<Vec<_>>());
    assert!(refusals.is_empty(), "{refusals:?}");
    matches.iter().for_each(|fitting| check_match(fitting, verifier, &headers, body));
    for other in [[body, b" "].concat(), body.iter().rev().map(|byte| byte ^ 1).collect(), b"{}".to_vec()] {
        if other != body {
            let accepted = verifier.verify(&headers, &other);
            assert!(accepted.is_err(), "{accepted:?} for another body");
        }
    }
    for late in [301, -301] {
        let refused = Verifier { at: verifier.at + late, ..*verifier }.verify(&headers, body);
        assert!(refused.is_err(), "{refused:?}, {late} s late");
    }
}
