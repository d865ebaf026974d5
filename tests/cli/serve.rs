//! `sandbox serve`, `exec`, `status` and `reset` as processes: what they print, how they end, what survives them.

use std::fs;
#[cfg(unix)]
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
#[cfg(unix)]
use std::time::Instant;

#[cfg(unix)]
use nix::sys::signal::Signal;
use serde_json::{Value, json};
#[cfg(unix)]
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET};

#[cfg(unix)]
use crate::hostile::{Hostile, Reply};
use crate::http;
#[cfg(unix)]
use crate::world::{BINARY, PROJECT, SECRET, signal};
use crate::world::{Run, Serve, World, eventually};

/// Where the programs are that `sandbox exec` is given here.
#[cfg(unix)]
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

#[cfg(unix)]
#[test]
fn serve_prints_three_lines_and_ends_cleanly_when_it_is_told_to() {
    use std::io::Read as _;
    // A secret of the same value must not be redacted out of the line that hands it over.
    let world = World::new().var("SPECTRUM_PROJECT_SECRET", "sandbox-secret-known-to-everybody");
    let mut child = world.start("sandbox serve --listen localhost:0 --memory");
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    for _ in 0..3 {
        stdout.read_line(&mut lines).unwrap();
    }
    let names: Vec<&str> = lines.lines().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["SPECTRUM_CLOUD_URL", "SPECTRUM_PROJECT_ID", "SPECTRUM_PROJECT_SECRET"]);
    assert!(lines.ends_with("=sandbox-secret-known-to-everybody\n"), "{lines}");
    let url = lines.lines().next().unwrap().split_once('=').unwrap().1;
    assert_eq!(http::send("GET", &format!("{url}/nowhere?secret=hush"), None, None).status, 404);
    signal(&child, Signal::SIGTERM);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "nothing else on standard output");
    let run = Run::from(child);
    let log = &run.ok().stderr;
    assert!(log.starts_with("GET /nowhere 404 ") && log.ends_with(" ms\n") && !log.contains("hush"), "{log}");
}

#[test]
fn whatever_was_answered_survives_being_killed_again_and_again() {
    let world = World::new();
    let options = "--store store.sqlite3 --max-shared-users 1000000";
    let answered = Mutex::new(Vec::new());
    let next = AtomicU64::new(0);
    for round in 1..=6 {
        let mut server = world.serve(options);
        let Serve { child, project } = &mut server;
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let body = json!({ "type": "shared", "phoneNumber": format!("+1415{n:07}") });
                        let Some(answer) = project.ask("POST", "/users/", Some(&body)) else { break };
                        let Some(id) = answer["data"]["id"].as_str() else { break };
                        answered.lock().unwrap().push(id.to_owned());
                    }
                });
            }
            assert!(eventually(|| answered.lock().unwrap().len() >= round * 40));
            child.kill().unwrap();
        });
    }
    let server = world.serve(options);
    let list = server.project.ask("GET", "/users/", None).unwrap();
    let ids: std::collections::HashSet<&str> =
        list["data"]["users"].as_array().unwrap().iter().filter_map(|user| user["id"].as_str()).collect();
    let answered = answered.lock().unwrap();
    assert!(answered.len() >= 240);
    assert!(answered.iter().all(|id| ids.contains(id.as_str())), "an answered row is gone");
    assert_eq!(list["data"]["total"], ids.len());
}

#[test]
fn twenty_four_commands_at_once_share_a_store_that_none_of_them_found() {
    let world = World::new();
    let create = |n| world.start(&format!("-P sandbox users create --shared --phone +141555501{n:02} -o id"));
    let children: Vec<Child> = (0..24).map(create).collect();
    for child in children {
        Run::from(child).ok();
    }
    let status = world.run("sandbox status -o json").json();
    assert_eq!((&status["sharedUsers"], &status["url"]), (&json!(24), &Value::Null));
}

