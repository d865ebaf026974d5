//! Carrying a plan out: steps become requests, at the pace and as many at once as the latency needs.

use std::num::NonZero;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::clock::ServiceClock;
use super::plan::{Action, Change, Difference, Plan, Stage, Step, differences};
use super::snapshot::ProjectUser;
use super::worker_pool::{Threads, Workers};
use crate::failure::Code;
use crate::http::answer::ServerClock;
use crate::http::pace::Start;
use crate::http::retry::TOTAL_WAIT;
use crate::http::seam::block_on;
use crate::http::{Answer, Client, Error};
use crate::model::number::{self, Likeness};
use crate::model::time;
use crate::nouns::users::endpoints::{Create, Delete};
use crate::nouns::users::model::{Mismatch, NewUser, User};

/// Requests in flight at most. By Little's law 900 hold 1,000 starts a second against 0.9 s of latency; and each takes
/// a socket, of which a process has 1,024 on most systems.
const MOST_IN_FLIGHT: NonZero<usize> = NonZero::new(900).unwrap();
/// Requests in flight without pacing, where nothing but this bounds them.
const UNPACED_IN_FLIGHT: NonZero<usize> = NonZero::new(16).unwrap();
/// When nothing has come through for this long…
const UNREACHABLE_AFTER: Duration = Duration::from_secs(60);
/// …and this many rows failed in a row with all their repeats, the service counts as unreachable.
const UNREACHABLE_AFTER_ROWS: u32 = 20;

/// What came of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowOutcome {
    /// This run made the user.
    Created,
    /// The user was there: made by somebody since the plan, or there all along under a number that cannot be read.
    Existing,
    /// The user is there, and others were making users too: by whom this one was made cannot be known.
    Registered,
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

impl RowOutcome {
    /// Every outcome, in the order of a summary.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Existing,
        Self::Registered,
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
            Self::Registered => "registered",
            Self::Updated => "updated",
            Self::Drift => "drift",
            Self::Deleted => "deleted",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Whether the service was told something, and took it.
    pub const fn is_written(self) -> bool {
        matches!(self, Self::Created | Self::Existing | Self::Registered | Self::Updated | Self::Drift | Self::Deleted)
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
    /// The service wants fewer requests, and a longer pause than a run waits.
    #[error("the service is limiting the rate{}", .0.map(|wait| format!(" and asks to wait {}", time::show(wait))).unwrap_or_default())]
    RateLimited(Option<Duration>),
    /// Nothing has come through for a minute, or nothing can.
    #[error("the service cannot be reached")]
    Unreachable,
}

/// What stood in a row's way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// A call failed.
    #[error(transparent)]
    Api(Box<Error>),
    /// The user was deleted to be made again, and that failed.
    #[error("deleted, but not created again: {0}")]
    HalfReplaced(Box<RowError>),
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
pub struct RowEvent {
    /// Which step of the plan.
    pub step: usize,
    /// What was asked.
    pub action: Action,
    /// What came of it.
    pub outcome: RowOutcome,
    /// The user's id, when it is known.
    pub id: Option<Box<str>>,
    /// What stood in the way, for what failed or was skipped.
    pub error: Option<RowError>,
    /// What the service has in place of the wanted values, for drift.
    pub kept: Vec<Difference>,
    /// The number that talked to a replaced user, and the one that does now, where they differ.
    pub renumbered: Option<(Box<str>, Box<str>)>,
    /// Whether the answer's numbers could not be read, and so not be compared.
    pub unreadable: bool,
    /// Whether the user may have been deleted and is not known to be made again.
    pub lost: bool,
    /// Whether the user, who was to be replaced, turned out to be one who may not be: somebody who has opted in since
    /// the project was read.
    pub spared: bool,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How often each outcome, in the order of [`Outcome::ALL`].
    pub counts: [usize; RowOutcome::ALL.len()],
    /// Why it ended early, if it did.
    pub halt: Option<Halt>,
    /// The refusal that ended it.
    pub refusal: Option<Box<Error>>,
    /// How long it took.
    pub took: Duration,
}

impl Summary {
    /// How many rows came to an outcome.
    pub fn count(&self, outcome: RowOutcome) -> usize {
        self.counts[outcome as usize]
    }

    /// How many rows failed, those that were not tried included.
    pub fn failures(&self) -> usize {
        self.count(RowOutcome::Failed) + self.count(RowOutcome::Skipped)
    }
}

/// How a plan is carried out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// Whether nobody else is known to make users of the project: then whoever was not there when it was read, and
    /// whose record is not older than the request, was made by this run.
    pub alone: bool,
}

