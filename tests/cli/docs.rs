//! What is promised on paper: help, completions, manual pages. `SPECTRUM_RENEW=1` writes them anew.

use std::collections::HashMap;
use std::fs;
use std::process::Command;

use spectrum_cli::commands::help::TOPICS;

use crate::golden::root;
use crate::world::World;

/// Every command and its subcommands, each by its words; the program itself first.
pub fn every_command() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, path: &[String], all: &mut Vec<Vec<String>>) {
        all.push(path.to_vec());
        for sub in command.get_subcommands() {
            let mut path = path.to_vec();
            path.push(sub.get_name().to_owned());
            walk(sub, &path, all);
        }
    }
    let mut all = Vec::new();
    let mut root = spectrum_cli::cli::Cli::grammar();
    // Nouns name their verbs only when they are asked.
    root.build();
    walk(&root, &[], &mut all);
    all
}

#[test]
fn every_help_fits_80_columns_and_shows_two_examples() {
    let world = World::new();
    for path in every_command() {
        for flag in ["-h", "--help"] {
            let mut args = path.clone();
            args.push(flag.to_owned());
            let run = world.run_args(&args);
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

/// What a command does is told in one text: its help begins with it, its parent lists it, its manual page is called so.
#[test]
fn a_command_is_told_in_one_text() {
    let world = World::new();
    let pages = manual(&world);
    for path in every_command() {
        let help = |path: &[String]| world.run_args(&[path, &["--help".to_owned()]].concat()).stdout;
        let text = help(&path).lines().next().unwrap().to_owned();
        assert!(text.starts_with(|first: char| first.is_ascii_uppercase()) && !text.ends_with('.'), "{path:?}: {text}");
        let page = &pages[&path];
        let name = page
            .split("\n.SH \"NAME\"\n")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .replace("\\(aq", "'")
            .replace("\\(ga", "`")
            .replace('\\', "");
        assert_eq!(name, format!("{} - {text}", page_name(&path)), "{path:?}");
        let Some((own, parent)) = path.split_last() else { continue };
        assert_eq!(listed(&help(parent))[own], text, "{path:?}");
        assert_eq!(help(&path), world.run(&format!("help {}", path.join(" "))).stdout);
    }
}

/// The commands that a help lists, each with its text: without its aliases, and on one line.
fn listed(help: &str) -> HashMap<String, String> {
    let rows = help.split("\nCommands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut listed: Vec<(String, String)> = Vec::new();
    for row in rows.lines() {
        match row.strip_prefix("  ").filter(|row| !row.starts_with(' ')).and_then(|row| row.split_once(' ')) {
            Some((name, text)) => listed.push((name.to_owned(), text.trim().to_owned())),
            None => listed.last_mut().unwrap().1 += &format!(" {}", row.trim()),
        }
    }
    listed.into_iter().map(|(name, text)| (name, text.split(" [alias").next().unwrap().to_owned())).collect()
}

/// The name of a command's manual page.
fn page_name(path: &[String]) -> String {
    [&["spectrum".to_owned()], path].concat().join("-")
}

/// Every manual page, as it is written.
fn manual(world: &World) -> HashMap<Vec<String>, String> {
    let folder = world.home().join("man");
    world.run_args(&["man", "--dir", folder.to_str().unwrap()]).ok();
    let page = |path: &Vec<String>| fs::read_to_string(folder.join(format!("{}.1", page_name(path)))).unwrap();
    every_command().into_iter().map(|path| (path.clone(), page(&path))).collect()
}

#[test]
fn topics_have_help_and_unknown_words_a_suggestion() {
    let world = World::new();
    for topic in TOPICS.map(|(topic, _)| topic) {
        let run = world.run_args(&["help", topic]);
        assert_eq!(run.status, 0);
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{topic}");
    }
    let codes = world.run("help exit-codes").stdout;
    for code in spectrum_cli::failure::Code::ALL {
        let row = codes.split("\n  ").find(|row| row.contains(code.as_str()));
        let status = code.status().to_string();
        // A word may stand in the second line of its row.
        assert!(row.is_some(), "help exit-codes does not name {}", code.as_str());
        assert!(codes.contains(&format!("\n  {status} ")), "help exit-codes has no row {status}");
    }
    let options = world.run("help options").stdout;
    for arg in spectrum_cli::cli::Cli::grammar().get_arguments().filter(|arg| arg.is_global_set()) {
        let flag = format!("--{} ", arg.get_long().unwrap());
        assert!(options.contains(&flag) || options.contains(&flag.replace(' ', "...")), "help options lacks {flag}");
    }
    assert_eq!(world.run("help users create").stdout, world.run("users create --help").stdout);
    for (line, word) in
        [("help usres", "users"), ("usres list", "users"), ("users lst", "list"), ("users list --shard", "--shared")]
    {
        let run = world.run(line);
        assert_eq!(run.status, 2, "{line}");
        assert!(run.stderr.contains(&format!("did you mean {word}?")), "{line}: {}", run.stderr);
    }
}

#[test]
fn the_version_names_the_package_and_the_commit_of_a_checkout() {
    let world = World::new();
    let version = world.run("--version").stdout;
    assert!(version.starts_with(&format!("spectrum {}", env!("CARGO_PKG_VERSION"))), "{version}");
    assert_eq!(version, world.run("-V").stdout);
    let is_checkout = root().join(".git").exists() && Command::new("git").arg("--version").output().is_ok();
    assert_eq!(version.contains('('), is_checkout, "{version}");
}
