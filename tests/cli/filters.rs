//! The filters of `users list`: by what the service answers, after everything was read.

use serde_json::{Value, json};
use spectrum_cli::sandbox::revision::Revision;

use crate::hostile::{Hostile, Reply, Request, list, user, with};
use crate::world::World;

fn person(number: usize, fields: Value) -> Value {
    let ours = json!({ "id": format!("{number:08}-aaaa-4aaa-8aaa-aaaaaaaaaaaa"), "phoneNumber": phone(number) });
    with(with(user(""), ours), fields)
}

fn phone(number: usize) -> String {
    format!("+1415{number:07}")
}

/// The numbers that a command lists, in its order.
fn listed(world: &World, line: &str) -> Vec<usize> {
    let run = world.run(&format!("users list -o json {line}"));
    let users = run.ok().json();
    let number = |user: &Value| user["phoneNumber"].as_str().unwrap().replace("+1415", "").parse().unwrap();
    users.as_array().unwrap().iter().map(number).collect()
}

/// So long ago, or in so many seconds when it is negative.
fn ago(seconds: i64) -> String {
    let moment = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
    format!("{moment:.3}")
}

/// A service that answers a part at a time, though nobody set a limit.
fn in_parts(people: Vec<Value>, most: usize) -> Hostile {
    Hostile::answering(move |_, request: &Request| {
        let offset = request.target.split_once("offset=").map_or(0, |(_, offset)| offset.parse().unwrap());
        let part: Vec<&Value> = people.iter().skip(offset).take(most).collect();
        Reply::data(json!({ "users": part, "total": people.len() }))
    })
}

#[test]
fn who_has_opted_in_is_told_by_the_service_alone() {
    let people = [
        person(1, json!({ "meta": { "opt_in": true } })),
        person(2, json!({ "meta": { "opt_in": false } })),
        person(3, json!({ "meta": null })),
        person(4, json!({ "type": "dedicated" })),
        person(5, json!({ "meta": { "project_owner": true } })),
        person(6, json!({ "type": "dedicated", "meta": { "opt_in": true } })),
        person(7, json!({ "meta": { "opt_in": "true" } })),
    ];
    // This service ignores the type that it is asked for.
    let server = Hostile::always(Reply::data(list(&people)));
    let world = World::on(&server);
    assert_eq!(listed(&world, "--opted-in"), [1, 6]);
    assert_eq!(listed(&world, "--not-opted-in"), [2, 3, 5, 7], "only shared users opt in");
    assert_eq!(listed(&world, "--opted-in --shared"), [1]);
    assert!(listed(&world, "--not-opted-in --dedicated").is_empty());
    assert_eq!(listed(&world, &format!("--not-opted-in --phone {}", phone(4))), [0_usize; 0]);
    let lines = server.lines();
    assert_eq!(lines[..3], ["GET /users/", "GET /users/?type=shared", "GET /users/?type=shared"]);
    let run = world.run("users list --opted-in --not-opted-in -o json");
    run.failed(2, "usage");
}

#[test]
fn an_age_is_counted_in_hours_and_what_cannot_be_read_has_none() {
    let hour = 3600;
    let people = [
        person(1, json!({ "createdAt": ago(25 * hour) })),
        person(2, json!({ "createdAt": ago(23 * hour) })),
        person(3, json!({ "createdAt": null })),
        person(4, json!({ "createdAt": "long ago" })),
        person(5, json!({ "createdAt": 1_700_000_000 })),
        person(6, json!({ "createdAt": ago(-hour) })),
        person(7, json!({ "createdAt": ago(40 * 24 * hour) })),
    ];
    let world = World::on(&Hostile::always(Reply::data(list(&people))));
    assert_eq!(listed(&world, "--older-than 1d"), [1, 7]);
    assert_eq!(listed(&world, "--newer-than 1d"), [2, 6]);
    assert_eq!(listed(&world, "--older-than 1d --newer-than 4w"), [1]);
    assert_eq!(listed(&world, "--older-than 0s"), [1, 2, 7]);
    // The clock on the wall, which jumps, plays no part.
    let world = world.var("TZ", "America/New_York");
    assert_eq!(listed(&world, "--older-than 24h"), [1, 7]);
    world.run("users list --older-than 30 -o json").failed(2, "usage").says("30d");
}

