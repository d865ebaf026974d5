//! `sandbox serve`, `exec`, `status` and `reset` as processes: what they print, how they end, what survives them.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::http;

/// The binary with nothing of this process's environment but a home of its own.
fn spectrum(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectrum"));
    command.env_clear().env("HOME", home).env("APPDATA", home).stdin(Stdio::null());
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command
}

/// A server process; killed when the test is over.
struct Serve {
    child: Child,
    lines: Vec<String>,
}

impl Serve {
    fn start(home: &Path, args: &[&str]) -> Self {
        let mut command = spectrum(home);
        command.args(["sandbox", "serve", "--listen", "127.0.0.1:0", "--rate-limit", "0"]).args(args);
        Self::spawn(command.stderr(Stdio::null()))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let lines = stdout.lines().take(3).map(|line| line.unwrap()).collect();
        Self { child, lines }
    }

    fn value(&self, name: &str) -> &str {
        self.lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap()
    }

    fn ask(&self, method: &str, tail: &str, body: Option<&Value>) -> Option<Value> {
        let url = format!("{}/projects/{}{tail}", self.value("SPECTRUM_CLOUD_URL"), self.value("SPECTRUM_PROJECT_ID"));
        let authorization = http::basic(self.value("SPECTRUM_PROJECT_ID"), self.value("SPECTRUM_PROJECT_SECRET"));
        let body = body.map(Value::to_string);
        http::try_send(method, &url, Some(&authorization), body.as_deref()).map(|reply| reply.json())
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(unix)]
#[test]
fn serve_prints_three_lines_and_ends_cleanly_when_it_is_told_to() {
    let home = tempfile::tempdir().unwrap();
    let mut command = spectrum(home.path());
    // A secret of the same value must not be redacted out of the line that hands it over.
    command.env("SPECTRUM_PROJECT_SECRET", "sandbox-secret-known-to-everybody");
    command.args(["sandbox", "serve", "--listen", "localhost:0", "--memory"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
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
    terminate(&child);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).unwrap();
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(rest, "", "nothing else on standard output");
    let log = text(&stderr);
    assert!(log.starts_with("GET /nowhere 404 ") && log.ends_with(" ms\n") && !log.contains("hush"), "{log}");
}

#[cfg(unix)]
fn terminate(child: &Child) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
}

#[cfg(unix)]
#[test]
fn whatever_was_answered_survives_being_killed_again_and_again() {
    let home = tempfile::tempdir().unwrap();
    let store = home.path().join("store.sqlite3");
    let store = store.to_str().unwrap();
    let args = ["--store", store, "--max-shared-users", "1000000"];
    let answered = Mutex::new(Vec::new());
    let next = AtomicU64::new(0);
    for round in 1..=6 {
        let mut server = Serve::start(home.path(), &args);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let body = json!({ "type": "shared", "phoneNumber": format!("+1415{n:07}") });
                        let Some(answer) = server.ask("POST", "/users/", Some(&body)) else { break };
                        let Some(id) = answer["data"]["id"].as_str() else { break };
                        answered.lock().unwrap().push(id.to_owned());
                    }
                });
            }
            let pid = nix::unistd::Pid::from_raw(i32::try_from(server.child.id()).unwrap());
            while answered.lock().unwrap().len() < round * 40 {
                thread::yield_now();
            }
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
        });
        server.child.wait().unwrap();
    }
    let server = Serve::start(home.path(), &args);
    let list = server.ask("GET", "/users/", None).unwrap();
    let ids: std::collections::HashSet<&str> =
        list["data"]["users"].as_array().unwrap().iter().filter_map(|user| user["id"].as_str()).collect();
    let answered = answered.lock().unwrap();
    assert!(answered.len() >= 240);
    assert!(answered.iter().all(|id| ids.contains(id.as_str())), "an answered row is gone");
    assert_eq!(list["data"]["total"], ids.len());
}

