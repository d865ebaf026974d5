//! What `users apply` and `users delete` must never do: against a service that remembers, shows numbers in its own way,
//! refuses, lies, and against runs that are killed or come five at once.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spectrum_cli::sandbox::fault::Latency;

use crate::hostile::{Hostile, Reply, Request, list, user, with};
use crate::world::{Run, World};

/// What a user looks like in an answer.
type Shown = Arc<dyn Fn(&Value) -> Value + Send + Sync>;

/// A service in memory: the seed's rules for shared users, and every deleted user's number is given away.
#[derive(Clone)]
struct Service {
    users: Arc<Mutex<Vec<Value>>>,
    shown: Shown,
}

impl Service {
    fn of(users: impl IntoIterator<Item = Value>) -> Self {
        Self { users: Arc::new(Mutex::new(users.into_iter().collect())), shown: Arc::new(Value::clone) }
    }

    /// The same service, which shows its users' numbers like this.
    fn showing(mut self, number: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let shown = move |user: &Value| with(user.clone(), json!({ "phoneNumber": number(text(user, "phoneNumber")) }));
        self.shown = Arc::new(shown);
        self
    }

    fn start(&self) -> Hostile {
        let service = self.clone();
        Hostile::answering(move |at, request| service.answer(at, request))
    }

    fn answer(&self, at: usize, request: &Request) -> Reply {
        let mut users = self.users.lock().unwrap();
        let path = request.target.split('?').next().unwrap().trim_end_matches('/');
        match (request.method.as_str(), path.rsplit_once("/users")) {
            ("GET", Some((_, ""))) => {
                Reply::data(list(&users.iter().map(|user| (self.shown)(user)).collect::<Vec<_>>()))
            }
            ("POST", Some((_, ""))) => {
                let wanted: Value = serde_json::from_str(&request.body).unwrap();
                let same = |user: &&Value| user["phoneNumber"] == wanted["phoneNumber"];
                if let Some(user) = users.iter().find(same) {
                    return Reply::data((self.shown)(user));
                }
                let mut made = person(at + 100, text(&wanted, "phoneNumber"));
                for field in ["firstName", "lastName", "email"] {
                    made[field] = wanted[field].clone();
                }
                made["assignedPhoneNumber"] = json!(format!("+1628555{at:04}"));
                users.push(made.clone());
                Reply::data((self.shown)(&made))
            }
            ("DELETE", Some((_, id))) => {
                let id = id.trim_start_matches('/');
                users.retain(|user| text(user, "id") != id);
                Reply::data(json!({ "userId": id }))
            }
            other => panic!("{other:?}"),
        }
    }