#[test]
fn a_limit_beside_a_filter_counts_matches_and_everything_is_read_first() {
    let people: Vec<Value> = (0..12)
        .map(|number| {
            person(number, json!({ "meta": { "opt_in": number % 3 == 0 }, "firstName": format!("P{}", number % 2) }))
        })
        .collect();
    let server = in_parts(people, 5);
    let world = World::on(&server).var("SPECTRUM_RATE_LIMIT", "0");
    assert_eq!(listed(&world, "--opted-in"), [0, 3, 6, 9]);
    assert_eq!(server.lines(), ["GET /users/", "GET /users/?offset=5", "GET /users/?offset=10"]);
    assert_eq!(listed(&world, "--opted-in --limit 2 --offset 1"), [3, 6]);
    world.run("users list --opted-in --limit 2").ok().says("2 of 4 users");
    assert_eq!(listed(&world, ""), (0..12).collect::<Vec<_>>());
    // Equals keep their order, either way round.
    let (even, odd): (Vec<usize>, Vec<usize>) = (0..12).partition(|number| number % 2 == 0);
    assert_eq!(listed(&world, "--sort firstName"), [even.clone(), odd.clone()].concat());
    assert_eq!(listed(&world, "--sort -firstName"), [odd, even].concat());
    assert_eq!(listed(&world, "--sort -phoneNumber --limit 2"), [11, 10]);
    let before = server.count();
    world.run("users list --sort age -o json").failed(2, "usage").says("createdAt");
    assert_eq!(server.count(), before);
}

#[test]
fn a_list_that_turns_in_circles_or_ends_early_is_not_everybody() {
    let circle =
        Hostile::always(Reply::data(json!({ "users": [person(1, json!({})), person(2, json!({}))], "total": 4 })));
    let line = "users list --not-opted-in -o json";
    World::on(&circle).run(line).failed(8, "bad_response").says("2 of 4");
    assert_eq!(circle.count(), 2);
    let short = Hostile::new([
        Reply::data(json!({ "users": [person(1, json!({}))], "total": 2 })),
        Reply::data(json!({ "users": [], "total": 2 })),
    ]);
    World::on(&short).run(line).failed(8, "bad_response").says("1 of 2");
    // Somebody came in between, and is told once.
    let grown = Hostile::new([
        Reply::data(json!({ "users": [person(1, json!({})), person(2, json!({}))], "total": 3 })),
        Reply::data(json!({ "users": [person(2, json!({})), person(3, json!({}))], "total": 3 })),
    ]);
    assert_eq!(listed(&World::on(&grown), ""), [1, 2, 3]);
}

#[test]
fn twenty_thousand_users_are_filtered_by_age() {
    let old = ago(31 * 24 * 3600);
    let people: Vec<Value> = (0..20_000)
        .map(|number| {
            let created = match number % 4 {
                0 => json!(old),
                1 => json!(null),
                _ => json!("2999-01-01T00:00:00.000Z"),
            };
            person(number, json!({ "createdAt": created }))
        })
        .collect();
    let world = World::on(&Hostile::always(Reply::data(list(&people))));
    let run = world.run("users list --older-than 30d -o id");
    assert_eq!(run.ok().stdout.lines().count(), 5000);
}

/// The same answers under every revision, though the first tells neither a type nor a total and knows no search.
#[test]
fn every_revision_is_filtered_alike() {
    for revision in Revision::ALL {
        let world = World::beside(|options| options.revision = revision);
        for (kind, number) in [("--shared", 1), ("--shared", 2), ("--dedicated --assigned +19175550101", 3)] {
            world.run(&format!("users create {kind} --phone {}", phone(number))).ok();
        }
        world.run(&format!("sandbox text --from {}", phone(1))).ok();
        assert_eq!(listed(&world, "--opted-in"), [1], "{revision}");
        assert_eq!(listed(&world, "--not-opted-in"), [2], "{revision}");
        assert_eq!(listed(&world, "--dedicated --not-opted-in"), [0_usize; 0], "{revision}");
        assert_eq!(listed(&world, "--line +1-917-555-0101"), [3], "{revision}");
        assert_eq!(listed(&world, "--newer-than 1h --limit 2"), [1, 2], "{revision}");
        assert_eq!(listed(&world, &format!("--search {} --newer-than 1h", &phone(2)[5..])), [2], "{revision}");
    }
}

/// A service that answers these people to every list, and deletes whom it is asked to delete.
fn project(people: Vec<Value>) -> Hostile {
    Hostile::answering(move |_, request: &Request| match request.method.as_str() {
        "DELETE" => Reply::data(Value::Null),
        _ => Reply::data(list(&people)),
    })
}

fn deletions(server: &Hostile) -> Vec<String> {
    server.lines().into_iter().filter(|line| line.starts_with("DELETE")).collect()
}

fn delete_line(number: usize) -> String {
    format!("DELETE /users/{number:08}-aaaa-4aaa-8aaa-aaaaaaaaaaaa/")
}

