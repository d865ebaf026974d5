//! What to type instead of a word that the grammar does not know: what users of other tools are used to, a slip of the
//! fingers, or else what there is.

mod foreign;

use clap::Command;

use self::foreign::{COMMANDS, FLAGS};
use crate::typed::{self, TypedLine};

/// What to type instead of a word where a command's name has to stand.
pub fn command(typed: &TypedLine<'_>, root: &Command, word: &str) -> String {
    let path = typed.path.join(" ");
    let lower = word.to_lowercase();
    if let Some((.., hint)) = COMMANDS.iter().find(|(at, words, _)| *at == path && words.contains(&lower.as_str())) {
        return (*hint).to_owned();
    }
    if path.is_empty() {
        let verbs = root.get_subcommands().filter_map(|noun| Some((noun, noun.find_subcommand(&lower)?)));
        let found: Vec<String> =
            verbs.map(|(noun, verb)| format!("`spectrum {} {}`", noun.get_name(), verb.get_name())).collect();
        if !found.is_empty() {
            return format!("did you mean {}?", found.join(" or "));
        }
    }
    let names = || typed.command.get_subcommands();
    let spellings = names().flat_map(|sub| sub.get_name_and_visible_aliases().into_iter().map(move |name| (name, sub)));
    let nearest = spellings.filter_map(|(name, sub)| Some((distance(&lower, name)?, sub))).min_by_key(|near| near.0);
    match nearest {
        Some((_, sub)) => format!("did you mean {}?", sub.get_name()),
        None => format!("the commands are {}", names().map(Command::get_name).collect::<Vec<_>>().join(", ")),
    }
}

/// What to type instead of a flag that a command does not know; none where nothing fits.
pub fn flag(typed: &TypedLine<'_>, flag: &str) -> Option<String> {
    let name = flag.trim_start_matches('-').split('=').next()?;
    if typed::long(typed.command, name).is_some() {
        return Some(format!("write it behind `spectrum {}`", typed.path.join(" ")));
    }
    let name = name.to_lowercase();
    // A foreign letter keeps its case: -H is not -h.
    let letter = flag.strip_prefix('-').filter(|rest| rest.chars().count() == 1);
    let fits = |names: &[&str]| names.contains(&letter.unwrap_or(&name));
    if let Some((.., hint)) = FLAGS.iter().find(|(names, needed, _)| fits(names) && has(typed.command, needed)) {
        return Some((*hint).to_owned());
    }
    if !flag.starts_with("--") {
        return None;
    }
    let longs = typed.command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(clap::Arg::get_long);
    let nearest = longs.filter_map(|long| Some((distance(&name, long)?, long))).min_by_key(|near| near.0);
    nearest.map(|(_, long)| format!("did you mean --{long}?"))
}

/// Whether a command has what a hint of [`FLAGS`] is about.
fn has(command: &Command, needed: &str) -> bool {
    match needed.strip_prefix('<').and_then(|needed| needed.strip_suffix('>')) {
        Some(needed) => command
            .get_positionals()
            .any(|arg| arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == needed))),
        None => needed.is_empty() || typed::long(command, needed).is_some(),
    }
}

/// What to type instead of an argument where a command takes no more; none where nothing fits.
pub fn argument(typed: &TypedLine<'_>, word: &str) -> Option<String> {
    match typed.path.as_slice() {
        ["users", "list"] => Some(
            "`--search TEXT` finds part of a name, phone or e-mail; `spectrum users get USER` shows one".to_owned(),
        ),
        ["users", "apply"] => Some("one roster at a time".to_owned()),
        ["profiles", "check"] => Some("`-P NAME` chooses a profile: `spectrum -P NAME profiles check`".to_owned()),
        ["api"] => {
            let method = typed.words().next().filter(|first| first.chars().all(|c| c.is_ascii_alphabetic()))?;
            let method = method.to_uppercase();
            word.starts_with('/').then(|| format!("`-X METHOD` says the method: `spectrum api -X {method} PATH`"))
        }
        _ => None,
    }
}

/// What to type instead of a value that a flag does not know; none where nothing fits.
pub fn value(flag: &str, value: &str) -> Option<String> {
    let hint = match value.to_lowercase().as_str() {
        "yaml" | "yml" => "JSON is YAML too: `-o json`",
        "jsonl" | "jsonlines" | "json-lines" => "did you mean ndjson?",
        "text" | "txt" | "plain" | "wide" | "human" | "pretty" => "did you mean table?",
        "tsv" => "did you mean csv?",
        "name" | "ids" => "did you mean id?",
        _ => return None,
    };
    flag.starts_with("--output ").then(|| hint.to_owned())
}

