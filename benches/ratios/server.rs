//! A small server that answers at once, over HTTP and HTTPS, and keeps count.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::world::PROJECT;

/// The argument that turns the bench into this server.
pub const ROLE: &str = "--serve";
/// A connection needs little, and there may be a thousand.
const STACK: usize = 128 * 1024;

/// The server, in a process of its own until this is dropped.
pub struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    pub http: String,
    pub https: String,
}

/// What a server counted.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Creates that were answered with a user.
    pub creates: usize,
    /// Answers of 429.
    pub refused: usize,
    /// From the first create to the last.
    pub span: Duration,
}

impl Server {
    /// Starts a server with so many users, answers that take so long, and so many requests allowed in a second.
    pub fn start(home: &Path, users: usize, latency: Duration, rate: usize) -> Self {
        let args = [users.to_string(), latency.as_millis().to_string(), rate.to_string()];
        let mut child = Command::new(crate::myself())
            .arg(ROLE)
            .arg(home)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server's process");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = || {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("a line of the server");
            line.trim().to_owned()
        };
        let (http, https) = (line(), line());
        Self { child, stdin, stdout, http, https }
    }

    /// Ends it and hands over what it counted.
    pub fn finish(mut self) -> Counts {
        drop(self.stdin.take());
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the counts");
        let numbers: Vec<usize> = line.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        let &[creates, refused, micros] = numbers.as_slice() else { panic!("three numbers, not {line:?}") };
        Counts { creates, refused, span: Duration::from_micros(micros as u64) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// The URL of the users below a base URL.
pub fn users(base: &str) -> String {
    format!("{base}/projects/{PROJECT}/users/")
}

/// One user as the service writes it.
pub fn user(at: usize) -> String {
    format!(
        concat!(
            r#"{{"id":"3c90c3cc-0d44-4b50-8888-{at:012x}","projectId":"{project}","type":"shared","firstName":"Ada","#,
            r#""lastName":"Lovelace {at}","email":"ada{at}@example.com","phoneNumber":"+1415{at:07}","#,
            r#""assignedPhoneNumber":"+16285550{last:03}","meta":null,"createdAt":"2026-05-01T12:00:00.000Z"}}"#
        ),
        at = at,
        project = PROJECT,
        last = at % 100 + 100
    )
}

/// The whole list, as many users as the server has, or a page of it.
struct Users {
    number: usize,
    whole: String,
}

impl Users {
    fn new(number: usize) -> Self {
        Self { number, whole: list(0, number, number) }
    }

    fn answer(&self, query: &str) -> String {
        let value = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<usize>().ok())
        };
        match (value("limit"), value("offset").unwrap_or(0)) {
            (None, 0) => self.whole.clone(),
            (limit, offset) => {
                let end = limit.map_or(self.number, |limit| (offset + limit).min(self.number));
                list(offset.min(end), end, self.number)
            }
        }
    }
}

