//! What is promised on paper: README blocks, help, completions, manual pages. `SPECTRUM_RENEW=1` writes them anew.

#![expect(
    clippy::disallowed_methods,
    reason = "the shell that runs the README needs the PATH of whoever runs the tests"
)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::Bench;

/// Whether what is generated is to be written instead of compared.
fn renews() -> bool {
    std::env::var("SPECTRUM_RENEW").is_ok_and(|value| value == "1")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a generated file with the committed one, or writes it.
fn check_file(path: &str, generated: &str) {
    let path = root().join(path);
    if renews() {
        fs::write(&path, generated).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(committed == generated, "{} is stale; renew it with `SPECTRUM_RENEW=1 cargo test`", path.display());
}

/// A text with everything that differs from run to run replaced: ids, times, and how long a run took.
fn settle(text: &str) -> String {
    let is_time = |word: &str| word.len() == 24 && word.as_bytes()[10] == b'T' && word.ends_with('Z');
    let mut settled = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.') {
            word.push(c);
            continue;
        }
        if spectrum_cli::model::ids::is_uuid(&word) {
            settled.push_str("<id>");
        } else if is_time(&word) {
            settled.push_str("<time>");
        } else {
            settled.push_str(&word);
        }
        word.clear();
        settled.push(c);
    }
    let is_duration = |word: &str| {
        let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        number.parse::<f64>().is_ok() && ["ms", "s", "m", "h"].contains(&&word[number.len()..])
    };
    let settled = settled.split_inclusive([' ', '\n']).map(|word| {
        let (bare, end) = word.split_at(word.trim_end().len());
        if is_duration(bare) { format!("<duration>{end}") } else { word.to_owned() }
    });
    settled.collect()
}

/// The README's blocks of one language, each with its text.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// A world in which the README's commands run: the binary by its name, the roster where the text has it.
struct World {
    bench: Bench,
    has_jq: bool,
}

impl World {
    fn new(readme: &str) -> Self {
        let bench = Bench::new();
        bench.file("roster.csv", blocks(readme, "csv").first().expect("the README shows a roster"));
        let has_jq = Command::new("jq").arg("--version").output().is_ok_and(|output| output.status.success());
        Self { bench, has_jq }
    }

    /// What a shell shows for one line, both streams in order.
    fn run(&self, line: &str) -> (String, i32) {
        // `cargo run --release --` is the binary that Cargo has just built for this test.
        let line = line.replace("cargo run --release --", "spectrum");
        let jq = line.split_once(" | jq -r .").filter(|_| !self.has_jq);
        let (line, field) = jq.map_or((line.as_str(), None), |(line, field)| (line, Some(field)));
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_spectrum"));
        let mut path = vec![binary.parent().unwrap().to_owned()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let merged = if field.is_some() { line.to_owned() } else { format!("{{ {line}\n}} 2>&1") };
        let mut shell = self.bench.command::<&str>(&[]);
        let mut command = Command::new("sh");
        command.args(["-c", &merged]).env_clear().envs(shell_variables(&mut shell)).current_dir(self.bench.home());
        let output = command.env("PATH", std::env::join_paths(path).unwrap()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let text = match field {
            Some(field) => {
                let document: serde_json::Value = serde_json::from_str(&text).unwrap();
                format!("{}{}\n", String::from_utf8(output.stderr).unwrap(), document[field].as_str().unwrap())
            }
            None => text,
        };
        (text, output.status.code().unwrap_or(-1))
    }
}

fn shell_variables(command: &mut Command) -> HashMap<std::ffi::OsString, std::ffi::OsString> {
    command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}

/// Every console block runs, in order, in one world, and shows what the README says.
#[cfg(unix)]
#[test]
fn the_readme_shows_what_happens() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let world = World::new(&readme);
    let mut renewed = readme.clone();
    let all = blocks(&readme, "console");
    assert!(all.len() >= 5, "the README has its console blocks");
    for block in all {
        let mut shown = String::new();
        for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let (text, _) = world.run(line);
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
#[cfg(unix)]
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
    let world = World::new(&readme);
    let script = format!(
        "export SPECTRUM_RATE_LIMIT=0; {} && {} && spectrum users list -o id | wc -l",
        commands[0], commands[1]
    );
    let (text, status) = world.run(&format!("spectrum sandbox exec -- sh -c '{script}'"));
    assert_eq!(status, 0, "{text}");
    assert_eq!(text.lines().last().map(str::trim), Some("3"), "{text}");
}

fn every_command() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, path: &[String], all: &mut Vec<Vec<String>>) {
        all.push(path.to_vec());
        for sub in command.get_subcommands() {
            let mut path = path.to_vec();
            path.push(sub.get_name().to_owned());
            walk(sub, &path, all);
        }
    }
    let mut all = Vec::new();
    walk(&<spectrum_cli::cli::Cli as clap::CommandFactory>::command(), &[], &mut all);
    all
}

