//! `webhooks send` with the real binary against a handler that remembers what it was sent.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hostile::{Hostile, Reply, Request};
use crate::verify::SECRETS;
use crate::world::{Run, World};

const HEX: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn world() -> World {
    let world = World::new();
    world.file("secrets", SECRETS);
    world
}

fn handler(status: u16) -> Hostile {
    Hostile::always(Reply::status(status, "thanks\nand more"))
}

/// Sends to a handler with the secrets' file and these flags.
fn send(world: &World, server: &Hostile, flags: &[&str]) -> Run {
    let url = format!("{}/hook?a=1", server.url());
    world.run_args(&[&["webhooks", "send", &url, "--secret-file", "secrets"], flags].concat())
}

/// What the handler got, verified by `webhooks verify` as if its own code did.
#[track_caller]
fn verified(world: &World, request: &Request, flags: &[&str]) -> Run {
    world.file("body", &request.body);
    let mut args = vec!["webhooks", "verify", "--secret-file", "secrets", "--body", "body", "-o", "json"];
    let lines: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    for line in &lines {
        args.extend(["-H", line]);
    }
    world.run_args(&[&args, flags].concat())
}

#[test]
fn a_delivery_is_the_one_that_the_service_makes() {
    let (world, server) = (world(), handler(200));
    let run = send(
        &world,
        &server,
        &["--webhook-id", "6A4D2E8C-7b1f-4d3a-9a8e-2c5d6f7e8a9b", "--text", "café 👋", "-o", "json"],
    );
    let record = run.ok().json();
    assert_eq!(
        (&record["status"], &record["answer"], &record["asExpected"]),
        (&200.into(), &"thanks".into(), &true.into())
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!(request.line(), "POST /hook?a=1");
    for (name, value) in [
        ("content-type", "application/json"),
        ("user-agent", "spectrum-webhook/0.1.0"),
        ("x-spectrum-event", "messages"),
        ("x-spectrum-webhook-id", "6a4d2e8c-7b1f-4d3a-9a8e-2c5d6f7e8a9b"),
    ] {
        assert_eq!(request.header(name), Some(value));
    }
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("webhook-id"), record["eventId"].as_str());
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["message"]["id"], record["id"]);
    assert_eq!(body["message"]["content"], json!({ "type": "text", "text": "café 👋" }));
    assert_eq!(
        body["space"],
        json!({ "id": "any;-;+14155550123", "platform": "imessage", "type": "dm", "phone": "shared" })
    );
    for scheme in ["v0", "standard"] {
        assert_eq!(verified(&world, request, &["--scheme", scheme]).ok().json()["scheme"], scheme);
    }
    let shown = send(&world, &server, &[]);
    assert!(shown.ok().stdout.contains("thanks") && shown.stdout.contains("200"), "{shown:?}");
    assert!(!shown.stdout.contains("and more"));
}

#[test]
fn every_content_and_both_schemas_verify() {
    let (world, server) = (world(), handler(204));
    world.file("whole", "{\"event\":\"messages\",\n \"odd\": 1}");
    for (flags, pointer, value) in [
        (vec!["--attachment", "ticket.pdf"], "/message/content/mimeType", "application/pdf"),
        (vec!["--attachment", "a.heic", "--attachment", "b.heic"], "/message/content/items/1/content/name", "b.heic"),
        (vec!["--reaction", "❤️"], "/message/content/emoji", "❤️"),
        (vec!["--contact", "Ada"], "/message/content/name/formatted", "Ada"),
        (vec!["--link", "https://x.example"], "/message/content/url", "https://x.example"),
        (vec!["--from", "+1 415 555 0199"], "/message/sender/id", "+14155550199"),
        (vec!["--to", "+14155550100"], "/space/phone", "+14155550100"),
        (vec!["--to", "+14155550100", "--group-chat"], "/message/space/type", "group"),
        (vec!["--schema", "raw-inbound.v1", "--text", "hi"], "/request/body/message/text", "hi"),
        (vec!["--body", "whole"], "/event", "messages"),
        (vec!["--text", "-5 degrees"], "/message/content/text", "-5 degrees"),
    ] {
        send(&world, &server, &flags).ok();
        let request = server.requests().pop().unwrap();
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body.pointer(pointer).and_then(Value::as_str), Some(value), "{body}");
        assert_eq!(verified(&world, &request, &[]).ok().json()["schemes"], json!(["v0", "standard"]), "{flags:?}");
    }
    // Byte for byte.
    let whole = server.requests().into_iter().find(|request| request.body.contains("odd")).unwrap();
    assert_eq!(whole.body, "{\"event\":\"messages\",\n \"odd\": 1}");
}

