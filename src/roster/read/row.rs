//! What every format's rows go through: fields by name, checked values, and rows that do not repeat each other.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::phone;
use crate::model::blank::{control, is_blank, trim};
use crate::model::words::count;
use crate::model::{Email, Phone};
use crate::nouns::users::model::{NewUser, UserType};
use crate::roster::problem::{Place, Problem, Problems};

/// One row of a roster, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file on which it begins, counted from 1.
    pub line: u32,
    /// What it asks for. A field that is absent asks for nothing.
    pub user: NewUser,
    /// Whether the row names its type; else it follows from `assignedPhoneNumber`.
    pub typed: bool,
    /// The `id`, in a row that the service wrote.
    pub id: Option<Box<str>>,
}

impl Row {
    /// Whether its type is the service's guess rather than the author's word: in the seed's era lists name no type,
    /// and a shared user's pool number looks like a dedicated user's line.
    pub fn is_of_unknown_type(&self) -> bool {
        self.id.is_some() && !self.typed && self.user.assigned_phone_number.is_some()
    }
}

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
    /// `id`: what the service wrote carries it.
    Id,
    /// `meta`: the service's notes on a user.
    Meta,
    /// What the service writes beside it, and nobody would want to set.
    Ignored,
}

/// Every name and its field.
const NAMES: [(&str, Field); 10] = [
    ("type", Field::Type),
    ("phoneNumber", Field::Phone),
    ("assignedPhoneNumber", Field::Assigned),
    ("firstName", Field::FirstName),
    ("lastName", Field::LastName),
    ("email", Field::Email),
    ("id", Field::Id),
    ("projectId", Field::Ignored),
    ("meta", Field::Meta),
    ("createdAt", Field::Ignored),
];

/// The names that a roster sets, for a text.
pub const SETTABLE: &str = "type, phoneNumber, assignedPhoneNumber, firstName, lastName, email";

impl Field {
    /// How many there are.
    pub const COUNT: usize = Self::Ignored as usize + 1;

    /// The field of a name; capitals, blanks, `_` and `-` do not matter.
    pub fn by_name(name: &str) -> Option<Self> {
        let fits = |known: &str| letters(name).eq(known.chars().map(|c| c.to_ascii_lowercase()));
        NAMES.iter().find(|(known, _)| fits(known)).map(|(_, field)| *field)
    }

    /// Whether a roster can set it; such a field has a place in [`RawRow::values`].
    pub fn is_settable(self) -> bool {
        (self as usize) < SETTABLE_FIELDS
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

/// What other programs call a field, found in a longer name; the first one that is found counts.
const OTHER_NAMES: [(&str, &str); 10] = [
    ("assigned", "assignedPhoneNumber"),
    ("email", "email"),
    ("surname", "lastName"),
    ("familyname", "lastName"),
    ("lastname", "lastName"),
    ("givenname", "firstName"),
    ("forename", "firstName"),
    ("firstname", "firstName"),
    ("mobile", "phoneNumber"),
    ("phone", "phoneNumber"),
];
/// The longest name that is compared, in characters.
const COMPARED: usize = 40;

/// The known name that an unknown one was meant to be.
pub fn nearest(name: &str) -> Option<&'static str> {
    let plain: String = letters(name).take(COMPARED).collect();
    // Which phone, and how a name is spoken: columns of address books beside the ones with the values.
    if plain.starts_with("phonetic") || (plain.len() > 4 && (plain.ends_with("type") || plain.ends_with("label"))) {
        return None;
    }
    if let Some((_, known)) = OTHER_NAMES.into_iter().find(|(other, _)| plain.contains(other)) {
        return Some(known);
    }
    let score = |known: &str| strsim::jaro_winkler(&known.to_ascii_lowercase(), &plain);
    let scores = NAMES.iter().map(|(known, _)| (score(known), *known));
    scores.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(score, _)| *score > 0.8).map(|(_, known)| known)
}

/// What to write in place of an unknown name.
pub fn instead_of(name: &str) -> String {
    match nearest(name) {
        Some(known) => format!("did you mean {known}?"),
        None => format!("rename it or take it out; the known names are {SETTABLE}"),
    }
}