/// Whoever comes second meets the user, however close behind; only one may say that it has made them.
#[test]
fn of_eight_commands_at_once_one_says_that_it_created_the_user() {
    for line in ["--shared", "--dedicated --assigned +19175550101"] {
        let world = World::new();
        let start = |_| world.start(&format!("-P sandbox users create {line} --phone +14155550101"));
        let children: Vec<Child> = (0..8).map(start).collect();
        let told: Vec<Run> = children.into_iter().map(Run::from).collect();
        let count = |words: &str| told.iter().filter(|run| run.ok().stderr.contains(words)).count();
        assert_eq!((count("created "), count("already existed ")), (1, 7), "{told:?}");
    }
}

#[test]
fn a_command_works_beside_a_server_on_the_same_store() {
    let world = World::new();
    let server = world.serve("");
    world.run("-P sandbox users create --shared --phone +14155550123").ok();
    assert_eq!(server.project.ask("GET", "/users/", None).unwrap()["data"]["total"], 1);
    assert_eq!(world.run("sandbox status -o json").json()["url"], server.project.url);
    assert_eq!(world.run("sandbox reset").status, 2, "nobody confirmed");
    assert_eq!(world.run("sandbox reset --yes -o json").json()["deletedUsers"], 1);
    assert_eq!(server.project.ask("GET", "/users/", None).unwrap()["data"]["total"], 0);
    assert_eq!(fs::metadata(log_of(&world.store())).unwrap().len(), 0, "nothing waits for the next command");
}

#[cfg(unix)]
#[test]
fn a_server_that_ends_leaves_no_log() {
    let world = World::new();
    let mut server = world.serve("");
    world.run("-P sandbox users create --shared --phone +14155550123").ok();
    let log = log_of(&world.store());
    assert!(fs::metadata(&log).unwrap().len() > 0);
    signal(&server.child, Signal::SIGTERM);
    assert!(server.child.wait().unwrap().success());
    assert_eq!(fs::metadata(&log).unwrap().len(), 0);
}

#[cfg(unix)]
#[test]
fn exec_hands_on_how_its_command_ended() {
    let world =
        World::new().var("PATH", PATH).var("SPECTRUM_PROFILE", "prod").var("SPECTRUM_PROJECT_SECRET_FILE", "/nowhere");
    let exec = |command: &[&str]| world.run_args(&[&["sandbox", "exec", "--"], command].concat());
    assert_eq!(exec(&["sh", "-c", "exit 7"]).status, 7);
    assert_eq!(exec(&["sh", "-c", "kill -9 $$"]).status, 137);
    assert_eq!(exec(&["no-such-command"]).status, 127);
    assert_eq!(exec(&["/"]).status, 126);
    let created = exec(&[BINARY, "users", "create", "--shared", "--phone", "+14155550123", "-o", "id"]);
    assert_eq!(created.ok().stdout.trim().len(), 36);
    assert!(fs::read_dir(world.home()).unwrap().next().is_none(), "nothing is left behind");
}

/// What leads a command to a project: each of these somewhere else than to the sandbox.
#[cfg(unix)]
const ASTRAY: [(&str, &str); 8] = [
    ("SPECTRUM_CONFIG", "elsewhere.toml"),
    ("SPECTRUM_PROFILE", "prod"),
    ("SPECTRUM_PROJECT_ID", PROJECT),
    ("SPECTRUM_PROJECT_SECRET", SECRET),
    ("SPECTRUM_PROJECT_SECRET_FILE", "elsewhere.secret"),
    ("SPECTRUM_CLOUD_URL", "https://elsewhere.example"),
    ("PHOTON_PROJECT_ID", PROJECT),
    ("PHOTON_PROJECT_SECRET", SECRET),
];

