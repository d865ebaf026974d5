//! Hides known secrets by value in any text on its way out.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD as BASE64, URL_SAFE_NO_PAD as BASE64_URL};
use memchr::memmem::Finder;

use super::escape;
use super::secret::Secret;

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

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";
/// A shorter text would be found everywhere by chance.
const SHORTEST_HIDDEN: usize = 4;
/// The same for a form that has lost its ends, or all but sixteen letters.
const SHORTEST_DERIVED: usize = 8;
/// Numbers of so many digits are counts and statuses.
const LONGEST_COUNT: usize = 7;

/// Replaces known secrets by value in any text on its way to a stream.
#[derive(Clone)]
pub struct Redactor {
    forms: Vec<Form>,
    /// Which bytes occur in any form.
    occurs: [bool; 256],
}

/// One way to write a hidden value, ready to be looked for: every line of a long output is searched.
#[derive(Clone)]
struct Form {
    text: String,
    finder: Finder<'static>,
    /// Whether JSON writes it without quotes, too: there it is no secret, and hiding it would break the document.
    is_word: bool,
}

impl Form {
    fn new(text: &str) -> Self {
        let is_count = text.len() <= LONGEST_COUNT && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_word = is_count || matches!(text, "true" | "false" | "null");
        Self { text: text.to_owned(), finder: Finder::new(text).into_owned(), is_word }
    }

    /// The first place in a text from `start` on.
    fn find(&self, text: &str, start: usize) -> Option<Range<usize>> {
        let mut at = start;
        loop {
            let found = at + self.finder.find(&text.as_bytes()[at..])?;
            let range = found..found + self.text.len();
            if !(self.is_word && is_bare(text, &range)) {
                return Some(range);
            }
            at = range.end;
        }
    }
}

/// Whether a place in a text is a JSON value that stands there without quotes.
fn is_bare(text: &str, range: &Range<usize>) -> bool {
    let before = text[..range.start].trim_end().chars().next_back();
    let after = text[range.end..].trim_start().chars().next();
    matches!(before, Some(':' | '[' | ',')) && matches!(after, None | Some(',' | ']' | '}'))
}

impl Default for Redactor {
    fn default() -> Self {
        Self { forms: Vec::new(), occurs: [false; 256] }
    }
}

impl Redactor {
    /// Hides one more value: as it is, in base64 at whatever place of a longer text, and in hexadecimal; each of them
    /// also with any of its characters escaped.
    pub fn hide(&mut self, value: &str) {
        // A form of a web page writes a blank in its own way.
        for form in [value, &value.replace(' ', "+"), &BASE64.encode(value), &BASE64_URL.encode(value)] {
            self.hide_form(form);
        }
        let hexadecimal: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        let derived = [0, 1, 2].into_iter().flat_map(|place| {
            let mut longer = vec![0; place];
            longer.extend_from_slice(value.as_bytes());
            // What the bytes around it have a part in is left out.
            let (first, last) = ((place * 8).div_ceil(6), longer.len() * 8 / 6);
            [BASE64.encode(&longer), BASE64_URL.encode(&longer)]
                .map(|text| text.get(first..last).unwrap_or("").to_owned())
        });
        for form in derived.chain([hexadecimal.to_uppercase(), hexadecimal]).collect::<Vec<_>>() {
            if form.len() >= SHORTEST_DERIVED {
                self.add(Form::new(&form));
            }
        }
    }

    /// Hides a value that is written in one way alone, such as a token.
    pub fn hide_form(&mut self, form: &str) {
        if form.len() >= SHORTEST_HIDDEN {
            self.add(Form::new(form));
        }
    }

    fn add(&mut self, form: Form) {
        if self.forms.iter().any(|known| known.text == form.text) {
            return;
        }
        for byte in form.text.bytes() {
            self.occurs[usize::from(byte)] = true;
        }
        // The longest first: a form may hold another one.
        let at = self.forms.partition_point(|known| known.text.len() >= form.text.len());
        self.forms.insert(at, form);
    }

    /// Hides several more.
    pub fn hide_all<'a>(&mut self, values: impl IntoIterator<Item = &'a Secret>) {
        values.into_iter().for_each(|value| self.hide(value.expose()));
    }

    /// Hides what another one hides.
    pub fn absorb(&mut self, other: Self) {
        other.forms.into_iter().for_each(|form| self.add(form));
    }

    /// The text without any hidden value, however its characters are escaped. A value that is a word of JSON (`true`, a
    /// short number) stays where JSON writes it without quotes.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for form in &self.forms {
            text = replace(text, |text, start| form.find(text, start));
        }
        let values = self.forms.iter().map(|form| form.text.as_bytes());
        replace(text, |text, start| {
            let found = escape::find(&text.as_bytes()[start..], values.clone(), &self.occurs)?;
            Some(start + found.start..start + found.end)
        })
    }
}

