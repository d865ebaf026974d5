//! The sandbox over real HTTP: races, crashes, slow and strange clients, faults.

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET, Location, SandboxOptions};
use spectrum_cli::sandbox::{self, Running};

use crate::http::{self, Reply};
use crate::world::eventually;

fn start(options: &SandboxOptions) -> Running {
    sandbox::start(options, None).unwrap()
}

fn authorization() -> String {
    http::basic(DEFAULT_PROJECT_ID, DEFAULT_SECRET)
}

fn users(url: &str) -> String {
    format!("{url}/projects/{DEFAULT_PROJECT_ID}/users/")
}

fn create(url: &str, body: &Value) -> Reply {
    http::send("POST", &users(url), Some(&authorization()), Some(&body.to_string()))
}

fn shared(n: u64) -> Value {
    json!({ "type": "shared", "phoneNumber": format!("+1415{n:07}") })
}

fn total(url: &str) -> u64 {
    http::send("GET", &users(url), Some(&authorization()), None).json()["data"]["total"].as_u64().unwrap()
}

/// A request with exactly these lines of head, written out.
fn raw(url: &str, head: &[&str], body: &[u8]) -> Option<Reply> {
    let mut bytes = head.join("\r\n").into_bytes();
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(body);
    http::raw(url, &bytes)
}

