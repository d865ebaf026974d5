//! A line that is being typed, and what each key does to it: as in a shell.

use console::Key;

use crate::output::table::clusters;

/// At an empty line: no more input. Otherwise it deletes.
pub const CTRL_D: char = '\u{4}';
/// Deletes to the end.
const CTRL_K: char = '\u{b}';
/// Deletes everything before the cursor.
const CTRL_U: char = '\u{15}';
/// Deletes the word before the cursor.
const CTRL_W: char = '\u{17}';
/// As the arrow to the left.
const CTRL_B: char = '\u{2}';
/// As the arrow to the right.
const CTRL_F: char = '\u{6}';

/// A text and the cursor in it, which never stands within a character of several code points.
#[derive(Debug, Default)]
pub struct EditedLine {
    text: String,
    at: usize,
}

/// What came of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// The line goes on.
    Edited,
    /// It is whole.
    Entered,
    /// Nobody wants to answer.
    GivenUp,
}

impl EditedLine {
    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor, and what behind it.
    pub fn around(&self) -> (&str, &str) {
        self.text.split_at(self.at)
    }

    /// Takes one key.
    pub fn press(&mut self, key: Key) -> Pressed {
        match key {
            Key::Enter => return Pressed::Entered,
            Key::Escape => return Pressed::GivenUp,
            Key::Char(CTRL_D) if self.text.is_empty() => return Pressed::GivenUp,
            Key::Backspace => self.delete_before(self.left()),
            Key::Del | Key::Char(CTRL_D) => self.delete_behind(self.right()),
            Key::Char(CTRL_K) => self.delete_behind(self.text.len()),
            Key::Char(CTRL_U) => self.delete_before(0),
            Key::Char(CTRL_W) => self.delete_before(self.word()),
            Key::ArrowLeft | Key::Char(CTRL_B) => self.at = self.left(),
            Key::ArrowRight | Key::Char(CTRL_F) => self.at = self.right(),
            Key::Home => self.at = 0,
            Key::End => self.at = self.text.len(),
            Key::Char(c) if !c.is_control() => {
                self.text.insert(self.at, c);
                self.at += c.len_utf8();
            }
            _ => {}
        }
        Pressed::Edited
    }

    fn left(&self) -> usize {
        self.at - clusters(self.around().0).last().map_or(0, str::len)
    }

    fn right(&self) -> usize {
        self.at + clusters(self.around().1).next().map_or(0, str::len)
    }

    /// Where the word before the cursor begins.
    fn word(&self) -> usize {
        let before = self.around().0.trim_end();
        before.char_indices().rev().find(|(_, c)| c.is_whitespace()).map_or(0, |(at, c)| at + c.len_utf8())
    }

    fn delete_before(&mut self, start: usize) {
        self.text.replace_range(start..self.at, "");
        self.at = start;
    }

    fn delete_behind(&mut self, end: usize) {
        self.text.replace_range(self.at..end, "");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(line: &mut EditedLine, text: &str) {
        for c in text.chars() {
            line.press(Key::Char(c));
        }
    }

    #[test]
    fn keys_do_what_they_do_in_a_shell() {
        let after = |text: &str, keys: &[Key]| {
            let mut line = EditedLine::default();
            typed(&mut line, text);
            keys.iter().for_each(|key| assert_eq!(line.press(key.clone()), Pressed::Edited));
            let (before, after) = line.around();
            format!("{before}|{after}")
        };
        assert_eq!(after("ada b", &[Key::Char(CTRL_U)]), "|");
        assert_eq!(after("ada b", &[Key::ArrowLeft, Key::Char(CTRL_U)]), "|b");
        assert_eq!(after("ada  lovelace ", &[Key::Char(CTRL_W)]), "ada  |");
        assert_eq!(after("ada  lovelace ", &[Key::Char(CTRL_W), Key::Char(CTRL_W)]), "|");
        assert_eq!(after("ada", &[Key::Home, Key::Char(CTRL_D)]), "|da");
        assert_eq!(after("ada", &[Key::Char(CTRL_D)]), "ada|");
        assert_eq!(after("ada", &[Key::Home, Key::ArrowRight, Key::Char(CTRL_K)]), "a|");
        assert_eq!(after("ada", &[Key::Backspace, Key::Home, Key::Del, Key::End]), "d|");
        assert_eq!(after("a", &[Key::Tab, Key::Unknown, Key::Char('\u{7}')]), "a|");
    }

    #[test]
    fn a_line_ends_by_enter_and_is_given_up() {
        let mut line = EditedLine::default();
        assert_eq!(line.press(Key::Char(CTRL_D)), Pressed::GivenUp);
        assert_eq!(line.press(Key::Escape), Pressed::GivenUp);
        typed(&mut line, "a");
        assert_eq!(line.press(Key::Escape), Pressed::GivenUp);
        assert_eq!((line.press(Key::Enter), line.text()), (Pressed::Entered, "a"));
    }

    #[test]
    fn a_character_of_several_code_points_goes_as_one() {
        let mut line = EditedLine::default();
        typed(&mut line, "山👩\u{200d}💻e\u{301}");
        line.press(Key::Backspace);
        assert_eq!(line.text(), "山👩\u{200d}💻");
        line.press(Key::ArrowLeft);
        assert_eq!(line.around(), ("山", "👩\u{200d}💻"));
        line.press(Key::Del);
        assert_eq!(line.text(), "山");
    }

    proptest! {
        #[test]
        fn no_keys_break_it(keys in proptest::collection::vec(prop_oneof![
            Just(Key::Backspace), Just(Key::Del), Just(Key::ArrowLeft), Just(Key::ArrowRight), Just(Key::Home),
            Just(Key::Char(CTRL_U)), Just(Key::Char(CTRL_W)), Just(Key::Char(CTRL_K)), any::<char>().prop_map(Key::Char),
        ], 0..60)) {
            let mut line = EditedLine::default();
            for key in keys {
                line.press(key);
                let (before, after) = line.around();
                prop_assert_eq!(format!("{before}{after}"), line.text());
            }
        }
    }
}
