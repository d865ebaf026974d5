//! What every format's rows go through: fields by name, checked values, and rows that do not repeat each other.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::field::{Field, SETTABLE_FIELDS, instead_of, is_same, nearest};
use super::phone;
use super::terms::{Meaning, Terms};
use crate::model::blank::{control, trim};
use crate::model::words::count;
use crate::model::{Email, Phone, Region};
use crate::nouns::users::model::{NewUser, UserType};
use crate::roster::problem::{Place, Problem, Problems, Way, shown};

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
    /// Whether its type is the service's guess rather than the author's word: in 2026-05 lists name no type,
    /// and a shared user's pool number looks like a dedicated user's line.
    pub fn is_of_unknown_type(&self) -> bool {
        self.id.is_some() && !self.typed && self.user.assigned_phone_number.is_some()
    }
}

/// A row as a format found it; a value that is empty or null is not there.
#[derive(Debug, Default)]
pub struct RawRow<'a> {
    /// The line on which it begins.
    pub line: u32,
    /// The `id`, which the service gives.
    pub id: Option<Box<str>>,
    /// Whether it carries a `meta` that says something.
    pub meta: bool,
    /// Where its numbers are dialled.
    pub region: Option<Cow<'a, str>>,
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
            Field::Region => self.region = Some(value).filter(|value| !trim(value).is_empty()),
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

/// Columns that are left out and named; more would hide what matters.
const LEFT_OUT: usize = 50;

/// What was found in a file.
#[derive(Debug)]
pub struct FoundRows {
    /// The rows.
    pub rows: Vec<Row>,
    /// What deserves a look and stands in nobody's way.
    pub warnings: Vec<Problem>,
    /// What was left out because that was asked for, a sentence each.
    pub left_out: Vec<String>,
}

/// The rows and the problems of a file, as they are found.
#[derive(Debug)]
pub struct RosterRows<'t> {
    /// How the file is to be understood.
    pub terms: &'t Terms,
    /// Whether a header or a row was met, and which of the columns that the terms name.
    has_names: bool,
    met: Vec<bool>,
    /// Names that mean nothing here, each once.
    strangers: Vec<String>,
    /// Lines of rows without a phone number.
    skipped: Vec<u32>,
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

impl<'t> RosterRows<'t> {
    /// Nothing yet.
    pub fn new(terms: &'t Terms) -> Self {
        Self {
            terms,
            has_names: false,
            met: vec![false; terms.map.len()],
            strangers: Vec::new(),
            skipped: Vec::new(),
            rows: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
            unsent: Vec::new(),
            unkept: 0,
            phones: HashMap::new(),
            emails: HashMap::new(),
        }
    }

