//! Finds a text however its characters are escaped: for JSON or Rust (`\/`, `\u002f`), for a URL (`%2F`, `%2f`),
//! for HTML (`&#x2F;`, `&amp;`), and any of them for only some of its characters.

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter};

/// The longest reference that HTML has for one of the characters below, and more than any number needs.
const LONGEST_ENTITY: usize = 12;

/// The bytes that one escape stands for, at most four of UTF-8.
struct Unit {
    bytes: [u8; 4],
    length: usize,
    /// How much of the text it takes.
    width: usize,
}

impl Unit {
    fn of(character: char, width: usize) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Self { bytes, length, width }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The first place where one of the values stands with at least one character escaped. `starts` tells the bytes that
/// occur in any value: the usual escapes (`\n`, `\"`) are passed over without a look at the values.
pub fn find<'a>(
    text: &[u8],
    values: impl Iterator<Item = &'a [u8]> + Clone,
    occurs: &[bool; 256],
) -> Option<Range<usize>> {
    for escape in memchr3_iter(b'\\', b'%', b'&', text) {
        let Some(unit) = decode(&text[escape..]) else { continue };
        if !unit.bytes().iter().all(|byte| occurs[usize::from(*byte)]) {
            continue;
        }
        for value in values.clone() {
            // The escaped character may be any of the value's; what stands before it is written plainly.
            for at in memchr_iter(unit.bytes[0], value) {
                let Some(rest) = value[at..].strip_prefix(unit.bytes()) else { continue };
                let start = escape.checked_sub(at).filter(|start| text[*start..escape] == value[..at]);
                if let (Some(start), Some(end)) = (start, end_of(text, escape + unit.width, rest)) {
                    return Some(whole_escape(text, start)..end);
                }
            }
        }
    }
    None
}

/// Where a match begins that must not leave half an escape before it: a backslash that was itself escaped goes, too.
fn whole_escape(text: &[u8], start: usize) -> usize {
    let backslashes = text[..start].iter().rev().take_while(|byte| **byte == b'\\').count();
    if text[start] == b'\\' { start - backslashes % 2 } else { start }
}

/// Where the rest of a value ends that begins at `at`, escaped or plain.
fn end_of(text: &[u8], mut at: usize, mut rest: &[u8]) -> Option<usize> {
    while let Some(next) = rest.first() {
        let escaped = decode(text.get(at..)?).and_then(|unit| Some((unit.width, rest.strip_prefix(unit.bytes())?)));
        let (width, left) = match escaped {
            Some(found) => found,
            None if text.get(at) == Some(next) => (1, &rest[1..]),
            None => return None,
        };
        (at, rest) = (at + width, left);
    }
    Some(at)
}

/// What the escape at the start of a text stands for.
fn decode(text: &[u8]) -> Option<Unit> {
    match text.first()? {
        b'%' => {
            let byte = u8::try_from(hexadecimal(text.get(1..3)?)?).ok()?;
            Some(Unit { bytes: [byte, 0, 0, 0], length: 1, width: 3 })
        }
        b'\\' => decode_backslash(text),
        b'&' => decode_entity(text),
        _ => None,
    }
}

fn decode_backslash(text: &[u8]) -> Option<Unit> {
    let simple = |character| Some(Unit::of(character, 2));
    match text.get(1)? {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'x' => Some(Unit::of(char::from_u32(hexadecimal(text.get(2..4)?)?)?, 4)),
        b'u' if text.get(2) == Some(&b'{') => {
            let end = text.iter().take(LONGEST_ENTITY).position(|byte| *byte == b'}')?;
            Some(Unit::of(char::from_u32(hexadecimal(&text[3..end])?)?, end + 1))
        }
        b'u' => {
            let first = hexadecimal(text.get(2..6)?)?;
            if let Some(character) = char::from_u32(first) {
                return Some(Unit::of(character, 6));
            }
            // Half a pair; the other half follows.
            let second = hexadecimal(text.get(6..12)?.strip_prefix(b"\\u")?)?;
            let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
            let character = char::decode_utf16(pair).next()?.ok()?;
            Some(Unit::of(character, 12))
        }
        character if character.is_ascii_punctuation() => simple(char::from(*character)),
        _ => None,
    }
}

fn decode_entity(text: &[u8]) -> Option<Unit> {
    let end = text.iter().take(LONGEST_ENTITY).position(|byte| *byte == b';')?;
    let character = match &text[1..end] {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hexadecimal(digits)?)?,
        [b'#', digits @ ..] => char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        b"sol" => '/',
        b"bsol" => '\\',
        b"plus" => '+',
        b"equals" => '=',
        b"percnt" => '%',
        _ => return None,
    };
    Some(Unit::of(character, end + 1))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    // A sign would be read as part of a number.
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}
