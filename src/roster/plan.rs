//! The difference between a roster and a project: a pure function, linear in both.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::project::{Project, ProjectUser};
use super::read::{Roster, Row};
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

/// What it takes to bring a project to a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan<'a> {
    /// Deletes in creation order, then the rows in the file's order.
    pub steps: Vec<Step<'a>>,
    /// Whether users that differ are deleted and created again.
    pub replace: bool,
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

/// Compares a roster with a project. With `prune`, users that the roster does not name are deleted.
pub fn plan<'a>(roster: &'a Roster, project: &'a Project, prune: bool, replace: bool) -> Plan<'a> {
    let index = Index::new(project);
    let matched: Vec<(UserType, Option<&ProjectUser>)> = roster.rows.iter().map(|row| index.find(row)).collect();
    let mut steps = Vec::new();
    let mut pruned = HashSet::new();
    if prune {
        let named: HashSet<Identity<'_>> =
            matched.iter().filter_map(|(_, user)| user.as_ref().map(|user| identity(user))).collect();
        for user in project.users.iter().filter(|user| !named.contains(&identity(user))) {
            pruned.insert(&*user.id);
            steps.push(Step { row: None, change: Change::Delete(user), kind: user.kind, held_by: None });
        }
    }
    for (row, (kind, user)) in roster.rows.iter().zip(matched) {
        let change = match user {
            None => Change::Create,
            Some(user) if agrees(&row.user, user) => Change::Unchanged(user),
            Some(user) => Change::Differs(user),
        };
        let held_by = match change {
            Change::Create | Change::Differs(_) if kind == UserType::Shared => {
                index.holder(&row.user).filter(|holder| !pruned.contains(&*holder.id))
            }
            _ => None,
        };
        steps.push(Step { row: Some(row), change, kind, held_by });
    }
    Plan { steps, replace }
}

/// The project's users by what a row can know of them.
struct Index<'a> {
    project: &'a Project,
    users: HashMap<Identity<'a>, &'a ProjectUser>,
    emails: HashMap<Cow<'a, str>, &'a ProjectUser>,
}

impl<'a> Index<'a> {
    fn new(project: &'a Project) -> Self {
        let mut users = HashMap::with_capacity(project.users.len());
        let mut emails = HashMap::new();
        for user in &project.users {
            users.entry(identity(user)).or_insert(user);
            if let (UserType::Shared, Some(email)) = (user.kind, &user.email) {
                emails.entry(folded(email)).or_insert(user);
            }
        }
        Self { project, users, emails }
    }

    /// The user that a row means, and the type that it has or gets.
    fn find(&self, row: &Row) -> (UserType, Option<&'a ProjectUser>) {
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
        let owned = || self.project.lines.contains(line);
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
            (None, Change::Differs(user) | Change::Unchanged(user) | Change::Delete(user)) => &user.phone,
            (None, Change::Create) => "",
        }
    }

    /// The user that is there.
    pub fn user(&self) -> Option<&'a ProjectUser> {
        match self.change {
            Change::Create => None,
            Change::Differs(user) | Change::Unchanged(user) | Change::Delete(user) => Some(user),
        }
    }

    /// What is not as the roster wants it, for a step that differs.
    pub fn differences(&self) -> Vec<Difference> {
        match (self.row, self.change) {
            (Some(row), Change::Differs(user)) => {
                differences(&row.user, user.first_name.as_deref(), user.last_name.as_deref(), user.email.as_deref())
            }
            _ => Vec::new(),
        }
    }

    /// When it may start.
    pub fn stage(&self) -> Stage {
        match (self.change, self.held_by) {
            (Change::Delete(_), _) => Stage::Deletes,
            (_, Some(_)) => Stage::Held,
            (_, None) => Stage::Rows,
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
        if self.held_by.is_some() {
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

impl Plan<'_> {
    /// What a step of this plan asks of the service.
    pub fn action(&self, step: &Step<'_>) -> Action {
        match step.change {
            Change::Create => Action::Create,
            Change::Differs(_) if self.replace && step.replacement().is_some() => Action::Replace,
            Change::Differs(_) => Action::Update,
            Change::Unchanged(_) => Action::None,
            Change::Delete(_) => Action::Delete,
        }
    }

    /// How many steps come to what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in &self.steps {
            match step.change {
                Change::Create => counts.create += 1,
                Change::Differs(_) => counts.differs += 1,
                Change::Unchanged(_) => counts.unchanged += 1,
                Change::Delete(_) => counts.delete += 1,
            }
        }
        counts
    }

    /// How many users a run deletes for good or for a moment.
    pub fn replacements(&self) -> usize {
        if self.replace { self.steps.iter().filter(|step| step.replacement().is_some()).count() } else { 0 }
    }

    /// How many requests a run sends when nothing has to be repeated.
    pub fn requests(&self) -> usize {
        let counts = self.counts();
        counts.create + counts.differs + counts.delete + self.replacements()
    }
}

#[cfg(test)]
mod tests;
