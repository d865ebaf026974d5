//! What comes out: hostile text, formats, colours, and pipes that close.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::docs::every_command;
use crate::hostile::{Hostile, Reply, list, user, with};
use crate::world::{PROJECT, Run, World};

const PHONE: &str = "+14155550123";
/// ESC, an OSC 8 link, BEL, a C1 introducer, DEL, a bidirectional override, a line separator, a CR.
const EVIL: &str = "E\u{1b}[31mv\u{1b}]8;;https://evil.example\u{7}i\u{9b}2J\u{7f}\u{202e}l\u{2066}\u{2028}\r!";

fn evil() -> Value {
    with(user(PHONE), json!({ "firstName": EVIL, "lastName": "\u{1b}c", "meta": { EVIL: EVIL } }))
}

/// Nothing in a text drives a terminal.
#[track_caller]
fn is_tame(text: &str) {
    let odd = |c: char| {
        (c.is_control() && c != '\n')
            || ('\u{2028}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(!text.contains(odd), "{text:?}");
}

#[test]
fn hostile_names_drive_no_terminal_and_machines_get_them_whole() {
    let server = Hostile::always(Reply::data(list(&[evil()])));
    let world = World::on(&server);
    for format in ["table", "json", "ndjson", "id"] {
        let run = world.run(&format!("users list -o {format}"));
        is_tame(&run.ok().stdout);
        is_tame(&run.stderr);
    }
    assert_eq!(world.run("users list -o json").json(), json!([evil()]));
    assert_eq!(serde_json::from_str::<Value>(&world.run("users list -o ndjson").stdout).unwrap(), evil());
    let table = world.run("users list --fields firstName,phoneNumber").ok().stdout.clone();
    assert!(table.contains("E[31mv]8;;https://evil.examplei2Jl"), "{table:?}");
    // CSV has no escapes but its quotes: the cell is kept whole, so that a roster comes back as it was.
    let run = world.run("users list -o csv --fields id,firstName");
    let mut rows = csv::Reader::from_reader(run.ok().stdout.as_bytes());
    assert_eq!(&rows.records().next().unwrap().unwrap()[1], EVIL);
}

#[test]
fn hostile_text_is_tame_in_notes_warnings_and_errors() {
    let server = Hostile::always(Reply::data(with(evil(), json!({ "assignedPhoneNumber": EVIL, "id": EVIL }))));
    let run = World::on(&server).run("users create --shared --phone +14155550123 --first-name Ada");
    run.ok().says("warning: firstName").says("must text");
    is_tame(&run.stderr);
    is_tame(&run.stdout);
    let bodies =
        [json!({ "message": EVIL, "code": EVIL }).to_string(), EVIL.to_owned(), format!("<html><title>{EVIL}</title>")];
    for body in bodies {
        for format in ["table", "json"] {
            let server = Hostile::always(Reply::status(400, &body));
            let run = World::on(&server).run(&format!("users list -vv -o {format}"));
            assert_eq!(run.status, 7, "{run:?}");
            is_tame(&run.stderr);
        }
    }
    // The record of somebody else, its phone number and its id as hostile as they come.
    let other = with(evil(), json!({ "phoneNumber": EVIL, "id": EVIL }));
    let server = Hostile::always(Reply::data(other));
    let run = World::on(&server).run("users create --shared --phone +14155550123");
    assert_eq!(run.status, 6, "{run:?}");
    is_tame(&run.stderr);
    // Headers are the server's, too.
    let server = Hostile::always(Reply::with(
        200,
        "X-Evil: a\u{9b}b\u{202e}\r\n",
        json!({ "succeed": true, "data": { "users": [] } }).to_string(),
    ));
    is_tame(&World::on(&server).run("users list -vv").ok().stderr);
    // What the person typed is shown tame as well.
    is_tame(&World::new().run_args(&["users", "create", "--shared", "--phone", EVIL]).stderr);
    is_tame(&World::new().run_args(&[EVIL]).stderr);
    // An id from a look-up goes into a path, a note and an error.
    let server = Hostile::new([
        Reply::data(list(&[with(user(PHONE), json!({ "id": EVIL }))])),
        Reply::refusal(404, "404", "no"),
    ]);
    for flag in ["--ignore-missing", ""] {
        is_tame(&World::on(&server).run(&format!("users delete --yes {PHONE} {flag}")).stderr);
    }
}

#[test]
fn every_format_shows_the_same_user() {
    let server = Hostile::always(Reply::data(list(&[user(PHONE)])));
    let world = World::on(&server);
    let run = world.run("users list -o csv");
    let header = run.ok().stdout.lines().next().unwrap();
    assert_eq!(header, "type,phoneNumber,assignedPhoneNumber,firstName,lastName,email,id,createdAt,projectId,meta");
    assert_eq!(world.run("users list -o id").stdout, "11111111-1111-4111-8111-111111111111\n");
    assert_eq!(world.run("users list -o ndjson").stdout.lines().count(), 1);
    assert_eq!(world.run("users list --json").json(), world.run("--output=json users list").json());
    let table = world.run("users list").stdout;
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.starts_with("TYPE  ") && !table.contains('│') && table.contains(PHONE), "{table}");
    let chosen = world.run("users list -o json --fields phoneNumber,firstName,lastName").stdout;
    assert_eq!(
        serde_json::from_str::<Value>(&chosen).unwrap(),
        json!([{ "phoneNumber": PHONE, "firstName": "Ada", "lastName": null }])
    );
    assert_eq!(world.run("users list --fields phoneNumber -o csv").stdout, format!("phoneNumber\n{PHONE}\n"));
    let exported = World::on(&server).var("SPECTRUM_OUTPUT", "id").run("users list");
    assert_eq!(exported.stdout, "11111111-1111-4111-8111-111111111111\n");
}

#[test]
fn wide_and_combining_characters_line_up() {
    let names = ["Ada", "山田太郎", "e\u{301}lan", "👩‍💻"];
    let users: Vec<Value> = names.iter().map(|name| with(user(PHONE), json!({ "firstName": name }))).collect();
    let server = Hostile::always(Reply::data(list(&users)));
    let table = World::on(&server).run("users list --fields firstName,phoneNumber").stdout;
    let starts: Vec<usize> =
        table.lines().skip(1).map(|line| console::measure_text_width(&line[..line.find('+').unwrap()])).collect();
    assert!(starts.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
}

#[test]
fn colour_is_for_people_who_want_it() {
    let server = Hostile::always(Reply::refusal(404, "404", "no"));
    let coloured = |variables: &[(&str, &str)], line: &str| {
        let world = variables.iter().fold(World::on(&server), |world, (name, value)| world.var(name, value));
        let run = world.run(line);
        run.stderr.contains('\u{1b}') || run.stdout.contains('\u{1b}')
    };
    let force = ("CLICOLOR_FORCE", "1");
    assert!(!coloured(&[], "users list"), "a pipe");
    assert!(coloured(&[force], "users list"));
    assert!(!coloured(&[("CLICOLOR_FORCE", "0")], "users list"));
    assert!(!coloured(&[force, ("NO_COLOR", "1")], "users list"));
    assert!(coloured(&[force, ("NO_COLOR", "")], "users list"), "an empty NO_COLOR says nothing");
    assert!(!coloured(&[force, ("TERM", "dumb")], "users list"));
    assert!(!coloured(&[force], "users list --color never"));
    assert!(coloured(&[("NO_COLOR", "1")], "users list --color always"));
    for format in ["json", "ndjson", "csv", "id"] {
        assert!(!coloured(&[force], &format!("users list --color always -o {format}")), "{format}");
    }
    let server = Hostile::always(Reply::data(with(user(PHONE), json!({ "firstName": "Grace" }))));
    let world = World::on(&server).var("CLICOLOR_FORCE", "1");
    for format in ["json", "csv"] {
        let run =
            world.run(&format!("users create --shared --phone {PHONE} --first-name Ada --color always -o {format}"));
        run.ok().says("warning:").lacks("\u{1b}");
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let users: Vec<Value> = (0..5000).map(|_| user(PHONE)).collect();
    let server = Hostile::always(Reply::data(list(&users)));
    for line in [
        "users list -q",
        "users list -o json",
        "users list -o csv",
        "users list -o id",
        "completions bash",
        "--help",
        "man",
    ] {
        let mut child = World::on(&server).start(line);
        let mut first = [0];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let run = Run::from(child);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{line}");
    }
}

/// Runs a command line whose standard output nobody reads.
fn unread(world: &World, line: &str) -> Run {
    let mut child = world.start(line);
    drop(child.stdout.take());
    Run::from(child)
}

#[test]
fn a_closed_pipe_hides_no_failure() {
    let refusing = Hostile::always(Reply::refusal(401, "401", "Invalid credentials"));
    for line in ["profiles check", "api x", "api -i x", "api x -o json", "users list"] {
        let run = unread(&World::on(&refusing), line);
        assert_eq!(run.status, 4, "{line} {run:?}");
        run.says("refused these credentials");
    }
    let many: Vec<Value> = (0..5000).map(|_| user(PHONE)).collect();
    let server = Hostile::always(Reply::status(422, json!({ "many": many }).to_string()));
    let run = unread(&World::on(&server), "api x");
    assert_eq!(run.status, 7, "the refusal's body fills the pipe: {run:?}");
    let failing = Hostile::new([Reply::data(json!({})), Reply::refusal(503, "503", "no")]);
    let ids = "11111111-1111-4111-8111-111111111111 22222222-2222-4222-8222-222222222222";
    let run = unread(&World::on(&failing), &format!("users delete {ids} --yes --retries 0"));
    assert_eq!(run.status, 8, "{run:?}");
}

#[cfg(unix)]
#[test]
fn an_output_that_was_never_open_is_told() {
    let server = Hostile::always(Reply::data(list(&[user(PHONE)])));
    let world = World::on(&server);
    for (line, is_told) in [
        ("spectrum users list >&-", true),
        ("spectrum users list -o json >&- <&-", true),
        ("spectrum users list -q >&-", false),
        ("spectrum users list > /dev/null", false),
        ("spectrum users list > out", false),
        ("spectrum users list 2>&- >&-", false),
    ] {
        let run = Run::from(world.shell(line).output().unwrap());
        assert_eq!((run.status, run.stderr.contains("standard output is closed")), (0, is_told), "{line} {run:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let server = Hostile::always(Reply::data(list(&[user(PHONE)])));
    let shown = ["users list", "users list -o json", "users list -o ndjson", "users list -o csv", "users list -o id"];
    let ours = ["api x", "completions bash", "--help", "--version", "help exit-codes", "man", "profiles list -o json"];
    for line in shown.into_iter().chain(ours) {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let args: Vec<&str> = line.split(' ').collect();
        let run = Run::from(World::on(&server).command(&args).stdout(full).output().unwrap());
        assert_eq!(run.status, 1, "{line} {run:?}");
        run.says("standard output cannot be written").says("space").lacks("bug");
    }
    // Words for a shell have no line break at their end: what is left in a buffer is not lost in silence.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let world = World::new().var("_SPECTRUM_COMPLETE", "bash").var("_CLAP_COMPLETE_INDEX", "1").var("_CLAP_IFS", " ");
    let run = Run::from(world.command(&["--", "spectrum", "use"]).stdout(full).output().unwrap());
    assert_eq!(run.status, 1, "{run:?}");
    World::new().run("help exit-codes").ok().stdout.find("a full disk").unwrap();
}

#[test]
fn quiet_drops_notes_and_keeps_errors() {
    let server = Hostile::always(Reply::data(user(PHONE)));
    let line = format!("users create --shared --phone {PHONE}");
    assert_eq!(World::on(&server).run(&format!("{line} -q")).ok().stderr, "");
    World::on(&server).run(&line).ok().says("shared user +14155550123");
    let server = Hostile::always(Reply::refusal(404, "404", "no"));
    World::on(&server).run("users list -q").says("error: project");
}

#[test]
fn a_wrong_command_line_speaks_the_format_that_was_asked_for() {
    for line in [
        "users nonsense -o json",
        "-ojson users nonsense",
        "users nonsense -qo json",
        "users nonsense -vojson",
        "users nonsense -vo=json",
        "--output=ndjson users list --nonsense",
        "users list --json --limit x",
        "users -o json",
        "-P p -qo json",
        "users nonsense -o json -- -o table",
    ] {
        World::new().run(line).failed(2, "usage");
    }
    let exported = World::new().var("SPECTRUM_OUTPUT", "json");
    for line in ["users nonsense", "users list -o nonsense", "users"] {
        exported.run(line).failed(2, "usage");
    }
    for line in ["users creat", "users creat -- -o json", "users creat -P ojson"] {
        let run = World::new().run(line);
        assert!(run.status == 2 && run.stderr.starts_with("error: "), "{run:?}");
        run.says("did you mean create?");
    }
}

#[test]
fn any_fields_can_be_chosen_and_nested_ones_too() {
    let meta = json!({ "opt_in": true, "deep": { "er": [1] } });
    let server = Hostile::always(Reply::data(list(&[with(user(PHONE), json!({ "meta": meta })), user(PHONE)])));
    let world = World::on(&server);
    let json = world.run("users list -o json --fields meta.opt_in,meta.deep.er,id").json();
    assert_eq!(json[0], json!({ "meta.opt_in": true, "meta.deep.er": [1], "id": user(PHONE)["id"] }));
    assert_eq!(json[1]["meta.opt_in"], Value::Null);
    let csv = world.run("users list -o csv --fields phoneNumber,meta.opt_in").ok().stdout.clone();
    assert_eq!(csv, format!("phoneNumber,meta.opt_in\n{PHONE},true\n{PHONE},\n"));
    let table = world.run("users list --fields phoneNumber,meta.opt_in").ok().stdout.clone();
    assert_eq!(table, format!("PHONE         OPTED IN\n{PHONE}  yes\n{PHONE}  no\n"));
    // Named twice, in one flag or in two: shown once.
    for fields in ["--fields phoneNumber,phoneNumber", "--fields phoneNumber --fields phoneNumber"] {
        assert_eq!(
            world.run(&format!("users list -o csv {fields}")).stdout,
            format!("phoneNumber\n{PHONE}\n{PHONE}\n")
        );
    }
    let both = world.run("users list -o csv --fields phoneNumber --fields firstName").ok().stdout.clone();
    assert!(both.starts_with("phoneNumber,firstName\n"), "{both}");
    // More of them than there are columns, and than anybody counted.
    let names: Vec<String> = (0..40).map(|at| format!("meta.f{at}")).collect();
    let run = world.run(&format!("users list -o csv --fields {},id", names.join(",")));
    for row in csv::Reader::from_reader(run.ok().stdout.as_bytes()).records() {
        let row = row.unwrap();
        assert_eq!((row.len(), &row[40]), (41, "11111111-1111-4111-8111-111111111111"));
    }
    for unknown in ["nonsense", "nonsense.opt_in", "meta.", "meta..opt_in"] {
        world
            .run(&format!("users list -o json --fields {unknown}"))
            .failed(2, "usage")
            .says("the known fields are type,");
    }
}

#[test]
fn a_project_shows_every_field_of_its_profile() {
    let profile =
        json!({ "firstName": "Ada", "lastName": "King", "avatarUrl": "https://x.example/a", "imessageSynced": true });
    let server = Hostile::always(Reply::data(json!({ "id": "x", "name": "N", "profile": profile })));
    let shown = World::on(&server).run("project show").ok().stdout.clone();
    for value in ["Ada", "King", "https://x.example/a", "true"] {
        assert!(shown.contains(value), "{value}: {shown}");
    }
}

#[test]
fn fields_are_refused_where_no_record_is_shown_and_known_where_one_is() {
    let server = Hostile::always(Reply::data(json!({})));
    let world = World::on(&server);
    world.file("r.csv", "type,phoneNumber\nshared,+14155550123\n");
    world.write_config(&format!("[profiles.p]\nproject_id = \"{PROJECT}\"\nproject_secret = \"s3cret-s3cret\"\n"));
    let paths = every_command();
    let leads_on = |path: &Vec<String>| paths.iter().any(|other| other.len() > path.len() && other.starts_with(path));
    let mut takers = Vec::new();
    for path in paths.iter().filter(|path| !leads_on(path)) {
        let command = path.join(" ");
        let operands = match command.as_str() {
            "api" => "x",
            "completions" => "bash",
            "profiles add" => "n",
            "profiles use" => "p",
            "profiles remove" => "p --yes",
            "sandbox exec" => "--fields nonsense -o json -- true",
            "sandbox reset" => "--yes",
            "sandbox text" => "--from +14155550123",
            "lines route" => "",
            "users create" => "--shared --phone +14155550123",
            "users get" | "users wait" | "users link" => PHONE,
            "users delete" => "+14155550123 --yes",
            "users apply" => "r.csv",
            "webhooks verify" => "--secret-file secrets -H a:b",
            "webhooks send" => "http://localhost/ --secret-file secrets",
            "webhooks create" | "webhooks ensure" => "https://bot.example.com/ --show-secret",
            "webhooks update" => "3c90c3cc-0d44-4b50-8888-8dd25736052a --enable",
            "webhooks rotate" => "3c90c3cc-0d44-4b50-8888-8dd25736052a --show-secret",
            "webhooks delete" => "https://bot.example.com/ --yes",
            _ => "",
        };
        let flags = if operands.contains("--fields") { "" } else { "--fields nonsense -o json" };
        let run = world.run(&format!("{command} {operands} {flags}"));
        run.failed(2, "usage");
        if run.stderr.contains("the known fields are ") {
            takers.push(command);
        } else {
            run.says("this command shows no record").says("users list, ");
        }
    }
    takers.sort_unstable();
    let mut told = spectrum_cli::output::streams::TAKES_FIELDS.to_vec();
    told.sort_unstable();
    assert_eq!(takers, told);
    for line in ["users create --shared --phone +14155550123", &format!("users delete {PHONE}")] {
        let run = world.run(&format!("{line} --dry-run --fields id -o json"));
        run.failed(2, "usage").says("a dry run shows requests");
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn deep_answers_cost_what_they_are_long() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for line in ["api x", "api x -o json"] {
        let server = Hostile::always(Reply::with(200, "", &deep));
        let run = World::on(&server).run(line);
        assert!(run.ok().stdout.len() < deep.len() + 10_000, "{line}: {}", run.stdout.len());
        assert_eq!(run.stdout.replace(char::is_whitespace, ""), deep);
    }
    let record =
        format!(r#"{{"succeed":true,"data":{{"users":[{{"id":"{}","meta":{deep}}}],"total":1}}}}"#, "1".repeat(36));
    let server = Hostile::always(Reply::with(200, "", &record));
    let run = World::on(&server).run("users list -o json");
    assert!(run.stdout.len() < record.len() + 10_000, "{}", run.stdout.len());
}

#[test]
fn api_sends_every_field_or_says_why_not() {
    let server = Hostile::always(Reply::data(json!({})));
    let world = World::on(&server);
    world.run("api -X GET x -f id=A -f b=2 -f id=B -F id=3").ok();
    assert_eq!(server.requests()[0].line(), "GET /x?id=A&b=2&id=B&id=3");
    let run = world.run("api x -f id=A -F id=1 -o json");
    run.failed(2, "usage").says("\"id\" is given twice");
    let size = 16 * 1024 * 1024;
    world.file("large", format!("\"{}\"", "a".repeat(size - 1)));
    world.run("api x --input large -o json").failed(2, "invalid_input").says("larger than 16 MiB");
    assert_eq!(server.requests().len(), 1, "what is wrong is not sent");
    let nowhere = World::at("http://127.0.0.1:1");
    let fits = nowhere.file("fits", format!("\"{}\"", "a".repeat(size - 2)));
    nowhere.run(&format!("api x --retries 0 -o json --input {fits}")).failed(8, "network").lacks("not JSON");
    world.file("text", "a=b");
    world.run("api x --input text").ok().says("warning: the body is not JSON").says("application/json");
    let sent = &server.requests()[1];
    assert_eq!((sent.body.as_str(), sent.header("content-type")), ("a=b", Some("application/json")));
}

#[test]
fn notes_are_tame_and_stay_one_line() {
    let world = World::new();
    let run = world.run_args(&["man", "--dir", "pages\u{1b}[31m\nerror: forged\u{202e}"]);
    // Windows takes no such name.
    if cfg!(unix) {
        is_tame(&run.ok().stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn manual_pages_that_cannot_be_written_are_told_plainly() {
    let world = World::new();
    let file = world.file("taken", "");
    let run = world.run(&format!("man --dir {file}/below -o json"));
    run.failed(2, "invalid_input").says("the manual pages cannot be written into ").says("Not a directory");
}
