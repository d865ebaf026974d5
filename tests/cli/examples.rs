//! Every example of the help and of its topics runs as it stands, in a world where what it names is there.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use spectrum_cli::commands::help::{TOPICS, examples};
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET};

use crate::golden::root;
use crate::hostile::{Hostile, Reply, Request};
use crate::verify::{SECRETS, VECTOR};
use crate::world::{BINARY, World, signal};

/// Lines are no longer, so that a terminal and a manual of 60 columns show them as they are typed.
const WIDEST: usize = 55;

/// Every text of the help and the commands in it.
fn all() -> Vec<(String, Vec<String>)> {
    fn walk(command: &clap::Command, path: &str, all: &mut Vec<(String, Vec<String>)>) {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        all.push((path.to_owned(), examples(&text)));
        command.get_subcommands().for_each(|sub| walk(sub, &format!("{path} {}", sub.get_name()), all));
    }
    let mut grammar = spectrum_cli::cli::Cli::grammar();
    grammar.build();
    let mut all = Vec::new();
    walk(&grammar, "spectrum", &mut all);
    all.extend(TOPICS.map(|(topic, text)| (format!("the topic {topic}"), examples(text))));
    all
}

/// A sandbox with two users who can be messaged, one who cannot, a line, a webhook; profiles of it, and the files that
/// the examples read.
fn world() -> World {
    let world = World::beside(|_| {});
    for line in [
        "users create --shared --phone +14155550123 --first-name Ada --last-name Lovelace --email ada@example.com",
        "users create --dedicated --phone +14155550124 --assigned +19175550101 --first-name Alan --last-name Turing",
        "users create --shared --phone +14155550126",
        "sandbox text --from +14155550123",
        "webhooks create https://old.example/hook --secret-out old.env",
    ] {
        world.run(line).ok();
    }
    let url = &world.sandbox().url;
    let profile =
        format!("project_id = \"{DEFAULT_PROJECT_ID}\"\nproject_secret = \"{DEFAULT_SECRET}\"\nbase_url = \"{url}\"\n");
    world.write_config(&format!("[profiles.prod]\n{profile}[profiles.staging]\n{profile}"));
    world.file("roster.csv", roster());
    world.file("body.json", fs::read(root().join("tests/vectors/webhook-v1-body.json")).unwrap());
    VECTOR.iter().fold(world, |world, (name, value)| world.var(name, value))
}

/// The roster that `help roster` shows.
fn roster() -> String {
    let (_, text) = TOPICS.into_iter().find(|(topic, _)| *topic == "roster").unwrap();
    let start = text.find("  type,").expect("help roster shows a roster");
    let rows = text[start..].split("\n\n").next().unwrap();
    rows.lines().map(|row| format!("{}\n", row.trim())).collect()
}

/// A handler that keeps to the contract: what is not signed as it has to be is refused.
fn handler(world: &World) -> Hostile {
    let folder = world.home().to_owned();
    Hostile::answering(move |number, request: &Request| {
        let body = folder.join(format!("heard-{number}"));
        fs::write(&body, &request.body).unwrap();
        let headers = request.headers.iter().flat_map(|(name, value)| ["-H".to_owned(), format!("{name}: {value}")]);
        let verify = ["webhooks", "verify", "--secret-file", "hook.env", "--body"];
        let mut command = Command::new(BINARY);
        let status = command.args(verify).arg(body).args(headers).current_dir(&folder).output().unwrap().status;
        Reply::status(if status.success() { 204 } else { 401 }, "")
    })
}

