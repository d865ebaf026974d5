//! `project usage`: seats, the limit, who can be messaged and who cannot, the lines, the owner.

use serde_json::{Value, json};
use spectrum_cli::sandbox::revision::Revision;

use crate::hostile::{Hostile, Reply, Request, list, user, with};
use crate::world::{PROJECT, World};

fn person(number: usize, fields: Value) -> Value {
    let ours = json!({
        "id": format!("{number:08}-aaaa-4aaa-8aaa-aaaaaaaaaaaa"), "phoneNumber": format!("+1415555{number:04}"),
        "firstName": null, "createdAt": format!("2026-05-{number:02}T12:00:00.000Z"),
    });
    with(with(user(""), ours), fields)
}

/// A project of these people with this plan.
fn project(people: Vec<Value>, plan: Reply) -> Hostile {
    Hostile::answering(move |_, request: &Request| match request.target.split('?').next().unwrap() {
        path if path.ends_with("/users/") => Reply::data(list(&people)),
        path if path.ends_with("/subscription") => plan.clone(),
        _ => Reply::data(json!({ "lines": [] })),
    })
}

fn plan(tier: &str) -> Reply {
    Reply::data(json!({ "tier": tier, "status": "active", "subscription_id": null, "customer_id": null }))
}

fn everybody() -> Vec<Value> {
    let mut people: Vec<Value> = (2..=8).rev().map(|number| person(number, json!({}))).collect();
    people.insert(0, person(1, json!({ "meta": { "project_owner": true }, "firstName": "Grace" })));
    people.push(person(9, json!({ "meta": { "opt_in": true } })));
    people.push(person(10, json!({ "createdAt": "some day" })));
    people.push(person(11, json!({ "type": "dedicated", "assignedPhoneNumber": "+19175550101" })));
    people.push(person(12, json!({ "type": "dedicated", "assignedPhoneNumber": "+19175550101" })));
    people.push(person(13, json!({ "type": "dedicated", "assignedPhoneNumber": null })));
    people
}

#[test]
fn everything_is_counted_in_one_object() {
    let server = project(everybody(), plan("free"));
    let usage = World::on(&server).run("project usage -o json").ok().json();
    let figures = json!({ "tier": "free", "sharedUsers": 10, "sharedLimit": 10, "optedIn": 1, "notOptedIn": 9,
        "dedicatedByLine": { "+19175550101": 2, "": 1 } });
    for (name, figure) in figures.as_object().unwrap() {
        assert_eq!(&usage[name], figure, "{name} of {usage}");
    }
    let people = everybody();
    assert_eq!(usage["owner"], people[0], "a seat, and not opted in");
    let oldest: Vec<&Value> = usage["oldestNotOptedIn"].as_array().unwrap().iter().map(|user| &user["id"]).collect();
    let expected: Vec<Value> = (1..=5).map(|number| person(number, json!({}))["id"].clone()).collect();
    assert_eq!(oldest, expected.iter().collect::<Vec<_>>());
    assert_eq!(server.lines(), ["GET /users/", "GET /billing/subscription"]);
}

#[test]
fn a_person_reads_it_in_lines() {
    let run = World::on(&project(everybody(), plan("pro"))).run("project usage");
    let text = &run.ok().stdout;
    for line in [
        "shared users  10 of 100 (the documented limit of the pro plan)",
        "opted in      1",
        "not yet       9",
        "              Grace (+14155550001), registered ",
        "              and 4 others since",
        "dedicated     1 user on no line yet",
        "dedicated     2 users on +19175550101",
        "owner         Grace (+14155550001)",
    ] {
        assert!(text.lines().any(|told| told.starts_with(line)), "{line:?} in {text}");
    }
    let odd = vec![person(1, json!({ "createdAt": 7, "firstName": "A\u{1b}[2J" }))];
    let run = World::on(&project(odd, plan("business"))).run("project usage");
    run.ok().lacks("\u{1b}").lacks("owner");
    assert!(run.stdout.contains("registered at an unknown time"), "{run:?}");
    assert!(run.stdout.contains("1 (the business plan has no limit)"), "{run:?}");
    let run = World::on(&project(vec![], plan("pro"))).run("project usage --fields tier,sharedUsers");
    assert_eq!(run.ok().stdout.split_whitespace().collect::<Vec<_>>(), ["TIER", "pro", "SHARED", "USERS", "0"]);
    let run = World::on(&project(vec![], plan("pro"))).run("project usage -o id");
    assert_eq!(run.ok().stdout, format!("{PROJECT}\n"));
}

#[test]
fn a_plan_is_known_by_its_documented_figure_or_not_at_all() {
    for (tier, limit) in [
        ("free", json!(10)),
        ("Pro", json!(100)),
        ("business", json!(null)),
        ("enterprise", json!(null)),
        ("galactic", json!(null)),
    ] {
        let usage = World::on(&project(vec![], plan(tier))).run("project usage -o json").ok().json();
        assert_eq!((&usage["tier"], &usage["sharedLimit"]), (&json!(tier), &limit));
    }
    let run = World::on(&project(vec![], plan("galactic"))).run("project usage");
    assert!(run.ok().stdout.contains("the limit of the galactic plan is not known"), "{run:?}");
}

#[test]
fn without_billing_the_limit_is_unknown_and_that_is_said() {
    for refusal in [
        Reply::refusal(401, "401", "no"),
        Reply::refusal(403, "403", "no"),
        Reply::refusal(404, "NOT_FOUND", "Not found"),
        Reply::refusal(500, "E", "oops"),
        Reply::status(200, "<html>"),
        Reply::data(json!({ "tier": null })),
        Reply::data(json!(null)),
    ] {
        let world = World::on(&project(everybody(), refusal));
        let run = world.run("project usage -o json --retries 0");
        run.ok().says("warning: the plan could not be read, so the limit is unknown");
        let usage = run.json();
        assert_eq!((&usage["tier"], &usage["sharedLimit"]), (&json!(null), &json!(null)));
        assert_eq!(usage["sharedUsers"], 10);
        let run = world.run("project usage --retries 0 -q");
        assert!(run.ok().stdout.starts_with("shared users  10 (the limit is unknown)\n"), "{run:?}");
    }
    // Without the users there is nothing to tell.
    let server = Hostile::always(Reply::refusal(401, "401", "no"));
    World::on(&server).run("project usage -o json").failed(4, "unauthorized");
}

#[test]
fn every_revision_is_counted_alike() {
    for revision in Revision::ALL {
        let world = World::beside(|options| {
            options.revision = revision;
            options.projects[0].max_shared_users = 10;
        });
        let create =
            |kind: &str, phone: &str| world.run(&format!("users create {kind} --phone {phone} -o json")).ok().json();
        let ada = create("--shared", "+14155550001");
        create("--shared", "+14155550002");
        create("--dedicated --assigned +19175550101", "+14155550003");
        world.run("sandbox text --from +14155550002").ok();
        let usage = world.run("project usage -o json").ok().json();
        assert_eq!(
            usage,
            json!({ "tier": "free", "sharedUsers": 2, "sharedLimit": 10, "optedIn": 1, "notOptedIn": 1,
                "oldestNotOptedIn": [ada], "dedicatedByLine": { "+19175550101": 1 }, "owner": null }),
            "{revision}"
        );
    }
}
