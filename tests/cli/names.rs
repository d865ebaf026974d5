//! No two types of one name: who reads one of them in the middle of a file knows which it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// The type that a line at the margin declares.
fn declared(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub").map_or(line, |rest| rest.split_once(' ').map_or("", |(_, rest)| rest));
    let (word, rest) = line.split_once(' ')?;
    let is_type = ["struct", "enum", "trait", "type"].contains(&word);
    is_type.then(|| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
}

#[test]
fn no_two_types_have_one_name() {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in paths {
        // Endpoints are named by their noun and their verb: `users::Create`, `webhooks::Create`.
        if path.extension().is_none_or(|extension| extension != "rs") || path.ends_with("endpoints.rs") {
            continue;
        }
        for name in fs::read_to_string(&path).unwrap().lines().filter_map(declared) {
            let places = places.entry(name.to_owned()).or_default();
            // One type may have a form for each system.
            if !places.contains(&path) {
                places.push(path.clone());
            }
        }
    }
    assert!(places.len() > 300, "the types are found: {}", places.len());
    places.retain(|_, places| places.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}
