//! Questions at a real terminal, and the bar of an apply.

use std::time::Duration;

use serde_json::{Value, json};
use spectrum_cli::sandbox::fault::Latency;

use crate::hostile::{Hostile, Reply, list, user, with};
use crate::terminal::Terminal;
use crate::world::{PROJECT, SECRET, World};

const ENTER: &str = "\r";
const DOWN: &str = "\u{1b}[B";
const HIDE_CURSOR: &str = "\u{1b}[?25l";
const CLEAR_LINE: &str = "\u{1b}[2K";
const SHOW_CURSOR: &str = "\u{1b}[?25h";
const ID: &str = "11111111-1111-4111-8111-111111111111";
const PHONE: &str = "+14155550123";

/// Whether what hid the cursor has shown it again.
pub fn has_cursor(terminal: &Terminal<'_>) -> bool {
    let raw = terminal.raw();
    raw.rfind(SHOW_CURSOR) >= raw.rfind(HIDE_CURSOR)
}

fn body(server: &Hostile, at: usize) -> Value {
    serde_json::from_str(&server.requests()[at].body).unwrap()
}

#[test]
fn create_asks_for_what_is_missing() {
    let server = Hostile::always(Reply::data(user(PHONE)));
    let world = World::on(&server);
    let mut terminal = world.at_terminal(100, "users create");
    terminal.shows("Type of user").shows("shared: ").shows("dedicated: ").types(ENTER);
    terminal.shows("Phone, with +").types("4155550123\r");
    terminal.shows("no leading +");
    // The line stands there to be corrected.
    terminal.types(&"\u{7f}".repeat(10)).types("+1 (415) 555-0123\r");
    terminal.shows("First name").types("Ada\r").shows("Last name").types(ENTER);
    terminal.shows("E-mail").types("nobody\r").shows("nobody").types(&"\u{7f}".repeat(6)).types("ada@example.com\r");
    terminal.shows("Register").shows(PHONE);
    assert_eq!(server.count(), 0, "nothing is sent before the last answer");
    terminal.types("y").shows("shared user +14155550123");
    assert_eq!(terminal.ends().status, 0);
    let expected = json!({ "type": "shared", "phoneNumber": PHONE, "firstName": "Ada", "email": "ada@example.com" });
    assert_eq!((server.count(), body(&server, 0)), (1, expected));
}

#[test]
fn a_dedicated_user_gets_a_line_from_those_of_the_project_with_their_loads() {
    let line = |number: &str| json!({ "platform": "imessage", "id": ID, "phoneNumber": number, "status": "available" });
    let busy = with(user("+14155550199"), json!({ "type": "dedicated", "assignedPhoneNumber": "+19175550101" }));
    let created = with(user(PHONE), json!({ "type": "dedicated", "assignedPhoneNumber": "+19175550102" }));
    let server = Hostile::new([
        Reply::data(json!({ "lines": [line("+19175550101"), line("+19175550102")] })),
        Reply::data(list(&[busy.clone(), busy])),
        Reply::data(created),
    ]);
    let world = World::on(&server);
    let mut terminal = world.at_terminal(100, "users create --phone +14155550123");
    terminal.shows("Type of user").types(DOWN).types(ENTER);
    terminal.shows("+19175550101").shows("2 users").shows("+19175550102").shows("0 users").types(DOWN).types(ENTER);
    terminal.shows("Register").types("y").shows("dedicated user");
    assert_eq!(terminal.ends().status, 0);
    assert!(terminal.raw().contains(HIDE_CURSOR) && has_cursor(&terminal), "{:?}", terminal.raw());
    let expected = json!({ "type": "dedicated", "phoneNumber": PHONE, "assignedPhoneNumber": "+19175550102" });
    assert_eq!(body(&server, 2), expected);
}

