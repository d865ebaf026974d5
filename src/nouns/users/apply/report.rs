//! What a run says: events as they come for a machine, a line per failure for a person, and the end.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::{ApplyArgs, PlanFormat, markdown, show};
use crate::failure::{Code, Failure};
use crate::model::words::count;
use crate::output::format::OutputFormat;
use crate::output::json::{self, Layout};
use crate::output::{Column, Palette, sanitize};
use crate::roster::plan::{Change, Counts, Difference, Plan, Step};
use crate::roster::{Action, Halt, RowError, RowEvent, RowOutcome, Summary};
use crate::session::Session;
use crate::verbs::interim::Interim;
use crate::verbs::progress::Progress;

/// The columns of an event as csv.
pub const EVENT: [Column; 6] = [
    Column::shown("line", "LINE", 0, true),
    Column::shown("phoneNumber", "PHONE", 0, true),
    Column::shown("action", "ACTION", 0, true),
    Column::shown("outcome", "OUTCOME", 0, true),
    Column::shown("id", "ID", 1, true),
    Column::shown("error", "ERROR", 2, false),
];

/// How often a run says how far it is where no bar moves.
const INTERIM: Duration = Duration::from_secs(30);
/// Rows of one kind that are named one by one.
const NAMED: usize = 20;

/// One event, in the order and with the names that scripts read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    line: Option<u32>,
    phone_number: &'a str,
    action: &'static str,
    outcome: Option<&'static str>,
    id: Option<&'a str>,
    error: Option<RowFailure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<ChangeDocument>,
    /// A replaced user's number, where it is another one now.
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_phone_number: Option<Renumbered<'a>>,
    /// Whether the service's number could not be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unreadable: bool,
}

#[derive(Serialize)]
struct Renumbered<'a> {
    from: &'a str,
    to: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowFailure {
    code: &'static str,
    message: String,
    status: Option<u16>,
    retryable: bool,
}

/// A field's value in the project and in the roster.
#[derive(Serialize)]
struct ChangeDocument {
    field: &'static str,
    from: Option<String>,
    to: String,
}

/// What a plan comes to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanDocument<'a> {
    create: usize,
    differs: usize,
    delete: usize,
    unchanged: usize,
    /// Who differs and is left alone (`--create-only`).
    kept: usize,
    /// Rows that may be users whose numbers cannot be read.
    unreadable: usize,
    not_in_roster: usize,
    /// Ids of owners who would be deleted or replaced if they were anybody else.
    owner_kept: Vec<&'a str>,
    requests: usize,
    expected_seconds: Option<f64>,
}

#[derive(Serialize)]
struct ApplyDocument<'a> {
    plan: PlanDocument<'a>,
    rows: &'a [Box<RawValue>],
    summary: SummaryDocument<'a>,
}

/// The end of a run; no summary for one that was only planned, whose unchanged rows are known all the same.
struct SummaryDocument<'a> {
    is_event: bool,
    plan: Option<PlanDocument<'a>>,
    counts: Counts,
    summary: Option<&'a Summary>,
    exit_code: u8,
}

impl Serialize for SummaryDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.is_event {
            map.serialize_entry("event", "summary")?;
        }
        map.serialize_entry("dryRun", &self.summary.is_none())?;
        if let Some(plan) = &self.plan {
            map.serialize_entry("plan", plan)?;
        }
        for outcome in RowOutcome::ALL {
            let planned = match outcome {
                RowOutcome::Unchanged => self.counts.unchanged + self.counts.kept,
                RowOutcome::Existing => self.counts.unreadable,
                _ => 0,
            };
            map.serialize_entry(outcome.as_str(), &self.summary.map_or(planned, |summary| summary.count(outcome)))?;
        }
        let took = self.summary.map(|summary| summary.took.as_secs_f64());
        map.serialize_entry("seconds", &took.map_or(0.0, |took| (took * 1000.0).round() / 1000.0))?;
        let halt = self.summary.and_then(|summary| summary.halt);
        map.serialize_entry("stopped", &halt.map(|halt| halt.to_string()))?;
        map.serialize_entry("exitCode", &self.exit_code)?;
        map.end()
    }
}

/// Turns a run into what the person or the program at the other end wants of it.
pub struct Report<'a> {
    plan: &'a Plan<'a>,
    args: &'a ApplyArgs,
    session: &'a Session,
    format: OutputFormat,
    progress: Progress,
    interim: Option<Interim>,
    tally: Arc<Tally>,
    rate: f64,
    begun: Instant,
    rows: Vec<Box<RawValue>>,
    failed: Vec<usize>,
    lost: Vec<usize>,
    /// Whether somebody turned out to have opted in, and so was not replaced.
    spared: bool,
    drifts: Named,
    renumbered: Named,
    unreadable: usize,
}