#[test]
fn every_help_fits_80_columns_and_shows_two_examples() {
    let bench = Bench::new();
    for path in every_command() {
        for flag in ["-h", "--help"] {
            let mut args = path.clone();
            args.push(flag.to_owned());
            let run = bench.run_args(&args);
            assert_eq!(run.status, 0, "{path:?}");
            for line in run.stdout.lines() {
                assert!(line.chars().count() <= 80, "{path:?}: {line}");
            }
            let is_leaf = !run.stdout.contains("\nCommands:");
            if is_leaf {
                let examples = run.stdout.split("Examples:").nth(1).map_or(0, |text| text.matches("spectrum ").count());
                assert!(
                    run.stdout.contains("Examples:") && examples >= 2,
                    "{path:?} shows two examples:\n{}",
                    run.stdout
                );
            }
        }
    }
}

#[test]
fn topics_have_help_and_unknown_words_a_suggestion() {
    let bench = Bench::new();
    for topic in ["exit-codes", "environment", "roster"] {
        let run = bench.run_args(&["help", topic]);
        assert_eq!(run.status, 0);
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{topic}");
    }
    let codes = bench.run("help exit-codes").stdout;
    for code in spectrum_cli::failure::Code::ALL {
        let row = codes.split("\n  ").find(|row| row.contains(code.as_str()));
        let status = code.status().to_string();
        // A word may stand in the second line of its row.
        assert!(row.is_some(), "help exit-codes does not name {}", code.as_str());
        assert!(codes.contains(&format!("\n  {status} ")), "help exit-codes has no row {status}");
    }
    assert_eq!(bench.run("help users create").stdout, bench.run("users create --help").stdout);
    for (line, word) in
        [("help usres", "users"), ("usres list", "users"), ("users lst", "list"), ("users list --shard", "--shared")]
    {
        let run = bench.run(line);
        assert_eq!(run.status, 2, "{line}");
        assert!(run.stderr.contains(&format!("did you mean {word}?")), "{line}: {}", run.stderr);
    }
}

#[test]
fn completions_are_fresh_and_know_the_profiles() {
    let bench = Bench::new();
    for shell in <spectrum_cli::commands::completions::Shell as clap::ValueEnum>::value_variants() {
        let run = bench.run_args(&["completions", shell.name()]);
        assert_eq!(run.status, 0);
        check_file(&format!("completions/{}", shell.file_name()), &run.stdout);
    }
    bench.write_config("[profiles.night-shift]\nproject_id = \"x\"\n");
    let ask = |words: &[&str]| {
        let index = words.len().to_string();
        let mut command = bench.command(&[&["--", "spectrum"], words].concat());
        command.env("_SPECTRUM_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", index).env("_CLAP_IFS", "\n");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(ask(&["-P", "ni"]).contains("night-shift"));
    assert!(ask(&["profiles", "use", ""]).contains("sandbox"));
    assert!(ask(&["users", "cr"]).contains("create"));
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let bench = Bench::new();
    let folder = bench.home().join("man");
    let run = bench.run_args(&["man", "--dir", folder.to_str().unwrap()]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    for path in every_command() {
        let page = folder.join(format!("{}.1", [&["spectrum".to_owned()], path.as_slice()].concat().join("-")));
        assert!(page.exists(), "{}", page.display());
    }
    assert!(bench.run("man").stdout.contains(".TH spectrum"));
}

#[test]
fn the_version_names_the_package_and_the_commit_of_a_checkout() {
    let bench = Bench::new();
    let version = bench.run("--version").stdout;
    assert!(version.starts_with(&format!("spectrum {}", env!("CARGO_PKG_VERSION"))), "{version}");
    assert_eq!(version, bench.run("-V").stdout);
    let is_checkout = root().join(".git").exists() && Command::new("git").arg("--version").output().is_ok();
    assert_eq!(version.contains('('), is_checkout, "{version}");
}
