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
    at_offset(before, before.len(), 1 + line_breaks(before), reason)
}

/// A problem at a byte offset of a text, whose line is known; one within a character means that character.
pub fn at_offset(text: &str, offset: usize, line: u32, reason: impl Into<String>) -> Problem {
    let before = (0..=offset.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default();
    let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let character = before[line_start..].chars().count() + 1;
    Problem::new(line, reason).at(Place::Character { character })
}

/// Counts the line breaks of a piece of text: `\n`, `\r\n`, and a lone `\r`.
pub fn line_breaks(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let breaks = bytes
        .iter()
        .enumerate()
        .filter(|(at, byte)| **byte == b'\n' || (**byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')))
        .count();
    u32::try_from(breaks).unwrap_or(u32::MAX)
}

/// Tells line numbers for offsets that only grow, so that a file is walked once.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    /// Starts at the first line of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, offset: 0, line: 1 }
    }

    /// The line of an offset that is not before the last one.
    pub fn at(&mut self, offset: usize) -> u32 {
        self.line += line_breaks(self.text.get(self.offset..offset).unwrap_or_default());
        self.offset = offset.max(self.offset);
        self.line
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
        assert_eq!(line_breaks("a\nb\r\nc\rd\n\n"), 5);
        let mut lines = Lines::new("a\nb\nc");
        assert_eq!([lines.at(0), lines.at(2), lines.at(3), lines.at(4)], [1, 2, 2, 3]);
    }
}