#[test]
fn every_example_runs_as_it_stands() {
    let all: Vec<_> = all().into_iter().filter(|(_, commands)| !commands.is_empty()).collect();
    let wide = all.iter().flat_map(|(_, commands)| commands).flat_map(|command| command.lines());
    let wide: Vec<&str> = wide.filter(|line| line.chars().count() + 2 > WIDEST).collect();
    assert!(wide.is_empty(), "longer than {WIDEST} columns:\n{}", wide.join("\n"));
    assert!(all.len() > 30, "{} texts have examples", all.len());
    let failed: Vec<String> = all.iter().filter_map(|(place, commands)| fails(place, commands)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What is wrong with the examples of a text, run one after the other as somebody pastes them.
fn fails(place: &str, commands: &[String]) -> Option<String> {
    let world = world();
    if place == "spectrum sandbox serve" {
        commands.iter().for_each(|command| serves(&world, command));
        return None;
    }
    let script = commands.join("\n");
    if !script.contains("--secret-out") {
        world.file("hook.env", SECRETS);
    }
    let handler = script.contains("localhost:3000").then(|| handler(&world));
    let script = match &handler {
        Some(handler) => script.replace("http://localhost:3000", &handler.url()),
        None => script,
    };
    let output = world.shell(&format!("set -ex\n{script}")).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    (!output.status.success()).then(|| format!("== {place}: {}\n{told}", output.status))
}

/// A server that an example starts says where it is, and ends when it is told to.
fn serves(world: &World, command: &str) {
    let place = if command.contains("--listen") { "" } else { " --listen 127.0.0.1:0" };
    let mut server = world.shell(&format!("exec {command}{place}")).stderr(Stdio::null()).spawn().unwrap();
    let lines: Vec<String> =
        BufReader::new(server.stdout.take().unwrap()).lines().take(3).map_while(Result::ok).collect();
    assert!(lines.len() == 3 && lines[0].starts_with("SPECTRUM_CLOUD_URL=http://127.0.0.1:"), "{command}: {lines:?}");
    signal(&server, Signal::SIGTERM);
    assert!(server.wait().unwrap().success(), "{command}");
}

#[test]
fn the_roster_of_the_help_applies_in_any_sandbox() {
    let world = World::new();
    world.file("roster.csv", roster());
    let run = world.run("-P sandbox users apply roster.csv -o ndjson");
    assert_eq!(run.ok().count("created"), 2);
}

#[test]
fn the_manual_has_every_example_and_every_section() {
    let world = World::new();
    world.run("man --dir man").ok();
    for (place, commands) in all().into_iter().filter(|(place, _)| place.starts_with("spectrum")) {
        let page = fs::read_to_string(world.home().join(format!("man/{}.1", place.replace(' ', "-")))).unwrap();
        let page = page.replace("\\-", "-").replace("\\(aq", "'").replace("\\(dq", "\"").replace("\\(ti", "~");
        let page = page.replace("\\e", "\\");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"]
        {
            assert!(page.contains(&format!("\n.SH \"{section}\"\n")), "{place}: {section}");
        }
        for command in &commands {
            let examples = page.split(".SH \"EXAMPLES\"").nth(1).unwrap();
            assert!(examples.contains(command), "{place}: {command}\n{examples}");
        }
    }
}

/// At a narrow terminal nothing is wider than it, and an example stays as it is typed.
#[test]
fn help_and_topics_fit_a_terminal_of_60_columns() {
    let world = World::new();
    let commands = all().into_iter().filter(|(place, _)| place.starts_with("spectrum"));
    let commands = commands.map(|(place, examples)| (format!("help{}", &place["spectrum".len()..]), examples));
    let topics = TOPICS.map(|(topic, text)| (format!("help {topic}"), examples(text)));
    for (line, examples) in commands.chain(topics) {
        let text = world.at_terminal(60, &line).ends().ok().stdout.replace('\r', "");
        // A line of a file is one word; a usage is for clap to break, and it does not.
        for row in text.lines().filter(|row| row.trim().contains(' ') && !row.starts_with("Usage: ")) {
            assert!(row.chars().count() <= 60, "{line}: {row}");
        }
        for example in examples.iter().flat_map(|example| example.lines()) {
            assert!(text.contains(&format!("\n  {example}\n")), "{line}: {example}\n{text}");
        }
    }
}