/// Why a row failed that was tried; why the rest was not is said once, at the end.
fn failure_of(event: &RowEvent) -> Option<&RowError> {
    let error = event.error.as_ref().filter(|_| event.outcome == RowOutcome::Failed);
    error.filter(|error| !matches!(error, RowError::Skipped(_)))
}

/// What deserves a line each, as far as there are not too many.
#[derive(Default)]
struct Named {
    lines: Vec<String>,
    all: usize,
}

impl Named {
    fn add(&mut self, line: impl FnOnce() -> String) {
        self.all += 1;
        if self.lines.len() < NAMED {
            self.lines.push(line());
        }
    }

    /// Says the lines, and then what so many of `noun` mean.
    fn tell(&self, session: &Session, noun: &str, meaning: impl FnOnce(String) -> String) {
        if self.all == 0 {
            return;
        }
        for line in &self.lines {
            session.out.warn(line);
        }
        session.out.warn(meaning(count(self.all, noun)));
    }
}

/// How far a run is.
#[derive(Default)]
struct Tally {
    done: AtomicUsize,
    failed: AtomicUsize,
}

impl Tally {
    fn told(&self, rows: usize) -> String {
        let (done, failed) = (self.done.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed));
        format!("{done} of {} done, {failed} failed, {} left", count(rows, "row"), rows.saturating_sub(done))
    }
}

fn raw<T: Serialize>(value: &T) -> Box<RawValue> {
    // Our own types always serialize.
    serde_json::value::to_raw_value(value).unwrap_or_default()
}

fn json_line<T: Serialize>(value: &T) -> String {
    json::text(value, Layout::Compact) + "\n"
}

impl<'a> Report<'a> {
    /// A report of nothing yet.
    pub fn new(plan: &'a Plan<'a>, args: &'a ApplyArgs, session: &'a Session) -> Self {
        Self {
            plan,
            args,
            session,
            format: session.out.format(),
            progress: Progress::new(0, session),
            interim: None,
            tally: Arc::default(),
            rate: 0.0,
            begun: Instant::now(),
            rows: Vec::new(),
            failed: Vec::new(),
            lost: Vec::new(),
            spared: false,
            drifts: Named::default(),
            renumbered: Named::default(),
            unreadable: 0,
        }
    }

    /// Tells the plan of a run that is about to begin.
    pub fn begin(&mut self, rate: f64) -> Result<(), Failure> {
        (self.rate, self.begun) = (rate, Instant::now());
        // A program reads the plan at the end, in the summary: until then every event is a row.
        if self.format == OutputFormat::Table {
            self.session.out.text(&self.plan_for_people())?;
        }
        let counts = self.plan.counts();
        let rows = counts.create + counts.differs + counts.delete;
        self.progress = Progress::new(rows, self.session);
        if !self.session.is_watched() {
            let (out, tally) = (Arc::clone(&self.session.out), Arc::clone(&self.tally));
            self.interim = Some(Interim::start(INTERIM, move || out.note(tally.told(rows))));
        }
        Ok(())
    }

    /// Tells a plan that nobody carries out.
    pub fn dry_run(mut self, rate: f64, exit_code: u8) -> Result<(), Failure> {
        self.rate = rate;
        let end = self.end(None, exit_code);
        let rows = || self.planned(None).map(|row| raw(&row)).collect::<Vec<_>>();
        match self.format {
            OutputFormat::Table => self.session.out.text(&self.plan_for_people()),
            OutputFormat::Json => {
                self.session.out.document(&ApplyDocument { plan: self.plan_document(), rows: &rows(), summary: end })
            }
            OutputFormat::Ndjson => {
                self.session.out.lines(self.planned(Some("row")), |lines, row| {
                    lines.push_str(&json_line(&row));
                    Ok(())
                })?;
                self.line(&end)
            }
            OutputFormat::Csv | OutputFormat::Id => self.table_of(rows()),
        }
    }

    /// Takes one event.
    ///
    /// # Errors
    /// When standard output cannot be written; the run goes on all the same.
    pub fn event(&mut self, event: RowEvent) -> Result<(), Failure> {
        if event.action != Action::None {
            self.progress.step();
            self.tally.done.fetch_add(1, Ordering::Relaxed);
        }
        if event.outcome.is_failure() {
            self.tally.failed.fetch_add(1, Ordering::Relaxed);
            self.failed.push(event.step);
        }
        if event.lost {
            self.lost.push(event.step);
        }
        self.remember(&event);
        self.annotate(&event);
        match self.format {
            OutputFormat::Table => {
                self.tell_person(&event);
                Ok(())
            }
            OutputFormat::Ndjson => {
                let document = self.event_document(&event, Some("row"));
                self.progress.aside(|| self.line(&document))
            }
            OutputFormat::Json | OutputFormat::Csv | OutputFormat::Id => {
                self.rows.push(raw(&self.event_document(&event, None)));
                Ok(())
            }
        }
    }

