//! Text from outside is hostile to a terminal: a name must not be able to drive it, nor turn a line around.

use std::borrow::Cow;

/// Whether a character does something to a terminal instead of standing in it: C0 and C1 controls,
/// bidirectional marks, line separators, the soft hyphen (some show it, some don't), the byte order mark, tags, and
/// other invisible formatting. Joiners stay: emoji and whole scripts need them.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line of text without any hostile character; a line break or tab becomes a space.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let visible = text.chars().filter_map(|c| match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if is_hostile(c) => None,
        c => Some(c),
    });
    Cow::Owned(visible.collect())
}

/// Several lines of text: line breaks stay, everything else as in [`line`].
pub fn lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| c != '\n' && is_hostile(c)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_drives_a_terminal_is_left() {
        assert_eq!(line("\u{1b}]0;owned\u{7}Ada\u{1b}[31m"), "]0;ownedAda[31m");
        assert_eq!(line("a\u{9b}31mb"), "a31mb");
        assert_eq!(line("\u{202e}adA\u{2066}\u{200f}"), "adA");
        assert_eq!(line("so\u{ad}ft\u{200b}\u{2060}"), "soft");
        assert_eq!(line("two\nlines\tand\ra return"), "two lines and a return");
    }

    #[test]
    fn plain_text_of_any_language_is_left_alone() {
        for plain in ["Ada", "Zoë", "山田 太郎", "محمد", "👩‍💻", "नमस्ते"] {
            assert!(matches!(line(plain), Cow::Borrowed(same) if same == plain), "{plain}");
        }
    }

    #[test]
    fn several_lines_stay_several() {
        assert_eq!(lines("a\u{7}\nb"), "a\nb");
    }
}
