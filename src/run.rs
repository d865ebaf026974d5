//! One run: parse, resolve, one match, and the failure printed with its hint.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::aliases;
use crate::cli::{Cli, Command, OfNoun};
use crate::commands;
use crate::config::environment::Environment;
use crate::config::proxy;
use crate::config::settings::{Colour, Settings};
use crate::failure::{Code, Exit, Failure};
use crate::interrupt;
use crate::output::format::OutputFormat;
use crate::output::streams;
use crate::output::{Output, Streams};
use crate::prompt::Prompt;
use crate::secrets::redactor::Redactor;
use crate::secrets::source;
use crate::session::Session;
use crate::suggestion;
use crate::typed::TypedLine;
use crate::unparsed::{self, AskedOutput};

/// Runs one command line; the process's exit status.
pub fn run(environment: Environment) -> u8 {
    hide_panics();
    if let Some(shell) = environment.var(commands::completions::VARIABLE) {
        let out = Output::new(OutputFormat::Table, None, Streams::default(), Redactor::default());
        return out.finish(commands::completions::answer(&shell, &Cli::built(), &environment));
    }
    let cli = match Cli::read(&environment.args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &environment),
    };
    let streams = streams_of(&environment, cli.global.color, cli.global.quiet);
    let mut redactor = known_secrets(&environment);
    let settings = match Settings::resolve(&cli.global, &environment, cli.command.new_profile()) {
        Ok(settings) => settings,
        Err(failure) => {
            let format = cli.global.format().or_else(|| exported_format(&environment)).unwrap_or_default();
            let out = Output::new(format, None, streams, redactor);
            return out.finish(Err(failure));
        }
    };
    redactor.hide_all(settings.written_secret());
    let format = settings.format.value;
    interrupt::speak(format);
    let never = cli.global.no_input || environment.flag("SPECTRUM_NO_INPUT") || environment.flag("CI");
    let can_ask = !never && environment.is_at_terminal() && !format.is_machine();
    let prompt = Prompt { can_ask, colour: streams.stderr_colour };
    let out = Output::new(format, settings.fields.clone(), streams, redactor).repeating(settings.given().to_owned());
    let session = Session::new(environment, settings, out, prompt);
    if session.environment.stdout_may_be_closed {
        session.out.note("standard output is closed, or handed over as /dev/null: nothing is shown there");
    }
    let result = dispatch(cli.command, &session).map_err(|failure| session.look_behind(failure));
    session.out.finish(result)
}

fn dispatch(command: Command, session: &Session) -> Result<Exit, Failure> {
    match command {
        Command::Noun(OfNoun(chosen)) => chosen.run(session),
        Command::Profiles(verb) => commands::profiles::run(verb, session),
        Command::Doctor(_) => commands::doctor::doctor(session),
        Command::Api(args) => commands::api::api(args, session),
        Command::Sandbox(verb) => commands::sandbox::run(verb, session),
        Command::Completions(args) => commands::completions::completions(&args, session),
        Command::Man(args) => commands::man::man(&args, Cli::grammar(), session),
        Command::Help(args) => commands::help::help(&args, Cli::grammar(), session),
    }
}

/// What the streams lead to and which of them may be coloured.
fn streams_of(environment: &Environment, when: Colour, quiet: bool) -> Streams {
    let forced = environment.var("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let forbidden = environment.var("NO_COLOR").is_some() || environment.var("TERM").as_deref() == Some("dumb");
    let colour = |is_terminal: bool| match when {
        Colour::Always => true,
        Colour::Never => false,
        // NO_COLOR wins: who sets both wants none somewhere and must not get any.
        Colour::Auto => !forbidden && (forced || is_terminal),
    };
    // A console of Windows has to be asked before it obeys, which switches it on.
    let obeys = |stream: console::Term| !cfg!(windows) || !stream.is_term() || stream.features().colors_supported();
    let width = |is_terminal: bool| if is_terminal { environment.columns.or(Some(80)) } else { None };
    Streams {
        quiet,
        stdout_is_terminal: environment.stdout_is_terminal,
        stdout_width: width(environment.stdout_is_terminal),
        stdout_colour: colour(environment.stdout_is_terminal) && obeys(console::Term::stdout()),
        stderr_width: width(environment.stderr_is_terminal),
        stderr_colour: colour(environment.stderr_is_terminal) && obeys(console::Term::stderr()),
    }
}

/// Every secret that the environment holds is hidden from the first byte on.
fn known_secrets(environment: &Environment) -> Redactor {
    let mut redactor = Redactor::default();
    let secrets = source::VARIABLES.into_iter().filter_map(|name| environment.var(name));
    for secret in secrets.chain(proxy::passwords(environment)) {
        redactor.hide(&secret);
    }
    redactor
}

/// The format that the environment asks for.
fn exported_format(environment: &Environment) -> Option<OutputFormat> {
    environment.var("SPECTRUM_OUTPUT").and_then(|word| word.parse().ok())
}

/// What clap says: help and versions on standard output, errors in our own form.
fn refuse(error: &clap::Error, environment: &Environment) -> u8 {
    let text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let streams = streams_of(environment, Colour::default(), false);
        let out = Output::new(OutputFormat::Table, None, streams, Redactor::default());
        return out.finish(out.text(&text).map(|()| Exit::Done));
    }
    let root = Cli::built();
    let args = aliases::expand(&environment.args, &root).unwrap_or_else(|| environment.args.clone());
    let words: Vec<_> = args.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let typed = TypedLine::read(&root, words.iter().map(AsRef::as_ref));
    let AskedOutput { format, colour, quiet } = unparsed::asked(&typed);
    let format = format.or_else(|| exported_format(environment)).unwrap_or_default();
    let out = Output::new(format, None, streams_of(environment, colour, quiet), known_secrets(environment));
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        if !format.is_machine() {
            streams::eprint_plain(&text);
            return Code::Usage.status();
        }
        return out.finish(Err(Failure::new(Code::Usage, "the command is not complete").hint(usage(&text))));
    }
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut failure = Failure::new(Code::Usage, message);
    failure.hint = Some(suggestion(error, &typed, &root).unwrap_or_else(|| usage(rest)));
    out.finish(Err(failure))
}

