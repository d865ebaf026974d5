//! One history from its beginning to its end, and what has to hold whatever happens in it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use spectrum_cli::http::Client;
use spectrum_cli::http::config::{Config, FailureContext, Server};
use spectrum_cli::http::dialect::SPECTRUM;
use spectrum_cli::http::retry::RetryPolicy;
use spectrum_cli::nouns::users::apply::journal::ReplaceJournal;
use spectrum_cli::nouns::users::model::{NewUser, UserType};
use spectrum_cli::roster::{
    Action, ApplyRun, Halt, Manner, Plan, Policy, Roster, RosterFormat, Row, RowError, RowEvent, RowOutcome, Snapshot,
    Step, Summary, plan::plan,
};
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET};
use spectrum_cli::secrets::credentials::{Credentials, Secret};

use crate::history::{History, Person};
use crate::tasks::Tasks;
use crate::world::{self, Author, TIMEOUT, World, meaning};

/// What came of a run.
struct Report {
    events: Vec<RowEvent>,
    /// None when it was killed.
    summary: Option<Summary>,
    changes: bool,
}

fn credentials() -> Credentials {
    Credentials { project_id: DEFAULT_PROJECT_ID.parse().unwrap(), secret: Secret::new(DEFAULT_SECRET).unwrap() }
}

fn roster(rows: &[Person]) -> Roster {
    let row = |(at, row): (usize, &Person)| Row {
        line: at as u32 + 2,
        user: NewUser {
            kind: if row.line.is_some() { UserType::Dedicated } else { UserType::Shared },
            phone_number: world::phone(row.phone).parse().unwrap(),
            assigned_phone_number: row.line.map(|line| world::line(line).parse().unwrap()),
            first_name: row.first.map(world::first),
            last_name: row.last.map(world::last),
            email: row.email.map(|email| world::email(email).parse().unwrap()),
        },
        typed: true,
        id: None,
    };
    Roster {
        format: RosterFormat::Csv,
        rows: rows.iter().enumerate().map(row).collect(),
        warnings: Vec::new(),
        left_out: Default::default(),
    }
}

/// Plays a history.
///
/// # Errors
/// The law that does not hold.
pub fn play(history: &History, folder: &Path) -> Result<(), String> {
    let _ = std::fs::remove_file(folder.join("replaced-project.ndjson"));
    fastrand::seed(history.seed);
    let world = World::new(history, &credentials().authorization());
    for _ in 0..=history.ends.len() {
        run(history, &world, folder)?;
    }
    world.calm();
    let quietly = || run(history, &world, folder)?.ok_or("a project cannot be read though nothing is wrong".to_owned());
    let (mut last, mut again) = (quietly()?, quietly()?);
    // An e-mail that one run has freed is given to somebody else by the next.
    for _ in 0..2 {
        if left_to_do(&last, &again).is_some() {
            (last, again) = (again, quietly()?);
        }
    }
    end(history, &world, &last, &again)
}

/// One run, as `users apply` makes it. None when the project could not be read.
fn run(history: &History, world: &World, folder: &Path) -> Result<Option<Report>, String> {
    let number = world.begin();
    let url = "https://service.example".parse().unwrap();
    let config = Config {
        server: Server { url, timeout: TIMEOUT, extra_ca: None, roots: None, proxy: None },
        dialect: SPECTRUM,
        credentials: credentials(),
        retry: RetryPolicy { retries: history.retries },
        rate: f64::from(history.rate),
        shares_clock: history.ahead.is_none(),
        told: FailureContext::default(),
    };
    let client = Client::over(Arc::new(world.clone()), Arc::new(world.clone()), config, None).unwrap();
    let Ok(snapshot) = Snapshot::read(&client, false) else { return pace(history, world, number).map(|()| None) };
    let mut roster = roster(&history.rows);
    let mut journal = ReplaceJournal::open(folder, "project", &snapshot).map_err(|error| error.message)?;
    journal.complete(&mut roster);
    let History { prune, replace, replace_opted_in, create_only, fail_fast, alone, .. } = *history;
    // An empty roster never deletes.
    let prune = prune && !roster.rows.is_empty();
    let plan = plan(&roster, &snapshot, Policy { prune, replace, replace_opted_in, create_only });
    let planned = plan.steps.iter().filter_map(|step| match plan.action(step) {
        Action::Delete => Some((step.user()?.id.to_string(), true)),
        Action::Replace => Some((step.user()?.id.to_string(), replace_opted_in)),
        _ => None,
    });
    world.plan(planned.collect());
    journal.begin(&plan).map_err(|error| error.message)?;
    let events = Mutex::new(Vec::new());
    let listen = |event: RowEvent| events.lock().unwrap().push(event);
    let manner = Manner { fail_fast, alone };
    let tasks = Tasks(world);
    let running = ApplyRun::carry_out_with(&tasks, &client, &plan, manner, &listen);
    let summary = world.drive(running, || client.pace().cancel())?;
    let events = events.into_inner().unwrap();
    let told = Report { events, summary, changes: plan.counts().changes() };
    let in_run = |law: String| format!("run {number}: {law}");
    report(history, world, number, &plan, &told).map_err(in_run)?;
    pace(history, world, number).map_err(in_run)?;
    if told.summary.is_some() {
        let of = |which: fn(&RowEvent) -> bool| -> Vec<usize> {
            told.events.iter().filter(|event| which(event)).map(|event| event.step).collect()
        };
        journal.end(&plan, &of(|event| event.lost), &of(|event| event.outcome.is_failure()));
    }
    world.broken().map_or(Ok(Some(told)), Err)
}

