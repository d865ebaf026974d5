//! Tells the binary which commit it was built from, where it is built from a checkout.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let commit = Path::new(".git").exists().then(commit).flatten();
    if commit.is_some() {
        // HEAD's own log moves with every commit and every checkout.
        println!("cargo::rerun-if-changed=.git/logs/HEAD");
    }
    let version = env!("CARGO_PKG_VERSION");
    let built = commit.map_or_else(|| version.to_owned(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=SPECTRUM_VERSION={built}");
}

fn commit() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=10", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