#[test]
fn a_body_that_is_no_json_is_sent_and_told() {
    let (world, server) = (world(), handler(200));
    world.file("whole", "no JSON\r\n");
    send(&world, &server, &["--body", "whole"]).ok().says("the body is not JSON");
    let request = &server.requests()[0];
    assert_eq!(request.body, "no JSON\r\n");
    assert_eq!(request.header("x-spectrum-event"), Some("messages"));
    verified(&world, request, &[]).ok().says("the body is not JSON");
}

#[test]
fn what_a_handler_has_to_refuse_is_refused_or_told() {
    let world = world();
    for (flags, cause) in [(["--bad-signature"].as_slice(), "mismatch"), (&["--stale", "10m"], "outside_window")] {
        let server = handler(401);
        send(&world, &server, flags).ok();
        for scheme in ["v0", "standard"] {
            let run = verified(&world, &server.requests()[0], &["--scheme", scheme]);
            assert_eq!((run.status, &run.json()["cause"]), (7, &cause.into()), "{run:?}");
        }
        let careless = handler(200);
        let run = send(&world, &careless, &[flags, &["-o", "json"]].concat());
        assert_eq!((run.status, &run.json()["asExpected"]), (7, &false.into()), "{run:?}");
        assert_eq!(run.error()["status"], 200);
        run.says("4xx was expected");
    }
    let run = send(&world, &handler(200), &["--stale", "5m", "-o", "json"]);
    run.failed(2, "usage").says("--expect");
    send(&world, &handler(200), &["--stale", "4m", "--expect", "2xx"]).ok();
}

#[test]
fn the_same_event_comes_again_and_several_come_out_of_order() {
    let (world, server) = (world(), handler(200));
    let run = send(&world, &server, &["--times", "3", "-o", "json"]);
    assert_eq!(run.ok().json().as_array().map(Vec::len), Some(3));
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert_eq!(
            (&request.body, request.header("webhook-id")),
            (&requests[0].body, requests[0].header("webhook-id"))
        );
        verified(&world, request, &[]).ok();
    }
    let server = handler(200);
    let run = send(&world, &server, &["--shuffle", "--text", "part", "-o", "ndjson"]);
    assert_eq!(run.ok().events().len(), 3);
    let bodies: Vec<Value> =
        server.requests().iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect();
    let of = |body: &Value, way: &str| body.pointer(way).unwrap().as_str().unwrap().to_owned();
    let came: Vec<String> = bodies.iter().map(|body| of(body, "/message/timestamp")).collect();
    let mut sorted = bodies.clone();
    sorted.sort_by_key(|body| of(body, "/message/timestamp"));
    assert!(!came.is_sorted(), "{came:?}");
    assert_eq!(
        sorted.iter().map(|body| of(body, "/message/content/text")).collect::<Vec<_>>(),
        ["part 1", "part 2", "part 3"]
    );
    let mut ids: Vec<String> = bodies.iter().map(|body| of(body, "/message/id")).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    for request in server.requests() {
        verified(&world, &request, &[]).ok();
    }
}

#[test]
fn an_answer_is_as_expected_or_ends_with_7() {
    let world = world();
    let redirect = || Hostile::always(Reply::with(308, "Location: /hook/\r\n", ""));
    for (server, flags, status, words) in [
        (handler(204), [].as_slice(), 0, ""),
        (handler(500), &[], 7, "the service sends it again"),
        (handler(410), &[], 7, "answered 410, where 2xx was expected"),
        (handler(401), &[], 7, "spectrum webhooks verify"),
        (redirect(), &[], 7, "/hook/"),
        (redirect(), &["--expect", "3xx"], 0, ""),
        (handler(200), &["--expect", "204"], 7, "204 was expected"),
        (handler(403), &["--expect", "401,403"], 0, ""),
    ] {
        let run = send(&world, &server, flags);
        assert_eq!(run.status, status, "{run:?}");
        run.says(words);
        assert_eq!(server.count(), 1);
    }
    // One of several.
    let server = Hostile::new([Reply::status(200, ""), Reply::status(500, "oh"), Reply::status(200, "")]);
    let run = send(&world, &server, &["--times", "3", "-o", "json"]);
    assert_eq!((run.status, run.json().as_array().map(Vec::len)), (7, Some(3)), "{run:?}");
}

