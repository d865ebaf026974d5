//! The difference between a roster and a project: a pure function, linear in both.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::read::{Roster, Row};
use super::snapshot::{ProjectUser, Snapshot};
use crate::model::number::{self, Likeness, Written};
use crate::nouns::users::model::{NewUser, UserType};

/// What a step does to the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// Nobody like this is there.
    Create,
    /// The user is there, and a field that the roster names has another value.
    Differs(&'a ProjectUser),
    /// The user is there as the roster says.
    Unchanged(&'a ProjectUser),
    /// The user is there with other values, and only new users are wanted.
    Kept(&'a ProjectUser),
    /// Somebody is there whose number cannot be read in full, and may be this one: nobody is made beside them.
    Unreadable(&'a ProjectUser),
    /// The roster does not name this user.
    Delete(&'a ProjectUser),
}

/// What a step asks of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A new user.
    Create,
    /// The create again, with other values.
    Update,
    /// A delete and a create.
    Replace,
    /// A delete.
    Delete,
    /// Nothing: all is as it should be.
    None,
}

impl Action {
    /// The word of an event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::None => "none",
        }
    }
}

/// When a step may start: a stage begins when the one before has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Deletes go first: they free the seats and the e-mails that others need. Who is deleted is not in the roster, so
    /// nothing is lost if what follows fails.
    Deletes,
    /// Everything else.
    Rows,
    /// Rows that ask for an e-mail which another user holds as the run begins; that user may give it up in between.
    Held,
}

/// One row's or one user's part of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// The row; none for a delete.
    pub row: Option<&'a Row>,
    /// What it comes to.
    pub change: Change<'a>,
    /// The type that the row's user has or gets.
    pub kind: UserType,
    /// Another shared user who holds the row's e-mail. Under the seed's revision the service answers with that user's
    /// record; under the later one it does not mind.
    pub held_by: Option<&'a ProjectUser>,
    /// Whether another row asks for the same e-mail, as one may that is completed with what its user had: by the time
    /// of a replacement the e-mail may be that user's.
    pub is_contested: bool,
}

/// A field whose value is not the roster's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The API's name.
    pub field: &'static str,
    /// What the project has.
    pub old: Option<String>,
    /// What the roster wants.
    pub new: String,
}

/// How far a plan may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Users that the roster does not name are deleted.
    pub prune: bool,
    /// Users that differ are deleted and created again where the service keeps its own values.
    pub replace: bool,
    /// Also those who have opted in, and may have to do so again.
    pub replace_opted_in: bool,
    /// Users that are there are left as they are.
    pub create_only: bool,
}

/// What it takes to bring a project to a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan<'a> {
    /// Deletes in creation order, then the rows in the file's order.
    pub steps: Vec<Step<'a>>,
    /// How far it may go.
    pub policy: Policy,
    /// How many users the project has.
    pub users: usize,
    /// How many of them the roster does not name, whatever becomes of them.
    pub not_in_roster: usize,
    /// The project's owners who would be deleted or replaced if they were anybody else.
    pub kept_owners: Vec<&'a ProjectUser>,
    /// Users whose numbers cannot be read, so that nobody can say whether the roster names them.
    pub unreadable: Vec<&'a ProjectUser>,
}

/// How many steps come to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// `+`
    pub create: usize,
    /// `~`
    pub differs: usize,
    /// `-`
    pub delete: usize,
    /// `=`
    pub unchanged: usize,
    /// Of those that differ, who is left as they are.
    pub kept: usize,
    /// Rows that may be users whose numbers cannot be read.
    pub unreadable: usize,
}

impl Counts {
    /// Whether applying would change anything.
    pub fn changes(self) -> bool {
        self.create + self.differs + self.delete > 0
    }
}

/// What makes a user the same user: the phone among shared ones, the phone on its line among dedicated ones.
type Identity<'a> = (&'a str, Option<&'a str>);

fn identity(user: &ProjectUser) -> Identity<'_> {
    match user.kind {
        UserType::Shared => (&user.phone, None),
        UserType::Dedicated => (&user.phone, Some(user.assigned.as_deref().unwrap_or_default())),
    }
}