/// How many fields a roster can set.
pub const SETTABLE_FIELDS: usize = Field::Email as usize + 1;

/// A row as a format found it; a value that is empty or null is not there.
#[derive(Debug, Default)]
pub struct RawRow<'a> {
    /// The line on which it begins.
    pub line: u32,
    /// The `id`, which the service gives.
    pub id: Option<Box<str>>,
    /// Whether it carries a `meta` that says something.
    pub meta: bool,
    /// The values, by [`Field`].
    pub values: [Option<Cow<'a, str>>; SETTABLE_FIELDS],
    /// Whether a value was refused already, so that its absence is no second problem.
    pub refused: [bool; SETTABLE_FIELDS],
}

impl<'a> RawRow<'a> {
    /// Whether the service wrote it.
    pub fn listed(&self) -> bool {
        self.id.is_some()
    }

    /// Sets a field.
    pub fn set(&mut self, field: Field, value: Cow<'a, str>) {
        match field {
            Field::Id => self.id = Some(trim(&value)).filter(|id| !id.is_empty()).map(Into::into),
            Field::Meta => self.meta |= !matches!(trim(&value), "" | "null" | "{}"),
            Field::Ignored => {}
            _ if value.is_empty() => {}
            _ => self.values[field as usize] = Some(value),
        }
    }

    /// Refuses a field's value, which was said already.
    pub fn refuse(&mut self, field: Field) {
        if let Some(refused) = self.refused.get_mut(field as usize) {
            *refused = true;
        }
    }

    /// Takes the blanks off the ends of every value. The names of a row that the service wrote are taken to the letter,
    /// so that a list comes back as it went.
    fn trim(&mut self) {
        let listed = self.listed();
        let names = [Field::FirstName as usize, Field::LastName as usize];
        for (at, slot) in self.values.iter_mut().enumerate() {
            if let Some(value) = slot
                && !(listed && names.contains(&at))
            {
                trim_in_place(value);
                if value.is_empty() {
                    *slot = None;
                }
            }
        }
    }
}

/// Takes the blanks off the ends of a text.
fn trim_in_place(text: &mut Cow<'_, str>) {
    match text {
        Cow::Borrowed(text) => *text = trim(text),
        Cow::Owned(text) if trim(text).len() < text.len() => *text = trim(text).to_owned(),
        Cow::Owned(_) => {}
    }
}

/// Warnings that are kept; more would hide what matters.
const WARNINGS: usize = 10;

/// The rows and the problems of a file, as they are found.
#[derive(Debug, Default)]
pub struct Rows {
    rows: Vec<Row>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Values that are not sent; of these and the other warnings the first few.
    unsent: Vec<Problem>,
    unkept: usize,
    phones: HashMap<(u64, u64), u32>,
    emails: HashMap<String, (u32, bool)>,
}

/// A phone number as a number: at most fifteen digits.
fn digits(phone: &Phone) -> u64 {
    phone.as_str().trim_start_matches('+').parse().unwrap_or_default()
}

/// Keeps a warning if there is room; how many were not kept.
fn keep(warnings: &mut Vec<Problem>, warning: Problem) -> usize {
    if warnings.len() == WARNINGS {
        return 1;
    }
    warnings.push(warning);
    0
}

impl Rows {
    /// Notes a problem.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Notes what deserves a look and stands in nobody's way.
    pub fn warn(&mut self, warning: Problem) {
        self.unkept += keep(&mut self.warnings, warning);
    }

    /// The rows and the warnings, or every problem in the file's order.
    ///
    /// # Errors
    /// When there was any problem.
    pub fn finish(mut self) -> Result<(Vec<Row>, Vec<Problem>), Problems> {
        if self.problems.is_empty() {
            let mut warnings = self.unsent;
            warnings.append(&mut self.warnings);
            warnings.sort_by_key(|warning| warning.line);
            let more = self.unkept + warnings.len().saturating_sub(WARNINGS);
            if more > 0 {
                warnings.truncate(WARNINGS);
                warnings.push(Problem::new(0, format!("and {}", count(more, "more warning"))));
            }
            return Ok((self.rows, warnings));
        }
        // Who mends a file may as well mend this.
        self.problems.append(&mut self.unsent);
        self.problems.sort_by_key(|problem| problem.line);
        Err(Problems(self.problems))
    }

