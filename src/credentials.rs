//! A project's id and its secret: one pair, and a secret that cannot be shown.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::model::ProjectId;

/// A project's secret. It has no `Display`, and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret, trimmed; none when nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The value itself, for the one place that stores it (`profiles`) and the one that hands it to a child (`sandbox exec`).
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What authorizes a request: always both halves, from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The project.
    pub project_id: ProjectId,
    /// Its secret.
    pub secret: Secret,
}

impl Credentials {
    /// The value of the `Authorization` header: `Basic base64(projectId:projectSecret)`.
    pub fn authorization(&self) -> String {
        format!("Basic {}", self.token())
    }

    fn token(&self) -> String {
        BASE64.encode(format!("{}:{}", self.project_id, self.secret.0))
    }

    /// What hides this secret by value wherever it might come back.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.hide(&self.secret.0);
        redactor.hide(&self.token());
        redactor
    }
}

/// What stands in a secret's place.
const REDACTED: &str = "[redacted]";
/// A shorter text would be found everywhere by chance.
const SHORTEST_HIDDEN: usize = 4;

/// Replaces known secrets by value in any text on its way to a stream.
#[derive(Clone, Default)]
pub struct Redactor(Vec<String>);

impl Redactor {
    /// Hides one more value, also as JSON, a URL or Rust's debug form would write it.
    pub fn hide(&mut self, value: &str) {
        let json = serde_json::to_string(value).unwrap_or_default();
        let url: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let percent = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
        let debug = format!("{value:?}");
        for form in [value, json.trim_matches('"'), &url, &percent, debug.trim_matches('"'), &BASE64.encode(value)] {
            if form.len() >= SHORTEST_HIDDEN && !self.0.iter().any(|known| known == form) {
                self.0.push(form.to_owned());
            }
        }
        // The longest first: a form may hold another one.
        self.0.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The text without any hidden value.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for value in &self.0 {
            if text.contains(value.as_str()) {
                text = Cow::Owned(text.replace(value.as_str(), REDACTED));
            }
        }
        text
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} values)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn credentials(secret: &str) -> Credentials {
        Credentials {
            project_id: "3c90c3cc-0d44-4b50-8888-8dd25736052a".parse().unwrap(),
            secret: Secret::new(secret).unwrap(),
        }
    }

    #[test]
    fn authorizes_as_rfc_7617_says() {
        // printf '3c90c3cc-0d44-4b50-8888-8dd25736052a:s3cret' | base64
        assert_eq!(
            credentials("s3cret").authorization(),
            "Basic M2M5MGMzY2MtMGQ0NC00YjUwLTg4ODgtOGRkMjU3MzYwNTJhOnMzY3JldA=="
        );
    }

    #[test]
    fn a_secret_is_trimmed_and_never_empty() {
        assert_eq!(Secret::new(" s\n").map(|secret| secret.0), Some("s".to_owned()));
        assert_eq!(Secret::new(" \n"), None);
    }

    proptest! {
        #[test]
        fn no_form_of_a_secret_survives(secret in "[!-~äß]{6,40}", around in "[a-z ]{0,20}") {
            let credentials = credentials(&secret);
            prop_assert_eq!(format!("{:?}", credentials.secret), "Secret(…)");
            let redactor = credentials.redactor();
            let leaks = [
                format!("{around}{secret}{around}"),
                format!("{around}{}", credentials.authorization()),
                serde_json::to_string(&secret).unwrap(),
                format!("{secret:?}"),
            ];
            for leak in leaks {
                let shown = redactor.redact(&leak).into_owned();
                prop_assert!(!shown.contains(&secret), "{shown}");
                prop_assert!(!shown.contains(&credentials.token()), "{shown}");
            }
        }
    }
}
