//! `doctor`: each thing that a command hangs on is looked at, and says what to do.

use std::fs;

use serde_json::Value;

use crate::hostile::{Hostile, Reply, list, user};
#[cfg(unix)]
use crate::world::PROJECT;
use crate::world::{Run, SECRET, World};

const CHECKS: [&str; 10] = ["config", "credentials", "url", "proxy", "ca", "dns", "tls", "service", "clock", "rate"];

/// What a check found.
#[track_caller]
pub fn finding(run: &Run, check: &str) -> Value {
    let found = run.json();
    let all = found.as_array().unwrap();
    all.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{check}: {run:?}")).clone()
}

/// How a check ended.
#[track_caller]
pub fn state(run: &Run, check: &str) -> String {
    finding(run, check)["state"].as_str().unwrap().to_owned()
}

/// How a command ends one of whose checks failed: its document is whole all the same.
#[track_caller]
pub fn ends(run: &Run, status: i32, code: &str) {
    assert_eq!((run.status, run.error()["code"].as_str()), (status, Some(code)), "{run:?}");
    assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "{run:?}");
}

#[track_caller]
fn check(run: &Run, expected: &[(&str, &str)]) {
    let found = run.json();
    let names: Vec<&str> = found.as_array().unwrap().iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    assert_eq!(names, CHECKS, "every check, once and in order");
    for (name, expected) in expected {
        assert_eq!(state(run, name), *expected, "{name}: {run:?}");
    }
    for finding in found.as_array().unwrap() {
        let wants_hint = matches!(finding["state"].as_str(), Some("failed" | "warning"));
        assert_eq!(finding["hint"].is_string(), wants_hint, "{finding}");
    }
}

#[test]
fn what_works_is_ok_and_takes_one_request() {
    let server = Hostile::always(Reply::data(list(&[user("+14155550123")])));
    let world = World::on(&server);
    let run = world.run("doctor -o json");
    check(run.ok(), &[("credentials", "ok"), ("url", "ok"), ("proxy", "ok"), ("tls", "skipped"), ("service", "ok")]);
    assert_eq!(server.count(), 1);
    let sandbox = World::new().run("-P sandbox doctor -o json");
    check(
        sandbox.ok(),
        &[("credentials", "ok"), ("dns", "skipped"), ("service", "ok"), ("clock", "ok"), ("rate", "ok")],
    );
    let told = world.run("doctor").ok().stdout.clone();
    assert!(told.contains("ok       service     it accepts the credentials"), "{told}");
    let damaged = World::new();
    damaged.run("-P sandbox users list").ok();
    fs::write(damaged.store(), "").unwrap();
    let run = damaged.run("-P sandbox doctor -o json");
    ends(&run, 3, "config");
    check(&run, &[("credentials", "ok"), ("service", "failed"), ("clock", "skipped")]);
    world.run("doctor -o id").failed(2, "usage");
    assert_eq!(world.run("doctor -o csv --fields check,state").ok().stdout.lines().count(), 11);
}

#[test]
fn what_is_wrong_says_what_to_do_and_hides_the_secret() {
    let nowhere = World::new();
    let run = nowhere.run("doctor -o json --base-url https://127.0.0.1:1");
    ends(&run, 3, "config");
    check(&run, &[("config", "ok"), ("credentials", "failed"), ("service", "skipped")]);
    nowhere.write_config("x = [");
    let run = nowhere.run("doctor -o json");
    ends(&run, 3, "config");
    check(&run, &[("config", "failed"), ("credentials", "skipped"), ("url", "skipped")]);

    let refused = Hostile::always(Reply::refusal(401, "UNAUTHORIZED", &format!("{SECRET} is wrong")));
    let run = World::on(&refused).run("doctor -o json");
    ends(&run, 4, "unauthorized");
    check(&run, &[("service", "failed"), ("clock", "skipped")]);
    assert_eq!(refused.count(), 1);

    let world = World::at("https://localhost:1").var("HTTPS_PROXY", "socks://user:hidden@localhost");
    let run = world.run("doctor -o json");
    ends(&run, 3, "config");
    check(&run, &[("proxy", "failed"), ("tls", "skipped"), ("service", "skipped")]);
    assert!(!run.stdout.contains("hidden"), "{run:?}");

    let run = World::at("https://localhost:1").run("doctor -o json --retries 0 --rate-limit 50");
    ends(&run, 8, "network");
    check(&run, &[("dns", "ok"), ("tls", "failed"), ("service", "skipped"), ("rate", "warning")]);
    let run = World::at("https://nobody.invalid").run("doctor -o json --retries 0 --timeout 5s");
    ends(&run, 8, "network");
    check(&run, &[("dns", "failed"), ("tls", "skipped")]);
}

#[test]
fn a_clock_that_stands_apart_is_told() {
    let answer = |date: &str| {
        let body = serde_json::json!({ "succeed": true, "data": list(&[]) }).to_string();
        Hostile::always(Reply::with(200, &format!("Date: {date}\r\n"), body))
    };
    let run = World::on(&answer("Wed, 21 Oct 2020 07:28:00 GMT")).run("doctor -o json");
    check(run.ok(), &[("service", "ok"), ("clock", "warning")]);
    assert!(finding(&run, "clock")["detail"].as_str().unwrap().contains("ahead of the service's"), "{run:?}");
    let run = World::on(&answer("Wed, 21 Oct 2099 07:28:00 GMT")).run("doctor -o json");
    assert!(finding(&run, "clock")["detail"].as_str().unwrap().contains("behind the service's"), "{run:?}");
}

#[test]
#[cfg(unix)]
fn a_secret_command_runs_once_and_a_file_that_others_change_is_a_warning() {
    let server = Hostile::always(Reply::data(list(&[])));
    let world = World::new();
    world.write_config(&format!(
        "default_profile = \"a\"\n[profiles.a]\nproject_id = \"{PROJECT}\"\nbase_url = \"{}\"\n\
         secret_command = [\"sh\", \"-c\", \"echo run >> runs; echo secret\"]\n",
        server.url()
    ));
    world.chmod(0o622);
    let run = world.run("doctor -o json");
    check(run.ok(), &[("config", "warning"), ("credentials", "ok"), ("service", "ok")]);
    assert!(finding(&run, "config")["hint"].as_str().unwrap().contains("chmod 600"), "{run:?}");
    assert_eq!(fs::read_to_string(world.home().join("runs")).unwrap(), "run\n");
}
