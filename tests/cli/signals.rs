//! Signals while a question stands at a real terminal, and signals that were ignored from the start.

use std::fs::File;
use std::io::{Read as _, Write as _};
#[cfg(target_os = "linux")]
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Stdio};

use nix::pty::openpty;
use nix::sys::signal::Signal::{self, SIGCONT, SIGHUP, SIGINT, SIGSTOP, SIGTERM, SIGTSTP};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::hostile::{Hostile, Reply, list, user};
use crate::world::{BINARY, PROJECT, Run, SECRET, World, signal};

const HIDE_CURSOR: &str = "\u{1b}[?25l";
const SHOW_CURSOR: &str = "\u{1b}[?25h";

/// A command at a terminal of its own.
struct Asked {
    child: Child,
    master: File,
    /// The terminal's other end, to look at its mode and to keep it open.
    terminal: OwnedFd,
    before: Termios,
    shown: String,
}

impl Asked {
    fn start(world: &World, line: &str) -> Self {
        let pty = openpty(None, None).unwrap();
        let before = tcgetattr(&pty.slave).unwrap();
        assert!(before.local_flags.contains(LocalFlags::ECHO));
        let stream = || Stdio::from(pty.slave.try_clone().unwrap());
        let mut command = world.command(&line.split(' ').collect::<Vec<_>>());
        let child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
        // Copies are closed in the processes that other tests start; what `openpty` gives is not.
        let (master, terminal) = (pty.master.try_clone().unwrap(), pty.slave.try_clone().unwrap());
        Self { child, master: master.into(), terminal, before, shown: String::new() }
    }

    /// Waits until this is shown, behind what was waited for before.
    fn shows(&mut self, words: &str) -> &mut Self {
        while !self.shown.contains(words) {
            self.read();
        }
        self
    }

    fn read(&mut self) {
        let mut bytes = [0; 1024];
        let length = self.master.read(&mut bytes).unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
    }

    fn mode(&self) -> Termios {
        tcgetattr(self.terminal.as_fd()).unwrap()
    }

    /// Waits until nothing that is typed is shown.
    fn is_hidden(&mut self) -> &mut Self {
        while self.mode().local_flags.contains(LocalFlags::ECHO) {
            std::thread::yield_now();
        }
        self
    }

    fn gets(&mut self, signals: &[Signal]) -> &mut Self {
        signals.iter().for_each(|number| signal(&self.child, *number));
        self
    }

    fn stops(&mut self) -> &mut Self {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let status = waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
        assert_eq!(status, WaitStatus::Stopped(pid, SIGSTOP));
        self
    }

    /// Waits for the end; the terminal is as it was.
    fn ends(mut self, what: &str) -> (i32, String) {
        let status = self.child.wait().unwrap().code().unwrap_or(-1);
        assert_eq!(self.mode(), self.before, "{what}: {:?}", self.shown);
        // Everything that was written is there; a mark of our own ends it.
        File::from(self.terminal.try_clone().unwrap()).write_all(b"\0").unwrap();
        self.shows("\0");
        let cursor = self.shown.rfind(HIDE_CURSOR) <= self.shown.rfind(SHOW_CURSOR);
        assert!(cursor, "{what}: the cursor is hidden: {:?}", self.shown);
        (status, self.shown.clone())
    }
}

fn world() -> (Hostile, World) {
    let server = Hostile::always(Reply::data(list(&[user("+14155550123")])));
    let world = World::on(&server);
    (server, world)
}

fn add(server: &Hostile) -> String {
    format!("profiles add p --project-id {PROJECT} --base-url {}", server.url())
}

#[test]
fn whatever_ends_a_question_leaves_the_terminal_as_it_was() {
    let (server, world) = world();
    let (add, create, delete) = (add(&server), "users create", "users delete +14155550123");
    let questions = [
        (add.as_str(), "Project secret"),
        (create, "Type of user"),
        (delete, "Delete "),
        ("profiles add p", "Project id"),
    ];
    std::thread::scope(|scope| {
        for (line, words) in questions {
            let world = &world;
            scope.spawn(move || {
                for round in 0..50 {
                    for number in [SIGINT, SIGTERM, SIGHUP] {
                        let mut asked = Asked::start(world, line);
                        asked.shows(words).gets(&[number]);
                        let what = format!("{line}, {number}, round {round}");
                        let (status, shown) = asked.ends(&what);
                        assert_eq!(status, 130, "{what}: {shown:?}");
                        assert!(shown.contains("\nerror: interrupted"), "{what}: {shown:?}");
                    }
                }
            });
        }
    });
    assert_eq!(server.requests().iter().filter(|request| request.method != "GET").count(), 0);
}

#[test]
fn ctrl_c_as_a_key_leaves_the_terminal_as_it_was() {
    let (server, world) = world();
    for line in ["users create", "users delete +14155550123"] {
        for _ in 0..20 {
            let mut asked = Asked::start(&world, line);
            asked.shows(if line.contains("create") { "Type of user" } else { "Delete " }).is_hidden();
            asked.master.write_all(b"\x03").unwrap();
            let (status, shown) = asked.ends(line);
            assert!(status == 130 && shown.contains("\nerror: interrupted"), "{status}: {shown:?}");
        }
    }
    drop(server);
}

#[test]
fn a_stop_at_a_hidden_question_shows_nothing_of_the_secret() {
    let (server, world) = world();
    for stop in [SIGTSTP, SIGSTOP] {
        let mut asked = Asked::start(&world, &add(&server));
        asked.shows("Project secret").is_hidden();
        asked.master.write_all(b"half of it").unwrap();
        asked.gets(&[stop]).stops();
        if stop == SIGTSTP {
            assert_eq!(asked.mode(), asked.before, "the shell gets the terminal as it was");
        }
        // As a shell does before it lets the process go on.
        tcsetattr(asked.terminal.as_fd(), SetArg::TCSANOW, &asked.before).unwrap();
        let seen = asked.shown.len();
        asked.gets(&[SIGCONT]).is_hidden();
        while !asked.shown[seen..].contains("Project secret") {
            asked.read();
        }
        asked.master.write_all(format!("{SECRET}\n").as_bytes()).unwrap();
        asked.shows("saved profile p");
        let (status, shown) = asked.ends("go on");
        assert!(status == 0 && !shown.contains(SECRET) && !shown.contains("half"), "{shown:?}");
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
