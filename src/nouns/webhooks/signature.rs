//! Signing a delivery in both of the service's schemes, and checking one signature. Pure: no clock, no file, no stream.
//!
//! | | v0 | standard (Standard Webhooks) |
//! |---|---|---|
//! | headers | `X-Spectrum-*` | `webhook-*` |
//! | signed text | `v0:<timestamp>:<body>` | `<id>.<timestamp>.<body>` |
//! | key | the 64 hex characters of the secret, as text | the base64 behind `whsec_`, decoded |
//! | signature | `v0=<lower-case hex>` | `v1,<base64>`, several separated by blanks |
//!
//! Both are HMAC-SHA256; timestamps are whole unix seconds.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::hmac;

pub use crate::secrets::revealed::STANDARD_PREFIX;

/// Which event it is, in the words of the body (`messages`).
pub const EVENT: &str = "X-Spectrum-Event";
/// The registration that the delivery is for.
pub const WEBHOOK_ID: &str = "X-Spectrum-Webhook-Id";
/// When it was signed.
pub const TIMESTAMP: &str = "X-Spectrum-Timestamp";
/// Its v0 signature.
pub const SIGNATURE: &str = "X-Spectrum-Signature";
/// The event's own id, the same in every attempt.
pub const STANDARD_ID: &str = "webhook-id";
/// When it was signed.
pub const STANDARD_TIMESTAMP: &str = "webhook-timestamp";
/// Its standard signatures.
pub const STANDARD_SIGNATURE: &str = "webhook-signature";

/// How far the clocks of sender and receiver may lie apart, in seconds; the edge is still accepted.
pub const WINDOW: u64 = 300;
/// What a v0 signature begins with.
pub const V0_MARK: &str = "v0=";
/// What a standard signature begins with.
pub const STANDARD_MARK: &str = "v1,";
/// Bytes of a signature.
pub const TAG_LENGTH: usize = 32;

/// How the service names itself to a handler.
const USER_AGENT: &str = "spectrum-webhook/0.1.0";

/// One of the two ways to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `X-Spectrum-*`.
    V0,
    /// Standard Webhooks.
    Standard,
}

impl Scheme {
    /// Both, the one that every delivery carries first.
    pub const ALL: [Self; 2] = [Self::V0, Self::Standard];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0 => "v0",
            Self::Standard => "standard",
        }
    }

    /// The API's name of its secret.
    pub const fn secret_name(self) -> &'static str {
        match self {
            Self::V0 => "signingSecret",
            Self::Standard => "standardSigningSecret",
        }
    }

    /// The variable that holds its secret.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::V0 => "SPECTRUM_WEBHOOK_SECRET",
            Self::Standard => "SPECTRUM_WEBHOOK_STANDARD_SECRET",
        }
    }

    /// The headers without which nothing can be verified.
    pub const fn headers(self) -> &'static [&'static str] {
        match self {
            Self::V0 => &[TIMESTAMP, SIGNATURE],
            Self::Standard => &[STANDARD_ID, STANDARD_TIMESTAMP, STANDARD_SIGNATURE],
        }
    }

    /// The header of the time at which it was signed.
    pub const fn timestamp_header(self) -> &'static str {
        match self {
            Self::V0 => TIMESTAMP,
            Self::Standard => STANDARD_TIMESTAMP,
        }
    }

    /// The header of the signature.
    pub const fn signature_header(self) -> &'static str {
        match self {
            Self::V0 => SIGNATURE,
            Self::Standard => STANDARD_SIGNATURE,
        }
    }

    /// The bytes that are signed. `id` is the standard scheme's; v0 has none.
    pub fn signed_text(self, id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
        let head = match self {
            Self::V0 => format!("v0:{timestamp}:"),
            Self::Standard => format!("{id}.{timestamp}."),
        };
        [head.as_bytes(), body].concat()
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no standard secret. The service's own verifier takes canonical base64 of 24 to 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It begins otherwise.
    #[error("does not begin with whsec_, as a standard secret does")]
    Prefix,
    /// What follows cannot be a key.
    #[error("begins with whsec_, and what follows is not base64 of 24 to 64 bytes")]
    Base64,
}

