//! `sandbox serve`: requests a second, beside a server that does nothing.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;

use crate::Options;
use crate::load;
use crate::process::{median, peak_of};
use crate::table::{Table, size};
use crate::world::{BINARY, World};

/// A server until this is dropped.
struct Serving {
    child: Child,
    /// What it printed first.
    said: Vec<String>,
}

impl Serving {
    fn start(command: &mut Command, lines: usize) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a server");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let said = stdout.lines().take(lines).map(|line| line.expect("a line")).collect();
        Self { child, said }
    }

    fn said(&self, at: usize) -> &str {
        let line = &self.said[at];
        line.split_once('=').map_or(line, |(_, value)| value)
    }

    fn address(&self) -> SocketAddr {
        self.said(0).trim_start_matches("http://").parse().expect("an address")
    }

    /// The most memory that it has had so far; a server is still there to be asked.
    fn peak(&self) -> u64 {
        peak_of(self.child.id()).unwrap_or(0)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads and durable creates.
pub fn rows(options: &Options, world: &World, table: &mut Table) {
    let what = ["sandbox: reads of a user", "sandbox: durable creates"];
    if !what.iter().any(|what| options.wants(what)) {
        return;
    }
    let store = world.home.join("store.sqlite");
    let sandbox = Serving::start(
        Command::new(BINARY)
            .args(["sandbox", "serve", "--listen", "127.0.0.1:0", "--rate-limit", "0", "--max-shared-users", "4000000"])
            .arg("--store")
            .arg(store)
            .env("HOME", &world.home),
        3,
    );
    let bare = Serving::start(Command::new(crate::myself()).arg(load::SERVER_ROLE), 1);
    let (project, secret) = (sandbox.said(1).to_owned(), sandbox.said(2).to_owned());
    let token = base64::engine::general_purpose::STANDARD.encode(format!("{project}:{secret}"));
    let path = format!("/projects/{project}/users/");
    let head = |verb: &str, tail: &str| {
        format!("{verb} {path}{tail} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {token}\r\n")
    };
    let phones = AtomicUsize::new(0);
    let create = |_| {
        let phone = phones.fetch_add(1, Ordering::Relaxed);
        let body = format!(r#"{{"type":"shared","phoneNumber":"+1415{phone:07}","firstName":"Ada"}}"#);
        format!("{}Content-Length: {}\r\n\r\n{body}", head("POST", ""), body.len())
    };
    // Somebody to read, found by the phone of the first create.
    load::send(sandbox.address(), 1, create);
    let id = first_id(&sandbox, &head("GET", "?limit=1"));
    let read = |_| format!("{}\r\n", head("GET", &format!("{id}/")));
    let number = |per_run: usize| if options.quick { per_run / 4 } else { per_run };
    if options.wants(what[0]) {
        row(options, table, what[0], (&sandbox, &bare), number(4_000), read);
    }
    if options.wants(what[1]) {
        row(options, table, what[1], (&sandbox, &bare), number(1_000), create);
    }
}

fn first_id(sandbox: &Serving, head: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(sandbox.address()).expect("a connection");
    stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).expect("a server that reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("text");
    let (_, rest) = text.split_once(r#""id":""#).unwrap_or_else(|| panic!("no user in {text}"));
    rest.chars().take_while(|c| *c != '"').collect()
}

fn row(
    options: &Options,
    table: &mut Table,
    what: &str,
    (sandbox, bare): (&Serving, &Serving),
    number: usize,
    request: impl Fn(usize) -> String + Sync,
) {
    let mut samples: [Vec<Duration>; 2] = Default::default();
    for _ in 0..options.runs {
        samples[0].push(load::send(sandbox.address(), number, &request));
        samples[1].push(load::send(bare.address(), number, &request));
    }
    let [ours, theirs] = samples.map(|samples| number as f64 / median(samples.into_iter()).as_secs_f64());
    table.push([
        what.to_owned(),
        "a bare hyper server, 8 connections".to_owned(),
        format!("{ours:.0}/s"),
        format!("{theirs:.0}/s"),
        format!("{:.2}", ours / theirs),
        String::new(),
        format!("{} / {}", size(sandbox.peak()), size(bare.peak())),
    ]);
}
