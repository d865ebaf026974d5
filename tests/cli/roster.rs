//! `users apply`, end to end: the real binary against a real sandbox.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use spectrum_cli::sandbox::fault::{Fault, FaultKind, Latency};
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET, Options, Revision};
use spectrum_cli::sandbox::{self, Running};

/// A sandbox, and a folder to work in.
struct World {
    home: tempfile::TempDir,
    sandbox: Running,
}

/// What a run came to.
#[derive(Debug)]
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn events(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many rows came to an outcome, by the summary that ends a stream.
    fn count(&self, outcome: &str) -> u64 {
        self.events().last().unwrap()[outcome].as_u64().unwrap()
    }
}

impl World {
    fn new(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::default();
        options.projects[0].max_shared_users = 100_000;
        options.pool = 1000;
        change(&mut options);
        Self { home: tempfile::tempdir().unwrap(), sandbox: sandbox::start(&options, None).unwrap() }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spectrum"));
        command.env_clear().env("HOME", self.home.path()).env("APPDATA", self.home.path());
        command.env("SPECTRUM_CLOUD_URL", &self.sandbox.url);
        command.env("SPECTRUM_PROJECT_ID", DEFAULT_PROJECT_ID).env("SPECTRUM_PROJECT_SECRET", DEFAULT_SECRET);
        command.env("SPECTRUM_RATE_LIMIT", "0").current_dir(self.home.path()).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        finished(self.command(args).spawn().unwrap())
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Phone numbers of the active users, sorted.
    fn phones(&self) -> Vec<String> {
        let listed = self.run(&["users", "list", "-o", "json"]).json();
        let phone = |user: &Value| user["phoneNumber"].as_str().unwrap().to_owned();
        let mut phones: Vec<_> = listed.as_array().unwrap().iter().map(phone).collect();
        phones.sort();
        phones
    }
}

fn finished(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// A roster of so many shared users, and their numbers in order.
fn people(count: usize) -> (String, Vec<String>) {
    let mut text = String::from("phoneNumber,firstName,email\n");
    let phones: Vec<_> = (0..count).map(|n| format!("+1415{n:07}")).collect();
    for (n, phone) in phones.iter().enumerate() {
        writeln!(text, "{phone},Person {n},p{n}@example.com").unwrap();
    }
    (text, phones)
}

#[test]
fn a_file_with_problems_sends_nothing_and_tells_them_all() {
    let world = World::new(|_| {});
    world.file("bad.csv", "phoneNumber,emial\r\n14155550101,x\r\n1.41555E+10,\r\n+14155550102,\r\n+14155550102,\r\n");
    let ran = world.run(&["users", "apply", "bad.csv"]);
    assert_eq!((ran.code, ran.stdout.as_str(), world.sandbox.requests()), (2, "", 0), "{ran:?}");
    for part in ["bad.csv:1: column 2 (emial)", "did you mean email?", "bad.csv:2: ", "bad.csv:3: ", "line 4 too"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let machine = world.run(&["users", "apply", "bad.csv", "-o", "json"]);
    let error: Value = serde_json::from_str(machine.stderr.trim()).unwrap();
    assert_eq!(error["error"]["details"].as_array().unwrap().len(), 4);
    assert_eq!(world.run(&["users", "apply", "missing.csv"]).code, 2);
    assert_eq!(world.sandbox.requests(), 0);
}

#[test]
fn what_list_writes_applies_without_a_change_over_several_pages() {
    for revision in [Revision::May2026, Revision::September2026] {
        let world = World::new(|options| options.revision = revision);
        let (mut roster, phones) = people(1100);
        roster.push_str("+14159999999,\"=cmd|' /C calc'!A0\",\n+14159999998,'t Hooft,\n");
        world.file("roster.csv", roster);
        assert_eq!(world.run(&["users", "apply", "roster.csv", "--dry-run", "--exit-code"]).code, 10);
        let ran = world.run(&["users", "apply", "roster.csv", "-o", "ndjson"]);
        assert_eq!((ran.code, ran.count("created")), (0, 1102), "{}", ran.stderr);
        assert_eq!(world.phones()[..1100], phones);
        for format in ["csv", "json", "ndjson"] {
            let name = format!("list.{format}");
            world.file(&name, world.run(&["users", "list", "-o", format]).stdout);
            let before = world.sandbox.requests();
            let again = world.run(&["users", "apply", &name, "--prune", "--dry-run", "--exit-code", "-o", "json"]);
            assert_eq!(again.code, 0, "{format}: {again:?}");
            assert_eq!(again.json()["plan"]["unchanged"], 1102);
            assert!(world.sandbox.requests() - before >= 3, "the project is read page by page");
        }
    }
}

#[test]
fn values_that_differ_are_drift_or_updated_as_the_answer_tells() {
    for (revision, outcome) in [(Revision::May2026, "drift"), (Revision::September2026, "updated")] {
        let world = World::new(|options| options.revision = revision);
        world.file("a.csv", "phoneNumber,firstName,lastName\n+14155550101,Ada,King\n");
        assert_eq!(world.run(&["users", "apply", "a.csv"]).code, 0);
        world.file("a.csv", "phoneNumber,firstName\n+14155550101,Augusta\n");
        let ran = world.run(&["users", "apply", "a.csv", "-o", "ndjson"]);
        assert_eq!((ran.code, ran.count(outcome)), (0, 1), "{ran:?}");
        assert_eq!(ran.stderr.contains("warning:"), outcome == "drift");
        let replaced = world.run(&["users", "apply", "a.csv", "--replace", "--yes", "-o", "ndjson"]);
        assert_eq!((replaced.code, replaced.count("drift")), (0, 0), "{replaced:?}");
        let user = world.run(&["users", "get", "+14155550101", "-o", "json"]).json();
        assert_eq!((user["firstName"].as_str(), user["lastName"].as_str()), (Some("Augusta"), Some("King")));
    }
}

#[test]
fn deleting_needs_a_yes_has_a_cap_and_never_follows_from_nothing() {
    let world = World::new(|_| {});
    let (roster, phones) = people(14);
    world.file("all.csv", &roster);
    assert_eq!(world.run(&["users", "apply", "all.csv"]).code, 0);
    let two: String = roster.lines().take(3).flat_map(|line| [line, "\n"]).collect();
    world.file("two.csv", two);
    world.file("none.csv", "phoneNumber\n");
    for args in [
        &["two.csv", "--prune"][..],
        &["two.csv", "--prune", "--yes"],
        &["none.csv", "--prune", "--yes", "--max-delete", "99"],
        &["two.csv", "--replace"],
    ] {
        let ran = world.run(&[&["users", "apply"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
    }
    assert_eq!(world.phones(), phones);
    assert_eq!(world.run(&["users", "apply", "none.csv"]).code, 0);
    let pruned = world.run(&["users", "apply", "two.csv", "--prune", "--yes", "--max-delete", "12", "-o", "ndjson"]);
    assert_eq!((pruned.code, pruned.count("deleted"), pruned.count("unchanged")), (0, 12, 2), "{pruned:?}");
    assert_eq!(world.phones(), phones[..2]);
}

#[test]
fn at_full_capacity_a_swap_works_because_deletes_go_first() {
    let world = World::new(|options| options.projects[0].max_shared_users = 3);
    world.file("a.csv", "phoneNumber,email\n+14155550101,a@example.com\n+14155550102,\n+14155550103,\n");
    assert_eq!(world.run(&["users", "apply", "a.csv"]).code, 0);
    world.file("b.csv", "phoneNumber,email\n+14155550104,a@example.com\n+14155550102,\n+14155550103,\n");
    let ran = world.run(&["users", "apply", "b.csv", "--prune", "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(world.phones(), ["+14155550102", "+14155550103", "+14155550104"]);
}

#[test]
fn reached_capacity_stops_the_run_and_the_rest_can_be_applied_later() {
    let world = World::new(|options| options.projects[0].max_shared_users = 5);
    let (roster, phones) = people(60);
    world.file("roster.csv", roster);
    for name in ["failed.csv", "failed.json", "failed.toml", "failed.ndjson"] {
        let ran = world.run(&["users", "apply", "roster.csv", "--failed-out", name, "-o", "ndjson"]);
        // What was not tried counts as failed.
        assert_eq!((ran.code, ran.count("failed"), ran.count("skipped")), (9, 55, 0), "{ran:?}");
        assert!(ran.stdout.contains("not tried: the project's capacity is reached"), "it stops at once: {ran:?}");
        assert!(ran.stderr.contains("capacity"), "{}", ran.stderr);
        let left = world.run(&["users", "apply", name, "--dry-run", "-o", "json"]).json();
        assert_eq!((&left["plan"]["create"], &left["plan"]["unchanged"]), (&55.into(), &0.into()));
    }
    assert_eq!(world.phones().len(), 5);
    assert!(world.phones().iter().all(|phone| phones.contains(phone)));
}

#[test]
fn an_email_in_other_hands_fails_its_row_alone() {
    let world = World::new(|_| {});
    world.file("a.csv", "phoneNumber,email\n+14155550101,a@example.com\n");
    assert_eq!(world.run(&["users", "apply", "a.csv"]).code, 0);
    world.file("b.csv", "phoneNumber,email\n+14155550102,a@example.com\n+14155550103,\n");
    let ran = world.run(&["users", "apply", "b.csv", "-o", "json"]);
    assert_eq!(ran.code, 9);
    let rows = ran.json()["rows"].clone();
    let failed = rows.as_array().unwrap().iter().find(|row| row["outcome"] == "failed").unwrap();
    assert_eq!((&failed["line"], &failed["error"]["code"]), (&2.into(), &"identity_mismatch".into()));
    assert_eq!(world.phones(), ["+14155550101", "+14155550103"]);
    let error: Value = serde_json::from_str(ran.stderr.trim()).unwrap();
    assert_eq!((&error["error"]["code"], &error["error"]["exitCode"]), (&"partial".into(), &9.into()));
}

#[test]
fn through_faults_no_row_is_lost_and_none_is_doubled() {
    let world = World::new(|options| {
        let fault = |kind| Fault { kind, rate: 0.0625 };
        let kinds = [FaultKind::Status(503), FaultKind::Drop, FaultKind::Garbage, FaultKind::Status(500)];
        options.faults.rules = kinds.map(fault).to_vec();
    });
    let (roster, phones) = people(80);
    world.file("roster.csv", roster);
    let mut codes = Vec::new();
    while codes.last() != Some(&0) && codes.len() < 40 {
        codes.push(world.run(&["users", "apply", "roster.csv", "--retries", "0"]).code);
    }
    assert_eq!(codes.last(), Some(&0), "{codes:?}");
    assert!(codes.iter().all(|code| [0, 8, 9].contains(code)), "{codes:?}");
    // The list meets the faults, too.
    let list = (0..40).map(|_| world.run(&["users", "list", "-o", "json", "--retries", "0"])).find(|ran| ran.code == 0);
    let listed = list.unwrap().json();
    let mut found: Vec<_> =
        listed.as_array().unwrap().iter().map(|user| user["phoneNumber"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, phones);
}

#[test]
fn fail_fast_stops_at_the_first_failure() {
    let world = World::new(|_| {});
    let roster: String = (0..200).map(|n| format!("dedicated,+1415{n:07},+15005550000\n")).collect();
    world.file("roster.csv", format!("type,phoneNumber,assignedPhoneNumber\n{roster}"));
    let ran = world.run(&["users", "apply", "roster.csv", "--fail-fast", "-o", "ndjson"]);
    assert_eq!((ran.code, ran.count("failed") + ran.count("skipped")), (9, 200));
    assert!(ran.count("failed") < 40, "only what was in flight");
    let all = world.run(&["users", "apply", "roster.csv", "-o", "ndjson"]);
    assert_eq!((all.code, all.count("failed"), all.count("skipped")), (9, 200, 0));
}

#[test]
fn refused_credentials_end_it_before_anything_is_written() {
    let world = World::new(|_| {});
    world.file("a.csv", "phoneNumber\n+14155550101\n");
    let mut command = world.command(&["users", "apply", "a.csv", "--failed-out", "failed.csv"]);
    let ran = finished(command.env("SPECTRUM_PROJECT_SECRET", "wrong").spawn().unwrap());
    assert_eq!((ran.code, world.sandbox.requests()), (4, 1), "{ran:?}");
    let nowhere = world.run(&["users", "apply", "a.csv", "--failed-out", "no/such/folder/failed.csv"]);
    assert_eq!((nowhere.code, world.sandbox.requests()), (2, 1), "{nowhere:?}");
    assert_eq!(world.run(&["users", "apply", "a.csv", "--failed-out", "a.csv"]).code, 2);
}

#[test]
fn at_the_ceiling_no_429_is_drawn() {
    let world = World::new(|options| {
        options.rate_limit = 40;
        let latency = std::time::Duration::from_millis(120);
        options.faults.latency = Some(Latency { least: latency, most: latency });
    });
    let (roster, _) = people(70);
    world.file("roster.csv", roster);
    let ran = world.run(&["users", "apply", "roster.csv", "--rate-limit", "40", "-v", "-o", "ndjson"]);
    assert_eq!((ran.code, ran.count("created")), (0, 70), "{ran:?}");
    assert!(!ran.stderr.contains(" 429 "), "{}", ran.stderr);
    assert_eq!(world.sandbox.requests(), 71);
}

/// Starts a slow run and hands it over with its stdout when some rows are done.
#[cfg(unix)]
fn begun(world: &World, roster: &Path) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut command =
        world.command(&["users", "apply", roster.to_str().unwrap(), "-o", "ndjson", "--rate-limit", "50"]);
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    for _ in 0..6 {
        stdout.read_line(&mut text).unwrap();
    }
    (child, stdout, text)
}

#[cfg(unix)]
#[test]
fn ctrl_c_finishes_what_is_in_flight_and_the_same_command_completes_it() {
    let world = World::new(|_| {});
    let (roster, phones) = people(500);
    let path = world.file("roster.csv", roster);
    let (child, mut stdout, mut text) = begun(&world, &path);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    std::io::Read::read_to_string(&mut stdout, &mut text).unwrap();
    let ran = Ran { stdout: text, ..finished(child) };
    assert_eq!(ran.code, 130, "{ran:?}");
    let (created, skipped) = (ran.count("created"), ran.count("skipped"));
    assert!(created >= 5 && created + skipped == 500, "{ran:?}");
    assert_eq!(world.phones().len() as u64, created, "what was told is what is there");
    let again = world.run(&["users", "apply", "roster.csv", "-o", "ndjson"]);
    assert_eq!((again.code, again.count("created"), again.count("unchanged")), (0, skipped, created));
    assert_eq!(world.phones(), phones);
}

#[cfg(unix)]
#[test]
fn killed_the_same_command_completes_it_and_unheard_it_goes_on() {
    let world = World::new(|_| {});
    let (roster, phones) = people(300);
    let path = world.file("roster.csv", roster);
    let (mut child, stdout, _) = begun(&world, &path);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdout);
    let (child, stdout, _) = begun(&world, &path);
    drop(stdout);
    let ran = finished(child);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert_eq!(world.phones(), phones);
}

#[test]
fn a_roster_comes_through_a_pipe_as_well() {
    let world = World::new(|_| {});
    let mut command = world.command(&["users", "apply", "-", "-o", "id"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"[[users]]\nphoneNumber = \"+14155550101\"\n").unwrap();
    let ran = finished(child);
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 1), "{ran:?}");
}

#[test]
fn replacing_deletes_nobody_whom_the_service_would_have_changed() {
    for (revision, outcome) in [(Revision::May2026, "created"), (Revision::September2026, "updated")] {
        let world = World::new(|options| options.revision = revision);
        world.file("a.csv", "phoneNumber,firstName\n+14155550101,Ada\n");
        assert_eq!(world.run(&["users", "apply", "a.csv"]).code, 0);
        let before = world.run(&["users", "list", "-o", "id"]).stdout;
        world.file("b.csv", "phoneNumber,firstName\n+14155550101,Augusta\n");
        let ran = world.run(&["users", "apply", "b.csv", "--replace", "--yes", "-o", "ndjson"]);
        assert_eq!((ran.code, ran.count(outcome)), (0, 1), "{ran:?}");
        let after = world.run(&["users", "list", "-o", "id"]).stdout;
        assert_eq!(before == after, revision == Revision::September2026, "the same record only where it was changed");
    }
}

#[test]
fn names_come_back_to_the_letter_from_a_list_of_any_columns() {
    let world = World::new(|_| {});
    world.file("a.json", r#"[{"phoneNumber":"+14155550101","firstName":" lead","lastName":"trail \u2028"}]"#);
    assert_eq!(world.run(&["users", "apply", "a.json"]).code, 0);
    for format in ["csv", "json", "ndjson"] {
        let listed = world.run(&["users", "list", "-o", format, "--fields", "type,phoneNumber,firstName,lastName"]);
        let file = format!("back.{format}");
        world.file(&file, &listed.stdout);
        let again = world.run(&["users", "apply", &file, "--dry-run", "--exit-code"]);
        assert_eq!(again.code, 0, "{format}: {again:?}");
    }
}

#[test]
fn a_stream_is_rows_and_then_its_summary_planned_or_done() {
    let world = World::new(|_| {});
    world.file("a.csv", "phoneNumber\n+14155550101\n+14155550102\n");
    for args in [
        ["users", "apply", "a.csv", "-o", "ndjson"].as_slice(),
        &["users", "apply", "a.csv", "-o", "ndjson", "--dry-run"],
    ] {
        let events = world.run(args).events();
        let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
        assert_eq!(names, ["row", "row", "summary"]);
        assert!(events[2]["plan"]["create"].is_u64());
    }
}

#[test]
fn a_paced_run_draws_no_429_from_a_service_of_changing_latency() {
    let latency: Latency = "0ms..300ms".parse().unwrap();
    let world = World::new(|options| (options.rate_limit, options.faults.latency) = (20, Some(latency)));
    let (roster, _) = people(40);
    world.file("a.csv", roster);
    let ran = world.run(&["users", "apply", "a.csv", "-v", "--rate-limit", "20"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.stderr.contains(" 429 "), "{}", ran.stderr);
}
