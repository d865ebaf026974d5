//! `sandbox serve`, `exec`, `status` and `reset` as processes: what they print, how they end, what survives them.

use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

#[cfg(unix)]
use nix::sys::signal::Signal;
use serde_json::{Value, json};

#[cfg(unix)]
use crate::hostile::{Hostile, Reply};
use crate::http;
#[cfg(unix)]
use crate::world::{BINARY, PROJECT, SECRET, signal};
use crate::world::{Run, Serve, World};

/// Where the programs are that `sandbox exec` is given here.
#[cfg(unix)]
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

#[cfg(unix)]
#[test]
fn serve_prints_three_lines_and_ends_cleanly_when_it_is_told_to() {
    use std::io::{BufRead as _, BufReader, Read as _};
    // A secret of the same value must not be redacted out of the line that hands it over.
    let world = World::new().var("SPECTRUM_PROJECT_SECRET", "sandbox-secret-known-to-everybody");
    let mut child = world.start("sandbox serve --listen localhost:0 --memory");
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    for _ in 0..3 {
        stdout.read_line(&mut lines).unwrap();
    }
    let names: Vec<&str> = lines.lines().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["SPECTRUM_CLOUD_URL", "SPECTRUM_PROJECT_ID", "SPECTRUM_PROJECT_SECRET"]);
    assert!(lines.ends_with("=sandbox-secret-known-to-everybody\n"), "{lines}");
    let url = lines.lines().next().unwrap().split_once('=').unwrap().1;
    assert_eq!(http::send("GET", &format!("{url}/nowhere?secret=hush"), None, None).status, 404);
    signal(&child, Signal::SIGTERM);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "nothing else on standard output");
    let run = Run::from(child);
    let log = &run.ok().stderr;
    assert!(log.starts_with("GET /nowhere 404 ") && log.ends_with(" ms\n") && !log.contains("hush"), "{log}");
}

#[test]
fn whatever_was_answered_survives_being_killed_again_and_again() {
    let world = World::new();
    let options = "--store store.sqlite3 --max-shared-users 1000000";
    let answered = Mutex::new(Vec::new());
    let next = AtomicU64::new(0);
    for round in 1..=6 {
        let mut server = world.serve(options);
        let Serve { child, project } = &mut server;
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let body = json!({ "type": "shared", "phoneNumber": format!("+1415{n:07}") });
                        let Some(answer) = project.ask("POST", "/users/", Some(&body)) else { break };
                        let Some(id) = answer["data"]["id"].as_str() else { break };
                        answered.lock().unwrap().push(id.to_owned());
                    }
                });
            }
            while answered.lock().unwrap().len() < round * 40 {
                thread::yield_now();
            }
            child.kill().unwrap();
        });
    }
    let server = world.serve(options);
    let list = server.project.ask("GET", "/users/", None).unwrap();
    let ids: std::collections::HashSet<&str> =
        list["data"]["users"].as_array().unwrap().iter().filter_map(|user| user["id"].as_str()).collect();
    let answered = answered.lock().unwrap();
    assert!(answered.len() >= 240);
    assert!(answered.iter().all(|id| ids.contains(id.as_str())), "an answered row is gone");
    assert_eq!(list["data"]["total"], ids.len());
}

#[test]
fn twenty_four_commands_at_once_share_a_store_that_none_of_them_found() {
    let world = World::new();
    let create = |n| world.start(&format!("-P sandbox users create --shared --phone +141555501{n:02} -o id"));
    let children: Vec<Child> = (0..24).map(create).collect();
    for child in children {
        Run::from(child).ok();
    }
    let status = world.run("sandbox status -o json").json();
    assert_eq!((&status["sharedUsers"], &status["url"]), (&json!(24), &Value::Null));
}

#[test]
fn a_command_works_beside_a_server_on_the_same_store() {
    let world = World::new();
    let server = world.serve("");
    world.run("-P sandbox users create --shared --phone +14155550123").ok();
    assert_eq!(server.project.ask("GET", "/users/", None).unwrap()["data"]["total"], 1);
    assert_eq!(world.run("sandbox status -o json").json()["url"], server.project.url);
    assert_eq!(world.run("sandbox reset").status, 2, "nobody confirmed");
    assert_eq!(world.run("sandbox reset --yes -o json").json()["deletedUsers"], 1);
    assert_eq!(server.project.ask("GET", "/users/", None).unwrap()["data"]["total"], 0);
}

#[cfg(unix)]
#[test]
fn exec_hands_on_how_its_command_ended() {
    let world =
        World::new().var("PATH", PATH).var("SPECTRUM_PROFILE", "prod").var("SPECTRUM_PROJECT_SECRET_FILE", "/nowhere");
    let exec = |command: &[&str]| world.run_args(&[&["sandbox", "exec", "--"], command].concat());
    assert_eq!(exec(&["sh", "-c", "exit 7"]).status, 7);
    assert_eq!(exec(&["sh", "-c", "kill -9 $$"]).status, 137);
    assert_eq!(exec(&["no-such-command"]).status, 127);
    assert_eq!(exec(&["/"]).status, 126);
    let created = exec(&[BINARY, "users", "create", "--shared", "--phone", "+14155550123", "-o", "id"]);
    assert_eq!(created.ok().stdout.trim().len(), 36);
    assert!(std::fs::read_dir(world.home()).unwrap().next().is_none(), "nothing is left behind");
}

