//! `users wait`: opt-ins that come at once, late and never, and services that are in no hurry to tell.

use std::time::Duration;

use serde_json::{Value, json};

use crate::hostile::{Hostile, Reply, Request, list, user, with};
use crate::world::{Run, World, eventually};

/// The n-th user of a scripted project.
fn person(number: usize) -> Value {
    let fields = json!({ "id": id(number), "phoneNumber": phone(number), "firstName": null });
    with(user(&phone(number)), fields)
}

fn id(number: usize) -> String {
    format!("{number:08}-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
}

fn phone(number: usize) -> String {
    format!("+1415555{number:04}")
}

fn reached(number: usize) -> Value {
    with(person(number), json!({ "meta": { "opt_in": true } }))
}

fn users(people: &[Value]) -> Reply {
    Reply::data(list(people))
}

/// A service that lists these people, the n-th answer by the n-th list; the last one answers all that follow.
fn lists(answers: &[&[Value]]) -> Hostile {
    Hostile::new(answers.iter().map(|people| users(people)))
}

#[test]
fn who_can_be_messaged_is_not_waited_for() {
    let dedicated = with(person(1), json!({ "type": "dedicated", "meta": null }));
    for there in [reached(1), dedicated] {
        let server = lists(&[std::slice::from_ref(&there)]);
        let run = World::on(&server).run(&format!("users wait {} -o json", phone(1)));
        assert_eq!(run.ok().json(), there);
        run.says("+14155550001 can be messaged");
        assert_eq!(server.lines(), ["GET /users/?search=%2B14155550001"]);
    }
}

#[test]
fn who_comes_late_is_seen_at_the_latest_when_the_time_is_up() {
    let server = lists(&[&[person(1)], &[reached(1)]]);
    let run = World::on(&server).run(&format!("users wait {} --for 50ms -o json", phone(1)));
    assert_eq!(run.ok().json(), reached(1), "the user as it then is");
    assert_eq!(server.lines()[1..], [format!("GET /users/?id={}", id(1))]);
    let server = lists(&[&[person(1)], &[reached(1)]]);
    let quiet = World::on(&server).run(&format!("users wait {} --for 50ms -q", phone(1)));
    assert_eq!(quiet.ok().stderr, "");
}

#[test]
fn who_never_comes_is_named_and_shown_as_they_are() {
    let never = |line: &str| {
        let server = lists(&[&[person(1)]]);
        let run = World::on(&server).run(&format!("users wait {} {line}", phone(1)));
        assert_eq!(run.status, 8, "{run:?}");
        (run, server.count())
    };
    let (run, count) = never("--for 50ms -o json");
    assert_eq!((run.json(), count), (person(1), 2));
    assert_eq!((&run.error()["code"], &run.error()["exitCode"]), (&json!("timeout"), &json!(8)));
    run.says("+14155550001 did not text their number within 50ms");
    let (run, count) = never("--for 0s -o ndjson");
    assert_eq!((run.events(), count), (vec![person(1)], 1), "a look, and no waiting");
    assert_eq!(never("--for 50ms -o id").0.stdout, format!("{}\n", id(1)));
    let csv = never("--for 50ms -o csv --fields phoneNumber").0;
    assert_eq!(csv.stdout, "phoneNumber\n+14155550001\n");
    let table = never("--for 50ms").0;
    assert!(table.stdout.contains("PHONE") && table.stdout.contains("+14155550001"), "{table:?}");
    table.says("error: +14155550001 did not text").says("hint: run the same command again");
}

#[test]
fn however_many_are_waited_for_a_look_is_one_request() {
    let server = lists(&[&[person(1), person(2), person(3), person(4)], &[person(1), reached(2), person(3)]]);
    let world = World::on(&server);
    let line = format!("users wait {} {} {} --for 50ms -o ndjson", phone(1), phone(2), id(3).to_uppercase());
    let run = world.run(&line);
    assert_eq!(run.status, 8, "{run:?}");
    assert_eq!(run.events(), [reached(2), person(1), person(3)], "as they come, and then those who did not");
    run.says("+14155550002 can be messaged").says("+14155550001, +14155550003 did not text");
    let ids = [1, 2, 3].map(|number| format!("id={}", id(number))).join("&");
    assert_eq!(server.lines(), ["GET /users/".to_owned(), format!("GET /users/?{ids}")]);

    let server = lists(&[&[reached(1), reached(2)]]);
    let run = World::on(&server).run(&format!("users wait {} {} -o json", id(2), id(1)));
    assert_eq!(run.ok().json(), json!([reached(2), reached(1)]), "in the order in which they were named");
    assert_eq!(server.count(), 1);

    // More than a request's line holds: everybody is listed.
    let people: Vec<Value> = (0..300).map(person).collect();
    let all: Vec<Value> = (0..300).map(reached).collect();
    let server = lists(&[&people, &all]);
    let ids: Vec<String> = (0..300).map(id).collect();
    World::on(&server).run(&format!("users wait {} --for 50ms -q", ids.join(" "))).ok();
    assert_eq!(server.lines(), ["GET /users/", "GET /users/"]);
}

#[test]
fn a_user_is_one_user_however_often_and_however_they_are_named() {
    let shouted = with(reached(1), json!({ "id": id(1).to_uppercase() }));
    let server = lists(&[&[person(1)], std::slice::from_ref(&shouted)]);
    let line = format!("users wait {} {} {} --for 50ms -o json", phone(1), id(1), id(1).to_uppercase());
    let run = World::on(&server).run(&line);
    assert_eq!(run.ok().json(), json!([shouted]));
    assert_eq!(server.count(), 2);
}

#[test]
fn numbers_that_the_service_writes_otherwise_are_still_theirs() {
    let formatted = with(reached(1), json!({ "phoneNumber": "+1 (415) 555-0001" }));
    let masked = with(reached(2), json!({ "phoneNumber": "+141****0002" }));
    let server = lists(&[&[formatted.clone(), masked.clone()]]);
    let run = World::on(&server).run(&format!("users wait {} {} -o json", phone(1), id(2)));
    assert_eq!(run.ok().json(), json!([formatted, masked]));
}

#[test]
fn who_is_deleted_meanwhile_is_named() {
    let gone = |people: Vec<Value>| {
        Hostile::answering(move |at, request| match at {
            0 => users(&[person(1), person(2), person(3)]),
            _ if request.target.contains("?id=") => users(&people),
            _ => Reply::refusal(404, "404", "User not found"),
        })
    };
    let line = format!("users wait {} {} {} --for 50ms -o json", phone(1), phone(2), phone(3));
    let run = World::on(&gone(vec![reached(1), person(3)])).run(&line);
    run.failed(5, "not_found").says("+14155550002 was deleted while waiting").says(&id(2));
    run.says("+14155550001 can be messaged").lacks("+14155550003 ");
    let run = World::on(&gone(vec![reached(1)])).run(&line);
    run.failed(5, "not_found").says("+14155550002, +14155550003 were deleted while waiting");
    // Nobody is there to begin with.
    let server = Hostile::always(Reply::refusal(404, "404", "User not found"));
    World::on(&server).run(&format!("users wait {} -o json", id(1))).failed(5, "not_found");
    let server = lists(&[&[person(1)]]);
    World::on(&server)
        .run(&format!("users wait {} {} -o json", phone(1), phone(2)))
        .failed(5, "not_found")
        .says(&phone(2));
}

#[test]
fn who_was_reached_and_is_deleted_while_another_is_waited_for_is_not_reached() {
    let server = Hostile::answering(|at, request| match at {
        0 => users(&[reached(1), person(2)]),
        _ if request.target.contains("?id=") => users(&[reached(2)]),
        _ => Reply::refusal(404, "404", "User not found"),
    });
    let run = World::on(&server).run(&format!("users wait {} {} --for 50ms -o json", phone(1), phone(2)));
    run.failed(5, "not_found").says("+14155550001 was deleted");
}

#[test]
fn a_list_that_forgets_somebody_is_no_proof_that_they_are_gone() {
    let asked = |reply: Reply| {
        let server = Hostile::answering(move |at, request| match at {
            0 => users(&[person(1), person(2)]),
            _ if request.target.contains("?id=") => users(&[reached(1)]),
            _ => reply.clone(),
        });
        World::on(&server).run(&format!("users wait {} {} --for 50ms --retries 0 -o json", phone(1), phone(2)))
    };
    assert_eq!(asked(Reply::data(reached(2))).ok().json(), json!([reached(1), reached(2)]));
    for reply in [
        Reply::data(person(2)),
        Reply::status(404, "<html><title>Nothing here</title></html>"),
        Reply::refusal(500, "E", "oops"),
        Reply::data(person(3)),
    ] {
        let run = asked(reply);
        assert_eq!((run.status, run.json()), (8, json!([reached(1), person(2)])), "{run:?}");
        run.says("+14155550001 can be messaged").lacks("deleted");
        assert_eq!(run.error()["code"], "timeout");
    }
}

#[test]
fn a_service_that_fails_for_a_while_is_waited_for_as_well() {
    let html = || Reply::status(200, "<html>be right back");
    let limited = || Reply::with(429, "Retry-After: 0\r\n", json!({ "succeed": false, "code": "429" }).to_string());
    let broken = || Reply::refusal(503, "503", "Service Unavailable");
    let slow = || Reply::data(list(&[])).after(Duration::from_millis(1500));
    let page = || Reply::status(404, "<html>");
    let odd = || Reply::data(json!({ "users": 7 }));
    std::thread::scope(|scope| {
        for failing in [html(), limited(), broken(), slow(), page(), odd(), Reply::close()] {
            scope.spawn(|| {
                // The first look, one after two seconds, one when the time is up, two seconds later.
                let server = Hostile::new([users(&[person(1)]), failing, users(&[reached(1)])]);
                let line = format!("users wait {} --for 4s --retries 0 --timeout 1s -o json", phone(1));
                let run = World::on(&server).run(&line);
                assert_eq!(run.ok().json(), reached(1));
                assert_eq!(run.stderr.matches("still waiting").count(), 1, "{run:?}");
                assert_eq!(server.count(), 3);
            });
        }
    });
}

#[test]
fn a_service_that_fails_at_the_start_may_recover_but_a_wrong_address_does_not() {
    let broken = Reply::refusal(503, "503", "Service Unavailable");
    let line = format!("users wait {} --for 50ms --retries 0 -o json", phone(1));
    let server = Hostile::new([broken.clone(), users(&[reached(1)])]);
    World::on(&server).run(&line).ok().says("still waiting");
    let server = Hostile::always(broken);
    World::on(&server).run(&line).failed(8, "server");
    for reply in [Reply::status(200, "<html>"), Reply::close()] {
        let server = Hostile::always(reply);
        assert_eq!(World::on(&server).run(&line).status, 8);
        assert_eq!(server.count(), 1, "told at once");
    }
}

#[test]
fn the_time_ends_when_it_is_up_whatever_the_service_does() {
    let server = Hostile::answering(|at, _| match at {
        0 => users(&[person(1)]),
        _ => Reply::status(503, ""),
    });
    let run = World::on(&server).run(&format!("users wait {} --for 50ms -o json", phone(1)));
    assert_eq!((run.status, run.json()), (8, person(1)), "{run:?}");
    assert_eq!(run.error()["code"], "timeout");
    run.says("the last question was not answered: the service failed (503");
    assert_eq!(server.count(), 2, "nothing is repeated beyond the end");
}

#[test]
fn credentials_that_are_refused_meanwhile_end_it_at_once() {
    for (status, code) in [(401, "unauthorized"), (403, "forbidden")] {
        let server = Hostile::new([users(&[person(1)]), Reply::refusal(status, "E", "no"), users(&[reached(1)])]);
        World::on(&server).run(&format!("users wait {} --for 2200ms -o json", phone(1))).failed(4, code);
        assert_eq!(server.count(), 2);
    }
}

#[test]
fn what_is_not_this_user_is_not_shown_as_one() {
    // The list ignores what it was asked for, holds a record that is none, and says the user twice.
    let server = Hostile::answering(|at, _| match at {
        0 => users(&[person(1)]),
        _ => Reply::data(json!({ "users": [7, { "id": 1 }, reached(2), person(1), reached(1)], "total": 20_000 })),
    });
    let run = World::on(&server).run(&format!("users wait {} --for 50ms -o json", phone(1)));
    assert_eq!(run.ok().json(), reached(1));
    assert_eq!(server.count(), 2);
}

#[test]
fn marks_that_are_not_true_are_no_opt_in() {
    for meta in [json!(null), json!({}), json!("opt_in"), json!({ "opt_in": "true" }), json!({ "opt_in": null })] {
        let server = lists(&[&[with(person(1), json!({ "meta": meta }))]]);
        assert_eq!(World::on(&server).run(&format!("users wait {} --for 0s", phone(1))).status, 8, "{meta}");
    }
}

/// Without types, the project's lines tell who is dedicated; asked once.
#[test]
fn a_revision_without_types_is_asked_for_its_lines() {
    let untyped = |number: usize, assigned: &str| {
        let mut user = with(person(number), json!({ "assignedPhoneNumber": assigned }));
        user.as_object_mut().unwrap().remove("type");
        user
    };
    let people = [untyped(1, "+1 917 555-0101"), untyped(2, "+16285550123")];
    let later = with(people[1].clone(), json!({ "meta": { "opt_in": true } }));
    let answers = [people[0].clone(), later];
    let server = Hostile::answering(move |at, request: &Request| match at {
        0 => Reply::data(json!({ "users": people })),
        _ if request.target.ends_with("/lines/") => {
            Reply::data(json!({ "lines": [{ "id": "l", "phoneNumber": "+19175550101" }] }))
        }
        _ => Reply::data(json!({ "users": answers })),
    });
    let run = World::on(&server).run(&format!("users wait {} {} --for 50ms -q", phone(1), phone(2)));
    assert_eq!(run.ok().stderr, "");
    assert_eq!(server.count(), 3, "{:?}", server.lines());
    assert_eq!(server.lines()[1], "GET /lines/");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_its_own_code() {
    for format in ["json", "table"] {
        let server = lists(&[&[person(1)]]);
        let child = World::on(&server).start(&format!("users wait {} -o {format}", phone(1)));
        server.waits_for(1);
        crate::world::signal(&child, nix::sys::signal::Signal::SIGINT);
        let run = Run::from(child);
        assert_eq!((run.status, run.stdout.as_str()), (130, ""), "{run:?}");
        run.says("interrupted");
    }
}

#[test]
fn a_reader_who_has_gone_is_not_waited_for() {
    let server = lists(&[&[reached(1), person(2)]]);
    let mut child = World::on(&server).start(&format!("users wait {} {} -o ndjson", phone(1), phone(2)));
    drop(child.stdout.take());
    let run = Run::from(child);
    assert_eq!(run.status, 0, "{run:?}");
}

#[cfg(unix)]
#[test]
fn at_a_terminal_a_spinner_says_who_is_missing() {
    let people: Vec<Value> =
        (1..=5).map(|number| with(person(number), json!({ "firstName": "Ada\u{1b}[2J" }))).collect();
    let all: Vec<Value> = (1..=5).map(reached).collect();
    let server = lists(&[&people, &all]);
    let world = World::on(&server);
    let line = (1..=5).map(phone).collect::<Vec<_>>().join(" ");
    let mut terminal = world.at_terminal(120, &format!("users wait {line} --for 500ms --fields phoneNumber"));
    terminal.shows("waiting for Ada[2J (+14155550001), Ada[2J (+14155550002), Ada[2J (+14155550003) and 2 others");
    terminal.shows("+14155550005 can be messaged").shows("PHONE");
    assert!(!terminal.raw().contains("\u{1b}[2J"), "a name does not drive it");
    assert_eq!(terminal.ends().status, 0);
}

/// The real thing: the sandbox plays the person while somebody waits.
#[test]
fn a_text_to_the_sandbox_ends_the_waiting() {
    use spectrum_cli::sandbox::revision::Revision;
    std::thread::scope(|scope| {
        for revision in Revision::ALL {
            scope.spawn(move || {
                let world = World::beside(|options| options.revision = revision);
                world.run(&format!("users create --shared --phone {}", phone(1))).ok();
                let line = format!("users create --dedicated --assigned +19175550101 --phone {}", phone(2));
                world.run(&line).ok();
                let before = world.sandbox().requests();
                let child = world.start(&format!("users wait {} {} -o ndjson", phone(1), phone(2)));
                // The list, and where types are not told, the lines.
                let looks = if revision == Revision::May2026 { 2 } else { 1 };
                assert!(eventually(|| world.sandbox().requests() >= before + looks));
                world.run(&format!("sandbox text --from {}", phone(1))).ok();
                let run = Run::from(child);
                let events = run.ok().events();
                let numbers: Vec<_> = events.iter().map(|event| event["phoneNumber"].clone()).collect();
                assert_eq!(numbers, [phone(2), phone(1)]);
                assert_eq!(events[1]["meta"]["opt_in"], true);
                assert!(world.sandbox().requests() <= before + looks + 2, "a look every two seconds");
            });
        }
    });
}

#[test]
fn create_waits_until_who_it_registered_can_be_messaged() {
    let server = Hostile::new([Reply::data(person(1)), users(&[reached(1)])]);
    let run = World::on(&server).run(&format!("users create --shared --phone {} --wait 50ms -o json", phone(1)));
    assert_eq!(run.ok().json(), reached(1), "one document, the user as it then is");
    run.says("must text").says("can be messaged");
    assert_eq!(server.lines(), ["POST /users/".to_owned(), format!("GET /users/?id={}", id(1))]);
    let server = Hostile::new([Reply::data(person(1)), users(&[person(1)])]);
    let run = World::on(&server).run(&format!("users create --shared --phone {} --wait 0s -o json", phone(1)));
    assert_eq!((run.status, run.json()), (8, person(1)));
    // Who is told already is not asked about.
    let server = Hostile::new([Reply::data(reached(1))]);
    World::on(&server).run(&format!("users create --shared --phone {} --wait", phone(1))).ok();
    assert_eq!(server.count(), 1);
    // A dry run has nobody to wait for.
    World::new()
        .run(&format!("users create --shared --phone {} --wait --dry-run", phone(1)))
        .says("cannot be used with");
}
