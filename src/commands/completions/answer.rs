//! What may stand where the cursor is: told from the grammar and the words before it.

use clap::{Arg, ArgAction, Command};

use super::offer::{Completion, Offer, OfferKind, commands};
use super::values;
use crate::config::environment::Environment;
use crate::typed::{self, TypedLine};

/// What may stand for `word`, behind `before` (both without the program's name); `root` is a grammar that is built.
pub fn answer(root: &Command, before: &[&str], word: &str, environment: &Environment) -> Completion {
    let typed = TypedLine::read(root, before.iter().copied());
    let command = typed.command;
    let values = |arg: &Arg, word: &str| values::values(arg, word, &typed, environment);
    if let Some(arg) = typed.waiting() {
        let is_optional = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
        if !word.starts_with('-') || arg.is_allow_hyphen_values_set() {
            let answer = values(arg, word);
            if !is_optional || !answer.offers.is_empty() {
                return answer;
            }
        }
    }
    if !typed.is_escaped && word.starts_with('-') {
        return match (word.strip_prefix("--").and_then(|word| word.split_once('=')), attached(command, word)) {
            (Some((name, value)), _) => match typed::long(command, name).filter(|arg| typed::takes_value(arg)) {
                Some(arg) => values(arg, value).prefixed(&format!("--{name}=")),
                None => Completion::of(OfferKind::Words),
            },
            (None, Some((arg, letter, value))) => values(arg, value).prefixed(letter),
            (None, None) => Completion { kind: OfferKind::Words, offers: flags(&typed, word) }.beginning_with(word),
        };
    }
    if typed.path == ["help"] {
        return Completion { kind: OfferKind::Words, offers: values::help(&typed, root) }.beginning_with(word);
    }
    if command.has_subcommands() && !typed.is_escaped {
        return Completion { kind: OfferKind::Words, offers: commands(command) }.beginning_with(word);
    }
    let given = typed.words().count();
    let place = place(command, given, typed.is_escaped);
    let answer = place.map(|arg| values(arg, word));
    let is_free = place.is_none_or(|arg| !arg.is_required_set() || given > 0);
    match answer {
        Some(answer) if answer.kind != OfferKind::Words || !answer.offers.is_empty() => answer,
        // Where nothing else can stand, a flag may.
        _ if word.is_empty() && is_free && !typed.is_escaped => {
            Completion { kind: OfferKind::Words, offers: flags(&typed, word) }
        }
        _ => Completion::of(OfferKind::Words),
    }
}

/// A flag of one letter and the value that is written at it: `-ojson`.
fn attached<'a, 'w>(command: &'a Command, word: &'w str) -> Option<(&'a Arg, &'w str, &'w str)> {
    let letter = word.chars().nth(1).filter(|letter| *letter != '-')?;
    let (flag, value) = word.split_at(1 + letter.len_utf8());
    let arg = typed::short(command, letter).filter(|arg| typed::takes_value(arg) && !value.is_empty())?;
    Some((arg, flag, value))
}

/// The argument that stands behind so many others.
fn place(command: &Command, given: usize, is_escaped: bool) -> Option<&Arg> {
    let places: Vec<&Arg> = command.get_positionals().filter(|arg| !arg.is_last_set() || is_escaped).collect();
    let takes_many = |arg: &&&Arg| arg.get_num_args().is_some_and(|count| count.max_values() > 1);
    places.get(given).or_else(|| places.last().filter(takes_many)).copied()
}

/// The flags that may still be given, a command's own first; one letter where it is typed already.
fn flags(typed: &TypedLine<'_>, word: &str) -> Vec<Offer> {
    let is_open = |arg: &&Arg| {
        let is_repeatable = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
        !arg.is_hide_set() && (is_repeatable || typed.flags().all(|(given, _)| given.get_id() != arg.get_id()))
    };
    let (global, own): (Vec<&Arg>, Vec<&Arg>) =
        typed.command.get_arguments().filter(is_open).partition(|arg| arg.is_global_set());
    let mut offers = Vec::new();
    for arg in own.into_iter().chain(global) {
        let letter = arg.get_short().map(|letter| format!("-{letter}")).filter(|letter| letter == word);
        let text = letter.or_else(|| arg.get_long().map(|long| format!("--{long}")));
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        offers.extend(text.map(|text| Offer { text, help }));
    }
    offers
}