#[test]
fn a_delete_by_filter_leaves_the_owner_alone_unless_told() {
    let people = || {
        vec![
            person(1, json!({ "meta": { "project_owner": true } })),
            person(2, json!({})),
            person(3, json!({ "meta": { "opt_in": true } })),
            person(4, json!({ "type": "dedicated" })),
        ]
    };
    let server = project(people());
    let run = World::on(&server).run("users delete --not-opted-in --yes -o json");
    assert_eq!(run.ok().json(), json!([{ "id": person(2, json!({}))["id"], "deleted": true }]));
    run.says(&phone(1)).says("owns the project and is left alone").says("--owner-too");
    assert_eq!(deletions(&server), [delete_line(2)]);
    let server = project(people());
    let run = World::on(&server).run("users delete --not-opted-in --owner-too --yes");
    assert_eq!(run.ok().stdout, format!("deleted Ada ({})\ndeleted Ada ({})\n", phone(1), phone(2)));
    assert_eq!(deletions(&server), [delete_line(1), delete_line(2)]);
    // Whoever is named is meant: the owner, too.
    let server = project(people());
    World::on(&server).run(&format!("users delete {} --yes", phone(1))).ok();
    assert_eq!(deletions(&server), [delete_line(1)]);
}

#[test]
fn a_delete_by_filter_is_capped_and_says_how_to_go_on() {
    let people = || (0..20).map(|number| person(number, json!({}))).collect::<Vec<_>>();
    for (line, allowed) in [("", "10"), ("--max-delete 19", "19"), ("--max-delete 50%", "10"), ("--max-delete 0", "0")]
    {
        let server = project(people());
        let run = World::on(&server).run(&format!("users delete --not-opted-in --yes -o json {line}"));
        run.failed(2, "confirmation_required").says("20 users").says(&format!("allows {allowed}"));
        run.says("--max-delete 20");
        assert_eq!(deletions(&server), [""; 0], "{line}");
    }
    for line in ["--max-delete 20", "--max-delete 100%"] {
        let server = project(people());
        let run = World::on(&server).run(&format!("users delete --not-opted-in --yes -o json {line}"));
        assert_eq!(run.ok().json().as_array().unwrap().len(), 20);
        assert_eq!(deletions(&server).len(), 20);
    }
    // Off a terminal nobody is read, let alone deleted, before it is confirmed.
    let server = project(people());
    World::on(&server).run("users delete --not-opted-in -o json").failed(2, "confirmation_required").says("--yes");
    assert_eq!(server.count(), 0);
}

#[test]
fn a_dry_run_by_filter_or_number_reads_and_deletes_nobody() {
    let people = || vec![person(1, json!({})), person(2, json!({ "createdAt": null })), person(3, json!({}))];
    for (line, numbers) in [("--older-than 1d --max-delete 1".to_owned(), &[1, 3][..]), (phone(3), &[3])] {
        let server = Hostile::answering(move |_, request: &Request| {
            assert_eq!(request.method, "GET", "a dry run reads");
            let meant = |user: &Value| !request.target.contains("search") || user == &people()[2];
            Reply::data(list(&people().into_iter().filter(meant).collect::<Vec<_>>()))
        });
        let run = World::on(&server).run(&format!("users delete {line} --dry-run -o json"));
        let document = run.ok().json();
        let urls: Vec<&str> =
            document.as_array().unwrap().iter().map(|request| request["url"].as_str().unwrap()).collect();
        assert_eq!(urls.len(), numbers.len(), "{run:?}");
        for (url, number) in urls.iter().zip(numbers) {
            assert!(url.ends_with(&delete_line(*number)["DELETE ".len()..]), "{url}");
        }
    }
}

#[test]
fn a_delete_needs_users_or_a_filter_and_not_both() {
    let server = project(vec![person(1, json!({}))]);
    let world = World::on(&server);
    world.run("users delete --yes -o json").failed(2, "usage").says("--older-than 30d");
    world.run(&format!("users delete {} --opted-in --yes -o json", phone(1))).failed(2, "usage");
    world.run("users delete --owner-too --yes -o json").failed(2, "usage");
    assert_eq!(server.count(), 0);
}

#[test]
fn who_is_gone_before_the_filter_reaches_them_is_named_and_the_others_go_on() {
    let server = Hostile::answering(|_, request: &Request| match request.method.as_str() {
        "DELETE" if request.target.contains("00000001") => Reply::refusal(404, "404", "User not found"),
        "DELETE" => Reply::data(Value::Null),
        _ => Reply::data(list(&[person(1, json!({})), person(2, json!({}))])),
    });
    let world = World::on(&server);
    let run = world.run("users delete --not-opted-in --yes -o json");
    run.says("00000001-aaaa");
    assert_eq!((run.status, run.json()), (5, json!([{ "id": person(2, json!({}))["id"], "deleted": true }])));
    let run = world.run("users delete --not-opted-in --yes --ignore-missing -o json");
    assert_eq!(run.ok().json().as_array().unwrap().len(), 1);
}
