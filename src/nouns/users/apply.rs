//! `users apply`: a roster becomes the project's users.

mod failed;
pub mod journal;
mod lock;
mod markdown;
mod mend;
mod report;
mod show;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use clap::ValueEnum;
use failed::FailedOut;
use journal::ReplaceJournal;
use lock::Lock;
pub use report::EVENT;
use report::Report;

use super::max_delete::MaxDelete;
use super::template::format_parser;
use crate::config::settings::Setting;
use crate::failure::{Code, Exit, Failure};
use crate::model::words::count;
use crate::output::format::OutputFormat;
use crate::roster::plan::{Plan, Policy, plan};
use crate::roster::read::{Mapped, ReadOptions, Terms};
use crate::roster::{
    self, ApplyRun, Halt, Manner, Problems, Roster, RosterFormat, Row, RowOutcome, Snapshot, SnapshotError, Summary,
};
use crate::session::Session;
use crate::verbs::in_flight;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users apply roster.csv --dry-run
  spectrum users apply roster.csv \\
      --failed-out failed.csv
  spectrum users apply roster.csv --prune --yes

The project's owner is never deleted. --failed-out replaces no file but an
earlier one of its own, and touches none when no row fails; a pipe or a device
is written to. --fields chooses columns of csv; the other formats have all.

Run it again to finish what was cut short. Exit codes: 2 the file is wrong or
nobody confirmed (nothing was changed), 6 numbers that cannot be read stand in
the way of --prune or --replace, 8 the service wants a longer pause, 9 some
rows failed, 10 --exit-code found changes, 130 Ctrl-C; see `spectrum help
roster`.";

/// The largest roster that is read, in bytes: some two million rows.
const LARGEST_ROSTER: u64 = 256 * 1024 * 1024;
/// Problems that a person is shown; the first hundred will keep anybody busy.
const PRINTED_PROBLEMS: usize = 100;

/// How a plan is written for people: a line for each change, or a table that GitHub shows in comments and in the summary
/// of a job.
#[expect(missing_docs, reason = "what is said of a value would stand in the help")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    Text,
    Markdown,
}

/// Make the project's users those of a file
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The roster; - reads standard input
    pub file: PathBuf,
    /// csv, ndjson, json or toml; by default told from the file
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, value_parser = format_parser())]
    pub format: Option<RosterFormat>,
    /// What a field's column is called in the file; may be repeated
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = str::parse::<Mapped>)]
    pub map: Vec<Mapped>,
    /// Leave out columns that a roster does not know
    #[arg(long)]
    pub ignore_columns: bool,
    /// Leave out rows without a phone number
    #[arg(long)]
    pub skip_without_phone: bool,
    /// Show the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How the plan is written: text, or markdown for a comment or a summary
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_default_value = true)]
    pub plan_format: PlanFormat,
    /// With --dry-run: exit 10 when something would change
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Leave users that are there as they are
    #[arg(long, conflicts_with_all = ["prune", "replace"])]
    pub create_only: bool,
    /// Delete users that the roster does not name
    #[arg(long)]
    pub prune: bool,
    /// Refuse a plan that deletes more users, or a larger share of the project
    #[arg(long, value_name = "N|P%", default_value_t = MaxDelete::Users(10), requires = "prune")]
    pub max_delete: MaxDelete,
    /// Delete and create again where the service keeps other values
    #[arg(long)]
    pub replace: bool,
    /// With --replace: also users who have opted in, and may have to do so again
    #[arg(long, requires = "replace")]
    pub replace_opted_in: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Write rows that failed here, as a roster to apply again
    #[arg(long, value_name = "FILE")]
    pub failed_out: Option<PathBuf>,
    /// Stop at the first row that fails
    #[arg(long)]
    pub fail_fast: bool,
}