#[test]
fn no_answer_is_network_or_timeout_and_is_not_sent_again() {
    let world = world();
    for (server, patience, code) in [
        (Hostile::always(Reply::close()), "30s", "network"),
        (Hostile::always(Reply::reset()), "30s", "network"),
        (Hostile::always(Reply::hang_after("")), "300ms", "timeout"),
    ] {
        send(&world, &server, &["--timeout", patience, "-o", "json"]).failed(8, code);
        assert_eq!(server.count(), 1);
    }
    let run = world.run("webhooks send http://127.0.0.1:1/ --secret-file secrets -o json");
    run.failed(8, "network").says("handler runs");
    // What came before is told.
    let server = Hostile::new([Reply::status(200, "one"), Reply::close()]);
    let run = send(&world, &server, &["--times", "3", "-o", "json"]);
    assert_eq!((run.status, run.json().as_array().map(Vec::len), server.count()), (8, Some(1), 2), "{run:?}");
}

#[test]
fn hostile_answers_are_shown_safely_and_bounded() {
    let world = world();
    for reply in [
        Reply::status(200, "\u{1b}]0;owned\u{7}\u{202e}red\n"),
        Reply::status(200, [0xff, 0xfe, 0x1b, b'[', b'2', b'J']),
        Reply::status(200, "x".repeat(100_000)),
        Reply::status(200, "\n\n  \n"),
        Reply::huge(200, true),
        Reply::huge(200, false),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut"),
        Reply::hang_after("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nlate"),
    ] {
        let server = Hostile::always(reply);
        for format in ["table", "json"] {
            let run = send(&world, &server, &["--timeout", "2s", "-o", format]);
            run.ok().lacks("\u{1b}").lacks("\u{202e}");
            assert!(run.stdout.len() < 2000, "{run:?}");
        }
    }
    // One that drips for seconds holds nobody up: the status is there, and the time is for all of an answer.
    let begin = Instant::now();
    send(&world, &Hostile::always(Reply::trickle()), &["--timeout", "1s"]).ok();
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    for reply in [Reply::raw("SSH-2.0-x\r\n\r\n"), Reply::with(200, "Location: \u{1b}[31m\r\n", "")] {
        let run = send(&world, &Hostile::always(reply), &["-o", "json"]);
        run.failed(8, "bad_response").lacks("\u{1b}").lacks("profiles check");
    }
}

#[test]
fn secrets_are_told_nowhere_and_one_alone_signs_in_its_scheme() {
    let world = world();
    let server = Hostile::always(Reply::status(200, format!("got {HEX}")));
    for format in ["table", "json", "csv", "ndjson", "id"] {
        let run = send(&world, &server, &["-vv", "-o", format, "--text", HEX]);
        run.ok().lacks(HEX).lacks("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    }
    world.file("secrets", HEX);
    let record = send(&world, &server, &["-o", "json"]);
    assert_eq!(record.ok().json()["schemes"], json!(["v0"]));
    record.says("signed in the v0 scheme alone");
    let last = server.requests().pop().unwrap();
    assert_eq!((last.header("webhook-signature"), last.header("x-spectrum-signature").is_some()), (None, true));
    send(&world, &server, &["--scheme", "standard", "-o", "json"]).failed(2, "invalid_input");
    world.file("secrets", SECRETS);
    let record = send(&world, &server, &["--scheme", "standard", "-o", "json"]).ok().json();
    assert_eq!(record["schemes"], json!(["standard"]));
}

#[test]
fn what_cannot_be_sent_is_refused_before_anything_is() {
    let (world, server) = (world(), handler(200));
    let url = server.url();
    world.file("b", "{}");
    for line in [
        "http://x.example/hook --secret-file secrets".to_owned(),
        "ftp://localhost/ --secret-file secrets".to_owned(),
        "https://me:s3cret@x.example/ --secret-file secrets".to_owned(),
        url.clone(),
        format!("{url} --secret-file secrets --text a --reaction b"),
        format!("{url} --secret-file secrets --bad-signature --times 2"),
        format!("{url} --secret-file secrets --times 0"),
        format!("{url} --secret-file secrets --body b --shuffle"),
        format!("{url} --secret-file secrets --body b --from +14155550123"),
        format!("{url} --secret-stdin --body -"),
        format!("{url} --secret-file secrets --to nobody"),
        format!("{url} --secret-file secrets --group-chat"),
        format!("{url} --secret-file secrets --webhook-id x"),
        format!("{url} --secret-file secrets --expect ok"),
        format!("{url} --secret-file secrets --schema raw-inbound.v1 --reaction b"),
        format!("{url} --secret-file secrets --schema raw-inbound.v1 --from +14155550123"),
        format!("{url} --secret-file secrets --stale 10"),
    ] {
        let run = world.run(&format!("webhooks send {line} -o json"));
        run.failed(2, "usage").lacks("s3cret");
    }
    assert_eq!(server.count(), 0);
}
