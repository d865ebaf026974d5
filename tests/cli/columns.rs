//! Rosters whose columns are called otherwise: named in one go, mapped, left out; and rows without a number.

use spectrum_cli::sandbox::options::DEFAULT_SECRET;

use crate::world::World;

const GOOGLE: &str = "First Name,Last Name,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value\nAda,Byron,ada@example.com,Mobile,+1 415-555-0101\nAlan,Turing,,,\n";

/// The words of a line as a shell splits them that knows single quotation marks.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' | '"' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words
}

#[test]
fn the_flags_that_a_hint_shows_make_the_file_a_roster() {
    let world = World::beside(|_| {});
    world.file("google.csv", GOOGLE);
    let mut words = ["users", "apply", "google.csv", "-o", "json"].map(str::to_owned).to_vec();
    let run = world.run_args(&words);
    run.failed(2, "invalid_input");
    let hint = run.error()["hint"].as_str().unwrap().to_owned();
    let flags = hint.split('`').nth(1).unwrap();
    assert!(
        flags.contains("--map email=") && flags.contains("Phone 1 - Value") && flags.ends_with("--ignore-columns"),
        "{hint}"
    );
    words.extend(shell_words(flags));
    // Only now the rows are looked at.
    let run = world.run_args(&words);
    run.failed(2, "invalid_input").says("google.csv:3: column 5 (Phone 1 - Value): the phone number is missing");
    assert!(run.error()["hint"].as_str().unwrap().contains("`--skip-without-phone`"), "{run:?}");
    words.push("--skip-without-phone".to_owned());
    let run = world.run_args(&words);
    run.ok().says("google.csv: left out 1 column: Phone 1 - Type");
    run.says("google.csv: skipped 1 row without a phone number: line 3");
    let user = world.run("users get +14155550101 -o json").json();
    assert_eq!((&user["firstName"], &user["email"]), (&"Ada".into(), &"ada@example.com".into()));
    words.push("-q".to_owned());
    assert_eq!(world.run_args(&words).ok().stderr, "");
}

#[test]
fn a_profile_maps_columns_and_a_flag_counts_more() {
    let world = World::beside(|_| {});
    let config = |map: &str| {
        let (url, id) = (&world.sandbox().url, &world.sandbox().project_id);
        world.write_config(&format!(
            "[profiles.p]\nproject_id = '{id}'\nproject_secret = '{DEFAULT_SECRET}'\nbase_url = '{url}'\nrate_limit = 0\n[profiles.p.map]\n{map}\n"
        ));
    };
    config("phoneNumber = 'Mobile'\nfirstName = 'name'");
    world.file("a.csv", "Name,Mobile,Other\nAda,+14155550101,+14155550102\n");
    let plan = |flags: &[&str]| {
        world.run_args(&[&["users", "apply", "a.csv", "-P", "p", "--dry-run", "-o", "json"], flags].concat())
    };
    plan(&[]).failed(2, "invalid_input").says("column 3 (Other)");
    assert_eq!(plan(&["--ignore-columns"]).ok().json()["rows"][0]["phoneNumber"], "+14155550101");
    let flagged = plan(&["--ignore-columns", "--map", "phoneNumber=Other"]);
    assert_eq!(flagged.ok().json()["rows"][0]["phoneNumber"], "+14155550102");
    world.file("b.csv", "phoneNumber\n+14155550103\n");
    world.run("users apply b.csv -P p --dry-run").ok();
    config("phone = 'Mobile'");
    plan(&[]).failed(3, "config").says("profile p, map: ").says("did you mean phoneNumber?");
    world.run("users list -P p").ok();
    for (map, words) in [
        (&["--map", "phone=Mobile"][..], "did you mean phoneNumber?"),
        (&["--map", "phoneNumber"], "FIELD=COLUMN"),
        (&["--map", "email=Mobile", "--map", "email=Other"], "more than one column"),
        (&["--map", "email=Mobile", "--map", "firstName=mobile"], "both email and firstName"),
    ] {
        let run = world.run_args(&[&["users", "apply", "a.csv", "-o", "json"], map].concat());
        run.failed(2, "usage").says(words);
    }
}

#[test]
fn several_numbers_in_a_cell_are_nobodys() {
    let world = World::beside(|_| {});
    for cell in ["+14155550101 ::: +14155550102", "\"+14155550101;+14155550102\"", "4155550101 / 4155550102"] {
        world.file("a.csv", format!("phoneNumber\n{cell}\n"));
        world
            .run("users apply a.csv --region US -o json")
            .failed(2, "invalid_input")
            .says("more than one phone number");
    }
    assert_eq!(world.sandbox().requests(), 0);
}