/// A key that signs and verifies.
#[derive(Debug, Clone)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// The key of a v0 secret: its text.
    pub fn v0(secret: &str) -> Self {
        Self::from_bytes(secret.as_bytes())
    }

    /// The key of a standard secret: what stands behind `whsec_`, decoded.
    ///
    /// # Errors
    /// [`KeyError`], when the secret has another form.
    pub fn standard(secret: &str) -> Result<Self, KeyError> {
        let text = secret.strip_prefix(STANDARD_PREFIX).ok_or(KeyError::Prefix)?;
        let bytes = BASE64.decode(text).map_err(|_| KeyError::Base64)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(KeyError::Base64);
        }
        Ok(Self::from_bytes(&bytes))
    }

    /// The key of these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The signature of a text, [`TAG_LENGTH`] bytes.
    pub fn sign(&self, text: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, text)
    }

    /// Whether this is the text's signature, in a time that does not depend on where they differ.
    pub fn fits(&self, text: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, text, tag).is_ok()
    }
}

/// The keys of one registration.
#[derive(Debug, Clone, Default)]
pub struct SigningKeys {
    /// The key of its `signingSecret`; without one there are no `X-Spectrum-*` headers.
    pub v0: Option<SigningKey>,
    /// The keys of its `standardSigningSecret`: none, one, or two while a rotation overlaps. Each signs.
    pub standard: Vec<SigningKey>,
}

/// One attempt to deliver an event, before it is signed.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'a> {
    /// The id of the registration.
    pub webhook_id: &'a str,
    /// Which event it is, in the body's own word.
    pub event: &'a str,
    /// The event's id, the same in every attempt; without a dot.
    pub event_id: &'a str,
    /// Unix seconds.
    pub timestamp: i64,
    /// Exactly the bytes that are sent.
    pub body: &'a [u8],
}

