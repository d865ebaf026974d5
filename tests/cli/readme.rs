//! The README's blocks do what they show. `SPECTRUM_RENEW=1` writes them anew.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::golden::{hold_readme, renews, root, settle};
use crate::world::World;

/// The README's blocks of one language, each with its text.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// A world with the README's roster where its commands look for it.
fn world(readme: &str) -> World {
    let world = World::new();
    world.file("roster.csv", blocks(readme, "csv").first().expect("the README shows a roster"));
    world
}

/// What a shell shows for one line, both streams in order; its exit status.
fn show(world: &World, line: &str) -> (String, i32) {
    // `cargo run --release --` is the binary that Cargo has just built for this test.
    let line = line.replace("cargo run --release --", "spectrum");
    let has_jq = || Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_ok_and(|jq| jq.success());
    if let Some((line, field)) = line.split_once(" | jq -r .").filter(|_| !has_jq()) {
        let output = world.shell(line).output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let notes = String::from_utf8(output.stderr).unwrap();
        return (format!("{notes}{}\n", document[field].as_str().unwrap()), output.status.code().unwrap_or(-1));
    }
    let output = world.shell(&format!("{{ {line}\n}} 2>&1")).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap_or(-1))
}

/// Every console block runs, in order, in one world, and shows what the README says.
#[test]
fn the_readme_shows_what_happens() {
    let path = root().join("README.md");
    let _held = hold_readme();
    let readme = fs::read_to_string(&path).unwrap();
    let world = world(&readme);
    let mut renewed = readme.clone();
    let all = blocks(&readme, "console");
    assert!(all.len() >= 5, "the README has its console blocks");
    for block in all {
        let mut shown = String::new();
        for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let (text, _) = show(&world, line);
            shown.push_str(&format!("$ {line}\n{text}"));
        }
        if renews() {
            renewed = renewed.replacen(&format!("```console\n{block}```"), &format!("```console\n{shown}```"), 1);
        } else {
            assert_eq!(
                settle(&block),
                settle(&shown),
                "the README is stale; renew it with `SPECTRUM_RENEW=1 cargo test`"
            );
        }
    }
    if renews() {
        fs::write(path, renewed).unwrap();
    }
}

/// The GitHub Actions job: its commands do what the text says, with the variables that the sandbox sets.
#[test]
fn the_readme_job_plans_and_applies() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let job = blocks(&readme, "yaml").into_iter().find(|block| block.contains("users apply")).unwrap();
    assert!(job.lines().count() < 15, "the job has under 15 lines");
    let commands: Vec<&str> =
        job.lines().filter_map(|line| line.split_once("run: ")).map(|(_, command)| command).collect();
    assert_eq!(commands[0], "cargo install --locked spectrum-cli");
    let commands = &commands[1..];
    assert!(
        commands.len() == 2 && commands.iter().all(|command| command.starts_with("spectrum users apply roster.csv"))
    );
    let world = world(&readme);
    let script = format!(
        "export SPECTRUM_RATE_LIMIT=0; {} && {} && spectrum users list -o id | wc -l",
        commands[0], commands[1]
    );
    let (text, status) = show(&world, &format!("spectrum sandbox exec -- sh -c '{script}'"));
    assert_eq!(status, 0, "{text}");
    assert_eq!(text.lines().last().map(str::trim), Some("3"), "{text}");
}
