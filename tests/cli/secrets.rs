//! The secret and its Basic token on no stream, whatever is asked and whatever the server sends back.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::hostile::{Hostile, Reply, list, user, with};
use crate::world::{PROJECT, Run, SECRET, World};

const ID: &str = "11111111-1111-4111-8111-111111111111";

/// What `Authorization: Basic` carries.
pub fn token() -> String {
    STANDARD.encode(format!("{PROJECT}:{SECRET}"))
}

/// The secret in every form in which it may come back.
fn forms() -> Vec<String> {
    let json = serde_json::to_string(SECRET).unwrap();
    let json = json.trim_matches('"').to_owned();
    let slashed = json.replace('/', "\\/");
    let numbered: String = SECRET.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let percent = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let url_token = URL_SAFE_NO_PAD.encode(format!("{PROJECT}:{SECRET}"));
    let base64 = STANDARD.encode(SECRET);
    let mut forms = vec![SECRET.to_owned(), json, slashed, numbered, percent, url_token, base64];
    forms.push(token());
    forms.push(token().trim_end_matches('=').to_owned());
    forms
}

/// No form of the secret is on a stream, nor in what a JSON reader makes of it.
#[track_caller]
fn keeps_quiet(run: &Run) {
    for form in forms() {
        run.lacks(&form);
    }
    for stream in [&run.stdout, &run.stderr] {
        for line in stream.lines().chain([stream.as_str()]) {
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(line) {
                assert!(!format!("{value}").contains(forms()[1].as_str()), "{run:?}");
            }
        }
    }
}

const COMMANDS: [&str; 22] = [
    "users create --shared --phone +14155550123",
    "users create --shared --phone +14155550123 --if-absent",
    "users create --shared --phone +14155550123 --dry-run",
    "users list",
    "users list -o csv",
    "users get +14155550123",
    "users get 11111111-1111-4111-8111-111111111111",
    "users delete --yes 11111111-1111-4111-8111-111111111111",
    "users link 11111111-1111-4111-8111-111111111111",
    "lines list",
    "lines route",
    "project show",
    "profiles list",
    "profiles check",
    "profiles path",
    "profiles use nobody",
    "profiles remove nobody --yes",
    "api -i x",
    "completions bash",
    "man",
    "help users create",
    "--help",
];

#[test]
fn no_command_shows_the_secret_at_any_verbosity() {
    let server = Hostile::always(Reply::data(user("+14155550123")));
    let worlds = [World::on(&server), World::with_profile(&server)];
    std::thread::scope(|scope| {
        for world in &worlds {
            scope.spawn(move || {
                for command in COMMANDS {
                    keeps_quiet(&world.run(&format!("{command} -vv")));
                }
                for command in ["users", "users create", "profiles add", "api", "login"] {
                    keeps_quiet(&world.run(&format!("{command} --help")));
                }
            });
        }
    });
    // The marker did travel, where it belongs.
    assert!(
        server.requests().iter().all(|request| request.header("authorization") == Some(&format!("Basic {}", token())))
    );
}

#[test]
fn an_echo_of_the_server_is_hidden_in_every_form() {
    // Numbered escapes mean something in JSON alone.
    let echoes = forms().into_iter().filter(|form| !form.starts_with("\\u")).collect::<Vec<_>>().join(" ");
    for form in forms() {
        // The form stands in the JSON as it is: it is an escape where it holds a backslash.
        let raw = if form == SECRET { serde_json::to_string(&form).unwrap() } else { format!("\"{form}\"") };
        let record = user("+14155550123").to_string().replace("\"Ada\"", &raw);
        let good = format!("{{\"succeed\":true,\"data\":{{\"users\":[{record}],\"total\":1}}}}");
        let bad = format!("{{\"succeed\":false,\"code\":{raw},\"message\":{raw}}}");
        let header = format!("X-Echo: {SECRET} {} {}\r\n", token(), STANDARD.encode(SECRET));
        for (status, body) in [(200, &good), (400, &bad), (200, &bad), (400, &echoes)] {
            let server = Hostile::always(Reply::with(status, &header, body));
            for format in ["table", "json"] {
                let run = World::on(&server).run(&format!("users list -vv --retries 0 -o {format}"));
                assert_eq!(run.status == 0, *body == good, "{run:?}");
                run.says("[redacted]");
                keeps_quiet(&run);
            }
        }
    }
    let server = Hostile::always(Reply::with(200, &format!("X-Echo: {}\r\n", token()), format!("<p>{SECRET}</p>")));
    let run = World::on(&server).run("api -i x");
    keeps_quiet(run.ok());
    assert!(run.stdout.contains("[redacted]"), "{run:?}");
}

