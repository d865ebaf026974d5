//! What a text calls a secret itself: an answer may hold one that nobody here knew before.

use std::borrow::Cow;

use super::redactor::{Redactor, string_end};

/// What a standard webhook secret begins with.
const STANDARD: &str = "whsec_";
/// How often JSON that is quoted in JSON is opened.
const DEEPEST: usize = 3;

/// A text without the secrets that it names itself.
pub fn hidden(text: &str) -> Cow<'_, str> {
    let mut redactor = Redactor::default();
    values(text).iter().for_each(|value| redactor.hide(value));
    match redactor.redact(text) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(hidden) => Cow::Owned(hidden),
    }
}

/// The values that a text gives to names that end in `secret`, and everything that looks like a standard webhook secret.
/// The text may be JSON, or what is left of it.
fn values(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(text, DEEPEST, &mut found);
    found.retain(|value| !value.is_empty());
    found
}

fn collect(text: &str, depth: usize, found: &mut Vec<String>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find('"')).map(|found| at + found) {
        at = string_end(bytes, start);
        let token = text.get(start..at).unwrap_or_default();
        if depth > 0 && token.contains("\\\"") {
            // JSON may be quoted in JSON: a proxy's error, for one.
            serde_json::from_str::<String>(token).iter().for_each(|inner| collect(inner, depth - 1, found));
        }
        let name = token.trim_end_matches('"');
        if !name.to_ascii_lowercase().ends_with("secret") {
            continue;
        }
        let Some(rest) = text.get(at..).unwrap_or_default().trim_start().strip_prefix(':') else { continue };
        let value = text.len() - rest.trim_start().len();
        if bytes.get(value) == Some(&b'"') {
            at = string_end(bytes, value);
            let token = text.get(value..at).unwrap_or_default();
            // A string that breaks off has no end to be parsed with.
            found.push(serde_json::from_str(token).unwrap_or_else(|_| token.trim_matches('"').to_owned()));
        }
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '\\');
    found.extend(text.match_indices(STANDARD).map(|(start, _)| {
        let rest = text.get(start..).unwrap_or_default();
        let token = rest.split(|c| !is_part(c)).next().unwrap_or_default();
        // Its characters may be escaped; a backslash at the end belongs to a quote.
        let plain = serde_json::from_str(&format!("\"{token}\""));
        plain.unwrap_or_else(|_| token.split('\\').next().unwrap_or_default().to_owned())
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_or_its_look() {
        for (text, expected) in [
            (r#"{"signingSecret":"0af3","id":"x"}"#, vec!["0af3"]),
            (r#"{"standardSigningSecret" : "whsec_AA\/b="}"#, vec!["whsec_AA/b=", "whsec_AA/b="]),
            (r#"{"a":{"SECRET":"s\u0031"}}"#, vec!["s1"]),
            (r#"{"message":"422 {\"signingSecret\":\"0af3\"}"}"#, vec!["0af3"]),
            (r#"{"signingSecret":"0af3breaks o"#, vec!["0af3breaks o"]),
            (r#"<p>whsec_AAEC+/= leaked</p>"#, vec!["whsec_AAEC+/="]),
            (r#"{"secret":null,"secretary":"Ada","x":"secret","y":""}"#, vec![]),
            ("\"", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_hidden_is_hidden_wherever_it_stands() {
        let text = r#"{"signingSecret":"0af3e1","again":"(0af3e1)","note":"whsec_AA\/bb="}"#;
        assert_eq!(hidden(text), r#"{"signingSecret":"[redacted]","again":"([redacted])","note":"[redacted]"}"#);
        assert!(matches!(hidden(r#"{"id":"x"}"#), Cow::Borrowed(_)));
    }
}