    /// Checks a row and keeps it, or notes its problems. `place` tells a field's line and place.
    pub fn push(&mut self, mut raw: RawRow<'_>, place: &dyn Fn(Field) -> (u32, Place)) {
        let before = self.problems.len();
        raw.trim();
        let kind = self.kind(&raw, place);
        let phone_number = self.phone(&raw, Field::Phone, place);
        if phone_number.is_none() && !raw.has(Field::Phone) {
            let (line, place) = place(Field::Phone);
            let advice = "every user needs one, for example +14155550123";
            self.problem(Problem::new(line, "the phone number is missing").at(place).advice(advice));
        }
        let assigned_phone_number = match kind {
            Some(UserType::Shared) => {
                self.refuse_line_of_shared(&raw, place);
                None
            }
            _ => self.phone(&raw, Field::Assigned, place),
        };
        if kind == Some(UserType::Dedicated) && !raw.has(Field::Assigned) {
            let (line, place) = place(Field::Assigned);
            let advice = "name one of the project's lines (`spectrum lines list` shows them)";
            self.problem(Problem::new(line, "a dedicated user needs a line").at(place).advice(advice));
        }
        let email = self.email(&raw, place);
        for field in [Field::FirstName, Field::LastName] {
            self.refuse_controls(&raw, field, place);
        }
        if let (Some(kind), Some(phone)) = (kind, &phone_number) {
            self.identity(&raw, kind, phone, assigned_phone_number.as_ref(), email.as_ref(), place);
        }
        if !raw.listed() {
            self.doubt(&raw, phone_number.as_ref(), place);
        }
        let typed = raw.values[Field::Type as usize].is_some();
        let (line, id) = (raw.line, raw.id);
        let [.., first_name, last_name, _] = raw.values;
        if let (Some(kind), Some(phone_number), true) = (kind, phone_number, self.problems.len() == before) {
            let (first_name, last_name) = (first_name.map(Cow::into_owned), last_name.map(Cow::into_owned));
            let user = NewUser { kind, phone_number, assigned_phone_number, first_name, last_name, email };
            self.rows.push(Row { line, user, typed, id });
        }
    }

    /// The service names the pool's number of a shared user: in its own lists it may stand there, whatever it is. A
    /// person who writes one expects it to be used.
    fn refuse_line_of_shared(&mut self, raw: &RawRow<'_>, place: &dyn Fn(Field) -> (u32, Place)) {
        if let Some(text) = &raw.values[Field::Assigned as usize]
            && !raw.listed()
        {
            let (line, place) = place(Field::Assigned);
            let problem = Problem::new(line, "is not sent: a shared user gets a number from the pool").at(place);
            self.problem(problem.value(text).advice("leave it out, or write dedicated for a line of the project"));
        }
    }

    /// Refuses what is no part of a name. What the service has is taken to the letter.
    fn refuse_controls(&mut self, raw: &RawRow<'_>, field: Field, place: &dyn Fn(Field) -> (u32, Place)) {
        if let Some(text) = raw.values[field as usize].as_deref().filter(|_| !raw.listed())
            && let Some(what) = control(text)
        {
            let (line, place) = place(field);
            let problem = Problem::new(line, format!("holds {what}")).at(place).value(text);
            self.problem(problem.advice("write the name on one line, in letters that can be seen"));
        }
    }

    /// Warns of what will not do what its author thinks.
    fn doubt(&mut self, raw: &RawRow<'_>, phone: Option<&Phone>, place: &dyn Fn(Field) -> (u32, Place)) {
        if raw.meta {
            let (line, place) = place(Field::Meta);
            let warning = Problem::new(line, "is not sent: only the service sets it").at(place);
            self.unkept += keep(&mut self.unsent, warning);
        }
        if let Some((phone, doubt)) = phone.and_then(|phone| Some((phone, phone.doubt()?))) {
            let (line, place) = place(Field::Phone);
            let reason = format!("{doubt}; it would take a seat and reach nobody");
            self.warn(Problem::new(line, reason).at(place).value(phone.as_str()));
        }
    }