#[cfg(unix)]
#[test]
fn exec_hands_its_command_nothing_that_leads_elsewhere() {
    let server = Hostile::always(Reply::close());
    let world = World::with_profile(&server).var("PATH", PATH).var("KEPT", "kept");
    world.file("elsewhere.toml", fs::read(world.config()).unwrap());
    let world = ASTRAY.into_iter().fold(world, |world, (name, value)| world.var(name, value));
    let run = world.run_args(&["sandbox", "exec", "--", "env"]);
    let variables: Vec<(&str, &str)> = run.ok().stdout.lines().filter_map(|line| line.split_once('=')).collect();
    let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    for (name, elsewhere) in ASTRAY {
        assert_ne!(value(name), Some(elsewhere), "{name}");
    }
    assert_eq!(value("KEPT"), Some("kept"));
    assert_eq!(value("HOME"), world.home().to_str());
    run.lacks(SECRET);
    // Also a command that takes away what it was given comes out in the sandbox, not at the default profile.
    let unset = "unset SPECTRUM_CLOUD_URL SPECTRUM_PROJECT_ID SPECTRUM_PROJECT_SECRET";
    let script = format!("{unset}; exec {BINARY} users list -o id");
    assert_eq!(world.run_args(&["sandbox", "exec", "--", "sh", "-c", &script]).ok().stdout, "");
    assert_eq!(server.count(), 0);
}

