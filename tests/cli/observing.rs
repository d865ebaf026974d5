//! The commands that ask a sandbox's control plane: `wait`, `requests`, `faults`, `deliveries`, `reset`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::json;

use crate::hostile::{Hostile, Reply};
use crate::http;
use crate::world::World;

const PHONE: &str = "+14155550123";
/// What reaches a terminal must not drive it.
const HOSTILE: &str = "/\u{1b}]0;owned\u{7}";

#[test]
fn a_server_is_waited_for() {
    let world = World::beside(|_| ());
    let url = world.sandbox().url.clone();
    assert_eq!(world.run("sandbox wait").ok().stdout, format!("{url} serves\n"));
    let health = json!({ "url": url, "status": "ok", "version": env!("CARGO_PKG_VERSION"), "revision": "2026-06", "projects": 1 });
    assert_eq!(world.run("sandbox wait -o json").ok().json(), health);
    // One that announces itself is found while it is waited for.
    let world = World::new();
    let waiting = world.start("sandbox wait --for 60s -o json");
    let server = world.serve("");
    assert_eq!(crate::world::Run::from(waiting).ok().json()["url"], server.project.url);
}

#[test]
fn who_waits_in_vain_is_told_what_stood_in_the_way() {
    let world = World::new();
    world.run("sandbox wait --for 0s -o json").failed(8, "timeout").says("no sandbox runs").says("--for");
    world.run("sandbox wait --for 100ms --url http://127.0.0.1:1 -o json").failed(8, "timeout").says("127.0.0.1:1");
    for reply in [Reply::refusal(404, "NOT_FOUND", "Not found"), Reply::status(200, "<html>"), Reply::status(503, "")] {
        let server = Hostile::always(reply);
        world.run(&format!("sandbox wait --for 1ms --url {} -o json", server.url())).failed(8, "timeout");
    }
    world.run("sandbox wait --url https://spectrum.photon.codes -o json").failed(2, "usage");
    world.run("sandbox wait --for soon -o json").failed(2, "usage");
}

#[test]
fn requests_are_shown_in_every_format_and_forgotten() {
    let world = World::beside(|_| ());
    world.run(&format!("users create --shared --phone {PHONE}")).ok();
    let run = world.run("sandbox requests");
    let row = run.ok().stdout.lines().nth(1).unwrap();
    assert!(row.contains("POST") && row.contains("/users/") && row.contains("200"), "{run:?}");
    assert!(!run.stdout.contains("phoneNumber"), "bodies are shown when they are asked for");
    let all = world.run("sandbox requests -o json").ok().json();
    let post = all.as_array().unwrap().iter().find(|entry| entry["method"] == "POST").unwrap();
    assert!(post["request"].as_str().unwrap().contains(PHONE) && post["response"].as_str().unwrap().contains(PHONE));
    assert_eq!(world.run("sandbox requests -o ndjson").ok().events(), *all.as_array().unwrap());
    let newest = world.run("sandbox requests --limit 1 -o json").ok().json();
    assert_eq!(newest, json!([all.as_array().unwrap().last().unwrap()]));
    let csv = world.run("sandbox requests -o csv --fields method,status").ok().stdout.clone();
    assert!(csv.starts_with("method,status\n") && csv.contains("POST,200\n"), "{csv}");
    world.run("sandbox requests -o id").failed(2, "usage");
    world.run("sandbox requests -f -o json").failed(2, "usage").says("ndjson");
    world.run("sandbox requests --limit 0 -o json").failed(2, "usage");
    let count = all.as_array().unwrap().len();
    assert_eq!(world.run("sandbox requests --clear -o json").ok().json(), json!({ "forgotten": count }));
    assert_eq!(world.run("sandbox requests -o json").ok().json(), json!([]));
}

