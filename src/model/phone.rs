//! Phone numbers in the API's form: `^\+[1-9]\d{6,14}$` (E.164 with its plus), and as people type them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::blank::{is_blank, trim};
use super::region::Region;
use super::words::{self, cut};

/// A phone number as the API takes it, for example `+14155550123`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Phone(String);

/// What keeps a text from being a phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneFault {
    /// Nothing was given.
    Empty,
    /// All digits, but the country is anyone's guess.
    MissingPlus,
    /// A number as it is dialled within its country.
    National,
    /// It begins with what is dialled before a country code, and not with a plus.
    DialPrefix {
        /// `00`, `011` or `0011`.
        prefix: &'static str,
        /// What it comes to, if what follows is a country code and number.
        number: Option<Phone>,
    },
    /// A 0 in parentheses behind the country code, which is dialled within the country only.
    TrunkZero {
        /// The number without it, where that is known.
        number: Option<Phone>,
    },
    /// A country code never starts with zero.
    LeadingZero,
    /// Fewer than 7 or more than 15 digits: so many.
    Length(usize),
    /// Something that is not a digit.
    Character(char),
    /// An e-mail address.
    Email,
    /// A number with an extension behind it.
    Extension,
    /// More than one number.
    Several,
    /// The region's numbering plan has no such number.
    NotOf(Region),
}

/// Why a text is not a phone number; the message says what to type instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneError {
    /// The text as it was typed, cut to a readable length.
    pub typed: String,
    /// What is wrong with it.
    pub fault: PhoneFault,
}

/// The longest piece of a text that is echoed, in characters.
const ECHOED: usize = 60;
/// How to write a number whose country nobody but its owner knows. No number is worked out here: it would be one of
/// another country.
const WITH_COUNTRY: &str = "write + and the country code before it";
/// The same, behind something else that may be right.
const ELSE_WITH_COUNTRY: &str = "+ and the country code before it";
/// The form of a number.
const FORM: &str = "write it as +<country code><number>, for example +14155550123";
/// What is dialled before a country code: in most countries, in North America, in Australia. No number of North America
/// begins with +11, so 0011 is never 00 before a 1.
const DIAL_PREFIXES: [&str; 3] = ["0011", "011", "00"];
/// Country codes whose numbers keep a leading 0 when dialled from abroad.
const KEEPS_ZERO: [&str; 5] = ["+39", "+225", "+241", "+242", "+378"];
/// The zeros of the decimal digits in the Basic Multilingual Plane (Unicode's class Nd), beside ASCII's.
const ZEROS: [u16; 36] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

impl Phone {
    /// Reads what a person typed. `tel:`, blanks, dashes, dots and parentheses are dropped first, and digits of every
    /// script count.
    ///
    /// # Errors
    /// As [`Phone::from_str`], and what people write that is no number of one person. A missing plus is never guessed.
    pub fn from_typed(text: &str) -> Result<Self, PhoneError> {
        Self::dialled(text, None)
    }

    /// As [`Phone::from_typed`]; where a region is named, what has no plus is read as it is dialled there, and so is a 0
    /// in parentheses.
    ///
    /// # Errors
    /// As [`Phone::from_typed`], and what the region's numbering plan does not have.
    pub fn dialled(text: &str, region: Option<Region>) -> Result<Self, PhoneError> {
        understand(text, region).map_err(|fault| PhoneError::new(text, fault))
    }

    /// The number with its plus.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Why nobody can have this number, where that is certain: the numbering plan of `+1` has ten digits, and neither
    /// its area codes nor its exchanges begin with 0 or 1.
    pub fn doubt(&self) -> Option<String> {
        let national = self.0.strip_prefix("+1")?;
        let digit = |at: usize| national.as_bytes().get(at).copied().unwrap_or_default();
        match national.len() {
            10 if digit(0) < b'2' => Some(format!("cannot exist: no area code of +1 begins with {}", digit(0) as char)),
            10 if digit(3) < b'2' => {
                let exchange = &national[3..6];
                Some(format!("cannot exist: within an area code of +1 no number begins with {exchange}"))
            }
            10 => None,
            count => Some(format!("cannot exist: +1 is followed by 10 digits, and here by {count}")),
        }
    }
}

