//! The command line's grammar. The doc comments are the help; nothing here acts.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches, Parser, Subcommand};

use crate::aliases;
use crate::commands;
use crate::config::flags::GlobalArgs;
use crate::nouns;
use crate::verbs::help::frame;
use crate::verbs::noun::{ChosenNoun, Noun};

/// The nouns of the API, in the order of the help.
pub static NOUNS: &[Noun] = &[
    Noun::of::<nouns::users::command::UsersVerb>(),
    Noun::of::<nouns::lines::command::LinesVerb>(),
    Noun::of::<nouns::project::command::ProjectVerb>(),
    Noun::of::<nouns::webhooks::command::WebhooksVerb>(),
];

/// Provision the users of a Photon Spectrum messaging project.
#[derive(Debug, Parser)]
#[command(
    name = "spectrum",
    // And not as the file is called that was started, `spectrum.exe` say.
    bin_name = "spectrum",
    version = VERSION,
    max_term_width = 80,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Try it in the sandbox, without an account.\n\nExamples:\n  spectrum -P sandbox users create --shared \\\n      --phone +14155550123\n  spectrum -P sandbox users list\n\nAliases: login is profiles add, logout is profiles remove, whoami and auth status are profiles check.\n\nTopics: spectrum help control-plane | environment | exit-codes | files | json | options | roster"
)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The version, and the commit it was built from where that is known.
pub const VERSION: &str = env!("SPECTRUM_VERSION");

/// What can be typed first.
#[expect(missing_docs, reason = "the help of a command is the doc comment of its arguments")]
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A noun of the API.
    #[command(flatten)]
    Noun(OfNoun),
    /// Manage the credentials on this machine
    #[command(subcommand, visible_alias = "profile", arg_required_else_help = true)]
    Profiles(commands::profiles::ProfilesVerb),
    #[command(after_help = commands::doctor::AFTER_HELP)]
    Doctor(commands::doctor::DoctorArgs),
    #[command(after_help = commands::api::AFTER_HELP)]
    Api(commands::api::ApiArgs),
    /// Run the sandbox: the API's rules on this machine, no account needed
    #[command(subcommand, arg_required_else_help = true)]
    Sandbox(commands::sandbox::SandboxVerb),
    Completions(commands::completions::CompletionsArgs),
    Man(commands::man::ManArgs),
    Help(commands::help::HelpArgs),
}

impl Cli {
    /// The grammar with its help as people see it, which takes longer to build than to read most command lines.
    pub fn grammar() -> clap::Command {
        let hidden = |arg: clap::Arg| if arg.is_global_set() { arg.hide(true) } else { arg };
        let verbs = |command: clap::Command| match NOUNS.iter().find(|noun| noun.is(command.get_name())) {
            Some(noun) => noun.for_help(command),
            None => command,
        };
        frame(Self::command().mut_args(hidden)).mut_subcommands(verbs)
    }

    /// The grammar with everything below it, and without the help as people see it.
    pub fn built() -> clap::Command {
        let mut root = Self::command();
        root.build();
        root
    }

    /// Reads a command line; an alias is read as what it stands for.
    ///
    /// # Errors
    /// What clap says, which is also how it asks for help to be shown.
    pub fn read(args: &[OsString]) -> Result<Self, clap::Error> {
        Self::read_as_typed(args).or_else(|error| match error.kind() {
            ErrorKind::InvalidSubcommand => match aliases::expand(args, &Self::built()) {
                Some(expanded) => Self::read_as_typed(&expanded),
                None => Err(error),
            },
            _ => Err(error),
        })
    }

    fn read_as_typed(args: &[OsString]) -> Result<Self, clap::Error> {
        if args.iter().any(|arg| arg == "-h" || arg == "--help") {
            return Self::from_arg_matches(&Self::grammar().try_get_matches_from(args)?);
        }
        Self::try_parse_from(args).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Self::grammar().try_get_matches_from(args).err().unwrap_or(error)
            }
            _ => error,
        })
    }
}

impl Command {
    /// The profile that the command adds: its own settings count then, not the chosen profile's.
    pub fn new_profile(&self) -> Option<&str> {
        match self {
            Self::Profiles(commands::profiles::ProfilesVerb::Add(args)) => Some(&args.name),
            _ => None,
        }
    }
}

/// A noun of [`NOUNS`] and its verb.
#[derive(Debug)]
pub struct OfNoun(pub ChosenNoun);

impl FromArgMatches for OfNoun {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        ChosenNoun::among(NOUNS, matches).map(Self).ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for OfNoun {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        command.subcommands(NOUNS.iter().map(Noun::command))
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        NOUNS.iter().any(|noun| noun.is(name))
    }
}
