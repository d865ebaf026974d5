//! Holds the house's arrows: reads the `use` lines and every `crate::…` path, finds which file each one means, and
//! checks that it lies further down, and that no files import one another in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the top down; a file belongs to the longest prefix that fits. Files of one layer may import one another.
const LAYERS: [&[&str]; 16] = [
    &["main.rs", "lib.rs"],
    &["run.rs"],
    &["cli.rs"],
    &["commands/", "nouns/"],
    &["verbs/"],
    &["session.rs"],
    &["config/", "prompt/", "interrupt.rs", "aliases.rs", "suggestion.rs", "suggestion/", "unparsed.rs", "typed.rs"],
    &["output/", "terminal.rs", "signals.rs"],
    &["roster/"],
    &["sandbox/", "nouns/catalogue.rs", "nouns/*/sandbox.rs", "nouns/*/rows.rs", "nouns/*/schema.rs"],
    &["http/"],
    &["nouns/*/endpoints.rs", "nouns/users/outcome.rs"],
    &["http/answer.rs", "http/endpoint.rs", "http/envelope.rs", "http/error.rs"],
    &["nouns/*/model.rs", "nouns/webhooks/event.rs", "nouns/webhooks/signature.rs", "nouns/webhooks/address.rs"],
    &["secrets/"],
    &["model/", "failure.rs", "files.rs", "nouns/mod.rs", "nouns/*/mod.rs"],
];

/// Rules beyond the order: who may not know whom.
const STRANGERS: [(&str, &str); 4] = [
    ("sandbox/", "http/client.rs"),
    ("nouns/*/sandbox.rs", "http/client.rs"),
    ("http/", "nouns/"),
    ("roster/", "output/"),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file by its path below `src`, with `/` on every system, and its text without tests and comments.
fn files() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                walk(&entry, found);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let name = entry.strip_prefix(source()).unwrap().components();
                let name: Vec<String> = name.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
                let text = fs::read_to_string(&entry).unwrap().replace("\r\n", "\n");
                let text = text.split("#[cfg(test)]\nmod ").next().unwrap().to_owned();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                found.insert(name.join("/"), code.collect::<Vec<_>>().join("\n"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&source(), &mut found);
    // Only for tests, and built only for them.
    found.retain(|name, _| !name.ends_with("tests.rs") && name != "build.rs" && !name.ends_with("growth.rs"));
    found
}

/// The module that a file is, as segments.
fn module(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').filter(|part| *part != "lib" && *part != "main").map(str::to_owned).collect()
}

/// `a::{b, c::{d}}` as `a::b`, `a::c::d`.
fn expand(path: &str) -> Vec<String> {
    let path: String = path.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(open) = path.find('{') else {
        return vec![path.split(" as ").next().unwrap().trim().to_owned()];
    };
    let (head, inner) = (&path[..open], path[open + 1..path.rfind('}').unwrap()].to_owned());
    let (mut parts, mut depth, mut part) = (Vec::new(), 0, String::new());
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| expand(&format!("{head}{}", part.trim()))).collect()
}

/// The paths below the crate that a file names.
fn named(file: &str, text: &str) -> BTreeSet<Vec<String>> {
    let here = module(file);
    let mut paths = Vec::new();
    let mut lines = text.lines().map(str::trim_start);
    while let Some(line) = lines.next() {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        let Some(begin) = line.strip_prefix("use ") else { continue };
        let mut statement = begin.to_owned();
        while !statement.contains(';') {
            statement += lines.next().unwrap();
        }
        paths.extend(expand(statement.split(';').next().unwrap()));
    }
    // What an import is of is known by now, and its beginning alone would mean the whole folder.
    let text = text.replace("use crate::", "");
    for (at, _) in text.match_indices("crate::") {
        let path = text[at..].split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next().unwrap();
        paths.push(path.trim_end_matches(':').to_owned());
    }
    let absolute = |path: &String| {
        let mut segments: Vec<String> = path.split("::").map(str::to_owned).collect();
        let is_folder = file.ends_with("/mod.rs");
        let mut base = match segments.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self") => here.clone(),
            Some("super") => here[..here.len().saturating_sub(1)].to_vec(),
            _ if is_folder || file == "lib.rs" => {
                segments.insert(0, "self".to_owned());
                here.clone()
            }
            _ => return None,
        };
        segments.remove(0);
        while segments.first().is_some_and(|segment| segment == "super") {
            segments.remove(0);
            base.pop();
        }
        base.extend(segments.into_iter().filter(|segment| segment != "self"));
        Some(base)
    };
    paths.iter().filter_map(absolute).collect()
}

