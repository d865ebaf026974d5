//! From bytes to text: what editors and spreadsheets put around it.

use std::borrow::Cow;

use crate::roster::problem::{Place, Problem};

/// How to get a file that can be read.
const SAVE_AS: &str = "save the file as UTF-8 (in Excel: \"CSV UTF-8\")";

/// Decodes a file: UTF-8 with or without a byte order mark, or UTF-16 with one.
///
/// # Errors
/// The first byte that is not text; after it nothing can be trusted.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest)?,
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [0, _, 0, _, ..] | [_, 0, _, 0, ..] => {
            return Err(Problem::new(0, "is UTF-16 without a byte order mark").advice(SAVE_AS));
        }
        rest => utf8(rest)?,
    };
    match text.find('\0') {
        Some(at) => Err(found(&text[..at], "a NUL byte, which no text holds").advice(SAVE_AS)),
        None => Ok(text),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
    str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let reason = format!("byte 0x{byte:02X} is not UTF-8; the file looks like Windows-1252 or Latin-1");
        found(&before, reason).advice(SAVE_AS)
    })
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Result<String, Problem> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    for unit in char::decode_utf16(pairs.iter().map(|pair| read(*pair))) {
        match unit {
            Ok(char) => text.push(char),
            Err(_) => return Err(found(&text, "half a UTF-16 character").advice(SAVE_AS)),
        }
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(found(&text, "the file ends in the middle of a UTF-16 character").advice(SAVE_AS))
    }
}

/// A problem right behind a text.
fn found(before: &str, reason: impl Into<String>) -> Problem {
    Lines::new(before).problem(before.len(), reason)
}

/// Counts the line breaks of a piece of text: `\n`, `\r\n`, and a lone `\r`.
pub fn line_breaks(text: &str) -> u32 {
    u32::try_from(breaks(text).count()).unwrap_or(u32::MAX)
}

/// Where the lines behind each line break begin.
fn breaks(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let is_break = |at: usize, byte: u8| byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
    bytes.iter().enumerate().filter(move |(at, byte)| is_break(*at, **byte)).map(|(at, _)| at + 1)
}

/// A text and the places where its lines begin: it is walked once, and then any place is found at once.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    /// Of all lines but the first.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Finds the lines of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, starts: breaks(text).collect() }
    }

    /// The line of a byte offset, counted from 1.
    pub fn at(&self, offset: usize) -> u32 {
        u32::try_from(1 + self.before(offset)).unwrap_or(u32::MAX)
    }

    /// The line on which a piece of the text begins; the distance of the two is its offset.
    pub fn of(&self, piece: &str) -> u32 {
        self.at((piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize))
    }

    /// A problem at a byte offset; one within a character means that character.
    pub fn problem(&self, offset: usize, reason: impl Into<String>) -> Problem {
        let start = self.before(offset).checked_sub(1).map_or(0, |line| self.starts[line]);
        let before = (start..=offset.min(self.text.len())).rev().find_map(|end| self.text.get(start..end));
        let character = before.unwrap_or_default().chars().count() + 1;
        Problem::new(self.at(offset), reason).at(Place::Character { character })
    }

    /// How many lines end before an offset.
    fn before(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_taken_off_and_utf16_is_decoded() {
        assert_eq!(decode(b"\xEF\xBB\xBFa").unwrap(), "a");
        let utf16 = |units: fn(u16) -> [u8; 2]| "\u{feff}Zoë 🎈".encode_utf16().flat_map(units).collect::<Vec<_>>();
        assert_eq!(decode(&utf16(u16::to_le_bytes)).unwrap(), "Zoë 🎈");
        assert_eq!(decode(&utf16(u16::to_be_bytes)).unwrap(), "Zoë 🎈");
        assert_eq!(decode(b"").unwrap(), "");
    }

    #[test]
    fn what_is_not_text_is_named_with_its_place() {
        let problem = decode(b"a\r\nb\nZo\xEB").unwrap_err();
        assert_eq!((problem.line, problem.place.clone()), (3, Some(Place::Character { character: 3 })));
        assert!(problem.to_string().contains("0xEB"), "{problem}");
        assert_eq!(decode(b"abc\nd\0").unwrap_err().line, 2);
        assert!(decode(b"a\0b\0").unwrap_err().reason.contains("UTF-16"));
        assert!(decode(b"\xFF\xFEa").unwrap_err().reason.contains("UTF-16"));
        assert!(decode(b"\xFF\xFE\x00\xD8").unwrap_err().reason.contains("UTF-16"));
    }

    #[test]
    fn every_kind_of_line_break_counts_once() {
        let text = "a\nb\r\nc\rd\n\n";
        assert_eq!(line_breaks(text), 5);
        let lines = Lines::new(text);
        assert_eq!((0..=text.len()).map(|at| lines.at(at)).collect::<Vec<_>>(), [1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 6]);
        assert_eq!([lines.of(&text[5..]), lines.of(&text[7..8]), lines.of(text)], [3, 4, 1]);
    }

    #[test]
    fn a_problem_names_its_character_and_not_its_byte() {
        let lines = Lines::new("ab\nZo\u{eb}!");
        let place = |offset| {
            let problem = lines.problem(offset, "");
            (problem.line, problem.place)
        };
        let character = |character| Some(Place::Character { character });
        assert_eq!(place(1), (1, character(2)));
        assert_eq!(place(5), (2, character(3)));
        assert_eq!(place(6), (2, character(3)), "the middle of a character is that character");
        assert_eq!(place(7), (2, character(4)));
        assert_eq!(place(99), (2, character(5)));
    }
}