#[test]
fn cleaning_a_name_does_not_put_a_secret_together() {
    let (front, back) = SECRET.split_at(9);
    let users = list(&[with(user("+14155550123"), json!({ "firstName": format!("{front}\u{1b}{back}") }))]);
    let server = Hostile::always(Reply::data(users));
    keeps_quiet(World::on(&server).run("users list").ok());
    let users = list(&[with(user("+14155550123"), json!({ "id": format!("{front}\u{200b}{back}") }))]);
    let server = Hostile::always(Reply::data(users));
    keeps_quiet(World::on(&server).run("users list -o id").ok());
    let server = Hostile::always(Reply::refusal(400, "E", &format!("{front}\u{200b}{back}")));
    keeps_quiet(&World::on(&server).run("users list"));
}

#[test]
fn a_secret_in_a_wrong_place_is_not_repeated() {
    let server = Hostile::always(Reply::data(user("+14155550123")));
    for world in [World::on(&server), World::with_profile(&server)] {
        for place in ["--phone", "--email", "--assigned"] {
            keeps_quiet(&world.run_args(&["users", "create", "--shared", place, SECRET]));
        }
        keeps_quiet(&world.run_args(&["api", SECRET, "-vv"]));
    }
    let world = World::on(&server);
    for args in [
        &["users", "get", SECRET][..],
        &["users", SECRET],
        &["--timeout", SECRET, "users", "list"],
        &["users", "list", "--secret", SECRET],
        &["-P", SECRET, "users", "list"],
        &["--base-url", SECRET, "users", "list"],
    ] {
        let run = world.run_args(args);
        assert!(run.status == 2 || run.status == 3, "{run:?}");
        keeps_quiet(&run);
    }
    for (name, value) in [
        ("SPECTRUM_PROJECT_ID", SECRET),
        ("SPECTRUM_CLOUD_URL", SECRET),
        ("SPECTRUM_TIMEOUT", SECRET),
        ("SPECTRUM_OUTPUT", SECRET),
        ("SPECTRUM_RETRIES", SECRET),
    ] {
        let run = World::with_pair().var(name, value).run("users list -vv");
        assert_eq!(run.status, 3, "{name} {run:?}");
        keeps_quiet(&run);
    }
    // Swapped halves: the secret stands where the id should be, and nobody told us that it is one.
    let swapped = World::new().var("SPECTRUM_PROJECT_ID", SECRET).var("SPECTRUM_PROJECT_SECRET", PROJECT);
    keeps_quiet(&swapped.run("users list -vv"));
    let world = World::new();
    world.write_config(&format!("[profiles.p]\nproject_id = '{SECRET}'\nproject_secret = 'x'\n"));
    let run = world.run("-P p users list");
    assert_eq!(run.status, 3, "{run:?}");
    keeps_quiet(&run);
    world.write_config(&format!("[profiles.p]\nsecret_command = '{SECRET}'\n"));
    keeps_quiet(&world.run("-P p users list"));
}

#[test]
fn a_failed_look_for_the_secret_does_not_show_it() {
    let world = World::new();
    let script = world.file("print.sh", format!("echo '{SECRET}'; exit 1"));
    world.write_config(&format!("[profiles.p]\nproject_id = '{PROJECT}'\nsecret_command = ['sh', '{script}']\n"));
    if cfg!(unix) {
        let run = world.run("-P p users list -vv -o json");
        run.failed(3, "config").says("secret_command").says("failed");
        keeps_quiet(&run);
    }
    let run = world.run(&format!("users get {ID} -vv"));
    assert_eq!(run.status, 3);
}
