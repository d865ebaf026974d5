//! What is generated and committed: compared, or written anew when `SPECTRUM_RENEW=1`.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use spectrum_cli::model::ids;

use crate::world::{Run, World};

/// Where the snapshots are.
const SNAPSHOTS: &str = "tests/cli/snapshots";

/// Whether what is generated is to be written instead of compared.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says so")]
pub fn renews() -> bool {
    std::env::var("SPECTRUM_RENEW").is_ok_and(|value| value == "1")
}

/// Held by whoever may write the README anew: several tests look after a part of it.
pub fn hold_readme() -> MutexGuard<'static, ()> {
    static README: Mutex<()> = Mutex::new(());
    README.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a generated file with the committed one, or writes it.
#[track_caller]
pub fn check_file(path: &str, generated: &str) {
    let path = root().join(path);
    if renews() {
        fs::write(&path, generated).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(committed == generated, "{} is stale; renew it with `SPECTRUM_RENEW=1 cargo test`", path.display());
}

/// Compares a text with the committed snapshot of this name, or writes it: what stands there is not looked at then, so a
/// merge that left marks in it is mended by renewing.
#[track_caller]
pub fn snapshot(name: &str, text: &str) {
    if renews() {
        let path = root().join(SNAPSHOTS).join(format!("{name}.snap"));
        fs::write(path, format!("---\nsource: tests/cli/golden.rs\n---\n{text}")).unwrap();
        return;
    }
    let mut settings = insta::Settings::new();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description("renew it with `SPECTRUM_RENEW=1 cargo test`");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// No other snapshot's name begins so: whatever it was about is gone. Renewing takes such snapshots away.
#[track_caller]
pub fn only(start: &str, names: &[String]) {
    for file in fs::read_dir(root().join(SNAPSHOTS)).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with(start) || names.contains(&name) {
            continue;
        }
        assert!(renews(), "{name} is no snapshot any more; take it away with `SPECTRUM_RENEW=1 cargo test`");
        fs::remove_file(path).unwrap();
    }
}

/// One run as a snapshot shows it: what was typed, both streams, and how it ended.
#[must_use]
pub fn shown(world: &World, line: &str, run: &Run) -> String {
    let stream = |name: &str, text: &str| match text {
        "" => String::new(),
        text if text.ends_with('\n') => format!("[{name}]\n{text}"),
        text => format!("[{name}]\n{text}\n[no line break]\n"),
    };
    let (stdout, stderr) = (stream("stdout", &run.stdout), stream("stderr", &run.stderr));
    fix_places(world, &format!("$ spectrum {line}\n{stdout}{stderr}[exit {}]\n\n", run.status))
}

/// Runs a command line; all of it as a snapshot shows it.
#[must_use]
pub fn show(world: &World, line: &str) -> String {
    shown(world, line, &world.run(line))
}

/// A text with the home folder and the ports replaced. Ports keep their width, so that a table keeps its own.
pub fn fix_places(world: &World, text: &str) -> String {
    const HOST: &str = "127.0.0.1:";
    let config = world.config_as_shown();
    let home = world.home().display().to_string();
    let mut text = text.to_owned();
    for (place, name) in [(config, "~/.config/spectrum/config.toml"), (home, "~")] {
        let in_json = serde_json::to_string(&place).unwrap();
        text = text.replace(in_json.trim_matches('"'), name).replace(&place, name);
    }
    let (first, rest) = text.split_at(text.find(HOST).unwrap_or(text.len()));
    let rest = rest.split(HOST).skip(1).map(|part| {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        format!("{HOST}{}{}", "0".repeat(digits), &part[digits..])
    });
    first.to_owned() + &rest.collect::<String>()
}

/// A text with everything that differs from run to run replaced: ids, times, how long a run took, and what a second's
/// rounding leaves open.
pub fn settle(text: &str) -> String {
    let is_time = |word: &str| word.len() == 24 && word.as_bytes()[10] == b'T' && word.ends_with('Z');
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
    let mut settled = String::new();
    for part in text.split_inclusive(|c| !is_part(c)) {
        let word = part.trim_end_matches(|c| !is_part(c));
        let fixed = if ids::is_uuid(word) {
            "<id>"
        } else if is_time(word) {
            "<time>"
        } else {
            word
        };
        settled.push_str(fixed);
        settled.push_str(&part[word.len()..]);
    }
    let is_duration = |word: &str| {
        let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        number.parse::<f64>().is_ok() && ["ms", "s", "m", "h"].contains(&&word[number.len()..])
    };
    let settled = settled.split_inclusive([' ', '\n']).map(|word| {
        let (bare, end) = word.split_at(word.trim_end().len());
        if is_duration(bare) { format!("<duration>{end}") } else { word.to_owned() }
    });
    let mut settled: String = settled.collect();
    const SECONDS: &str = "\"seconds\": ";
    if let Some(at) = settled.find(SECONDS).map(|at| at + SECONDS.len()) {
        let end = settled[at..].find(',').map_or(settled.len(), |end| at + end);
        settled.replace_range(at..end, "<seconds>");
    }
    // A create that begins in the last milliseconds of a second is created; otherwise nobody can tell.
    settled.replace("registered shared user", "created shared user")
}
