//! A project's id and its secret: one pair, and a secret that cannot be shown.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64_URL};

use crate::model::ProjectId;
use crate::secrets::redactor::Redactor;

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

    /// The user name and password as Basic authorization writes them.
    pub fn token(&self) -> String {
        BASE64.encode(format!("{}:{}", self.project_id, self.secret.0))
    }

    /// What hides this secret by value wherever it might come back.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.hide(&self.secret.0);
        let pair = format!("{}:{}", self.project_id, self.secret.0);
        redactor.hide_form(self.token().trim_end_matches('='));
        redactor.hide_form(&BASE64_URL.encode(pair));
        redactor
    }
}

#[cfg(test)]
mod tests {
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
}