    /// What each of the names of a header or a row means.
    pub fn meanings(&mut self, names: &[&str]) -> Vec<Meaning<'t>> {
        self.has_names = true;
        for (met, mapped) in self.met.iter_mut().zip(&self.terms.map) {
            *met |= names.iter().any(|name| is_same(name, &mapped.column));
        }
        names.iter().map(|name| self.terms.meaning(name, names.iter().copied())).collect()
    }

    /// A name that means nothing here: a problem, unless such are to be left out. `is_free` tells whether a field has no
    /// column yet.
    pub fn stranger(
        &mut self,
        name: &str,
        meaning: Meaning<'_>,
        is_free: impl Fn(Field) -> bool,
        problem: impl FnOnce() -> Problem,
    ) {
        if self.strangers.len() < LEFT_OUT && !self.strangers.iter().any(|known| known == name) {
            self.strangers.push(name.to_owned());
        }
        if self.terms.ignores_columns {
            return;
        }
        if let Meaning::Displaced(mapped) = meaning {
            let reason = format!("is not used: {} is taken from {:?}", mapped.field.name(), shown(&mapped.column));
            self.problem(Problem { reason, ..problem() }.advice("take it out").way(Way::Ignore));
            return;
        }
        let way = match nearest(name).filter(|field| is_free(*field)) {
            Some(field) => Way::Map(field.name(), name.to_owned()),
            None => Way::Ignore,
        };
        self.problem(problem().advice(instead_of(name)).way(way));
    }

    /// Columns that were named for this file, and are not there.
    fn refuse_missing_columns(&mut self) {
        for (mapped, _) in self.terms.map.iter().zip(&self.met).filter(|(mapped, met)| mapped.is_needed && !**met) {
            let alike = self.strangers.iter().map(|name| (strsim::jaro_winkler(name, &mapped.column), name));
            let near = alike.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
            let advice = match near {
                Some((_, name)) => format!("did you mean {:?}?", shown(name)),
                None => "write it as it stands in the file".to_owned(),
            };
            let reason = format!("no column is named {:?}, which is mapped to {}", mapped.column, mapped.field.name());
            self.problems.push(Problem::new(0, reason).advice(advice));
        }
    }

    /// What was left out, a sentence each.
    fn left_out(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if !self.strangers.is_empty() && self.terms.ignores_columns {
            let names = self.strangers.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
            let more = if self.strangers.len() == LEFT_OUT { " and maybe more" } else { "" };
            sentences.push(format!("left out {}: {names}{more}", count(self.strangers.len(), "column")));
        }
        if !self.skipped.is_empty() {
            let rows = count(self.skipped.len(), "row");
            let lines = if self.skipped.len() == 1 { "line" } else { "lines" };
            sentences.push(format!("skipped {rows} without a phone number: {lines} {}", ranges(&self.skipped)));
        }
        sentences
    }

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
    pub fn finish(mut self) -> Result<FoundRows, Problems> {
        if self.has_names {
            self.refuse_missing_columns();
        }
        if self.problems.is_empty() {
            let left_out = self.left_out();
            let mut warnings = self.unsent;
            warnings.append(&mut self.warnings);
            warnings.sort_by_key(|warning| warning.line);
            let more = self.unkept + warnings.len().saturating_sub(WARNINGS);
            if more > 0 {
                warnings.truncate(WARNINGS);
                warnings.push(Problem::new(0, format!("and {}", count(more, "more warning"))));
            }
            return Ok(FoundRows { rows: self.rows, warnings, left_out });
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
        if self.terms.skips_without_phone && !raw.has(Field::Phone) {
            self.skipped.push(raw.line);
            return;
        }
        let kind = self.kind(&raw, place);
        let region = self.region(&raw, place);
        let phone_number = self.phone(&raw, Field::Phone, region, place);
        if phone_number.is_none() && !raw.has(Field::Phone) {
            let (line, place) = place(Field::Phone);
            let advice = "every user needs one, for example +14155550123";
            let problem = Problem::new(line, "the phone number is missing").at(place).advice(advice);
            self.problem(problem.way(Way::Skip));
        }
        let assigned_phone_number = match kind {
            Some(UserType::Shared) => {
                self.refuse_line_of_shared(&raw, place);
                None
            }
            _ => self.phone(&raw, Field::Assigned, region, place),
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

    /// How a row's numbers are read. In a row that the service wrote they are whole, and its `region` is the service's.
    fn region(&mut self, raw: &RawRow<'_>, place: &dyn Fn(Field) -> (u32, Place)) -> Option<Region> {
        let Some(text) = raw.region.as_deref().filter(|_| !raw.listed()) else { return self.terms.region };
        let region = text.parse();
        if region.is_err() {
            let (line, place) = place(Field::Region);
            let problem = Problem::new(line, "is no region").at(place).value(text);
            self.problem(problem.advice("write its two letters, such as US or GB, or leave it out"));
        }
        region.ok()
    }

    fn phone(
        &mut self,
        raw: &RawRow<'_>,
        field: Field,
        region: Option<Region>,
        place: &dyn Fn(Field) -> (u32, Place),
    ) -> Option<Phone> {
        let text = raw.values[field as usize].as_ref()?;
        match phone::read(text, region) {
            Ok(phone) => Some(phone),
            Err(error) => {
                let (line, place) = place(field);
                let mut problem = Problem::new(line, error.reason).at(place).value(text).advice(error.advice);
                if error.wants_region && region.is_none() {
                    problem = problem.way(Way::Region);
                }
                self.problem(problem);
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

/// Lines in a text: `2, 5-9, 12`.
fn ranges(lines: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for line in lines {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *line => *last = *line,
            _ => runs.push((*line, *line)),
        }
    }
    let told = |(first, last): &(u32, u32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}-{last}"),
    };
    runs.iter().map(told).collect::<Vec<_>>().join(", ")
}

impl RawRow<'_> {
    /// Whether a field was there, even if its value was refused.
    fn has(&self, field: Field) -> bool {
        self.values[field as usize].is_some() || self.refused[field as usize]
    }
}