    fn phones(&self) -> Vec<String> {
        self.users.lock().unwrap().iter().map(|user| text(user, "phoneNumber").to_owned()).collect()
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// Somebody with an id of their own and no name.
fn person(number: usize, phone: &str) -> Value {
    let id = format!("11111111-1111-4111-8111-{number:012}");
    with(user(phone), json!({ "id": id, "firstName": null, "assignedPhoneNumber": format!("+1917555{number:04}") }))
}

fn phone(number: usize) -> String {
    format!("+1415555{number:04}")
}

/// A roster of numbers, a first name each.
fn roster(numbers: impl IntoIterator<Item = usize>, name: &str) -> String {
    let rows = numbers.into_iter().map(|number| format!("{},{name}\n", phone(number)));
    format!("phoneNumber,firstName\n{}", rows.collect::<String>())
}

fn methods(server: &Hostile) -> Vec<String> {
    server.requests().into_iter().map(|request| request.method).collect()
}

fn outcomes(run: &Run) -> Vec<String> {
    run.json()["rows"].as_array().unwrap().iter().map(|row| text(row, "outcome").to_owned()).collect()
}

#[test]
fn the_owner_is_kept_and_whoever_else_is_outside_is_counted() {
    let owner = with(person(1, &phone(1)), json!({ "meta": { "project_owner": true } }));
    let service = Service::of([owner, person(2, &phone(2)), person(3, &phone(3)), person(4, &phone(4))]);
    let server = service.start();
    let world = World::on(&server);
    world.file("a.csv", format!("phoneNumber\n{}\n", phone(2)));
    let plain = world.run("users apply a.csv");
    assert!(plain.ok().stdout.contains("nothing to do: = 1 unchanged, ? 3 not in the roster"), "{plain:?}");
    let dry = world.run("users apply a.csv --prune --dry-run");
    assert!(dry.ok().stdout.contains(&format!("! owner kept: {}", phone(1))), "{dry:?}");
    let pruned = world.run("users apply a.csv --prune --yes -o json");
    let plan = &pruned.ok().json()["plan"];
    assert_eq!((&plan["delete"], &plan["notInRoster"]), (&json!(2), &json!(3)));
    assert_eq!(plan["ownerKept"], json!(["11111111-1111-4111-8111-000000000001"]));
    assert_eq!(service.phones(), [phone(1), phone(2)]);
    world.file("b.csv", roster([1], "Ada"));
    let replaced = world.run("users apply b.csv --replace --yes -o json");
    assert_eq!(outcomes(replaced.ok()), ["drift"]);
    assert_eq!(replaced.json()["plan"]["ownerKept"].as_array().unwrap().len(), 1);
    assert!(text(&service.users.lock().unwrap()[0], "id").ends_with("001"), "the same record");
}

#[test]
fn a_share_of_the_project_bounds_what_is_deleted() {
    let server = Service::of((0..40).map(|number| person(number, &phone(number)))).start();
    let world = World::on(&server);
    world.file("a.csv", roster(3..40, "").replace(",firstName", "").replace(",\n", "\n"));
    let refused = world.run("users apply a.csv --prune --yes --max-delete 5% -o json");
    refused.failed(2, "confirmation_required").says("deletes 3 users, and --max-delete allows 2 (5% of 40 users)");
    world.run("users apply a.csv --prune --yes --max-delete 8% -o json").ok();
    assert_eq!(world.run("users apply a.csv --prune --max-delete half").status, 2);
}

#[test]
fn who_has_opted_in_since_the_plan_is_not_replaced() {
    let there = user("+14155550123");
    let since = with(there.clone(), json!({ "meta": { "opt_in": true } }));
    let hostile = Hostile::answering(move |_, request| match request.method.as_str() {
        "GET" => Reply::data(list(std::slice::from_ref(&there))),
        "POST" => Reply::data(since.clone()),
        _ => Reply::data(json!({})),
    });
    let world = World::on(&hostile);
    world.file("a.csv", "phoneNumber,firstName\n+14155550123,Eve\n");
    let run = world.run("users apply a.csv --replace --yes -o json");
    assert_eq!(outcomes(run.ok()), ["drift"]);
    run.says("(opted in): the service keeps firstName \"Ada\"").says("--replace-opted-in");
    assert!(hostile.requests().iter().all(|request| request.method != "DELETE"), "{:?}", hostile.lines());
}

#[test]
fn who_has_opted_in_is_not_replaced_unless_it_is_said_and_a_new_number_is_told() {
    let opted_in = with(person(1, &phone(1)), json!({ "meta": { "opt_in": true } }));
    let service = Service::of([opted_in, person(2, &phone(2))]);
    let server = service.start();
    let world = World::on(&server);
    world.file("a.csv", roster([1, 2], "Ada"));
    let dry = world.run("users apply a.csv --replace --dry-run");
    assert!(dry.ok().stdout.contains("(opted in: not replaced)"), "{dry:?}");
    let run = world.run("users apply a.csv --replace --yes -o json");
    assert_eq!(outcomes(run.ok()).iter().collect::<HashSet<_>>().len(), 2, "{run:?}");
    run.says("(opted in): the service keeps firstName \"none\"").says("--replace-opted-in");
    let rows = run.json()["rows"].clone();
    let replaced = rows.as_array().unwrap().iter().find(|row| row["outcome"] == "created").unwrap();
    assert_eq!(replaced["assignedPhoneNumber"]["from"], "+19175550002");
    assert!(text(&replaced["assignedPhoneNumber"], "to").starts_with("+1628555"));
    run.says("the assigned number was +19175550002, and is +1628555").says("1 person must text another number");
    assert_eq!(service.phones(), [phone(1), phone(2)]);
    let all = world.run("users apply a.csv --replace --replace-opted-in --yes -o json");
    assert_eq!(all.ok().json()["summary"]["created"], 1, "{all:?}");
    world.run("users apply a.csv --replace-opted-in -o json").failed(2, "usage");
}

#[test]
fn only_new_users_are_made_where_that_is_wanted() {
    let server = Service::of([person(1, &phone(1))]).start();
    let world = World::on(&server);
    world.file("a.csv", roster([1, 2], "Ada"));
    let run = world.run("users apply a.csv --create-only -o json");
    assert_eq!(outcomes(run.ok()), ["unchanged", "created"]);
    assert_eq!((&run.json()["plan"]["kept"], methods(&server)), (&json!(1), vec!["GET".to_owned(), "POST".to_owned()]));
    assert_eq!(run.json()["rows"][0]["changes"][0]["to"], "Ada", "it is said what differs");
    world.run("users apply a.csv --create-only --prune -o json").failed(2, "usage");
}

#[test]
fn a_number_is_known_by_its_digits_however_it_is_formatted() {
    let formatted = |number: &str| format!("+1 ({}) {}-{}", &number[2..5], &number[5..8], &number[8..]);
    let service = Service::of((1..4).map(|number| person(number, &phone(number)))).showing(formatted);
    let server = service.start();
    let world = World::on(&server);
    world.file("a.csv", format!("phoneNumber\n{}\n{}\n{}\n", phone(1), phone(2), phone(9)));
    let run = world.run("users apply a.csv --prune --yes -o json");
    let plan = &run.ok().json()["plan"];
    assert_eq!((&plan["unchanged"], &plan["create"], &plan["delete"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(run.json()["summary"]["created"], 1);
    assert_eq!(service.phones(), [phone(1), phone(2), phone(9)]);
    assert_eq!(world.run(&format!("users get {} -o json", phone(1))).ok().json()["id"], person(1, "")["id"]);
    world.run(&format!("users create --shared --phone {} -o json", phone(1))).ok().lacks("unreadable");
}

#[test]
fn a_masked_number_is_nobody_elses_and_nobody_is_deleted_or_made_beside_it() {
    let masked = |number: &str| format!("{}****{}", &number[..4], &number[8..]);
    let service = Service::of([person(1, &phone(1)), person(2, &phone(2))]).showing(masked);
    let server = service.start();
    let world = World::on(&server);
    world.file("a.csv", roster([1, 9], "Ada"));
    for flag in ["--prune", "--replace"] {
        let run = world.run(&format!("users apply a.csv {flag} --yes -o json"));
        run.failed(6, "conflict").says("11111111-1111-4111-8111-000000000002 is +141****0002").says(flag);
    }
    assert_eq!(methods(&server), ["GET", "GET"], "nothing is sent");
    let dry = world.run("users apply a.csv --prune --dry-run");
    dry.ok().says("without --dry-run this is refused");
    let run = world.run("users apply a.csv -o json");
    assert_eq!(outcomes(run.ok()), ["existing", "created"]);
    assert_eq!((&run.json()["plan"]["unreadable"], &run.json()["rows"][0]["unreadable"]), (&json!(1), &json!(true)));
    run.says("2 rows could not be compared");
    assert_eq!(service.phones(), [phone(1), phone(2), phone(9)]);
    let many = Service::of((1..=21).map(|number| person(number, &phone(number)))).showing(masked).start();
    let apart = World::on(&many);
    apart.file("a.csv", roster([50], ""));
    let run = apart.run("users apply a.csv --prune --yes --max-delete 30 -o json");
    run.failed(6, "conflict").says("of 21 users").says("and 1 more\"");
    // Whoever may be there is neither absent nor the one.
    for line in ["users get", "users delete --yes", "users create --if-absent --shared --phone"] {
        let run = world.run(&format!("{line} {} -o json", phone(1)));
        run.failed(6, "conflict").says("000000000001 is +141****0001");
    }
}

#[test]
fn a_create_whose_answer_is_masked_is_accepted_and_another_number_is_not() {
    let create = "users create -o json --shared --phone +14155550123";
    let answer = |fields: Value| Hostile::always(Reply::data(with(user("+14155550123"), fields)));
    let masked = answer(json!({ "phoneNumber": "+141****0123" }));
    World::on(&masked).run(create).ok().says("unreadable").says("+141****0123");
    let other = answer(json!({ "phoneNumber": "+141****9999" }));
    World::on(&other).run(create).failed(6, "identity_mismatch");
    let create = "users create -o json --dedicated --assigned +19175550101 --phone +14155550123";
    let masked = answer(json!({ "type": "dedicated", "assignedPhoneNumber": "+1917***0101" }));
    World::on(&masked).run(create).ok().says("+1917***0101");
    let other = answer(json!({ "type": "dedicated", "assignedPhoneNumber": "+1917***0102" }));
    World::on(&other).run(create).failed(6, "identity_mismatch").says("line");
}

#[test]
fn who_has_texted_or_is_dedicated_need_not_be_told_to_text() {
    let said = |line: &str, fields: Value| {
        let server = Hostile::always(Reply::data(with(user("+14155550123"), fields)));
        World::on(&server).run(line).ok().stderr.contains("must text")
    };
    let shared = "users create --shared --phone +14155550123";
    assert!(said(shared, json!({})));
    assert!(!said(shared, json!({ "meta": { "opt_in": true } })));
    let dedicated = "users create --dedicated --assigned +15550100 --phone +14155550123";
    assert!(!said(dedicated, json!({ "type": "dedicated" })));
}

#[test]
fn five_runs_at_once_claim_no_more_than_was_made() {
    const USERS: usize = 40;
    let latency: Latency = "1ms..20ms".parse().unwrap();
    // Of one home with temporary files in folders of their own, of homes of their own on one machine, and where one of
    // the two can hold no lock.
    for (name, value) in [("TMPDIR", "own"), ("HOME", "own"), ("HOME", "/dev/null"), ("TMPDIR", "/dev/null")] {
        let world = World::beside(|options| options.faults.latency = Some(latency));
        world.file("a.csv", roster(0..USERS, "Ada"));
        let start = |number: usize| {
            let mut command = world.command(&["users", "apply", "a.csv", "-o", "ndjson"]);
            let own = world.home().join(format!("own-{number}"));
            fs::create_dir(&own).unwrap();
            let own = if value == "own" { own.as_os_str() } else { value.as_ref() };
            match name {
                "HOME" => command.envs(["HOME", "USERPROFILE", "LOCALAPPDATA"].map(|name| (name, own))),
                _ => command.envs(["TMPDIR", "TMP", "TEMP"].map(|name| (name, own))),
            };
            command.spawn().unwrap()
        };
        let children: Vec<_> = (0..5).map(start).collect();
        let runs: Vec<Run> = children.into_iter().map(Run::from).collect();
        assert!(runs.iter().all(|run| run.status == 0), "{runs:?}");
        let created: u64 = runs.iter().map(|run| run.count("created")).sum();
        let listed = world.run("users list -o id");
        let told = (created, listed.stdout.lines().count());
        assert_eq!(told, (USERS as u64, USERS), "{name}={value}: {runs:?}");
    }
}

/// Two homes have two stores: neither waits for the other.
#[test]
fn the_sandbox_inside_a_command_locks_nothing_of_the_machine() {
    let world = World::new();
    world.file("a.csv", roster(0..1, "Ada"));
    world.run("-P sandbox users apply a.csv").ok();
    let left = fs::read_dir(world.home()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.starts_with("spectrum")).count(), 0);
}

#[test]
#[cfg(unix)]
fn a_folder_of_locks_that_is_not_ones_own_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::beside(|_| {}).var("HOME", "/dev/null");
    let mut rows = 0..1;
    let mut run = || {
        world.file("a.csv", roster(rows.clone(), "Ada"));
        rows = rows.end..rows.end + 1;
        let run = world.run("users apply a.csv -o ndjson");
        ["created", "registered"].map(|outcome| run.ok().count(outcome))
    };
    let folder = world.home().join(format!("spectrum-{}", nix::unistd::geteuid()));
    assert_eq!(run(), [1, 0]);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(run(), [0, 1], "others can write to it");
    fs::rename(&folder, world.home().join("elsewhere")).unwrap();
    fs::set_permissions(world.home().join("elsewhere"), fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink("elsewhere", &folder).unwrap();
    assert_eq!(run(), [0, 1], "a link");
}

#[test]
fn what_others_make_in_between_is_not_claimed() {
    // Everybody else's users are an hour old when this run meets them: its own would be young.
    let theirs = Hostile::answering(|at, request| match request.method.as_str() {
        "GET" => Reply::data(list(&[])),
        _ => {
            let wanted: Value = serde_json::from_str(&request.body).unwrap();
            let is_old = text(&wanted, "phoneNumber").ends_with('3');
            let created = if is_old { "2026-05-01T11:00:00.000Z" } else { "2026-05-01T12:00:00.100Z" };
            let made = with(person(at, text(&wanted, "phoneNumber")), json!({ "createdAt": created }));
            let body = json!({ "succeed": true, "data": made }).to_string();
            // The third answer comes behind the first two, and the fourth behind the third.
            let wait = [0, 0, 0, 400, 1200][text(&wanted, "phoneNumber")[8..].parse::<usize>().unwrap()];
            let reply = Reply::with(200, "Date: Fri, 01 May 2026 12:00:00 GMT\r\n", body);
            reply.after(Duration::from_millis(wait))
        }
    });
    let world = World::on(&theirs);
    world.file("a.csv", format!("phoneNumber\n{}\n{}\n{}\n{}\n", phone(1), phone(2), phone(3), phone(4)));
    let run = world.run("users apply a.csv -o json --rate-limit 20");
    assert_eq!(outcomes(run.ok()), ["created", "created", "existing", "registered"], "{run:?}");
    let summary = world.run("users apply a.csv --rate-limit 20");
    assert!(summary.ok().stdout.contains("2 created, 1 existing, 1 registered"), "{summary:?}");
}

#[test]
fn a_rate_limit_that_outlasts_the_run_ends_it_at_once_and_says_when_to_come_back() {
    let busy = || {
        let body = json!({ "succeed": false, "code": "RATE_LIMITED", "message": "Too many requests" });
        Reply::with(429, "Retry-After: 3600\r\n", body.to_string())
    };
    for (made, status, code) in [(0, 8, "rate_limited"), (3, 9, "partial")] {
        let service = Service::of([]);
        let server =
            Hostile::answering(move |at, request| if at <= made { service.answer(at, request) } else { busy() });
        let world = World::on(&server);
        world.file("a.csv", roster(0..300, "Ada"));
        let begun = Instant::now();
        let run = world.run("users apply a.csv -o ndjson --rate-limit 100");
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits an hour, or a minute a row");
        assert_eq!((run.status, run.count("created"), run.count("failed")), (status, made as u64, 300 - made as u64));
        let error = run.error();
        assert_eq!((&error["code"], &error["retryable"]), (&json!(code), &json!(true)), "{run:?}");
        assert!(text(&error, "hint").contains("wait 60m"), "{error}");
        assert!(server.count() < 100, "{}", server.count());
    }
}

#[test]
fn refused_in_the_middle_the_credentials_origin_is_told() {
    let service = Service::of([]);
    let server = Hostile::answering(move |at, request| {
        if at < 4 { service.answer(at, request) } else { Reply::refusal(401, "401", "Invalid credentials") }
    });
    let world = World::on(&server);
    world.file("a.csv", roster(0..30, "Ada"));
    let run = world.run("users apply a.csv -o ndjson");
    assert_eq!((run.status, run.count("created")), (9, 3), "{run:?}");
    run.says("project id from SPECTRUM_PROJECT_ID").says("Invalid credentials");
    assert_eq!(run.error()["status"], 401);
}

/// The page of a list that a request asks for.
fn page<'a>(users: &'a [Value], request: &Request) -> Vec<&'a Value> {
    let offset = request.target.split("offset=").nth(1).map_or(0, |offset| offset.parse::<usize>().unwrap());
    users.iter().skip(offset).take(500).collect()
}

/// A service with this many users that claims to have others.
fn claiming(users: usize, total: u64) -> Hostile {
    let records: Vec<Value> = (0..users).map(|number| person(number, &phone(number))).collect();
    Hostile::answering(move |_, request| Reply::data(json!({ "users": page(&records, request), "total": total })))
}

/// A service with this many users, who change before it answers the n-th request, and which may keep their number to
/// itself, as its first revision does.
fn moving(users: usize, tells_total: bool, change: impl Fn(usize, &mut Vec<Value>) + Send + Sync + 'static) -> Hostile {
    let records: Vec<Value> = (0..users).map(|number| person(number, &phone(number))).collect();
    let records = Mutex::new(records);
    Hostile::answering(move |at, request| {
        let mut records = records.lock().unwrap();
        change(at, &mut records);
        let mut data = json!({ "users": page(&records, request) });
        if tells_total {
            data["total"] = json!(records.len());
        }
        Reply::data(data)
    })
}

/// Offsets are no snapshot: whoever is deleted moves the others to a page that was read, and nobody may be missed.
#[test]
fn a_project_that_changes_while_it_is_read_is_read_again() {
    let line = "users apply a.csv --prune --dry-run -o json --rate-limit 0";
    for tells_total in [true, false] {
        // The second page is full as it stands, so that whoever comes is on neither.
        for (users, added, removed) in [(999, 1, 0), (1_200, 0, 1), (1_200, 1, 1), (1_700, 0, 3), (500, 1, 0)] {
            let server = moving(users, tells_total, move |at, records| {
                if at == 1 {
                    records.drain(..removed);
                    records.extend((users..users + added).map(|number| person(number, &phone(number))));
                }
            });
            let world = World::on(&server);
            world.file("a.csv", roster(0..users + added, ""));
            let run = world.run(line);
            let report = run.ok().json();
            let created = report["rows"].as_array().unwrap().iter().filter(|row| row["action"] == "create");
            let created: HashSet<&str> = created.map(|row| text(row, "phoneNumber")).collect();
            // Who is gone; and who came when everybody had been read, as a total of one page tells.
            let is_over = users <= 500 && tells_total;
            let missing = (0..removed).chain((users..users + added).filter(|_| is_over)).map(phone).collect::<Vec<_>>();
            let told = format!("{tells_total} {users} {added} {removed}: {created:?}");
            assert_eq!(created, missing.iter().map(String::as_str).collect(), "{told}");
            assert_eq!(report["plan"]["delete"], 0, "{told}");
        }
        // One goes from the first page to the last, and another takes their place: only being seen twice tells.
        let server = moving(1_200, tells_total, |at, records| {
            if at == 1 {
                let moved = records.remove(5);
                records.push(moved);
                records.insert(0, person(1_200, &phone(1_200)));
            }
        });
        let world = World::on(&server);
        world.file("a.csv", roster(0..=1_200, ""));
        assert_eq!(world.run(line).ok().json()["plan"]["unchanged"], 1_201);
        let server = moving(1_200, tells_total, |_, records| drop(records.remove(0)));
        let world = World::on(&server);
        world.file("a.csv", roster(0..1_200, ""));
        world.run(line).failed(6, "conflict").says("run the command again when nobody else is changing the project");
        assert!(server.count() < 40, "{}", server.count());
    }
}

#[test]
fn a_total_that_lies_costs_few_requests_and_nothing_is_set_aside_for_it() {
    for total in [501, 5_000, 100_000, 1_000_000, 100_000_000_000, u64::MAX] {
        let server = claiming(500, total);
        let world = World::on(&server);
        world.file("a.csv", roster([1], ""));
        let run = world.run("users apply a.csv --dry-run -o json --rate-limit 0");
        run.failed(6, "conflict");
        assert!(server.count() <= 40, "{total}: {} requests", server.count());
    }
    // A look-up believes it no more.
    let same = Hostile::always(Reply::data(json!({ "users": [person(1, &phone(2))], "total": u64::MAX })));
    World::on(&same).run(&format!("users get {} -o json --rate-limit 0", phone(1))).failed(8, "bad_response");
    assert_eq!(same.count(), 2);
    let honest = claiming(1_700, 1_700);
    let world = World::on(&honest);
    world.file("a.csv", roster([1], ""));
    let run = world.run("users apply a.csv --dry-run -o json --rate-limit 0");
    assert_eq!((&run.ok().json()["plan"]["notInRoster"], honest.count()), (&json!(1_699), 4));
}

/// A world in which the first of two rows fails, and the roster that does it.
fn failing() -> (Hostile, World) {
    let service = Service::of([]);
    let server = Hostile::answering(move |at, request| match request.body.contains("0001") {
        true => Reply::refusal(422, "VALIDATION", "phoneNumber is on a list"),
        false => service.answer(at, request),
    });
    let world = World::on(&server);
    world.file("a.csv", roster([1, 2], "Ada"));
    (server, world)
}

const FAILED: &str = "type,phoneNumber,assignedPhoneNumber,firstName,lastName,email\nshared,+14155550001,,Ada,,\n";

#[test]
fn what_lies_at_failed_out_is_neither_removed_nor_replaced() {
    let server = Service::of([]).start();
    let world = World::on(&server);
    world.file("a.csv", roster([1], "Ada"));
    // The roster's own header, and somebody whom it does not name: somebody's file.
    let others = FAILED.replace("0001", "0007");
    for content in ["my notes\n", &others, &FAILED.replace("Ada,,", "Ada,Lovelace,")] {
        world.file("notes.csv", content);
        let run = world.run("users apply a.csv --failed-out notes.csv -o json");
        run.failed(2, "usage").says("not replaced");
        assert_eq!(fs::read_to_string(world.home().join("notes.csv")).unwrap(), content);
    }
    assert_eq!(server.count(), 0, "known before anything is sent");
    for (name, content) in [("empty.csv", ""), ("older.csv", FAILED)] {
        world.file(name, content);
        world.run(&format!("users apply a.csv --failed-out {name} -o json")).ok();
        assert_eq!(fs::read_to_string(world.home().join(name)).unwrap(), content, "untouched: no row has failed");
    }
    world.run("users apply a.csv --failed-out none.csv -o json").ok();
    assert!(!world.home().join("none.csv").exists());
    let names = fs::read_dir(world.home()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("tmp")), "no draft is left");
}

#[test]
fn the_same_command_again_renews_the_file_of_the_rows_that_fail() {
    let (_server, world) = failing();
    world.file("empty.csv", "");
    for name in ["failed.csv", "empty.csv"] {
        for _ in 0..2 {
            let run = world.run(&format!("users apply a.csv --failed-out {name}"));
            assert_eq!(run.status, 9, "{run:?}");
            run.says(&format!("users apply {name}"));
            assert_eq!(fs::read_to_string(world.home().join(name)).unwrap(), FAILED);
        }
    }
}

#[cfg(unix)]
#[test]
fn links_pipes_and_devices_stay_what_they_are() {
    use std::os::unix::fs::FileTypeExt as _;
    let (_server, world) = failing();
    let home = world.home();
    world.file("target.csv", "");
    for (link, target) in [("link.csv", "target.csv"), ("dangling.csv", "made.csv")] {
        std::os::unix::fs::symlink(target, home.join(link)).unwrap();
        assert_eq!(world.run(&format!("users apply a.csv --failed-out {link}")).status, 9);
        assert!(home.join(link).symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(home.join(target)).unwrap(), FAILED);
    }
    assert!(world.shell("mkfifo pipe.csv").status().unwrap().success());
    let read = Run::from(
        world.shell("cat pipe.csv & spectrum users apply a.csv --failed-out pipe.csv; wait").output().unwrap(),
    );
    assert!(read.stdout.contains(FAILED), "{read:?}");
    read.lacks("users apply pipe.csv");
    // Nobody reads: nobody is waited for, and nothing is lost.
    let unread = world.run("users apply a.csv --failed-out pipe.csv");
    assert_eq!(unread.status, 9);
    unread.says("+14155550001,,Ada").says("--failed-out could not be written").lacks("users apply pipe.csv");
    assert!(home.join("pipe.csv").metadata().unwrap().file_type().is_fifo());
    for device in ["/dev/null", "/dev/full"].into_iter().filter(|device| std::path::Path::new(device).exists()) {
        let run = world.run(&format!("users apply a.csv --failed-out {device}"));
        assert_eq!(run.status, 9, "{run:?}");
        run.lacks(&format!("users apply {device}"));
        assert_eq!(run.stderr.contains("+14155550001,,Ada"), device == "/dev/full", "{run:?}");
        assert!(std::path::Path::new(device).metadata().unwrap().file_type().is_char_device());
    }
}

#[test]
fn a_kill_between_a_delete_and_its_create_loses_nothing() {
    const USERS: usize = 60;
    let latency: Latency = "1ms..15ms".parse().unwrap();
    let world = World::beside(|options| options.faults.latency = Some(latency));
    let mut full = "phoneNumber,firstName,lastName,email\n".to_owned();
    for number in 0..USERS {
        writeln!(full, "{},Ada,King {number},p{number}@example.com", phone(number)).unwrap();
    }
    world.file("full.csv", full);
    world.run("users apply full.csv -o json").ok();
    // Only the first name is named, so that a replacement has to know the rest.
    for round in 0..6 {
        world.file("names.csv", roster(0..USERS, &format!("Eve {round}")));
        let mut child = world.start("users apply names.csv --replace --yes -o ndjson");
        let mut seen = vec![0; 4000 + round * 1500];
        let _ = child.stdout.take().unwrap().read_exact(&mut seen);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    world.run("users apply names.csv --replace --dry-run -o json").ok();
    // What the killed runs had sent may still arrive, so once more may be needed, as ever.
    let run = || world.run("users apply names.csv --replace --yes -o ndjson");
    assert!((0..3).any(|_| run().count("unchanged") == USERS as u64));
    let listed = world.run("users list -o json").json();
    assert_eq!(listed.as_array().unwrap().len(), USERS);
    for user in listed.as_array().unwrap() {
        let number: usize = text(user, "phoneNumber")[8..].parse().unwrap();
        assert_eq!(text(user, "lastName"), format!("King {number}"));
        assert_eq!(text(user, "email"), format!("p{number}@example.com"));
        assert_eq!(text(user, "firstName"), "Eve 5");
    }
    assert_eq!(kept(&world), None, "what is done needs no file any more");
}

/// The file in which users are kept while they are replaced.
fn kept(world: &World) -> Option<std::path::PathBuf> {
    fn find(folder: &std::path::Path) -> Option<std::path::PathBuf> {
        let entries = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        entries.into_iter().find_map(|path| match path.is_dir() {
            true => find(&path),
            false => path.file_name()?.to_str()?.starts_with("replaced-").then_some(path),
        })
    }
    find(world.home())
}

#[cfg(unix)]
#[test]
fn who_is_deleted_and_cannot_be_made_again_is_kept_for_the_next_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let king = with(person(1, &phone(1)), json!({ "lastName": "King", "email": "ada@example.com" }));
    let service = Service::of([king]);
    let broken = Arc::new(Mutex::new(true));
    let server = Hostile::answering({
        let (service, broken) = (service.clone(), Arc::clone(&broken));
        move |at, request| {
            let is_gone = service.phones().is_empty();
            match request.method == "POST" && is_gone && *broken.lock().unwrap() {
                true => Reply::refusal(422, "VALIDATION", "not now"),
                false => service.answer(at, request),
            }
        }
    });
    let world = World::on(&server);
    world.file("a.csv", roster([1], "Ada"));
    let run = world.run("users apply a.csv --replace --yes");
    assert_eq!(run.status, 9, "{run:?}");
    run.says("1 user may be deleted and not made again").says("deleted, but not created again");
    let file = kept(&world).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    *broken.lock().unwrap() = false;
    // Another roster does not name the user: they stay where they are kept, and the file is a roster itself.
    world.file("b.csv", roster([2], "Bob"));
    world.run("users apply b.csv -o json").ok().says("1 user may be deleted");
    let planned = world.run("users apply a.csv --dry-run");
    planned.ok().says("made again with the values of before");
    assert!(planned.stdout.contains("King"), "{planned:?}");
    let again = world.run("users apply a.csv -o json");
    again.ok().says("made again with the values of before");
    let users = service.users.lock().unwrap().clone();
    let made = users.iter().find(|user| text(user, "phoneNumber") == phone(1)).unwrap();
    assert_eq!(
        (text(made, "firstName"), text(made, "lastName"), text(made, "email")),
        ("Ada", "King", "ada@example.com")
    );
    assert_eq!(kept(&world), None);
}

#[test]
fn a_user_whose_delete_may_still_be_on_its_way_is_kept_until_a_run_succeeds() {
    let king = with(person(1, &phone(1)), json!({ "lastName": "King", "email": "ada@example.com" }));
    let service = Service::of([king]);
    let broken = Arc::new(Mutex::new("DELETE"));
    let server = Hostile::answering({
        let (service, broken) = (service.clone(), Arc::clone(&broken));
        move |at, request| match request.method == *broken.lock().unwrap() {
            true => Reply::refusal(500, "INTERNAL", "not now"),
            false => service.answer(at, request),
        }
    });
    let world = World::on(&server);
    world.file("a.csv", roster([1], "Ada"));
    let apply = || world.run("users apply a.csv --replace --yes --retries 0 -o json");
    let fails = || {
        let run = apply();
        assert_eq!(run.status, 9, "{run:?}");
        run.says("1 user may be deleted and not made again");
    };
    fails();
    *broken.lock().unwrap() = "POST";
    fails();
    // Now it arrives.
    *broken.lock().unwrap() = "";
    service.users.lock().unwrap().clear();
    apply().ok().says("made again with the values of before");
    let made = service.users.lock().unwrap()[0].clone();
    assert_eq!((text(&made, "lastName"), text(&made, "email")), ("King", "ada@example.com"));
    assert_eq!(kept(&world), None);
}

#[cfg(unix)]
#[test]
fn with_few_descriptors_fewer_requests_are_in_flight_and_every_row_comes_through() {
    let latency: Latency = "150ms..250ms".parse().unwrap();
    let world = World::beside(|options| options.faults.latency = Some(latency));
    for (limit, rows) in [(40, 0..80), (24, 80..90)] {
        world.file("a.csv", roster(rows.clone(), "Ada"));
        let line = format!("ulimit -n {limit}; exec spectrum users apply a.csv --rate-limit 400 --retries 0 -o ndjson");
        let run = Run::from(world.shell(&line).output().unwrap());
        assert_eq!((run.status, run.count("created")), (0, rows.len() as u64), "{run:?}");
    }
}

#[test]
fn a_dry_runs_document_says_how_it_ends_and_fields_are_obeyed_or_refused() {
    let server = Service::of([]).start();
    let world = World::on(&server);
    world.file("a.csv", roster([1], "Ada"));
    for (flags, status) in [("--exit-code", 10), ("", 0)] {
        let run = world.run(&format!("users apply a.csv --dry-run {flags} -o json"));
        assert_eq!((run.status, &run.json()["summary"]["exitCode"]), (status, &json!(status)));
        let run = world.run(&format!("users apply a.csv --dry-run {flags} -o ndjson"));
        assert_eq!(run.events().last().unwrap()["exitCode"], json!(status));
    }
    let csv = world.run("users apply a.csv --dry-run -o csv --fields phoneNumber,action");
    assert_eq!(
        csv.ok().stdout,
        "phoneNumber,action\r\n+14155550001,create\r\n"
            .replace("\r\n", if csv.stdout.contains('\r') { "\r\n" } else { "\n" })
    );
    let asked = server.count();
    for format in ["json", "ndjson", "id"] {
        let run = world.run(&format!("users apply a.csv --dry-run -o {format} --fields phoneNumber"));
        run.failed(2, "usage").says("-o csv");
    }
    assert_eq!(server.count(), asked);
}

#[test]
fn an_id_in_capitals_is_the_same_id() {
    let id = "aaaaaaaa-1111-4111-8111-111111111111";
    let server = Hostile::new([Reply::data(json!({ "userId": id })), Reply::refusal(404, "404", "User not found")]);
    let run = World::on(&server).run(&format!("users delete --yes {id} {} -o id", id.to_uppercase()));
    assert_eq!((run.ok().stdout.as_str(), server.count()), (&*format!("{id}\n"), 1));
}

#[test]
fn a_proxys_page_is_no_proof_that_somebody_is_gone() {
    let page = || Reply::status(404, "<html><title>404 Not Found</title></html>");
    let id = "11111111-1111-4111-8111-111111111111";
    for flags in ["", "--ignore-missing"] {
        let server = Hostile::always(page());
        World::on(&server).run(&format!("users delete --yes {id} {flags} -o json --retries 1")).failed(5, "not_found");
    }
    let server = Hostile::new([Reply::close(), page()]);
    World::on(&server).run(&format!("users delete --yes {id} -o json --retries 1")).failed(5, "not_found");
    let service = Service::of([person(1, &phone(1)), person(2, &phone(2))]);
    let server = Hostile::answering(move |at, request| match request.method.as_str() {
        "DELETE" => page(),
        _ => service.answer(at, request),
    });
    let world = World::on(&server);
    world.file("a.csv", format!("phoneNumber\n{}\n", phone(1)));
    let run = world.run("users apply a.csv --prune --yes -o ndjson");
    assert_eq!((run.status, run.count("deleted"), run.count("failed")), (9, 0, 1), "{run:?}");
}

#[test]
fn people_read_in_lines_who_was_deleted() {
    let server = Hostile::new([Reply::data(list(&[user("+14155550123")])), Reply::status(204, "")]);
    let run = World::on(&server).run("users delete --yes +14155550123");
    assert_eq!(run.ok().stdout, "deleted Ada (+14155550123)\n");
}

#[cfg(unix)]
#[test]
fn ctrl_c_in_a_deletion_tells_what_was_deleted() {
    let latency: Latency = "60ms".parse().unwrap();
    let world = World::beside(|options| options.faults.latency = Some(latency));
    world.file("a.csv", roster(0..24, "Ada"));
    world.run("users apply a.csv -o json").ok();
    let ids: Vec<String> = world.run("users list -o id").stdout.lines().map(str::to_owned).collect();
    let before = world.sandbox().requests();
    let child = world.start(&format!("users delete --yes -o json {}", ids.join(" ")));
    assert!(crate::world::eventually(|| world.sandbox().requests() >= before + 3));
    crate::world::signal(&child, nix::sys::signal::Signal::SIGINT);
    let run = Run::from(child);
    assert_eq!((run.status, &run.error()["code"]), (130, &json!("interrupted")), "{run:?}");
    let told: HashSet<String> = run.json().as_array().unwrap().iter().map(|user| text(user, "id").to_owned()).collect();
    let left: HashSet<String> = world.run("users list -o id").stdout.lines().map(str::to_owned).collect();
    assert!(!told.is_empty() && !left.is_empty(), "{run:?}");
    assert!(told.is_disjoint(&left) && told.len() + left.len() == ids.len(), "{run:?}");
}

#[cfg(unix)]
#[test]
fn a_closed_stdout_neither_stops_the_work_nor_hides_how_it_ended() {
    let (_server, world) = failing();
    let status = |line: &str| {
        let script = format!("{{ {line}; echo $? >status; }} | true; cat status");
        let run = Run::from(world.shell(&script).output().unwrap());
        run.stdout.trim().to_owned()
    };
    assert_eq!(status("spectrum users apply a.csv --dry-run --exit-code -o ndjson"), "10");
    assert_eq!(status("spectrum users apply a.csv -o ndjson"), "9");
    assert_eq!(world.run("users list -o csv --fields phoneNumber").stdout.lines().count(), 2);
    let id = "11111111-1111-4111-8111-111111111111";
    let server = Hostile::new([Reply::status(204, ""), Reply::status(200, "{\"succeed\":false}")]);
    let world = World::on(&server);
    let script =
        format!("{{ spectrum users delete --yes {id} {}; echo $? >status; }} | true; cat status", id.replace('1', "2"));
    assert_eq!(Run::from(world.shell(&script).output().unwrap()).stdout.trim(), "8");
}

#[test]
fn a_plan_as_markdown_fits_a_comment_and_nothing_in_it_means_anything() {
    let world = World::beside(|_| {});
    let hostile = "+14155550100,`a|b` <img src=x> @everyone [l](u)\n";
    let people: String = (0..3000).map(|n| format!("+1415555{:04},{}\n", n + 1000, "x".repeat(40))).collect();
    world.file("roster.csv", format!("phoneNumber,firstName\n{hostile}{people}"));
    let plan = world.run("users apply roster.csv --dry-run --plan-format markdown").ok().stdout.clone();
    assert!(plan.len() < 65_536 && plan.starts_with("### Plan for `roster.csv`\n"), "{}", plan.len());
    assert!(plan.contains("| create | 2 | `` +14155550100  `a\\|b` <img src=x> @everyone [l](u) `` |\n"), "{plan}");
    let rows = plan.lines().filter(|line| line.starts_with("| create |")).count();
    assert!(plan.ends_with(&format!("\nand {} more\n", 3001 - rows)), "{rows}");
    world.run("users apply roster.csv --plan-format markdown -o json").failed(2, "usage");
}

#[test]
fn a_workflow_of_github_marks_the_lines_that_are_wrong() {
    let world = World::beside(|options| options.projects[0].max_shared_users = 1);
    world.file("bad.csv", "phoneNumber,firstName\n+14155550123,Ada\n415,50%\n");
    let mark = "::error file=bad.csv,line=3::column 1 (phoneNumber): ";
    assert!(!world.run("users apply bad.csv").stderr.contains("::error"));
    let world = world.var("GITHUB_ACTIONS", "true");
    let run = world.run("users apply bad.csv");
    assert!(run.status == 2 && run.stderr.lines().next().unwrap().starts_with(mark), "{run:?}");
    let run = world.run("users apply bad.csv -o json");
    assert!(run.stderr.starts_with(mark) && run.stderr.lines().last().unwrap().starts_with('{'), "{run:?}");
    world.file("a,b.csv", "phoneNumber\n+14155550123\n+14155550124\n");
    for format in ["table", "ndjson", "json"] {
        world.run("users delete --older-than 0s --yes -q");
        let run = world.run(&format!("users apply a,b.csv -o {format} --rate-limit 1000"));
        assert!(run.status == 9 && run.stderr.contains("::error file=a%2Cb.csv,line="), "{run:?}");
    }
}

#[test]
fn a_template_is_an_empty_roster_with_its_columns() {
    let world = World::beside(|_| {});
    for format in ["csv", "ndjson", "json", "toml"] {
        let template = world.run(&format!("users template --format {format}")).ok().stdout.clone();
        for column in ["type", "phoneNumber", "assignedPhoneNumber", "firstName", "lastName", "email"] {
            assert!(template.split(|c: char| !c.is_alphanumeric()).any(|word| word == column), "{column}: {template}");
        }
        let name = format!("roster.{format}");
        world.file(&name, &template);
        let empty = world.run(&format!("users apply {name} --dry-run --skip-without-phone"));
        assert_eq!((empty.status, empty.stdout.as_str()), (0, "nothing to do: = 0 unchanged, ? 0 not in the roster\n"));
        let filled = match format {
            "csv" => template.clone() + ",+14155550101,,Ada,,\n",
            "toml" => template.replacen("phoneNumber = \"\"", "phoneNumber = \"+14155550101\"", 1),
            _ => template.replacen("phoneNumber\":\"\"", "phoneNumber\":\"+14155550101\"", 1),
        };
        world.file(&name, filled);
        assert_eq!(world.run(&format!("users apply {name} --dry-run --exit-code")).status, 10, "{format}");
        if format != "toml" && format != "csv" {
            assert_eq!(world.run(&format!("users template -o {format}")).stdout, template);
        }
    }
    // Nobody needs an account for it.
    assert_eq!(World::new().run("users template -q").stdout.lines().count(), 1);
}
