//! Every way in which a server or a network can fail: exit code, words, and the number of requests.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::hostile::{Hostile, Reply, list, user};
use crate::world::{PROJECT, Run, World, eventually};

/// A row: what the server does, and what has to come of `users list -o json`.
struct Case {
    name: &'static str,
    replies: Vec<Reply>,
    flags: &'static str,
    exit: i32,
    code: &'static str,
    says: &'static str,
    requests: usize,
}

fn case(
    name: &'static str,
    replies: impl IntoIterator<Item = Reply>,
    flags: &'static str,
    (exit, code, says): (i32, &'static str, &'static str),
    requests: usize,
) -> Case {
    Case { name, replies: replies.into_iter().collect(), flags, exit, code, says, requests }
}

/// Runs each row in both tongues: JSON with its number of requests, and the human text with the same words.
#[track_caller]
fn check(cases: Vec<Case>) {
    let results: Vec<(String, Run, usize)> = std::thread::scope(|scope| {
        let run = |case: &Case, format: &str| {
            let server = Hostile::new(case.replies.clone());
            let run = World::on(&server).run(&format!("users list -o {format} {}", case.flags));
            // A client that gave up may have ended before its request was read here.
            eventually(|| server.count() >= case.requests);
            (format!("{} ({format})", case.name), run, server.count())
        };
        let running: Vec<_> = cases
            .iter()
            .flat_map(|case| ["json", "table"].map(|format| scope.spawn(move || run(case, format))))
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (case, results) in cases.iter().zip(results.chunks(2)) {
        for (name, run, requests) in results {
            assert_eq!(run.status, case.exit, "{name}: {run:?}");
            assert_eq!(*requests, case.requests, "{name}: {run:?}");
            assert!(run.stderr.contains(case.says), "{name}: {:?} in {run:?}", case.says);
            assert!(!run.stderr.contains("<html") && !run.stderr.contains('\u{1b}'), "{name}: {run:?}");
        }
        let [(name, machine, _), (_, human, _)] = results else { panic!() };
        if case.exit == 0 {
            assert_eq!(machine.json(), json!([user("+14155550123")]), "{name}");
            continue;
        }
        machine.failed(case.exit, case.code);
        assert_eq!(machine.stderr.lines().count(), 1, "{name}: one line: {machine:?}");
        assert_eq!(machine.error()["retryable"], case.exit == 8, "{name}: {machine:?}");
        assert!(human.stderr.starts_with("error: ") && human.stdout.is_empty(), "{name}: {human:?}");
    }
}

fn good() -> Reply {
    Reply::data(list(&[user("+14155550123")]))
}

fn retry_after(status: u16, value: &str) -> Reply {
    Reply::with(status, &format!("Retry-After: {value}\r\n"), "")
}

const DONE: (i32, &str, &str) = (0, "", "");

#[test]
fn what_may_pass_is_repeated_and_what_cannot_is_not() {
    let server = (8, "server", "the service failed (500");
    let limited = (8, "rate_limited", "the service is limiting the rate (429");
    check(vec![
        case("500 then well", [retry_after(500, "0"), good()], "", DONE, 2),
        case(
            "502, 503, 504, 429, well",
            [retry_after(502, "0"), retry_after(503, "0"), retry_after(504, "0"), retry_after(429, "0"), good()],
            "",
            DONE,
            5,
        ),
        case("500 for ever", [Reply::refusal(500, "INTERNAL", "oops")], "", server, 5),
        case("its own words", [Reply::refusal(500, "INTERNAL", "oops")], "--retries 0", (8, "server", "oops"), 1),
        case(
            "attempts are told",
            [Reply::refusal(500, "INTERNAL", "oops")],
            "--retries 2",
            (8, "server", "after 3 attempts"),
            3,
        ),
        case("429 for ever", [Reply::refusal(429, "RATE_LIMITED", "slow down")], "--retries 2", limited, 3),
        case("500 without Retry-After", [Reply::status(500, ""), good()], "--retries 1", DONE, 2),
        case("429 without Retry-After", [Reply::status(429, ""), good()], "--retries 1", DONE, 2),
        case("no retries", [retry_after(500, "0")], "--retries 0", server, 1),
        case("a date in the past", [retry_after(429, "Wed, 21 Oct 2015 07:28:00 GMT"), good()], "", DONE, 2),
        case(
            "a date beside a Date",
            [
                Reply::with(
                    503,
                    "Date: Wed, 21 Oct 2026 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n",
                    "",
                ),
                good(),
            ],
            "",
            DONE,
            2,
        ),
        case("garbage is no time", [retry_after(500, "soon"), good()], "--retries 1", DONE, 2),
        case("nor is a negative one", [retry_after(500, "-5"), good()], "--retries 1", DONE, 2),
        case("a day is not waited for", [retry_after(429, "86400")], "", limited, 1),
        case("and the person is told", [retry_after(429, "86400")], "", (8, "rate_limited", "asks to wait 24h"), 1),
        case("absurd", [retry_after(429, "18446744073709551615")], "", limited, 1),
        case("beyond any number", [retry_after(429, "99999999999999999999999999")], "", limited, 1),
        case("absurd, 503", [retry_after(503, "18446744073709551615")], "", (8, "server", "503"), 1),
        case("a date in the year 9999", [retry_after(429, "Fri, 31 Dec 9999 23:59:59 GMT")], "", limited, 1),
        case("other 4xx never", [retry_after(418, "0")], "", (7, "rejected", "418"), 1),
    ]);
}

#[test]
fn a_broken_connection_is_repeated_wherever_it_broke() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"succeed\":true,\"data\":{\"users\":[";
    let network = (8, "network", "connection to 127.0.0.1:");
    check(vec![
        case("reset before the request was read", [Reply::reset_unread()], "--retries 1", network, 2),
        case("reset after the request was read", [Reply::reset()], "--retries 1", network, 2),
        case("closed without a byte", [Reply::close()], "--retries 1", network, 2),
        case("half a head", [Reply::raw("HTTP/1.1 200 OK\r\nContent-Le")], "--retries 1", network, 2),
        case("a truncated body", [Reply::raw(half)], "--retries 1", (8, "bad_response", "broke off"), 2),
        case(
            "a truncated chunked body",
            [Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"suc\r\n")],
            "--retries 1",
            (8, "bad_response", "broke off"),
            2,
        ),
        case("reset, then well", [Reply::reset(), good()], "--retries 1", DONE, 2),
        case("closed, then well", [Reply::close(), good()], "--retries 1", DONE, 2),
        case("truncated, then well", [Reply::raw(half), good()], "--retries 1", DONE, 2),
        case("no retries", [Reply::close()], "--retries 0", network, 1),
    ]);
}