    /// The steps that failed or were not tried.
    pub fn failed(&self) -> &[usize] {
        &self.failed
    }

    /// The steps that may have deleted a user who was to be made again.
    pub fn lost(&self) -> &[usize] {
        &self.lost
    }

    /// Tells how it ended.
    pub fn finish(mut self, summary: &Summary, exit_code: u8) -> Result<(), Failure> {
        self.progress.finish();
        self.interim = None;
        let spared = self.spared || self.plan.steps.iter().any(|step| self.plan.is_spared(step));
        let way_on = match (self.plan.policy.replace, spared) {
            (false, _) => "; `--replace` deletes and creates again",
            (true, true) => "; who has opted in is replaced with `--replace-opted-in` only",
            (true, false) => "",
        };
        self.drifts
            .tell(self.session, "row", |rows| format!("drift in {rows}: the service keeps its own values{way_on}"));
        self.renumbered.tell(self.session, "person", |people| {
            format!(
                "{people} must text another number than before: on a shared line nothing reaches them until they do"
            )
        });
        if self.unreadable > 0 {
            self.session.out.warn(format!(
                "{} could not be compared: the service does not show their whole number",
                count(self.unreadable, "row")
            ));
        }
        let end = self.end(Some(summary), exit_code);
        match self.format {
            OutputFormat::Table if self.args.plan_format == PlanFormat::Markdown => {
                self.session.out.text(&format!("\n**{}**\n", show::summary(summary).trim_end()))
            }
            OutputFormat::Table => self.session.out.text(&show::summary(summary)),
            OutputFormat::Json => {
                self.session.out.document(&ApplyDocument { plan: self.plan_document(), rows: &self.rows, summary: end })
            }
            OutputFormat::Ndjson => self.line(&end),
            OutputFormat::Csv | OutputFormat::Id => {
                let rows = self.rows.clone();
                self.table_of(rows)
            }
        }
    }

    fn plan_for_people(&self) -> String {
        match self.args.plan_format {
            PlanFormat::Text => {
                let palette = Palette { on: self.session.out.look().bold };
                show::plan(self.plan, self.rate, palette)
            }
            PlanFormat::Markdown => markdown::plan(self.plan, self.rate, &self.args.shown_file()),
        }
    }

    fn line<T: Serialize>(&self, value: &T) -> Result<(), Failure> {
        self.session.out.text(&json_line(value))
    }

    fn table_of(&self, rows: Vec<Box<RawValue>>) -> Result<(), Failure> {
        let has_id = |row: &&str| self.format != OutputFormat::Id || !row.contains("\"id\":null");
        let rows: Vec<&str> = rows.iter().map(|row| row.get()).filter(has_id).collect();
        self.session.out.many(&EVENT, &rows)
    }

    /// A step's row, as a person finds it.
    fn row(step: &Step<'_>) -> String {
        match step.row {
            Some(row) => format!("line {}: {}", row.line, step.phone()),
            None => step.phone().to_owned(),
        }
    }

    /// Keeps what is said at the end.
    fn remember(&mut self, event: &RowEvent) {
        let Some(step) = self.plan.steps.get(event.step) else { return };
        self.unreadable += usize::from(event.unreadable);
        self.spared |= event.spared;
        if event.outcome == RowOutcome::Drift {
            let kept = |kept: &Difference| {
                format!("{} {:?}, not {:?}", kept.field, kept.old.as_deref().unwrap_or("none"), kept.new)
            };
            self.drifts.add(|| {
                let spared = if self.plan.is_spared(step) || event.spared { " (opted in)" } else { "" };
                let kept: Vec<_> = event.kept.iter().map(kept).collect();
                format!("{}{spared}: the service keeps {}", Self::row(step), kept.join(", "))
            });
        }
        if let Some((from, to)) = &event.renumbered {
            self.renumbered.add(|| format!("{}: the assigned number was {from}, and is {to} now", Self::row(step)));
        }
    }

    /// Marks a row that failed in the roster, where a workflow shows such marks.
    fn annotate(&self, event: &RowEvent) {
        let Some(row) = self.plan.steps.get(event.step).and_then(|step| step.row) else { return };
        if let Some(error) = failure_of(event) {
            let file = (self.args.file != Path::new("-")).then(|| self.args.file.display().to_string());
            self.session.annotate(file.as_deref(), row.line, &error.to_string());
        }
    }

