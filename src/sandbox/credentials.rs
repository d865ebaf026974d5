//! Who asks: the `Authorization` header against the projects of this sandbox.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Takes Basic tokens with and without their padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The pair in a Basic header.
#[derive(PartialEq, Eq)]
pub struct Presented {
    /// The project's id, in lower case.
    pub project: String,
    secret: Vec<u8>,
}

impl Presented {
    /// Reads `Basic base64(id:secret)`; the scheme's case does not matter (RFC 7617).
    pub fn parse(header: &[u8]) -> Option<Self> {
        let header = header.trim_ascii();
        let at = header.iter().position(|byte| *byte == b' ')?;
        let (scheme, token) = header.split_at(at);
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return None;
        }
        let pair = BASE64.decode(token.trim_ascii()).ok()?;
        let colon = pair.iter().position(|byte| *byte == b':')?;
        let (id, secret) = pair.split_at(colon);
        let project = std::str::from_utf8(id).ok()?.to_ascii_lowercase();
        Some(Self { project, secret: secret.get(1..)?.to_owned() })
    }

    /// Whether the secret is this one. A plain comparison: a sandbox's secret is known to everybody.
    pub fn has_secret(&self, secret: &str) -> bool {
        self.secret == secret.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_rfc_7617_allows() {
        // printf 'ID:a:b' | base64 is SUQ6YTpi, printf 'id:x' | base64 is aWQ6eA==
        for good in ["Basic SUQ6YTpi", "basic SUQ6YTpi", "BASIC  SUQ6YTpi "] {
            let presented = Presented::parse(good.as_bytes()).unwrap();
            assert_eq!(presented.project, "id");
            assert!(presented.has_secret("a:b"));
            assert!(!presented.has_secret("a:c") && !presented.has_secret("a:") && !presented.has_secret("a:bb"));
        }
        assert!(Presented::parse(b"Basic aWQ6eA").is_some_and(|presented| presented.has_secret("x")));
        for bad in ["", "Basic", "Basic ", "Bearer SUQ6YTpi", "Basic ???", "Basic SUQ", "SUQ6YTpi"] {
            assert!(Presented::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
