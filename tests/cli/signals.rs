//! Signals while a question stands at a real terminal, and signals that were ignored from the start.

#[cfg(target_os = "linux")]
use std::io::{Read as _, Write as _};
#[cfg(target_os = "linux")]
use std::net::TcpListener;
use std::process::Stdio;

use nix::pty::openpty;
#[cfg(target_os = "linux")]
use nix::sys::signal::Signal;
use nix::sys::signal::Signal::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::hostile::{Hostile, Reply, list, user};
use crate::prompts::has_cursor;
use crate::terminal::Terminal;
#[cfg(target_os = "linux")]
use crate::world::BINARY;
use crate::world::{PROJECT, Run, SECRET, World, signal};

fn world() -> (Hostile, World) {
    let server = Hostile::always(Reply::data(list(&[user("+14155550123")])));
    let world = World::on(&server);
    (server, world)
}

/// A command of each kind of question, and what it asks; the first is `add`, which asks for a secret.
fn questions(add: &str) -> [(&str, &'static str); 4] {
    [
        (add, "Project secret"),
        ("users create", "Type of user"),
        ("users delete +14155550123", "Delete "),
        ("profiles add p", "Project id"),
    ]
}

fn add(server: &Hostile) -> String {
    format!("profiles add p --project-id {PROJECT} --base-url {}", server.url())
}

/// Begins a question and stops it in some way; afterwards the terminal is as it was and says so on a line of its own.
#[track_caller]
fn interrupts(world: &World, line: &str, words: &str, what: &str, stop: impl Fn(&mut Terminal<'_>)) {
    let mut terminal = world.at_terminal(80, line);
    let before = terminal.before.clone();
    terminal.shows(words);
    stop(&mut terminal);
    let run = terminal.ends();
    assert_eq!(run.status, 130, "{what}: {run:?}");
    assert!(run.stdout.contains("\nerror: interrupted\n"), "{what}: {run:?}");
    assert_eq!(terminal.mode(), before, "{what}: {run:?}");
    assert!(has_cursor(&terminal), "{what}: {:?}", terminal.raw());
}

#[test]
fn whatever_ends_a_question_leaves_the_terminal_as_it_was() {
    let (server, world) = world();
    let add = add(&server);
    let questions = questions(&add);
    std::thread::scope(|scope| {
        for (line, words) in questions {
            let world = &world;
            scope.spawn(move || {
                for round in 0..50 {
                    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
                        interrupts(world, line, words, &format!("{line}, {number}, round {round}"), |terminal| {
                            signal(&terminal.child, number);
                        });
                    }
                }
            });
        }
    });
    assert_eq!(server.requests().iter().filter(|request| request.method != "GET").count(), 0);
}

#[test]
fn whatever_ends_a_wait_or_a_bar_leaves_the_terminal_as_it_was() {
    let (_server, world) = world();
    for round in 0..50 {
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            let what = format!("{number}, round {round}");
            let mut terminal = world.at_terminal(80, "users wait +14155550123");
            terminal.shows("waiting for");
            signal(&terminal.child, number);
            let run = terminal.ends();
            assert_eq!((run.status, terminal.mode()), (130, terminal.before.clone()), "{what}: {run:?}");
            terminal.looks(|lines, _| lines.join("\n") == "error: interrupted\n");
            assert!(has_cursor(&terminal), "{what}: {:?}", terminal.raw());
        }
    }
    // More than all rounds delete.
    let world = crate::prompts::slow(500);
    world.run("users apply roster.csv").ok();
    for round in 0..50 {
        let mut terminal = world.at_terminal(80, "users delete --shared --yes --max-delete 500 --rate-limit 10");
        terminal.shows("s left");
        signal(&terminal.child, [SIGINT, SIGTERM, SIGHUP, SIGQUIT][round % 4]);
        terminal.shows("interrupted: finishing");
        let run = terminal.ends();
        assert_eq!((run.status, terminal.mode()), (130, terminal.before.clone()), "{run:?}");
        terminal.looks(|lines, _| {
            let is_left = |start| lines.iter().any(|line| line.starts_with(start));
            is_left("error: ") && is_left("interrupted: ") && !lines.concat().contains("s left")
        });
        assert!(has_cursor(&terminal), "{run:?}");
    }
}

#[test]
fn ctrl_c_as_a_key_leaves_the_terminal_as_it_was() {
    let (_server, world) = world();
    for (line, words) in [("users create", "Type of user"), ("users delete +14155550123", "Delete ")] {
        for round in 0..20 {
            interrupts(&world, line, words, &format!("{line}, round {round}"), |terminal| {
                terminal.types("\u{3}");
            });
        }
    }
}

