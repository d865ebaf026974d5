//! Twice the work costs twice as much: held by counts of requests, by sizes of memory, and by inputs so large that a
//! pass over all of it for each of its parts would not end.

use std::fmt::Write as _;
use std::sync::mpsc;
use std::time::Duration;

use spectrum_cli::nouns::users::delete;
use spectrum_cli::roster::read::ReadOptions;
use spectrum_cli::roster::{self, Counts, Plan, Policy, Problems, ProjectUser, Roster, RosterFormat, Snapshot, plan};
use spectrum_cli::secrets::redactor::Redactor;

#[cfg(target_os = "linux")]
use crate::hostile::{Hostile, Reply};
#[cfg(target_os = "linux")]
use crate::world::PROJECT;
use crate::world::{Run, World};

/// The service's largest page.
const PAGE: u64 = 500;

fn phone(at: usize) -> String {
    format!("+1415{:07}", 2_000_000 + at)
}

fn id(at: usize) -> String {
    format!("3c90c3cc-0d44-4b50-8888-{at:012x}")
}

/// A roster of shared users as CSV.
fn csv(rows: std::ops::Range<usize>, first_name: &str) -> String {
    let rows = rows.map(|at| format!("shared,{},{first_name},Lovelace {at},ada{at}@example.com\n", phone(at)));
    format!("type,phoneNumber,firstName,lastName,email\n{}", rows.collect::<String>())
}

/// How many requests a command sends.
fn requests(world: &World, command: impl FnOnce() -> Run) -> u64 {
    let before = world.sandbox().requests();
    command().ok();
    world.sandbox().requests() - before
}

#[test]
fn apply_asks_for_every_page_and_for_every_row_once() {
    let world = World::beside(|_| {});
    let apply = |rows: std::ops::Range<usize>| {
        let file = world.file("roster.csv", csv(rows, "Ada"));
        requests(&world, || world.run_args(&["users", "apply", &file, "-o", "ndjson"]))
    };
    // Each page begins with the last user of the page before.
    let pages = |users: u64| 1 + users.saturating_sub(PAGE).div_ceil(PAGE - 1);
    assert_eq!(apply(0..1000), pages(0) + 1000);
    assert_eq!(apply(0..1000), pages(1000));
    assert_eq!(apply(0..2000), pages(1000) + 1000);
    assert_eq!(apply(0..2000), pages(2000));
}

#[test]
fn a_list_is_one_request_and_a_deletion_one_or_two_a_user() {
    let world = World::beside(|_| {});
    let file = world.file("roster.csv", csv(0..600, "Ada"));
    world.run_args(&["users", "apply", &file, "-o", "ndjson"]).ok();
    let mut ids = String::new();
    let list = || {
        let run = world.run("users list -o id");
        ids.push_str(&run.stdout);
        run
    };
    assert_eq!(requests(&world, list), 1);
    let ids: Vec<&str> = ids.lines().collect();
    assert_eq!(ids.len(), 600);
    let delete = |users: &[&str]| {
        let args = [&["users", "delete", "--yes", "-o", "id"], users].concat();
        requests(&world, || world.run_args(&args))
    };
    // Whoever is named twice is deleted once.
    assert_eq!(delete(&[&ids[..20], &ids[..20]].concat()), 20);
    assert_eq!(delete(&ids[20..60]), 40);
    assert_eq!(delete(&[&*phone(100), &*phone(101)]), 2 * 2);
}