#[test]
fn forty_at_once_for_one_identity_make_one_row_whichever_server_they_ask() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        SandboxOptions { store: Location::File(folder.path().join("store.sqlite3")), ..SandboxOptions::default() };
    let servers = [start(&options), start(&options)];
    let bodies = [
        json!({ "type": "shared", "phoneNumber": "+14155550123" }),
        json!({ "type": "dedicated", "phoneNumber": "+14155550123", "assignedPhoneNumber": "+19175550101" }),
    ];
    for body in &bodies {
        let gate = Barrier::new(40);
        let ids: Vec<String> = thread::scope(|scope| {
            let ask = |n: usize| {
                let (gate, url) = (&gate, &servers[n % 2].url);
                scope.spawn(move || {
                    gate.wait();
                    create(url, body).json()["data"]["id"].as_str().unwrap().to_owned()
                })
            };
            let asked: Vec<_> = (0..40).map(ask).collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
    assert_eq!(total(&servers[0].url), 2);
}

#[test]
fn one_email_makes_one_row_and_the_last_seat_is_given_once() {
    let mut options = SandboxOptions::default();
    options.projects[0].max_shared_users = 3;
    let server = start(&options);
    let race = |body: &(dyn Fn(u64) -> Value + Sync)| -> Vec<u16> {
        let gate = Barrier::new(20);
        thread::scope(|scope| {
            let asked: Vec<_> = (0..20)
                .map(|n| {
                    let (gate, url) = (&gate, &server.url);
                    scope.spawn(move || {
                        gate.wait();
                        create(url, &body(n)).status
                    })
                })
                .collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    };
    let statuses =
        race(&|n| json!({ "type": "shared", "phoneNumber": format!("+141555501{n:02}"), "email": "a@b.de" }));
    assert!(statuses.iter().all(|status| *status == 200));
    assert_eq!(total(&server.url), 1);
    let statuses = race(&|n| shared(1000 + n));
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 2);
    assert_eq!(statuses.iter().filter(|status| **status == 402).count(), 18);
    assert_eq!(total(&server.url), 3);
}

#[test]
fn bad_bodies_are_refused_in_the_envelope_and_leave_nothing() {
    let server = start(&SandboxOptions::default());
    let auth = format!("Authorization: {}", authorization());
    let post = |body: &[u8]| {
        let length = format!("Content-Length: {}", body.len());
        let line = format!("POST /projects/{DEFAULT_PROJECT_ID}/users/ HTTP/1.1");
        raw(&server.url, &[&line, "Host: localhost", "Connection: close", &auth, &length], body).unwrap()
    };
    let deep = "[".repeat(100_000);
    let deep_in_key = format!("{{\"type\":\"shared\",\"phoneNumber\":\"+14155550123\",\"x\":{deep}");
    let large = format!("{{\"type\":\"shared\",\"phoneNumber\":\"+14155550123\",\"x\":\"{}\"}}", "x".repeat(8 << 20));
    for (body, status, code) in [
        (b"{".as_slice(), 400, "PARSE"),
        (b"", 400, "PARSE"),
        (b"{\"type\":\"shared\",\"phoneNumber\":\"+1415555\xff\"}", 400, "PARSE"),
        (deep.as_bytes(), 400, "PARSE"),
        (deep_in_key.as_bytes(), 400, "PARSE"),
        (large.as_bytes(), 413, "413"),
        (b"[]", 422, "VALIDATION"),
        (b"null", 422, "VALIDATION"),
        (b"{\"type\":[],\"phoneNumber\":{}}", 422, "VALIDATION"),
    ] {
        let reply = post(body);
        assert_eq!(reply.status, status, "{}", reply.body);
        let value = reply.json();
        assert_eq!((value["succeed"].as_bool(), value["code"].as_str()), (Some(false), Some(code)));
    }
    assert_eq!(total(&server.url), 0);
    assert_eq!(create(&server.url, &shared(1)).status, 200, "it goes on serving");
}

#[test]
fn any_http_client_is_served() {
    let server = start(&SandboxOptions::default());
    let url = &server.url;
    let auth = format!("Authorization: {}", authorization());
    let line = |method: &str, version: &str| format!("{method} /projects/{DEFAULT_PROJECT_ID}/users/ HTTP/{version}");
    let body = shared(7).to_string();
    let length = format!("Content-Length: {}", body.len());

    let post = line("POST", "1.1");
    let charset = "Content-Type: application/json; charset=utf-8";
    let reply = raw(url, &[&post, "Host: x.localhost", "Connection: close", &auth, charset, &length], body.as_bytes());
    assert_eq!(reply.unwrap().status, 200);

    let chunked = format!("{:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", 5, &body[..5], body.len() - 5, &body[5..]);
    let head = [post.as_str(), "Host: localhost", "Connection: close", &auth, "Transfer-Encoding: chunked"];
    assert_eq!(raw(url, &head, chunked.as_bytes()).unwrap().status, 200);

    // The body goes out only once the server has asked for it.
    let mut stream = http::connect(url);
    let head = [post.as_str(), "Host: localhost", "Connection: close", &auth, &length, "Expect: 100-continue", "", ""];
    stream.write_all(head.join("\r\n").as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(Reply::parse(&rest).unwrap().status, 200);

    let old = line("GET", "1.0");
    assert_eq!(raw(url, &[&old, &auth], b"").unwrap().status, 200, "HTTP/1.0 without Host");
    let bare = auth.trim_end_matches('=').replace("Basic", "basic");
    let get = line("GET", "1.1");
    assert_eq!(raw(url, &[&get, "Host: 127.0.0.1", "Connection: close", &bare], b"").unwrap().status, 200);

    let full = raw(url, &[&get, "Host: localhost", "Connection: close", &auth], b"").unwrap();
    let head = line("HEAD", "1.1");
    let headed = raw(url, &[&head, "Host: localhost", "Connection: close", &auth], b"").unwrap();
    assert_eq!((headed.status, headed.body.as_str()), (200, ""));
    assert_eq!(headed.header("content-length"), full.header("content-length"));

    let options = line("OPTIONS", "1.1");
    let reply =
        raw(url, &[&options, "Host: localhost", "Origin: http://evil.example", "Connection: close"], b"").unwrap();
    assert_eq!((reply.status, reply.header("allow").as_deref()), (204, Some("GET, POST, HEAD, OPTIONS")));
    assert!(!reply.head.to_ascii_lowercase().contains("access-control"), "{}", reply.head);

    // Several requests on one connection.
    let mut stream = http::connect(url);
    for _ in 0..3 {
        stream.write_all(format!("{head}\r\nHost: localhost\r\n{auth}\r\n\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.extend_from_slice(&byte);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[test]
fn a_browser_on_a_foreign_page_is_refused() {
    let server = start(&SandboxOptions::default());
    let auth = format!("Authorization: {}", authorization());
    let line = format!("GET /projects/{DEFAULT_PROJECT_ID}/users/ HTTP/1.1");
    for host in ["Host: evil.example", "Host: 127.0.0.1.evil.example:80", "Host: 10.0.0.1", "Host: "] {
        let reply = raw(&server.url, &[&line, host, "Connection: close", &auth], b"").unwrap();
        assert_eq!((reply.status, reply.json()["code"].as_str()), (403, Some("403")), "{host}");
    }
    for hosts in [&["X: y"][..], &["Host: localhost", "Host: localhost"]] {
        let head = [&[line.as_str(), "Connection: close", auth.as_str()], hosts].concat();
        assert_eq!(raw(&server.url, &head, b"").unwrap().status, 400);
    }
    let absolute = format!("GET http://evil.example/projects/{DEFAULT_PROJECT_ID}/users/ HTTP/1.1");
    let reply = raw(&server.url, &[&absolute, "Host: localhost", "Connection: close", &auth], b"").unwrap();
    assert_eq!(reply.status, 403);
}

#[test]
fn only_loopback_unless_told_otherwise() {
    let open = SandboxOptions { listen: "0.0.0.0:0".parse().unwrap(), ..SandboxOptions::default() };
    assert!(matches!(sandbox::start(&open, None), Err(sandbox::StartError::NotLoopback(_))));
    assert!(sandbox::start(&SandboxOptions { allow_non_loopback: true, ..open }, None).is_ok());
    let taken = start(&SandboxOptions::default());
    let address = taken.url.strip_prefix("http://").unwrap().parse().unwrap();
    let second = sandbox::start(&SandboxOptions { listen: address, ..SandboxOptions::default() }, None);
    assert!(matches!(second, Err(sandbox::StartError::Listen(..))));
}

#[test]
fn five_hundred_connections_are_served_at_once() {
    let server = start(&SandboxOptions::default());
    let mut streams: Vec<_> = (0..500).map(|_| http::connect(&server.url)).collect();
    let request = format!(
        "GET /projects/{DEFAULT_PROJECT_ID}/users/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\r\n",
        authorization()
    );
    for stream in &mut streams {
        stream.write_all(request.as_bytes()).unwrap();
    }
    for stream in &mut streams {
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
    }
}

#[test]
#[ignore = "waits as long as the server does: ten seconds"]
fn a_trickling_head_or_body_cannot_hold_a_place() {
    let server = start(&SandboxOptions::default());
    let head = format!("POST /projects/{DEFAULT_PROJECT_ID}/users/ HTTP/1.1\r\nHost: localhost\r\n");
    let in_body = format!("{head}Authorization: {}\r\nContent-Length: 1000\r\n\r\n", authorization());
    let begin = Instant::now();
    thread::scope(|scope| {
        for start in [head, in_body] {
            let mut stream = http::connect(&server.url);
            scope.spawn(move || {
                stream.write_all(start.as_bytes()).unwrap();
                stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
                let mut answer = [0; 1024];
                loop {
                    match stream.read(&mut answer) {
                        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                            // One more byte of a header, or of the body, for as long as anybody takes them.
                            let _ = stream.write_all(b"x");
                        }
                        _ => break,
                    }
                }
            });
        }
    });
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
}

#[test]
fn faults_do_what_they_say() {
    let with = |fault: &str| {
        let mut options = SandboxOptions::default();
        options.faults.rules = vec![fault.parse().unwrap()];
        start(&options)
    };
    let ask = |url: &str| http::try_send("POST", &users(url), Some(&authorization()), Some(&shared(1).to_string()));

    let server = with("503:1");
    let reply = ask(&server.url).unwrap();
    assert_eq!((reply.status, reply.json()["code"].as_str()), (503, Some("503")));

    let server = with("garbage:1");
    let reply = ask(&server.url).unwrap();
    assert_eq!((reply.status, reply.json()), (200, Value::Null));

    let folder = tempfile::tempdir().unwrap();
    let store = Location::File(folder.path().join("store.sqlite3"));
    let mut options = SandboxOptions { store, ..SandboxOptions::default() };
    options.faults.rules = vec!["drop:1".parse().unwrap()];
    let server = start(&options);
    assert!(ask(&server.url).is_none(), "the connection dies");
    drop(server);
    options.faults.rules.clear();
    assert_eq!(total(&start(&options).url), 1, "and yet the work was done");
}

#[test]
fn a_stop_answers_what_is_in_flight_and_is_not_held_up_by_what_hangs() {
    let mut options = SandboxOptions::default();
    options.faults.latency = "60s".parse().ok();
    let slow = start(&options);
    options.faults.latency = None;
    options.faults.rules = vec!["hang:1".parse().unwrap()];
    let hanging = start(&options);
    thread::scope(|scope| {
        let (slow_url, hanging_url) = (slow.url.clone(), hanging.url.clone());
        let answered = scope.spawn(move || total(&slow_url));
        let cut = scope.spawn(move || http::try_send("GET", &users(&hanging_url), Some(&authorization()), None));
        // Both are in flight once they have been counted; until then there is nothing to wait for.
        assert!(eventually(|| slow.requests() > 0 && hanging.requests() > 0));
        let begin = Instant::now();
        slow.shutdown();
        hanging.shutdown();
        assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
        assert_eq!(answered.join().unwrap(), 0);
        assert!(cut.join().unwrap().is_none());
    });
}

#[test]
fn the_log_tells_method_path_status_and_nothing_else() {
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&lines);
    let observe: sandbox::Observe = std::sync::Arc::new(move |line: &sandbox::LogLine<'_>| {
        log.lock().unwrap().push(format!("{} {} {:?} {:?}", line.method, line.path, line.status, line.fault));
    });
    let server = sandbox::start(&SandboxOptions::default(), Some(observe)).unwrap();
    let _ = http::send("GET", &format!("{}?search=%2B14155550123", users(&server.url)), Some(&authorization()), None);
    let expected = format!("GET /projects/{DEFAULT_PROJECT_ID}/users/ Some(200) None");
    assert_eq!(*lines.lock().unwrap(), [expected]);
}

#[test]
fn a_store_tells_who_runs_on_it_and_forgets_on_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite3");
    assert!(!sandbox::status(&path).unwrap().exists);
    let options = SandboxOptions { store: Location::File(path.clone()), announce: true, ..SandboxOptions::default() };
    let server = start(&options);
    create(&server.url, &shared(1));
    create(
        &server.url,
        &json!({ "type": "dedicated", "phoneNumber": "+14155550123", "assignedPhoneNumber": "+19175550101" }),
    );
    let status = sandbox::status(&path).unwrap();
    assert_eq!((status.shared_users, status.dedicated_users), (1, 1));
    assert_eq!(status.running.len(), 1);
    assert_eq!((status.running[0].url.as_str(), status.running[0].lines), (server.url.as_str(), 2));
    assert_eq!(sandbox::reset(&path, false).unwrap(), sandbox::Reset::Forgot(2));
    assert_eq!(total(&server.url), 0, "beneath a running server");
    assert_eq!(create(&server.url, &shared(1)).status, 200);
    drop(server);
    assert!(sandbox::status(&path).unwrap().running.is_empty());
}

#[test]
fn a_project_of_its_own_gives_the_same_person_another_number() {
    let mut options = SandboxOptions::default();
    let mut second = options.projects[0].clone();
    second.id = "3c90c3cc-0d44-4b50-8888-8dd25736052a".parse().unwrap();
    second.lines.clear();
    options.projects.push(second);
    let server = start(&options);
    let number = |id: &str| {
        let url = format!("{}/projects/{}/users/", server.url, id.to_ascii_uppercase());
        let reply = http::send("POST", &url, Some(&http::basic(id, DEFAULT_SECRET)), Some(&shared(1).to_string()));
        reply.json()["data"]["assignedPhoneNumber"].as_str().unwrap().to_owned()
    };
    let ids = [DEFAULT_PROJECT_ID, "3c90c3cc-0d44-4b50-8888-8dd25736052a"];
    assert_ne!(number(ids[0]), number(ids[1]));
    assert_eq!(number(ids[0]), number(ids[0]));
}

/// A server on a file, with a list of users of this length in bytes.
fn with_long_list(folder: &tempfile::TempDir, bytes: usize) -> Running {
    const NAME: usize = 1_000_000;
    let path = folder.path().join("store.sqlite3");
    let server = start(&SandboxOptions { store: Location::File(path.clone()), ..SandboxOptions::default() });
    for n in 0..u64::try_from(bytes / NAME + 1).unwrap() {
        assert_eq!(create(&server.url, &shared(n)).status, 200);
    }
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute("UPDATE users SET first_name = hex(zeroblob(?))", [NAME / 2]).unwrap();
    server
}

#[test]
#[ignore = "waits until the server gives clients up"]
fn who_does_not_read_makes_room_for_who_does() {
    let folder = tempfile::tempdir().unwrap();
    // More than the system takes off the server's hands.
    let length = 24_000_000;
    let server = with_long_list(&folder, length);
    let request = format!(
        "GET /projects/{DEFAULT_PROJECT_ID}/users/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {}\r\n\r\n",
        authorization()
    );
    // More than all answers together may take.
    let silent: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = http::connect(&server.url);
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert!(http::raw(&server.url, request.as_bytes()).unwrap().body.len() > length);
    let read = |mut stream: std::net::TcpStream| {
        let mut answer = Vec::new();
        // However it ends.
        let _ = stream.read_to_end(&mut answer);
        answer.len()
    };
    let cut = silent.into_iter().map(read).filter(|read| *read < length).count();
    assert!(cut > 0, "none of them was given up");
}

#[test]
#[ignore = "waits as long as the server does: ten seconds"]
fn who_never_reads_is_cut() {
    let server = start(&SandboxOptions::default());
    let mut stream = http::connect(&server.url);
    let request = format!(
        "GET /projects/{DEFAULT_PROJECT_ID}/users/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\r\n",
        authorization()
    );
    let begin = Instant::now();
    // One request after the other, until nothing goes out any more: then the server has stopped reading as well.
    while stream.write_all(request.as_bytes()).is_ok() {}
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}