/// What leads a command to a project: each of these somewhere else than to the sandbox.
#[cfg(unix)]
const ASTRAY: [(&str, &str); 8] = [
    ("SPECTRUM_CONFIG", "elsewhere.toml"),
    ("SPECTRUM_PROFILE", "prod"),
    ("SPECTRUM_PROJECT_ID", PROJECT),
    ("SPECTRUM_PROJECT_SECRET", SECRET),
    ("SPECTRUM_PROJECT_SECRET_FILE", "elsewhere.secret"),
    ("SPECTRUM_CLOUD_URL", "https://elsewhere.example"),
    ("PHOTON_PROJECT_ID", PROJECT),
    ("PHOTON_PROJECT_SECRET", SECRET),
];

#[cfg(unix)]
#[test]
fn exec_hands_its_command_nothing_that_leads_elsewhere() {
    let server = Hostile::always(Reply::close());
    let world = World::with_profile(&server).var("PATH", PATH).var("KEPT", "kept");
    world.file("elsewhere.toml", std::fs::read(world.config()).unwrap());
    let world = ASTRAY.into_iter().fold(world, |world, (name, value)| world.var(name, value));
    let run = world.run_args(&["sandbox", "exec", "--", "env"]);
    let variables: Vec<(&str, &str)> = run.ok().stdout.lines().filter_map(|line| line.split_once('=')).collect();
    let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    for (name, elsewhere) in ASTRAY {
        assert_ne!(value(name), Some(elsewhere), "{name}");
    }
    assert_eq!(value("KEPT"), Some("kept"));
    assert_eq!(value("HOME"), world.home().to_str());
    run.lacks(SECRET);
    // Also a command that takes away what it was given comes out in the sandbox, not at the default profile.
    let unset = "unset SPECTRUM_CLOUD_URL SPECTRUM_PROJECT_ID SPECTRUM_PROJECT_SECRET";
    let script = format!("{unset}; exec {BINARY} users list -o id");
    assert_eq!(world.run_args(&["sandbox", "exec", "--", "sh", "-c", &script]).ok().stdout, "");
    assert_eq!(server.count(), 0);
}

#[cfg(unix)]
#[test]
fn exec_passes_a_signal_on_and_outlives_its_command() {
    use std::io::{BufRead as _, BufReader};
    let world = World::new().var("PATH", PATH);
    // The command says when it is ready, and answers the signal with a code of its own.
    let script = "trap 'exit 42' TERM; echo ready; while :; do sleep 0.01; done";
    let mut child = world.command(&["sandbox", "exec", "--", "sh", "-c", script]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    signal(&child, Signal::SIGTERM);
    assert_eq!(Run::from(child).status, 42);
}

#[test]
fn several_projects_come_from_a_file_and_what_is_wrong_with_it_is_said_without_its_secrets() {
    let world = World::new();
    let id = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
    let project = format!("[[projects]]\nid = \"{id}\"\nsecret = \"first-secret\"\n");
    world.file("projects.toml", format!("{project}max_shared_users = 1\n"));
    let server = world.serve("--memory --projects projects.toml");
    assert_eq!((server.project.id.as_str(), server.project.secret.as_str()), (id, "first-secret"));
    let create =
        |phone| server.project.ask("POST", "/users/", Some(&json!({ "type": "shared", "phoneNumber": phone })));
    assert_eq!(create("+14155550123").unwrap()["succeed"], true);
    assert_eq!(create("+14155550124").unwrap()["code"], "402");
    world.file("projects.toml", format!("{project}seats = 1\n"));
    let refused = world.run("sandbox serve --memory --projects projects.toml");
    assert_eq!(refused.status, 2, "{refused:?}");
    refused.says("line 4").says("seats").lacks("first-secret");
}

#[cfg(unix)]
#[test]
fn a_log_that_nobody_reads_stops_neither_the_server_nor_its_end() {
    // A pipe that is never read holds some 64 KB; a thousand lines with long paths are more.
    let world = World::new();
    let mut server = world.serve_with_log("--memory", std::process::Stdio::piped());
    let url = format!("{}/{}", server.project.url, "x".repeat(200));
    for _ in 0..1000 {
        assert_eq!(http::send("GET", &url, None, None).status, 404);
    }
    signal(&server.child, Signal::SIGTERM);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_client_that_closes_its_side_still_gets_its_answer() {
    use std::io::{Read as _, Write as _};
    let world = World::new();
    let server = world.serve("--memory");
    for _ in 0..20 {
        let mut stream = http::connect(&server.project.url);
        stream.write_all(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer:?}");
    }
}

#[test]
fn a_fault_speaks_the_words_of_its_status() {
    let world = World::new();
    for (status, code) in [("401", "401"), ("429", "RATE_LIMITED"), ("500", "INTERNAL_SERVER_ERROR"), ("503", "503")] {
        let server = world.serve(&format!("--memory --fault {status}:1"));
        assert_eq!(server.project.ask("GET", "/users/", None).unwrap()["code"], code);
    }
}