#[test]
fn time_is_up_at_any_stage_of_an_answer() {
    let late = (8, "timeout", "no answer from 127.0.0.1:");
    let flags = "--timeout 1s --retries 0";
    check(vec![
        case("silence", [Reply::hang_after("")], flags, late, 1),
        case("half a head", [Reply::hang_after("HTTP/1.1 200 OK\r\n")], flags, late, 1),
        case("half a body", [Reply::hang_after("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")], flags, late, 1),
        case("a trickle", [Reply::trickle()], flags, late, 1),
        case("repeated", [Reply::hang_after("")], "--timeout 700ms --retries 1", late, 2),
        case("silence, then well", [Reply::hang_after(""), good()], "--timeout 5s --retries 1", DONE, 2),
        case("the limit is named", [Reply::hang_after("")], flags, (8, "timeout", "within 1s"), 1),
    ]);
}

#[test]
fn the_status_is_the_truth_even_when_its_body_breaks_off() {
    check(vec![
        case(
            "401 truncated",
            [Reply::raw("HTTP/1.1 401 X\r\nContent-Length: 900\r\n\r\n{\"mess")],
            "",
            (4, "unauthorized", "401"),
            1,
        ),
        case(
            "422 that hangs",
            [Reply::hang_after("HTTP/1.1 422 X\r\nContent-Length: 900\r\n\r\nbad")],
            "--timeout 2s",
            (7, "rejected", "422"),
            1,
        ),
        case("400 of 300 MB", [Reply::huge(400, true)], "", (7, "rejected", "400"), 1),
        case("400 of 300 MB, untold", [Reply::huge(400, false)], "", (7, "rejected", "400"), 1),
        case("403 that is not UTF-8", [Reply::status(403, b"\xff\xfe")], "", (4, "forbidden", "403"), 1),
    ]);
}

