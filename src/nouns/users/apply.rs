//! `users apply`: a roster becomes the project's users.

mod failed;
mod progress;
mod report;
mod show;

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use failed::FailedOut;
use report::Report;

use crate::failure::{Code, Exit, Failure};
use crate::interrupt;
use crate::output::format::Format as OutputFormat;
use crate::roster::plan::{Plan, plan};
use crate::roster::read::Options;
use crate::roster::{self, Format, Halt, Outcome, Problems, Project, ProjectError, Roster, Row, Run, Summary};
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users apply roster.csv --dry-run
  spectrum users apply roster.csv --failed-out failed.csv
  spectrum users apply roster.csv --prune --yes

Run it again to finish what was cut short. Exit codes: 2 the file is wrong or
nobody confirmed (nothing was changed), 9 some rows failed, 10 --exit-code
found changes, 130 Ctrl-C; see `spectrum help roster`.";

/// The largest roster that is read, in bytes: some two million rows.
const LARGEST_ROSTER: u64 = 256 * 1024 * 1024;
/// Problems that a person is shown; the first hundred will keep anybody busy.
const PRINTED_PROBLEMS: usize = 100;

/// Which roster, and how far to go.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The roster; - reads standard input
    pub file: PathBuf,
    /// csv, ndjson, json or toml; by default told from the file
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, value_parser = format_parser())]
    pub format: Option<Format>,
    /// Show the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit 10 when something would change
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Delete users that the roster does not name
    #[arg(long)]
    pub prune: bool,
    /// Refuse a plan that deletes more users than this
    #[arg(long, value_name = "N", default_value_t = 10, requires = "prune")]
    pub max_delete: usize,
    /// Delete and create again where the service keeps other values
    #[arg(long)]
    pub replace: bool,
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

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::as_str)).try_map(|word| word.parse::<Format>())
}

/// Applies a roster.
///
/// # Errors
/// Invalid input with every problem of the file; confirmation required; partial, when rows failed; or what reading the
/// project met.
pub fn apply(args: &ApplyArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&report::EVENT)?;
    let roster = read(args, session)?;
    refuse_early(args, &roster, session)?;
    let failed_out = match &args.failed_out {
        Some(path) if !args.dry_run => Some(FailedOut::open(path, &args.file, roster.format)?),
        _ => None,
    };
    let client = session.client()?;
    let project = Project::read(client, roster.rows.iter().any(Row::is_of_unknown_type)).map_err(unread)?;
    let plan = plan(&roster, &project, args.prune, args.replace);
    let too_many = too_many_deletes(args, &plan);
    if args.dry_run {
        if let Some(failure) = too_many {
            session.out.warn(format!("without --dry-run this is refused: {}", failure.message));
        }
        Report::new(&plan, session).dry_run(client.rate())?;
        let changes = args.exit_code && plan.counts().changes();
        return Ok(if changes { Exit::Told(Code::Changes) } else { Exit::Done });
    }
    if let Some(failure) = too_many {
        return Err(failure);
    }
    let mut report = Report::new(&plan, session);
    report.begin(client.rate())?;
    confirm(args, &plan, session)?;
    let (pace, out) = (client.pace().clone(), session.out.clone());
    interrupt::on_first(move || {
        pace.cancel();
        if out.format() == OutputFormat::Table {
            out.note_below("interrupted: finishing the requests in flight (Ctrl-C again ends at once)");
        }
    });
    // An output that is full stops nothing: what was begun is finished, and then it is said.
    let mut told = Ok(());
    let summary = Run::carry_out(client, &plan, args.fail_fast, |event| {
        let heard = report.event(event);
        if told.is_ok() {
            told = heard;
        }
    });
    let verdict = verdict(&summary, args);
    // A closed pipe must hide neither the rows that failed nor that they did.
    let kept = failed_out.map_or(Ok(()), |file| file.write(&plan, report.failed()));
    let told = told.and(report.finish(&summary, verdict.as_ref().map_or(0, |failure| failure.code.status())));
    if let Some(failure) = verdict {
        return Err(match kept {
            Ok(()) => failure,
            Err(error) => failure.context(format!("--failed-out could not be written: {error}")),
        });
    }
    kept.map_err(|error| Failure::new(Code::Internal, "--failed-out could not be written").because(error))?;
    told?;
    Ok(Exit::Done)
}