#[test]
fn a_no_is_no_and_ctrl_c_is_an_interrupt() {
    let server = Hostile::always(Reply::data(user(PHONE)));
    let world = World::on(&server);
    let line = "users create --shared --phone +14155550123 --dedicated";
    assert_eq!(world.at_terminal(80, line).ends().status, 2, "a wrong command line asks nothing");
    for (answer, status, words) in [("n", 2, "nothing was sent"), ("\u{3}", 130, "interrupted")] {
        let mut terminal = world.at_terminal(80, "users create --phone +14155550123");
        terminal.shows("Type of user").types(ENTER).shows("Register").types(answer).shows(words);
        assert_eq!(terminal.ends().status, status);
    }
    let mut terminal = world.at_terminal(80, "users create");
    terminal.shows("Type of user").types("\u{3}").shows("interrupted");
    assert_eq!(terminal.ends().status, 130);
    assert!(has_cursor(&terminal), "{:?}", terminal.raw());
    assert_eq!(server.count(), 0);
}

#[test]
fn a_deletion_is_confirmed_by_the_people_it_names() {
    let found = || Reply::data(list(&[user(PHONE)]));
    for (answer, status, requests) in [("n", 2, 1), (ENTER, 2, 1), ("y", 0, 2)] {
        let server = Hostile::new([found(), Reply::data(json!({ "userId": ID }))]);
        let world = World::on(&server);
        let mut terminal = world.at_terminal(100, &format!("users delete {PHONE}"));
        terminal.shows("Delete").shows(PHONE).types(answer);
        let run = terminal.ends();
        assert_eq!((run.status, server.count()), (status, requests), "{answer:?}: {run:?}");
        assert_eq!(run.stdout.contains("nothing was changed"), status == 2, "{run:?}");
    }
}

#[test]
fn a_plan_is_confirmed_by_what_it_takes_away() {
    let world = World::beside(|_| ());
    world.file("before.csv", "phoneNumber,firstName\n+14155550123,Ada\n+14155550124,Bob\n");
    world.file("after.csv", "phoneNumber,firstName\n+14155550123,Eva\n");
    world.run("users apply before.csv").ok();
    for (flags, words, answer, status) in [
        ("--prune", "Apply this plan (delete 1 user)?", "n", 2),
        ("--replace", "Apply this plan (delete and create again 1 user)?", "n", 2),
        ("--prune --replace", "Apply this plan (delete 1 user, delete and create again 1 user)?", "y", 0),
    ] {
        let mut terminal = world.at_terminal(120, &format!("users apply after.csv {flags}"));
        terminal.shows(words).types(answer);
        let run = terminal.ends();
        assert_eq!((run.status, run.stdout.contains("nothing was changed")), (status, status == 2), "{run:?}");
    }
    let users = world.run("users list -o json --fields phoneNumber,firstName").ok().json();
    assert_eq!(users, json!([{ "phoneNumber": PHONE, "firstName": "Eva" }]));
}

#[test]
fn a_secret_is_asked_for_and_not_shown() {
    let server = Hostile::always(Reply::data(list(&[])));
    let world = World::new();
    let mut terminal = world.at_terminal(100, &format!("profiles add prod --base-url {}", server.url()));
    terminal.shows("Project id").types("nonsense\r").shows("nonsense");
    terminal.types(&"\u{7f}".repeat(8)).types(&format!("{PROJECT}\r"));
    terminal.shows("Project secret (not shown)").types(&format!("{SECRET}\r")).shows("saved profile prod");
    assert!(!terminal.raw().contains(SECRET), "{:?}", terminal.raw());
    assert_eq!(terminal.ends().status, 0);
    let token = format!("Basic {}", crate::secrets::token());
    assert_eq!(server.requests()[0].header("authorization"), Some(token.as_str()));
    world.run("users list").ok();
}

