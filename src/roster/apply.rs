//! Carrying a plan out: steps become requests, at the pace and as many at once as the latency needs.

use std::num::NonZero;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::plan::{Action, Change, Difference, Plan, Stage, Step, differences};
use super::worker_pool;
use crate::failure::Code;
use crate::http::pace::Start;
use crate::http::{Answer, Client, Error};
use crate::nouns::users::endpoints::{Create, Delete};
use crate::nouns::users::model::{NewUser, User, UserType};
use crate::nouns::users::outcome;

/// Requests in flight at most. By Little's law 900 hold 1,000 starts a second against 0.9 s of latency; and each takes
/// a socket, of which a process has 1,024 on most systems.
const MOST_IN_FLIGHT: NonZero<usize> = NonZero::new(900).unwrap();
/// Requests in flight without pacing, where nothing but this bounds them.
const UNPACED_IN_FLIGHT: NonZero<usize> = NonZero::new(16).unwrap();
/// When nothing has come through for this long…
const GONE_AFTER: Duration = Duration::from_secs(60);
/// …and this many rows failed in a row with all their repeats, the service is taken for gone.
const GONE_AFTER_ROWS: u32 = 20;

/// What came of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The user was made.
    Created,
    /// Somebody had made the user since the plan.
    Existing,
    /// The service took the new values.
    Updated,
    /// The service kept values of its own.
    Drift,
    /// The user is gone.
    Deleted,
    /// Nothing was to be done.
    Unchanged,
    /// The service, or the way to it, said no.
    Failed,
    /// Not tried: the run had ended.
    Skipped,
}

impl Outcome {
    /// Every outcome, in the order of a summary.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Existing,
        Self::Updated,
        Self::Drift,
        Self::Deleted,
        Self::Unchanged,
        Self::Failed,
        Self::Skipped,
    ];

    /// The word of an event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Existing => "existing",
            Self::Updated => "updated",
            Self::Drift => "drift",
            Self::Deleted => "deleted",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Whether the row counts as failed.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Skipped)
    }
}

/// Why a run ended before its last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The pace was cancelled (Ctrl-C).
    #[error("the run was interrupted")]
    Interrupted,
    /// A row failed, and the first failure ends the run.
    #[error("a row before it failed")]
    FailFast,
    /// The service refuses the credentials: it would refuse every row.
    #[error("the service refuses the credentials")]
    Refused(Code),
    /// No more users fit into the project.
    #[error("the project's capacity is reached")]
    Capacity,
    /// Nothing has come through for a minute.
    #[error("the service cannot be reached")]
    Gone,
}

/// What stood in a row's way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// A call failed.
    #[error(transparent)]
    Api(Box<Error>),
    /// The user was deleted to be made again, and that failed.
    #[error("deleted, but not created again: {0}")]
    HalfReplaced(Box<Error>),
    /// The service answered with another user's record.
    #[error("the service answered with the record of {field} {answered}, not {wanted}{}", if *.by_email { " (the e-mail belongs to that user)" } else { "" })]
    Identity {
        /// `phoneNumber` or `assignedPhoneNumber`.
        field: &'static str,
        /// What was asked for.
        wanted: String,
        /// What came back.
        answered: String,
        /// Whether the plan knew the e-mail to be another user's.
        by_email: bool,
    },
    /// The run ended before the row was tried.
    #[error("not tried: {0}")]
    Skipped(Halt),
    /// The run ended before a failed attempt was repeated.
    #[error("tried, but not repeated: {0}")]
    CutShort(Halt),
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which step of the plan.
    pub step: usize,
    /// What was asked.
    pub action: Action,
    /// What came of it.
    pub outcome: Outcome,
    /// The user's id, when it is known.
    pub id: Option<Box<str>>,
    /// What stood in the way, for what failed or was skipped.
    pub error: Option<RowError>,
    /// What the service has in place of the wanted values, for drift.
    pub kept: Vec<Difference>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How often each outcome, in the order of [`Outcome::ALL`].
    pub counts: [usize; Outcome::ALL.len()],
    /// Why it ended early, if it did.
    pub halt: Option<Halt>,
    /// How long it took.
    pub took: Duration,
}

impl Summary {
    /// How many rows came to an outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.counts[outcome as usize]
    }

    /// How many rows failed, those that were not tried included.
    pub fn failures(&self) -> usize {
        self.count(Outcome::Failed) + self.count(Outcome::Skipped)
    }
}

/// A plan on its way.
pub struct Run<'a> {
    client: &'a Client,
    plan: &'a Plan<'a>,
    fail_fast: bool,
    state: Mutex<State>,
}

