//! What a run says: events as they come for a machine, a line per failure for a person, and the end.

use std::time::Instant;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::progress::Progress;
use super::show;
use crate::failure::{Code, Failure};
use crate::output::format::Format;
use crate::output::json::{self, Layout};
use crate::output::{Column, Palette, sanitize};
use crate::roster::plan::{Change, Difference, Plan, Step};
use crate::roster::{Action, Event, Halt, Outcome, RowError, Summary};
use crate::session::Session;

/// The columns of an event as csv.
pub const EVENT: [Column; 6] = [
    Column::shown("line", "LINE", 0, true),
    Column::shown("phoneNumber", "PHONE", 0, true),
    Column::shown("action", "ACTION", 0, true),
    Column::shown("outcome", "OUTCOME", 0, true),
    Column::shown("id", "ID", 1, true),
    Column::shown("error", "ERROR", 2, false),
];

/// Drifting rows that are named one by one.
const NAMED_DRIFTS: usize = 20;

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
    error: Option<ErrorDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<ChangeDocument>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorDocument {
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
struct PlanDocument {
    create: usize,
    differs: usize,
    delete: usize,
    unchanged: usize,
    requests: usize,
    expected_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Document<'a> {
    plan: PlanDocument,
    rows: &'a [Box<RawValue>],
    summary: SummaryDocument<'a>,
}

/// The end of a run; no summary for one that was only planned, whose unchanged rows are known all the same.
struct SummaryDocument<'a> {
    is_event: bool,
    plan: Option<PlanDocument>,
    unchanged: usize,
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
        for outcome in Outcome::ALL {
            let planned = if outcome == Outcome::Unchanged { self.unchanged } else { 0 };
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
    session: &'a Session,
    format: Format,
    progress: Progress,
    rate: f64,
    begun: Instant,
    rows: Vec<Box<RawValue>>,
    failed: Vec<usize>,
    drifts: Vec<String>,
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
    pub fn new(plan: &'a Plan<'a>, session: &'a Session) -> Self {
        Self {
            plan,
            session,
            format: session.out.format(),
            progress: Progress::new(0, session),
            rate: 0.0,
            begun: Instant::now(),
            rows: Vec::new(),
            failed: Vec::new(),
            drifts: Vec::new(),
        }
    }

    /// Tells the plan of a run that is about to begin.
    pub fn begin(&mut self, rate: f64) -> Result<(), Failure> {
        (self.rate, self.begun) = (rate, Instant::now());
        // A program reads the plan at the end, in the summary: until then every event is a row.
        if self.format == Format::Table {
            self.session.out.text(&show::plan(self.plan, rate, self.palette()))?;
        }
        let counts = self.plan.counts();
        self.progress = Progress::new(counts.create + counts.differs + counts.delete, self.session);
        Ok(())
    }

    /// Tells a plan that nobody carries out.
    pub fn dry_run(mut self, rate: f64) -> Result<(), Failure> {
        self.rate = rate;
        let end = self.end(None, 0);
        let rows = || self.planned(None).map(|row| raw(&row)).collect::<Vec<_>>();
        match self.format {
            Format::Table => self.session.out.text(&show::plan(self.plan, rate, self.palette())),
            Format::Json => {
                self.session.out.document(&Document { plan: self.plan_document(), rows: &rows(), summary: end })
            }
            Format::Ndjson => {
                self.session.out.lines(self.planned(Some("row")), |lines, row| {
                    lines.push_str(&json_line(&row));
                    Ok(())
                })?;
                self.line(&end)
            }
            Format::Csv | Format::Id => self.table_of(rows()),
        }
    }

    /// Takes one event.
    ///
    /// # Errors
    /// When standard output cannot be written; the run goes on all the same.
    pub fn event(&mut self, event: Event) -> Result<(), Failure> {
        if event.action != Action::None {
            self.progress.step();
        }
        if event.outcome.is_failure() {
            self.failed.push(event.step);
        }
        match self.format {
            Format::Table => {
                self.tell_person(&event);
                Ok(())
            }
            Format::Ndjson => {
                let document = self.event_document(&event, Some("row"));
                self.progress.aside(|| self.line(&document))
            }
            Format::Json | Format::Csv | Format::Id => {
                self.rows.push(raw(&self.event_document(&event, None)));
                Ok(())
            }
        }
    }

    /// The steps that failed or were not tried.
    pub fn failed(&self) -> &[usize] {
        &self.failed
    }

    /// Tells how it ended.
    pub fn finish(self, summary: &Summary, exit_code: u8) -> Result<(), Failure> {
        self.progress.finish();
        let drifts = summary.count(Outcome::Drift);
        if drifts > 0 {
            for drift in &self.drifts {
                self.session.out.warn(drift);
            }
            let rows = if drifts == 1 { "1 row drifts".to_owned() } else { format!("{drifts} rows drift") };
            self.session
                .out
                .warn(format!("{rows}: the service keeps its own values; `--replace` deletes and creates again"));
        }
        let end = self.end(Some(summary), exit_code);
        match self.format {
            Format::Table => self.session.out.text(&show::summary(summary)),
            Format::Json => {
                self.session.out.document(&Document { plan: self.plan_document(), rows: &self.rows, summary: end })
            }
            Format::Ndjson => self.line(&end),
            Format::Csv | Format::Id => {
                let rows = self.rows.clone();
                self.table_of(rows)
            }
        }
    }

    fn palette(&self) -> Palette {
        Palette { on: self.session.out.look().bold }
    }

    fn line<T: Serialize>(&self, value: &T) -> Result<(), Failure> {
        self.session.out.text(&json_line(value))
    }

    fn table_of(&self, rows: Vec<Box<RawValue>>) -> Result<(), Failure> {
        let has_id = |row: &&str| self.format != Format::Id || !row.contains("\"id\":null");
        let rows: Vec<&str> = rows.iter().map(|row| row.get()).filter(has_id).collect();
        self.session.out.many(&EVENT, &rows)
    }

    /// A line on standard error for a row that failed; drift is kept for the end.
    fn tell_person(&mut self, event: &Event) {
        let Some(step) = self.plan.steps.get(event.step) else { return };
        let row = match step.row {
            Some(row) => format!("line {}: {}", row.line, step.phone()),
            None => step.phone().to_owned(),
        };
        // Why the rest was not tried is said once, at the end.
        if event.outcome == Outcome::Failed
            && let Some(error) = event.error.as_ref().filter(|error| !matches!(error, RowError::Skipped(_)))
        {
            self.progress
                .aside(|| self.session.out.log(format!("failed: {row}: {}", sanitize::line(&error.to_string()))));
        }
        if event.outcome == Outcome::Drift && self.drifts.len() < NAMED_DRIFTS {
            let kept: Vec<_> = event
                .kept
                .iter()
                .map(|kept| format!("{} {:?}, not {:?}", kept.field, kept.old.as_deref().unwrap_or("none"), kept.new))
                .collect();
            self.drifts.push(format!("{row}: the service keeps {}", kept.join(", ")));
        }
    }

    fn end<'b>(&self, summary: Option<&'b Summary>, exit_code: u8) -> SummaryDocument<'b> {
        let counts = self.plan.counts();
        let is_event = self.format == Format::Ndjson;
        let plan = is_event.then(|| self.plan_document());
        SummaryDocument { is_event, plan, unchanged: counts.unchanged, summary, exit_code }
    }

    fn plan_document(&self) -> PlanDocument {
        let counts = self.plan.counts();
        let expected_seconds =
            show::expected(self.plan, self.rate).map(|time| (time.as_secs_f64() * 1000.0).round() / 1000.0);
        PlanDocument {
            create: counts.create,
            differs: counts.differs,
            delete: counts.delete,
            unchanged: counts.unchanged,
            requests: self.plan.requests(),
            expected_seconds,
        }
    }

    /// Every step as a row of which nothing has come yet.
    fn planned(&self, event: Option<&'static str>) -> impl Iterator<Item = EventDocument<'a>> {
        self.plan.steps.iter().map(move |step| {
            let is_unchanged = matches!(step.change, Change::Unchanged(_));
            let outcome = is_unchanged.then_some(Outcome::Unchanged.as_str());
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
        }
    }

    fn event_document<'b>(&self, event: &'b Event, name: Option<&'static str>) -> EventDocument<'b>
    where
        'a: 'b,
    {
        EventDocument {
            outcome: Some(event.outcome.as_str()),
            action: event.action.as_str(),
            id: event.id.as_deref(),
            error: event.error.as_ref().map(error),
            changes: changes(event.kept.clone()),
            ..self.step(&self.plan.steps[event.step], name)
        }
    }
}

fn changes(differences: Vec<Difference>) -> Vec<ChangeDocument> {
    let change = |Difference { field, old, new }| ChangeDocument { field, from: old, to: new };
    differences.into_iter().map(change).collect()
}

fn error(error: &RowError) -> ErrorDocument {
    let (code, status) = match error {
        RowError::Api(error) | RowError::HalfReplaced(error) => (error.code, error.status),
        RowError::Identity { .. } => (Code::IdentityMismatch, None),
        RowError::Skipped(halt) | RowError::CutShort(halt) => (code_of(*halt), None),
    };
    let retryable = code.is_retryable() || matches!(error, RowError::Skipped(_) | RowError::CutShort(_));
    ErrorDocument { code: code.as_str(), message: error.to_string(), status, retryable }
}

fn code_of(halt: Halt) -> Code {
    match halt {
        Halt::Interrupted => Code::Interrupted,
        Halt::FailFast => Code::Partial,
        Halt::Refused(kind) => kind,
        Halt::Capacity => Code::Capacity,
        Halt::Gone => Code::Network,
    }
}
