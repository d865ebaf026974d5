//! The user commands against answers that are right, wrong, and somebody else's.

use std::time::Duration;

use serde_json::{Value, json};

use crate::hostile::{Hostile, Reply, list, user, with};
use crate::world::{PROJECT, World};

const PHONE: &str = "+14155550123";
const ID: &str = "11111111-1111-4111-8111-111111111111";
const CREATE: &str = "users create --shared --phone +14155550123 -o json";

fn dedicated(id: &str, line: &str) -> Value {
    with(user(PHONE), json!({ "id": id, "type": "dedicated", "assignedPhoneNumber": line }))
}

#[test]
fn create_sends_what_was_asked_and_prints_the_record() {
    let server = Hostile::always(Reply::data(with(user(PHONE), json!({ "future": [1.50] }))));
    let world = World::on(&server);
    let line = "users create --shared --phone +1(415)555-01.23 --first-name Ada --last-name= -o json";
    let run = world.run(line);
    assert_eq!(run.ok().json(), with(user(PHONE), json!({ "future": [1.50] })), "unknown fields are kept");
    let request = &server.requests()[0];
    assert_eq!(request.line(), format!("POST /projects/{PROJECT}/users/"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body, json!({ "type": "shared", "phoneNumber": PHONE, "firstName": "Ada" }));
    let run = world.run(&format!("users create --dedicated --assigned +15550100 --phone {PHONE} -o id"));
    assert_eq!(run.ok().stdout, format!("{ID}\n"));
    let body: Value = serde_json::from_str(&server.requests()[1].body).unwrap();
    assert_eq!(body, json!({ "type": "dedicated", "phoneNumber": PHONE, "assignedPhoneNumber": "+15550100" }));
}

#[test]
fn what_is_wrong_or_missing_is_named_at_once_and_nothing_is_sent() {
    let server = Hostile::always(Reply::data(user(PHONE)));
    let world = World::on(&server);
    for (line, code, words) in [
        ("users create", "usage", &["--shared or --dedicated", "--phone"][..]),
        ("users create --dedicated", "usage", &["--phone", "--assigned"]),
        ("users create --shared --phone 4155550123", "invalid_input", &["no leading +", "+ and the country code"]),
        ("users create --shared --phone +0155550123 --email nobody", "invalid_input", &["+0", "nobody"]),
        ("users create --shared --assigned +15550100 --phone +14155550123", "invalid_input", &["--assigned"]),
        ("users create --shared --dedicated --phone +14155550123", "usage", &["--dedicated"]),
        ("users create --if-absent --fail-if-exists", "usage", &["--if-absent"]),
        ("users get not-an-id", "usage", &["neither a user id nor a phone"]),
        ("users list --limit 501", "usage", &["501"]),
        ("users creat", "usage", &["create"]),
        ("users list --fields id,phone", "usage", &["unknown field", "phoneNumber"]),
        ("users delete +14155550123", "confirmation_required", &["--yes"]),
    ] {
        let run = world.run(&format!("{line} -o json"));
        run.failed(2, code);
        for word in words {
            run.says(word);
        }
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn somebody_elses_record_is_no_success() {
    let server = Hostile::always(Reply::data(user("+19995550000")));
    let run = World::on(&server).run(&format!("{CREATE} --email ada@example.com"));
    run.failed(6, "identity_mismatch").says("+19995550000").says(PHONE).says(ID).says("ada@example.com");
    let server = Hostile::always(Reply::data(dedicated(ID, "+15550199")));
    let run = World::on(&server).run("users create --dedicated --assigned +15550100 --phone +14155550123 -o json");
    run.failed(6, "identity_mismatch").says("+15550199").says("lines list");
    let server = Hostile::always(Reply::data(with(user(PHONE), json!({ "assignedPhoneNumber": null }))));
    let run = World::on(&server).run("users create --dedicated --assigned +15550100 --phone +14155550123");
    assert_eq!((run.status, run.stdout.as_str()), (6, ""), "{run:?}");
}

#[test]
fn a_record_that_is_no_user_is_a_bad_response() {
    for data in [
        json!([]),
        json!({}),
        json!("x"),
        with(user(PHONE), json!({ "id": null })),
        with(user(PHONE), json!({ "phoneNumber": 7 })),
    ] {
        let server = Hostile::always(Reply::data(data.clone()));
        for line in [CREATE.to_owned(), format!("users get {ID} -o json"), format!("users get {ID} -o csv")] {
            let run = World::on(&server).run(&line);
            assert_eq!((run.status, run.stdout.as_str()), (8, ""), "{data} {run:?}");
            assert_eq!(run.error()["code"], "bad_response");
        }
        assert_eq!(server.count(), 3, "{data}: never repeated");
    }
}

#[test]
fn a_name_that_the_service_keeps_is_a_warning() {
    let server = Hostile::always(Reply::data(with(user(PHONE), json!({ "email": "old@example.com" }))));
    let world = World::on(&server);
    let run = world.run(&format!("{CREATE} --first-name Grace --email new@example.com"));
    run.ok().says("warning: firstName is \"Ada\" in the service, not \"Grace\"").says("old@example.com");
    assert!(!world.run(&format!("{CREATE} --first-name Ada")).stderr.contains("warning"));
    assert_eq!(world.run(&format!("{CREATE} -q --first-name Grace")).stderr, "");
}

#[test]
fn the_note_claims_only_what_can_be_known() {
    let answer = |date: &str, created: &str| {
        let body = json!({ "succeed": true, "data": with(user(PHONE), json!({ "createdAt": created })) });
        Reply::with(200, date, body.to_string()).after(Duration::from_millis(30))
    };
    let date = "Date: Fri, 01 May 2026 12:00:10 GMT\r\n";
    for (date, created, words) in [
        (date, "2026-05-01T12:00:10.990Z", "created"),
        (date, "2026-04-01T12:00:00.000Z", "already existed"),
        (date, "2026-05-01T12:00:09.990Z", "registered"),
        (date, "2027-05-01T12:00:00.000Z", "registered"),
        (date, "yesterday", "registered"),
        ("", "2026-05-01T12:00:10.990Z", "registered"),
        ("Date: soon\r\n", "2026-04-01T12:00:00.000Z", "registered"),
    ] {
        let server = Hostile::always(answer(date, created));
        let run = World::on(&server).run(CREATE);
        run.ok().says(&format!("{words} shared user {PHONE}"));
    }
}

#[test]
fn if_absent_leaves_who_is_there_untouched() {
    let server = Hostile::always(Reply::data(list(&[user(PHONE)])));
    let run = World::on(&server).run(&format!("{CREATE} --if-absent --first-name Grace"));
    assert_eq!(run.ok().json(), user(PHONE));
    run.says("already existed").says("warning: firstName");
    assert_eq!(server.lines(), ["GET /users/?type=shared&search=%2B14155550123"]);
    let server = Hostile::new([Reply::data(list(&[user("+141555501234")])), Reply::data(user(PHONE))]);
    World::on(&server).run(&format!("{CREATE} --if-absent")).ok();
    assert_eq!(server.lines()[1], "POST /users/", "a longer number is not the same");
    let line = "users create --dedicated --assigned +15550100 --phone +14155550123 -o json --if-absent";
    let server =
        Hostile::new([Reply::data(list(&[dedicated(ID, "+15550199")])), Reply::data(dedicated(ID, "+15550100"))]);
    World::on(&server).run(line).ok();
    assert_eq!(server.count(), 2, "the same phone on another line is another user");
}

#[test]
fn fail_if_exists_refuses_who_is_there() {
    let server = Hostile::always(Reply::data(list(&[user(PHONE)])));
    World::on(&server).run(&format!("{CREATE} --fail-if-exists")).failed(6, "exists").says(ID);
    assert_eq!(server.count(), 1);
    let server = Hostile::new([Reply::data(list(&[])), Reply::data(user(PHONE))]);
    World::on(&server).run(&format!("{CREATE} --fail-if-exists")).ok();
    assert_eq!(server.count(), 2);
}

#[test]
fn a_failed_look_up_is_never_absence() {
    let replies = [
        Reply::refusal(500, "E", "oops"),
        Reply::refusal(404, "404", "no such project"),
        Reply::refusal(401, "401", "no"),
        Reply::status(200, "<html>"),
        Reply::status(200, "{\"succeed\":true,\"data\":null}"),
        Reply::data(json!({ "users": [{ "id": ID }] })),
        Reply::data(json!({ "total": 0 })),
        Reply::close(),
    ];
    for reply in replies {
        for flag in ["--if-absent", "--fail-if-exists"] {
            let server = Hostile::always(reply.clone());
            let run = World::on(&server).run(&format!("{CREATE} {flag} --retries 0"));
            assert!(run.status >= 4 && run.stdout.is_empty(), "{run:?}");
            assert_eq!(server.count(), 1);
            assert_eq!(server.requests()[0].method, "GET", "nothing is created after a failed look-up");
        }
    }
    // A page that is shorter than the service's own total is no proof of absence either.
    let held_back = Hostile::new([
        Reply::data(json!({ "users": [with(user("+141555501234"), json!({ "id": "x" }))], "total": 2 })),
        Reply::data(json!({ "users": [user(PHONE)], "total": 2 })),
    ]);
    World::on(&held_back).run(&format!("{CREATE} --if-absent")).ok().says("already existed");
    assert!(held_back.lines()[1].contains("offset=1"), "{:?}", held_back.lines());
    let incomplete = Hostile::always(Reply::data(json!({ "users": [], "total": 2 })));
    World::on(&incomplete).run(&format!("{CREATE} --if-absent")).failed(8, "bad_response").says("0 of 2");
}

#[test]
fn a_phone_number_stands_for_one_user_or_for_none() {
    let other = "22222222-2222-4222-8222-222222222222";
    let two = list(&[dedicated(ID, "+15550100"), dedicated(other, "+15550101")]);
    for line in ["users get", "users delete --yes", "users link"] {
        let server = Hostile::always(Reply::data(two.clone()));
        let run = World::on(&server).run(&format!("{line} {PHONE} -o json"));
        run.failed(6, "ambiguous").says(ID).says(other);
        assert_eq!(server.lines(), ["GET /users/?search=%2B14155550123"]);
        let server = Hostile::always(Reply::data(list(&[user("+141555501234")])));
        World::on(&server).run(&format!("{line} {PHONE} -o json")).failed(5, "not_found").says(PHONE);
        assert_eq!(server.count(), 1);
    }
    let twice = Hostile::always(Reply::data(list(&[user(PHONE), with(user(PHONE), json!({ "id": other }))])));
    World::on(&twice).run(&format!("{CREATE} --if-absent")).failed(6, "ambiguous").says(other);
    assert_eq!(twice.count(), 1);
}

#[test]
fn a_list_is_a_bare_array_and_a_phone_is_compared_whole() {
    let users = [user(PHONE), user("+141555501234")];
    let server = Hostile::always(Reply::data(list(&users)));
    let world = World::on(&server);
    assert_eq!(world.run("users list -o json").ok().json(), json!(users));
    assert_eq!(world.run(&format!("users ls --phone {PHONE} -o json")).ok().json(), json!([user(PHONE)]));
    world
        .run_args(&["user", "list", "--search", "a&b +c", "--dedicated", "--limit", "5", "--offset", "2", "--id", ID])
        .ok();
    let last = "GET /users/?type=dedicated&id=11111111-1111-4111-8111-111111111111&search=a%26b+%2Bc&limit=5&offset=2";
    assert_eq!(server.lines()[1..], ["GET /users/?search=%2B14155550123", last]);
    let none = Hostile::always(Reply::data(list(&[])));
    assert_eq!(World::on(&none).run("users list -o json").ok().stdout, "[]\n");
    for format in ["ndjson", "id"] {
        assert_eq!(World::on(&none).run(&format!("users list -o {format}")).ok().stdout, "");
    }
    World::on(&none).run("users list").ok().says("no users");
}

#[test]
fn a_deletion_says_what_it_did() {
    let gone = || Reply::data(json!({ "userId": ID }));
    for reply in [gone(), Reply::status(204, ""), Reply::status(200, "{\"succeed\":true,\"data\":null}")] {
        let server = Hostile::always(reply);
        let run = World::on(&server).run(&format!("users delete --yes {ID} -o json"));
        assert_eq!(run.ok().json(), json!([{ "id": ID, "deleted": true }]));
        assert_eq!(server.lines(), [format!("DELETE /users/{ID}/")]);
    }
    for reply in [
        Reply::status(200, "<html>Sign in"),
        Reply::status(200, "{\"succeed\":true,"),
        Reply::status(200, "{\"succeed\":false}"),
    ] {
        let server = Hostile::always(reply);
        World::on(&server).run(&format!("users delete --yes {ID} -o json")).failed(8, "bad_response");
        assert_eq!(server.count(), 1);
    }
    let server = Hostile::new([Reply::data(list(&[user(PHONE)])), gone()]);
    World::on(&server).run(&format!("users rm --yes {PHONE} -o json")).ok();
    assert_eq!(server.lines(), ["GET /users/?search=%2B14155550123".to_owned(), format!("DELETE /users/{ID}/")]);
}

#[test]
fn a_repeated_deletion_that_meets_404_has_succeeded() {
    let missing = || Reply::refusal(404, "404", "User not found");
    let line = format!("users delete --yes {ID} -o json --retries 1");
    for first in [Reply::reset(), Reply::refusal(500, "E", "oops"), Reply::close()] {
        let server = Hostile::new([first, missing()]);
        assert_eq!(World::on(&server).run(&line).ok().json(), json!([{ "id": ID, "deleted": true }]));
        assert_eq!(server.count(), 2);
    }
    let server = Hostile::always(missing());
    let world = World::on(&server);
    world.run(&line).failed(5, "not_found").says(ID);
    let run = world.run(&format!("{line} --ignore-missing"));
    assert_eq!(run.ok().stdout, "[]\n");
    assert_eq!(server.count(), 2);
}

/// A person reads of each user, a machine of the whole.
#[test]
fn who_is_not_there_is_told_each_for_themselves_to_a_person() {
    let other = "22222222-2222-4222-8222-222222222222";
    let server = Hostile::always(Reply::refusal(404, "NOT_FOUND", "User not found"));
    for (users, format, told) in [(ID, "table", 0), (ID, "json", 0), (other, "table", 2), (other, "json", 0)] {
        let run = World::on(&server).run(&format!("users delete --yes {ID} {users} -o {format}"));
        assert_eq!((run.status, run.stderr.matches("failed: ").count()), (5, told), "{run:?}");
    }
}

#[test]
fn what_was_deleted_before_a_failure_is_said() {
    let other = "22222222-2222-4222-8222-222222222222";
    let server = Hostile::new([Reply::status(204, ""), Reply::refusal(401, "401", "no")]);
    let run = World::on(&server).run(&format!("users delete --yes {ID} {other} {ID} -o json"));
    assert_eq!(run.status, 4, "{run:?}");
    assert_eq!(run.json(), json!([{ "id": ID, "deleted": true }]));
    run.says("1 of 2 were deleted");
    assert_eq!(server.count(), 2, "a user named twice is deleted once");
}

#[test]
fn a_dry_run_sends_nothing_and_needs_nothing() {
    let create = "users create --shared --phone +14155550123 --dry-run";
    let run = World::new().run(&format!("{create} -o json"));
    let request = run.ok().json();
    assert_eq!(request["method"], "POST");
    assert_eq!(request["url"], "https://spectrum.photon.codes/projects/{projectId}/users/");
    assert_eq!(request["headers"]["Authorization"], "Basic [redacted]");
    assert_eq!(request["body"], json!({ "type": "shared", "phoneNumber": PHONE }));
    let server = Hostile::always(Reply::data(user(PHONE)));
    let world = World::on(&server);
    for flag in ["", "--if-absent", "--fail-if-exists"] {
        let run = world.run(&format!("{create} {flag}"));
        assert!(run.ok().stdout.starts_with(&format!("POST {}/projects/{PROJECT}/users/\n", server.url())), "{run:?}");
        run.lacks(crate::world::SECRET).lacks(&crate::secrets::token());
    }
    let run = World::new().run(&format!("users delete {ID} --dry-run -o json"));
    assert_eq!(run.ok().json()[0]["method"], "DELETE");
    assert_eq!(server.count(), 0);
}

#[test]
fn the_other_nouns_print_what_the_service_says() {
    let line = json!({ "platform": "imessage", "id": "l1", "phoneNumber": "+15550100", "status": "available" });
    let server = Hostile::new([
        Reply::data(json!({ "lines": [line] })),
        Reply::data(with(line.clone(), json!({ "isBestAvailable": true }))),
        Reply::data(json!({ "name": "P", "slug": "p", "profile": { "firstName": "Ada" } })),
        Reply::data(user(PHONE)),
        Reply::refusal(404, "404", "no line"),
    ]);
    let world = World::on(&server);
    assert_eq!(world.run("lines list -o json").ok().json(), json!([line]));
    assert_eq!(world.run("lines route -o json").ok().json()["isBestAvailable"], true);
    assert_eq!(world.run("project show -o json").ok().json()["slug"], "p");
    assert_eq!(world.run(&format!("users link {ID} --message Hi&bye")).ok().stdout, "sms:+15550100&body=Hi%26bye\n");
    world.run("lines route -o json").failed(5, "not_found");
    let expected = ["GET /lines/", "GET /lines/route", "GET /", &format!("GET /users/{ID}/"), "GET /lines/route"];
    assert_eq!(server.lines(), expected);
}

#[test]
fn api_calls_any_route_of_the_configured_service_alone() {
    let server = Hostile::new([
        Reply::data(json!([])),
        Reply::data(json!(1)),
        Reply::refusal(422, "VALIDATION", "no"),
        Reply::status(200, "<html>"),
    ]);
    let world = World::on(&server);
    let whole = json!({ "succeed": true, "data": [] });
    assert_eq!(world.run("api projects/{projectId}/webhooks/").ok().json(), whole);
    world.run("api /x -f type=shared -F n=[1]").ok();
    let request = &server.requests()[1];
    assert_eq!((request.line(), request.body.as_str()), ("POST /x".to_owned(), r#"{"n":[1],"type":"shared"}"#));
    let run = world.run("api -X DELETE x -o json");
    assert_eq!((run.status, run.json()["code"].as_str()), (7, Some("VALIDATION")), "{run:?}");
    world.run("api x -o json").failed(8, "bad_response");
    assert_eq!(world.run("api x").ok().stdout, "<html>\n", "unasked, the body comes as it came");
    for elsewhere in ["https://evil.example/x", "http://evil.example"] {
        assert_eq!(world.run(&format!("api {elsewhere}")).status, 2);
    }
    world.run("api //evil.example/x").ok();
    assert_eq!(server.requests()[5].target, "/evil.example/x", "the host stays");
}

#[test]
fn an_array_is_no_record_whatever_it_holds() {
    let row = json!([ID, PHONE, "shared", null, null, null, null, null, null]);
    let server = Hostile::always(Reply::data(row));
    let world = World::on(&server);
    for line in [CREATE, "users get 11111111-1111-4111-8111-111111111111 -o json"] {
        world.run(line).failed(8, "bad_response").lacks("registered");
    }
    let server = Hostile::always(Reply::data(json!([[{ "id": "x" }]])));
    World::on(&server).run("users list -o csv").failed(8, "bad_response");
}

#[test]
fn a_page_that_says_404_is_not_the_api_saying_that_a_user_is_gone() {
    let page = || Reply::status(404, "<html><title>Nothing here</title></html>");
    let server = Hostile::always(page());
    World::on(&server).run(&format!("users delete {ID} --yes --ignore-missing -o json")).failed(5, "not_found");
    let server = Hostile::new([Reply::with(503, "Retry-After: 0\r\n", ""), page()]);
    World::on(&server).run(&format!("users delete {ID} --yes -o json")).failed(5, "not_found");
}

#[test]
fn the_answer_to_an_id_is_about_that_id() {
    let server = Hostile::always(Reply::data(with(user(PHONE), json!({ "id": PROJECT }))));
    World::on(&server).run(&format!("users get {ID} -o json")).failed(8, "bad_response");
}

#[test]
fn a_list_that_the_service_cuts_is_read_to_its_end() {
    let second = with(user("+14155550124"), json!({ "id": PROJECT }));
    let page = |user: Value| Reply::data(json!({ "users": [user], "total": 2 }));
    let server = Hostile::new([page(user(PHONE)), page(second)]);
    let run = World::on(&server).run("users list -o id");
    assert_eq!(run.ok().stdout, format!("{ID}\n{PROJECT}\n"));
    assert!(server.requests()[1].line().ends_with("/users/?offset=1"));
}

#[test]
fn a_qr_code_keeps_to_the_colour_rules() {
    let server = Hostile::always(Reply::data(user(PHONE)));
    let world = World::on(&server);
    let line = format!("users link {ID} --qr");
    assert!(!world.run(&line).ok().stdout.contains('\u{1b}'), "there is no terminal");
    assert!(world.run(&format!("{line} --color always")).ok().stdout.contains("\u{1b}[30;107m"));
}

#[test]
fn an_id_in_another_case_is_the_same_id() {
    let id = "3c90c3cc-0d44-4b50-8888-8dd25736052b";
    let found = with(user("+14155550123"), json!({ "id": id }));
    let server = Hostile::new([Reply::data(found), Reply::data(json!({ "userId": id }))]);
    let run = World::on(&server).run(&format!("users delete --yes -o id {id} {}", id.to_uppercase()));
    assert_eq!(run.ok().stdout, format!("{id}\n"));
    let deletes = server.lines().into_iter().filter(|line| line.starts_with("DELETE")).count();
    assert_eq!(deletes, 1, "{:?}", server.lines());
}

#[test]
fn a_deletion_that_stopped_goes_on_as_its_hint_says() {
    let other = "22222222-2222-4222-8222-222222222222";
    let (done, gone) = (Reply::data(json!({})), Reply::refusal(404, "NOT_FOUND", "User not found"));
    let no = Reply::refusal(503, "503", "no");
    let line = format!("users delete {ID} {other} --yes --retries 0");
    let stopped = |server: &Hostile, line: &str| {
        let run = World::on(server).run(line);
        assert_eq!(run.status, 8, "{run:?}");
        run.says("1 of 2 were deleted");
        run
    };
    let server = Hostile::new([done.clone(), no.clone(), gone, done.clone()]);
    stopped(&server, &line).says("with `--ignore-missing`: what was deleted is not there any more");
    World::on(&server).run(&format!("{line} --ignore-missing")).ok();
    assert_eq!(server.count(), 4);
    let stops = || Hostile::new([done.clone(), no.clone()]);
    stopped(&stops(), &format!("{line} --ignore-missing")).lacks("with `--ignore-missing`");
    // A filter means those who are left.
    let people = [user(PHONE), with(user("+14155550124"), json!({ "id": other }))];
    let found = Hostile::new([Reply::data(list(&people)), done.clone(), no.clone()]);
    stopped(&found, "users delete --shared --yes --retries 0").lacks("--ignore-missing");
}

#[cfg(unix)]
#[test]
fn a_deletion_that_is_interrupted_says_how_to_go_on() {
    let server = Hostile::always(Reply::data(json!({})).after(Duration::from_millis(300)));
    let other = "22222222-2222-4222-8222-222222222222";
    let child = World::on(&server).start(&format!("users delete {ID} {other} --yes"));
    server.waits_for(1);
    crate::world::signal(&child, nix::sys::signal::Signal::SIGINT);
    let run = crate::world::Run::from(child);
    assert_eq!(run.status, 130, "{run:?}");
    run.says("1 of 2 were deleted").says("run the same command again to go on, with `--ignore-missing`");
}

#[test]
fn a_dry_run_that_read_does_not_say_that_it_sent_nothing() {
    let server = Hostile::always(Reply::data(list(&[user("+14155550123")])));
    let world = World::on(&server);
    for line in ["+14155550123", "--shared", "--search ada"] {
        let run = world.run(&format!("users delete {line} --dry-run"));
        run.ok().says("dry run: nobody was deleted").lacks("nothing was sent");
    }
    assert!(server.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", server.lines());
    let asked = server.count();
    world.run("users delete 11111111-1111-4111-8111-111111111111 --dry-run").ok().says("nothing was sent");
    assert_eq!(server.count(), asked);
}

#[test]
fn a_user_on_two_pages_is_one_user() {
    let at =
        |id: &str, phone: &str| with(user(phone), json!({ "id": format!("{id}1111111-1111-4111-8111-111111111111") }));
    let page = |users: &[Value]| Reply::data(json!({ "users": users, "total": 3 }));
    let (ada, alan, grace) = (at("a", "+14155550123"), at("b", "+14155550124"), at("c", "+14155550125"));
    let again = at("A", "+14155550123");
    let server = || Hostile::new([page(&[alan.clone(), ada.clone()]), page(&[again.clone(), grace.clone()])]);
    for line in ["users get +14155550123", "users list --phone +14155550123"] {
        let server = server();
        World::on(&server).run(&format!("{line} -o json")).ok();
        assert_eq!(server.count(), 2, "{line}");
    }
    // Nobody is missing from what three entries of two people tell, until the rest is asked for.
    let server = Hostile::new([page(&[alan.clone(), ada.clone()]), page(std::slice::from_ref(&ada))]);
    World::on(&server).run("users get +14155550123 -o json").failed(8, "bad_response").says("2 of 3 users");
}

#[test]
fn an_id_that_leads_elsewhere_is_asked_for_nowhere() {
    for id in ["", ".", ".."] {
        let server = Hostile::always(Reply::data(list(&[with(user(PHONE), json!({ "id": id }))])));
        let run = World::on(&server).run(&format!("users delete {PHONE} --yes -o json"));
        run.failed(8, "bad_response");
        assert!(server.requests().iter().all(|request| request.method == "GET"), "{id:?}: {:?}", server.lines());
    }
    // Whatever else stands there stays one segment of the path.
    let odd = list(&[with(user(PHONE), json!({ "id": "../a?b#c/%2e%2e" }))]);
    let server = Hostile::answering(move |at, _| Reply::data(if at == 0 { odd.clone() } else { json!({}) }));
    World::on(&server).run(&format!("users delete {PHONE} --yes")).ok();
    assert_eq!(server.lines()[1], "DELETE /users/..%2Fa%3Fb%23c%2F%252e%252e/");
}