#[cfg(unix)]
#[test]
fn exec_passes_a_signal_on_and_outlives_its_command() {
    let world = World::new().var("PATH", PATH);
    // The command says when it is ready, and answers the signal with a code of its own.
    let script = "trap 'exit 42' TERM; echo ready; while :; do sleep 0.01; done";
    let mut child = world.command(&["sandbox", "exec", "--", "sh", "-c", script]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    signal(&child, Signal::SIGTERM);
    assert_eq!(Run::from(child).status, 42);
}

#[test]
fn several_projects_come_from_a_file_and_what_is_wrong_with_it_is_said_without_its_secrets() {
    let world = World::new();
    let id = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
    let project = format!("[[projects]]\nid = \"{id}\"\nsecret = \"first-secret\"\n");
    world.file("projects.toml", format!("{project}max_shared_users = 1\n"));
    let server = world.serve("--memory --projects projects.toml");
    assert_eq!((server.project.id.as_str(), server.project.secret.as_str()), (id, "first-secret"));
    let create =
        |phone| server.project.ask("POST", "/users/", Some(&json!({ "type": "shared", "phoneNumber": phone })));
    assert_eq!(create("+14155550123").unwrap()["succeed"], true);
    assert_eq!(create("+14155550124").unwrap()["code"], "402");
    world.file("projects.toml", format!("{project}seats = 1\n"));
    let refused = world.run("sandbox serve --memory --projects projects.toml");
    assert_eq!(refused.status, 2, "{refused:?}");
    refused.says("line 4").says("seats").lacks("first-secret");
}

#[cfg(unix)]
#[test]
fn a_log_that_nobody_reads_stops_neither_the_server_nor_its_end() {
    // A pipe that is never read holds some 64 KB; a thousand lines with long paths are more.
    let world = World::new();
    let mut server = world.serve_with_log("--memory", std::process::Stdio::piped());
    let url = format!("{}/{}", server.project.url, "x".repeat(200));
    for _ in 0..1000 {
        assert_eq!(http::send("GET", &url, None, None).status, 404);
    }
    signal(&server.child, Signal::SIGTERM);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_client_that_closes_its_side_still_gets_its_answer() {
    use std::io::{Read as _, Write as _};
    let world = World::new();
    let server = world.serve("--memory");
    for _ in 0..20 {
        let mut stream = http::connect(&server.project.url);
        stream.write_all(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer:?}");
    }
}

#[test]
fn a_fault_speaks_the_words_of_its_status() {
    let world = World::new();
    for (status, code) in [("401", "401"), ("429", "RATE_LIMITED"), ("500", "INTERNAL_SERVER_ERROR"), ("503", "503")] {
        let server = world.serve(&format!("--memory --fault {status}:1"));
        assert_eq!(server.project.ask("GET", "/users/", None).unwrap()["code"], code);
    }
}

/// Bytes that mean nothing.
fn noise(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

/// What SQLite keeps beside a store.
fn log_of(store: &Path) -> PathBuf {
    store.with_extension("sqlite3-wal")
}

#[test]
fn a_damaged_store_is_never_an_empty_one_and_reset_makes_a_new_one() {
    let world = World::new();
    let path = world.store();
    let create = "-P sandbox users create --shared --phone +14155550123";
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 9] = [
        ("its write-ahead log is still there", |store| {
            fs::write(log_of(store), noise(20_000)).unwrap();
            fs::remove_file(store).unwrap();
        }),
        ("it is empty", |store| fs::write(store, "").unwrap()),
        ("it is damaged", |store| fs::write(store, noise(20_000)).unwrap()),
        ("it is damaged", |store| cut(store, 50)),
        ("it is damaged", |store| cut(store, 5000)),
        ("it is damaged", |store| cut(store, fs::metadata(store).unwrap().len() - 5000)),
        ("it is damaged", |store| fs::write(store, "what somebody wrote down\n".repeat(400)).unwrap()),
        ("its write-ahead log is unreadable", |store| fs::write(log_of(store), noise(20_000)).unwrap()),
        ("it was made by another version", |store| {
            let connection = rusqlite::Connection::open(store).unwrap();
            connection.pragma_update(None, "user_version", 1).unwrap();
        }),
    ];
    for (words, damage) in damages {
        for is_hidden in [true, false] {
            world.run("sandbox reset --yes").ok();
            // The log of the server holds the tables' pages, and hides from SQLite what becomes of the file.
            let server = world.serve("");
            world.run(create).ok();
            if is_hidden {
                assert!(fs::metadata(log_of(&path)).unwrap().len() > 0);
            }
            drop(server);
            if !is_hidden {
                let connection = rusqlite::Connection::open(&path).unwrap();
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
            }
            damage(&path);
            for line in ["-P sandbox users list -o json", "sandbox serve -o json", "sandbox status -o json", create] {
                let run = world.run(line);
                assert_eq!(run.status, 3, "{words} {is_hidden} {line}: {run:?}");
                run.says(words).says(path.to_str().unwrap()).says("spectrum sandbox reset");
            }
            assert_eq!(world.run("sandbox reset").says(words).status, 2, "nobody confirmed");
            let reset = world.run("sandbox reset --yes -o json");
            assert!(reset.ok().json()["deletedUsers"].is_null());
            assert_eq!(world.run("-P sandbox users list -o id").ok().stdout, "");
            world.run(create).ok();
        }
    }
}

/// Shortens a file.
fn cut(path: &Path, length: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

#[test]
fn a_file_that_somebody_named_and_that_was_no_store_is_never_replaced() {
    let world = World::new();
    let text = "what somebody wrote down\n".repeat(400);
    let notes = world.file("notes.txt", &text);
    rusqlite::Connection::open(world.home().join("theirs.db"))
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    fs::create_dir(world.home().join("folder")).unwrap();
    for (file, words) in
        [("notes.txt", "it is damaged"), ("theirs.db", "not a sandbox store"), ("folder", "not a file")]
    {
        for line in ["sandbox reset --yes", "sandbox reset", "sandbox status", "sandbox serve"] {
            let run = world.run(&format!("{line} -o json --store {file}"));
            run.failed(3, "config").says(words).says(file).says("--store FILE");
        }
    }
    assert_eq!(fs::read_to_string(notes).unwrap(), text);
    // What was a store by its first bytes is one, also where somebody named it.
    world.serve("--store mine.sqlite3");
    cut(&world.home().join("mine.sqlite3"), 5000);
    world
        .run("sandbox status --store mine.sqlite3 -o json")
        .failed(3, "config")
        .says("sandbox reset --store mine.sqlite3");
    world.run("sandbox reset --yes --store mine.sqlite3").ok();
    world.run("sandbox status --store mine.sqlite3").ok();
}

#[cfg(unix)]
#[test]
fn a_store_behind_a_link_is_made_where_the_link_leads_and_for_its_owner_alone() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let world = World::new();
    let create = "-P sandbox users create --shared --phone +14155550123";
    let path = world.store();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::create_dir(world.home().join("elsewhere")).unwrap();
    let elsewhere = world.home().join("elsewhere/store.sqlite3");
    symlink("../../../elsewhere/link", &path).unwrap();
    symlink(&elsewhere, world.home().join("elsewhere/link")).unwrap();
    for umask in ["000", "077", "177"] {
        let script = format!("umask {umask}; exec {BINARY} {create}");
        assert!(world.shell(&script).status().unwrap().success(), "{umask}");
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink(), "the link stays");
        for file in [elsewhere.clone(), log_of(&elsewhere), elsewhere.with_extension("sqlite3-shm")] {
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{umask} {file:?}");
        }
        assert_eq!(world.run("sandbox status -o json").json()["sharedUsers"], 1);
        fs::write(&elsewhere, "").unwrap();
        world.run("sandbox reset --yes").ok();
        assert!(fs::metadata(&elsewhere).unwrap().len() > 0, "replaced where the link leads");
        fs::remove_file(&elsewhere).unwrap();
        let _ = fs::remove_file(log_of(&elsewhere));
        let _ = fs::remove_file(elsewhere.with_extension("sqlite3-shm"));
    }
}

#[cfg(unix)]
#[test]
fn a_store_that_may_not_be_written_is_told_with_the_systems_words() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;
    /// Nobody's number: whoever runs the tests as root may write everything, and has to become somebody else.
    const SOMEBODY: u32 = 54_321;
    let world = World::new();
    let path = world.store();
    let folder = path.parent().unwrap();
    world.run("-P sandbox users list").ok();
    let is_root = fs::metadata(world.home()).unwrap().uid() == 0;
    let run = |line: &str| {
        let mut command = world.command(&line.split(' ').collect::<Vec<_>>());
        if is_root {
            command.uid(SOMEBODY).gid(SOMEBODY);
        }
        Run::from(command.output().unwrap())
    };
    let files = || fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    if is_root {
        for path in
            folder.ancestors().take_while(|path| path.starts_with(world.home())).map(Path::to_owned).chain(files())
        {
            chown(path, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        }
    }
    let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let refused = || {
        for line in [
            "-P sandbox users list -o json",
            "sandbox serve -o json",
            "sandbox status -o json",
            "sandbox reset -y -o json",
        ] {
            run(line).failed(3, "config").says("ermission denied").says(path.to_str().unwrap()).says("--store FILE");
        }
    };
    for mode in [0o400, 0o000] {
        allow(&path, mode);
        refused();
        allow(&path, 0o600);
    }
    fs::remove_file(log_of(&path)).unwrap();
    fs::remove_file(path.with_extension("sqlite3-shm")).unwrap();
    allow(folder, 0o500);
    refused();
    allow(folder, 0o700);
    run("sandbox status").ok();
    fs::remove_file(&path).unwrap();
    allow(folder, 0o500);
    run("-P sandbox users list -o json").failed(3, "config").says("cannot make").says("ermission denied");
    allow(folder, 0o700);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told() {
    let world = World::new();
    let path = world.store();
    // The limit of a file's size stands in for the disk; whoever ignores its signal gets an error instead.
    let on_full_disk = |kilobytes: u64, line: &str| {
        let script = format!("trap '' XFSZ; ulimit -f {}; exec {BINARY} {line} -o json", kilobytes * 1024 / 512);
        Run::from(world.shell(&script).output().unwrap())
    };
    on_full_disk(8, "-P sandbox users list").failed(3, "config").says(path.to_str().unwrap());
    world.run("-P sandbox users list").ok();
    // There is room to open it, and none for the log of one more user.
    let create = "-P sandbox users create --shared --phone +14155550123 --retries 0";
    on_full_disk(33, create).failed(3, "config").says(path.to_str().unwrap()).says("cannot be used");
    world.run(create).ok();
}

#[cfg(unix)]
#[test]
fn scarce_descriptors_threads_and_memory_are_told_and_are_no_bug() {
    let world = World::new();
    world.run("-P sandbox users list").ok();
    let limits =
        (4..26).chain([64]).map(|count| format!("-n {count}")).chain((6..18).map(|step| format!("-v {}", step * 3000)));
    for limit in limits {
        for command in ["sandbox exec -- true", "-P sandbox users list", "sandbox serve --memory --listen 127.0.0.1:0"]
        {
            let script = format!("ulimit {limit} 2>/dev/null && exec {BINARY} {command}");
            let begin = Instant::now();
            let mut child = world.shell(&script).spawn().unwrap();
            if command.contains("serve") {
                // Once it serves, or has ended.
                let mut line = String::new();
                BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
                child.kill().unwrap();
            }
            let run = Run::from(child);
            run.lacks("a bug");
            assert!(begin.elapsed() < Duration::from_secs(20), "{limit}, {command}: {run:?}");
            if limit.starts_with("-n") && command.starts_with("-P") {
                assert!([0, 3].contains(&run.status), "{limit}: {run:?}");
            }
        }
    }
    let script = format!("ulimit -n 7; exec {BINARY} sandbox exec -o json -- true");
    Run::from(world.shell(&script).output().unwrap()).failed(3, "config").says("(os error 24)");
    // Certificates that nothing is left to open are no certificates that are wrong.
    let world = World::at("https://127.0.0.1:1");
    for count in 4..12 {
        let script = format!("ulimit -n {count}; exec {BINARY} users list --retries 0");
        let run = Run::from(world.shell(&script).output().unwrap());
        run.lacks("ertificate").lacks("--ca-cert");
        if run.status == 3 {
            run.says("(os error 24)").says("`ulimit -a`");
        }
    }
}

/// The store's folder, and a draft in it that is so old.
#[test]
fn what_a_killed_start_left_is_cleared_away_and_what_is_new_is_somebodys() {
    let world = World::new();
    world.run("-P sandbox users list").ok();
    let store = world.store();
    let draft = |letter: &str, age| {
        let path = store.with_file_name(format!(".sandbox.sqlite3.{}.tmp", letter.repeat(12)));
        fs::write(&path, "half of a database").unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(age)).unwrap();
        path
    };
    let (old, new) = (draft("a", 3600), draft("b", 0));
    world.run("-P sandbox users list").ok();
    assert!(!old.exists() && new.exists());
}

#[test]
fn one_user_is_one_user() {
    let world = World::new();
    world.run("-P sandbox users create --shared --phone +14155550123").ok();
    world.run("sandbox reset -o json").failed(2, "confirmation_required").says("forget 1 user of");
    world.run("sandbox reset --yes").ok().says("forgot 1 user\n");
    world.run("sandbox reset --yes").ok().says("forgot 0 users\n");
}

/// With few descriptors some connections wait, and every request that is accepted is answered.
#[cfg(unix)]
#[test]
fn a_server_with_few_descriptors_answers_whom_it_accepts() {
    let world = World::new();
    let script =
        format!("ulimit -n 24; exec {BINARY} sandbox serve --store s.sqlite3 --rate-limit 0 --listen 127.0.0.1:0");
    let mut child = world.shell(&script).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().split_once('=').unwrap().1;
    let users = format!("{url}/projects/{DEFAULT_PROJECT_ID}/users/");
    let basic = http::basic(DEFAULT_PROJECT_ID, DEFAULT_SECRET);
    // Idle ones hold all descriptors that the server has for connections.
    let idle: Vec<_> = (0..24).map(|_| http::connect(url)).collect();
    let (asked, answered) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..8 {
            let (asked, users, basic) = (asked.clone(), &users, &basic);
            scope.spawn(move || asked.send(http::send("GET", users, Some(basic), None).status).unwrap());
        }
        drop(idle);
    });
    drop(asked);
    assert_eq!(answered.iter().collect::<Vec<_>>(), [200; 8]);
    child.kill().unwrap();
    child.wait().unwrap();
}