/// The keys by which a terminal sends signals, at one that does.
#[cfg(target_os = "linux")]
#[test]
fn the_terminal_s_own_signals_leave_it_as_it_was() {
    let (server, world) = world();
    let add = add(&server);
    let questions = questions(&add);
    for (line, words) in questions {
        for key in ["\u{3}", "\u{1c}"] {
            let mut terminal = world.at_own_terminal(80, line);
            let before = terminal.before.clone();
            terminal.shows(words).types(key);
            let run = terminal.ends();
            assert!(run.status == 130 && run.stdout.contains("\nerror: interrupted\n"), "{line}: {run:?}");
            assert_eq!(terminal.mode(), before, "{line}");
        }
        let mut terminal = world.at_own_terminal(80, line);
        let before = terminal.before.clone();
        terminal.shows(words).types("x\u{1a}");
        let pid = Pid::from_raw(i32::try_from(terminal.child.id()).unwrap());
        assert_eq!(waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap(), WaitStatus::Stopped(pid, SIGSTOP));
        assert_eq!(terminal.mode(), before, "{line}");
        signal(&terminal.child, SIGCONT);
        terminal.shows(words).types("\u{3}");
        assert_eq!(terminal.ends().status, 130, "{line}");
    }
}

#[test]
fn a_stop_at_a_hidden_question_shows_nothing_of_the_secret() {
    let (server, world) = world();
    let add = add(&server);
    for stop in [SIGTSTP, SIGSTOP] {
        let mut terminal = world.at_terminal(80, &add);
        let before = terminal.before.clone();
        terminal.shows("Project secret").types("");
        signal(&terminal.child, stop);
        let pid = Pid::from_raw(i32::try_from(terminal.child.id()).unwrap());
        assert_eq!(waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap(), WaitStatus::Stopped(pid, SIGSTOP));
        if stop == SIGTSTP {
            assert_eq!(terminal.mode(), before, "the shell gets the terminal as it was");
        }
        // As a shell does before it lets the process go on.
        terminal.set_mode(&before);
        signal(&terminal.child, SIGCONT);
        terminal.shows("Project secret").types(&format!("{SECRET}\n")).shows("saved profile p");
        let run = terminal.ends();
        assert!(run.status == 0 && !run.stdout.contains(SECRET), "{run:?}");
        let token = format!("Basic {}", crate::secrets::token());
        assert_eq!(server.requests().last().unwrap().header("authorization"), Some(token.as_str()));
        std::fs::remove_file(world.config()).unwrap();
    }
}

#[test]
fn nothing_is_asked_where_a_program_reads() {
    let (_server, world) = world();
    let pty = openpty(None, None).unwrap();
    let stream = || Stdio::from(pty.slave.try_clone().unwrap());
    let mut command = world.command(&["users", "create"]);
    let child = command.stdin(stream()).stderr(stream()).stdout(Stdio::piped()).spawn().unwrap();
    let run: Run = child.wait_with_output().unwrap().into();
    assert_eq!(run.status, 2, "{run:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_ignored_from_the_start_stays_ignored() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let world = World::at(&format!("http://{}", listener.local_addr().unwrap()));
    let body = serde_json::json!({ "succeed": true, "data": list(&[]) }).to_string();
    let ended = |ignored: &[Signal]| {
        let names: Vec<&str> = ignored.iter().map(|number| &number.as_str()[3..]).collect();
        let trap = if names.is_empty() { String::new() } else { format!("trap '' {}; ", names.join(" ")) };
        let child = world.shell(&format!("{trap}exec {BINARY} users list -o json")).spawn().unwrap();
        // The request is under way, and with it everything that is caught is caught.
        let mut stream = listener.accept().unwrap().0;
        assert_ne!(stream.read(&mut [0; 4096]).unwrap(), 0);
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
        for number in [SIGHUP, SIGINT] {
            let is_ignored = mask & (1 << (number as i32 - 1)) != 0;
            assert_eq!(is_ignored, ignored.contains(&number), "{number} beside {ignored:?}");
            signal(&child, number);
        }
        // Who is to be ended gets no answer.
        if ignored.len() == 2 {
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
        Run::from(child.wait_with_output().unwrap()).status
    };
    assert_eq!(ended(&[SIGHUP, SIGINT]), 0);
    for ignored in [&[SIGINT][..], &[SIGHUP], &[]] {
        assert_eq!(ended(ignored), 130, "{ignored:?}");
    }
}