/// A digit of any script as one of ASCII.
fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let code = u16::try_from(u32::from(c)).ok()?;
    let zero = ZEROS.into_iter().rev().find(|zero| *zero <= code)?;
    char::from_digit(u32::from(code - zero), 10)
}

fn is_plus(c: char) -> bool {
    matches!(c, '+' | '\u{ff0b}' | '\u{fe62}')
}

/// What may stand between digits and means nothing.
fn is_separator(c: char) -> bool {
    let is_dash = matches!(
        c,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{30fc}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
    );
    is_blank(c) || is_dash || matches!(c, '.' | '\u{ff0e}')
}

fn digits_in(text: &str) -> usize {
    text.chars().filter(|c| digit(*c).is_some()).count()
}

fn understand(text: &str, region: Option<Region>) -> Result<Phone, PhoneFault> {
    let text = trim(text);
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
        _ => text,
    };
    if text.contains(['@', '\u{ff20}']) {
        return Err(PhoneFault::Email);
    }
    if has_extension(text) {
        return Err(PhoneFault::Extension);
    }
    if holds_several(text) {
        return Err(PhoneFault::Several);
    }
    // In ASCII, of the punctuation only the parentheses left.
    let plain: String = text
        .chars()
        .filter(|c| !is_separator(*c))
        .map(|c| match c {
            '\u{ff08}' => '(',
            '\u{ff09}' => ')',
            c if is_plus(c) => '+',
            c => digit(c).unwrap_or(c),
        })
        .collect();
    let fault = match trunk_zero(&plain) {
        // A plan would read letters as a keypad has them.
        Some(odd @ PhoneFault::Character(_)) => return Err(odd),
        Some(fault) => fault,
        None => {
            let digits = without_parentheses(&plain);
            match digits.parse().map_err(|error: PhoneError| error.fault) {
                Err(PhoneFault::MissingPlus) => without_plus(&digits),
                read => return read,
            }
        }
    };
    let Some(region) = region else { return Err(fault) };
    let number = region.read(&plain).and_then(|number| number.parse().ok());
    number.ok_or(match fault {
        PhoneFault::MissingPlus | PhoneFault::National => PhoneFault::NotOf(region),
        fault => fault,
    })
}

fn without_parentheses(plain: &str) -> String {
    plain.replace(['(', ')'], "")
}

/// Whether an extension stands behind a number: `;ext=5`, `x5`, `#5`.
fn has_extension(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["ext", "x", "#"].iter().any(|mark| {
        let parts = lower.split_once(mark);
        parts.is_some_and(|(number, rest)| digits_in(number) >= 7 && (1..7).contains(&digits_in(rest)))
    })
}

/// Whether more than one number stands here, with what address books put between them.
fn holds_several(text: &str) -> bool {
    let is_between = |c: char| matches!(c, ':' | ';' | '/' | '|' | ',' | '&' | '\n' | '\r') || is_plus(c);
    text.split(is_between).filter(|part| digits_in(part) >= 7).count() > 1
}

/// Finds a 0 that is dialled within the country only: `+44 (0)20 …`, `+44 (020) …`.
fn trunk_zero(plain: &str) -> Option<PhoneFault> {
    let (before, behind) = plain.split_once("(0")?;
    // At the front it is a number as it is dialled within its country, whatever the parentheses hold.
    if without_parentheses(before).is_empty() {
        return None;
    }
    let keeps = KEEPS_ZERO.iter().any(|code| before.starts_with(code));
    if keeps && !behind.starts_with(')') {
        return None;
    }
    let rest = without_parentheses(&format!("{before}{behind}"));
    let number = match rest.parse().map_err(|error: PhoneError| error.fault) {
        Ok(number) => Some(number),
        Err(PhoneFault::MissingPlus) => match without_plus(&rest) {
            PhoneFault::DialPrefix { number, .. } => number,
            _ => None,
        },
        Err(odd @ PhoneFault::Character(_)) => return Some(odd),
        Err(_) => None,
    };
    Some(PhoneFault::TrunkZero { number: number.filter(|_| !keeps) })
}

