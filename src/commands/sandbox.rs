//! The sandbox as a product: a server for other clients, one around a command, and the care of its store.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::exec;
use super::request_log::{LogFormat, RequestLog};
use super::sandbox_store::{store, unusable};
use super::{
    sandbox_deliveries as deliveries, sandbox_faults as faults, sandbox_requests as requests, sandbox_reset as reset,
    sandbox_seed as seed, sandbox_text as text, sandbox_wait as wait,
};
use crate::config::settings::{Origin, Setting};
use crate::config::{profiles_file, source};
use crate::failure::{Code, Exit, Failure};
use crate::interrupt;
use crate::model::words::count;
use crate::output::format::OutputFormat;
use crate::output::{Column, streams};
use crate::sandbox::delivery;
use crate::sandbox::fault::{Faults, Latency, Rule};
use crate::sandbox::options::{self, Location, SandboxOptions, SandboxProject};
use crate::sandbox::revision::Revision;
use crate::sandbox::seed::Seed;
use crate::sandbox::{self, Observe, Running, StartError, Status, projects_file};
use crate::session::{Session, unstarted};

/// What can be done with the sandbox.
#[derive(Debug, Subcommand)]
pub enum SandboxVerb {
    #[command(after_help = SERVE_HELP)]
    Serve(Box<ServeArgs>),
    #[command(after_help = EXEC_HELP)]
    Exec(Box<ExecArgs>),
    #[command(after_help = wait::AFTER_HELP)]
    Wait(wait::SandboxWaitArgs),
    #[command(after_help = text::AFTER_HELP)]
    Text(text::TextArgs),
    #[command(after_help = requests::AFTER_HELP)]
    Requests(requests::RequestsArgs),
    #[command(after_help = faults::AFTER_HELP)]
    Faults(faults::FaultsArgs),
    #[command(after_help = deliveries::AFTER_HELP)]
    Deliveries(deliveries::DeliveriesArgs),
    #[command(after_help = reset::AFTER_HELP)]
    Reset(reset::ResetArgs),
    #[command(after_help = "Examples:\n  spectrum sandbox status\n  spectrum sandbox status -o json")]
    Status(StatusArgs),
}

/// Examples and what the shared flag means here.
const SERVE_HELP: &str = "\
Examples:
  spectrum sandbox serve
  spectrum sandbox serve --listen 127.0.0.1:0 \\
      --memory --fault 503:0.1
  spectrum sandbox serve --latency 50ms..400ms \\
      --rate-limit 0

Once it listens it prints SPECTRUM_CLOUD_URL, SPECTRUM_PROJECT_ID and
SPECTRUM_PROJECT_SECRET on stdout, a line each; its log goes to stderr.
In a browser the same address is a page: users, requests, webhooks, faults.
`spectrum help control-plane` tells what a test can see and change below
/_sandbox/, and what a seed looks like.
--rate-limit N is here what a project may send in a second: 5, 0 for no limit.";

/// Examples and what the command gets.
const EXEC_HELP: &str = "\
Examples:
  spectrum sandbox exec -- \\
      spectrum users apply roster.csv
  spectrum sandbox exec --fault 503:0.2 \\
      --fault-seed 7 -- spectrum users list

The command finds SPECTRUM_CLOUD_URL, SPECTRUM_PROJECT_ID and
SPECTRUM_PROJECT_SECRET in its environment, and no other credentials there;
SPECTRUM_PROFILE is sandbox. Its exit code is handed on: 128+N when signal N
ended it, 127 when it was not found, 126 when it cannot be run.
--rate-limit N is here what a project may send in a second: 0, no limit.";

/// Requests per second and project where nobody says otherwise.
const NO_LIMIT: u32 = 0;