fn list(start: usize, end: usize, total: usize) -> String {
    let users: Vec<String> = (start..end).map(user).collect();
    format!(r#"{{"succeed":true,"data":{{"users":[{}],"total":{total}}}}}"#, users.join(","))
}

#[derive(Default)]
struct Tally {
    recent: VecDeque<Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
    creates: usize,
    refused: usize,
}

struct Service {
    users: Users,
    latency: Duration,
    /// Requests in any second; 0 counts nothing.
    rate: usize,
    tally: Mutex<Tally>,
}

impl Service {
    /// Whether one more request fits into the second that ends now: the strictest window there is.
    fn admit(&self, is_create: bool) -> bool {
        let now = Instant::now();
        let mut tally = self.tally.lock().unwrap();
        while tally.recent.front().is_some_and(|then| now - *then >= Duration::from_secs(1)) {
            tally.recent.pop_front();
        }
        if self.rate > 0 && tally.recent.len() >= self.rate {
            tally.refused += 1;
            return false;
        }
        if self.rate > 0 {
            tally.recent.push_back(now);
        }
        if is_create {
            tally.first.get_or_insert(now);
            tally.last = Some(now);
            tally.creates += 1;
        }
        true
    }

    fn respond(&self, head: &str, body: &str) -> (&'static str, String) {
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let admitted = self.admit(method == "POST");
        if !self.latency.is_zero() {
            thread::sleep(self.latency);
        }
        if !admitted {
            let refusal = r#"{"succeed":false,"data":null,"code":"RATE_LIMITED","message":"Too many requests"}"#;
            return ("429 Too Many Requests", refusal.to_owned());
        }
        if method == "POST" {
            return ("200 OK", created(body));
        }
        match path.ends_with("/users/") {
            true => ("200 OK", self.users.answer(query)),
            false => ("200 OK", r#"{"succeed":true,"data":{"lines":[]}}"#.to_owned()),
        }
    }
}

/// The user that a create asks for.
fn created(body: &str) -> String {
    let mut wanted: serde_json::Value = serde_json::from_str(body).expect("a create is JSON");
    wanted["id"] = "3c90c3cc-0d44-4b50-8888-000000000001".into();
    wanted["projectId"] = PROJECT.into();
    wanted["assignedPhoneNumber"] = "+16285550100".into();
    wanted["meta"] = serde_json::Value::Null;
    wanted["createdAt"] = "2026-05-01T12:00:00.000Z".into();
    format!(r#"{{"succeed":true,"data":{wanted}}}"#)
}

/// The server's process: says where it listens, ends with its standard input, and tells what it counted.
pub fn serve(args: &[String]) {
    let [home, numbers @ ..] = args else { panic!("the folder with the certificates") };
    let numbers: Vec<usize> = numbers.iter().map(|word| word.parse().expect("a number")).collect();
    let &[users, latency, rate] = numbers.as_slice() else { panic!("users, latency and rate") };
    let service = Arc::new(Service {
        users: Users::new(users),
        latency: Duration::from_millis(latency as u64),
        rate,
        tally: Mutex::default(),
    });
    let tls = Arc::new(tls(&PathBuf::from(home)));
    let http = listen(Arc::clone(&service), None);
    let https = listen(Arc::clone(&service), Some(tls));
    println!("http://127.0.0.1:{http}\nhttps://localhost:{https}");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    let tally = service.tally.lock().unwrap();
    let span = tally.first.zip(tally.last).map_or(Duration::ZERO, |(first, last)| last - first);
    println!("{} {} {}", tally.creates, tally.refused, span.as_micros());
}

fn tls(home: &Path) -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(home.join("server.pem")).expect("the certificate");
    let key = PrivateKeyDer::from_pem_slice(&fs::read(home.join("server.key")).expect("the key")).expect("a key");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a pair")
}

fn listen(service: Arc<Service>, tls: Option<Arc<ServerConfig>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (service, tls) = (Arc::clone(&service), tls.clone());
            let work = move || {
                let _ = stream.set_nodelay(true);
                // A client that hangs up is no fault.
                let _ = match tls {
                    None => converse(&service, stream),
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).expect("a connection");
                        converse(&service, StreamOwned::new(connection, stream))
                    }
                };
            };
            thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread");
        }
    });
    port
}

/// Answers requests until the other side has no more.
fn converse(service: &Service, stream: impl Read + Write) -> std::io::Result<()> {
    let mut stream = BufReader::with_capacity(16 * 1024, stream);
    loop {
        let mut head = String::new();
        let mut length = 0;
        loop {
            let start = head.len();
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
            let line = head[start..].trim();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let (status, answer) = service.respond(&head, &String::from_utf8(body).expect("text"));
        let length = answer.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        // In one write where it is small, as a server with buffers does it.
        if answer.len() < 8 * 1024 {
            stream.get_mut().write_all((head + &answer).as_bytes())?;
        } else {
            stream.get_mut().write_all(head.as_bytes())?;
            stream.get_mut().write_all(answer.as_bytes())?;
        }
        stream.get_mut().flush()?;
    }
}