/// What to type instead of what clap does not know.
fn suggestion(error: &clap::Error, typed: &TypedLine<'_>, root: &clap::Command) -> Option<String> {
    let text = |kind| match error.get(kind)? {
        ContextValue::String(word) => Some(word.as_str()),
        // The most alike stands last.
        ContextValue::Strings(words) => words.last().map(String::as_str),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => Some(suggestion::command(typed, root, text(ContextKind::InvalidSubcommand)?)),
        ErrorKind::UnknownArgument => match text(ContextKind::InvalidArg)? {
            flag if flag.starts_with('-') => suggestion::flag(typed, flag),
            word => suggestion::argument(typed, word),
        },
        ErrorKind::InvalidValue => {
            let value = || suggestion::value(text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
            value().or_else(|| Some(format!("did you mean {}?", text(ContextKind::SuggestedValue)?)))
        }
        _ => None,
    }
}

/// The usage in what clap says, as a hint.
fn usage(text: &str) -> String {
    match text.lines().find_map(|line| line.strip_prefix("Usage: ")) {
        Some(usage) => format!("usage: {usage}; more with `--help`"),
        None => "more with `--help`".to_owned(),
    }
}

/// A panic is a bug here: it is told without the values that were at hand, which may hold a secret,
/// and the process ends with the documented code, whichever thread it was.
#[expect(clippy::exit, reason = "a process that is about to abort has nothing to return to")]
fn hide_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line()));
        // The standard library panics at the start of a thread for which the system has no memory.
        let failure = if place.replace('\\', "/").contains("/library/std/src/sys/") {
            Failure::new(Code::Config, "the system does not give what a thread takes, memory most likely")
                .hint("`ulimit -a` shows the limits of this shell")
        } else {
            Failure::new(Code::Internal, format!("a bug in spectrum at {place}"))
                .hint("please report it with the command that you ran")
        };
        streams::eprint_failure(&failure, interrupt::format());
        std::process::exit(failure.code.status().into());
    }));
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn before_1970_nothing_is_begun_that_needs_a_connection() {
        let failure = |line: &str| {
            let pair =
                [("SPECTRUM_PROJECT_ID", "3c90c3cc-0d44-4b50-8888-8dd25736052a"), ("SPECTRUM_PROJECT_SECRET", "x")];
            let mut environment = Environment::with_variables(pair);
            environment.args = line.split(' ').map(Into::into).collect();
            environment.started = Some(SystemTime::UNIX_EPOCH - Duration::from_secs(1));
            environment.data_dir = Some("/nowhere".into());
            let cli = Cli::read(&environment.args).unwrap();
            let settings = Settings::resolve(&cli.global, &environment, None).unwrap();
            let out = Output::new(OutputFormat::Json, None, Streams::default(), Redactor::default());
            let prompt = Prompt { can_ask: false, colour: false };
            let session = Session::new(environment, settings, out, prompt);
            dispatch(cli.command, &session).unwrap_err()
        };
        for line in [
            "spectrum users list",
            "spectrum -P sandbox users list",
            "spectrum sandbox text --from +14155550123",
            "spectrum sandbox exec -- true",
            "spectrum sandbox serve --memory --listen 127.0.0.1:0",
        ] {
            let failure = failure(line);
            assert!(failure.code == Code::Config && failure.message.contains("before 1970"), "{line}: {failure:?}");
        }
    }
}