/// Reads the file, and tells of all its problems at once.
fn read(args: &ApplyArgs, session: &Session) -> Result<Roster, Failure> {
    let shown_at_most = if session.out.format().is_machine() { usize::MAX } else { PRINTED_PROBLEMS };
    let from_stdin = args.file == Path::new("-");
    let shown = if from_stdin { "standard input".to_owned() } else { args.file.display().to_string() };
    let unreadable =
        |error: std::io::Error| Failure::new(Code::InvalidInput, format!("cannot read the roster {shown}: {error}"));
    let source: Box<dyn Read> = match from_stdin {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(std::fs::File::open(&args.file).map_err(unreadable)?),
    };
    let mut bytes = Vec::new();
    source.take(LARGEST_ROSTER + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_ROSTER {
        let reason = format!("the roster {shown} is larger than {} MB", LARGEST_ROSTER / (1024 * 1024));
        return Err(Failure::new(Code::InvalidInput, reason).hint("split it and apply the parts, without --prune"));
    }
    let name = (!from_stdin).then_some(args.file.as_path());
    let options = Options { format: args.format, name };
    let roster = roster::read::read(&bytes, options).map_err(|Problems(problems)| {
        let count = problems.len();
        let what = if count == 1 { "a problem".to_owned() } else { format!("{count} problems") };
        let mut context: Vec<String> =
            problems.iter().take(shown_at_most).map(|problem| problem.in_file(&shown)).collect();
        if count > shown_at_most {
            context.push(format!("and {} more; `-o json` has them all", count - shown_at_most));
        }
        let failure = Failure::new(Code::InvalidInput, format!("the roster {shown} has {what}; nothing was sent"));
        Failure { context, ..failure }.hint("run `spectrum help roster` to see what a roster looks like")
    })?;
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
    let (deletes, allowed) = (plan.counts().delete, args.max_delete);
    (deletes > allowed).then(|| {
        let message =
            format!("the plan deletes {deletes} users, and --max-delete allows {allowed}; nothing was changed");
        Failure::new(Code::ConfirmationRequired, message)
            .hint(format!("look at the plan with `--dry-run`; if it is right, add `--max-delete {deletes}`"))
    })
}

fn confirm(args: &ApplyArgs, plan: &Plan<'_>, session: &Session) -> Result<(), Failure> {
    let (deletes, replacements) = (plan.counts().delete, plan.replacements());
    if args.yes || deletes + replacements == 0 {
        return Ok(());
    }
    let mut parts = Vec::new();
    if deletes > 0 {
        parts.push(format!("delete {deletes} users"));
    }
    if replacements > 0 {
        parts.push(format!("delete and create again {replacements} users"));
    }
    session.prompt.confirm(&format!("Apply this plan ({})?", parts.join(", ")), "--yes")
}

fn unread(error: ProjectError) -> Failure {
    let message = error.to_string();
    match error {
        ProjectError::Api(error) => error.into(),
        ProjectError::Changing => {
            Failure::new(Code::Conflict, message).hint("run the command again when nobody else is changing the project")
        }
        ProjectError::TooLarge => Failure::new(Code::Conflict, message),
        ProjectError::Record(_) => Failure::new(Code::BadResponse, message),
    }
}

/// What a run that is over deserves to be called, when it is not success.
fn verdict(summary: &Summary, args: &ApplyArgs) -> Option<Failure> {
    let failures = summary.failures();
    if failures == 0 && summary.halt != Some(Halt::Interrupted) {
        return None;
    }
    let (failed, skipped) = (summary.count(Outcome::Failed), summary.count(Outcome::Skipped));
    let rows = |count: usize| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    let mut said = Vec::new();
    if failed > 0 {
        said.push(format!("{} failed", rows(failed)));
    }
    if skipped > 0 {
        said.push(format!("{} not tried", if failed > 0 { skipped.to_string() } else { rows(skipped) }));
    }
    let written = [Outcome::Created, Outcome::Existing, Outcome::Updated, Outcome::Drift, Outcome::Deleted];
    let nothing_written = written.iter().all(|outcome| summary.count(*outcome) == 0);
    let code = match summary.halt {
        Some(Halt::Interrupted) => Code::Interrupted,
        Some(Halt::Refused(kind)) if nothing_written => kind,
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
        (Some(path), _) if failures > 0 => {
            let flags = if args.replace { " --replace --yes" } else { "" };
            format!("apply what is left with `spectrum users apply {}{flags}`", path.display())
        }
        _ => "run the same command again: what is done is not done twice".to_owned(),
    };
    Some(Failure::new(code, message).hint(again))
}
