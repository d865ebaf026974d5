//! Numbers and their nouns are put together in one place: no text writes a plural behind a number by itself.

use std::fs;
use std::path::{Path, PathBuf};

/// What is counted here, in the plural.
const NOUNS: [&str; 26] = [
    "users",
    "people",
    "persons",
    "lines",
    "rows",
    "projects",
    "webhooks",
    "requests",
    "fields",
    "problems",
    "attempts",
    "deliveries",
    "addresses",
    "characters",
    "columns",
    "times",
    "seconds",
    "minutes",
    "hours",
    "days",
    "retries",
    "numbers",
    "ids",
    "files",
    "profiles",
    "bytes",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// A number in `{}` and a plural right behind it; a constant's name is in capitals.
fn is_counted(before: &str, behind: &str) -> bool {
    let word: String = behind.chars().take_while(char::is_ascii_alphabetic).collect();
    let name = before.rsplit_once('{').map_or("", |(_, name)| name);
    let is_constant = !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    NOUNS.contains(&word.as_str()) && !is_constant
}

#[test]
fn a_number_has_its_noun_from_one_place() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 100);
    for path in all.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(path).unwrap().replace("\r\n", "\n");
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for (at, _) in line.match_indices("} ") {
                assert!(!is_counted(&line[..at], &line[at + 2..]), "{}: {line}", path.display());
            }
        }
    }
    assert!(is_counted("forgot {users", "users\"") && !is_counted("{ATTEMPTS", "times in a row"));
}
