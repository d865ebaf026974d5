//! What a user had who is deleted to be made again, written down before: a run that is killed in between loses nothing.
//!
//! The next run of the project finds the file, and completes its rows from it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure};
use crate::files;
use crate::model::number::{self, Likeness};
use crate::model::{Email, Phone};
use crate::nouns::users::model::{NewUser, UserType};
use crate::roster::{Plan, ProjectUser, Roster, Snapshot};

/// The users whom an earlier run has deleted and not made again, and those whom this one is about to replace.
#[derive(Debug)]
pub struct ReplaceJournal {
    path: PathBuf,
    /// Of an earlier run, missing in the project; with the roster's line that makes them again.
    missing: Vec<(ReplacedUser, Option<u32>)>,
    /// Of an earlier run, whose delete of them may still be on its way: they are there as they were; likewise.
    present: Vec<(ReplacedUser, Option<u32>)>,
    is_there: bool,
}

/// A user as a line of the file: a roster's row.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplacedUser {
    /// The id before; it says that the service wrote these values.
    id: String,
    #[serde(rename = "type")]
    kind: UserType,
    phone_number: Phone,
    assigned_phone_number: Option<Phone>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<Email>,
}

impl ReplacedUser {
    fn new(id: &str, user: NewUser) -> Self {
        let NewUser { kind, phone_number, assigned_phone_number, first_name, last_name, email } = user;
        Self { id: id.to_owned(), kind, phone_number, assigned_phone_number, first_name, last_name, email }
    }

    fn line(&self) -> Option<&str> {
        self.assigned_phone_number.as_ref().map(Phone::as_str)
    }

    /// Whether the user is this one, or may be.
    fn is(&self, user: &ProjectUser) -> bool {
        let alike = |written: &str, known: &str| number::compare(written, known) != Likeness::Different;
        let on_line = |line: &str| alike(user.assigned.as_deref().unwrap_or_default(), line);
        user.kind == self.kind && alike(&user.phone, self.phone_number.as_str()) && self.line().is_none_or(on_line)
    }
}

impl ReplaceJournal {
    /// Reads what an earlier run has left.
    ///
    /// # Errors
    /// Config, when there is something that cannot be read.
    pub fn open(folder: &Path, key: &str, snapshot: &Snapshot) -> Result<Self, Failure> {
        let path = folder.join(format!("replaced-{key}.ndjson"));
        let unreadable = |error: io::Error| {
            let what = format!("cannot read {}, where an earlier run kept users that it was replacing", path.display());
            Failure::new(Code::Config, what).because(error).hint("mend it, or move it away if its users are all there")
        };
        let text = match fs::read_to_string(&path) {
            // Where nothing can be looked up nothing was kept either.
            Err(_) if !path.exists() => None,
            other => Some(other.map_err(unreadable)?),
        };
        let entries = text.iter().flat_map(|text| text.lines()).map(serde_json::from_str);
        let entries: Vec<ReplacedUser> = entries.collect::<Result<_, _>>().map_err(|error| unreadable(error.into()))?;
        let ids: HashSet<&str> = snapshot.users.iter().map(|user| &*user.id).collect();
        let (present, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| ids.contains(&*entry.id));
        let without_line = |entries: Vec<ReplacedUser>| entries.into_iter().map(|entry| (entry, None)).collect();
        let (missing, present) = (without_line(missing(others, snapshot)), without_line(present));
        Ok(Self { path, missing, present, is_there: text.is_some() })
    }

    /// Gives the rows of missing users the values that they had, where a row leaves them open. Tells how many there are.
    pub fn complete(&mut self, roster: &mut Roster) -> usize {
        let mut rows: HashMap<String, Vec<usize>> = HashMap::new();
        if !self.missing.is_empty() || !self.present.is_empty() {
            for (at, row) in roster.rows.iter().enumerate() {
                rows.entry(row.user.phone_number.to_string()).or_default().push(at);
            }
        }
        let entries = self.missing.iter_mut().map(|entry| (entry, true));
        for ((entry, line), is_missing) in entries.chain(self.present.iter_mut().map(|entry| (entry, false))) {
            let same_line = |at: &&usize| {
                let row = &roster.rows[**at];
                match entry.kind {
                    UserType::Shared => row.user.kind == UserType::Shared || row.is_of_unknown_type(),
                    UserType::Dedicated => row.user.assigned_phone_number == entry.assigned_phone_number,
                }
            };
            let found = rows.get(entry.phone_number.as_str()).and_then(|rows| rows.iter().find(same_line));
            let Some(row) = found.and_then(|at| roster.rows.get_mut(*at)) else { continue };
            *line = Some(row.line);
            if !is_missing {
                continue;
            }
            let user = &mut row.user;
            user.first_name = user.first_name.take().or_else(|| entry.first_name.clone());
            user.last_name = user.last_name.take().or_else(|| entry.last_name.clone());
            user.email = user.email.take().or_else(|| entry.email.clone());
        }
        self.missing.iter().filter(|(_, line)| line.is_some()).count()
    }

