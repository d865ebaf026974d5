//! The command line's grammar. The doc comments are the help; nothing here acts.

use clap::{Parser, Subcommand};

use crate::config::settings::GlobalArgs;
use crate::{commands, nouns};

/// Provision the users of a Photon Spectrum messaging project.
#[derive(Debug, Parser)]
#[command(
    name = "spectrum",
    version = VERSION,
    max_term_width = 80,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Try it without an account:\n  spectrum -P sandbox users create --shared --phone +14155550123\n\nTopics: spectrum help exit-codes | environment | roster"
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

/// The nouns.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Register, list, look up and delete the users of a project
    #[command(subcommand, visible_alias = "user", arg_required_else_help = true)]
    Users(nouns::users::command::Verb),
    /// Show the lines that the project owns
    #[command(subcommand, visible_alias = "line", arg_required_else_help = true)]
    Lines(nouns::lines::command::Verb),
    /// Show the project
    #[command(subcommand, visible_alias = "projects", arg_required_else_help = true)]
    Project(nouns::project::command::Verb),
    /// Manage the credentials on this machine
    #[command(subcommand, visible_alias = "profile", arg_required_else_help = true)]
    Profiles(commands::profiles::Verb),
    /// Add a profile (the same as `profiles add`)
    Login(commands::profiles::AddArgs),
    /// Call any route of the API
    #[command(after_help = commands::api::AFTER_HELP)]
    Api(commands::api::ApiArgs),
    /// Run the sandbox: the API's rules on this machine, no account needed
    #[command(subcommand, arg_required_else_help = true)]
    Sandbox(commands::sandbox::Verb),
    /// Print a completion script for a shell
    Completions(commands::completions::CompletionsArgs),
    /// Write manual pages
    Man(commands::man::ManArgs),
    /// Show help for a command or a topic
    Help(commands::help::HelpArgs),
}
