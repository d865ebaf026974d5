//! What a text calls a secret itself: an answer may hold one that nobody here knew before.

use std::borrow::Cow;

use super::redactor::{REDACTED, Redactor, string_end};

/// What a standard webhook secret begins with.
pub const STANDARD_PREFIX: &str = "whsec_";
/// How the names of secrets end: `signingSecret`, `token`, and `auth`, which holds tokens by line.
const NAMES: [&str; 6] = ["secret", "secrets", "token", "tokens", "auth", "password"];
/// How often JSON that is quoted in JSON is opened.
const DEEPEST: usize = 3;
/// A text with more secrets is hidden as a whole: each is looked for in all of it.
const MOST: usize = 100;

/// A text without the secrets that it names itself.
pub fn hidden(text: &str) -> Cow<'_, str> {
    let values = values(text);
    if values.len() > MOST {
        return Cow::Borrowed(REDACTED);
    }
    let mut redactor = Redactor::default();
    values.iter().for_each(|value| redactor.hide(value));
    match redactor.redact(text) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(hidden) => Cow::Owned(hidden),
    }
}

/// The texts that stand under names of secrets, and everything that looks like a standard webhook secret, each once.
/// The text may be JSON, or what is left of it.
fn values(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(text, DEEPEST, &mut found);
    found.retain(|value| !value.is_empty());
    found.sort_unstable();
    found.dedup();
    found
}

fn collect(text: &str, depth: usize, found: &mut Vec<String>) {
    let bytes = text.as_bytes();
    let (mut at, mut secret_until) = (0, 0);
    while let Some(start) = text.get(at..).and_then(|rest| rest.find('"')).map(|found| at + found) {
        at = string_end(bytes, start);
        let token = text.get(start..at).unwrap_or_default();
        if depth > 0 && token.contains("\\\"") {
            // JSON may be quoted in JSON: a proxy's error, for one.
            serde_json::from_str::<String>(token).iter().for_each(|inner| collect(inner, depth - 1, found));
        }
        let is_secret = start < secret_until;
        match text.get(at..).unwrap_or_default().trim_start().strip_prefix(':') {
            Some(value) if !is_secret && is_name(token) => secret_until = value_end(bytes, text.len() - value.len()),
            // A string that breaks off has no end to be parsed with.
            None if is_secret => {
                found.push(serde_json::from_str(token).unwrap_or_else(|_| token.trim_matches('"').to_owned()));
            }
            _ => {}
        }
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '\\');
    found.extend(text.match_indices(STANDARD_PREFIX).map(|(start, _)| {
        let rest = text.get(start..).unwrap_or_default();
        let token = rest.split(|c| !is_part(c)).next().unwrap_or_default();
        // Its characters may be escaped; a backslash at the end belongs to a quote.
        let plain = serde_json::from_str(&format!("\"{token}\""));
        plain.unwrap_or_else(|_| token.split('\\').next().unwrap_or_default().to_owned())
    }));
}

/// Whether a quoted name is that of a secret, or of several.
fn is_name(token: &str) -> bool {
    let name = token.trim_matches('"').to_ascii_lowercase();
    NAMES.iter().any(|end| name.ends_with(end))
}

/// The index behind the JSON value that begins there, after blanks. Only texts, objects and arrays hold a secret.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut open) = (start, 0_usize);
    while let Some(byte) = bytes.get(at) {
        at = if *byte == b'"' { string_end(bytes, at) } else { at + 1 };
        match byte {
            b'{' | b'[' => open += 1,
            b'}' | b']' => open = open.saturating_sub(1),
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => {}
        }
        if open == 0 {
            return at;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_or_its_look() {
        for (text, expected) in [
            (r#"{"signingSecret":"0af3","id":"x"}"#, vec!["0af3"]),
            (r#"{"standardSigningSecret" : "whsec_AA\/b="}"#, vec!["whsec_AA/b="]),
            (r#"{"type":"shared","token":"tok1","expiresIn":900}"#, vec!["tok1"]),
            (r#"{"auth" : {"line1":"tok1", "line2":"tok2"},"numbers":{"line1":"+1"}}"#, vec!["tok1", "tok2"]),
            (r#"{"tokens":["a",{"name":["b"]}],"x":["c"]}"#, vec!["a", "b"]),
            (r#"{"auth":{"token":"tok1"},"token":7,"x":"y"}"#, vec!["tok1"]),
            (r#"{"auth":{"a":"tok1","b":"tok2 breaks"#, vec!["tok1", "tok2 breaks"]),
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
    fn very_many_secrets_hide_the_text_and_take_no_time() {
        let tokens: Vec<String> = (0..100_000).map(|n| format!(r#""token{n}""#)).collect();
        assert_eq!(hidden(&format!(r#"{{"tokens":[{}]}}"#, tokens.join(","))), REDACTED);
        assert_eq!(values(&r#"{"auth":"#.repeat(100_000)), [""; 0]);
    }

    #[test]
    fn what_is_hidden_is_hidden_wherever_it_stands() {
        let text = r#"{"signingSecret":"0af3e1","again":"(0af3e1)","note":"whsec_AA\/bb="}"#;
        assert_eq!(hidden(text), r#"{"signingSecret":"[redacted]","again":"([redacted])","note":"[redacted]"}"#);
        assert!(matches!(hidden(r#"{"id":"x"}"#), Cow::Borrowed(_)));
    }
}