/// The headers of an attempt, each name with its value: who sends it and what it is, and the signatures of these keys.
pub fn sign(delivery: &Unsigned<'_>, keys: &SigningKeys) -> Vec<(&'static str, String)> {
    let Unsigned { webhook_id, event, event_id, body, .. } = *delivery;
    let timestamp = delivery.timestamp.to_string();
    let mut headers = vec![("Content-Type", "application/json".to_owned()), ("User-Agent", USER_AGENT.to_owned())];
    if let Some(key) = &keys.v0 {
        let tag = key.sign(&Scheme::V0.signed_text("", &timestamp, body));
        headers.extend([
            (EVENT, event.to_owned()),
            (WEBHOOK_ID, webhook_id.to_owned()),
            (TIMESTAMP, timestamp.clone()),
            (SIGNATURE, format!("{V0_MARK}{}", hex(tag.as_ref()))),
        ]);
    }
    if !keys.standard.is_empty() {
        let text = Scheme::Standard.signed_text(event_id, &timestamp, body);
        let signature = |key: &SigningKey| format!("{STANDARD_MARK}{}", BASE64.encode(key.sign(&text)));
        headers.extend([
            (STANDARD_ID, event_id.to_owned()),
            (STANDARD_TIMESTAMP, timestamp),
            (STANDARD_SIGNATURE, keys.standard.iter().map(signature).collect::<Vec<_>>().join(" ")),
        ]);
    }
    headers
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a text in hex; none when it is something else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
pub(super) mod vectors {
    //! The vectors that real verifiers accepted.

    pub const V0_SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    pub const STANDARD_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    pub const TIMESTAMP: i64 = 1_798_761_600;
    pub const EVENT_ID: &str = "019b7711-5c00-7000-8000-00000000a001";
    pub const V1: &[u8] = include_bytes!("../../../tests/vectors/webhook-v1-body.json");
    pub const V1_V0: &str = "v0=fce94c34abbe1f8a3e710cf4811ffdac801503aacc115b886b40c7148a5ee996";
    pub const V1_STANDARD: &str = "v1,Skf8Nkdk+G0rWeHmVGbin6qt60+zCOqvhIfzuCo13xs=";
    pub const V1_HEX_AS_BYTES: &str = "v0=6a4bc85adc9ad5aa869314ad4b4b284477ee099367376ef7e045e4d962de062e";
    pub const V1_WHSEC_AS_TEXT: &str = "v1,c0Vp6NlwQjItsCIQ2/N4k/ADpJ8yKicIWRc9Jr4lT3M=";
    pub const V2: &[u8] = include_bytes!("../../../tests/vectors/webhook-v2-body.json");
    pub const V2_STANDARD: &str = "v1,2gu/M2KyfR784SMkoYMo0DVScNucj1RYQSoQnS3+6EE=";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> SigningKeys {
        SigningKeys {
            v0: Some(SigningKey::v0(vectors::V0_SECRET)),
            standard: vec![SigningKey::standard(vectors::STANDARD_SECRET).unwrap()],
        }
    }

    fn headers(body: &[u8], keys: &SigningKeys) -> Vec<(&'static str, String)> {
        let (event_id, timestamp) = (vectors::EVENT_ID, vectors::TIMESTAMP);
        sign(&Unsigned { webhook_id: "w", event: "messages", event_id, timestamp, body }, keys)
    }

    fn header(headers: &[(&'static str, String)], name: &str) -> Option<String> {
        headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn signs_the_vectors_as_every_real_verifier_wants_it() {
        let v1 = headers(vectors::V1, &keys());
        assert_eq!(header(&v1, SIGNATURE).as_deref(), Some(vectors::V1_V0));
        assert_eq!(header(&v1, STANDARD_SIGNATURE).as_deref(), Some(vectors::V1_STANDARD));
        assert_eq!(header(&v1, EVENT).as_deref(), Some("messages"));
        assert_eq!(header(&v1, WEBHOOK_ID).as_deref(), Some("w"));
        for name in [TIMESTAMP, STANDARD_TIMESTAMP] {
            assert_eq!(header(&v1, name).as_deref(), Some("1798761600"));
        }
        let v2 = headers(vectors::V2, &keys());
        assert_eq!(header(&v2, STANDARD_SIGNATURE).as_deref(), Some(vectors::V2_STANDARD));
    }

    #[test]
    fn signs_the_vector_of_standard_webhooks() {
        let key = SigningKey::standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let text =
            Scheme::Standard.signed_text("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(BASE64.encode(key.sign(&text)), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn there_are_headers_for_the_keys_that_there_are() {
        let without_v0 = headers(b"{}", &SigningKeys { v0: None, ..keys() });
        assert_eq!(header(&without_v0, SIGNATURE), None);
        assert_eq!(header(&without_v0, WEBHOOK_ID), None);
        let without_standard = headers(b"{}", &SigningKeys { standard: Vec::new(), ..keys() });
        assert_eq!(header(&without_standard, STANDARD_ID), None);
        let old = SigningKey::standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let rotating = headers(vectors::V1, &SigningKeys { standard: vec![keys().standard.remove(0), old], ..keys() });
        let signatures = header(&rotating, STANDARD_SIGNATURE).unwrap();
        assert_eq!(signatures.split(' ').count(), 2);
        assert!(
            signatures.starts_with(vectors::V1_STANDARD) && signatures.split(' ').all(|one| one.starts_with("v1,"))
        );
    }

    #[test]
    fn a_standard_secret_has_the_form_that_the_service_takes() {
        let of = |bytes: usize| format!("whsec_{}", BASE64.encode(vec![7; bytes]));
        for good in [24, 32, 64] {
            assert!(SigningKey::standard(&of(good)).is_ok(), "{good}");
        }
        for bad in [of(0), of(23), of(65), "whsec_".to_owned(), "whsec_test-secret".to_owned()] {
            assert_eq!(SigningKey::standard(&bad).unwrap_err(), KeyError::Base64, "{bad}");
        }
        // Unpadded, and with bits that nobody reads.
        let padded = of(25);
        for bad in [padded.trim_end_matches('=').to_owned(), padded.replace("Bw==", "Bx==")] {
            assert_eq!(SigningKey::standard(&bad).unwrap_err(), KeyError::Base64, "{bad}");
        }
        assert_eq!(SigningKey::standard(vectors::V0_SECRET).unwrap_err(), KeyError::Prefix);
    }

    #[test]
    fn a_key_is_not_shown() {
        assert!(!format!("{:?}", keys()).contains("0011"));
    }

    proptest! {
        #[test]
        fn only_what_was_signed_fits(body in proptest::collection::vec(any::<u8>(), 0..80), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let key = SigningKey::v0(vectors::V0_SECRET);
            let text = Scheme::V0.signed_text("", "1798761600", &body);
            let tag = key.sign(&text);
            prop_assert!(key.fits(&text, tag.as_ref()));
            prop_assert!(!key.fits(&text, &tag.as_ref()[..TAG_LENGTH - 1]));
            let mut other = text.clone();
            other[at.index(text.len())] ^= 1 << bit;
            prop_assert!(!key.fits(&other, tag.as_ref()));
        }

        #[test]
        fn hex_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_hex_or_is_not(text in "\\PC{0,12}") {
            if let Some(bytes) = unhex(&text) {
                prop_assert_eq!(hex(&bytes), text.to_lowercase());
            }
        }
    }
}
