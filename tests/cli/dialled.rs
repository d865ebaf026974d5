//! Numbers without a plus: read where a region is named, wherever a number can be typed, and refused where none is.

use crate::hostile::{Hostile, Reply, list, user};
use crate::world::{PROJECT, World};

const HOME: &str = "(415) 555-0123";
const WHOLE: &str = "+14155550123";

#[test]
fn a_region_reads_numbers_wherever_one_is_typed() {
    let world = World::beside(|_| {});
    let run = |words: &[&str]| world.run_args(words);
    let create = ["users", "create", "--shared", "--phone", HOME, "-o", "json"];
    run(&create).failed(2, "invalid_input").says("no leading +").says("--region CC");
    let created = run(&[&create[..], &["--region", "us"]].concat());
    assert_eq!(created.ok().json()["phoneNumber"], WHOLE);
    let line = ["users", "create", "--dedicated", "--assigned", "917 555 0101", "--phone", "+44 (0)20 7946 0123"];
    assert_eq!(
        run(&[&line[..], &["--region", "US", "-o", "json"]].concat()).ok().json()["phoneNumber"],
        "+442079460123"
    );
    for words in [
        &["users", "get", HOME][..],
        &["users", "link", HOME, "1 415 555 0123"],
        &["users", "list", "--phone", "011 44 20 7946 0123"],
        &["users", "list", "--line", "(917) 555-0101"],
        &["users", "wait", "020 7946 0123"],
        &["users", "delete", HOME, "--dry-run"],
        &["users", "delete", "--line", "917 555 0101", "--dry-run"],
        &["users", "delete", HOME, "--yes"],
    ] {
        let before = world.sandbox().requests();
        let without = run(&[words, &["-o", "json"]].concat());
        without.failed(2, "usage").says("--region CC");
        assert_eq!(world.sandbox().requests(), before, "{words:?}");
        let region = if words[1] == "wait" { "GB" } else { "US" };
        let read = run(&[words, &["-o", "json", "--region", region]].concat());
        let printed = read.ok().json();
        let found = if printed.is_array() { printed.as_array().map(Vec::len).unwrap_or_default() } else { 1 };
        assert_eq!(found, 1, "{words:?}: {read:?}");
    }
    run(&["users", "get", HOME, "--region", "US", "-o", "json"]).failed(5, "not_found").says(WHOLE);
    run(&["users", "get", HOME, "--region", "GB", "-o", "json"]).failed(2, "usage").says("is no phone number of GB");
    run(&["users", "get", "not-an-id", "-o", "json"]).failed(2, "usage").says("neither a user id nor a phone number");
    run(&["users", "get", "3c90c3cc-0d44-4b50-8888-8dd25736052", "-o", "json"])
        .failed(2, "usage")
        .says("is not a user id");
}

#[test]
fn a_region_reads_a_sandboxs_lines_and_who_writes_to_a_handler() {
    let world = World::new();
    let exec = |region: &str| {
        world.run_args(&[
            "sandbox",
            "exec",
            region,
            "--line",
            "917 555 0133",
            "--",
            crate::world::BINARY,
            "lines",
            "list",
        ])
    };
    exec("--region=US").ok();
    assert!(exec("--region=US").stdout.contains("+19175550133"));
    exec("-ojson").failed(2, "usage").says("--line").says("--region CC");
    let handler = Hostile::always(Reply::status(204, ""));
    world.file("secrets", format!("SPECTRUM_WEBHOOK_SECRET={}\n", "ab".repeat(32)));
    let send = |region: &str| {
        let to =
            ["webhooks", "send", &handler.url(), "--secret-file", "secrets", "--from", HOME, "--to", "917 555 0101"];
        world.run_args(&[&to[..], &[region]].concat())
    };
    send("-ojson").failed(2, "usage").says("--from").says("--region CC");
    assert_eq!(handler.count(), 0);
    send("--region=US").ok();
    let body = handler.requests()[0].body.clone();
    assert!(body.contains(WHOLE) && body.contains("+19175550101"), "{body}");
}

#[test]
fn the_region_is_the_flags_then_the_variables_then_the_profiles_and_never_guessed() {
    let server = Hostile::always(Reply::data(list(&[user(WHOLE)])));
    let world = World::new();
    let profile = |region: &str| {
        format!(
            "default_profile = 'p'\n[profiles.p]\nproject_id = '{PROJECT}'\nproject_secret = 's3cr'\nbase_url = '{}'\n{region}",
            server.url()
        )
    };
    let get = |world: &World, region: &str| world.run_args(&["users", "get", HOME, "-o", "json", "--region", region]);
    let plain = |world: &World| world.run_args(&["users", "get", HOME, "-o", "json"]);
    world.write_config(&profile("region = 'us'\n"));
    plain(&world).ok();
    let exported = world.var("SPECTRUM_REGION", "GB").var("LANG", "en_US.UTF-8");
    plain(&exported).failed(2, "usage").says("no phone number of GB");
    get(&exported, "US").ok();
    exported.write_config(&profile(""));
    let unset = exported.var("SPECTRUM_REGION", " ");
    plain(&unset).failed(2, "usage").says("--region CC");
    for (region, words) in [("UK", "such as GB"), ("USA", "two letters"), ("+1", "two letters"), ("XX", "two letters")]
    {
        get(&unset, region).failed(2, "usage").says(words);
    }
    plain(&World::on(&server).var("SPECTRUM_REGION", "UK")).failed(3, "config").says("SPECTRUM_REGION").says("GB");
    unset.write_config(&profile("region = 'England'\n"));
    plain(&unset).failed(3, "config").says("profile p").says("is no region");
}

#[test]
fn a_roster_of_home_numbers_is_applied_and_comes_back_unchanged() {
    let world = World::beside(|options| options.projects[0].max_shared_users = 2);
    world.file(
        "home.csv",
        "phoneNumber,region,firstName\n(415) 555-0101,,Ada\n020 7946 0123,GB,Alan\n+44 (0)20 7946 0124,,Grace\n",
    );
    let refused = world.run("users apply home.csv");
    assert_eq!(refused.status, 2);
    refused.says("`--region US`, says where the numbers without + are dialled");
    let run = world.run("users apply home.csv --region US --failed-out failed.csv -o ndjson");
    assert_eq!((run.status, run.count("created"), run.count("failed")), (9, 2, 1), "{run:?}");
    assert_eq!(world.run("users apply home.csv --region US --dry-run -o json").json()["plan"]["unchanged"], 2);
    for format in ["csv", "json", "ndjson"] {
        let file = format!("list.{format}");
        world.file(&file, world.run(&format!("users list -o {format}")).stdout);
        assert_eq!(world.run(&format!("users apply {file} --dry-run --exit-code")).status, 0, "{format}");
    }
    // What failed was read already: it needs no region.
    let left = world.run("users apply failed.csv --dry-run -o json").json();
    // Rows are sent at once: whose turn came last found no seat.
    let failed = run.events().into_iter().find(|event| event["outcome"] == "failed").unwrap();
    assert_eq!((&left["plan"]["create"], &left["rows"][0]["phoneNumber"]), (&1.into(), &failed["phoneNumber"]));
    world.run("users apply home.csv --region US --failed-out failed.csv -o id").says("1 row failed");
}
