//! `webhooks`: a secret that is shown once is kept and not seen, a create is sent once, an ensure changes nothing twice.

use std::collections::BTreeSet;
use std::fs;
#[cfg(unix)]
use std::time::Duration;

use serde_json::{Value, json};

use crate::hostile::{Hostile, Reply, with};
use crate::world::{PROJECT, Run, World};

const URL: &str = "https://bot.example.com/hook";
const ID: &str = "22222222-2222-4222-8222-222222222222";
const OTHER: &str = "33333333-3333-4333-8333-333333333333";
const SIGNING: &str = "5ec0e75ec0e75ec0e75ec0e75ec0e75ec0e75ec0e75ec0e75ec0e75ec0e75ec0";
const STANDARD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

/// A webhook as the service lists it.
fn webhook(fields: Value) -> Value {
    let webhook = json!({
        "id": ID, "webhookUrl": URL, "schemaVersion": "normalized-events.v1", "eventTypes": ["message.received"],
        "enabled": true, "status": "active", "failureNotificationEmail": null, "disabledAt": null,
        "disabledReason": null, "createdAt": "2026-05-01T12:00:00.000Z", "updatedAt": "2026-05-01T12:00:00.000Z"
    });
    with(webhook, fields)
}

/// The one answer that shows its secrets.
fn created() -> Reply {
    Reply::data(webhook(json!({ "signingSecret": SIGNING, "standardSigningSecret": STANDARD })))
}

fn rotated() -> Reply {
    Reply::data(json!({ "id": ID, "standardSigningSecret": STANDARD, "previousValidUntil": null }))
}

/// The two verbs whose answer holds a secret, and what it is sent to.
fn verbs() -> [(String, Reply, String); 2] {
    [
        (format!("webhooks create {URL}"), created(), "POST /webhooks/".to_owned()),
        (format!("webhooks rotate {ID}"), rotated(), format!("POST /webhooks/{ID}/secret/rotate")),
    ]
}

/// No piece of a secret is on either stream.
#[track_caller]
fn keeps_quiet(run: &Run) {
    for piece in [SIGNING, &SIGNING[..20], STANDARD, &STANDARD[6..], &STANDARD[..20]] {
        run.lacks(piece);
    }
}

#[test]
fn a_secret_goes_into_its_file_and_nowhere_else() {
    for (line, reply, _) in verbs() {
        for format in ["table", "json", "ndjson", "csv"] {
            let server = Hostile::always(reply.clone());
            let world = World::on(&server);
            let run = world.run(&format!("{line} --secret-out hook.env -vv -o {format}"));
            run.ok();
            keeps_quiet(&run);
            assert!(run.stdout.contains("[written to hook.env]"), "{run:?}");
            let kept = fs::read_to_string(world.home().join("hook.env")).unwrap();
            let standard = format!("SPECTRUM_WEBHOOK_STANDARD_SECRET={STANDARD}\n");
            let both = format!("SPECTRUM_WEBHOOK_SECRET={SIGNING}\n{standard}");
            assert_eq!(kept, if line.contains("create") { both } else { standard });
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = fs::metadata(world.home().join("hook.env")).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
        }
    }
}

#[test]
fn a_secret_that_is_to_be_shown_is_data_and_is_hidden_beside_it() {
    let server = Hostile::always(created());
    for format in ["table", "json", "csv"] {
        let run = World::on(&server).run(&format!("webhooks create {URL} --show-secret -vv -o {format}"));
        assert!(run.stdout.contains(SIGNING) && run.stdout.contains(STANDARD), "{run:?}");
        assert!(!run.stderr.contains(SIGNING) && !run.stderr.contains(STANDARD), "{run:?}");
    }
}

#[test]
fn nothing_is_sent_before_the_secret_has_its_place() {
    for (line, reply, _) in verbs() {
        let server = Hostile::always(reply);
        let world = World::on(&server);
        world.run(&format!("{line} -o json")).failed(2, "usage").says("--secret-out FILE");
        let file = world.file("there.env", "somebody's secret");
        world
            .run(&format!("{line} --secret-out there.env -o json"))
            .failed(2, "invalid_input")
            .says("nothing was sent");
        assert_eq!(fs::read_to_string(file).unwrap(), "somebody's secret");
        world.file("empty.env", "");
        world.run(&format!("{line} --secret-out empty.env -o json")).failed(2, "invalid_input").says("cut short");
        world.run(&format!("{line} --secret-out no/such/folder.env -o json")).failed(2, "invalid_input");
        assert_eq!(world.run(&format!("{line} --secret-out a --show-secret")).status, 2);
        assert_eq!(server.count(), 0);
    }
}