/// The rules of a sandbox.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sandbox options")]
pub struct RuleArgs {
    /// Shared users that the project may have [default: 100]
    #[arg(long, value_name = "N", conflicts_with = "projects")]
    pub max_shared_users: Option<u32>,
    /// A line that the project owns; may be repeated [default: two lines]
    #[arg(long = "line", value_name = "+1…", conflicts_with = "projects")]
    pub lines: Vec<String>,
    /// Numbers in the shared pool [default: 100]
    #[arg(long, value_name = "N", value_parser = options::parse_pool)]
    pub pool: Option<usize>,
    /// Revision of the API: 2026-05, 2026-06 or 2026-09
    #[arg(long, value_name = "REVISION", default_value_t)]
    pub revision: Revision,
    /// Hold every answer back, such as 200ms or 50ms..400ms
    #[arg(long, value_name = "TIME")]
    pub latency: Option<Latency>,
    /// Let a share of the requests fail: STATUS:RATE, drop:RATE, hang:RATE or
    /// garbage:RATE; or of what webhooks are sent: delivery-lost:RATE,
    /// delivery-drop:RATE, delivery-twice:RATE, delivery-late:TIME; may be repeated
    #[arg(long = "fault", value_name = "KIND:RATE")]
    pub faults: Vec<Rule>,
    /// The same faults again [default: different ones each time]
    #[arg(long, value_name = "N")]
    pub fault_seed: Option<u64>,
    /// Make the waits between deliveries to a webhook, and the 30 s that one may
    /// take, so many times shorter
    #[arg(long, value_name = "N", value_parser = delivery::parse_speed)]
    pub delivery_speed: Option<f64>,
    /// Deliver to webhooks on other machines too
    #[arg(long)]
    pub deliver_anywhere: bool,
    /// Begin with what stands in a file, when the store is empty: a roster for the
    /// first project, or TOML of [[projects]]; see `spectrum help control-plane`
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Give the same ids and secrets for the same N, for snapshots
    #[arg(long, value_name = "N")]
    pub ids: Option<u64>,
    /// Requests that the journal keeps [default: 1000]
    #[arg(long, value_name = "N", value_parser = options::parse_journal)]
    pub journal: Option<usize>,
    /// Several projects, from a TOML file of [[projects]]
    #[arg(long, value_name = "FILE")]
    pub projects: Option<PathBuf>,
}

/// Run the sandbox as a server for any client
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_listen, default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,
    /// Let other machines in; everybody knows the sandbox's credentials
    #[arg(long)]
    pub allow_remote: bool,
    /// File that keeps the users [default: the one that -P sandbox uses]
    #[arg(long, value_name = "FILE", conflicts_with = "memory")]
    pub store: Option<PathBuf>,
    /// Keep nothing
    #[arg(long)]
    pub memory: bool,
    /// How the log is written: text or ndjson
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub log_format: LogFormat,
    /// The rules.
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// Run a command beside a fresh sandbox that lives in memory
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// Log the requests to stderr: text or ndjson [default: no log]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub log_format: Option<LogFormat>,
    /// The rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<std::ffi::OsString>,
}

/// Which store.
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// The store [default: the one that -P sandbox uses]
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
}

/// Show the store and whether a server runs on it
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Which store.
    #[command(flatten)]
    pub store: StoreArgs,
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let address = local.map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    address
        .or_else(|| text.parse().ok())
        .ok_or_else(|| "write an address and a port, such as 127.0.0.1:8787".to_owned())
}

/// Runs a verb.
///
/// # Errors
/// Whatever stands in the way.
pub fn run(verb: SandboxVerb, session: &Session) -> Result<Exit, Failure> {
    match verb {
        SandboxVerb::Serve(args) => serve(*args, session),
        SandboxVerb::Exec(args) => exec_beside(*args, session),
        SandboxVerb::Wait(args) => wait::wait(&args, session),
        SandboxVerb::Text(args) => text::text(&args, session),
        SandboxVerb::Requests(args) => requests::requests(&args, session),
        SandboxVerb::Faults(args) => faults::faults(args, session),
        SandboxVerb::Deliveries(args) => deliveries::deliveries(&args, session),
        SandboxVerb::Reset(args) => reset::reset(&args, session),
        SandboxVerb::Status(args) => status(&args.store, session),
    }
}

