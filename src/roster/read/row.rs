//! What every format's rows go through: fields by name, checked values, and rows that do not repeat each other.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::phone;
use super::roster::Row;
use crate::model::{Email, Phone};
use crate::nouns::users::model::{NewUser, UserType};
use crate::roster::problem::{Place, Problem, Problems};

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
    /// What the service writes beside it, and nobody can set.
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
    ("meta", Field::Ignored),
    ("createdAt", Field::Ignored),
];

/// The names that a roster sets, for a text.
pub const SETTABLE: &str = "type, phoneNumber, assignedPhoneNumber, firstName, lastName, email";

impl Field {
    /// How many there are.
    pub const COUNT: usize = Self::Ignored as usize + 1;

    /// The field of a name; capitals do not matter.
    pub fn by_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| *field)
    }

    /// The API's name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }
}

/// What to write in place of an unknown name.
pub fn instead_of(name: &str) -> String {
    let plain = |text: &str| text.to_lowercase().replace([' ', '_', '-', '.'], "");
    let score = |known: &str| strsim::jaro_winkler(&plain(known), &plain(name));
    let nearest = NAMES.iter().map(|(known, _)| (score(known), *known)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((score, known)) if score > 0.8 => format!("did you mean {known}?"),
        _ => format!("the known names are {SETTABLE}"),
    }
}

/// A row as a format found it; a value that is empty or null is not there.
#[derive(Debug, Default)]
pub struct RawRow<'a> {
    /// The line on which it begins.
    pub line: u32,
    /// Whether it carries an `id`.
    pub listed: bool,
    /// The values, by [`Field`].
    pub values: [Option<Cow<'a, str>>; 6],
    /// Whether a value was refused already, so that its absence is no second problem.
    pub refused: [bool; 6],
}

impl<'a> RawRow<'a> {
    /// Sets a field.
    pub fn set(&mut self, field: Field, value: Cow<'a, str>) {
        match field {
            Field::Id => self.listed |= !value.is_empty(),
            Field::Ignored => {}
            _ if value.is_empty() => {}
            _ => self.values[field as usize] = Some(value),
        }
    }
}

/// The rows and the problems of a file, as they are found.
#[derive(Debug, Default)]
pub struct Rows {
    rows: Vec<Row>,
    problems: Vec<Problem>,
    phones: HashMap<(u64, u64), u32>,
    emails: HashMap<String, (u32, bool)>,
}

/// A phone number as a number: at most fifteen digits.
fn digits(phone: &Phone) -> u64 {
    phone.as_str().trim_start_matches('+').parse().unwrap_or_default()
}

impl Rows {
    /// Notes a problem.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The rows, or every problem in the file's order.
    ///
    /// # Errors
    /// When there was any problem.
    pub fn finish(mut self) -> Result<Vec<Row>, Problems> {
        if self.problems.is_empty() {
            return Ok(self.rows);
        }
        self.problems.sort_by_key(|problem| problem.line);
        Err(Problems(self.problems))
    }

    /// Checks a row and keeps it, or notes its problems. `place` tells a field's line and place.
    pub fn push(&mut self, raw: RawRow<'_>, place: &dyn Fn(Field) -> (u32, Place)) {
        let before = self.problems.len();
        let kind = self.kind(&raw, place);
        let phone_number = self.phone(&raw, Field::Phone, place);
        if phone_number.is_none() && !raw.has(Field::Phone) {
            let (line, place) = place(Field::Phone);
            let advice = "every user needs one, for example +14155550123";
            self.problem(Problem::new(line, "the phone number is missing").at(place).advice(advice));
        }
        // The service names the pool's number of a shared user; a roster cannot choose it.
        let assigned_phone_number = match kind {
            Some(UserType::Shared) => None,
            _ => self.phone(&raw, Field::Assigned, place),
        };
        if kind == Some(UserType::Dedicated) && !raw.has(Field::Assigned) {
            let (line, place) = place(Field::Assigned);
            let advice = "name one of the project's lines (`spectrum lines list` shows them)";
            self.problem(Problem::new(line, "a dedicated user needs a line").at(place).advice(advice));
        }
        let email = self.email(&raw, place);
        if let (Some(kind), Some(phone)) = (kind, &phone_number) {
            self.identity(&raw, kind, phone, assigned_phone_number.as_ref(), email.as_ref(), place);
        }
        let typed = raw.values[Field::Type as usize].is_some();
        let (line, listed) = (raw.line, raw.listed);
        let [.., first_name, last_name, _] = raw.values;
        // Names are taken to the letter, so that a list of any columns comes back as it went; only blanks alone are nothing.
        let name =
            |text: Option<Cow<'_, str>>| text.filter(|text| listed || !text.trim().is_empty()).map(Cow::into_owned);
        if let (Some(kind), Some(phone_number), true) = (kind, phone_number, self.problems.len() == before) {
            let (first_name, last_name) = (name(first_name), name(last_name));
            let user = NewUser { kind, phone_number, assigned_phone_number, first_name, last_name, email };
            self.rows.push(Row { line, user, typed, listed });
        }
    }

    fn kind(&mut self, raw: &RawRow<'_>, place: &dyn Fn(Field) -> (u32, Place)) -> Option<UserType> {
        let Some(text) = &raw.values[Field::Type as usize] else {
            let untyped = if raw.has(Field::Assigned) { UserType::Dedicated } else { UserType::Shared };
            return (!raw.refused[Field::Type as usize]).then_some(untyped);
        };
        let kind = text.trim().to_ascii_lowercase().parse();
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
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return None;
        }
        if let Ok(email) = trimmed.parse() {
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
                free.insert((raw.line, raw.listed));
            }
            // A later revision of the service lets two users have one address: its own lists are taken as they are.
            Entry::Occupied(seen) if seen.get().1 && raw.listed => {}
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