/// More than one answer holds.
#[test]
fn a_long_journal_is_shown_whole() {
    let world = World::beside(|_| ());
    for _ in 0..200 {
        http::try_send("GET", &format!("{}/nowhere", world.sandbox().url), None, None).unwrap();
    }
    let seqs: Vec<u64> = world
        .run("sandbox requests -o ndjson")
        .ok()
        .events()
        .iter()
        .map(|entry| entry["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
}

#[test]
fn those_that_follow_are_shown_as_they_come() {
    let world = World::beside(|_| ());
    let ask = |path: &str| http::try_send("GET", &format!("{}{path}", world.sandbox().url), None, None).unwrap();
    ask("/before");
    for format in ["table", "ndjson"] {
        let mut child =
            world.command(&["sandbox", "requests", "--follow", "-o", format]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut until = |path: &str| {
            let line = lines.find(|line| line.contains(path)).unwrap();
            assert!(line.contains("404"), "{line}");
            line
        };
        until("/before");
        ask(&format!("/after-{format}?a=1"));
        let line = until(&format!("/after-{format}"));
        if format == "table" {
            assert!(line.starts_with("GET /after-table?a=1 404 ") && line.ends_with(" ms"), "{line}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn hostile_texts_reach_no_terminal_as_they_are() {
    let world = World::beside(|_| ());
    let name = format!("firstName={HOSTILE}");
    let users = "projects/{projectId}/users/";
    world.run_args(&["api", users, "-f", "type=shared", "-f", "phoneNumber=+14155550123", "-f", &name]).ok();
    http::try_send("POST", &format!("{}/x%1b[31m", world.sandbox().url), None, Some(HOSTILE)).unwrap();
    for line in ["sandbox requests", "sandbox requests --fields request,response,path", "sandbox requests -o json"] {
        let shown = world.run(line).ok().stdout.clone();
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{7}'), "{line}: {shown:?}");
    }
    // A server that is no sandbox of ours.
    let entry = json!([{ "seq": 1, "method": HOSTILE, "path": HOSTILE, "query": HOSTILE, "status": 200, "ms": 1, "fault": HOSTILE }]);
    let replies = [Reply::status(200, entry.to_string()), Reply::status(200, "[]")];
    let server = Hostile::new(replies);
    let shown = world.run(&format!("sandbox requests --url {}", server.url())).ok().stdout.clone();
    assert!(shown.contains("owned") && !shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn faults_are_shown_set_and_taken_back() {
    let world = World::beside(|_| ());
    assert_eq!(world.run("sandbox faults").ok().stdout, "nothing goes wrong\n");
    let set = "sandbox faults --fault 503:1 --fault delivery-lost:0.5 --latency 1ms..2ms --fault-seed 7";
    assert_eq!(world.run(set).ok().stdout, "503:1, delivery-lost:0.5, latency 1ms..2ms, seed 7\n");
    world.run("users list --retries 0 -o json").failed(8, "server");
    let faults = json!({ "faults": ["503:1", "delivery-lost:0.5"], "latency": "1ms..2ms", "seed": 7 });
    assert_eq!(world.run("sandbox faults -o json").ok().json(), faults);
    // What is named replaces everything.
    assert_eq!(world.run("sandbox faults --latency 1ms").ok().stdout, "latency 1ms\n");
    world.run("users list").ok();
    assert_eq!(world.run("sandbox faults --none").ok().stdout, "nothing goes wrong\n");
    world.run("sandbox faults --fault 503:2 -o json").failed(2, "usage");
    world.run("sandbox faults --fault 503:0.7 --fault drop:0.7 -o json").failed(2, "usage").says("above 1");
    world.run("sandbox faults --none --fault 503:1 -o json").failed(2, "usage");
}

#[test]
fn deliveries_are_shown_and_sent_again() {
    let world = World::beside(|_| ());
    let handler = Hostile::always(Reply::status(204, ""));
    world.run(&format!("users create --shared --phone {PHONE}")).ok();
    let url = format!("webhookUrl={}", handler.url());
    world.run_args(&["api", "projects/{projectId}/webhooks/", "-f", &url]).ok();
    let sent = world.run(&format!("sandbox text --from {PHONE} -o json")).ok().json();
    let id = sent["deliveries"][0]["id"].as_str().unwrap();
    let attempts = |count: usize| loop {
        let attempts = world.run("sandbox deliveries -o json").ok().json();
        if attempts.as_array().unwrap().len() >= count {
            return attempts;
        }
    };
    let first = attempts(1);
    assert_eq!(
        (&first[0]["id"], &first[0]["outcome"], &first[0]["status"]),
        (&json!(id), &json!("delivered"), &json!(204))
    );
    let again = world.run(&format!("sandbox deliveries --redeliver {id} -o id")).ok().stdout.trim().to_owned();
    let both = attempts(2);
    assert_eq!((&both[1]["id"], &both[1]["redeliveryOf"]), (&json!(again), &json!(id)));
    assert_eq!(handler.requests()[0].body, handler.requests()[1].body);
    let table = world.run("sandbox deliveries").ok().stdout.clone();
    assert!(table.contains("delivered") && table.contains(id), "{table}");
    for unknown in ["nothing", "../reset", "a/b"] {
        world
            .run(&format!("sandbox deliveries --redeliver {unknown} -o json"))
            .failed(5, "not_found")
            .says("sandbox deliveries");
    }
    assert_eq!(world.run("sandbox deliveries -o id").ok().stdout.lines().count(), 2, "nothing was reset");
}

#[test]
fn a_server_is_reset_wherever_it_is_named() {
    let world = World::beside(|_| ());
    let create = format!("users create --shared --phone {PHONE}");
    world.run(&create).ok();
    world.run("sandbox reset -o json").failed(2, "confirmation_required");
    let url = world.sandbox().url.clone();
    assert_eq!(
        world.run("sandbox reset --yes -o json").ok().json(),
        json!({ "store": null, "url": url, "deletedUsers": 1, "users": 0 })
    );
    assert_eq!(world.run("users list -o json").ok().json(), json!([]));
    world.run(&create).ok();
    assert_eq!(world.run(&format!("sandbox reset --yes --url {url}")).ok().stderr, "forgot 1 user\n");
    world.run("sandbox reset --yes --url http://127.0.0.1:1 -o json").failed(8, "network");
    world.run(&format!("sandbox reset --yes --url {url} --store x -o json")).failed(2, "usage");
}

#[test]
fn where_no_sandbox_is_every_command_says_so() {
    let world = World::new();
    for command in ["requests", "faults", "faults --none", "deliveries"] {
        world.run(&format!("sandbox {command} -o json")).failed(8, "network").says("sandbox serve");
        world.run(&format!("sandbox {command} --url http://127.0.0.1:1 -o json")).failed(8, "network");
        world.run(&format!("sandbox {command} --url https://x.example -o json")).failed(2, "usage");
        let server = Hostile::always(Reply::refusal(404, "NOT_FOUND", "Not found"));
        world
            .run(&format!("sandbox {command} --url {} -o json", server.url()))
            .failed(5, "not_found")
            .says("is no sandbox");
        assert_eq!(server.requests()[0].header("authorization"), None);
        let server = Hostile::always(Reply::status(200, "<html>"));
        let run = world.run(&format!("sandbox {command} --url {} -o json", server.url()));
        run.failed(8, "bad_response");
    }
}

/// A page that is promised in the help is there, and what is there is promised.
#[test]
fn the_help_names_every_call() {
    let text = World::new().run("help control-plane").ok().stdout.clone();
    for (method, path) in [
        ("GET", "health"),
        ("GET", "connect"),
        ("GET", "requests"),
        ("DELETE", "requests"),
        ("GET, PUT", "faults"),
        ("POST", "messages"),
        ("POST", "reset"),
        ("GET", "events"),
        ("GET", "deliveries"),
        ("POST", "deliveries/{id}/redeliver"),
    ] {
        assert!(text.contains(&format!("{method} /_sandbox/{path}")), "{method} {path}");
    }
}