/// The text with every place that `find` finds, from a start on, put out of sight.
fn replace<'a>(text: Cow<'a, str>, find: impl Fn(&str, usize) -> Option<Range<usize>>) -> Cow<'a, str> {
    let mut next = find(&text, 0);
    if next.is_none() {
        return text;
    }
    let (mut clean, mut done) = (String::with_capacity(text.len()), 0);
    while let Some(found) = next {
        clean.push_str(&text[done..found.start]);
        clean.push_str(REDACTED);
        done = found.end;
        next = find(&text, done);
    }
    clean.push_str(&text[done..]);
    Cow::Owned(clean)
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} forms)", self.forms.len())
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
            assert_eq!(redactor.redact(leak), shown);
        }
        let harmless = r#"{"a":"caf\u00e9 \"x\""}"#;
        assert!(matches!(redactor.redact(harmless), Cow::Borrowed(same) if same == harmless));
    }

    #[test]
    fn no_spelling_hides_a_secret() {
        let redactor = credentials("s3cret/+key&\"<ö>").redactor();
        for leak in [
            "s3cret%2F%2Bkey%26%22%3C%C3%B6%3E",
            "s3cret%2f+key%26%22%3c%c3%b6%3e",
            "%73%33cret/%2bkey&\"<ö%3E",
            "s3cret/+key&amp;&quot;&lt;ö&gt;",
            "s3cret&#x2F;&#43;key&amp;&#34;&lt;&#246;&#x3e;",
            r#"s3cret\/+key\u0026\"\u003c\u00f6\u003E"#,
            r#"s3cret/+key&\"<\u{f6}>"#,
            r#"\\u0073\u0033cret/+key&\"<ö>"#,
            "7333637265742f2b6b657926223cc3b63e",
            "7333637265742F2B6B657926223CC3B63E",
        ] {
            assert_eq!(redactor.redact(&format!("a {leak} b")), "a [redacted] b", "{leak}");
        }
        for harmless in ["100 % & more", r"C:\new\%TEMP%", "s3cret%2F", "&amp;&quot;%", "\\u00", "&#x2F", "%2"] {
            assert!(matches!(redactor.redact(harmless), Cow::Borrowed(_)), "{harmless}");
        }
    }

    #[test]
    fn base64_hides_a_secret_nowhere() {
        use base64::engine::general_purpose::{STANDARD, URL_SAFE};
        let redactor = credentials("s3cret???>>>key").redactor();
        for before in ["", ":", "ab", "user:", "3c90c3cc-0d44-4b50-8888-8dd25736052a:"] {
            for after in ["", "\n", "xyz"] {
                for engine in [STANDARD, URL_SAFE] {
                    let shown = redactor.redact(&engine.encode(format!("{before}s3cret???>>>key{after}"))).into_owned();
                    // A letter at either end may stay: it holds bits of what stands around.
                    assert!(shown.contains("[redacted]"), "{before}{after}: {shown}");
                    assert!(shown.len() <= "[redacted]".len() + (before.len() + after.len()) * 4 / 3 + 6, "{shown}");
                }
            }
        }
    }

    #[test]
    fn a_secret_that_is_a_word_of_json_breaks_no_document() {
        for secret in ["true", "null", "1234"] {
            let redactor = credentials(secret).redactor();
            let document =
                format!(r#"{{"a":{secret},"b":[{secret}, {secret}],"c":"the secret {secret}","d":{secret}}}"#);
            let shown = redactor.redact(&document).into_owned();
            assert_eq!(shown, document.replace(&format!("secret {secret}"), "secret [redacted]"));
            assert_eq!(redactor.redact(&format!("password={secret}")), "password=[redacted]");
        }
    }

    proptest! {
        #[test]
        fn no_escape_of_some_characters_hides_a_secret(
            secret in "[!-~äß]{6,40}",
            ways in proptest::collection::vec(0..7_u8, 40),
            around in "[a-z ]{0,20}",
        ) {
            let escape = |(character, way): (char, &u8)| match way {
                0 => character.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect(),
                1 => character.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect(),
                2 => format!("\\u{:04x}", u32::from(character)),
                3 => format!("&#{};", u32::from(character)),
                4 => format!("&#x{:X};", u32::from(character)),
                5 => format!("\\u{{{:x}}}", u32::from(character)),
                _ => character.to_string(),
            };
            let leak: String = secret.chars().zip(&ways).map(escape).collect();
            let redactor = credentials(&secret).redactor();
            // An escape that the secret itself seems to hold may be read as one.
            prop_assume!(!secret.contains(['%', '&', '\\']));
            let shown = redactor.redact(&format!("{around}{leak}{around}")).into_owned();
            prop_assert_eq!(shown, format!("{around}[redacted]{around}"));
        }

        #[test]
        fn any_text_is_searched_without_harm(text in "[\\\\%&#xu0-9a-f;{}\"ä]{0,60}", secret in "[!-~ä]{4,10}") {
            let shown = credentials(&secret).redactor().redact(&text).into_owned();
            prop_assert!(!shown.contains(&secret) || "[redacted]".contains(&secret));
        }

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
