//! Hides known secrets by value in any text on its way out.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use memchr::memmem::Finder;

use crate::secrets::credentials::Secret;

/// What stands in a secret's place.
const REDACTED: &str = "[redacted]";
/// A shorter text would be found everywhere by chance.
const SHORTEST_HIDDEN: usize = 4;

/// Replaces known secrets by value in any text on its way to a stream.
#[derive(Clone, Default)]
pub struct Redactor(Vec<Form>);

/// One way to write a hidden value, ready to be looked for: every line of a long output is searched.
#[derive(Clone)]
struct Form {
    text: String,
    finder: Finder<'static>,
}

impl Form {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), finder: Finder::new(text).into_owned() }
    }
}

impl Redactor {
    /// Hides one more value, also as JSON, a URL or Rust's debug form would write it.
    pub fn hide(&mut self, value: &str) {
        let json = serde_json::to_string(value).unwrap_or_default();
        // Many writers of JSON escape the slash, too.
        let slashed = json.replace('/', "\\/");
        let url: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let percent = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
        let debug = format!("{value:?}");
        let base64 = BASE64.encode(value);
        let quoted = [&json, &slashed, &debug].map(|form| form.trim_matches('"'));
        let forms = [value, quoted[0], quoted[1], quoted[2], &url, &percent, &base64];
        // Base64 is known by its letters: the padding may be lost.
        for form in forms.map(|form| form.trim_end_matches('=')) {
            if form.len() >= SHORTEST_HIDDEN {
                self.add(Form::new(form));
            }
        }
    }

    fn add(&mut self, form: Form) {
        if self.0.iter().any(|known| known.text == form.text) {
            return;
        }
        // The longest first: a form may hold another one.
        let at = self.0.partition_point(|known| known.text.len() >= form.text.len());
        self.0.insert(at, form);
    }

    /// Hides several more.
    pub fn hide_all<'a>(&mut self, values: impl IntoIterator<Item = &'a Secret>) {
        values.into_iter().for_each(|value| self.hide(value.expose()));
    }

    /// Hides what another one hides.
    pub fn absorb(&mut self, other: Self) {
        other.0.into_iter().for_each(|form| self.add(form));
    }

    /// The text without any hidden value.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for form in &self.0 {
            if form.finder.find(text.as_bytes()).is_some() {
                text = Cow::Owned(text.replace(&form.text, REDACTED));
            }
        }
        text
    }
}

impl Redactor {
    /// A JSON text without any hidden value, however its strings are escaped (`\/`, `\u0073`).
    ///
    /// What is no JSON at all is treated alike, as far as its quotes go.
    pub fn redact_json<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = self.redact(text);
        if !text.contains('\\') {
            return text;
        }
        // What is clean, and how much of the text it stands for.
        let (mut clean, mut done) = (String::new(), 0);
        let mut at = 0;
        while let Some(start) = text.get(at..).and_then(|rest| rest.find('"')).map(|found| at + found) {
            at = string_end(text.as_bytes(), start);
            let Some(token) = text.get(start..at).filter(|token| token.contains('\\')) else { continue };
            let Ok(plain) = serde_json::from_str::<String>(token) else { continue };
            if let Cow::Owned(hidden) = self.redact(&plain) {
                clean.push_str(&text[done..start]);
                clean.push_str(&serde_json::Value::from(hidden).to_string());
                done = at;
            }
        }
        if done == 0 {
            return text;
        }
        clean.push_str(&text[done..]);
        Cow::Owned(clean)
    }
}

/// The index behind the closing quote of the JSON string that opens at `start`.
pub fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
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
    use crate::secrets::credentials::Credentials;

    fn credentials(secret: &str) -> Credentials {
        Credentials {
            project_id: "3c90c3cc-0d44-4b50-8888-8dd25736052a".parse().unwrap(),
            secret: Secret::new(secret).unwrap(),
        }
    }

    #[test]
    fn an_escape_does_not_hide_a_secret() {
        let redactor = credentials("s3cret/key").redactor();
        for (leak, shown) in [
            (r#"{"a":"s3cret\/key","b":"x\ny"}"#, r#"{"a":"[redacted]","b":"x\ny"}"#),
            (r#"{"a":"<\u0073\u0033cret/key>"}"#, r#"{"a":"<[redacted]>"}"#),
            (r#"{"s3cret\/key":"s3cret\/key s3cret/key"}"#, r#"{"[redacted]":"[redacted] [redacted]"}"#),
            (r#"no JSON, "s3cret\/key" and "open"#, r#"no JSON, "[redacted]" and "open"#),
        ] {
            assert_eq!(redactor.redact_json(leak), shown);
        }
        let harmless = r#"{"a":"caf\u00e9 \"x\""}"#;
        assert!(matches!(redactor.redact_json(harmless), Cow::Borrowed(same) if same == harmless));
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
