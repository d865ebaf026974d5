//! A noun of the command line as data: its verbs, and what runs them. `cli` has the list.

use std::fmt;

use clap::{ArgMatches, Command, Subcommand};

use crate::failure::{Code, Exit, Failure};
use crate::http::Spec;
use crate::output::Column;
use crate::session::Session;
use crate::verbs::help::frame;

/// The verbs of one noun.
pub trait Verbs: Subcommand {
    /// The noun, as it is typed.
    const NAME: &'static str;
    /// Another word for it.
    const ALIAS: &'static str;
    /// What it is for, in a line.
    const ABOUT: &'static str;

    /// The endpoints whose records are shown, and the columns of each.
    const SHOWN: &'static [(Spec, &'static [Column])];

    /// Carries the verb out.
    ///
    /// # Errors
    /// Whatever the verb met.
    fn run(self, session: &Session) -> Result<Exit, Failure>;
}

/// A noun, whatever its verbs are.
pub struct Noun {
    name: &'static str,
    alias: &'static str,
    about: &'static str,
    /// The endpoints whose records are shown, and the columns of each.
    pub shown: &'static [(Spec, &'static [Column])],
    augment: fn(Command) -> Command,
    augment_for_help: fn(Command) -> Command,
    run: fn(&ArgMatches, &Session) -> Result<Exit, Failure>,
}

impl Noun {
    /// The noun of these verbs.
    pub const fn of<V: Verbs>() -> Self {
        Self {
            name: V::NAME,
            alias: V::ALIAS,
            about: V::ABOUT,
            shown: V::SHOWN,
            augment: augment::<V>,
            augment_for_help: augment_for_help::<V>,
            run: run::<V>,
        }
    }

    /// Whether this is the noun's name.
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Its part of the grammar; the verbs are built only when the noun is typed.
    pub fn command(&self) -> Command {
        let command = Command::new(self.name).about(self.about).visible_alias(self.alias);
        command.subcommand_required(true).arg_required_else_help(true).defer(self.augment)
    }

    /// Its part of the grammar, with its verbs' help as people see it.
    pub fn for_help(&self, command: Command) -> Command {
        command.defer(self.augment_for_help)
    }
}

/// The verbs, and the noun's own words over them: the verbs bring a text of their own.
fn augment<V: Verbs>(command: Command) -> Command {
    V::augment_subcommands(command).about(V::ABOUT)
}

fn augment_for_help<V: Verbs>(command: Command) -> Command {
    frame(augment::<V>(command))
}

fn run<V: Verbs>(matches: &ArgMatches, session: &Session) -> Result<Exit, Failure> {
    let verb = V::from_arg_matches(matches).map_err(|error| Failure::new(Code::Usage, error.to_string()))?;
    verb.run(session)
}

/// A noun and what was typed behind it.
pub struct ChosenNoun {
    noun: &'static Noun,
    matches: ArgMatches,
}

impl ChosenNoun {
    /// Finds the noun that was typed.
    pub fn among(nouns: &'static [Noun], matches: &ArgMatches) -> Option<Self> {
        let (name, matches) = matches.subcommand()?;
        let noun = nouns.iter().find(|noun| noun.is(name))?;
        Some(Self { noun, matches: matches.clone() })
    }

    /// Carries the verb out.
    ///
    /// # Errors
    /// Whatever the verb met.
    pub fn run(&self, session: &Session) -> Result<Exit, Failure> {
        (self.noun.run)(&self.matches, session)
    }
}

impl fmt::Debug for ChosenNoun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun.name)
    }
}
