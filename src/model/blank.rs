//! Blanks and controls: what shows as nothing, and is no part of a value.

/// Whether a character is a blank: an ordinary, a no-break or a zero-width one, a soft hyphen, or a mark of the writing
/// direction, as address books and web pages leave them around what is copied.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

/// A text without the blanks at its ends.
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// The first line break or other control character of a text, in words; a tab is taken for a blank. It is no part of a
/// name: something else went wrong where one stands, and a CSV file cannot hold a line break that is not mistaken for
/// the end of a row.
pub fn control(text: &str) -> Option<String> {
    let odd = text.chars().find(|c| c.is_control() && *c != '\t')?;
    Some(match odd {
        '\n' | '\r' => "a line break".to_owned(),
        odd => format!("a control character (U+{:04X})", u32::from(odd)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_of_every_kind_go_from_the_ends_and_stay_inside() {
        assert_eq!(trim("\u{feff} \u{a0}\u{200b}Ada\u{a0}Byron\u{202c}\t"), "Ada\u{a0}Byron");
        assert_eq!(trim(" \u{200d} "), "");
    }

    #[test]
    fn controls_are_called_by_their_name() {
        assert_eq!(control("Zoë\tO\u{2011}Hara 🎈"), None);
        assert_eq!(control("a\nb").as_deref(), Some("a line break"));
        assert_eq!(control("a\u{1b}[31m").as_deref(), Some("a control character (U+001B)"));
        assert_eq!(control("Zo\u{92}").as_deref(), Some("a control character (U+0092)"));
    }
}
