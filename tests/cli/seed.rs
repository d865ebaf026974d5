//! What a sandbox begins with: `--seed`, `--ids`, what a reset goes back to, and what of a bad seed is told.

use serde_json::{Value, json};

use crate::http;
use crate::world::{Project, Serve, World};

const SEED: &str = r#"
[[projects]]
name = "Acme"
tier = "free"
lines = ["+19175550101"]

[[projects.users]]
phoneNumber = "+14155550123"
firstName = "Ada"
optedIn = true
createdAt = "2026-05-01T12:00:00Z"

[[projects.users]]
phoneNumber = "+14155550124"
assignedPhoneNumber = "+19175550101"
owner = true
createdAt = 2026-05-02T12:00:00.5Z

[[projects.webhooks]]
webhookUrl = "http://127.0.0.1:9/hook"
schemaVersion = "raw-inbound.v1"

[[projects]]
id = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
secret = "second"
max_shared_users = 7

[[projects.users]]
phoneNumber = "+14155550125"
email = "mary@example.com"
"#;

fn users(server: &Serve) -> Value {
    ask(&server.project, "/users/")["users"].clone()
}

fn ask(project: &Project, path: &str) -> Value {
    project.ask("GET", path, None).unwrap()["data"].clone()
}

fn control(server: &Serve, method: &str, path: &str) -> Value {
    let host = server.project.url.replace("http://", "");
    let request = format!(
        "{method} /_sandbox/{path} HTTP/1.1\r\nHost: {host}\r\nX-Sandbox: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let reply = http::raw(&server.project.url, request.as_bytes()).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

#[test]
fn a_seed_of_projects_is_there_from_the_start_and_after_a_reset() {
    let world = World::new();
    world.file("seed.toml", SEED);
    let server = world.serve("--memory --seed seed.toml");
    let first = users(&server);
    assert_eq!(first[0]["meta"], json!({ "opt_in": true }));
    assert_eq!((&first[0]["firstName"], &first[0]["createdAt"]), (&json!("Ada"), &json!("2026-05-01T12:00:00.000Z")));
    assert_eq!(first[1]["meta"], json!({ "project_owner": true }));
    assert_eq!((&first[1]["type"], &first[1]["assignedPhoneNumber"]), (&json!("dedicated"), &json!("+19175550101")));
    assert_eq!(first[1]["createdAt"], "2026-05-02T12:00:00.500Z");
    let webhooks = ask(&server.project, "/webhooks/");
    assert_eq!(
        (&webhooks[0]["webhookUrl"], &webhooks[0]["schemaVersion"]),
        (&json!("http://127.0.0.1:9/hook"), &json!("raw-inbound.v1"))
    );
    assert_eq!(ask(&server.project, "/")["name"], "Acme");
    assert_eq!(ask(&server.project, "/billing/subscription")["tier"], "free");
    let pairs = control(&server, "GET", "connect");
    assert_eq!(pairs["projects"][1], json!({ "id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "secret": "second" }));
    let second = Project {
        url: server.project.url.clone(),
        id: "3c90c3cc-0d44-4b50-8888-8dd25736052a".to_owned(),
        secret: "second".to_owned(),
    };
    let seconds = ask(&second, "/users/")["users"].clone();
    assert_eq!(seconds[0]["email"], "mary@example.com");
    // Everything that can be changed is.
    let id = first[0]["id"].as_str().unwrap();
    server.project.ask("DELETE", &format!("/users/{id}/"), None).unwrap();
    for phone in ["+14155550123", "+14155550199"] {
        second.ask("POST", "/users/", Some(&json!({ "type": "shared", "phoneNumber": phone }))).unwrap();
    }
    let hook = webhooks[0]["id"].as_str().unwrap();
    server.project.ask("DELETE", &format!("/webhooks/{hook}"), None).unwrap();
    assert_ne!(users(&server), first);
    assert_eq!(control(&server, "POST", "reset"), json!({ "deletedUsers": 4, "users": 3 }));
    assert_eq!(users(&server), first);
    assert_eq!(ask(&second, "/users/")["users"], seconds);
    assert_eq!(ask(&server.project, "/webhooks/"), webhooks);
}

#[test]
fn a_roster_of_each_format_seeds_the_first_project() {
    let world = World::new();
    for (name, text) in [
        ("a.csv", "phoneNumber,firstName\n+14155550123,Ada\n"),
        ("a.ndjson", "{\"phoneNumber\":\"+14155550123\",\"firstName\":\"Ada\"}\n"),
        ("a.json", "[{\"phoneNumber\":\"+14155550123\",\"firstName\":\"Ada\"}]"),
        ("a.toml", "[[users]]\nphoneNumber = \"+14155550123\"\nfirstName = \"Ada\"\n"),
    ] {
        world.file(name, text);
        let run = world.run(&format!("sandbox exec --seed {name} -- {} users list -o json", crate::world::BINARY));
        let users = run.ok().json();
        assert_eq!((users.as_array().unwrap().len(), &users[0]["firstName"]), (1, &json!("Ada")), "{name}");
    }
}

#[test]
fn the_same_number_gives_the_same_ids_and_secrets() {
    let world = World::new();
    world.file("seed.toml", SEED.replace("firstName = \"Ada\"", ""));
    let all = |options: &str| {
        let server = world.serve(&format!("--memory --seed seed.toml {options}"));
        let create = |path: &str, body: Value| server.project.ask("POST", path, Some(&body)).unwrap()["data"].clone();
        let user = create("/users/", json!({ "type": "shared", "phoneNumber": "+14155550130" }));
        let hook = create("/webhooks/", json!({ "webhookUrl": "http://127.0.0.1:9/" }));
        let users = users(&server);
        let mut ids: Vec<Value> = users.as_array().unwrap().iter().map(|user| user["id"].clone()).collect();
        ids.extend(
            [&user["id"], &hook["id"], &hook["signingSecret"], &hook["standardSigningSecret"]].map(Clone::clone),
        );
        ids
    };
    let first = all("--ids 7");
    assert_eq!(all("--ids 7"), first);
    let others = all("--ids 8");
    assert!(first.iter().zip(&others).all(|(one, other)| one != other), "{others:?}");
    assert_ne!(all(""), all(""));
}

/// A second server with the same number goes on where the ids of the first are taken.
#[test]
fn a_store_that_holds_something_is_left_as_it_is() {
    let world = World::new();
    world.file("seed.csv", "phoneNumber\n+14155550123\n");
    drop(world.serve("--store s.sqlite3 --ids 7"));
    let server = world.serve("--store s.sqlite3 --ids 7 --seed seed.csv");
    assert_eq!(users(&server).as_array().unwrap().len(), 1, "an empty store is seeded");
    drop(server);
    let server = world.serve("--store s.sqlite3 --ids 7");
    for phone in ["+14155550124", "+14155550125"] {
        let made = server.project.ask("POST", "/users/", Some(&json!({ "type": "shared", "phoneNumber": phone })));
        assert_eq!(made.unwrap()["succeed"], true);
    }
    drop(server);
    let server = world.serve("--store s.sqlite3 --ids 7 --seed seed.csv");
    assert_eq!(users(&server).as_array().unwrap().len(), 3);
    let run = world.run("sandbox reset --store s.sqlite3 --yes -o json");
    let done = json!({ "store": null, "url": server.project.url, "deletedUsers": 3, "users": 1 });
    assert_eq!(run.ok().json(), done);
    assert_eq!(users(&server)[0]["phoneNumber"], "+14155550123");
}

#[test]
fn a_bad_seed_is_refused_whole_with_every_problem_in_its_place() {
    let world = World::new();
    let refused = |name: &str, text: &str| {
        world.file(name, text);
        let run = world.run(&format!("sandbox serve --memory --listen 127.0.0.1:0 --seed {name} -o json"));
        run.failed(2, "invalid_input").lacks("hush");
        run.error()["details"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let lines = refused("roster.csv", "phoneNumber,firstName\n123,Ada\n+14155550123,Ada\n+14155550123,Eve\n");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("roster.csv:2: ") && lines[1].starts_with("roster.csv:4: "), "{lines:?}");
    let lines = refused("line.csv", "phoneNumber,assignedPhoneNumber\n+14155550123,+14155550999\n");
    assert!(lines[0].starts_with("line.csv:2: ") && lines[0].contains("not a line of the project"), "{lines:?}");
    let many: String = (0..101).map(|n| format!("+1415555{n:04}\n")).collect();
    let lines = refused("many.csv", &format!("phoneNumber\n{many}"));
    assert!(lines.len() == 1 && lines[0].starts_with("many.csv:102: ") && lines[0].contains("no seat"), "{lines:?}");
    let text = r#"[[projects]]
id = "nonsense"
tier = "gold"
seats = 3
lines = ["4155550123"]

[[projects]]
id = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
secret = "hush-hush"

[[projects.users]]
phoneNumber = "+14155550123"
optedIn = "yes"
nickname = "A"
createdAt = "yesterday"

[[projects.users]]
firstName = "Eve"

[[projects.webhooks]]
webhookUrl = "ftp://x"

[[projects.webhooks]]
schemaVersion = "v9"

[[projects]]
id = "3C90c3cc-0d44-4b50-8888-8dd25736052a"
secret = ""
[more]
"#;
    let lines = refused("seed.toml", text);
    let numbers: Vec<&str> = lines.iter().map(|line| line.split(':').nth(1).unwrap()).collect();
    assert_eq!(
        numbers,
        ["1", "2", "3", "4", "5", "13", "14", "15", "17", "21", "23", "24", "27", "28", "29"],
        "{lines:#?}"
    );
    for (place, line) in [
        ("projects[1].users[0].nickname", 6),
        ("projects[1].users[1].phoneNumber", 8),
        ("projects[1].webhooks[0].webhookUrl", 9),
    ] {
        assert!(lines[line].contains(place), "{place} in {}", lines[line]);
    }
    assert!(refused("broken.toml", "[[projects]]\nsecret = hush-hush\n")[0].starts_with("broken.toml:2: "));
    assert!(refused("other.toml", "[[projects]]\nusers = 3\n")[0].starts_with("other.toml:2: "));
    world.run("sandbox exec --seed missing.csv -o json -- true").failed(2, "invalid_input").says("missing.csv");
    world.file("seed.toml", SEED);
    world.run("sandbox exec --seed seed.toml --line +19175550103 -o json -- true").failed(2, "usage").says("--line");
    world.file("two.toml", format!("{SEED}\n[[projects.users]]\nphoneNumber = \"+14155550123\"\n"));
    world.run("sandbox exec --seed two.toml --pool 1 -o json -- true").failed(2, "invalid_input").says("--pool");
}

#[test]
fn the_log_is_json_where_that_is_asked_for() {
    let world = World::new();
    let run = world.run(&format!(
        "sandbox exec --log-format ndjson --fault 503:1 -- {} users list --retries 0",
        crate::world::BINARY
    ));
    let line = run.stderr.lines().find(|line| line.starts_with("{\"at\"")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["method"], &line["status"], &line["fault"]), (&json!("GET"), &json!(503), &json!("503")));
    assert!(line["path"].as_str().unwrap().ends_with("/users/") && line["ms"].is_u64() && line["error"].is_null());
    let run = world.run(&format!("sandbox exec --log-format text -- {} users list", crate::world::BINARY));
    assert!(run.ok().stderr.contains("GET /projects/") && run.stderr.contains(" 200 "), "{run:?}");
    let run = world.run(&format!("sandbox exec -- {} users list -q", crate::world::BINARY));
    assert_eq!(run.ok().stderr, "");
}
