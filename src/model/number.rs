//! Phone numbers as a service writes them: formatted, without their plus, or with digits hidden. What can be read is
//! compared by its digits; what cannot is nobody's number, and never proof of another person.

use std::borrow::Cow;

/// How a number that was written down compares with a known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The same digits.
    Same,
    /// Not all digits can be seen; those that can fit.
    Unreadable,
    /// Other digits.
    Different,
}

/// A number as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written<'a> {
    /// All of it: a plus and digits, nothing else.
    Whole(Cow<'a, str>),
    /// Runs of digits with holes between them, two at least: the first is where the number begins, the last where it
    /// ends, and either may be empty.
    Part(Vec<String>),
}

/// What stands between digits and means nothing: blanks, brackets, dashes of any width, marks of direction.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

/// Whether a text is a plus and digits.
pub fn is_whole(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Reads a number. Without a plus its country is not known, so its beginning counts as hidden.
pub fn read(text: &str) -> Written<'_> {
    if is_whole(text) {
        return Written::Whole(Cow::Borrowed(text));
    }
    let (mut runs, mut has_plus) = (vec![String::new()], false);
    for c in text.chars().filter(|c| !is_separator(*c)) {
        match (c, runs.as_mut_slice()) {
            ('0'..='9', [.., run]) => run.push(c),
            ('+', [run]) if !has_plus && run.is_empty() => has_plus = true,
            (_, [.., _, run]) if run.is_empty() => {}
            _ => runs.push(String::new()),
        }
    }
    match (has_plus, runs.as_slice()) {
        (true, [digits]) if !digits.is_empty() => Written::Whole(Cow::Owned(format!("+{digits}"))),
        (_, [digits]) => match digits.strip_prefix("00").filter(|rest| !rest.is_empty()) {
            Some(rest) => Written::Whole(Cow::Owned(format!("+{rest}"))),
            None => Written::Part(vec![String::new(), digits.clone()]),
        },
        _ => Written::Part(runs),
    }
}

/// Compares what was written with a number that is known in full, with its plus.
pub fn compare(written: &str, known: &str) -> Likeness {
    let digits = known.trim_start_matches('+');
    match read(written) {
        Written::Whole(number) if number.trim_start_matches('+') == digits => Likeness::Same,
        Written::Whole(_) => Likeness::Different,
        Written::Part(runs) => match runs.as_slice() {
            [start, end] if start.is_empty() && end == digits => Likeness::Same,
            runs if fits(runs, digits) => Likeness::Unreadable,
            _ => Likeness::Different,
        },
    }
}

/// Whether digits hold these runs in this order, the first at their beginning and the last at their end.
fn fits(runs: &[String], digits: &str) -> bool {
    let [start, between @ .., end] = runs else { return false };
    let rest = digits.strip_prefix(start.as_str()).and_then(|rest| rest.strip_suffix(end.as_str()));
    let behind = |rest: &'_ str, run: &String| rest.find(run.as_str()).map(|at| at + run.len());
    let mut rest = rest;
    for run in between {
        rest = rest.and_then(|rest| rest.get(behind(rest, run)?..));
    }
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_compared_by_their_digits() {
        for same in [
            "+14155550123",
            "+1 (415) 555-0123",
            "+1\u{a0}415\u{2011}555\u{2011}0123",
            "14155550123",
            "0014155550123",
            "tel:+14155550123",
        ] {
            assert_eq!(compare(same, "+14155550123"), Likeness::Same, "{same}");
        }
    }

    #[test]
    fn what_is_hidden_is_unreadable_as_long_as_the_rest_fits() {
        for fitting in
            ["+141****0123", "+1 (4••) •••-0123", "xxx-xxx-0123", "***", "", "(415) 555-0123", "+1415555…", "+1*55*0*"]
        {
            assert_eq!(compare(fitting, "+14155550123"), Likeness::Unreadable, "{fitting}");
        }
        for other in ["+14155550124", "+141****0124", "+491****0123", "555-0124", "+1415555012355550123", "+1*66*0*"] {
            assert_eq!(compare(other, "+14155550123"), Likeness::Different, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_itself_however_it_is_spaced_and_never_another_when_hidden(
            number in "[1-9][0-9]{6,14}", blanks in proptest::collection::vec(0usize..3, 16), from in 0usize..7, hidden in 1usize..8,
        ) {
            let known = format!("+{number}");
            let spaced: String = known.chars().zip(&blanks).map(|(c, blanks)| format!("{c}{}", &" -"[..*blanks])).collect();
            prop_assert_eq!(compare(&spaced, &known), Likeness::Same);
            let to = (from + hidden).min(number.len());
            let masked = format!("+{}{}{}", &number[..from], "*".repeat(to - from), &number[to..]);
            prop_assert_eq!(compare(&masked, &known), Likeness::Unreadable);
        }

        #[test]
        fn any_text_can_be_compared(text: String) {
            compare(&text, "+14155550123");
        }
    }
}
