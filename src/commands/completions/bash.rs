//! Bash hands over its line as it is typed: it is taken apart here, and what is offered is written as it has to stand
//! there, since Bash puts it in as it is.

/// A line up to the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BashLine {
    /// The words before the cursor's, without their quotes.
    pub before: Vec<String>,
    /// The cursor's word, likewise.
    pub word: String,
    /// Where in that word Bash begins to replace, in bytes.
    start: usize,
    /// The quote that is open at the cursor.
    quote: Option<char>,
    /// Whether the word names where a stream goes to or comes from.
    pub is_stream: bool,
}

impl BashLine {
    /// A line of another shell, which takes it apart by itself.
    pub fn of(before: &[String], word: String) -> Self {
        Self { before: before.to_vec(), word, ..Self::default() }
    }

    /// Reads a line; `breaks` is `COMP_WORDBREAKS`, at whose characters Bash begins a word of its own.
    pub fn read(text: &str, breaks: &str) -> Self {
        let mut line = Self::default();
        let mut has_word = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match (line.quote, c) {
                (Some('\''), '\'') | (Some('"'), '"') => {
                    line.quote = None;
                    line.start = line.word.len();
                }
                (Some('\''), _) => line.word.push(c),
                (Some(_), '\\') => match chars.next_if(|c| matches!(c, '"' | '\\' | '$' | '`')) {
                    Some(c) => line.word.push(c),
                    None => line.word.push('\\'),
                },
                (Some(_), _) => line.word.push(c),
                (None, '\'' | '"') => {
                    line.quote = Some(c);
                    line.start = line.word.len();
                    has_word = true;
                }
                (None, '\\') => {
                    line.word.extend(chars.next());
                    has_word = true;
                }
                (None, ' ' | '\t') => line.end_word(&mut has_word),
                (None, '<' | '>') => {
                    // A number before it is no word: 2> file.
                    if line.word.chars().all(|c| c.is_ascii_digit() || c == '&') {
                        line.word.clear();
                        has_word = false;
                    }
                    line.end_word(&mut has_word);
                    while chars.next_if(|c| matches!(c, '<' | '>' | '&' | '|')).is_some() {}
                    line.is_stream = true;
                }
                (None, '&') if chars.peek() == Some(&'>') => line.end_word(&mut has_word),
                (None, ';' | '|' | '&' | '(' | ')' | '\n') => {
                    line = Self::default();
                    has_word = false;
                }
                (None, _) => {
                    line.word.push(c);
                    has_word = true;
                    if breaks.contains(c) {
                        line.start = line.word.len();
                    }
                }
            }
        }
        line
    }

    fn end_word(&mut self, has_word: &mut bool) {
        let word = std::mem::take(&mut self.word);
        if *has_word && !std::mem::take(&mut self.is_stream) {
            self.before.push(word);
        }
        self.start = 0;
        *has_word = false;
    }

    /// A whole word as it has to be put in.
    pub fn write(&self, text: &str) -> String {
        let text = text.get(self.start..).unwrap_or_default();
        let mut written = String::with_capacity(text.len());
        for c in text.chars() {
            match self.quote {
                Some('\'') if c == '\'' => written.push_str("'\\''"),
                Some('\'') => written.push(c),
                Some(_) if matches!(c, '"' | '\\' | '$' | '`') => written.extend(['\\', c]),
                Some(_) => written.push(c),
                None if is_plain(c) => written.push(c),
                None => written.extend(['\\', c]),
            }
        }
        written
    }
}

/// Whether a character means nothing to the shell.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ',' | '/' | '+' | '=' | ':' | '@' | '%')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BREAKS: &str = " \t\n\"'@><=;|&(:";

    fn read(text: &str) -> (Vec<String>, String, String) {
        let line = BashLine::read(text, BREAKS);
        let rest = line.word.get(line.start..).unwrap().to_owned();
        (line.before, line.word, rest)
    }

    #[test]
    fn words_are_what_the_shell_would_make_of_them() {
        for (text, before, word, rest) in [
            ("spectrum ", &["spectrum"][..], "", ""),
            ("spectrum us", &["spectrum"], "us", "us"),
            ("spectrum  -P my\\ pro", &["spectrum", "-P"], "my pro", "my pro"),
            ("spectrum -P \"my pro", &["spectrum", "-P"], "my pro", "my pro"),
            ("spectrum 'a b' \"c\\\"d\" e\\'f ", &["spectrum", "a b", "c\"d", "e'f"], "", ""),
            ("spectrum --output=js", &["spectrum"], "--output=js", "js"),
            ("spectrum --output=\"js", &["spectrum"], "--output=js", "js"),
            ("spectrum --fault drop:", &["spectrum", "--fault"], "drop:", ""),
            ("spectrum '' ", &["spectrum", ""], "", ""),
            ("true; spectrum us", &["spectrum"], "us", "us"),
            ("a | spectrum us", &["spectrum"], "us", "us"),
            ("spectrum users list 2>x ", &["spectrum", "users", "list"], "", ""),
            ("spectrum users list &>>x -", &["spectrum", "users", "list"], "-", "-"),
        ] {
            let before: Vec<String> = before.iter().copied().map(str::to_owned).collect();
            assert_eq!(read(text), (before, word.to_owned(), rest.to_owned()), "{text}");
        }
        for text in ["spectrum users list > ", "spectrum users list 2>x", "spectrum users apply - <"] {
            assert!(BashLine::read(text, BREAKS).is_stream, "{text}");
        }
    }

    proptest! {
        /// Whatever is put in is read back as it was, in whatever quotes the cursor stands; and nothing panics.
        #[test]
        fn what_is_put_in_is_read_back(name in "[ -~äß]{1,12}", quote in prop::sample::select(vec!["", "\"", "'"])) {
            let typed = format!("spectrum -P {quote}");
            let line = BashLine::read(&typed, BREAKS);
            let whole = format!("{typed}{}{quote} ", line.write(&name));
            prop_assert_eq!(BashLine::read(&whole, BREAKS).before, vec!["spectrum".to_owned(), "-P".to_owned(), name]);
        }

        #[test]
        fn any_line_can_be_read(text in ".{0,40}") {
            let line = BashLine::read(&text, BREAKS);
            line.write(&line.word);
        }
    }
}
