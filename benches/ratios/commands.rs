//! Single commands: how fast they start, create, list, and read a roster.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Options;
use crate::floor;
use crate::process::{Invocation, Measured, alternate, is_installed};
use crate::server::{self, Server};
use crate::table::{Table, goal, size, time};
use crate::world::{BINARY, World};

/// A row of two commands that do the same.
fn compare(options: &Options, world: &World, table: &mut Table, what: &str, pair: [&Invocation; 2], most: f64) {
    let [ours, theirs] = alternate(pair, options.runs, &world.home);
    let ratio = ratio(ours, theirs);
    table.push([
        what.to_owned(),
        pair[1].shown.clone(),
        time(ours.took),
        time(theirs.took),
        format!("{ratio:.2}"),
        goal(&format!("≤ {most}"), ratio <= most),
        format!("{} / {}", size(ours.peak), size(theirs.peak)),
    ]);
}

fn ratio(ours: Measured, theirs: Measured) -> f64 {
    ours.took.as_secs_f64() / theirs.took.as_secs_f64()
}

/// `--version` and `--help` beside the least that a Rust program can do.
pub fn starts(options: &Options, world: &World, table: &mut Table) {
    let beside = "a Rust hello-world";
    for flag in ["--version", "--help"] {
        let what = format!("spectrum {flag}");
        if !options.wants(&what) {
            continue;
        }
        let Some(hello) = hello(world) else {
            table.skip(&what, beside, "rustc");
            continue;
        };
        let (ours, theirs) = (Invocation::new(&what, BINARY).args([flag]), Invocation::new(beside, hello));
        compare(options, world, table, &what, [&ours, &theirs], 2.0);
    }
}

fn hello(world: &World) -> Option<PathBuf> {
    let (source, program) = (world.home.join("hello.rs"), world.home.join("hello"));
    fs::write(&source, "fn main() { println!(\"hello, world\"); }").ok()?;
    let status = Command::new("rustc").arg("-O").arg(&source).arg("-o").arg(&program).status().ok()?;
    status.success().then_some(program)
}

/// One `users create`, over HTTP and over HTTPS.
pub fn creates(options: &Options, world: &World, table: &mut Table) {
    let server = Server::start(&world.home, 0, Duration::ZERO, 0);
    let body = r#"{"type":"shared","phoneNumber":"+14155550123"}"#;
    let request = format!("-H 'content-type: application/json' -d '{body}'");
    let args = ["users", "create", "--shared", "--phone", "+14155550123", "-o", "json"];
    let curl = |shown, base: &str, rest| world.curl(shown, &server::users(base), &format!("{request}{rest}"));
    let bare = Invocation::new("a bare TLS socket", crate::myself()).args([
        floor::ROLE.into(),
        server::users(&server.https).into(),
        world.bundle().into_os_string(),
        body.into(),
    ]);
    let rows = [
        ("users create over HTTP", &server.http, curl("curl", &server.http, ""), 0.9),
        ("users create over HTTP", &server.http, curl("curl | jq", &server.http, " | jq .data"), 0.9),
        ("users create over HTTPS", &server.https, curl("curl", &server.https, ""), 0.3),
        ("users create over HTTPS", &server.https, curl("curl | jq", &server.https, " | jq .data"), 0.3),
        ("users create over HTTPS", &server.https, bare, 1.3),
    ];
    for (what, base, theirs, most) in rows {
        if !options.wants(what) {
            continue;
        }
        let programs = theirs.shown.split(" | ").filter(|program| ["curl", "jq"].contains(program));
        if let Some(missing) = programs.into_iter().find(|program| !is_installed(program)) {
            table.skip(what, &theirs.shown, missing);
            continue;
        }
        let ours = world.spectrum(base, &args);
        for command in [&ours, &theirs] {
            assert!(command.output(&world.home).start.contains("+14155550123"), "{} came to nothing", command.shown);
        }
        compare(options, world, table, what, [&ours, &theirs], most);
    }
}