/// What ends a run.
struct State {
    halt: Option<Halt>,
    /// Rows that failed since something last came through, and when that was.
    failed_in_a_row: u32,
    heard: Instant,
}

impl<'a> Run<'a> {
    /// Carries out a plan; events come to `listen` in the thread of the caller, one per step.
    ///
    /// Cancelling the client's pace ends it: what is in flight is finished, nothing more begins.
    pub fn carry_out(
        client: &'a Client,
        plan: &'a Plan<'a>,
        fail_fast: bool,
        mut listen: impl FnMut(Event),
    ) -> Summary {
        let started = Instant::now();
        let state = State { halt: None, failed_in_a_row: 0, heard: started };
        let run = Self { client, plan, fail_fast, state: Mutex::new(state) };
        let mut counts = [0; Outcome::ALL.len()];
        let mut hear = |event: Event| {
            counts[event.outcome as usize] += 1;
            listen(event);
        };
        for (at, step) in plan.steps.iter().enumerate() {
            if let Change::Unchanged(user) = step.change {
                hear(Event { id: Some(user.id.clone()), ..event(at, Action::None, Outcome::Unchanged) });
            }
        }
        let (sender, events) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| run.stages(sender));
            events.into_iter().for_each(&mut hear);
        });
        let halt = run.lock().halt;
        Summary { counts, halt, took: started.elapsed() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run; the first reason counts.
    fn halt(&self, why: Halt) {
        self.lock().halt.get_or_insert(why);
        self.client.pace().cancel();
    }

    /// Goes through the stages, then tells of what was not tried.
    fn stages(&self, events: Sender<Event>) {
        let most = if self.client.rate() > 0.0 { MOST_IN_FLIGHT } else { UNPACED_IN_FLIGHT };
        let mut skipped = Vec::new();
        for stage in [Stage::Deletes, Stage::Rows, Stage::Held] {
            let in_stage = |(at, step): (usize, &Step<'_>)| {
                (step.stage() == stage && !matches!(step.change, Change::Unchanged(_))).then_some(at)
            };
            let mut steps = self.plan.steps.iter().enumerate().filter_map(in_stage).peekable();
            // The turn is taken before the step, so that a step which got none is still whole.
            let next = || {
                steps.peek()?;
                if self.client.pace().wait_turn().is_err() {
                    self.halt(Halt::Interrupted);
                    return None;
                }
                steps.next()
            };
            worker_pool::carry_out(most, next, |at| {
                let event = self.step(at);
                self.judge(&event);
                // The listener stays until the last sender is gone.
                let _ = events.send(event);
            });
            skipped.extend(steps);
        }
        let halt = self.lock().halt.unwrap_or(Halt::Interrupted);
        // Where the service said no to one row it has said no to the rest; where a person stopped, nobody has.
        let outcome = match halt {
            Halt::Refused(_) | Halt::Capacity | Halt::Gone => Outcome::Failed,
            Halt::Interrupted | Halt::FailFast => Outcome::Skipped,
        };
        for at in skipped {
            let error = Some(RowError::Skipped(halt));
            let _ = events.send(Event { error, ..event(at, self.action(at), outcome) });
        }
    }

    /// Decides whether what came of a row ends the run.
    fn judge(&self, event: &Event) {
        let error = match &event.error {
            Some(RowError::Api(error) | RowError::HalfReplaced(error)) => Some(error),
            _ => None,
        };
        match error.map(|error| error.code) {
            Some(kind @ (Code::Unauthorized | Code::Forbidden)) => self.halt(Halt::Refused(kind)),
            Some(Code::Capacity) => self.halt(Halt::Capacity),
            _ if self.fail_fast && event.outcome.is_failure() => self.halt(Halt::FailFast),
            _ => {}
        }
        let mut state = self.lock();
        if error.is_some_and(|error| error.code.is_retryable()) {
            state.failed_in_a_row += 1;
            if state.failed_in_a_row >= GONE_AFTER_ROWS && state.heard.elapsed() >= GONE_AFTER {
                drop(state);
                self.halt(Halt::Gone);
            }
        } else {
            state.failed_in_a_row = 0;
            state.heard = Instant::now();
        }
    }

    fn action(&self, at: usize) -> Action {
        self.plan.steps.get(at).map_or(Action::None, |step| self.plan.action(step))
    }

    /// Carries out one step, whose turn has come.
    fn step(&self, at: usize) -> Event {
        let action = self.action(at);
        let failed = |error| Event { error: Some(error), ..event(at, action, Outcome::Failed) };
        let Some(step) = self.plan.steps.get(at) else { return event(at, action, Outcome::Unchanged) };
        if action == Action::Replace {
            // Nobody is deleted whom the service would have changed: only what it keeps is made anew.
            let repeated = self.register(at, action, step, step.wanted(), Start::Taken);
            if repeated.outcome != Outcome::Drift {
                return repeated;
            }
        }
        if let (Action::Delete | Action::Replace, Some(user)) = (action, step.user()) {
            let start = if action == Action::Replace { Start::Turn } else { Start::Taken };
            match self.client.call_starting(&Delete(&user.id), start) {
                Ok(_) => {}
                // Somebody else was faster; gone is gone.
                Err(error) if error.is_absent() => {}
                Err(error) => return Event { id: Some(user.id.clone()), ..failed(self.row_error(error)) },
            }
            if action == Action::Delete {
                return Event { id: Some(user.id.clone()), ..event(at, action, Outcome::Deleted) };
            }
        }
        match action {
            Action::Replace => match self.register(at, action, step, step.replacement(), Start::Finish) {
                Event { error: Some(RowError::Api(error)), .. } => failed(RowError::HalfReplaced(error)),
                // Deleted and registered again is a new user, whatever its age says.
                Event { outcome: Outcome::Updated, id, .. } => Event { id, ..event(at, action, Outcome::Created) },
                other => other,
            },
            _ => self.register(at, action, step, step.wanted(), Start::Taken),
        }
    }

    /// Sends a create and reads what it did.
    fn register(&self, at: usize, action: Action, step: &Step<'_>, wanted: Option<NewUser>, start: Start) -> Event {
        let failed = |error| Event { error: Some(error), ..event(at, action, Outcome::Failed) };
        let Some(wanted) = wanted else { return event(at, action, Outcome::Unchanged) };
        match self.client.call_starting(&Create(&wanted), start) {
            Ok(answer) => match answer.read() {
                Ok(user) => registered(at, action, step, &wanted, &answer, &user),
                Err(error) => failed(self.row_error(error)),
            },
            Err(error) => failed(self.row_error(error)),
        }
    }

    fn row_error(&self, error: Error) -> RowError {
        match (error.code, self.lock().halt) {
            (Code::Interrupted, halt) => RowError::CutShort(halt.unwrap_or(Halt::Interrupted)),
            _ => RowError::Api(Box::new(error)),
        }
    }
}