#[test]
fn who_cannot_be_asked_is_not() {
    let server = Hostile::always(Reply::data(user(PHONE)));
    for (name, line) in [
        ("CI", "users create"),
        ("SPECTRUM_NO_INPUT", "users create"),
        ("X", "users create --no-input"),
        ("X", "users create -o json"),
    ] {
        let world = World::on(&server).var(name, "1");
        let run = world.at_terminal(100, line).ends();
        assert!(run.status == 2 && run.stdout.contains("--shared or --dedicated"), "{line}: {run:?}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_line_is_edited_as_in_a_shell() {
    let server = Hostile::always(Reply::data(user(PHONE)));
    let world = World::on(&server);
    let mut terminal = world.at_terminal(100, "users create");
    terminal.shows("Type of user").types(ENTER).shows("Phone").types("nonsense\u{15}+14155550123\r");
    terminal.shows("First name").types("Ada Augusta\u{17}\u{7f}\r").shows("Last name").types("King\u{1b}[D\u{4}\r");
    terminal.shows("E-mail").types(ENTER).shows("Register").types("y");
    assert_eq!(terminal.ends().status, 0);
    let expected = json!({ "type": "shared", "phoneNumber": PHONE, "firstName": "Ada", "lastName": "Kin" });
    assert_eq!(body(&server, 0), expected);
}

#[test]
fn esc_and_ctrl_d_give_a_question_up() {
    let server = Hostile::always(Reply::data(list(&[user(PHONE)])));
    let world = World::on(&server);
    let add = format!("profiles add p --project-id {PROJECT}");
    for key in ["\u{1b}", "\u{4}"] {
        let questions = [
            ("users create", "Type of user", "was not answered"),
            (&add, "Project secret", "was not answered"),
            ("profiles add p", "Project id", "was not answered"),
            (&format!("users delete {PHONE}"), "Delete ", "nothing was changed"),
        ];
        for (line, words, said) in questions {
            let mut terminal = world.at_terminal(100, line);
            terminal.shows(words).types(key);
            let run = terminal.ends();
            assert!(run.status == 2 && run.stdout.contains(said), "{line}: {run:?}");
            assert!(run.stdout.contains("\nerror: "), "on a line of its own: {run:?}");
            assert_eq!(terminal.mode(), terminal.before, "{line}");
        }
    }
    assert_eq!(server.requests().iter().filter(|request| request.method != "GET").count(), 0);
}

#[test]
fn what_was_wrong_goes_with_the_next_answer_however_narrow_the_terminal_is() {
    let server = Hostile::always(Reply::data(user(PHONE)));
    let world = World::on(&server);
    for columns in [30, 60, 80] {
        let mut terminal = world.at_terminal(columns, "users create --shared --first-name A");
        terminal.shows("Phone").types("4155550123\r").shows("no leading +").types("\u{15}+14155550123\r");
        terminal.shows("Register").types("");
        terminal.looks(|lines, _| {
            let all = lines.concat();
            !all.contains("leading") && all.contains("+14155550123") && !lines.iter().any(String::is_empty)
        });
        terminal.types("n");
        terminal.ends();
    }
}

#[test]
fn wide_characters_move_the_cursor_by_their_width() {
    let world = World::on(&Hostile::always(Reply::data(user(PHONE))));
    let mut terminal = world.at_terminal(80, "users create --shared");
    terminal.shows("Phone").types("\r").shows("Phone").types("山田\u{1b}[DX");
    let head = "(+14155550123): ".len() + "Phone, with + and country code ".len();
    terminal.looks(|lines, (_, column)| lines.concat().ends_with("山X田") && column > head && lines.len() > 1);
    terminal.types("\u{3}");
    terminal.ends();
}

#[test]
fn a_key_that_was_pressed_before_the_question_stood_there_is_no_answer() {
    let (tell, told) = std::sync::mpsc::channel();
    let server = Hostile::new([Reply::data(list(&[user(PHONE)])).held(told)]);
    let world = World::on(&server);
    let mut terminal = world.at_terminal(80, &format!("users delete {PHONE}"));
    server.waits_for(1);
    // The terminal has it as soon as it shows it.
    terminal.types_early("y").shows("y");
    tell.send(()).unwrap();
    terminal.shows("Delete").types("n").shows("nothing was changed");
    assert_eq!(terminal.ends().status, 2);
}

#[test]
fn an_answer_that_takes_long_is_told_to_be_waited_for() {
    let (tell, told) = std::sync::mpsc::channel();
    let server =
        Hostile::new([Reply::with(503, "Retry-After: 1\r\n", ""), Reply::data(list(&[user(PHONE)])).held(told)]);
    let world = World::on(&server);
    let mut terminal = world.at_terminal(80, "users list");
    terminal.shows("waiting for an answer, ").shows("(attempt 2)");
    tell.send(()).unwrap();
    terminal.shows("PHONE").shows(PHONE);
    assert_eq!(terminal.ends().status, 0);
    terminal.looks(|lines, _| !lines.concat().contains("waiting"));
    // Nobody watches a log.
    let (tell, told) = std::sync::mpsc::channel();
    let server = Hostile::new([Reply::data(list(&[])).held(told)]);
    tell.send(()).unwrap();
    World::on(&server).run("users list").ok().lacks("waiting");
}

#[test]
fn many_are_deleted_with_one_question_and_every_result_is_told() {
    let other = "+14155550124";
    let gone = "22222222-2222-4222-8222-222222222222";
    let both = [user(PHONE), with(user(other), json!({ "id": gone, "firstName": "Bea" }))];
    let server = Hostile::new([
        Reply::data(list(&both)),
        Reply::data(json!({ "userId": ID })),
        Reply::refusal(404, "404", "User not found"),
    ]);
    let world = World::on(&server);
    let mut terminal = world.at_terminal(100, "users delete --shared");
    terminal.shows(PHONE).shows("\n").shows(&format!("Bea ({other})")).shows("\n").shows("Delete 2 users?").types("y");
    terminal.shows("/2").shows(&format!("deleted Ada ({PHONE})")).shows(&format!("failed: Bea ({other}): not found"));
    let run = terminal.ends();
    assert_eq!((run.status, run.stdout.matches("(y/n)").count()), (5, 1), "{run:?}");
    terminal.looks(|lines, _| !lines.concat().contains("/2 "));
}

#[test]
#[ignore = "takes half a minute"]
fn an_apply_without_a_terminal_says_every_half_minute_how_far_it_is() {
    let world = World::beside(|_| {});
    let numbers: String = (0..33).map(|n| format!("+1415{:07}\n", 5_550_100 + n)).collect();
    world.file("roster.csv", format!("phoneNumber\n{numbers}"));
    let run = world.run("users apply roster.csv --rate-limit 1");
    run.ok().says(" of 33 rows done, 0 failed, ").says(" left\n");
    assert_eq!(run.stderr.matches("rows done").count(), 1, "{run:?}");
}

pub fn slow(rows: usize) -> World {
    let latency = Duration::from_millis(50);
    let world = World::beside(|options| options.faults.latency = Some(Latency { least: latency, most: latency }));
    let numbers: String = (0..rows).map(|n| format!("+1415{n:07}\n")).collect();
    world.file("roster.csv", format!("phoneNumber\n{numbers}"));
    world
}

#[test]
fn an_apply_shows_how_far_it_is_and_takes_the_bar_away() {
    let world = slow(40);
    let mut terminal = world.at_terminal(100, "users apply roster.csv --rate-limit 50");
    terminal.shows("/40").shows("/s").shows("left").shows("40 created");
    let run = terminal.ends();
    assert_eq!(run.status, 0, "{run:?}");
    let raw = terminal.raw();
    let (_, after) = raw.rsplit_once(" left").unwrap();
    let (gone, _) = after.split_once("40 created").unwrap();
    assert!(gone.contains(CLEAR_LINE), "{raw:?}");
}

#[test]
fn ctrl_c_during_an_apply_leaves_a_clean_terminal_and_says_what_is_left() {
    let world = slow(400);
    let mut terminal = world.at_terminal(100, "users apply roster.csv --rate-limit 20");
    terminal.shows("/400");
    crate::world::signal(&terminal.child, nix::sys::signal::Signal::SIGINT);
    terminal.shows("interrupted: finishing the requests in flight").shows("not tried");
    let run = terminal.ends();
    assert_eq!(run.status, 130, "{run:?}");
}