/// What digits without a plus are.
fn without_plus(digits: &str) -> PhoneFault {
    let dialled = DIAL_PREFIXES.into_iter().find_map(|prefix| Some((prefix, digits.strip_prefix(prefix)?)));
    match dialled {
        Some((prefix, rest)) => {
            let number = format!("+{rest}").parse().ok().filter(|number: &Phone| number.doubt().is_none());
            PhoneFault::DialPrefix { prefix, number }
        }
        None if digits.starts_with('0') => PhoneFault::National,
        None => PhoneFault::MissingPlus,
    }
}

impl PhoneFault {
    /// Whether a region would say how to read it.
    pub fn wants_region(&self) -> bool {
        matches!(self, Self::MissingPlus | Self::National | Self::DialPrefix { .. })
    }

    /// What is wrong, to be read behind the text.
    pub fn reason(&self) -> String {
        match self {
            Self::Empty => "is empty".to_owned(),
            Self::MissingPlus => "has no leading +".to_owned(),
            Self::National => {
                "has no country code: it starts with 0, as numbers are written within a country".to_owned()
            }
            Self::DialPrefix { prefix, .. } => {
                format!("starts with {prefix}, which is dialled before a country code, where the service wants a +")
            }
            Self::TrunkZero { .. } => "has a (0), which is dialled within the country only".to_owned(),
            Self::LeadingZero => "starts with +0, and no country code starts with zero".to_owned(),
            Self::Length(digits) => format!("has {}, and a phone number has 7 to 15", words::count(*digits, "digit")),
            Self::Character(odd) => format!("has a character that is not a digit: {odd:?}"),
            Self::Email => "is an e-mail address; a user is known by a phone number".to_owned(),
            Self::Extension => "has an extension, and a message cannot be sent to one".to_owned(),
            Self::Several => "holds more than one phone number, and a user has one".to_owned(),
            Self::NotOf(region) => format!("is no phone number of {region}, as it stands"),
        }
    }

    /// What to write instead.
    pub fn advice(&self) -> String {
        match self {
            Self::MissingPlus => format!("{WITH_COUNTRY}, or + alone if it begins with its country code already"),
            Self::National => format!("{WITH_COUNTRY}; in most countries the leading 0 is then left out"),
            Self::DialPrefix { number: Some(number), .. } => {
                format!("write {number} if that is its country code and number, else {ELSE_WITH_COUNTRY}")
            }
            Self::DialPrefix { prefix, number: None } => {
                format!("write + in place of {prefix} if a country code follows, else {ELSE_WITH_COUNTRY}")
            }
            Self::TrunkZero { number: Some(number) } => format!("write {number}"),
            Self::TrunkZero { number: None } => "write + and the number as it is dialled from abroad".to_owned(),
            Self::Extension => "write the number alone".to_owned(),
            Self::Several => "keep the one that gets the messages".to_owned(),
            Self::NotOf(_) => format!("{WITH_COUNTRY} if it is another country's"),
            Self::Email => "write the person's number, with + and the country code".to_owned(),
            Self::Empty | Self::LeadingZero | Self::Length(_) | Self::Character(_) => FORM.to_owned(),
        }
    }
}

impl PhoneError {
    fn new(typed: &str, fault: PhoneFault) -> Self {
        Self { typed: cut(typed, ECHOED).into_owned(), fault }
    }
}

impl fmt::Display for PhoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}; {}", self.typed, self.fault.reason(), self.fault.advice())
    }
}

impl std::error::Error for PhoneError {}