/// Compares a roster with a project.
pub fn plan<'a>(roster: &'a Roster, snapshot: &'a Snapshot, policy: Policy) -> Plan<'a> {
    let mut index = Index::new(snapshot);
    let matched: Vec<RowMatch<'a>> = roster.rows.iter().map(|row| index.find(row)).collect();
    let named: HashSet<Identity<'_>> = matched.iter().filter_map(|row| row.user.map(identity)).collect();
    let maybe_named: HashSet<&str> = matched.iter().filter_map(|row| Some(&*row.unreadable?.id)).collect();
    let is_named = |user: &ProjectUser| named.contains(&identity(user)) || maybe_named.contains(&*user.id);
    let mut plan = Plan { policy, users: snapshot.users.len(), ..Plan::default() };
    plan.unreadable =
        snapshot.users.iter().filter(|user| !user.is_readable() && !named.contains(&identity(user))).collect();
    let mut emails: HashMap<Cow<'_, str>, usize> = HashMap::new();
    for (row, _) in roster.rows.iter().zip(&matched).filter(|(_, row)| row.kind == UserType::Shared) {
        if let Some(email) = &row.user.email {
            *emails.entry(folded(email.as_str())).or_default() += 1;
        }
    }
    let mut pruned = HashSet::new();
    for user in snapshot.users.iter().filter(|user| !is_named(user)) {
        plan.not_in_roster += 1;
        match (policy.prune, user.is_owner) {
            (true, true) => plan.kept_owners.push(user),
            (true, false) => {
                pruned.insert(&*user.id);
                let change = Change::Delete(user);
                plan.steps.push(Step { row: None, change, kind: user.kind, held_by: None, is_contested: false });
            }
            (false, _) => {}
        }
    }
    for (row, RowMatch { kind, user, unreadable }) in roster.rows.iter().zip(matched) {
        let change = match (user, unreadable) {
            (None, None) => Change::Create,
            (None, Some(user)) => Change::Unreadable(user),
            (Some(user), _) if agrees(&row.user, user) => Change::Unchanged(user),
            (Some(user), _) if policy.create_only => Change::Kept(user),
            (Some(user), _) => Change::Differs(user),
        };
        let held_by = match change {
            Change::Create | Change::Differs(_) if kind == UserType::Shared => {
                index.holder(&row.user).filter(|holder| !pruned.contains(&*holder.id))
            }
            _ => None,
        };
        let is_contested = kind == UserType::Shared
            && row.user.email.as_ref().is_some_and(|email| emails.get(&folded(email.as_str())) > Some(&1));
        let step = Step { row: Some(row), change, kind, held_by, is_contested };
        if let (true, Change::Differs(user)) = (policy.replace && step.replacement().is_some(), change)
            && user.is_owner
        {
            plan.kept_owners.push(user);
        }
        plan.steps.push(step);
    }
    plan
}

/// What a row means.
#[derive(Clone, Copy)]
struct RowMatch<'a> {
    /// The type that the row's user has or gets.
    kind: UserType,
    /// The user who is the row's.
    user: Option<&'a ProjectUser>,
    /// A user who may be the row's.
    unreadable: Option<&'a ProjectUser>,
}

/// The project's users by what a row can know of them.
struct Index<'a> {
    snapshot: &'a Snapshot,
    users: HashMap<Identity<'a>, &'a ProjectUser>,
    emails: HashMap<Cow<'a, str>, &'a ProjectUser>,
    unreadable: Unreadable<'a>,
}

impl<'a> Index<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut users = HashMap::with_capacity(snapshot.users.len());
        let mut emails = HashMap::new();
        let mut unreadable = Unreadable::default();
        for user in &snapshot.users {
            if user.is_readable() {
                users.entry(identity(user)).or_insert(user);
            } else {
                unreadable.add(user);
            }
            if let (UserType::Shared, Some(email)) = (user.kind, &user.email) {
                emails.entry(folded(email)).or_insert(user);
            }
        }
        Self { snapshot, users, emails, unreadable }
    }

    /// The user that a row means, and the type that it has or gets.
    fn find(&mut self, row: &Row) -> RowMatch<'a> {
        let phone = row.user.phone_number.as_str();
        let (kind, user) = self.find_readable(row);
        if user.is_some() {
            return RowMatch { kind, user, unreadable: None };
        }
        let line = row.user.assigned_phone_number.as_ref().map(crate::model::Phone::as_str);
        match self.unreadable.take(kind, phone, line.filter(|_| kind == UserType::Dedicated)) {
            Some((user, Likeness::Same)) => RowMatch { kind, user: Some(user), unreadable: None },
            other => RowMatch { kind, user: None, unreadable: other.map(|(user, _)| user) },
        }
    }

    fn find_readable(&self, row: &Row) -> (UserType, Option<&'a ProjectUser>) {
        let phone = row.user.phone_number.as_str();
        let shared = self.users.get(&(phone, None)).copied();
        let Some(line) = row.user.assigned_phone_number.as_ref().map(crate::model::Phone::as_str) else {
            return (UserType::Shared, shared);
        };
        if let Some(user) = self.users.get(&(phone, Some(line))) {
            return (UserType::Dedicated, Some(user));
        }
        // A list without types: its number may be the pool's, now or when the list was written.
        let of_the_pool = !row.typed && shared.is_some_and(|user| user.assigned.as_deref() == Some(line));
        let owned = || self.snapshot.lines.contains(line);
        if of_the_pool || (row.is_of_unknown_type() && !owned()) {
            return (UserType::Shared, shared);
        }
        (UserType::Dedicated, None)
    }

    /// Another shared user who has the e-mail that is asked for.
    fn holder(&self, wanted: &NewUser) -> Option<&'a ProjectUser> {
        let email = wanted.email.as_ref()?;
        let holder = self.emails.get(&folded(email.as_str())).copied()?;
        (*holder.phone != *wanted.phone_number.as_str()).then_some(holder)
    }
}

