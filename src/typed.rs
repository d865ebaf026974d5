//! A command line taken apart by the grammar as far as it can be, whether or not it can be read as a whole: for an error
//! that speaks the format that was asked for, for aliases, for a suggestion, and for what a shell completes.

use clap::{Arg, Command};

/// A part of a command line.
#[derive(Debug, Clone, Copy)]
pub enum TypedPart<'a> {
    /// The name of a command; what follows is that command's.
    Command,
    /// A flag, and its value.
    Flag(&'a Arg, Option<&'a str>),
    /// What is neither: an argument, or a word that nobody knows.
    Word(&'a str),
}

/// What the words of a command line are.
#[derive(Debug)]
pub struct TypedLine<'a> {
    /// The command that they lead to.
    pub command: &'a Command,
    /// Its names, without the program's.
    pub path: Vec<&'a str>,
    /// The parts in their order, each with the place of its word.
    pub parts: Vec<(usize, TypedPart<'a>)>,
    /// Whether `--` was among them: no flag follows.
    pub is_escaped: bool,
}

impl<'a> TypedLine<'a> {
    /// Takes words apart, the program's name left out; bundles (`-qo json`, `-vojson`) too. A word that names a command
    /// leads to that command's flags: one letter may mean something else to another command; none does behind a word that
    /// nobody knows. Flags that nobody knows are left out. `root` is a grammar that is built.
    pub fn read(root: &'a Command, words: impl Iterator<Item = &'a str>) -> Self {
        let mut typed = Self { command: root, path: Vec::new(), parts: Vec::new(), is_escaped: false };
        let mut words = words.enumerate().peekable();
        while let Some((at, word)) = words.next() {
            // What begins with a dash is a flag, never the value of the one before it, unless that one says so.
            let mut next = |arg: &Arg| {
                let is_value = |word: &str| word == "-" || !word.starts_with('-') || arg.is_allow_hyphen_values_set();
                words.next_if(|(_, word)| is_value(word)).map(|(_, word)| word)
            };
            if typed.is_escaped {
                typed.parts.push((at, TypedPart::Word(word)));
            } else if word == "--" {
                typed.is_escaped = true;
            } else if let Some(word) = word.strip_prefix("--") {
                let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
                if let Some(arg) = long(typed.command, name) {
                    let value = if takes_value(arg) { value.or_else(|| next(arg)) } else { None };
                    typed.parts.push((at, TypedPart::Flag(arg, value)));
                }
            } else if let Some(bundle) = word.strip_prefix('-').filter(|bundle| !bundle.is_empty()) {
                let mut rest = bundle.chars();
                while let Some(arg) = rest.next().and_then(|letter| short(typed.command, letter)) {
                    if takes_value(arg) {
                        let tail = rest.as_str();
                        let value =
                            if tail.is_empty() { next(arg) } else { Some(tail.strip_prefix('=').unwrap_or(tail)) };
                        typed.parts.push((at, TypedPart::Flag(arg, value)));
                        break;
                    }
                    typed.parts.push((at, TypedPart::Flag(arg, None)));
                }
            } else if let Some(below) = typed.command.find_subcommand(word).filter(|_| typed.words().next().is_none()) {
                typed.command = below;
                typed.path.push(below.get_name());
                typed.parts.push((at, TypedPart::Command));
            } else {
                typed.parts.push((at, TypedPart::Word(word)));
            }
        }
        typed
    }

    /// The flags and their values.
    pub fn flags(&self) -> impl Iterator<Item = (&'a Arg, Option<&'a str>)> {
        self.parts.iter().filter_map(|(_, part)| match part {
            TypedPart::Flag(arg, value) => Some((*arg, *value)),
            _ => None,
        })
    }

    /// The words that are neither flags nor commands.
    pub fn words(&self) -> impl Iterator<Item = &'a str> {
        self.parts.iter().filter_map(|(_, part)| match part {
            TypedPart::Word(word) => Some(*word),
            _ => None,
        })
    }

    /// The flag at the very end whose value is still to come.
    pub fn waiting(&self) -> Option<&'a Arg> {
        match self.parts.last() {
            Some((_, TypedPart::Flag(arg, None))) if !self.is_escaped && takes_value(arg) => Some(arg),
            _ => None,
        }
    }
}

/// Whether a value follows a flag.
pub fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

/// A command's flag of this name.
pub fn long<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(name))
}

/// A command's flag of this letter.
pub fn short(command: &Command, letter: char) -> Option<&Arg> {
    command.get_arguments().find(|arg| arg.get_short() == Some(letter))
}
