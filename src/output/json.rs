//! JSON as a machine reads it: the answer's own text laid out anew, with nothing in it that drives a terminal.

use std::io::{self, Write};

use serde::Serialize;

use super::sanitize::is_hostile;
use crate::secrets::redactor::string_end;

/// How a document is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Two spaces a level, a key a line.
    Pretty,
    /// One line.
    Compact,
}

/// The deepest level that is still indented; what lies below stands on one line. Else the blanks grow with the square of
/// the depth, and an answer of a few kilobytes fills a disk.
const DEEPEST: usize = 32;

/// Writes the text of one JSON value that is known to be valid, in a layout, with hostile characters as `\u` escapes.
///
/// It works on the text itself, so numbers, key order and unknown fields come out as the service wrote them.
///
/// # Errors
/// Whatever the writer says.
pub fn write<W: Write>(out: &mut W, value: &str, layout: Layout, level: usize) -> io::Result<()> {
    Printer { out, layout, level }.value(value)
}

/// The text of a value of ours, in a layout.
pub fn text<T: Serialize + ?Sized>(value: &T, layout: Layout) -> String {
    let mut bytes = Vec::new();
    // Our own values always serialize, and a Vec takes every byte.
    if let Ok(raw) = serde_json::to_string(value) {
        let _ = write(&mut bytes, &raw, layout, 0);
    }
    String::from_utf8(bytes).unwrap_or_default()
}

struct Printer<'a, W> {
    out: &'a mut W,
    layout: Layout,
    level: usize,
}

impl<W: Write> Printer<'_, W> {
    fn value(&mut self, text: &str) -> io::Result<()> {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let end = string_end(bytes, at);
                    self.string(&text[at..end])?;
                    at = end;
                    continue;
                }
                b'{' | b'[' => {
                    self.out.write_all(&[byte])?;
                    let close = next_solid(bytes, at + 1);
                    if matches!(bytes.get(close), Some(b'}' | b']')) {
                        self.out.write_all(&bytes[close..=close])?;
                        at = close + 1;
                        continue;
                    }
                    self.level += 1;
                    self.break_line()?;
                }
                b'}' | b']' => {
                    let breaks = self.breaks();
                    self.level = self.level.saturating_sub(1);
                    if breaks {
                        self.break_line()?;
                    }
                    self.out.write_all(&[byte])?;
                }
                b',' => {
                    self.out.write_all(b",")?;
                    self.break_line()?;
                }
                b':' => self.out.write_all(if self.breaks() { b": " } else { b":" })?,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => {
                    let end = bytes[at..]
                        .iter()
                        .position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))
                        .map_or(bytes.len(), |length| at + length);
                    self.out.write_all(&bytes[at..end])?;
                    at = end;
                    continue;
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// A string with its quotes; what is escaped already stays so.
    fn string(&mut self, text: &str) -> io::Result<()> {
        // Only DEL and what lies beyond ASCII can be hostile here: JSON escapes the C0 controls itself.
        if text.bytes().all(|byte| byte < 0x7f) || !text.contains(is_hostile) {
            return self.out.write_all(text.as_bytes());
        }
        let mut units = [0; 2];
        for c in text.chars() {
            if is_hostile(c) {
                for unit in c.encode_utf16(&mut units) {
                    write!(self.out, "\\u{unit:04x}")?;
                }
            } else {
                write!(self.out, "{c}")?;
            }
        }
        Ok(())
    }

    fn breaks(&self) -> bool {
        self.layout == Layout::Pretty && self.level <= DEEPEST
    }

    fn break_line(&mut self) -> io::Result<()> {
        const INDENT: [u8; 2 * DEEPEST + 1] = {
            let mut spaces = [b' '; 2 * DEEPEST + 1];
            spaces[0] = b'\n';
            spaces
        };
        match INDENT.get(..=2 * self.level) {
            Some(line) if self.breaks() => self.out.write_all(line),
            _ => Ok(()),
        }
    }
}

fn next_solid(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|b| !b.is_ascii_whitespace()).map_or(bytes.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    fn pretty(json: &str) -> String {
        text(&serde_json::from_str::<&RawValue>(json).unwrap(), Layout::Pretty)
    }

    #[test]
    fn lays_out_like_serde_json() {
        let json = r#"{"a":[1,2.50,{"b":null}],"c":{},"d":[ ],"e":"x \" y\\","f":true}"#;
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(pretty(json).replace("2.50", "2.5"), serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(
            text(&serde_json::from_str::<&RawValue>(" {\"a\" : 1.0 , \"b\":[ ] } ").unwrap(), Layout::Compact),
            r#"{"a":1.0,"b":[]}"#
        );
    }

    #[test]
    fn hostile_characters_become_escapes_and_nothing_is_lost() {
        let json = serde_json::to_string(&Value::from("a\u{202e}b\u{7f}\u{9b}\u{e0041}c\u{1b}")).unwrap();
        let shown = pretty(&json);
        assert!(!shown.contains(is_hostile), "{shown:?}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), serde_json::from_str::<Value>(&json).unwrap());
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(
            pretty("[12345678901234567890123,1.10,1e400]"),
            "[\n  12345678901234567890123,\n  1.10,\n  1e400\n]"
        );
    }

    #[test]
    fn the_deep_is_laid_out_on_one_line_and_costs_what_it_is_long() {
        let deep = |levels: usize| format!("{}1,{{\"k\":2}}{}", "[".repeat(levels), "]".repeat(levels));
        let shown = pretty(&deep(DEEPEST + 2));
        assert!(shown.contains(&format!("\n{}[[1,{{\"k\":2}}]]\n", "  ".repeat(DEEPEST))), "{shown}");
        let deepest = pretty(&deep(20_000));
        assert!(deepest.len() < 2 * 20_000 + 4000, "{}", deepest.len());
        assert_eq!(deepest.replace(char::is_whitespace, ""), deep(20_000));
    }

    proptest! {
        #[test]
        fn any_document_keeps_its_meaning(texts in proptest::collection::vec(".*", 0..6), depth in 0usize..40) {
            let mut value = Value::from(texts);
            for level in 0..depth {
                value = if level % 2 == 0 { serde_json::json!({ "k": value }) } else { serde_json::json!([value, 1]) };
            }
            let shown = text(&value, Layout::Pretty);
            prop_assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        }
    }
}
