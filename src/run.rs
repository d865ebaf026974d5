//! One run: parse, resolve, one match, and the failure printed with its hint.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _, ValueEnum as _};

use crate::cli::{Cli, Command, OfNoun};
use crate::commands;
use crate::config::environment::Environment;
use crate::config::settings::{self, Colour, GlobalArgs, Settings};
use crate::failure::{Code, Exit, Failure};
use crate::interrupt;
use crate::output::format::Format;
use crate::output::streams;
use crate::output::{Looks, Output};
use crate::prompt::Prompt;
use crate::secrets::redactor::Redactor;
use crate::session::Session;

/// Runs one command line; the process's exit status.
pub fn run(environment: Environment) -> u8 {
    hide_panics();
    if let Some(shell) = environment.var(commands::completions::VARIABLE) {
        let out = Output::new(Format::Table, None, Looks::default(), Redactor::default());
        return out.finish(commands::completions::answer(&shell, Cli::command(), &environment));
    }
    let cli = match Cli::try_parse_from(&environment.args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &environment),
    };
    let looks = looks(&environment, &cli.global);
    let mut redactor = known_secrets(&environment);
    let settings = match Settings::resolve(&cli.global, &environment) {
        Ok(settings) => settings,
        Err(failure) => {
            let format = cli.global.format().unwrap_or_else(|| guess_format(&environment));
            let out = Output::new(format, None, looks, redactor);
            return out.finish(Err(failure));
        }
    };
    redactor.hide_all(settings.written_secret());
    let format = settings.format.value;
    interrupt::speak(format);
    let never = cli.global.no_input || environment.flag("SPECTRUM_NO_INPUT") || environment.flag("CI");
    let prompt = Prompt {
        can_ask: !never && environment.stdin_is_terminal && environment.stderr_is_terminal && !format.is_machine(),
        colour: looks.stderr_colour,
    };
    let out = Output::new(format, cli.global.fields.clone(), looks, redactor);
    let session = Session::new(environment, cli.global, settings, out, prompt);
    let result = dispatch(cli.command, &session);
    session.out.finish(result)
}

fn dispatch(command: Command, session: &Session) -> Result<Exit, Failure> {
    match command {
        Command::Noun(OfNoun(chosen)) => chosen.run(session),
        Command::Profiles(verb) => commands::profiles::run(verb, session),
        Command::Login(args) => commands::profiles::add(&args, session),
        Command::Api(args) => commands::api::api(args, session),
        Command::Sandbox(verb) => commands::sandbox::run(verb, session),
        Command::Completions(args) => commands::completions::completions(&args, session),
        Command::Man(args) => commands::man::man(&args, Cli::command(), session),
        Command::Help(args) => commands::help::help(&args, Cli::command(), session),
    }
}

/// What the streams lead to and which of them may be coloured.
fn looks(environment: &Environment, args: &GlobalArgs) -> Looks {
    let forced = environment.var("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let forbidden = environment.var("NO_COLOR").is_some() || environment.var("TERM").as_deref() == Some("dumb");
    let colour = |is_terminal: bool| match args.color {
        Colour::Always => true,
        Colour::Never => false,
        // NO_COLOR wins: who sets both wants none somewhere and must not get any.
        Colour::Auto => !forbidden && (forced || is_terminal),
    };
    let width = |is_terminal: bool| if is_terminal { environment.columns.or(Some(80)) } else { None };
    Looks {
        quiet: args.quiet,
        stdout_is_terminal: environment.stdout_is_terminal,
        stdout_width: width(environment.stdout_is_terminal),
        stdout_colour: colour(environment.stdout_is_terminal),
        stderr_width: width(environment.stderr_is_terminal),
        stderr_colour: colour(environment.stderr_is_terminal),
    }
}

/// Every secret that the environment holds is hidden from the first byte on.
fn known_secrets(environment: &Environment) -> Redactor {
    let mut redactor = Redactor::default();
    for secret in settings::secret_variables().filter_map(|name| environment.var(name)) {
        redactor.hide(&secret);
    }
    redactor
}

/// The format that a command line asks for which could not be read.
fn guess_format(environment: &Environment) -> Format {
    let args: Vec<&str> =
        environment.args.iter().filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--").collect();
    let asked = args.iter().enumerate().find_map(|(at, arg)| match *arg {
        "--json" => Some("json"),
        "-o" | "--output" => args.get(at + 1).copied(),
        other => {
            other.strip_prefix("--output=").or_else(|| other.strip_prefix("-o").filter(|_| !other.starts_with("--")))
        }
    });
    let exported = environment.var("SPECTRUM_OUTPUT");
    asked.or(exported.as_deref()).and_then(|word| word.trim_start_matches('=').parse().ok()).unwrap_or_default()
}

/// The colour that a command line asks for which could not be read.
fn guess_colour(environment: &Environment) -> Colour {
    let args: Vec<&str> =
        environment.args.iter().filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--").collect();
    let asked = args.iter().enumerate().find_map(|(at, arg)| match *arg {
        "--color" => args.get(at + 1).copied(),
        other => other.strip_prefix("--color="),
    });
    asked.and_then(|word| Colour::from_str(word, false).ok()).unwrap_or_default()
}

/// What clap says: help and versions on standard output, errors in our own form.
fn refuse(error: &clap::Error, environment: &Environment) -> u8 {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let out = Output::new(Format::Table, None, looks(environment, &GlobalArgs::default()), Redactor::default());
            return out.finish(out.text(&text).map(|()| Exit::Done));
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            streams::eprint_plain(&text);
            return Code::Usage.status();
        }
        _ => {}
    }
    let format = guess_format(environment);
    let looks = looks(environment, &GlobalArgs { color: guess_colour(environment), ..GlobalArgs::default() });
    let out = Output::new(format, None, looks, known_secrets(environment));
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut failure = Failure::new(Code::Usage, message);
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(|kind| match error.get(kind)? {
            ContextValue::String(word) => Some(word.clone()),
            // The most alike stands last.
            ContextValue::Strings(words) => words.last().cloned(),
            _ => None,
        });
    let usage = rest.lines().find_map(|line| line.strip_prefix("Usage: "));
    failure.hint = match (suggested, usage) {
        (Some(word), _) => Some(format!("did you mean {word}?")),
        (None, Some(usage)) => Some(format!("usage: {usage}; more with --help")),
        (None, None) => Some("more with --help".to_owned()),
    };
    out.finish(Err(failure))
}

/// A panic is a bug here: it is told without the values that were at hand, which may hold a secret,
/// and the process ends with the documented code, whichever thread it was.
#[expect(clippy::exit, reason = "a process that is about to abort has nothing to return to")]
fn hide_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        streams::eprint_failure(
            &Failure::new(Code::Internal, format!("a bug in spectrum{place}"))
                .hint("please report it with the command that you ran"),
            interrupt::format(),
        );
        std::process::exit(Code::Internal.status().into());
    }));
}