/// `users list` of few and of many.
pub fn lists(options: &Options, world: &World, table: &mut Table) {
    let beside = "curl | jq .data.users";
    for number in [1, 1_000, 100_000] {
        let formats = [("json", 0.3), ("ndjson", 0.3), ("csv", 0.3), ("table", 0.6)];
        let name = |format: &str| format!("users list of {} as {format}", thousands(number));
        let formats: Vec<_> = formats.into_iter().filter(|(format, _)| options.wants(&name(format))).collect();
        if formats.is_empty() {
            continue;
        }
        if let Some(missing) = ["curl", "jq"].into_iter().find(|program| !is_installed(program)) {
            table.skip(&name("json"), beside, missing);
            continue;
        }
        let server = Server::start(&world.home, number, Duration::ZERO, 0);
        let url = server::users(&server.http);
        let bytes = world.curl("curl", &url, "").output(&world.home).bytes;
        let theirs = world.curl(beside, &url, "| jq .data.users");
        for (format, most) in formats {
            let ours = world.spectrum(&server.http, &["users", "list", "-o", format]);
            let lines = ours.output(&world.home).lines;
            assert!(lines >= number, "{} came to {lines} lines", ours.shown);
            let [ours, theirs] = alternate([&ours, &theirs], options.runs, &world.home);
            let ratio = ratio(ours, theirs);
            // For the small ones the start is all there is; the goals speak of the large one.
            let is_large = number == 100_000;
            let goal_text = if is_large { goal(&format!("≤ {most}"), ratio <= most) } else { String::new() };
            let memory = match is_large && format != "table" {
                true => {
                    let times = ours.peak as f64 / bytes as f64;
                    goal(&format!(" = {times:.2} × the answer of {}, ≤ 1.5", size(bytes)), times <= 1.5)
                }
                false => String::new(),
            };
            table.push([
                name(format),
                beside.to_owned(),
                time(ours.took),
                time(theirs.took),
                format!("{ratio:.2}"),
                goal_text,
                format!("{} / {}{memory}", size(ours.peak), size(theirs.peak)),
            ]);
        }
    }
}

/// Reading a roster of 100,000 rows and comparing it with the project.
pub fn rosters(options: &Options, world: &World, table: &mut Table) {
    const ROWS: usize = 100_000;
    let path = world.home.join("roster.csv");
    for (present, beside) in [(0, "an empty project"), (ROWS, "the same 100,000 users")] {
        let what = "users apply --dry-run, 100,000 rows";
        if !options.wants(what) {
            continue;
        }
        write_roster(&path, ROWS).expect("the roster");
        let server = Server::start(&world.home, present, Duration::ZERO, 0);
        let shown = path.display().to_string();
        let args = ["users", "apply", shown.as_str(), "--dry-run", "--rate-limit", "0", "-o", "ndjson"];
        let command = world.spectrum(&server.http, &args);
        let lines = command.output(&world.home).lines;
        assert!(lines >= ROWS, "the plan has {lines} lines");
        let [ours] = alternate([&command], options.runs, &world.home);
        let most = Duration::from_secs(2);
        table.push([
            what.to_owned(),
            beside.to_owned(),
            time(ours.took),
            String::new(),
            format!("{:.2} of 2 s", ours.took.as_secs_f64() / most.as_secs_f64()),
            goal("< 2 s, < 200 MB", ours.took < most && ours.peak < 200_000_000),
            size(ours.peak),
        ]);
    }
}

fn write_roster(path: &Path, rows: usize) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "type,phoneNumber,assignedPhoneNumber,firstName,lastName,email")?;
    for at in 0..rows {
        writeln!(file, "shared,+1415{at:07},,Ada,Lovelace {at},ada{at}@example.com")?;
    }
    file.flush()
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    match digits.len().checked_sub(3) {
        Some(cut) if cut > 0 => format!("{},{}", &digits[..cut], &digits[cut..]),
        _ => digits,
    }
}
