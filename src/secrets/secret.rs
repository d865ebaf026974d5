//! A secret that cannot be shown.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_trimmed_and_never_empty() {
        assert_eq!(Secret::new(" s\n").map(|secret| secret.0), Some("s".to_owned()));
        assert_eq!(Secret::new(" \n"), None);
    }
}