/// What a command holds when its first byte of output comes: by then everything was read and looked at.
#[cfg(target_os = "linux")]
fn peak(world: &World, args: &[&str]) -> usize {
    use std::io::Read as _;
    let mut child = world.command(args).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    // It cannot be gone yet: there is more than a pipe holds.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB")).unwrap();
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
    peak.trim().parse::<usize>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
fn list_answer(users: usize) -> String {
    let user = |at: usize| {
        format!(
            concat!(
                r#"{{"id":"{id}","projectId":"{project}","type":"shared","firstName":"Ada","lastName":"Lovelace","#,
                r#""email":"ada{at}@example.com","phoneNumber":"{phone}","assignedPhoneNumber":"+16285550100","#,
                r#""meta":{{}},"createdAt":"2026-05-01T12:00:00.000Z"}}"#
            ),
            id = id(at),
            project = PROJECT,
            phone = phone(at),
            at = at,
        )
    };
    let list = (0..users).map(user).collect::<Vec<_>>().join(",");
    format!(r#"{{"succeed":true,"data":{{"users":[{list}],"total":{users}}}}}"#)
}

#[cfg(target_os = "linux")]
#[test]
fn a_list_is_held_once_whatever_it_is_shown_as() {
    let answers = [4_000, 16_000].map(list_answer);
    let grown = answers[1].len() - answers[0].len();
    let servers = answers.map(|answer| Hostile::always(Reply::status(200, answer)));
    for format in ["json", "ndjson", "csv", "table", "id"] {
        let [few, many] = servers.each_ref().map(|server| peak(&World::on(server), &["users", "list", "-o", format]));
        let times = (many - few) as f64 / grown as f64;
        assert!(times < 1.5, "{format}: {times:.2} bytes for each byte of the answer");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_roster_takes_a_few_hundred_bytes_a_row() {
    let server = Hostile::always(Reply::status(200, list_answer(0)));
    let world = World::on(&server);
    let [few, many] = [5_000, 20_000].map(|rows| {
        let file = world.file("roster.csv", csv(0..rows, "Ada"));
        peak(&world, &["users", "apply", &file, "--dry-run", "-o", "ndjson"])
    });
    let each = (many - few) / 15_000;
    assert!(each < 700, "{each} bytes a row");
}

/// Does some work that has to end. Its inputs are of a size at which linear work takes a second or two, and quadratic
/// work longer than anybody waits; how long exactly is not asked.
#[track_caller]
fn ends<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, done) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    done.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("{what} does not come to an end"))
}

fn read(text: &str, format: RosterFormat) -> Result<Roster, Problems> {
    roster::read::read(text.as_bytes(), ReadOptions { format: Some(format), name: None })
}

/// Reads a roster that is all wrong; how many problems it has.
#[track_caller]
fn problems(format: RosterFormat, text: String) -> usize {
    ends(&format!("a wrong {}", format.as_str()), move || read(&text, format).unwrap_err().0.len())
}

fn repeated(number: usize, part: impl Fn(usize) -> String) -> String {
    (0..number).map(part).collect()
}

#[test]
fn every_row_may_be_wrong() {
    const ROWS: usize = 20_000;
    let number = |at: usize| format!("1415{at:07}");
    let rows = repeated(ROWS, |at| format!("{},\"a\nb\"\n", number(at)));
    assert_eq!(problems(RosterFormat::Csv, format!("phoneNumber,firstName\n{rows}")), 2 * ROWS);
    let stray = repeated(ROWS, |at| format!("{},\"a\n", phone(at)));
    assert_eq!(problems(RosterFormat::Csv, format!("phoneNumber,firstName\n{stray}")), ROWS);
    let swallowed = repeated(ROWS, |at| format!(",{},x\",\"y\n", phone(at)));
    assert!(problems(RosterFormat::Csv, format!("type,phoneNumber,firstName,email\n{swallowed}")) >= ROWS / 2);
    let same = repeated(ROWS, |_| format!("{}\n", phone(7)));
    assert_eq!(problems(RosterFormat::Csv, format!("phoneNumber\n{same}")), ROWS - 1);
    assert_eq!(
        problems(RosterFormat::Ndjson, repeated(ROWS, |at| format!("{{\"phoneNumber\":{}}}\n", number(at)))),
        ROWS
    );
    let one_line = repeated(ROWS, |at| format!(",{{\"phoneNumber\":{}}}", number(at)));
    assert_eq!(problems(RosterFormat::Json, format!("[{}]", &one_line[1..])), ROWS);
    let tables = repeated(ROWS, |at| format!("[[users]]\nphoneNumber = {}\n", number(at)));
    assert_eq!(problems(RosterFormat::Toml, tables), ROWS);
}

#[test]
fn one_row_may_be_wrong_in_every_part() {
    const PARTS: usize = 50_000;
    let cells = repeated(PARTS, |_| ",\"x\ny\"".to_owned());
    assert_eq!(problems(RosterFormat::Csv, format!("phoneNumber\n{}{cells}\n", phone(7))), PARTS);
    let members = repeated(PARTS, |at| format!(",\n\"key{at}\": 1"));
    assert_eq!(problems(RosterFormat::Json, format!("[{{\"phoneNumber\":\"{}\"{members}}}]", phone(7))), PARTS);
    // A text over several lines is why a file is not read in pieces.
    let keys = repeated(PARTS / 2, |at| format!("key{at} = 1\n"));
    assert_eq!(problems(RosterFormat::Toml, format!("{keys}text = \"\"\"\n\"\"\"\n")), PARTS / 2 + 1);
}

#[test]
fn a_header_may_be_as_long_as_a_file() {
    const LONG: usize = 1_200_000;
    for part in ["x,", "email,", "x,email,", "p_", "\"a\"\"b\","] {
        let names = part.repeat(LONG / part.len());
        assert!(problems(RosterFormat::Csv, format!("{names}\n+14155550101\n")) > 0, "{part}");
    }
    // Every row names the column, however it is written.
    let rows = "1\n".repeat(LONG / 4);
    let name = format!("phone{}Number", " ".repeat(LONG / 2));
    assert_eq!(problems(RosterFormat::Csv, format!("{name}\n{rows}")), LONG / 4);
}

#[test]
fn a_text_may_be_all_of_one_kind() {
    const LONG: usize = 150_000;
    for part in
        ["\"", "\"\n", "\"a\n", "x\",\"y\n", ",x\",\"y\n", "a\"\"\n", "\r", "[", "{", "{\n", "{\"a\":", "= ", "(0"]
    {
        let text = part.repeat(LONG / part.len());
        for (format, head) in [
            (RosterFormat::Csv, "phoneNumber,firstName\n"),
            (RosterFormat::Ndjson, ""),
            (RosterFormat::Json, "{\"users\":["),
            (RosterFormat::Toml, "[[users]]\nphoneNumber = \""),
        ] {
            let text = format!("{head}{text}");
            ends(&format!("{format} of {part:?}"), move || read(&text, format).is_ok());
        }
    }
}

#[test]
fn a_plan_looks_users_up() {
    const USERS: usize = 50_000;
    let user = |at: usize| ProjectUser {
        id: id(at).into(),
        kind: spectrum_cli::nouns::users::model::UserType::Shared,
        phone: phone(at).into(),
        assigned: Some("+16285550100".into()),
        first_name: Some("Ada".into()),
        last_name: Some(format!("Lovelace {at}").into()),
        email: Some(format!("ada{at}@example.com").into()),
        opted_in: false,
        is_owner: false,
    };
    // As many lines as users, and rows that have to be looked for among both.
    let lines = (0..USERS).map(|at| format!("+1917{at:07}").into()).collect();
    let project = Snapshot { users: (0..USERS).map(user).collect(), lines };
    let read = |text: String| ends("reading", move || read(&text, RosterFormat::Csv).unwrap());
    let planned = |what: &str, roster: Roster, prune: bool| {
        let project = project.clone();
        ends(what, move || {
            Plan::counts(&plan::plan(&roster, &project, Policy { prune, replace: true, ..Policy::default() }))
        })
    };
    let half = USERS / 2;
    let differing = read(csv(half..USERS + half, "Eve"));
    let expected = Counts { create: half, differs: half, delete: half, ..Counts::default() };
    assert_eq!(planned("a plan", differing, true), expected);
    let mut listed = "id,phoneNumber,assignedPhoneNumber\n".to_owned();
    for at in 0..USERS {
        writeln!(listed, "{},{},+1628{at:07}", id(at), phone(at)).unwrap();
    }
    let expected = Counts { unchanged: USERS, ..Counts::default() };
    assert_eq!(planned("a plan of a list without types", read(listed), false), expected);
}

#[test]
fn a_secret_may_be_echoed_in_every_record() {
    const RECORDS: usize = 800_000;
    let mut redactor = Redactor::default();
    redactor.hide("s3cret/key");
    let echo = repeated(RECORDS, |_| r#""s3cret\u002fkey","#.to_owned());
    let clean = ends("hiding a secret", move || redactor.redact(&echo).into_owned());
    // Not compared by a macro that would print both.
    assert!(clean == "\"[redacted]\",".repeat(RECORDS));
}

#[test]
fn a_command_line_may_name_many_users() {
    const USERS: usize = 300_000;
    let named = (0..2 * USERS).map(|at| (id(at % USERS), phone(at))).collect();
    let kept = ends("leaving out who is named twice", move || delete::distinct(named));
    assert_eq!((kept.len(), &*kept[USERS - 1].1), (USERS, &*phone(USERS - 1)));
}
