//! What people see: every table in a pipe, and at terminals of three widths.

use serde_json::{Value, json};
use spectrum_cli::sandbox::options::{Location, SandboxOptions};

use crate::golden::{settle, show, snapshot};
use crate::hostile::{Hostile, Reply, list, user, with};
use crate::world::World;

const ID: &str = "11111111-1111-4111-8111-111111111111";
const CREATED: &str = "2010-05-01T12:00:00.000Z";

/// Compares what a command shows, each time in a new world: in a pipe, and at a terminal.
fn compare(name: &str, line: &str, world: impl Fn() -> World) {
    snapshot(&format!("table-{name}"), &settle_times(&show(&world(), line)));
    #[cfg(unix)]
    snapshot(&format!("terminal-{name}"), &at_terminals(line, world));
}

/// What it shows at each terminal; once for all that show the same.
#[cfg(unix)]
fn at_terminals(line: &str, world: impl Fn() -> World) -> String {
    let mut shown: Vec<(String, String)> = Vec::new();
    for columns in [60, 80, 120] {
        let world = world().var("NO_COLOR", "1");
        let run = world.at_terminal(columns, line).ends();
        let text = settle_times(&crate::golden::shown(&world, line, &run)).replacen("[stdout]", "[terminal]", 1);
        match shown.last_mut().filter(|(_, last)| *last == text) {
            Some((widths, _)) => widths.push_str(&format!(", {columns}")),
            None => shown.push((columns.to_string(), text)),
        }
    }
    shown.iter().map(|(widths, text)| format!("{widths} columns\n{text}")).collect()
}

/// How long an apply took, and how old users and lines are; ids and times of these servers are always the same.
fn settle_times(text: &str) -> String {
    const AGO: &str = "d ago";
    let text = if text.contains("users apply") { settle(text) } else { text.to_owned() };
    let mut settled = String::new();
    for part in text.split_inclusive(AGO) {
        let Some(before) = part.strip_suffix(AGO) else { return settled + part };
        let rest = before.trim_end_matches(|c: char| c.is_ascii_digit());
        settled += &format!("{rest}{}{AGO}", "#".repeat(before.len() - rest.len()));
    }
    settled
}

/// Somebody whose days have four digits for a long time.
fn person(phone: &str, fields: Value) -> Value {
    with(with(user(phone), json!({ "createdAt": CREATED })), fields)
}

fn answer(data: &Value) -> impl Fn() -> World {
    move || World::on(&Hostile::always(Reply::data(data.clone())))
}

/// Names of two scripts, a user without any, one with a line, and one who has texted the number.
fn users() -> Value {
    let ids = |n: u8| format!("{n}{n}{n}{n}{n}{n}{n}{n}-1111-4111-8111-111111111111");
    list(&[
        person(
            "+14155550123",
            json!({ "id": ids(1), "lastName": "Lovelace", "email": "ada@example.com", "meta": { "opt_in": true } }),
        ),
        person("+14155550124", json!({ "id": ids(2), "firstName": "太郎", "lastName": "山田" })),
        person("+14155550125", json!({ "id": ids(3), "firstName": null, "meta": null })),
        person(
            "+14155550126",
            json!({ "id": ids(4), "type": "dedicated", "firstName": "Grace Brewster Murray", "lastName": "Hopper",
                "email": "grace.hopper@navy.example.com", "assignedPhoneNumber": "+19175550101" }),
        ),
    ])
}

#[test]
fn users_are_shown_as_was_agreed() {
    compare("users-list", "users list", answer(&users()));
    compare("users-list-fields", "users list --fields phoneNumber,email,createdAt", answer(&users()));
    compare("users-list-empty", "users list", answer(&list(&[])));
    compare("users-list-no-headers", "users list --no-headers", answer(&users()));
    let ada = users()["users"][0].clone();
    compare("users-get", &format!("users get {ID}"), answer(&ada));
    compare("users-link", &format!("users link {ID} --message Hi --qr"), answer(&ada));
    compare("users-create", "users create --shared --phone +14155550123 --first-name Augusta", answer(&ada));
    compare("users-create-dry-run", "users create --shared --phone +14155550123 --dry-run", World::new);
    compare("users-delete", &format!("users delete {ID} --yes"), answer(&json!({ "userId": ID })));
}

#[test]
fn lines_and_the_project_are_shown_as_was_agreed() {
    let line = |id: &str, number: &str, status: &str| {
        json!({ "platform": "imessage", "id": id, "phoneNumber": number, "status": status,
            "profile": { "firstName": "Ada", "lastName": null, "avatarUrl": null },
            "createdAt": CREATED })
    };
    let lines = [line(ID, "+19175550101", "available"), line(&ID.replace('1', "2"), "+19175550102", "paused")];
    compare("lines-list", "lines list", answer(&json!({ "lines": lines })));
    compare("lines-list-empty", "lines list", answer(&json!({ "lines": [] })));
    let best = with(lines[0].clone(), json!({ "isBestAvailable": true }));
    compare("lines-route", "lines route", answer(&best));
    let project = json!({ "name": "Calculating engines", "slug": "calculating-engines",
        "profile": { "firstName": "Ada", "lastName": "Lovelace", "avatarUrl": null } });
    compare("project-show", "project show", answer(&project));
}

#[test]
fn profiles_are_shown_as_was_agreed() {
    let server = Hostile::always(Reply::data(list(&[])));
    compare("profiles-check", "profiles check", || World::with_profile(&server));
    compare("profiles-list", "profiles list", || {
        let world = World::new();
        world.write_config(
            "default_profile = 'prod'\n[profiles.prod]\nproject_id = '3c90c3cc-0d44-4b50-8888-8dd25736052a'\n\
             secret_command = ['op', 'read', 'op://ops/spectrum/secret']\n[profiles.staging]\n\
             project_id = '4c90c3cc-0d44-4b50-8888-8dd25736052b'\nsecret_file = '~/staging'\n\
             base_url = 'https://staging.example.com'\n",
        );
        world
    });
}

#[test]
fn the_sandbox_is_shown_as_was_agreed() {
    let line = "sandbox status --store store.sqlite3";
    compare("sandbox-status-of-none", line, World::new);
    compare("sandbox-status", line, || {
        let world = World::new();
        let store = Location::File(world.home().join("store.sqlite3"));
        world.with_sandbox(&SandboxOptions { store, announce: true, ..SandboxOptions::default() })
    });
}

#[test]
fn an_apply_is_shown_as_was_agreed() {
    let world = || {
        let world = World::beside(|_| {});
        world.file("before.csv", "phoneNumber,firstName\n+14155550101,Ada\n+14155550102,Grace\n+14155550103,Mary\n");
        world.run("users apply before.csv").ok();
        world.file(
            "roster.csv",
            "type,phoneNumber,firstName,assignedPhoneNumber\n,+14155550101,Augusta,\n,+14155550102,Grace,\n\
             ,+14155550104,Joan,\ndedicated,+14155550105,Jean,+15005550000\n",
        );
        world
    };
    compare("apply-plan", "users apply roster.csv --prune --dry-run", world);
    compare("apply-markdown", "users apply roster.csv --prune --dry-run --plan-format markdown", world);
    // Quiet, because how often a bar is drawn depends on the time that it takes.
    compare("apply-report", "users apply roster.csv --prune --yes -q", world);
    compare("apply-nothing", "users apply before.csv", world);
}