    /// Keeps everybody whom the plan is about to replace; on the disk when this returns.
    ///
    /// # Errors
    /// Config, when they cannot be kept: then nobody must be deleted.
    pub fn begin(&mut self, plan: &Plan<'_>) -> Result<(), Failure> {
        let replaced =
            plan.replacements().filter_map(|step| Some(ReplacedUser::new(&step.user()?.id, step.replacement()?)));
        let replaced: Vec<ReplacedUser> = replaced.collect();
        let earlier = self.missing.iter().chain(without(&self.present, &replaced)).map(|(entry, _)| entry.clone());
        let entries: Vec<ReplacedUser> = earlier.chain(replaced.iter().cloned()).collect();
        self.keep(&entries).map_err(|error| {
            let what = format!("cannot keep the users that are to be replaced in {}", self.path.display());
            Failure::new(Code::Config, what).because(error).hint("make room there; nobody was deleted")
        })
    }

    /// Keeps those who are still missing, and nobody else; where there are none, the file goes. Tells where they are.
    ///
    /// `lost` are the steps that may have deleted a user for good, `failed` all that failed.
    pub fn end(mut self, plan: &Plan<'_>, lost: &[usize], failed: &[usize]) -> Option<(usize, PathBuf)> {
        let steps = |steps: &'_ [usize]| steps.iter().filter_map(|at| plan.steps.get(*at)).copied().collect::<Vec<_>>();
        let failed: HashSet<u32> = steps(failed).iter().filter_map(|step| Some(step.row?.line)).collect();
        self.missing.retain(|(_, line)| line.is_none_or(|line| failed.contains(&line)));
        // What this run has brought to its end is out of danger, as far as anybody can know.
        self.present.retain(|(_, line)| line.is_some_and(|line| failed.contains(&line)));
        let lost = steps(lost);
        let lost = lost.iter().filter_map(|step| Some(ReplacedUser::new(&step.user()?.id, step.replacement()?)));
        let lost: Vec<ReplacedUser> = lost.collect();
        let earlier = self.missing.iter().chain(without(&self.present, &lost)).map(|(entry, _)| entry.clone());
        let left: Vec<ReplacedUser> = earlier.chain(lost.iter().cloned()).collect();
        // Where it cannot be written again, it holds more than it need.
        let kept = self.keep(&left);
        (!left.is_empty() || kept.is_err()).then(|| (left.len(), self.path.clone())).filter(|(left, _)| *left > 0)
    }

    /// Replaces the file's content.
    fn keep(&mut self, entries: &[ReplacedUser]) -> io::Result<()> {
        let Some(folder) = self.path.parent().filter(|_| self.is_there || !entries.is_empty()) else { return Ok(()) };
        if entries.is_empty() {
            return fs::remove_file(&self.path);
        }
        files::make_private(folder)?;
        files::clear_drafts(&self.path, files::OLD);
        let mut draft = files::draft(&self.path)?;
        for entry in entries {
            serde_json::to_writer(&mut draft, entry)?;
            draft.write_all(b"\n")?;
        }
        draft.as_file().sync_all()?;
        files::put(draft, &self.path)?;
        self.is_there = true;
        // The name has to last as well, where a folder can be opened.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

/// Those who are not kept anew.
fn without<'a>(
    entries: &'a [(ReplacedUser, Option<u32>)],
    anew: &[ReplacedUser],
) -> impl Iterator<Item = &'a (ReplacedUser, Option<u32>)> {
    let anew: HashSet<String> = anew.iter().map(|entry| entry.id.clone()).collect();
    entries.iter().filter(move |(entry, _)| !anew.contains(&entry.id))
}

/// Those who are not in the project.
fn missing(entries: Vec<ReplacedUser>, snapshot: &Snapshot) -> Vec<ReplacedUser> {
    if entries.is_empty() {
        return entries;
    }
    let key = |user: &ProjectUser| {
        let line = user.assigned.clone().filter(|_| user.kind == UserType::Dedicated);
        (user.kind, user.phone.clone(), line)
    };
    let (readable, unreadable): (Vec<_>, Vec<_>) = snapshot.users.iter().partition(|user| user.is_readable());
    let known: HashSet<_> = readable.into_iter().map(key).collect();
    let is_missing = |entry: &ReplacedUser| {
        let key = (entry.kind, entry.phone_number.as_str().into(), entry.line().map(Into::into));
        !known.contains(&key) && !unreadable.iter().any(|user| entry.is(user))
    };
    entries.into_iter().filter(is_missing).collect()
}
