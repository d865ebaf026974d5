//! A project's id and its secret: one pair, from one source.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64_URL};

use super::redactor::Redactor;
pub use super::secret::Secret;
use crate::model::ProjectId;

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
        BASE64.encode(format!("{}:{}", self.project_id, self.secret.expose()))
    }

    /// What hides this secret by value wherever it might come back.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.hide(self.secret.expose());
        let pair = format!("{}:{}", self.project_id, self.secret.expose());
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
}