/// The digits of a number that can be seen, at its beginning and at its end.
type Seen = (String, String);

/// Users whose numbers cannot be read, by the digits that can. Each is taken by one row at most: a row behind it may
/// well be somebody new.
#[derive(Default)]
struct Unreadable<'a> {
    users: HashMap<(UserType, Seen), Vec<&'a ProjectUser>>,
    /// How many digits are seen, at the beginning and at the end; there are few such forms.
    forms: Vec<(usize, usize)>,
}

impl<'a> Unreadable<'a> {
    /// How many users of one key are looked at: those of a dedicated user's lines, or all those masked alike.
    const LOOKED_AT: usize = 64;

    fn add(&mut self, user: &'a ProjectUser) {
        let seen = match number::read(&user.phone) {
            Written::Whole(number) => (number.trim_start_matches('+').to_owned(), String::new()),
            Written::Part(runs) => {
                let run = |run: Option<&String>| run.cloned().unwrap_or_default();
                (run(runs.first()), run(runs.last()))
            }
        };
        let form = (seen.0.len(), seen.1.len());
        if !self.forms.contains(&form) {
            self.forms.push(form);
        }
        self.users.entry((user.kind, seen)).or_default().push(user);
    }

    /// Takes a user who may have this number, and this line.
    fn take(&mut self, kind: UserType, phone: &str, line: Option<&str>) -> Option<(&'a ProjectUser, Likeness)> {
        let digits = phone.trim_start_matches('+');
        for (start, end) in &self.forms {
            let (Some(first), Some(last)) =
                (digits.get(..*start), digits.len().checked_sub(*end).and_then(|at| digits.get(at..)))
            else {
                continue;
            };
            let Some(users) = self.users.get_mut(&(kind, (first.to_owned(), last.to_owned()))) else { continue };
            let likeness = |user: &ProjectUser| {
                let of_line = line.map(|line| number::compare(user.assigned.as_deref().unwrap_or_default(), line));
                match (number::compare(&user.phone, phone), of_line) {
                    (Likeness::Different, _) | (_, Some(Likeness::Different)) => Likeness::Different,
                    (Likeness::Same, None | Some(Likeness::Same)) => Likeness::Same,
                    _ => Likeness::Unreadable,
                }
            };
            let found = users.iter().rev().take(Self::LOOKED_AT).map(|user| likeness(user));
            let found = found.enumerate().find(|(_, likeness)| *likeness != Likeness::Different);
            if let Some((from_end, likeness)) = found {
                return Some((users.remove(users.len() - 1 - from_end), likeness));
            }
        }
        None
    }
}

/// An e-mail address for comparison: capitals make no other mailbox, and a service may drop them.
fn folded(email: &str) -> Cow<'_, str> {
    if email.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(email.to_ascii_lowercase())
    } else {
        Cow::Borrowed(email)
    }
}