#[test]
fn a_lost_answer_is_not_asked_for_again_and_the_error_says_how_to_find_out() {
    let lost: Vec<(Reply, i32, &str, bool)> = vec![
        (Reply::close(), 8, "network", false),
        (Reply::reset(), 8, "network", false),
        (
            Reply::raw(
                "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"succeed\":true,\"data\":{\"signingSecret\":\"5ec0e75ec0e75ec0e75e",
            ),
            8,
            "bad_response",
            false,
        ),
        (Reply::hang_after(""), 8, "timeout", false),
        (Reply::status(200, "{\"succeed\":tru"), 8, "bad_response", false),
        (Reply::status(200, format!("<p>{STANDARD}</p>")), 8, "bad_response", false),
        (Reply::data(json!([{ "signingSecret": SIGNING }])), 8, "bad_response", false),
        (Reply::data(json!({ "id": 7, "signingSecret": SIGNING })), 8, "bad_response", false),
        (Reply::data(json!({ "id": ID, "signingSecret": null })), 8, "bad_response", false),
        (Reply::refusal(500, "INTERNAL_SERVER_ERROR", &format!("no room for {STANDARD}")), 8, "server", false),
        (Reply::status(502, format!("<html>{STANDARD}</html>")), 8, "server", false),
        (Reply::status(503, "<html>busy</html>"), 8, "server", false),
        // It has taken everything back, and says so.
        (Reply::refusal(503, "503", "registration failed"), 8, "server", true),
        (Reply::refusal(429, "RATE_LIMITED", "Too many requests"), 8, "rate_limited", true),
        (Reply::refusal(409, "409", "active already"), 6, "conflict", false),
        (Reply::refusal(422, "VALIDATION", &format!("{{\"signingSecret\":\"{SIGNING}\"}}")), 7, "rejected", false),
    ];
    for (line, _, request) in verbs() {
        for (reply, status, code, retryable) in &lost {
            let server = Hostile::always(reply.clone());
            let patience = if *code == "timeout" { "300ms" } else { "30s" };
            let world = World::on(&server).var("SPECTRUM_TIMEOUT", patience);
            let run = world.run(&format!("{line} --secret-out hook.env -vv -o json"));
            run.failed(*status, code);
            keeps_quiet(&run);
            assert_eq!(server.lines(), [request.as_str()], "{run:?}");
            let retryable = *retryable && (line.contains("create") || *code == "rate_limited");
            assert_eq!(run.error()["retryable"], retryable, "{run:?}");
            assert!(!world.home().join("hook.env").exists(), "{run:?}");
            if *status == 8 && !retryable && !run.stderr.contains("holds no secret") {
                run.says(if line.contains("create") { "`spectrum webhooks list` shows it" } else { "run it again" });
            }
        }
    }
}

#[test]
fn what_never_left_may_be_sent_again() {
    let world = World::at("http://127.0.0.1:9");
    let run = world.run(&format!("webhooks create {URL} --show-secret -o json"));
    assert_eq!(run.failed(8, "network").error()["retryable"], true);
}

#[test]
fn a_url_that_would_be_dropped_in_silence_is_refused_with_the_reason() {
    let world = World::with_pair();
    for (url, reason) in [
        ("http://bot.example.com/", "https alone"),
        ("https://localhost/", "a name of this machine"),
        ("https://192.168.1.7/hook", "a private address"),
        ("https://u:p@bot.example.com/", "credentials"),
        ("https://bot.example.com/#x", "behind #"),
        ("bot.example.com", "not a URL"),
    ] {
        for verb in ["create", "ensure"] {
            let run = world.run(&format!("webhooks {verb} {url} --secret-out hook.env -o json"));
            run.failed(2, "invalid_input").says(reason);
            assert!(!world.home().join("hook.env").exists());
        }
    }
    let dry = |line: &str| world.run(&format!("webhooks create {line} --dry-run -o json"));
    dry("http://localhost:3000/hook").failed(2, "invalid_input").says("--allow-any-url");
    let request = dry("http://localhost:3000/hook --allow-any-url --schema raw-inbound.v1").ok().json();
    assert_eq!(
        request["body"],
        json!({ "webhookUrl": "http://localhost:3000/hook", "schemaVersion": "raw-inbound.v1" })
    );
    assert_eq!(request["url"], format!("https://spectrum.photon.codes/projects/{PROJECT}/webhooks/"));
    // The sandbox delivers to this machine.
    let sandbox = World::beside(|_| {});
    sandbox.run("webhooks create http://localhost:3000/hook --show-secret").ok();
    World::new().run("-P sandbox webhooks create http://127.0.0.1:3000/hook --dry-run").ok();
}