fn serve(args: ServeArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    let store = if args.memory { Location::Memory } else { Location::File(store(args.store, session)?) };
    let options = SandboxOptions {
        listen: args.listen,
        allow_non_loopback: args.allow_remote,
        announce: matches!(store, Location::File(_)),
        store,
        ..read_rules(args.rules, options::SERVICE_RATE_LIMIT, session)?
    };
    let log = RequestLog::start(args.log_format, session).map_err(unstarted)?;
    let (running, project) = start(&options, Some(log.observer()), session)?;
    let stopper = running.stopper();
    interrupt::on_first(move || stopper.stop());
    // Past the redaction: this secret is everybody's, and the whole point of the line.
    streams::print_plain(&format!(
        "SPECTRUM_CLOUD_URL={}\nSPECTRUM_PROJECT_ID={}\nSPECTRUM_PROJECT_SECRET={}\n",
        running.url,
        project.id,
        project.secret.expose()
    ))?;
    if options.projects.len() > 1 {
        session.out.note(format!("{}; the first one is shown", count(options.projects.len(), "project")));
    }
    if session.environment.stderr_is_terminal {
        session.out.note(format!("open {} in a browser to watch it", running.url));
    }
    running.wait();
    log.finish();
    Ok(Exit::Done)
}

fn exec_beside(args: ExecArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    let options = read_rules(args.rules, NO_LIMIT, session)?;
    let environment = &session.environment;
    let at_terminal = environment.stdin_is_terminal || environment.stdout_is_terminal || environment.stderr_is_terminal;
    // Before there is anything that a signal could leave behind.
    let signals = exec::Signals::hold(at_terminal).map_err(unstarted)?;
    let log = args.log_format.map(|format| RequestLog::start(format, session)).transpose().map_err(unstarted)?;
    let (running, project) = start(&options, log.as_ref().map(RequestLog::observer), session)?;
    let given = [
        ("SPECTRUM_CLOUD_URL", running.url.clone()),
        ("SPECTRUM_PROJECT_ID", project.id.to_string()),
        ("SPECTRUM_PROJECT_SECRET", project.secret.expose().to_owned()),
        // What is asked when the command takes the pair away: never the default profile of the file.
        ("SPECTRUM_PROFILE", profiles_file::SANDBOX.to_owned()),
    ];
    let (program, arguments) =
        args.command.split_first().ok_or_else(|| Failure::new(Code::Usage, "there is no command to run"))?;
    let taken = source::credential_variables().chain(["SPECTRUM_CONFIG"]);
    let status = exec::run(&environment.program(program), arguments, taken, &given, signals);
    drop(running);
    if let Some(log) = log {
        log.finish();
    }
    match status {
        Ok(status) => Ok(Exit::Child(status)),
        Err(unrun) => {
            session.out.failure(&unrun.failure);
            Ok(Exit::Child(unrun.status))
        }
    }
}

/// Starts a sandbox; says what to do when it does not start.
fn start(
    options: &SandboxOptions,
    observe: Option<Observe>,
    session: &Session,
) -> Result<(Running, SandboxProject), Failure> {
    session.environment.check_clock()?;
    let project =
        options.projects.first().cloned().ok_or_else(|| Failure::new(Code::Internal, "the sandbox has no project"))?;
    let running = sandbox::start(options, observe).map_err(|error| {
        let failure = Failure::new(Code::Config, format!("the sandbox cannot start: {error}"));
        match (error, &options.store) {
            (StartError::NotLoopback(_), _) => {
                Failure { code: Code::Usage, ..failure }.hint("add `--allow-remote` if that is what you want")
            }
            (StartError::Listen(..), _) => {
                failure.hint("choose another address with `--listen`; port 0 picks a free one")
            }
            (StartError::Store(error), Location::File(path)) => unusable(path, &error, session),
            (StartError::System(error), _) => unstarted(error),
            (StartError::Store(_), Location::Memory) => failure,
            (StartError::Seed, _) => Failure { code: Code::InvalidInput, ..failure }.hint("raise `--pool`"),
            (StartError::Faults(_), _) => Failure { code: Code::Usage, ..failure },
        }
    })?;
    if !running.is_seeded {
        let hint = "`spectrum sandbox reset` goes back to the seed";
        session.out.warn(format!("the store holds something already, so it does not begin with the seed; {hint}"));
    }
    Ok((running, project))
}

