//! What is offered to a shell.

use clap::Command;

/// What kind of thing is offered. A script knows these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferKind {
    /// Words; a blank follows each.
    Words,
    /// Words that may go on.
    Begun,
    /// Files, which the shell knows best.
    Files,
    /// Folders, likewise.
    Folders,
}

impl OfferKind {
    /// The word for scripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Begun => "begun",
            Self::Files => "files",
            Self::Folders => "folders",
        }
    }
}

/// A word that may stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The whole word.
    pub text: String,
    /// What it is, in a line; empty where nothing is to be said.
    pub help: String,
}

impl From<&str> for Offer {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for Offer {
    fn from(text: String) -> Self {
        Self { text, help: String::new() }
    }
}

/// Everything that may stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What kind of thing.
    pub kind: OfferKind,
    /// The words; files are not listed.
    pub offers: Vec<Offer>,
}

impl Completion {
    /// Nothing that is listed here.
    pub const fn of(kind: OfferKind) -> Self {
        Self { kind, offers: Vec::new() }
    }

    /// What begins as `word` does. What would not stay on its line is nothing to offer.
    pub fn beginning_with(mut self, word: &str) -> Self {
        self.offers.retain(|offer| offer.text.starts_with(word) && !offer.text.contains(char::is_control));
        self
    }

    /// The same behind what stands before each.
    pub fn prefixed(mut self, prefix: &str) -> Self {
        for offer in &mut self.offers {
            offer.text.insert_str(0, prefix);
        }
        self
    }
}

/// The commands below a command, by their names alone.
pub fn commands(command: &Command) -> Vec<Offer> {
    let offer = |sub: &Command| Offer {
        text: sub.get_name().to_owned(),
        help: sub.get_about().map(ToString::to_string).unwrap_or_default(),
    };
    command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(offer).collect()
}
