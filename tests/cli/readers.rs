//! Rosters and phone numbers as people have them: read by the real binary, with a real sandbox that must not hear of
//! those that are wrong.

use serde_json::json;

use crate::world::World;

/// Applies a file that has problems: nothing is sent, and every problem is told, in order.
#[track_caller]
fn refused(name: &str, content: impl AsRef<[u8]>, expected: &[&str]) {
    let world = World::beside(|_| {});
    world.file(name, content);
    let run = world.run(&format!("users apply {name}"));
    assert_eq!((run.status, run.stdout.as_str(), world.sandbox().requests()), (2, "", 0), "{run:?}");
    let told: Vec<&str> = run.stderr.lines().filter_map(|line| line.trim_start().strip_prefix(name)).collect();
    assert_eq!(told.len(), expected.len(), "{run:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

/// What a create is told that sends nothing.
fn said(world: &World, phone: &str) -> String {
    let run = world.run_args(&["users", "create", "--shared", "--phone", phone, "--dry-run"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{phone}: {run:?}");
    run.stderr
}

#[test]
fn a_stray_quotation_mark_loses_nobody() {
    let advice = "text stands behind a closing quotation mark; write a quotation mark within a quoted cell as \"\"";
    let text = "phoneNumber,firstName,lastName\n+14155550101,\"Ada \"The Count\" L\",Byron\n+14155550102,\"Alan \\\"Prof\\\"\",Turing\n";
    refused(
        "a.csv",
        text,
        &[&format!(":2: column 2 (firstName): {advice}"), &format!(":3: column 2 (firstName): {advice}")],
    );
    let text = "phoneNumber,firstName\n+14155550101,\"Ada\n+14155550102,Alan\n+14155550103,Grace\"\n+14155550104,Eve\n";
    refused("a.csv", text, &[":2: column 2 (firstName): a quotation mark is opened and closed on line 4 only"]);
    let text = "phoneNumber,firstName\n\"+14155550101,Ada\"\n+14155550102,\"Alan\n";
    let whole = ":2: the line stands wholly in quotation marks";
    refused("a.csv", text, &[whole, ":3: column 2 (firstName): a quotation mark is opened and never closed"]);
}

#[test]
fn values_are_sent_without_the_blanks_around_them() {
    let world = World::beside(|_| {});
    world.file(
        "a.csv",
        "phoneNumber, firstName, lastName, email\n+14155550101, Ada,\u{a0}Byron\u{200b}, ada@example.com\n",
    );
    world.run("users apply a.csv -o ndjson").ok();
    let run = world.run_args(&[
        "users",
        "create",
        "--shared",
        "--phone",
        "+14155550103",
        "--first-name",
        "\u{a0}Grace\u{200b}",
        "-o",
        "json",
    ]);
    assert_eq!(run.ok().json()["firstName"], "Grace");
    let listed = world.run("users list -o json --fields firstName,lastName,email").json();
    assert_eq!(listed[0], json!({ "firstName": "Ada", "lastName": "Byron", "email": "ada@example.com" }));
    let again = world.run("users apply a.csv --dry-run --exit-code");
    assert_eq!(again.status, 0, "what was sent is what is compared: {again:?}");
}

#[test]
fn names_hold_what_can_be_seen() {
    let text = r#"[{"phoneNumber":"+14155550101","firstName":"A\nda","lastName":"\u001b[31m"}]"#;
    refused(
        "a.json",
        text,
        &["firstName: \"A\\nda\" holds a line break", "lastName: \"\\u{1b}[31m\" holds a control character (U+001B)"],
    );
    let world = World::beside(|_| {});
    let run = world.run_args(&[
        "users",
        "create",
        "--shared",
        "--phone",
        "+14155550101",
        "--first-name",
        "A\nda",
        "-o",
        "json",
    ]);
    run.failed(2, "invalid_input").says("--first-name").says("holds a line break");
    assert_eq!(world.sandbox().requests(), 0);
}

#[test]
fn a_shared_row_has_no_line_of_its_own() {
    let text = "type,phoneNumber,assignedPhoneNumber,firstName,meta\nshared,+14155550101,+19175550101,Ada,\nshared,+14155550102,the blue line,Alan,\nshared,+14155550103,,Grace,{\"opt_in\":true}\n";
    refused(
        "a.csv",
        text,
        &[
            ":2: column 3 (assignedPhoneNumber)",
            ":3: column 3 (assignedPhoneNumber)",
            ":4: column 5 (meta): is not sent",
        ],
    );
    let world = World::beside(|_| {});
    world.file("a.csv", "phoneNumber,meta\n+14155550103,\"{\"\"opt_in\"\":true}\"\n");
    world.run("users apply a.csv --dry-run").ok().says("warning: a.csv:2: column 2 (meta): is not sent");
    world.run("users create --shared --phone +14155550101 --assigned +19175550101 -o json").failed(2, "invalid_input");
}

#[test]
fn an_input_of_nothing_is_no_empty_roster() {
    for name in ["a.csv", "a.json", "a.ndjson", "a.toml"] {
        refused(name, "", &[": the roster is empty: "]);
        refused(name, "\u{feff}\n \u{a0}\n", &[": the roster is empty: "]);
    }
    refused("a.csv", "", &[": the roster is empty: no line names the columns"]);
    let world = World::beside(|_| {});
    let run = world.run_with_input("users apply - -o json", "");
    run.failed(2, "invalid_input");
    assert_eq!(run.error()["details"].as_array().map(Vec::len), Some(1), "{run:?}");
    for (name, text) in
        [("a.csv", "phoneNumber\n"), ("a.json", "[]"), ("b.json", "{\"users\":[]}"), ("a.toml", "users = []\n")]
    {
        world.file(name, text);
        assert_eq!(world.run(&format!("users apply {name}")).status, 0, "{name}");
    }
}

#[test]
fn the_headers_of_real_exports_are_mended_in_one_go() {
    refused(
        "google.csv",
        "First Name,Last Name,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value\nAda,Byron,a@example.com,Mobile,+1 415-555-0101\n",
        &[
            ":1: column 3 (E-mail 1 - Value): \"E-mail 1 - Value\" is not a column of a roster; did you mean email?",
            ":1: column 4 (Phone 1 - Type)",
            ":1: column 5 (Phone 1 - Value): \"Phone 1 - Value\" is not a column of a roster; did you mean phoneNumber?",
        ],
    );
    let tags = "(Tags): \"Tags\" is not a column of a roster; rename it or take it out";
    refused("mailchimp.csv", "Email Address,First Name,Last Name,Phone Number,Tags\n", &["did you mean email?", tags]);
    refused("one.csv", "Email,First name,Surname,Phone number,Country\n", &["did you mean lastName?", "(Country)"]);
    let world = World::beside(|_| {});
    world.file("a.csv", "phone_number;FIRST NAME;E-Mail\n+14155550101;Ada;ada@example.com\n");
    world.run("users apply a.csv -o ndjson").ok();
    assert_eq!(world.run("users get +14155550101 -o json").json()["email"], "ada@example.com");
}

#[test]
fn json_is_taken_with_what_stands_around_the_users() {
    let world = World::beside(|_| {});
    let before = "{\n  \"users\": [\n    {\"phoneNumber\": \"+14155550101\", \"firstName\": \"Ada\"}\n  ]\n}\n";
    world.file("pretty.json", before);
    world.run("users apply pretty.json -o ndjson").ok();
    let answer = r#"{"succeed":true,"data":{"users":[{"type":"shared","phoneNumber":"+14155550101"}],"total":1}}"#;
    world.file("answer.json", answer);
    for command in ["users apply answer.json --dry-run --exit-code", "users apply pretty.json --dry-run --exit-code"] {
        assert_eq!(world.run(command).status, 0, "{command}");
    }
    let run = world.run_with_input("users apply - --dry-run --exit-code", answer);
    assert_eq!(run.status, 0, "{run:?}");
}

#[test]
fn what_is_no_roster_is_called_what_it_is() {
    refused(
        "contacts.vcf",
        "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nTEL:+14155550101\nEND:VCARD\n",
        &["is a vCard; a roster is CSV"],
    );
    refused("roster.yaml", "users:\n  - phoneNumber: \"+14155550101\"\n", &["is YAML; a roster is CSV"]);
    refused(
        "json.csv",
        "[{\"phoneNumber\":\"+14155550101\"}]",
        &["is JSON, and is read as CSV; read it with `--format json`"],
    );
    refused("a.xlsx", b"PK\x03\x04\x14\0\x06\0\x08\0\xa2", &["is an Excel workbook"]);
    let world = World::beside(|_| {});
    world.file("json.csv", "[{\"phoneNumber\":\"+14155550101\"}]");
    world.run("users apply json.csv --format json -o ndjson").ok();
}

#[test]
fn a_number_is_understood_or_explained_and_never_made_up() {
    let world = World::beside(|_| {});
    for (typed, reason, advice) in [
        ("+44 (0)20 7946 0123", "within the country only", "write +442079460123\n"),
        ("+49 (0) 30 5550 0123", "within the country only", "write +493055500123\n"),
        ("00 44 20 7946 0123", "starts with 00,", "write +442079460123 if that is its country code and number"),
        ("011 44 20 7946 0123", "starts with 011,", "write +442079460123 if that is its country code and number"),
        ("0011 44 20 7946 0123", "starts with 0011,", "write +442079460123 if that is its country code and number"),
        ("4155550123", "no leading +", "write + and the country code before it"),
        ("020 7946 0123", "no country code", "write + and the country code before it"),
        ("ada@icloud.com", "is an e-mail address; a user is known by a phone number", ""),
        ("tel:+14155550123;ext=7", "has an extension", "write the number alone"),
        ("+14155550123 ::: +14155550124", "more than one phone number", ""),
    ] {
        let told = said(&world, typed);
        assert!(told.contains(&format!("--phone: {typed:?} ")), "echoed as typed: {told}");
        assert!(told.contains(reason) && told.contains(advice), "{told}");
        let file = format!("firstName,phoneNumber\nAda,{typed}\n");
        refused("a.csv", file, &[&format!(":2: column 2 (phoneNumber): {typed:?} ")]);
    }
    assert!(!said(&world, "4155550123").contains("+4155550123"));
    for typed in [
        "tel:+1-415-555-0123",
        "+1\u{2011}415\u{2011}555\u{2011}0123",
        "\u{202a}\u{ff0b}١٤١٥٥٥٥٠١٢٣\u{202c}",
        "+१४१५५५५०१२३",
    ] {
        let run = world.run_args(&["users", "create", "--shared", "--phone", typed, "--dry-run", "-o", "json"]);
        assert!(run.ok().stdout.contains("\"+14155550123\"") && !run.stderr.contains("warning"), "{typed}: {run:?}");
    }
    assert_eq!(world.sandbox().requests(), 0);
}

#[test]
fn a_number_that_cannot_exist_draws_a_warning() {
    let world = World::beside(|_| {});
    let warning = "cannot exist: no area code of +1 begins with 0; it would take a seat and reach nobody";
    let run = world.run("users create --shared --phone +10155550123");
    run.ok().says(&format!("warning: +10155550123 {warning}"));
    world.file("a.csv", "phoneNumber\n+10155550123\n+14155550123\n");
    world
        .run("users apply a.csv")
        .ok()
        .says(&format!("warning: a.csv:2: column 1 (phoneNumber): \"+10155550123\" {warning}"));
}

#[test]
fn a_dedicated_user_is_shown_a_line() {
    let run = World::new().run("users create --dedicated --phone +14155550101");
    assert_eq!(run.status, 2);
    run.says("missing --assigned LINE").says("spectrum lines list").says("users create --dedicated --assigned +");
    run.lacks("--shared");
}

#[test]
fn what_failed_can_be_applied_again_whatever_the_service_has() {
    let world = World::beside(|options| options.projects[0].max_shared_users = 1);
    let listed = json!([
        { "id": "u0", "phoneNumber": "+14155550100" },
        { "id": "u1", "phoneNumber": "+14155550101", "email": "both@example.com", "firstName": " \"Bob\"" },
        { "id": "u2", "phoneNumber": "+14155550102", "email": "both@example.com", "lastName": " two\nlines\u{1}, " },
    ]);
    world.file("listed.json", listed.to_string());
    world.run("users create --shared --phone +14155550100").ok();
    for format in ["csv", "json", "ndjson", "toml"] {
        let run = world.run(&format!("users apply listed.json --failed-out failed.{format} -o ndjson"));
        assert_eq!((run.status, run.count("failed")), (9, 2), "{run:?}");
        let again = world.run(&format!("users apply failed.{format} --failed-out again.json -o ndjson"));
        assert_eq!((again.status, again.count("failed")), (9, 2), "{format}: {again:?}");
        let kept: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(world.home().join("again.json")).unwrap()).unwrap();
        assert_eq!(
            (&kept[0]["firstName"], &kept[1]["lastName"]),
            (&listed[1]["firstName"], &listed[2]["lastName"]),
            "{format}"
        );
    }
}