fn read_rules(args: RuleArgs, rate_limit: u32, session: &Session) -> Result<SandboxOptions, Failure> {
    let names_projects = args.projects.is_some() || args.max_shared_users.is_some() || !args.lines.is_empty();
    let projects = match &args.projects {
        Some(path) => {
            let failed = |error: String| {
                Failure::new(
                    Code::InvalidInput,
                    format!("the projects file {} cannot be used: {error}", path.display()),
                )
            };
            let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
            projects_file::parse(&text).map_err(|error| failed(error.to_string()))?
        }
        None => {
            let seats = args.max_shared_users.unwrap_or(options::DEFAULT_MAX_SHARED_USERS);
            let lines = match args.lines.as_slice() {
                [] => options::default_lines(),
                typed => typed.iter().map(|line| session.phone("--line", line)).collect::<Result<_, _>>()?,
            };
            options::default_project(seats, lines).into_iter().collect()
        }
    };
    let (projects, seed) = match (&args.seed, projects.first()) {
        (Some(path), Some(first)) => {
            let found = seed::read(path, first, session)?;
            if found.projects.is_some() && names_projects {
                return Err(Failure::new(Code::Usage, "--seed: the file names projects, and so do other options")
                    .hint("leave out `--projects`, `--line` and `--max-shared-users`"));
            }
            (found.projects.unwrap_or(projects), found.seed)
        }
        _ => (projects, Seed::default()),
    };
    let mut faults = Faults { latency: args.latency, seed: args.fault_seed, ..Faults::default() };
    args.faults.into_iter().for_each(|rule| faults.add(rule));
    Ok(SandboxOptions {
        projects,
        pool: args.pool.unwrap_or(options::DEFAULT_POOL),
        rate_limit: asked_rate_limit(session)?.unwrap_or(rate_limit),
        revision: args.revision,
        ids: args.ids,
        seed,
        journal: args.journal.unwrap_or(options::DEFAULT_JOURNAL),
        faults,
        deliveries: delivery::Rules { speed: args.delivery_speed.unwrap_or(1.0), anywhere: args.deliver_anywhere },
        ..SandboxOptions::default()
    })
}

/// `--rate-limit` is every command's flag; to a server it is the limit that it sets.
fn asked_rate_limit(session: &Session) -> Result<Option<u32>, Failure> {
    let Setting { value: rate, origin: Origin::Flag(_) } = session.settings.rate_limit else { return Ok(None) };
    let whole = u32::try_from(rate as u64).ok().filter(|whole| f64::from(*whole) == rate);
    whole.map(Some).ok_or_else(|| {
        Failure::new(Code::Usage, "--rate-limit: a sandbox counts whole requests per second; write a whole number")
    })
}

/// What `status` shows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusView {
    store: String,
    exists: bool,
    url: Option<String>,
    pid: Option<u32>,
    shared_users: u64,
    dedicated_users: u64,
    max_shared_users: u32,
    lines: u32,
    rate_limit: u32,
}

/// A store.
pub const STATUS: [Column; 9] = [
    Column::shown("store", "STORE", 0, true),
    Column::on_request("exists", "EXISTS"),
    Column::shown("url", "RUNNING AT", 0, true),
    Column::on_request("pid", "PID"),
    Column::shown("sharedUsers", "SHARED USERS", 1, true),
    Column::shown("dedicatedUsers", "DEDICATED USERS", 1, true),
    Column::shown("maxSharedUsers", "MAX SHARED USERS", 2, true),
    Column::shown("lines", "LINES", 2, true),
    Column::shown("rateLimit", "RATE LIMIT", 3, true),
];

fn status(args: &StoreArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&STATUS)?;
    let path = store(args.store.clone(), session)?;
    let Status { exists, running, shared_users, dedicated_users } =
        sandbox::status(&path).map_err(|error| unusable(&path, &error, session))?;
    let server = running.into_iter().next();
    let usual = SandboxOptions::default();
    let shown = StatusView {
        store: path.display().to_string(),
        exists,
        shared_users,
        dedicated_users,
        // While none runs: what `-P sandbox` goes by.
        max_shared_users: server.as_ref().map_or(options::DEFAULT_MAX_SHARED_USERS, |server| server.max_shared_users),
        lines: server.as_ref().map_or(options::DEFAULT_LINES.len() as u32, |server| server.lines),
        rate_limit: server.as_ref().map_or(usual.rate_limit, |server| server.rate_limit),
        pid: server.as_ref().map(|server| server.pid),
        url: server.map(|server| server.url),
    };
    if session.out.format() == OutputFormat::Table && shown.url.is_none() {
        session.out.note("no server runs on this store");
    }
    session.out.one_of_ours(&STATUS, &shown)?;
    Ok(Exit::Done)
}