/// A plan on its way.
pub struct ApplyRun<'a> {
    client: &'a Client,
    plan: &'a Plan<'a>,
    fail_fast: bool,
    started: Instant,
    state: Mutex<RunState>,
}

/// What a run knows of itself.
struct RunState {
    /// How often each outcome, in the order of [`Outcome::ALL`].
    counts: [usize; RowOutcome::ALL.len()],
    halt: Option<Halt>,
    refusal: Option<Box<Error>>,
    /// Rows that failed since something last came through, and when that was.
    failed_in_a_row: u32,
    came_through: Instant,
    alone: bool,
    clock: ServiceClock,
}

impl<'a> ApplyRun<'a> {
    /// Carries out a plan; events come to `listen` in the thread of the caller, one per step.
    ///
    /// Cancelling the client's pace ends it: what is in flight is finished, nothing more begins.
    pub fn carry_out(client: &'a Client, plan: &'a Plan<'a>, manner: Manner, listen: impl FnMut(RowEvent)) -> Summary {
        let run = Self::new(client, plan, manner);
        let (sender, events) = mpsc::channel();
        thread::scope(|scope| {
            // The listener stays until the last sender is gone.
            let work = |sender: Sender<RowEvent>| block_on(run.work_off(&Threads, &|event| drop(sender.send(event))));
            let dispatcher = thread::Builder::new().spawn_scoped(scope, {
                let sender = sender.clone();
                move || work(sender)
            });
            // Without a thread for it the events wait until all is done.
            match dispatcher {
                Ok(_) => drop(sender),
                Err(_) => work(sender),
            }
            events.into_iter().for_each(listen);
        });
        run.end()
    }

    /// As [`Run::carry_out`], with workers that are handed in, and in the thread that polls it.
    pub async fn carry_out_with(
        workers: &impl Workers,
        client: &'a Client,
        plan: &'a Plan<'a>,
        manner: Manner,
        listen: &(impl Fn(RowEvent) + Sync),
    ) -> Summary {
        let run = Self::new(client, plan, manner);
        run.work_off(workers, listen).await;
        run.end()
    }

    fn new(client: &'a Client, plan: &'a Plan<'a>, manner: Manner) -> Self {
        let started = client.clock().now();
        let state = RunState {
            counts: [0; RowOutcome::ALL.len()],
            halt: None,
            refusal: None,
            failed_in_a_row: 0,
            came_through: started,
            alone: manner.alone,
            clock: ServiceClock::new(started),
        };
        Self { client, plan, fail_fast: manner.fail_fast, started, state: Mutex::new(state) }
    }