/// Applies a roster.
///
/// # Errors
/// Invalid input with every problem of the file; confirmation required; partial, when rows failed; or what reading the
/// project met.
pub fn apply(args: &ApplyArgs, session: &Session) -> Result<Exit, Failure> {
    check_output(args, session)?;
    let mut roster = read(args, session)?;
    refuse_early(args, &roster, session)?;
    let failed_out = match &args.failed_out {
        Some(path) if !args.dry_run => Some(FailedOut::open(path, &args.file, &roster)?),
        _ => None,
    };
    let client = session.client()?;
    let state = session.environment.data_dir.as_ref().map(|data| data.join("spectrum"));
    let key = key(session)?;
    // Held to the end of the run.
    let lock = (!args.dry_run).then(|| Lock::wait(state.as_deref(), &key, session)).flatten();
    let snapshot = Snapshot::read(client, roster.rows.iter().any(Row::is_of_unknown_type)).map_err(unread)?;
    let mut journal = state.as_ref().map(|state| ReplaceJournal::open(state, &key, &snapshot)).transpose()?;
    let completed = journal.as_mut().map_or(0, |journal| journal.complete(&mut roster));
    let plan = plan(&roster, &snapshot, args.policy());
    if completed > 0 {
        let people = count(completed, "user");
        session.out.note(format!(
            "an earlier run was cut short while it replaced users: {people} will be made again with the values of before"
        ));
    }
    let refusal = too_many_deletes(args, &plan).or_else(|| unreadable(&plan));
    if args.dry_run {
        if let Some(failure) = refusal {
            session.out.warn(format!("without --dry-run this is refused: {}", failure.message));
        }
        let exit = if args.exit_code && plan.counts().changes() { Exit::Told(Code::Changes) } else { Exit::Done };
        Report::new(&plan, args, session).dry_run(client.rate(), exit.status())?;
        return Ok(exit);
    }
    if let Some(failure) = refusal {
        return Err(failure);
    }
    let mut report = Report::new(&plan, args, session);
    report.begin(client.rate())?;
    confirm(args, &plan, session)?;
    match &mut journal {
        Some(journal) => journal.begin(&plan)?,
        None if plan.replacements().next().is_some() => {
            return Err(Failure::new(Code::Config, "no place to keep the users that are to be replaced")
                .hint("set HOME to a folder that can be written to"));
        }
        None => {}
    }
    in_flight::finish(session, "requests")?;
    // An output that is full stops nothing: what was begun is finished, and then it is said.
    let mut told = Ok(());
    let manner = Manner { fail_fast: args.fail_fast, alone: lock.is_some() };
    let summary = ApplyRun::carry_out(client, &plan, manner, |event| {
        let heard = report.event(event);
        if told.is_ok() {
            told = heard;
        }
    });
    let left = journal.and_then(|journal| journal.end(&plan, report.lost(), report.failed()));
    // A closed pipe must hide neither the rows that failed nor that they did.
    let written = failed_out.map_or(Ok(false), |file| file.write(&plan, report.failed()));
    let verdict = verdict(&summary, args, matches!(written, Ok(true)));
    let told = told.and(report.finish(&summary, verdict.as_ref().map_or(0, |failure| failure.code.status())));
    if let Some((number, path)) = left {
        let (people, path) = (count(number, "user"), path.display());
        session.out.warn(format!(
            "{people} may be deleted and not made again; their values are in {path}, where the next run of this project \
             finds them (apply that file if the roster does not name them, remove it if they are not wanted)"
        ));
    }
    let Some(failure) = verdict else { return told.map(|()| Exit::Done) };
    Err(match written {
        Ok(_) => failure,
        Err(failed::Unwritten { error, text }) => {
            session.out.log(text.trim_end());
            failure.context(format!("--failed-out could not be written, so its rows are on standard error: {error}"))
        }
    })
}

impl ApplyArgs {
    /// How the file is to be understood: the words of the command line over those of the profile.
    fn terms(&self, session: &Session) -> Result<Terms, Failure> {
        let of_profile = |setting: &Setting<BTreeMap<String, String>>| {
            let pairs = setting.value.iter().map(|(field, column)| Mapped::new(field, column, false));
            let wrong = |reason| Failure::new(Code::Config, format!("{}, map: {reason}", setting.origin));
            pairs.collect::<Result<Vec<_>, _>>().and_then(|map| Terms::join(Vec::new(), map)).map_err(wrong)
        };
        let settings = session.settings.columns.as_ref().map(of_profile).transpose()?.unwrap_or_default();
        let map = Terms::join(self.map.clone(), settings).map_err(|reason| {
            Failure::new(Code::Usage, format!("--map: {reason}")).hint("give each field one column")
        })?;
        Ok(Terms {
            region: session.settings.region,
            map,
            ignores_columns: self.ignore_columns,
            skips_without_phone: self.skip_without_phone,
        })
    }

    /// The roster's name, as people read it.
    fn shown_file(&self) -> String {
        if self.file == Path::new("-") { "standard input".to_owned() } else { self.file.display().to_string() }
    }

    fn policy(&self) -> Policy {
        let Self { prune, replace, replace_opted_in, create_only, .. } = *self;
        Policy { prune, replace, replace_opted_in, create_only }
    }
}

/// What tells one project's files from another's: where it is, and its id.
fn key(session: &Session) -> Result<String, Failure> {
    let url = &session.base_url()?.value;
    let host = url.host_str().unwrap_or("sandbox");
    let port = url.port().map(|port| format!("-{port}")).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    Ok(format!("{host}{port}-{}", session.client()?.project()).chars().map(plain).collect())
}

