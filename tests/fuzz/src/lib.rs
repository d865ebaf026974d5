//! What the targets share: how an input is cut, and what has to hold of every text.

/// Everybody who looks for a leak looks for this.
pub const SECRET: &str = "canary-5b1e0d7c-secret";

/// The first line, and all behind it.
pub fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// Holds that a text drives no terminal; line breaks may stand in it.
pub fn assert_clean(text: &str) {
    let odd = text.chars().find(|c| c.is_control() && *c != '\n');
    assert!(odd.is_none(), "a raw {odd:?} in {text:?}");
}

/// Holds that a text keeps a secret.
pub fn assert_hidden(text: &str, secret: &str) {
    assert!(!text.contains(secret), "{secret:?} in {text:?}");
}

/// Holds that this is a number as the API takes it: `^\+[1-9]\d{6,14}$`.
pub fn assert_e164(number: &str) {
    let digits = number.strip_prefix('+').unwrap_or_default();
    let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    assert!(is_number && !digits.starts_with('0'), "{number:?} is no number");
}