#[cfg(unix)]
#[test]
fn a_secret_that_cannot_be_written_is_shown_as_the_last_resort() {
    for (line, reply, _) in verbs() {
        let server = Hostile::always(reply);
        let world = World::on(&server);
        let script = format!("trap '' XFSZ; ulimit -f 0; spectrum {line} --secret-out hook.env -vv");
        let run: Run = world.shell(&script).output().unwrap().into();
        assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{run:?}");
        run.says(&format!("\nSPECTRUM_WEBHOOK_STANDARD_SECRET={STANDARD}\n")).says("nowhere else").says(ID);
        // Once: what -vv shows of the answer still hides it.
        assert_eq!(run.stderr.matches(STANDARD).count(), 1, "{run:?}");
        assert_eq!(server.count(), 1);
    }
}

#[cfg(unix)]
#[test]
fn a_secret_that_nobody_reads_is_shown_as_the_last_resort() {
    for (line, reply, _) in verbs() {
        // The reader has gone by the time of the answer.
        let server = Hostile::always(reply.clone().after(Duration::from_millis(300)));
        let world = World::on(&server);
        let script = format!("{{ spectrum {line} --show-secret -o json; echo $? > status; }} | true");
        let run: Run = world.shell(&script).output().unwrap().into();
        run.says(&format!("\nSPECTRUM_WEBHOOK_STANDARD_SECRET={STANDARD}\n")).says("nowhere else").says(ID);
        assert_eq!(fs::read_to_string(world.home().join("status")).unwrap(), "1\n", "{run:?}");
        // Standard error cannot be written either, and then standard output alone.
        #[cfg(target_os = "linux")]
        {
            let server = Hostile::always(reply);
            let world = World::on(&server);
            let script = format!("trap '' XFSZ; ulimit -f 0; spectrum {line} --secret-out hook.env 2> /dev/full");
            let run: Run = world.shell(&script).output().unwrap().into();
            assert!(run.stdout.contains(STANDARD), "{run:?}");
            let run: Run =
                world.shell(&format!("spectrum {line} --secret-out kept.env > /dev/full")).output().unwrap().into();
            assert_eq!(run.status, 1, "{run:?}");
            keeps_quiet(run.says("the secret is in kept.env").says(ID));
            assert!(fs::read_to_string(world.home().join("kept.env")).unwrap().contains(STANDARD));
        }
    }
}

#[test]
fn a_secret_for_which_the_output_has_no_place_is_not_lost() {
    for (line, reply, _) in verbs() {
        let server = Hostile::always(reply);
        for shape in ["-o id", "--fields id -o json", "--fields id -q"] {
            let run = World::on(&server).run(&format!("{line} --show-secret {shape}"));
            assert!(run.ok().stdout.contains(ID) && !run.stdout.contains(STANDARD), "{run:?}");
            run.says(&format!("SPECTRUM_WEBHOOK_STANDARD_SECRET={STANDARD}\n"));
        }
        let run = World::on(&server).run(&format!("{line} --show-secret --fields standardSigningSecret -o csv"));
        assert!(run.ok().stdout.contains(STANDARD) && !run.stderr.contains(STANDARD), "{run:?}");
    }
}