/// A report is one thing, and not a list of records whose keys could be chosen, except as csv.
fn check_output(args: &ApplyArgs, session: &Session) -> Result<(), Failure> {
    session.out.check_fields(&EVENT)?;
    let format = session.out.format();
    if args.plan_format == PlanFormat::Markdown && format != OutputFormat::Table {
        let what = format!("--plan-format markdown: with `-o {format}` there is no plan for people");
        return Err(Failure::new(Code::Usage, what).hint("leave one of them out"));
    }
    if session.settings.fields.is_some() && session.out.format() != OutputFormat::Csv {
        return Err(Failure::new(
            Code::Usage,
            "--fields chooses columns of csv here, and nothing of the other formats",
        )
        .hint("leave it out, or add `-o csv`"));
    }
    Ok(())
}

/// Reads the file, and tells of all its problems at once.
fn read(args: &ApplyArgs, session: &Session) -> Result<Roster, Failure> {
    let shown_at_most = if session.out.format().is_machine() { usize::MAX } else { PRINTED_PROBLEMS };
    let from_stdin = args.file == Path::new("-");
    let shown = args.shown_file();
    let unreadable =
        |error: io::Error| Failure::new(Code::InvalidInput, format!("cannot read the roster {shown}: {error}"));
    let source: Box<dyn Read> = match from_stdin {
        true => Box::new(io::stdin().lock()),
        false => Box::new(std::fs::File::open(&args.file).map_err(unreadable)?),
    };
    let mut bytes = Vec::new();
    source.take(LARGEST_ROSTER + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_ROSTER {
        let reason = format!("the roster {shown} is larger than {} MB", LARGEST_ROSTER / (1024 * 1024));
        return Err(Failure::new(Code::InvalidInput, reason).hint("split it and apply the parts, without `--prune`"));
    }
    let name = (!from_stdin).then_some(args.file.as_path());
    let options = ReadOptions { format: args.format, name };
    let terms = args.terms(session)?;
    let roster = roster::read::read_as(&bytes, options, &terms).map_err(|Problems(problems)| {
        let number = problems.len();
        for problem in problems.iter().take(shown_at_most) {
            session.annotate((!from_stdin).then_some(&*shown), problem.line, &problem.to_string());
        }
        let what = count(number, "problem");
        let mut context: Vec<String> =
            problems.iter().take(shown_at_most).map(|problem| problem.in_file(&shown)).collect();
        if number > shown_at_most {
            context.push(format!("and {} more; `-o json` has them all", number - shown_at_most));
        }
        let failure = Failure::new(Code::InvalidInput, format!("the roster {shown} has {what}; nothing was sent"));
        Failure { context, ..failure }.hint(mend::hint(&problems))
    })?;
    for sentence in &roster.left_out {
        session.out.note(format!("{shown}: {sentence}"));
    }
    for warning in &roster.warnings {
        session.out.warn(warning.in_file(&shown));
    }
    Ok(roster)
}

/// Refuses what no project could make right, before anything is sent.
fn refuse_early(args: &ApplyArgs, roster: &Roster, session: &Session) -> Result<(), Failure> {
    if args.prune && roster.rows.is_empty() {
        return Err(Failure::new(Code::InvalidInput, "the roster is empty, and --prune would delete every user")
            .hint("an empty roster never deletes; to empty a project use `spectrum users delete`"));
    }
    if (args.prune || args.replace) && !args.yes && !args.dry_run && !session.prompt.can_ask {
        let flag = if args.prune { "--prune" } else { "--replace" };
        return Err(Failure::new(Code::ConfirmationRequired, format!("{flag} deletes users, and nobody confirmed it"))
            .hint("see the plan with `--dry-run`, then add `--yes`"));
    }
    Ok(())
}

fn too_many_deletes(args: &ApplyArgs, plan: &Plan<'_>) -> Option<Failure> {
    let (deletes, allowed) = (plan.counts().delete, args.max_delete.of(plan.users));
    (deletes > allowed).then(|| {
        let share = match args.max_delete {
            MaxDelete::Users(_) => String::new(),
            MaxDelete::Percent(_) => format!(" ({} of {})", args.max_delete, count(plan.users, "user")),
        };
        let people = count(deletes, "user");
        let message =
            format!("the plan deletes {people}, and --max-delete allows {allowed}{share}; nothing was changed");
        Failure::new(Code::ConfirmationRequired, message)
            .hint(format!("look at the plan with `--dry-run`; if it is right, add `--max-delete {deletes}`"))
    })
}

/// Nobody is deleted while it cannot be seen who is whom.
fn unreadable(plan: &Plan<'_>) -> Option<Failure> {
    /// Users that are named one by one.
    const NAMED: usize = 20;
    if !plan.policy.prune && !plan.policy.replace {
        return None;
    }
    let users: Vec<_> = plan.unreadable.iter().filter(|user| !user.is_owner).collect();
    if users.is_empty() {
        return None;
    }
    let flag = if plan.policy.prune { "--prune" } else { "--replace" };
    let what = count(users.len(), "user");
    let message =
        format!("the service does not show the whole number of {what}, so {flag} could delete the wrong ones");
    let mut failure = Failure::new(Code::Conflict, message);
    failure.context = users.iter().take(NAMED).map(|user| format!("{} is {}", user.id, user.phone)).collect();
    if users.len() > NAMED {
        failure.context.push(format!("and {} more", users.len() - NAMED));
    }
    Some(failure.hint(format!("apply the roster without {flag}; delete by id with `spectrum users delete ID`")))
}

fn confirm(args: &ApplyArgs, plan: &Plan<'_>, session: &Session) -> Result<(), Failure> {
    let (deletes, replacements) = (plan.counts().delete, plan.replacements().count());
    if args.yes || deletes + replacements == 0 {
        return Ok(());
    }
    let mut parts = Vec::new();
    if deletes > 0 {
        parts.push(format!("delete {}", count(deletes, "user")));
    }
    if replacements > 0 {
        parts.push(format!("delete and create again {}", count(replacements, "user")));
    }
    session.prompt.confirm(&format!("Apply this plan ({})?", parts.join(", ")), "--yes")
}

fn unread(error: SnapshotError) -> Failure {
    let message = error.to_string();
    match error {
        SnapshotError::Api(error) => error.into(),
        SnapshotError::Changing => {
            Failure::new(Code::Conflict, message).hint("run the command again when nobody else is changing the project")
        }
        SnapshotError::TooLarge => Failure::new(Code::Conflict, message),
        SnapshotError::Record(_) => Failure::new(Code::BadResponse, message),
    }
}

/// What a run that is over deserves to be called, when it is not success. `written` tells whether the rows that failed
/// are in a file.
fn verdict(summary: &Summary, args: &ApplyArgs, written: bool) -> Option<Failure> {
    let failures = summary.failures();
    if failures == 0 && summary.halt != Some(Halt::Interrupted) {
        return None;
    }
    let (failed, skipped) = (summary.count(RowOutcome::Failed), summary.count(RowOutcome::Skipped));
    let mut said = Vec::new();
    if failed > 0 {
        said.push(format!("{} failed", count(failed, "row")));
    }
    if skipped > 0 {
        said.push(format!("{} not tried", if failed > 0 { skipped.to_string() } else { count(skipped, "row") }));
    }
    let nothing_written =
        RowOutcome::ALL.into_iter().all(|outcome| !outcome.is_written() || summary.count(outcome) == 0);
    let code = match summary.halt {
        Some(Halt::Interrupted) => Code::Interrupted,
        Some(Halt::Refused(code)) if nothing_written => code,
        Some(Halt::RateLimited(_)) if nothing_written => Code::RateLimited,
        _ => Code::Partial,
    };
    let why = summary.halt.map(|halt| format!("{halt}")).into_iter();
    let message = why.chain((!said.is_empty()).then(|| said.join(", "))).collect::<Vec<_>>().join(": ");
    let again = match (&args.failed_out, summary.halt) {
        (_, Some(Halt::Refused(_))) => "run `spectrum profiles check`, then the same command again".to_owned(),
        (_, Some(Halt::Capacity)) => {
            "make room (`--prune`, `spectrum users delete`) or ask for a larger plan, then run the same command again"
                .to_owned()
        }
        (_, Some(Halt::RateLimited(wait))) => {
            let then = wait.map(|wait| format!("wait {}, then ", crate::model::time::show(wait))).unwrap_or_default();
            format!("{then}run the same command again: what is done is not done twice")
        }
        (Some(path), _) if written => {
            let flags = if args.replace { " --replace --yes" } else { "" };
            format!("apply what is left with `spectrum users apply {}{flags}`", path.display())
        }
        _ => "run the same command again: what is done is not done twice".to_owned(),
    };
    let failure = Failure::new(code, message).hint(again);
    let retryable = failure.retryable || matches!(summary.halt, Some(Halt::RateLimited(_) | Halt::Unreachable));
    // Where the credentials came from, or which way the requests took; the server's own words.
    let refusal = summary.refusal.as_deref().cloned().map(Failure::from);
    let Some(Failure { message, context, status, api_code, .. }) = refusal else {
        return Some(Failure { retryable, ..failure });
    };
    let context = [vec![message], context].concat();
    Some(Failure { retryable, context, status, api_code, ..failure })
}