#[test]
fn a_refused_connection_is_repeated() {
    // Not a port that was free a moment ago: another test may be given it.
    let run = World::at("http://127.0.0.1:1").run("users list -o json -v --retries 1");
    assert_eq!(run.status, 8, "{run:?}");
    assert_eq!(run.error()["code"], "network");
    run.says("cannot connect to 127.0.0.1:").says("refused").says("after 2 attempts");
    assert_eq!(run.stderr.matches("(attempt ").count(), 2, "{run:?}");
}

#[test]
fn every_odd_answer_has_a_code_and_words() {
    let bad = |says| (8, "bad_response", says);
    let ok = |body: &str| [Reply::status(200, body)];
    let refused = |code: &str, message: &str| {
        [Reply::status(200, json!({ "succeed": false, "data": null, "code": code, "message": message }).to_string())]
    };
    check(vec![
        case("HTML", ok("<!DOCTYPE html><html><title>Sign in</title></html>"), "", bad("HTML"), 1),
        case("half JSON", ok("{\"succeed\":true,\"data\":{\"users\":["), "", bad("not JSON"), 1),
        case("empty", ok(""), "", bad("empty"), 1),
        case("blank", ok(" \r\n"), "", bad("empty"), 1),
        case("an array of no users", ok("[1,2]"), "", bad(""), 1),
        case("text", ok("OK"), "", bad("not JSON"), 1),
        case("a number", ok("7"), "", bad(""), 1),
        case("null", ok("null"), "", bad(""), 1),
        case("data:null", ok("{\"succeed\":true,\"data\":null}"), "", bad("no data"), 1),
        case("no data", ok("{\"succeed\":true}"), "", bad("no data"), 1),
        case("data of another kind", ok("{\"succeed\":true,\"data\":\"x\"}"), "", bad("not a list of users"), 1),
        case("succeed is no boolean", ok("{\"succeed\":\"yes\",\"data\":{\"users\":[]}}"), "", bad("envelope"), 1),
        case(
            "not UTF-8",
            [Reply::status(200, b"{\"succeed\":true,\"data\":{\"users\":[\"\xff\"]}}")],
            "",
            bad("UTF-8"),
            1,
        ),
        case("100000 brackets", ok(&"[".repeat(100_000)), "", bad("not JSON"), 1),
        case(
            "100000 deep",
            ok(&format!("{{\"succeed\":true,\"data\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000))),
            "",
            bad(""),
            1,
        ),
        case("no envelope", ok(&json!({ "users": [user("+14155550123")], "total": 1 }).to_string()), "", DONE, 1),
        case("a bare array", ok(&json!([user("+14155550123")]).to_string()), "", DONE, 1),
        case("a byte order mark", ok(&format!("\u{feff}{}", json!([user("+14155550123")]))), "", DONE, 1),
        case("no, with a status as code", refused("404", "User not found"), "", (5, "not_found", "User not found"), 1),
        case("no, with a word", refused("VALIDATION", "limit is wrong"), "", (7, "rejected", "limit is wrong"), 1),
        case(
            "no, unauthorized",
            refused("401", "Invalid credentials"),
            "",
            (4, "unauthorized", "Invalid credentials"),
            1,
        ),
        case(
            "no, limited",
            refused("RATE_LIMITED", "Too many requests"),
            "--retries 0",
            (8, "rate_limited", "Too many"),
            1,
        ),
        case(
            "no, limited, though its status says that it was done: not repeated",
            [Reply::with(200, "Retry-After: 0\r\n", "{\"succeed\":false,\"code\":\"429\"}"), good()],
            "",
            (8, "rate_limited", "429"),
            1,
        ),
        case(
            "no, capacity",
            refused("402", "Maximum number of shared users (10) reached"),
            "",
            (6, "capacity", "(10)"),
            1,
        ),
        case("no, unknown code", refused("E_MOON", "wrong phase"), "", bad("wrong phase"), 1),
        case("no, without a word", ok("{\"succeed\":false}"), "", bad("failed"), 1),
        case("300 MB, told", [Reply::huge(200, true)], "", bad("larger than"), 1),
        case("300 MB, untold", [Reply::huge(200, false)], "", bad("larger than"), 1),
        case("not HTTP", [Reply::raw("SSH-2.0-OpenSSH_9.6\r\n")], "", bad("not HTTP"), 1),
    ]);
}

#[test]
fn every_refusal_keeps_the_servers_words_and_loses_its_markup() {
    let says = |status, code: &str, message: &str| [Reply::refusal(status, code, message)];
    let problem = json!({ "type": "about:blank", "title": "Bad Request", "detail": "phoneNumber is missing", "code": "VALIDATION", "requestId": "r1" });
    check(vec![
        case("400", says(400, "PARSE", "body is not JSON"), "", (7, "rejected", "body is not JSON"), 1),
        case("401", says(401, "401", "Invalid credentials"), "", (4, "unauthorized", "(401 Invalid credentials)"), 1),
        case("402", says(402, "402", "pay"), "", (6, "capacity", "(402 pay)"), 1),
        case("403", says(403, "403", "not yours"), "", (4, "forbidden", "not yours"), 1),
        case(
            "403 of a limit",
            says(403, "403", "Shared user limit exceeded"),
            "",
            (6, "capacity", "limit exceeded"),
            1,
        ),
        case(
            "403 of something limited",
            says(403, "403", "limited to administrators"),
            "",
            (4, "forbidden", "limited"),
            1,
        ),
        case("404", says(404, "NOT_FOUND", "Not found"), "", (5, "not_found", "(404 Not found)"), 1),
        case("410", says(410, "410", "gone"), "", (5, "not_found", "gone"), 1),
        case("409", says(409, "409", "+15550100 is not a line of this project"), "", (6, "conflict", "+15550100"), 1),
        case(
            "409 of a limit",
            says(409, "409", "Maximum number of shared users (10) reached"),
            "",
            (6, "capacity", "(10)"),
            1,
        ),
        case("418", says(418, "418", "teapot"), "", (7, "rejected", "teapot"), 1),
        case("422", says(422, "VALIDATION", "email is wrong"), "", (7, "rejected", "email is wrong"), 1),
        case(
            "problem+json",
            [Reply::with(400, "Content-Type: application/problem+json\r\n", problem.to_string())],
            "",
            (7, "rejected", "phoneNumber is missing"),
            1,
        ),
        case(
            "a page",
            [Reply::status(502, "<html><head><title>502 Bad Gateway</title></head><body><h1>nginx")],
            "--retries 0",
            (8, "server", "HTML page"),
            1,
        ),
        case(
            "a page with a title",
            [Reply::status(404, "<html><title>Gone fishing</title></html>")],
            "",
            (5, "not_found", "Gone fishing"),
            1,
        ),
        case("empty", [Reply::status(404, "")], "", (5, "not_found", "(404 Not Found)"), 1),
        case("plain text", [Reply::status(400, "no, thanks")], "", (7, "rejected", "no, thanks"), 1),
        case("long text", [Reply::status(400, "x".repeat(100_000))], "", (7, "rejected", "xxx…"), 1),
        case("escape sequences", says(400, "E", "\u{1b}[31mred\u{1b}]0;title\u{7}"), "", (7, "rejected", "red"), 1),
    ]);
}

#[test]
fn the_error_object_carries_status_and_code() {
    let server = Hostile::always(Reply::refusal(409, "LINE_TAKEN", "taken"));
    let run = World::on(&server).run("users list -o json");
    let error = run.error();
    assert_eq!((&error["status"], &error["apiCode"]), (&json!(409), &json!("LINE_TAKEN")));
    assert_eq!(error["retryable"], false);
    let mut keys: Vec<_> = error.as_object().unwrap().keys().map(String::as_str).collect();
    keys.retain(|key| *key != "details");
    keys.sort_unstable();
    assert_eq!(keys, ["apiCode", "code", "exitCode", "hint", "message", "retryable", "status"]);
    for format in ["ndjson", "csv", "id"] {
        World::on(&server).run(&format!("users list -o {format}")).failed(6, "conflict");
    }
}

#[test]
fn a_redirect_is_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Hostile::always(good());
        let location = format!("Location: {}/projects/{PROJECT}/users/\r\n", elsewhere.url());
        let server = Hostile::always(Reply::with(status, &location, ""));
        for line in ["users list -o json", "users create --shared --phone +14155550123 -o json"] {
            World::on(&server).run(line).failed(8, "bad_response").says("redirect");
        }
        assert_eq!((server.count(), elsewhere.count()), (2, 0), "{status}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_memory_for_a_huge_answer_is_bounded() {
    let server = Hostile::always(Reply::huge(200, false));
    // An address space that the answer does not fit into.
    let script = "ulimit -v 1000000 && ulimit -d 220000 && exec spectrum users list -o json";
    let run = Run::from(World::on(&server).shell(script).output().unwrap());
    run.failed(8, "bad_response").says("larger than");
}

#[test]
fn the_time_between_attempts_is_what_the_server_asked_for() {
    let server = Hostile::new([retry_after(503, "1"), good()]);
    let started = Instant::now();
    World::on(&server).run("users list").ok();
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn verbose_shows_a_line_per_attempt() {
    let server = Hostile::new([retry_after(503, "0"), good()]);
    let run = World::on(&server).run("users list -v");
    let lines: Vec<&str> = run.ok().stderr.lines().filter(|line| line.starts_with("GET ")).collect();
    assert_eq!(lines.len(), 2, "{run:?}");
    assert!(
        lines[0].contains(&format!("/projects/{PROJECT}/users/ 503 ")) && lines[0].contains(" ms (attempt 1"),
        "{run:?}"
    );
    assert!(lines[1].contains(" 200 ") && lines[1].contains("(attempt 2"), "{run:?}");
}

#[test]
fn requests_say_who_asks_and_what_for() {
    let server = Hostile::always(good());
    World::on(&server).run("users list").ok();
    let request = &server.requests()[0];
    assert_eq!(request.header("user-agent"), Some(concat!("spectrum-cli/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.header("referer"), None);
    assert_eq!(request.header("authorization"), Some(format!("Basic {}", crate::secrets::token()).as_str()));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_hanging_request_with_its_own_code() {
    use nix::sys::signal::Signal;
    for (signal, format) in [(Signal::SIGINT, "json"), (Signal::SIGTERM, "table")] {
        let server = Hostile::always(Reply::hang_after(""));
        let child = World::on(&server).start(&format!("users list -o {format}"));
        server.waits_for(1);
        crate::world::signal(&child, signal);
        let run = Run::from(child);
        assert_eq!(run.status, 130, "{run:?}");
        if format == "json" {
            run.failed(130, "interrupted");
        } else {
            run.says("interrupted");
        }
    }
}

#[test]
fn what_may_have_been_done_is_sent_once_and_not_called_safe() {
    for method in ["POST", "PUT", "PATCH"] {
        for reply in [Reply::close(), Reply::reset(), Reply::refusal(502, "502", "lost")] {
            let server = Hostile::always(reply);
            let run = World::on(&server).run(&format!("api -X {method} x -o json"));
            assert_eq!((run.status, server.count(), &run.error()["retryable"]), (8, 1, &json!(false)), "{run:?}");
            run.says("look before you send it again").lacks("safe to run");
        }
    }
    // What never went out, and what was refused, was not done.
    let refused = |reply| World::on(&Hostile::always(reply)).run("api -X POST x -o json --retries 0");
    let nowhere = World::at("http://127.0.0.1:1").run("api -X POST x -o json --retries 0");
    for (run, retryable) in [
        (nowhere, true),
        (refused(Reply::refusal(429, "RATE_LIMITED", "slow down")), true),
        (refused(Reply::refusal(422, "VALIDATION", "no")), false),
    ] {
        run.lacks("look before you send it again");
        assert_eq!(run.error()["retryable"], retryable, "{run:?}");
    }
    for method in ["GET", "DELETE"] {
        let server = Hostile::new([Reply::close(), Reply::status(200, "{}")]);
        World::on(&server).run(&format!("api -X {method} x")).ok();
        assert_eq!(server.count(), 2, "{method}");
    }
}