#[test]
fn twenty_four_commands_at_once_share_a_store_that_none_of_them_found() {
    let home = tempfile::tempdir().unwrap();
    let run = |n: usize| {
        let mut command = spectrum(home.path());
        let phone = format!("+141555501{n:02}");
        command.args(["-P", "sandbox", "users", "create", "--shared", "--phone", &phone, "-o", "id"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<Child> = (0..24).map(run).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let status = spectrum(home.path()).args(["sandbox", "status", "-o", "json"]).output().unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((&status["sharedUsers"], &status["url"]), (&json!(24), &Value::Null));
}

#[test]
fn a_command_works_beside_a_server_on_the_same_store() {
    let home = tempfile::tempdir().unwrap();
    let server = Serve::start(home.path(), &[]);
    let create = ["-P", "sandbox", "users", "create", "--shared", "--phone", "+14155550123"];
    assert!(spectrum(home.path()).args(create).output().unwrap().status.success());
    assert_eq!(server.ask("GET", "/users/", None).unwrap()["data"]["total"], 1);
    let status = spectrum(home.path()).args(["sandbox", "status", "-o", "json"]).output().unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["url"], server.value("SPECTRUM_CLOUD_URL"));
    let refused = spectrum(home.path()).args(["sandbox", "reset"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "nobody confirmed");
    let reset = spectrum(home.path()).args(["sandbox", "reset", "--yes", "-o", "json"]).output().unwrap();
    let reset: Value = serde_json::from_slice(&reset.stdout).unwrap();
    assert_eq!(reset["deletedUsers"], 1);
    assert_eq!(server.ask("GET", "/users/", None).unwrap()["data"]["total"], 0);
}

#[cfg(unix)]
#[test]
fn exec_hands_on_how_its_command_ended() {
    let home = tempfile::tempdir().unwrap();
    let run = |command: &[&str]| {
        let mut spectrum = spectrum(home.path());
        spectrum.env("SPECTRUM_PROFILE", "prod").env("SPECTRUM_PROJECT_SECRET_FILE", "/nowhere");
        spectrum.args(["sandbox", "exec", "--"]).args(command).output().unwrap()
    };
    assert_eq!(run(&["sh", "-c", "exit 7"]).status.code(), Some(7));
    assert_eq!(run(&["sh", "-c", "kill -9 $$"]).status.code(), Some(137));
    assert_eq!(run(&["no-such-command"]).status.code(), Some(127));
    assert_eq!(run(&["/"]).status.code(), Some(126));
    let create = [env!("CARGO_BIN_EXE_spectrum"), "users", "create", "--shared", "--phone", "+14155550123", "-o", "id"];
    let created = run(&create);
    assert!(created.status.success(), "{}", text(&created.stderr));
    assert_eq!(text(&created.stdout).trim().len(), 36);
    assert!(std::fs::read_dir(home.path()).unwrap().next().is_none(), "nothing is left behind");
}

#[cfg(unix)]
#[test]
fn exec_passes_a_signal_on_and_outlives_its_command() {
    let home = tempfile::tempdir().unwrap();
    let mut command = spectrum(home.path());
    // The command says when it is ready, and answers the signal with a code of its own.
    command.args([
        "sandbox",
        "exec",
        "--",
        "sh",
        "-c",
        "trap 'exit 42' TERM; echo ready; while :; do sleep 0.01; done",
    ]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    terminate(&child);
    assert_eq!(child.wait().unwrap().code(), Some(42));
}

#[test]
fn several_projects_come_from_a_file_and_what_is_wrong_with_it_is_said_without_its_secrets() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("projects.toml");
    let id = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
    std::fs::write(&file, format!("[[projects]]\nid = \"{id}\"\nsecret = \"first-secret\"\nmax_shared_users = 1\n"))
        .unwrap();
    let server = Serve::start(home.path(), &["--memory", "--projects", file.to_str().unwrap()]);
    assert_eq!(server.value("SPECTRUM_PROJECT_ID"), id);
    assert_eq!(server.value("SPECTRUM_PROJECT_SECRET"), "first-secret");
    let create = |phone: &str| server.ask("POST", "/users/", Some(&json!({ "type": "shared", "phoneNumber": phone })));
    assert_eq!(create("+14155550123").unwrap()["succeed"], true);
    assert_eq!(create("+14155550124").unwrap()["code"], "402");
    std::fs::write(&file, format!("[[projects]]\nid = \"{id}\"\nsecret = \"first-secret\"\nseats = 1\n")).unwrap();
    let args = ["sandbox", "serve", "--memory", "--projects", file.to_str().unwrap()];
    let refused = spectrum(home.path()).args(args).output().unwrap();
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("line 4") && said.contains("seats") && !said.contains("first-secret"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_log_that_nobody_reads_stops_neither_the_server_nor_its_end() {
    let home = tempfile::tempdir().unwrap();
    let mut command = spectrum(home.path());
    command.args(["sandbox", "serve", "--listen", "127.0.0.1:0", "--rate-limit", "0", "--memory"]);
    // A pipe that is never read holds some 64 KB; a thousand lines with long paths are more.
    let mut serve = Serve::spawn(command.stderr(Stdio::piped()));
    let url = format!("{}/{}", serve.value("SPECTRUM_CLOUD_URL"), "x".repeat(200));
    for _ in 0..1000 {
        assert_eq!(http::send("GET", &url, None, None).status, 404);
    }
    let pid = serve.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(serve.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_client_that_closes_its_side_still_gets_its_answer() {
    use std::io::{Read as _, Write as _};
    let home = tempfile::tempdir().unwrap();
    let serve = Serve::start(home.path(), &["--memory"]);
    for _ in 0..20 {
        let mut stream = http::connect(serve.value("SPECTRUM_CLOUD_URL"));
        stream.write_all(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer:?}");
    }
}

#[test]
fn a_fault_speaks_the_words_of_its_status() {
    let home = tempfile::tempdir().unwrap();
    for (status, code) in [("401", "401"), ("429", "RATE_LIMITED"), ("500", "INTERNAL_SERVER_ERROR"), ("503", "503")] {
        let serve = Serve::start(home.path(), &["--memory", "--fault", &format!("{status}:1")]);
        assert_eq!(serve.ask("GET", "/users/", None).unwrap()["code"], code);
    }
}