/// The named fields, what is wanted of each, and what is there.
fn fields<'a>(
    wanted: &'a NewUser,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    email: Option<&'a str>,
) -> [(&'static str, Option<&'a str>, Option<&'a str>); 3] {
    [
        ("firstName", wanted.first_name.as_deref(), first_name),
        ("lastName", wanted.last_name.as_deref(), last_name),
        ("email", wanted.email.as_ref().map(crate::model::Email::as_str), email),
    ]
}

/// Whether a field is as it is wanted; one that is not named asks for nothing.
fn fits(field: &str, new: Option<&str>, old: Option<&str>) -> bool {
    match (new, old) {
        (None, _) => true,
        (Some(new), Some(old)) if field == "email" => new.eq_ignore_ascii_case(old),
        (Some(new), old) => old == Some(new),
    }
}

/// The fields whose values are not the wanted ones.
pub fn differences(
    wanted: &NewUser,
    first_name: Option<&str>,
    last_name: Option<&str>,
    email: Option<&str>,
) -> Vec<Difference> {
    let differs =
        fields(wanted, first_name, last_name, email).into_iter().filter(|(field, new, old)| !fits(field, *new, *old));
    let named = |(field, new, old): (&'static str, Option<&str>, Option<&str>)| {
        Some(Difference { field, old: old.map(str::to_owned), new: new?.to_owned() })
    };
    differs.filter_map(named).collect()
}

fn agrees(wanted: &NewUser, user: &ProjectUser) -> bool {
    fields(wanted, user.first_name.as_deref(), user.last_name.as_deref(), user.email.as_deref())
        .into_iter()
        .all(|(field, new, old)| fits(field, new, old))
}

impl<'a> Step<'a> {
    /// The person's number.
    pub fn phone(&self) -> &'a str {
        match (self.row, self.change) {
            (Some(row), _) => row.user.phone_number.as_str(),
            (None, _) => self.user().map_or("", |user| &user.phone),
        }
    }

    /// The user that is there.
    pub fn user(&self) -> Option<&'a ProjectUser> {
        match self.change {
            Change::Create => None,
            Change::Differs(user)
            | Change::Unchanged(user)
            | Change::Kept(user)
            | Change::Unreadable(user)
            | Change::Delete(user) => Some(user),
        }
    }

    /// What is not as the roster wants it, for a user that differs.
    pub fn differences(&self) -> Vec<Difference> {
        match (self.row, self.change) {
            (Some(row), Change::Differs(user) | Change::Kept(user)) => {
                differences(&row.user, user.first_name.as_deref(), user.last_name.as_deref(), user.email.as_deref())
            }
            _ => Vec::new(),
        }
    }

    /// When it may start.
    pub fn stage(&self) -> Stage {
        match self.change {
            Change::Delete(_) => Stage::Deletes,
            Change::Differs(_) if self.is_contested => Stage::Held,
            _ if self.held_by.is_some() => Stage::Held,
            _ => Stage::Rows,
        }
    }

    /// What is asked of the service: the row, its type settled.
    pub fn wanted(&self) -> Option<NewUser> {
        let mut wanted = self.row?.user.clone();
        wanted.kind = self.kind;
        if self.kind == UserType::Shared {
            wanted.assigned_phone_number = None;
        }
        Some(wanted)
    }

    /// What is asked after a delete: fields that the row leaves open keep their values. None when there is nothing to
    /// replace, or when the user could not be put together again: then deleting would lose something.
    pub fn replacement(&self) -> Option<NewUser> {
        let Change::Differs(user) = self.change else { return None };
        // Were the holder's record to come back, the deleted user would be gone.
        if self.held_by.is_some() || self.is_contested {
            return None;
        }
        let mut wanted = self.wanted()?;
        let keep = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        wanted.first_name = wanted.first_name.or_else(|| keep(&user.first_name));
        wanted.last_name = wanted.last_name.or_else(|| keep(&user.last_name));
        if let (None, Some(email)) = (&wanted.email, &user.email) {
            wanted.email = Some(email.parse().ok()?);
        }
        Some(wanted)
    }
}

impl Policy {
    /// Whether somebody like this may be deleted to be made again.
    pub fn may_replace(self, opted_in: bool, is_owner: bool) -> bool {
        self.replace && !is_owner && (!opted_in || self.replace_opted_in)
    }
}

impl Plan<'_> {
    /// What a step of this plan asks of the service.
    pub fn action(&self, step: &Step<'_>) -> Action {
        match step.change {
            Change::Create => Action::Create,
            Change::Differs(user) if self.may_replace(user) && step.replacement().is_some() => Action::Replace,
            Change::Differs(_) => Action::Update,
            Change::Unchanged(_) | Change::Kept(_) | Change::Unreadable(_) => Action::None,
            Change::Delete(_) => Action::Delete,
        }
    }

    /// Whether a user may be deleted to be made again.
    fn may_replace(&self, user: &ProjectUser) -> bool {
        self.policy.may_replace(user.opted_in, user.is_owner)
    }

    /// Whether a step would replace its user, had the person not opted in.
    pub fn is_spared(&self, step: &Step<'_>) -> bool {
        let spared = |user: &ProjectUser| user.opted_in && !user.is_owner && !self.may_replace(user);
        let Change::Differs(user) = step.change else { return false };
        self.policy.replace && spared(user) && step.replacement().is_some()
    }

    /// How many steps come to what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in &self.steps {
            match step.change {
                Change::Create => counts.create += 1,
                Change::Differs(_) => counts.differs += 1,
                Change::Unchanged(_) => counts.unchanged += 1,
                Change::Kept(_) => counts.kept += 1,
                Change::Unreadable(_) => counts.unreadable += 1,
                Change::Delete(_) => counts.delete += 1,
            }
        }
        counts
    }

    /// The steps that delete a user for a moment.
    pub fn replacements(&self) -> impl Iterator<Item = &Step<'_>> {
        self.steps.iter().filter(|step| self.action(step) == Action::Replace)
    }

    /// How many requests a run sends when nothing has to be repeated.
    pub fn requests(&self) -> usize {
        let counts = self.counts();
        let replacements = if self.policy.replace { self.replacements().count() } else { 0 };
        counts.create + counts.differs + counts.delete + replacements
    }
}

#[cfg(test)]
mod tests;