    /// A line on standard error for a row that failed.
    fn tell_person(&mut self, event: &RowEvent) {
        let Some(step) = self.plan.steps.get(event.step) else { return };
        if let Some(error) = failure_of(event) {
            let (row, error) = (Self::row(step), error.to_string());
            self.progress.aside(|| self.session.out.log(format!("failed: {row}: {}", sanitize::line(&error))));
        }
    }

    fn end<'b>(&self, summary: Option<&'b Summary>, exit_code: u8) -> SummaryDocument<'b>
    where
        'a: 'b,
    {
        let counts = self.plan.counts();
        let is_event = self.format == OutputFormat::Ndjson;
        let plan = is_event.then(|| self.plan_document());
        SummaryDocument { is_event, plan, counts, summary, exit_code }
    }

    fn plan_document(&self) -> PlanDocument<'a> {
        let counts = self.plan.counts();
        let expected_seconds =
            show::expected(self.plan, self.rate).map(|time| (time.as_secs_f64() * 1000.0).round() / 1000.0);
        PlanDocument {
            create: counts.create,
            differs: counts.differs,
            delete: counts.delete,
            unchanged: counts.unchanged,
            kept: counts.kept,
            unreadable: counts.unreadable,
            not_in_roster: self.plan.not_in_roster,
            owner_kept: self.plan.kept_owners.iter().map(|owner| &*owner.id).collect(),
            requests: self.plan.requests(),
            expected_seconds,
        }
    }

    /// Every step as a row of which nothing has come yet.
    fn planned(&self, event: Option<&'static str>) -> impl Iterator<Item = EventDocument<'a>> {
        self.plan.steps.iter().map(move |step| {
            let outcome = match step.change {
                Change::Unchanged(_) | Change::Kept(_) => Some(RowOutcome::Unchanged.as_str()),
                Change::Unreadable(_) => Some(RowOutcome::Existing.as_str()),
                Change::Create | Change::Differs(_) | Change::Delete(_) => None,
            };
            EventDocument { outcome, ..self.step(step, event) }
        })
    }

    /// A step before anything came of it.
    fn step(&self, step: &Step<'a>, event: Option<&'static str>) -> EventDocument<'a> {
        EventDocument {
            event,
            line: step.row.map(|row| row.line),
            phone_number: step.phone(),
            action: self.plan.action(step).as_str(),
            outcome: None,
            id: step.user().map(|user| &*user.id),
            error: None,
            changes: changes(step.differences()),
            assigned_phone_number: None,
            unreadable: matches!(step.change, Change::Unreadable(_)),
        }
    }

    fn event_document<'b>(&self, event: &'b RowEvent, name: Option<&'static str>) -> EventDocument<'b>
    where
        'a: 'b,
    {
        let step = &self.plan.steps[event.step];
        EventDocument {
            outcome: Some(event.outcome.as_str()),
            action: event.action.as_str(),
            id: event.id.as_deref(),
            error: event.error.as_ref().map(error),
            changes: changes(if event.action == Action::None { step.differences() } else { event.kept.clone() }),
            assigned_phone_number: event.renumbered.as_ref().map(|(from, to)| Renumbered { from, to }),
            unreadable: event.unreadable,
            ..self.step(step, name)
        }
    }
}

fn changes(differences: Vec<Difference>) -> Vec<ChangeDocument> {
    let change = |Difference { field, old, new }| ChangeDocument { field, from: old, to: new };
    differences.into_iter().map(change).collect()
}

fn error(error: &RowError) -> RowFailure {
    let of_the_service = error.of_the_service();
    let code = code_of(error);
    let was_cut_short = matches!(error, RowError::Skipped(_) | RowError::CutShort(_));
    let retryable = was_cut_short || of_the_service.map_or(code.is_retryable(), |error| error.retryable);
    let status = of_the_service.and_then(|error| error.status);
    RowFailure { code: code.as_str(), message: error.to_string(), status, retryable }
}

fn code_of(error: &RowError) -> Code {
    match error {
        RowError::Api(error) => error.code,
        RowError::HalfReplaced(error) => code_of(error),
        RowError::Identity { .. } => Code::IdentityMismatch,
        RowError::Skipped(halt) | RowError::CutShort(halt) => match halt {
            Halt::Interrupted => Code::Interrupted,
            Halt::FailFast => Code::Partial,
            Halt::Refused(code) => *code,
            Halt::Capacity => Code::Capacity,
            Halt::RateLimited(_) => Code::RateLimited,
            Halt::Unreachable => Code::Network,
        },
    }
}