#[test]
fn a_secret_that_an_answer_repeats_is_hidden_beside_its_place() {
    let more = json!({
        "signingSecret": SIGNING, "standardSigningSecret": STANDARD, "note": format!("yours: {SIGNING}"), "oldSecret": STANDARD
    });
    let server = Hostile::always(Reply::data(webhook(more)));
    for format in ["table", "json", "csv", "id"] {
        let run = World::on(&server).run(&format!("webhooks create {URL} --secret-out hook.env -vv -o {format}"));
        keeps_quiet(run.ok());
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_waits_for_the_secret() {
    use nix::sys::signal::Signal;
    for (line, reply, _) in verbs() {
        let server = Hostile::always(reply.after(Duration::from_millis(300)));
        let world = World::on(&server);
        let child = world.start(&format!("{line} --secret-out hook.env -o json"));
        server.waits_for(1);
        crate::world::signal(&child, Signal::SIGINT);
        let run = Run::from(child);
        assert_eq!(run.status, 130, "{run:?}");
        run.says("waiting for it");
        assert_eq!(run.json()["id"], ID);
        assert!(fs::read_to_string(world.home().join("hook.env")).unwrap().contains(STANDARD));
    }
}

#[test]
fn an_ensure_that_finds_it_changes_nothing() {
    let world = World::beside(|_| {});
    let line = "webhooks ensure http://127.0.0.1:3000/hook --secret-out hook.env -o json";
    let first = world.run(line);
    first.ok().says("created");
    let kept = fs::read(world.home().join("hook.env")).unwrap();
    let requests = world.sandbox().requests();
    for spelling in ["http://127.0.0.1:3000/hook", "HTTP://127.0.0.1:3000/hook"] {
        let again = world.run(&line.replace("http://127.0.0.1:3000/hook", spelling));
        again.ok().says("= unchanged").says("is not known here");
        assert_eq!(again.json()["id"], first.json()["id"]);
    }
    // Without a place for a secret, too: there is none to place.
    world.run("webhooks ensure http://127.0.0.1:3000/hook").ok();
    assert_eq!(world.sandbox().requests() - requests, 3, "each looked once");
    assert_eq!(fs::read(world.home().join("hook.env")).unwrap(), kept);
    // Where a webhook would have to be made, the file is in the way, before the POST.
    world.run("webhooks ensure http://127.0.0.1:3000/hook/ --secret-out hook.env -o json").failed(2, "invalid_input");
    world.run("webhooks ensure http://127.0.0.1:3000/hook/ -o json").failed(2, "usage");
    assert_eq!(world.run("webhooks list -o id").stdout.lines().count(), 1);
}

#[test]
fn an_ensure_after_the_tunnel_has_a_new_name_leaves_one() {
    let world = World::beside(|_| {});
    let ensure = |url: &str, more: &str| {
        world.run(&format!("webhooks ensure {url} --show-secret --replacing https://*.tunnel.example/* {more} -o json"))
    };
    world.run("webhooks create https://keep.example.com/a.tunnel.example/x --show-secret").ok();
    ensure("https://a.tunnel.example/hook", "").failed(2, "confirmation_required");
    let first = ensure("https://a.tunnel.example/hook", "--yes");
    assert_eq!(first.ok().json()["webhookUrl"], "https://a.tunnel.example/hook");
    let second = ensure("https://b.tunnel.example/hook", "--yes");
    second.ok().says("deleted webhook https://a.tunnel.example/hook (");
    ensure("https://b.tunnel.example/hook", "--yes").ok().says("= unchanged");
    let urls: Vec<String> = world
        .run("webhooks list -o json")
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|webhook| webhook["webhookUrl"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(urls, ["https://keep.example.com/a.tunnel.example/x", "https://b.tunnel.example/hook"]);
}

#[test]
fn an_ensure_deletes_nothing_until_the_new_one_stands() {
    let old = webhook(json!({ "id": OTHER, "webhookUrl": "https://a.tunnel.example/hook" }));
    let server = Hostile::new([Reply::data(json!([old])), Reply::close()]);
    let line = "webhooks ensure https://b.tunnel.example/hook --show-secret --replacing https://*.tunnel.example/* --yes -o json";
    World::on(&server).run(line).failed(8, "network");
    assert_eq!(server.lines(), ["GET /webhooks/", "POST /webhooks/"]);
}

#[test]
fn an_ensure_that_cannot_delete_an_old_one_says_what_stands() {
    let old =
        |id: &str, name: &str| webhook(json!({ "id": id, "webhookUrl": format!("https://{name}.tunnel.example/") }));
    let third = "44444444-4444-4444-8444-444444444444";
    let there = json!([old(OTHER, "a"), old(third, "b")]);
    let refused = Reply::refusal(403, "FORBIDDEN", "no");
    let server = Hostile::new([Reply::data(there), created(), Reply::data(json!({ "id": OTHER })), refused]);
    let world = World::on(&server);
    let line =
        format!("webhooks ensure {URL} --secret-out hook.env --replacing https://*.tunnel.example/* --yes -o json");
    let run = world.run(&line);
    assert_eq!((run.status, &run.json()["id"]), (4, &ID.into()), "{run:?}");
    run.says(&format!("webhook {URL} stands")).says(third).says("1 of 2 were deleted");
    assert!(fs::read_to_string(world.home().join("hook.env")).unwrap().contains(STANDARD));
}

#[test]
fn a_dry_run_of_an_ensure_says_what_would_change() {
    let raw_off = json!({ "schemaVersion": "raw-inbound.v1", "enabled": false, "status": "disabled" });
    let old = webhook(json!({ "id": OTHER, "webhookUrl": "https://a.tunnel.example/hook" }));
    for (there, expected) in [
        (json!([old]), json!([["POST", { "webhookUrl": URL }], ["DELETE", null]])),
        (json!([webhook(raw_off), old]), json!([["PATCH", { "enabled": true }], ["DELETE", null]])),
        (json!([webhook(json!({}))]), json!([])),
    ] {
        let server = Hostile::always(Reply::data(there));
        let line = format!("webhooks ensure {URL} --replacing https://*.tunnel.example/* --dry-run -o json");
        let run = World::on(&server).run(&line);
        let sent: Vec<Value> =
            run.ok().json().as_array().unwrap().iter().map(|one| json!([one["method"], one["body"]])).collect();
        assert_eq!(Value::from(sent), expected);
        assert_eq!(server.lines(), ["GET /webhooks/"]);
    }
}

#[test]
fn two_ensures_at_once_make_one_webhook_and_the_loser_says_so() {
    let exists = Reply::refusal(409, "409", "A webhook with this webhookUrl is active already");
    let server = Hostile::new([Reply::data(json!([])), exists, Reply::data(json!([webhook(json!({}))]))]);
    let world = World::on(&server);
    let run = world.run(&format!("webhooks ensure {URL} --secret-out hook.env -o json"));
    run.ok().says("this one lost").says("= unchanged");
    assert_eq!(run.json()["id"], ID);
    assert_eq!(server.lines(), ["GET /webhooks/", "POST /webhooks/", "GET /webhooks/"]);
    assert!(!world.home().join("hook.env").exists());

    let world = World::beside(|options| options.faults.latency = "20ms".parse().ok());
    let start = |n| world.start(&format!("webhooks ensure {URL} --secret-out {n}.env -o json"));
    let runs: Vec<Run> = (0..6).map(start).collect::<Vec<_>>().into_iter().map(Run::from).collect();
    let ids: BTreeSet<String> = runs.iter().map(|run| run.ok().json()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{runs:?}");
    let kept = (0..6).filter(|n| world.home().join(format!("{n}.env")).exists()).count();
    let made = runs.iter().filter(|run| run.stderr.contains("created webhook")).count();
    assert_eq!((kept, made), (1, 1), "{runs:?}");
    assert_eq!(world.run("webhooks list -o id").stdout.lines().count(), 1);
}

#[test]
fn an_ensure_changes_what_can_be_changed_and_says_what_to_type_else() {
    let raw = |fields| with(webhook(json!({ "schemaVersion": "raw-inbound.v1" })), fields);
    let off = || json!({ "enabled": false, "status": "disabled", "disabledReason": "manual" });
    for (there, flags, bodies) in [
        (
            webhook(json!({})),
            "--failure-email a@example.com",
            vec![json!({ "failureNotificationEmail": "a@example.com" })],
        ),
        (webhook(json!({})), "--schema raw-inbound.v1", vec![json!({ "schemaVersion": "raw-inbound.v1" })]),
        (raw(off()), "", vec![json!({ "enabled": true })]),
        (
            webhook(off()),
            "--schema raw-inbound.v1 --failure-email a@example.com",
            vec![
                json!({ "schemaVersion": "raw-inbound.v1" }),
                json!({ "enabled": true, "failureNotificationEmail": "a@example.com" }),
            ],
        ),
        (webhook(json!({ "failureNotificationEmail": "a@example.com" })), "--failure-email a@example.com", vec![]),
        (raw(json!({})), "", vec![]),
    ] {
        let server = Hostile::new([Reply::data(json!([there])), Reply::data(there.clone())]);
        let run = World::on(&server).run(&format!("webhooks ensure {URL} {flags}"));
        run.ok();
        let sent: Vec<Value> =
            server.requests().iter().skip(1).map(|request| serde_json::from_str(&request.body).unwrap()).collect();
        assert_eq!(sent, bodies, "{there} {flags}");
        assert!(server.lines().iter().skip(1).all(|line| *line == format!("PATCH /webhooks/{ID}")));
    }
    for (there, flags) in [(webhook(off()), ""), (raw(json!({})), "--schema normalized-events.v1")] {
        let server = Hostile::always(Reply::data(json!([there])));
        let run = World::on(&server).run(&format!("webhooks ensure {URL} {flags} -o json"));
        run.failed(6, "conflict").says(&format!("`spectrum webhooks delete {ID}`"));
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn a_delete_takes_ids_and_urls_and_says_what_is_not_there() {
    let world = World::beside(|_| {});
    world.run("webhooks create https://a.example.com/ --show-secret").ok();
    let id = world.run("webhooks create https://b.example.com/ --show-secret -o id").stdout.trim().to_owned();
    world.run("webhooks delete https://a.example.com -o json").failed(2, "confirmation_required");
    let run = world.run(&format!("webhooks delete HTTPS://A.example.com:443 {id} {id} --yes -o json"));
    assert_eq!(run.ok().json().as_array().unwrap().len(), 2);
    assert_eq!(run.json()[1], json!({ "id": id, "deleted": true }));
    for gone in [id.as_str(), "https://a.example.com"] {
        world.run(&format!("webhooks delete {gone} --yes -o json")).failed(5, "not_found");
        let run = world.run(&format!("webhooks delete {gone} --yes --ignore-missing -o json"));
        assert_eq!(run.ok().json(), json!([]));
        run.says("is not there");
    }
    world.run("webhooks delete nonsense --yes -o json").failed(2, "usage");
    // The first attempt did it.
    let server = Hostile::new([Reply::close(), Reply::refusal(404, "404", "Webhook not found")]);
    World::on(&server).run(&format!("webhooks delete {ID} --yes")).ok();
    assert_eq!(server.count(), 2);
}

#[test]
fn an_update_says_no_more_than_what_changes() {
    for (flags, body) in [
        ("--failure-email a@example.com", json!({ "failureNotificationEmail": "a@example.com" })),
        ("--no-failure-email", json!({ "failureNotificationEmail": null })),
        ("--enable", json!({ "enabled": true })),
        ("--disable --no-failure-email", json!({ "enabled": false, "failureNotificationEmail": null })),
        ("--upgrade raw-inbound.v1", json!({ "schemaVersion": "raw-inbound.v1" })),
    ] {
        let server = Hostile::always(Reply::data(webhook(json!({}))));
        World::on(&server).run(&format!("webhooks update {ID} {flags}")).ok();
        assert_eq!(server.lines(), [format!("PATCH /webhooks/{ID}")]);
        assert_eq!(serde_json::from_str::<Value>(&server.requests()[0].body).unwrap(), body, "{flags}");
    }
    let world = World::with_pair();
    for flags in [
        "",
        "--enable --disable",
        "--upgrade normalized-events.v1",
        "--upgrade raw-inbound.v1 --enable",
        "--failure-email x",
    ] {
        world.run(&format!("webhooks update {ID} {flags} -o json")).failed(2, "usage");
    }
    let world = World::beside(|_| {});
    let id = world.run(&format!("webhooks create {URL} --show-secret -o id")).stdout.trim().to_owned();
    world
        .run(&format!("webhooks update {id} --disable -o json"))
        .failed(6, "conflict")
        .says("--upgrade raw-inbound.v1");
    world.run(&format!("webhooks update {ID} --enable -o json")).failed(5, "not_found").says("webhooks list");
}

#[test]
fn a_rotation_asks_for_the_overlap_in_seconds() {
    for (flags, body) in
        [("", "{}"), ("--overlap 0s", r#"{"overlapSeconds":0}"#), ("--overlap 7d", r#"{"overlapSeconds":604800}"#)]
    {
        let server = Hostile::always(rotated());
        World::on(&server).run(&format!("webhooks rotate {ID} {flags} --show-secret")).ok();
        assert_eq!(server.requests()[0].body, body);
    }
    for overlap in ["8d", "1500ms", "soon"] {
        let run = World::with_pair().run(&format!("webhooks rotate {ID} --overlap {overlap} --show-secret -o json"));
        run.failed(2, "usage");
    }
}

#[test]
fn a_list_leaves_blank_what_older_rows_lack() {
    let old = json!({ "id": ID, "webhookUrl": URL, "createdAt": "2026-05-01T12:00:00Z", "updatedAt": "2026-05-01T12:00:00Z" });
    let off = json!({ "id": OTHER, "enabled": false, "status": "disabled", "disabledReason": "receiver_gone" });
    let server = Hostile::always(Reply::data(json!([old, webhook(off)])));
    let run = World::on(&server).run("webhooks list --fields id,status,disabledReason,schemaVersion");
    let rows: Vec<Vec<&str>> = run.ok().stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], [ID]);
    assert_eq!(rows[2], [OTHER, "disabled", "receiver_gone", "normalized-events.v1"]);
    assert_eq!(World::on(&server).run("webhooks list -o json").json()[0], old);
    let none = World::on(&Hostile::always(Reply::data(json!([])))).run("webhooks list");
    none.ok().says("no webhooks");
}

#[test]
fn the_addresses_of_deliveries_come_one_a_line() {
    let server = Hostile::always(Reply::data(json!({ "addresses": ["198.51.100.7", "198.51.100.8"] })));
    let world = World::on(&server);
    assert_eq!(world.run("webhooks egress-ips").ok().stdout, "198.51.100.7\n198.51.100.8\n");
    assert_eq!(world.run("webhooks egress-ips -o json").json()["addresses"][1], "198.51.100.8");
}

#[test]
fn a_secret_in_an_answer_to_any_call_is_hidden_from_the_log() {
    let server = Hostile::always(created());
    let run = World::on(&server).run_args(&[
        "api",
        "-X",
        "POST",
        "/projects/{projectId}/webhooks",
        "-f",
        "webhookUrl=x",
        "-vv",
    ]);
    assert!(run.ok().stdout.contains(SIGNING), "what was asked for is data");
    assert!(!run.stderr.contains(SIGNING) && !run.stderr.contains(STANDARD), "{run:?}");
    let world = World::beside(|_| {});
    for tokens in ["imessage/tokens", "voice/tokens", "fusor/token"] {
        let run = world.run(&format!("api -X POST /projects/{{projectId}}/{tokens} -vv"));
        assert!(run.ok().stdout.contains("opens-nothing"), "{run:?}");
        assert!(run.stderr.contains("[redacted]") && !run.stderr.contains("opens-nothing"), "{run:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_delete_that_is_interrupted_says_what_was_deleted() {
    let done = Reply::data(json!({ "id": ID })).after(Duration::from_millis(300));
    let server = Hostile::always(done);
    let world = World::on(&server);
    let child = world.start(&format!("webhooks delete {ID} {OTHER} --yes -o json"));
    server.waits_for(1);
    crate::world::signal(&child, nix::sys::signal::Signal::SIGINT);
    let run = Run::from(child);
    assert_eq!(run.status, 130, "{run:?}");
    assert_eq!(run.json(), json!([{ "id": ID, "deleted": true }]));
    assert_eq!(server.count(), 1);
    run.says("run the same command again to go on, with `--ignore-missing`");
}

#[cfg(unix)]
#[test]
fn an_ensure_that_is_interrupted_deletes_no_more() {
    let old =
        |id: &str, name: &str| webhook(json!({ "id": id, "webhookUrl": format!("https://{name}.tunnel.example/") }));
    let there = json!([webhook(json!({})), old(OTHER, "a"), old("44444444-4444-4444-8444-444444444444", "b")]);
    let done = Reply::data(json!({ "id": OTHER })).after(Duration::from_millis(300));
    let server = Hostile::new([Reply::data(there), done]);
    let world = World::on(&server);
    let child = world.start(&format!("webhooks ensure {URL} --replacing https://*.tunnel.example/* --yes -o json"));
    server.waits_for(2);
    crate::world::signal(&child, nix::sys::signal::Signal::SIGINT);
    let run = Run::from(child);
    assert_eq!((run.status, server.count()), (130, 2), "{run:?}");
    run.says("deleted webhook https://a.tunnel.example/").says("1 of 2 were deleted");
}