/// How far a word is from a known one; none when it is another word and no slip of the fingers.
fn distance(word: &str, known: &str) -> Option<usize> {
    // What was only begun is meant.
    if word.chars().count() > 2 && known.starts_with(word) {
        return Some(1);
    }
    let allowed = if known.len() > 5 { 2 } else { 1 };
    let distance = strsim::osa_distance(word, known);
    // One letter of three is a third of the word.
    (distance <= allowed && word.chars().count() > 2).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use crate::typed::TypedPart;

    /// What stands between backticks.
    fn quoted(hint: &str) -> impl Iterator<Item = &str> {
        hint.split('`').skip(1).step_by(2)
    }

    fn every<'a>(command: &'a Command, path: Vec<&'a str>, visit: &mut impl FnMut(&'a Command, &[&'a str])) {
        visit(command, &path);
        for sub in command.get_subcommands() {
            every(sub, [path.as_slice(), &[sub.get_name()]].concat(), visit);
        }
    }

    /// Every word of a command line is known: its commands, its flags, and no word too many.
    fn check_line(root: &Command, line: &str, context: &str) {
        let line = line.strip_prefix("spectrum").unwrap_or_else(|| panic!("{line:?} in {context:?}"));
        let words: Vec<&str> = line.split_whitespace().collect();
        let words = match crate::aliases::find(words.iter().copied()) {
            Some((length, command)) => [&command, &words[length..]].concat(),
            None => words,
        };
        let typed = TypedLine::read(root, words.iter().copied());
        let (flags, others): (Vec<_>, Vec<_>) =
            typed.parts.iter().partition(|(_, part)| matches!(part, TypedPart::Flag(..)));
        let unknown = words.iter().filter(|word| word.starts_with('-') && word.len() > 2).count();
        assert!(flags.len() >= unknown, "{line:?} in {context:?}");
        let places = typed.command.get_positionals().count();
        let given = others.iter().filter(|(_, part)| matches!(part, TypedPart::Word(_))).count();
        assert!(given <= places, "{line:?} in {context:?}");
    }

    #[test]
    fn what_is_suggested_is_there() {
        let root = Cli::built();
        for (path, words, hint) in COMMANDS {
            let typed = TypedLine::read(&root, path.split_whitespace());
            assert_eq!(typed.path.join(" "), *path);
            for word in *words {
                assert!(typed.command.find_subcommand(word).is_none(), "{path} {word} is a command");
            }
            for line in quoted(hint).filter(|line| line.starts_with("spectrum")) {
                check_line(&root, line, hint);
            }
        }
        every(&root, Vec::new(), &mut |command, path| {
            for (names, needed, hint) in FLAGS {
                let is_meant = has(command, needed);
                for line in quoted(hint).filter(|_| is_meant) {
                    if line.starts_with("spectrum") {
                        check_line(&root, line, hint);
                        continue;
                    }
                    let flag = line.split([' ', '|']).next().unwrap();
                    let known = match flag.strip_prefix("--") {
                        Some(long) => long == "help" || typed::long(command, long).is_some(),
                        None => typed::short(command, flag.chars().nth(1).unwrap()).is_some(),
                    };
                    assert!(known, "{line:?} for {path:?} {names:?}");
                }
            }
        });
    }

    #[test]
    fn every_foreign_flag_is_told_somewhere() {
        let root = Cli::built();
        let mut untold: Vec<_> = FLAGS.iter().filter(|(_, needed, _)| !needed.is_empty()).collect();
        every(&root, Vec::new(), &mut |command, _| untold.retain(|(_, needed, _)| !has(command, needed)));
        assert!(untold.is_empty(), "{untold:?}");
    }

    #[test]
    fn a_slip_of_the_fingers_is_told_from_another_word() {
        for (word, known) in
            [("lst", "list"), ("usres", "users"), ("delte", "delete"), ("prof", "profiles"), ("shard", "shared")]
        {
            assert!(distance(word, known).is_some(), "{word}");
        }
        for (word, known) in [
            ("edit", "get"),
            ("start", "status"),
            ("query", "quiet"),
            ("format", "sort"),
            ("file", "fields"),
            ("us", "use"),
        ] {
            assert!(distance(word, known).is_none(), "{word}");
        }
    }
}