    fn end(self) -> Summary {
        let took = self.client.clock().now() - self.started;
        let RunState { counts, halt, refusal, .. } = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        Summary { counts, halt, refusal, took }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, RunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run; the first reason counts.
    fn halt(&self, why: Halt) {
        self.lock().halt.get_or_insert(why);
        self.client.pace().cancel();
    }

    /// Tells of what needs no work, goes through the stages, then tells of what was not tried.
    async fn work_off(&self, workers: &impl Workers, listen: &(impl Fn(RowEvent) + Sync)) {
        let tell = |event: RowEvent| {
            self.lock().counts[event.outcome as usize] += 1;
            listen(event);
        };
        for (at, step) in self.plan.steps.iter().enumerate().filter(|(_, step)| self.plan.action(step) == Action::None)
        {
            let is_unreadable = matches!(step.change, Change::Unreadable(_));
            let outcome = if is_unreadable { RowOutcome::Existing } else { RowOutcome::Unchanged };
            let id = step.user().map(|user| user.id.clone());
            tell(RowEvent { id, unreadable: is_unreadable, ..event(at, Action::None, outcome) });
        }
        let most = if self.client.rate() > 0.0 { MOST_IN_FLIGHT } else { UNPACED_IN_FLIGHT };
        let mut skipped = Vec::new();
        for stage in [Stage::Deletes, Stage::Rows, Stage::Held] {
            let in_stage = |(at, step): (usize, &Step<'_>)| {
                (step.stage() == stage && self.plan.action(step) != Action::None).then_some(at)
            };
            let mut steps = self.plan.steps.iter().enumerate().filter_map(in_stage).peekable();
            // The turn is taken before the step, so that a step which got none is still whole.
            let next = async || {
                steps.peek()?;
                if self.client.pace().turn(Start::Turn).await.is_err() {
                    self.halt(Halt::Interrupted);
                    return None;
                }
                steps.next()
            };
            let work = async |at| {
                let event = self.step(at).await;
                self.judge(&event);
                tell(event);
            };
            workers.carry_out(most, next, work).await;
            skipped.extend(steps);
        }
        let halt = self.lock().halt.unwrap_or(Halt::Interrupted);
        // Where the service said no to one row it has said no to the rest; where a person stopped, nobody has.
        let outcome = match halt {
            Halt::Refused(_) | Halt::Capacity | Halt::RateLimited(_) | Halt::Unreachable => RowOutcome::Failed,
            Halt::Interrupted | Halt::FailFast => RowOutcome::Skipped,
        };
        for at in skipped {
            let error = Some(RowError::Skipped(halt));
            tell(RowEvent { error, ..event(at, self.action(at), outcome) });
        }
    }

    /// Decides whether what came of a row ends the run.
    fn judge(&self, event: &RowEvent) {
        let error = event.error.as_ref().and_then(RowError::of_the_service);
        if let (Some(halt), Some(error)) = (self.reason_to_halt(error), error) {
            // The first one is told with what belongs to it: whose credentials, which proxy.
            self.lock().refusal.get_or_insert_with(|| Box::new(error.clone()));
            self.halt(halt);
        } else if self.fail_fast && event.outcome.is_failure() {
            self.halt(Halt::FailFast);
        }
    }

    fn reason_to_halt(&self, error: Option<&Error>) -> Option<Halt> {
        let mut state = self.lock();
        let Some(error) = error.filter(|error| error.code.is_retryable()) else {
            state.failed_in_a_row = 0;
            state.came_through = self.client.clock().now();
            return match error?.code {
                code @ (Code::Unauthorized | Code::Forbidden) => Some(Halt::Refused(code)),
                Code::Capacity => Some(Halt::Capacity),
                // The way there is shut, as by a proxy, and stays so until somebody opens it.
                Code::Config => Some(Halt::Unreachable),
                _ => None,
            };
        };
        state.failed_in_a_row += 1;
        let silent_for = self.client.clock().now() - state.came_through;
        if error.code == Code::RateLimited {
            // A pause is everybody's: what one row was told to wait for, the next would wait for again.
            let wait = error.retry_after;
            return (silent_for + wait.unwrap_or_default() > TOTAL_WAIT).then_some(Halt::RateLimited(wait));
        }
        (state.failed_in_a_row >= UNREACHABLE_AFTER_ROWS && silent_for >= UNREACHABLE_AFTER)
            .then_some(Halt::Unreachable)
    }

    fn action(&self, at: usize) -> Action {
        self.plan.steps.get(at).map_or(Action::None, |step| self.plan.action(step))
    }

    /// Carries out one step, whose turn has come.
    async fn step(&self, at: usize) -> RowEvent {
        let action = self.action(at);
        let Some(step) = self.plan.steps.get(at) else { return event(at, action, RowOutcome::Unchanged) };
        match (action, step.user()) {
            (Action::Delete, Some(user)) => match self.delete(user, Start::Taken).await {
                Ok(()) => RowEvent { id: Some(user.id.clone()), ..event(at, action, RowOutcome::Deleted) },
                Err(error) => failed(at, action, Some(user), error),
            },
            (Action::Replace, Some(user)) => self.replace(at, step, user).await,
            _ => self.register(at, step, step.wanted(), None, Start::Taken).await,
        }
    }

    async fn delete(&self, user: &ProjectUser, start: Start) -> Result<(), RowError> {
        match self.client.call_starting(&Delete(&user.id), start).await {
            // Somebody else may have been faster; gone is gone.
            Err(error) if !error.is_absent() => Err(self.row_error(error)),
            _ => Ok(()),
        }
    }

    async fn replace(&self, at: usize, step: &Step<'_>, user: &ProjectUser) -> RowEvent {
        // Nobody is deleted whom the service would have changed: only what it keeps is made anew. It is asked for all
        // that the user has, since the user may be gone by now: a delete of a run that was killed can still be on its way.
        let repeated = self.register(at, step, step.replacement(), None, Start::Taken).await;
        if repeated.outcome != RowOutcome::Drift || repeated.spared {
            return repeated;
        }
        // A delete whose answer was lost may have been done.
        if let Err(error) = self.delete(user, Start::Turn).await {
            return RowEvent { lost: true, ..failed(at, Action::Replace, Some(user), error) };
        }
        match self.register(at, step, step.replacement(), Some(user), Start::Finish).await {
            RowEvent { error: Some(error), .. } => {
                RowEvent { lost: true, ..failed(at, Action::Replace, None, RowError::HalfReplaced(Box::new(error))) }
            }
            made => made,
        }
    }

    /// Sends a create and reads what it did; `replaced` was deleted for it.
    async fn register(
        &self,
        at: usize,
        step: &Step<'_>,
        wanted: Option<NewUser>,
        replaced: Option<&ProjectUser>,
        start: Start,
    ) -> RowEvent {
        let action = self.action(at);
        let Some(wanted) = wanted else { return event(at, action, RowOutcome::Unchanged) };
        let begun = self.client.clock().now();
        let result = self.client.call_starting(&Create(&wanted), start).await;
        let read = result.and_then(|answer| {
            let user = answer.read()?;
            Ok(self.registered(at, step, &wanted, replaced, &user, self.is_older(&answer, &user, begun)))
        });
        read.unwrap_or_else(|error| failed(at, action, None, self.row_error(error)))
    }

    /// Whether a record is older than the request that it answers, begun at the earliest then.
    fn is_older(&self, answer: &Answer, user: &User<'_>, begun: Instant) -> bool {
        let created = user.created_at.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        match answer.clock {
            ServerClock::Unknown => false,
            ServerClock::Shared(sent) => created.is_some_and(|made| made.as_millisecond() < sent.as_millisecond()),
            ServerClock::Date(date) => {
                let mut state = self.lock();
                state.clock.hear(date, begun, self.client.clock().now());
                created.is_some_and(|made| state.clock.was_before(made, begun))
            }
        }
    }

    /// Reads what a create did from its answer, whatever revision wrote it.
    fn registered(
        &self,
        at: usize,
        step: &Step<'_>,
        wanted: &NewUser,
        replaced: Option<&ProjectUser>,
        user: &User<'_>,
        is_older: bool,
    ) -> RowEvent {
        let action = self.action(at);
        let unreadable = match wanted.compare(user) {
            Err(Mismatch { field, wanted, answered }) => {
                let by_email = step.held_by.is_some() || step.is_contested;
                return failed(at, action, None, RowError::Identity { field, wanted, answered, by_email });
            }
            Ok(likeness) => likeness == Likeness::Unreadable,
        };
        let kept = differences(wanted, user.first_name.as_deref(), user.last_name.as_deref(), user.email.as_deref());
        let outcome = match (action, replaced) {
            _ if !kept.is_empty() => RowOutcome::Drift,
            (Action::Create, _) if is_older => {
                // Nobody like this was there when the project was read.
                self.lock().alone = false;
                RowOutcome::Existing
            }
            // Two requests at once get the same answer, so that only who is alone may say whose it is.
            (Action::Create, _) | (_, Some(_)) if self.lock().alone => RowOutcome::Created,
            (Action::Create, _) | (_, Some(_)) => RowOutcome::Registered,
            _ => RowOutcome::Updated,
        };
        let numbers = replaced.and_then(|old| Some((old.assigned.as_deref()?, user.assigned_phone_number.as_deref()?)));
        let renumbered = numbers.filter(|(old, new)| number::compare(new, old) == Likeness::Different);
        let renumbered = renumbered.map(|(old, new)| (old.into(), new.into()));
        let spared =
            action == Action::Replace && !self.plan.policy.may_replace(user.meta.opt_in, user.meta.project_owner);
        RowEvent {
            id: Some(user.id.as_ref().into()),
            kept,
            renumbered,
            unreadable,
            spared,
            ..event(at, action, outcome)
        }
    }

    fn row_error(&self, error: Error) -> RowError {
        match (error.code, self.lock().halt) {
            (Code::Interrupted, halt) => RowError::CutShort(halt.unwrap_or(Halt::Interrupted)),
            _ => RowError::Api(Box::new(error)),
        }
    }
}

impl RowError {
    /// The call that failed, if one did.
    pub fn of_the_service(&self) -> Option<&Error> {
        match self {
            Self::Api(error) => Some(error),
            Self::HalfReplaced(error) => error.of_the_service(),
            Self::Identity { .. } | Self::Skipped(_) | Self::CutShort(_) => None,
        }
    }
}

fn event(step: usize, action: Action, outcome: RowOutcome) -> RowEvent {
    let (id, error, renumbered) = (None, None, None);
    RowEvent {
        step,
        action,
        outcome,
        id,
        error,
        kept: Vec::new(),
        renumbered,
        unreadable: false,
        lost: false,
        spared: false,
    }
}

fn failed(step: usize, action: Action, user: Option<&ProjectUser>, error: RowError) -> RowEvent {
    RowEvent { id: user.map(|user| user.id.clone()), error: Some(error), ..event(step, action, RowOutcome::Failed) }
}
