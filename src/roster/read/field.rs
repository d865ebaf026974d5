//! The fields of a roster by their names, and what other programs call them.

use crate::model::blank::is_blank;

/// A field of a roster; the names are the API's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `type`
    Type,
    /// `phoneNumber`
    Phone,
    /// `assignedPhoneNumber`
    Assigned,
    /// `firstName`
    FirstName,
    /// `lastName`
    LastName,
    /// `email`
    Email,
    /// `region`: how the row's numbers are read that have no plus. It is not sent.
    Region,
    /// `id`: what the service wrote carries it.
    Id,
    /// `meta`: the service's notes on a user.
    Meta,
    /// What the service writes beside it, and nobody would want to set.
    Ignored,
}

/// Every name and its field.
const NAMES: [(&str, Field); 11] = [
    ("type", Field::Type),
    ("phoneNumber", Field::Phone),
    ("assignedPhoneNumber", Field::Assigned),
    ("firstName", Field::FirstName),
    ("lastName", Field::LastName),
    ("email", Field::Email),
    ("region", Field::Region),
    ("id", Field::Id),
    ("projectId", Field::Ignored),
    ("meta", Field::Meta),
    ("createdAt", Field::Ignored),
];

/// The names that a roster sets, for a text.
pub const SETTABLE: &str = "type, phoneNumber, assignedPhoneNumber, firstName, lastName, email";

/// How many fields a roster can set.
pub const SETTABLE_FIELDS: usize = Field::Email as usize + 1;

impl Field {
    /// How many there are.
    pub const COUNT: usize = Self::Ignored as usize + 1;

    /// The field of a name; capitals, blanks, `_` and `-` do not matter.
    pub fn by_name(name: &str) -> Option<Self> {
        let fits = |known: &str| letters(name).eq(known.chars().map(|c| c.to_ascii_lowercase()));
        NAMES.iter().find(|(known, _)| fits(known)).map(|(_, field)| *field)
    }

    /// Whether a roster can set it; such a field has a place in a row's values.
    pub fn is_settable(self) -> bool {
        (self as usize) < SETTABLE_FIELDS
    }

    /// Whether a roster's column can hold it.
    pub fn has_values(self) -> bool {
        self.is_settable() || self == Self::Region
    }

    /// The names of those that a column can hold.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(|(_, field)| field.has_values()).map(|(name, _)| *name)
    }

    /// The API's name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }
}

/// What of a name counts when it is compared.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| !is_blank(*c) && !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase())
}

/// Whether two names are one: capitals, blanks, `_` and `-` do not matter.
pub fn is_same(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

/// What other programs call a field, found in a longer name; the first one that is found counts.
const OTHER_NAMES: [(&str, Field); 10] = [
    ("assigned", Field::Assigned),
    ("email", Field::Email),
    ("surname", Field::LastName),
    ("familyname", Field::LastName),
    ("lastname", Field::LastName),
    ("givenname", Field::FirstName),
    ("forename", Field::FirstName),
    ("firstname", Field::FirstName),
    ("mobile", Field::Phone),
    ("phone", Field::Phone),
];
/// The same, where it is the whole name.
const WHOLE_NAMES: [(&str, Field); 10] = [
    ("cell", Field::Phone),
    ("tel", Field::Phone),
    ("number", Field::Phone),
    ("msisdn", Field::Phone),
    ("first", Field::FirstName),
    ("last", Field::LastName),
    ("mail", Field::Email),
    ("line", Field::Assigned),
    ("country", Field::Region),
    ("countrycode", Field::Region),
];
/// What a column of whole names is called. No part of such a name is anybody's first name, unless somebody says so.
const FULL_NAMES: [&str; 3] = ["name", "fullname", "displayname"];
/// The longest name that is compared, in characters.
const COMPARED: usize = 40;

/// The field that an unknown name was meant to be.
pub fn nearest(name: &str) -> Option<Field> {
    let plain: String = letters(name).take(COMPARED).collect();
    // Which phone, and how a name is spoken: columns of address books beside the ones with the values.
    if plain.starts_with("phonetic") || (plain.len() > 4 && (plain.ends_with("type") || plain.ends_with("label"))) {
        return None;
    }
    if FULL_NAMES.contains(&&*plain) {
        return None;
    }
    let whole = WHOLE_NAMES.into_iter().find(|(other, _)| plain == *other);
    if let Some((_, field)) = whole.or_else(|| OTHER_NAMES.into_iter().find(|(other, _)| plain.contains(other))) {
        return Some(field);
    }
    let score = |known: &str| strsim::jaro_winkler(&known.to_ascii_lowercase(), &plain);
    let scores = NAMES.iter().map(|(known, field)| (score(known), *field));
    scores.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(score, _)| *score > 0.8).map(|(_, field)| field)
}

/// What to write in place of an unknown name.
pub fn instead_of(name: &str) -> String {
    match nearest(name) {
        Some(field) => format!("did you mean {}?", field.name()),
        None if FULL_NAMES.iter().any(|full| is_same(full, name)) => {
            format!("split it into firstName and lastName, or send it whole with `--map firstName={name}`")
        }
        None => format!("rename it or take it out; the known names are {SETTABLE}, region"),
    }
}