impl FromStr for Phone {
    type Err = PhoneError;

    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let fault = if digits.is_empty() {
            PhoneFault::Empty
        } else if let Some(odd) = digits.chars().find(|c| !c.is_ascii_digit()) {
            PhoneFault::Character(odd)
        } else if digits.len() == text.len() {
            PhoneFault::MissingPlus
        } else if digits.starts_with('0') {
            PhoneFault::LeadingZero
        } else if !(7..=15).contains(&digits.len()) {
            PhoneFault::Length(digits.len())
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(PhoneError::new(text, fault))
    }
}
impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_pattern_and_nothing_else() {
        for good in ["+14155550123", "+1234567", "+123456789012345"] {
            assert_eq!(good.parse::<Phone>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "+",
            "14155550123",
            "+04155550123",
            "+123456",
            "+1234567890123456",
            "+1 4155550123",
            "+1415555O123",
            "++14155550123",
            "+١٤١٥٥٥٥٠١٢٣",
            "tel:+14155550123",
            "+14155550123\n",
        ] {
            assert!(bad.parse::<Phone>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_stands_between_digits_and_how_they_are_written_does_not_matter() {
        for typed in [
            " +1 (415) 555-01.23 ",
            "tel:+1-415-555-0123",
            "TEL:+14155550123",
            "(+1) 415 555 0123",
            "+1\u{2011}415\u{2013}555\u{2212}0123",
            "\u{202a}+1\u{a0}415\u{200b}555\u{feff}0123\u{202c}",
            "\u{2066}+14155550123\u{2069}",
            "\u{ff0b}\u{ff11}\u{ff08}415\u{ff09}\u{ff15}55\u{ff0d}0123",
            "+١٤١٥٥٥٥٠١٢٣",
            "+۱۴۱۵۵۵۵۰۱۲۳",
            "+१४१५५५५०१२३",
        ] {
            assert_eq!(Phone::from_typed(typed).unwrap().as_str(), "+14155550123", "{typed:?}");
        }
        assert_eq!(Phone::from_typed("+39 (06) 698 12345").unwrap().as_str(), "+390669812345");
    }

    #[test]
    fn every_script_counts_from_zero_to_nine() {
        for zero in ZEROS.map(u32::from) {
            let digits: String = (zero..zero + 10).map(|code| digit(char::from_u32(code).unwrap()).unwrap()).collect();
            assert_eq!(digits, "0123456789", "{zero:x}");
            assert_eq!(
                [zero - 1, zero + 10].map(|code| digit(char::from_u32(code).unwrap())).iter().flatten().count(),
                {
                    // Three scripts have two sets of digits, one behind the other.
                    ZEROS.map(u32::from).into_iter().filter(|other| *other == zero + 10 || *other + 10 == zero).count()
                }
            );
        }
    }

    #[test]
    fn what_is_no_number_of_one_person_is_called_what_it_is() {
        let number = |text: &str| Some(text.parse::<Phone>().unwrap());
        let dialled = |prefix, text| PhoneFault::DialPrefix { prefix, number: number(text) };
        let trunk = |text| PhoneFault::TrunkZero { number: number(text) };
        for (typed, fault) in [
            ("", PhoneFault::Empty),
            (" + ", PhoneFault::Empty),
            ("4155550123", PhoneFault::MissingPlus),
            ("44 (0)20 7946 0123", PhoneFault::TrunkZero { number: None }),
            ("020 7946 0123", PhoneFault::National),
            ("(0)20 7946 0123", PhoneFault::National),
            ("(020) 7946 0123", PhoneFault::National),
            ("00 44 20 7946 0123", dialled("00", "+442079460123")),
            ("011 44 20 7946 0123", dialled("011", "+442079460123")),
            ("0011 44 20 7946 0123", dialled("0011", "+442079460123")),
            ("0014155550123", dialled("00", "+14155550123")),
            ("00 0 44 20 7946 0123", PhoneFault::DialPrefix { prefix: "00", number: None }),
            // As dialled in Hong Kong: ten digits would have to follow the 1.
            ("001 44 20 7946 0123", PhoneFault::DialPrefix { prefix: "00", number: None }),
            ("+44 (0)20 7946 0123", trunk("+442079460123")),
            ("+44 ( 0 ) 20 7946 0123", trunk("+442079460123")),
            ("+44\u{ff08}\u{ff10}\u{ff09}20 7946 0123", trunk("+442079460123")),
            ("+49 (030) 5550 0123", trunk("+493055500123")),
            ("0044 (0)20 7946 0123", trunk("+442079460123")),
            // Whether the 0 belongs to the number is not the same for all of Italy's.
            ("+39 (0)6 698 12345", PhoneFault::TrunkZero { number: None }),
            ("+0155550123", PhoneFault::LeadingZero),
            ("+123", PhoneFault::Length(3)),
            ("+1234567890123456", PhoneFault::Length(16)),
            ("call me", PhoneFault::Character('c')),
            ("++14155550123", PhoneFault::Character('+')),
            ("+49 30/5550123", PhoneFault::Character('/')),
            ("ada@icloud.com", PhoneFault::Email),
            ("tel:+14155550123;ext=42", PhoneFault::Extension),
            ("+1 415 555 0123 Ext. 42", PhoneFault::Extension),
            ("+1 415 555 0123 x42", PhoneFault::Extension),
            ("+14155550123 ::: +14155550124", PhoneFault::Several),
            ("+14155550123;+14155550124", PhoneFault::Several),
            ("415-555-0123 / 415-555-0124", PhoneFault::Several),
            ("+14155550123 +14155550124", PhoneFault::Several),
            ("4155550123\n4155550124", PhoneFault::Several),
        ] {
            let error = Phone::from_typed(typed).unwrap_err();
            assert_eq!((error.fault, error.typed.as_str()), (fault, typed));
        }
    }

    #[test]
    fn no_number_is_made_up_where_the_country_is_unknown() {
        for typed in
            ["4155550123", "14155550123", "020 7946 0123", "0161 496 0000", "(011) 4331-6123", "91 98765 43210"]
        {
            let error = Phone::from_typed(typed).unwrap_err();
            let advice = error.fault.advice();
            let holds_number = advice.split(' ').any(|word| word.parse::<Phone>().is_ok());
            assert!(
                !holds_number || advice.contains(" if that is its country code and number, else "),
                "{typed}: {advice}"
            );
            assert_eq!(holds_number, typed.starts_with("(011"), "{typed}: {advice}");
        }
    }

    #[test]
    fn what_is_echoed_is_what_was_typed() {
        let said = |typed: &str| Phone::from_typed(typed).unwrap_err().to_string();
        assert!(said("ada@icloud.com").starts_with("\"ada@icloud.com\" is an e-mail address"));
        assert!(said("(415) 555-0123").starts_with("\"(415) 555-0123\" has no leading +"));
        assert!(said(&"1".repeat(5000)).len() < 300);
    }

    #[test]
    fn a_number_that_cannot_exist_is_doubted() {
        let doubt = |text: &str| text.parse::<Phone>().unwrap().doubt();
        for fine in ["+14155550123", "+12015550199", "+442079460123", "+1987654", "+493055500123"] {
            assert_eq!(doubt(fine).is_some(), fine == "+1987654", "{fine}");
        }
        for (text, words) in [
            ("+10155550123", "no area code of +1 begins with 0"),
            ("+11155550123", "no area code of +1 begins with 1"),
            ("+14150550123", "begins with 055"),
            ("+14151550123", "begins with 155"),
            ("+1415555012", "here by 9"),
            ("+141555501234", "here by 11"),
        ] {
            let said = doubt(text).unwrap();
            assert!(said.starts_with("cannot exist: ") && said.contains(words), "{text}: {said}");
        }
    }
    #[test]
    fn a_region_says_how_a_number_is_read() {
        for (region, typed, number) in [
            ("US", "(415) 555-0123", "+14155550123"),
            ("US", "1 415 555 0123", "+14155550123"),
            ("US", "011 44 20 7946 0123", "+442079460123"),
            ("AU", "0011 44 20 7946 0123", "+442079460123"),
            ("GB", "00 1 415 555 0123", "+14155550123"),
            ("GB", "020 7946 0123", "+442079460123"),
            ("GB", "(0)20 7946 0123", "+442079460123"),
            ("GB", "+44 (0)20 7946 0123", "+442079460123"),
            ("US", "+44 (0)20 7946 0123", "+442079460123"),
            ("US", "+44 (020) 7946 0123", "+442079460123"),
            ("GB", "00 44 (0)20 7946 0123", "+442079460123"),
            ("IT", "+39 (0)6 698 12345", "+390669812345"),
            ("IT", "06 698 12345", "+390669812345"),
            ("AR", "011 15-2345-6789", "+5491123456789"),
            ("DE", "٠٣٠\u{2011}٥٥٥٠\u{a0}٠١٢٣", "+493055500123"),
            ("GB", "tel:020-7946-0123", "+442079460123"),
            // With its plus a number is nobody's guess, whether or not a plan knows it.
            ("US", "+44 20 7946 0123", "+442079460123"),
            ("GB", "+1 015 555 0123", "+10155550123"),
        ] {
            let region = region.parse().ok();
            assert_eq!(Phone::dialled(typed, region).as_ref().map(Phone::as_str), Ok(number), "{typed}");
        }
        for (region, typed, words) in [
            (
                "US",
                "020 7946 0123",
                "is no phone number of US, as it stands; write + and the country code before it if",
            ),
            ("US", "555-0123", "is no phone number of US"),
            ("US", "442079460123", "is no phone number of US"),
            ("GB", "415 555 0123", "is no phone number of GB"),
            ("US", "00 44 20 7946 0123", "starts with 00, which"),
            ("US", "+1 (0)15 555 0123", "has a (0)"),
            ("US", "ada@icloud.com", "is an e-mail address"),
            ("US", "1-800-FLOWERS", "'F'"),
            ("GB", "+44 (0)800 FLOWERS", "'F'"),
            ("GB", "00 44 (0)800 FLOWERS", "'F'"),
            ("US", "+14155550123;+14155550124", "more than one"),
            ("US", "(415) 555-0123 x5", "extension"),
            ("US", "+123", "3 digits"),
            ("US", "", "is empty"),
        ] {
            let said = Phone::dialled(typed, region.parse().ok()).unwrap_err().to_string();
            assert!(said.starts_with(&format!("{typed:?} ")) && said.contains(words), "{said}");
        }
    }

    /// Every example of a number that libphonenumber has.
    fn examples() -> impl Iterator<Item = (Region, rlibphonenumber::PhoneNumber)> {
        use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType as Type};
        let types = [
            Type::FixedLine,
            Type::Mobile,
            Type::TollFree,
            Type::PremiumRate,
            Type::SharedCost,
            Type::VoIP,
            Type::PersonalNumber,
            Type::Pager,
            Type::UAN,
            Type::VoiceMail,
        ];
        let of = move |letters: &'static str| {
            let (region, code) = (letters.parse().unwrap(), letters.parse().unwrap());
            let example = move |kind| PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(code, kind).ok();
            types.into_iter().filter_map(example).map(move |number| (region, number))
        };
        Region::all().flat_map(of)
    }

    /// No advice makes another country's number, and no number is read as another one: as it is dialled from the United
    /// States, from Australia and within its country, for every region and every kind of number.
    #[test]
    fn no_number_becomes_another_ones_wherever_it_is_dialled() {
        use rlibphonenumber::PhoneNumberFormat::{E164, National};
        let (mut seen, mut advised) = (0, 0);
        for (at_home, example) in examples() {
            let number = example.format_as(E164).into_owned();
            let [us, au] = ["US", "AU"]
                .map(|from| example.format_out_of_country_calling_number(from.parse().unwrap()).into_owned());
            let home = example.format_as(National).into_owned();
            for (typed, region) in [(&us, "US".parse().unwrap()), (&au, "AU".parse().unwrap()), (&home, at_home)] {
                let plain = Phone::from_typed(typed).map_err(|error| error.fault.advice());
                let read = Phone::dialled(typed, Some(region));
                // What nobody could be sent a message at, such as a number of four digits, is refused.
                let is_number = number.parse::<Phone>().is_ok();
                assert!(
                    read.as_ref().is_ok_and(|read| read.as_str() == number) || !is_number,
                    "{number} {region}: {typed}: {read:?}"
                );
                seen += 1;
                let advice = plain.expect_err(typed);
                for word in advice.split(' ').filter(|word| word.parse::<Phone>().is_ok()) {
                    advised += 1;
                    let is_open = typed == &home && advice.contains("if that is its country code and number, else ");
                    assert!(word == number || is_open, "{number}: {typed}: {advice}");
                }
            }
        }
        assert!(seen > 3 * 708 && advised > 2 * 500, "{seen} {advised}");
    }
}