fn event(step: usize, action: Action, outcome: Outcome) -> Event {
    Event { step, action, outcome, id: None, error: None, kept: Vec::new() }
}

/// Reads what a create did from its answer, whatever revision wrote it.
fn registered(at: usize, action: Action, step: &Step<'_>, wanted: &NewUser, answer: &Answer, user: &User<'_>) -> Event {
    if let Some((field, wanted, answered)) = mismatch(wanted, user) {
        let by_email = step.held_by.is_some();
        let error = RowError::Identity { field, wanted, answered, by_email };
        return Event { error: Some(error), ..event(at, action, Outcome::Failed) };
    }
    let kept = differences(wanted, user.first_name.as_deref(), user.last_name.as_deref(), user.email.as_deref());
    let outcome = match (action, outcome::of(answer, user)) {
        (Action::Create, outcome::Outcome::Existing) if kept.is_empty() => Outcome::Existing,
        // Nobody was there when the project was read, so whoever is there now was made by this call, unless the
        // service says otherwise: by the age of the record, or by values that are not ours.
        (Action::Create, outcome::Outcome::Created) => Outcome::Created,
        (Action::Create, _) if kept.is_empty() => Outcome::Created,
        (_, _) if kept.is_empty() => Outcome::Updated,
        _ => Outcome::Drift,
    };
    Event { id: Some(user.id.as_ref().into()), kept, ..event(at, action, outcome) }
}

/// The first part of a user's identity that is not what was asked for.
fn mismatch(wanted: &NewUser, user: &User<'_>) -> Option<(&'static str, String, String)> {
    if user.phone_number != wanted.phone_number.as_str() {
        return Some(("phoneNumber", wanted.phone_number.to_string(), user.phone_number.to_string()));
    }
    let line = wanted.assigned_phone_number.as_ref().filter(|_| wanted.kind == UserType::Dedicated)?;
    let answered = user.assigned_phone_number.as_deref().unwrap_or("none");
    (answered != line.as_str()).then(|| ("assignedPhoneNumber", line.to_string(), answered.to_owned()))
}