    fn kind(&mut self, raw: &RawRow<'_>, place: &dyn Fn(Field) -> (u32, Place)) -> Option<UserType> {
        let Some(text) = &raw.values[Field::Type as usize] else {
            let untyped = if raw.has(Field::Assigned) { UserType::Dedicated } else { UserType::Shared };
            return (!raw.refused[Field::Type as usize]).then_some(untyped);
        };
        let kind = text.to_ascii_lowercase().parse();
        if kind.is_err() {
            let (line, place) = place(Field::Type);
            let advice = "write shared or dedicated, or leave it out";
            self.problem(Problem::new(line, "is not a user type").at(place).value(text).advice(advice));
        }
        kind.ok()
    }

    fn phone(&mut self, raw: &RawRow<'_>, field: Field, place: &dyn Fn(Field) -> (u32, Place)) -> Option<Phone> {
        let text = raw.values[field as usize].as_ref()?;
        match phone::read(text) {
            Ok(phone) => Some(phone),
            Err(error) => {
                let (line, place) = place(field);
                self.problem(Problem::new(line, error.reason).at(place).value(text).advice(error.advice));
                None
            }
        }
    }

    fn email(&mut self, raw: &RawRow<'_>, place: &dyn Fn(Field) -> (u32, Place)) -> Option<Email> {
        let text = raw.values[Field::Email as usize].as_ref()?;
        if let Ok(email) = text.parse() {
            return Some(email);
        }
        let (line, place) = place(Field::Email);
        let problem = Problem::new(line, "is not an e-mail address that the service accepts").at(place).value(text);
        self.problem(problem.advice("write it like ada@example.com"));
        None
    }

    /// Notes rows that mean the same user twice.
    fn identity(
        &mut self,
        raw: &RawRow<'_>,
        kind: UserType,
        phone: &Phone,
        assigned: Option<&Phone>,
        email: Option<&Email>,
        place: &dyn Fn(Field) -> (u32, Place),
    ) {
        let on_line = assigned.filter(|_| kind == UserType::Dedicated);
        if kind == UserType::Dedicated && on_line.is_none() {
            return;
        }
        // No phone number is zero, so shared users have a place of their own.
        let repeated = match self.phones.entry((digits(phone), on_line.map_or(0, digits))) {
            Entry::Vacant(free) => {
                free.insert(raw.line);
                None
            }
            Entry::Occupied(seen) => Some(match on_line {
                None => format!("is the phone number of line {} too, and a shared user is known by it", seen.get()),
                Some(assigned) => format!("is the phone number of line {} too, with the same {assigned}", seen.get()),
            }),
        };
        if let Some(reason) = repeated {
            let (line, place) = place(Field::Phone);
            self.problem(Problem::new(line, reason).at(place).value(phone.as_str()).advice("keep one of the two rows"));
            return;
        }
        let Some(email) = email.filter(|_| kind == UserType::Shared) else { return };
        match self.emails.entry(email.as_str().to_ascii_lowercase()) {
            Entry::Vacant(free) => {
                free.insert((raw.line, raw.listed()));
            }
            // A later revision of the service lets two users have one address: its own lists are taken as they are.
            Entry::Occupied(seen) if seen.get().1 && raw.listed() => {}
            Entry::Occupied(seen) => {
                let reason =
                    format!("is the e-mail of line {} too, and a shared user may be known by it", seen.get().0);
                let (line, place) = place(Field::Email);
                let problem = Problem::new(line, reason).at(place).value(email.as_str());
                self.problem(problem.advice("give each user an address of their own, or leave it out"));
            }
        }
    }
}

impl RawRow<'_> {
    /// Whether a field was there, even if its value was refused.
    fn has(&self, field: Field) -> bool {
        self.values[field as usize].is_some() || self.refused[field as usize]
    }
}