/// Never more than N starts in any second.
fn pace(history: &History, world: &World, number: usize) -> Result<(), String> {
    let most = history.rate as usize;
    world.with_deeds(number, |deeds| {
        if most > 0
            && let Some(at) = deeds.starts.windows(most + 1).find(|window| window[most] - window[0] <= 1_000_000)
        {
            return Err(format!("more than {most} starts in a second: {at:?}"));
        }
        Ok(())
    })
}

fn key(step: &Step<'_>) -> String {
    match (step.row, step.user()) {
        (Some(row), _) => {
            let line = row.user.assigned_phone_number.as_ref().filter(|_| step.kind == UserType::Dedicated);
            meaning(row.user.phone_number.as_str(), line.map(spectrum_cli::model::Phone::as_str))
        }
        (None, user) => user.map(|user| user.id.to_string()).unwrap_or_default(),
    }
}

/// The report equals what happened.
fn report(history: &History, world: &World, number: usize, plan: &Plan<'_>, told: &Report) -> Result<(), String> {
    let mut times = vec![0; plan.steps.len()];
    told.events.iter().for_each(|event| times[event.step] += 1);
    if let Some(summary) = &told.summary {
        if times.iter().any(|times| *times != 1) {
            return Err(format!("steps are told {times:?} times"));
        }
        for outcome in RowOutcome::ALL {
            let count = told.events.iter().filter(|event| event.outcome == outcome).count();
            if summary.count(outcome) != count {
                return Err(format!("the summary has {} {}, not {count}", summary.count(outcome), outcome.as_str()));
            }
        }
    } else if times.iter().any(|times| *times > 1) {
        return Err(format!("steps are told {times:?} times"));
    }
    for event in &told.events {
        let step = &plan.steps[event.step];
        let said = |what: &str| {
            let row = step.row.map(|row| &row.user);
            Err(format!(
                "{what}: {event:?} of {:?} for {row:?}; sent {:?}",
                step.change,
                world.with_deeds(number, |deeds| deeds.sent.clone())
            ))
        };
        let key = key(step);
        let sent = world.with_deeds(number, |deeds| deeds.sent.get(&key).copied());
        let answered = world.with_deeds(number, |deeds| deeds.answered.get(&key).cloned());
        if !event.outcome.is_failure() {
            world.is_done(key.clone(), number);
        }
        let untried = matches!(event.outcome, RowOutcome::Unchanged | RowOutcome::Skipped)
            || matches!(event.error, Some(RowError::Skipped(_)))
            || event.action == Action::None;
        if untried {
            if sent.is_some() && !matches!(event.error, Some(RowError::CutShort(_))) {
                return said("sent, and said to be not tried");
            }
            continue;
        }
        if event.outcome == RowOutcome::Deleted {
            let truth = step.user().and_then(|user| world.truth(&user.id));
            if truth.is_none_or(|truth| truth.deleted.is_none()) {
                return said("said to be deleted, and is there");
            }
            continue;
        }
        // Who was deleted for a replacement and is not made again.
        let gone = step.user().filter(|_| event.action == Action::Replace).and_then(|user| world.truth(&user.id));
        let is_gone = gone.is_some_and(|truth| truth.deleted == Some(Author::Run(number)));
        if event.outcome == RowOutcome::Failed {
            if is_gone && !event.lost {
                return said("deleted, failed, and not said to be lost");
            }
            let Some(error) = &event.error else { return said("failed for no reason") };
            if let RowError::HalfReplaced(error) = error
                && matches!(**error, RowError::CutShort(_))
            {
                return said("deleted, and left so since the run was told to stop");
            }
            continue;
        }
        let (Some(id), Some(answered)) = (event.id.as_deref(), answered) else {
            return said("a success without an answer");
        };
        let Some(truth) = world.truth(id) else { return said("a success with nobody's id") };
        let row = &step.row.ok_or("a success of no row")?.user;
        if truth.phone != row.phone_number.as_str() || answered["id"] != id {
            return said("a success with somebody else's id");
        }
        let wanted = [row.first_name.clone(), row.last_name.clone(), row.email.as_ref().map(ToString::to_string)];
        let has = ["firstName", "lastName", "email"].map(|name| answered[name].as_str());
        let differing: Vec<usize> =
            (0..3).filter(|at| wanted[*at].is_some() && wanted[*at].as_deref() != has[*at]).collect();
        let names = ["firstName", "lastName", "email"];
        let kept: Vec<usize> =
            event.kept.iter().filter_map(|kept| names.iter().position(|name| *name == kept.field)).collect();
        let kept: Vec<usize> = kept.into_iter().filter(|at| wanted[*at].is_some()).collect();
        if (event.outcome == RowOutcome::Drift) == event.kept.is_empty() || kept != differing {
            return said("what differs is not what is said");
        }
        match (event.outcome, truth.created) {
            (RowOutcome::Existing, (Author::Run(run), _)) if run == number => {
                return said("made, and said to be there");
            }
            (RowOutcome::Created, (Author::Before, _)) => return said("there before, and said to be made"),
            (RowOutcome::Created, (Author::Other, at))
                if history.ahead.is_none() && sent.is_some_and(|sent| at + 1000 < sent) =>
            {
                return said("made by somebody else, and said to be made");
            }
            (RowOutcome::Created, _) if !history.alone => return said("cannot be known to be made by this run"),
            (RowOutcome::Created | RowOutcome::Existing | RowOutcome::Registered, _)
                if !matches!(event.action, Action::Create | Action::Replace) =>
            {
                return said("made, without that being planned");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a step may end like this though nothing is wrong: the service keeps its own values, an e-mail is somebody
/// else's, the project is full.
fn is_lawful(event: &RowEvent, run: &Report) -> bool {
    let is_full = run.summary.as_ref().is_some_and(|summary| summary.halt == Some(Halt::Capacity));
    event.outcome == RowOutcome::Drift
        || matches!(event.error, Some(RowError::Identity { .. }))
        || (event.outcome.is_failure() && is_full)
}

/// What a run did though the one before had ended.
fn left_to_do<'a>(last: &Report, again: &'a Report) -> Option<&'a RowEvent> {
    let is_full = last.summary.as_ref().is_some_and(|summary| summary.halt == Some(Halt::Capacity));
    let mut done = again.events.iter().filter(|event| event.action != Action::None && again.changes && !is_full);
    done.find(|event| !is_lawful(event, again))
}

/// What has to be true when all trouble is over and the roster was applied twice.
fn end(history: &History, world: &World, last: &Report, again: &Report) -> Result<(), String> {
    let truths = world.truths();
    let summary = last.summary.as_ref().ok_or("the last run was killed")?;
    if summary.halt.is_some_and(|halt| halt != Halt::Capacity && !history.fail_fast) {
        return Err(format!("the last run ended early, though nothing was wrong: {:?}", summary.halt));
    }
    if history.fail_fast && summary.halt.is_some() {
        return Ok(());
    }
    if let Some(event) = last.events.iter().find(|event| event.outcome.is_failure() && !is_lawful(event, last)) {
        return Err(format!("the last run failed, though nothing was wrong: {event:?}"));
    }
    if let Some(event) = left_to_do(last, again) {
        return Err(format!("there is something left to do: {event:?}"));
    }
    for row in &history.rows {
        let (phone, line) = (world::phone(row.phone), row.line.map(world::line));
        let found: Vec<_> =
            truths.values().filter(|truth| truth.deleted.is_none() && truth.is(&phone, line.as_deref())).collect();
        if found.len() > 1 {
            return Err(format!("{phone} is there {} times", found.len()));
        }
        let failed = last.events.iter().any(|event| event.outcome.is_failure());
        let Some(user) = found.first() else {
            if failed {
                continue;
            }
            return Err(format!("{phone} is lost"));
        };
        // What a row leaves open stays as it was.
        let Some(before) = history.users.iter().find(|user| user.phone == row.phone && user.line == row.line) else {
            continue;
        };
        if world.is_touched(&phone)
            || !truths.values().any(|truth| truth.created.0 == Author::Before && truth.is(&phone, line.as_deref()))
        {
            continue;
        }
        let was = [before.first.map(world::first), before.last.map(world::last), before.email.map(world::email)];
        let open = [row.first.is_none(), row.last.is_none(), row.email.is_none()];
        for at in 0..3 {
            if open[at] && was[at].is_some() && user.fields[at] != was[at] {
                return Err(format!(
                    "{phone} had {:?}, which the roster leaves open, and has {:?}",
                    was[at], user.fields[at]
                ));
            }
        }
    }
    for truth in truths.values() {
        if truth.owner && truth.deleted.is_some() {
            return Err(format!("the owner is lost: {truth:?}"));
        }
        let is_named =
            history.rows.iter().any(|row| truth.is(&world::phone(row.phone), row.line.map(world::line).as_deref()));
        if !history.prune && !history.replace && matches!(truth.deleted, Some(Author::Run(_))) {
            return Err(format!("deleted, though nobody is to be: {truth:?}"));
        }
        let again = |truth: &world::Truth| {
            truths.values().any(|other| other.deleted.is_none() && other.is(&truth.phone, truth.line.as_deref()))
        };
        let failed = last.events.iter().any(|event| event.outcome.is_failure());
        if is_named
            && matches!(truth.deleted, Some(Author::Run(_)))
            && !again(truth)
            && !failed
            && !world.is_touched(&truth.phone)
        {
            return Err(format!("deleted and not made again: {truth:?}"));
        }
    }
    Ok(())
}
