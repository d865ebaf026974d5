//! Numbers with their nouns, and texts cut to a readable length; one place for each.

use std::borrow::Cow;
use std::fmt::Display;

/// A number and what it counts: `1 user`, `3 users`, `0 users`. The noun is given in the singular; of several words
/// the last one changes.
pub fn count<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    if number == N::from(1) { format!("1 {noun}") } else { format!("{number} {}", plural(noun)) }
}

fn plural(noun: &str) -> String {
    if let Some(stem) = noun.strip_suffix("person") {
        return format!("{stem}people");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if ["s", "x", "z", "ch", "sh"].iter().any(|end| noun.ends_with(end)) => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// The first `longest` characters of a text, and `…` where more were there; owned only when it was cut.
pub fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!(count(0, "user"), "0 users");
        assert_eq!(count(1, "user"), "1 user");
        assert_eq!(count(12, "user"), "12 users");
    }

    #[test]
    fn nouns_have_the_plural_that_people_write() {
        for (noun, several) in [
            ("bad row", "bad rows"),
            ("person", "people"),
            ("retry", "retries"),
            ("day", "days"),
            ("address", "addresses"),
            ("match", "matches"),
            ("prefix", "prefixes"),
        ] {
            assert_eq!(count(2, noun), format!("2 {several}"));
        }
    }

    #[test]
    fn a_cut_is_seen_and_falls_between_characters() {
        assert!(matches!(cut("Zoë", 3), Cow::Borrowed("Zoë")));
        assert_eq!(cut("山田太郎", 2), "山田…");
        assert_eq!(cut("ab", 0), "…");
        assert_eq!(cut("", 0), "");
    }
}
