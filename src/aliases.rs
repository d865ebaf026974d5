//! Words that stand for other commands, as users of other tools type them. They are read as what they stand for, with
//! its arguments and its help; the grammar itself holds the aliases of one word beside another.

use std::ffi::OsString;

use clap::Command;

use crate::typed::{TypedLine, TypedPart};

/// What may be typed first, and the command that it is.
pub const ALIASES: [(&[&str], [&str; 2]); 6] = [
    (&["login"], ["profiles", "add"]),
    (&["logout"], ["profiles", "remove"]),
    (&["whoami"], ["profiles", "check"]),
    (&["auth", "login"], ["profiles", "add"]),
    (&["auth", "logout"], ["profiles", "remove"]),
    (&["auth", "status"], ["profiles", "check"]),
];

/// The command that words begin with an alias of, and how many of them that is.
pub fn find<'a>(words: impl Iterator<Item = &'a str> + Clone) -> Option<(usize, [&'static str; 2])> {
    let begins = |alias: &[&str]| words.clone().take(alias.len()).eq(alias.iter().copied());
    ALIASES.iter().find(|(alias, _)| begins(alias)).map(|(alias, command)| (alias.len(), *command))
}

/// A command line with its alias, wherever the flags stand, put into the words of the command; none when it has no alias.
/// `root` is a grammar that is built.
pub fn expand(args: &[OsString], root: &Command) -> Option<Vec<OsString>> {
    let words: Vec<_> = args.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let typed = TypedLine::read(root, words.iter().map(AsRef::as_ref));
    if typed.is_escaped || !typed.path.is_empty() {
        return None;
    }
    let (length, command) = find(typed.words().collect::<Vec<_>>().into_iter())?;
    let is_word = |(at, part): &(usize, TypedPart<'_>)| matches!(part, TypedPart::Word(_)).then_some(at + 1);
    let places: Vec<usize> = typed.parts.iter().filter_map(is_word).take(length).collect();
    let mut expanded = Vec::with_capacity(args.len() + 1);
    for (at, arg) in args.iter().enumerate() {
        if Some(&at) == places.first() {
            expanded.extend(command.map(OsString::from));
        } else if !places.contains(&at) {
            expanded.push(arg.clone());
        }
    }
    Some(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;

    #[test]
    fn an_alias_is_read_as_its_command_wherever_the_flags_stand() {
        let root = Cli::built();
        let words = |line: &str| -> Vec<OsString> { line.split(' ').map(OsString::from).collect() };
        for (line, expanded) in [
            ("spectrum login", "spectrum profiles add"),
            ("spectrum -P logout whoami -o json", "spectrum -P logout profiles check -o json"),
            (
                "spectrum login --project-id X prod --secret-stdin",
                "spectrum profiles add --project-id X prod --secret-stdin",
            ),
            ("spectrum -v auth -o json status -q", "spectrum -v profiles check -o json -q"),
            ("spectrum logout login", "spectrum profiles remove login"),
            ("spectrum login users", "spectrum profiles add users"),
            ("spectrum auth logout -h", "spectrum profiles remove -h"),
        ] {
            assert_eq!(expand(&words(line), &root), Some(words(expanded)), "{line}");
        }
        for line in [
            "spectrum",
            "spectrum auth",
            "spectrum auth frob",
            "spectrum users login",
            "spectrum -P login",
            "spectrum -- login",
        ] {
            assert_eq!(expand(&words(line), &root), None, "{line}");
        }
    }
}