/// The file that a path means: the longest module, and where that hands a name on, whoever it got it from.
fn resolve(path: &[String], files: &BTreeMap<String, String>) -> Option<String> {
    for length in (1..=path.len()).rev() {
        let stem = path[..length].join("/");
        let known = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
        let Some(file) = known.into_iter().find(|file| files.contains_key(file)) else { continue };
        let Some(name) = path.get(length).filter(|_| file.ends_with("mod.rs")) else { return Some(file) };
        let mut others = named(&file, &files[&file]).into_iter();
        let handed_on = others.find(|other| other.last() == Some(name) && other != path);
        return handed_on.and_then(|other| resolve(&other, files)).or(Some(file));
    }
    None
}

fn fits(pattern: &str, file: &str) -> bool {
    match pattern.split_once('*') {
        None => file.starts_with(pattern),
        Some((head, tail)) => file
            .strip_prefix(head)
            .is_some_and(|rest| rest.ends_with(tail) && rest.matches('/').count() == tail.matches('/').count()),
    }
}

fn layer(file: &str) -> usize {
    let fitting =
        LAYERS.iter().enumerate().flat_map(|(at, patterns)| patterns.iter().map(move |pattern| (at, pattern)));
    let best =
        fitting.filter(|(_, pattern)| fits(pattern, file)).max_by_key(|(_, pattern)| pattern.replace('*', "").len());
    best.unwrap_or_else(|| panic!("{file} has no layer")).0
}

fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let files = files();
    let of = |(file, text): (&String, &String)| {
        let found = named(file, text).into_iter().filter_map(|path| resolve(&path, &files));
        (file.clone(), found.filter(|other| other != file).collect())
    };
    files.iter().map(of).collect()
}

#[test]
fn imports_point_down() {
    let imports = imports();
    assert!(
        imports["run.rs"].contains("cli.rs") && imports["http/client.rs"].contains("failure.rs"),
        "paths are found"
    );
    let mut wrong = Vec::new();
    for (file, others) in &imports {
        for other in others {
            if layer(other) < layer(file) {
                wrong.push(format!("{file} imports {other}, which lies above it"));
            }
            let is_strange = |(from, to): &&(&str, &str)| fits(from, file) && fits(to, other);
            wrong.extend(STRANGERS.iter().find(is_strange).map(|_| format!("{file} must not know {other}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_one_another_in_a_circle() {
    let mut left = imports();
    // Whoever imports nobody that is left is taken away, until only circles remain.
    loop {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, others)| others.iter().all(|other| !left.contains_key(other)))
            .map(|(file, _)| file.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        free.iter().for_each(|file| {
            left.remove(file);
        });
    }
    // What only leads into a circle is no part of it.
    loop {
        let used: BTreeSet<String> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|file, _| used.contains(file));
        if left.len() == before {
            break;
        }
    }
    let told = left.iter().map(|(file, others)| {
        let others: Vec<&str> = others.iter().filter(|other| left.contains_key(*other)).map(String::as_str).collect();
        format!("{file} -> {}", others.join(", "))
    });
    assert!(left.is_empty(), "circles:\n{}", told.collect::<Vec<_>>().join("\n"));
}
