//! A server that answers with whatever bytes a test wrote down, and remembers what it was asked.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

#[cfg(unix)]
use crate::world::eventually;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's text.
    pub body: String,
}

impl Request {
    /// Reads a request from its bytes; none while it is incomplete.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let mut words = lines.next()?.split(' ').map(str::to_owned);
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let request = Self { method: words.next()?, target: words.next()?, headers, body: body.to_owned() };
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        (body.len() >= length).then_some(request)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Method and target.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// How much of the request is taken from the socket before the reply. What is left makes closing it a reset.
#[derive(Clone, Copy)]
enum Taken {
    Nothing,
    AllButOneByte,
    All,
}

/// What the server does with one connection.
#[derive(Clone)]
pub struct Reply {
    taken: Taken,
    act: Arc<dyn Fn(&mut TcpStream) + Send + Sync>,
}

impl Reply {
    fn new(act: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Self {
        Self { taken: Taken::All, act: Arc::new(act) }
    }

    /// These bytes, then the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        // Whether anybody still listens is the client's business.
        Self::new(move |stream| drop(stream.write_all(&bytes)))
    }

    /// A status, more headers (each ended by CRLF), and a body of the right length.
    pub fn with(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes =
            format!("HTTP/1.1 {status} X\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len())
                .into_bytes();
        bytes.extend_from_slice(body);
        Self::raw(bytes)
    }

    /// A status and a body.
    pub fn status(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::with(status, "", body)
    }

    /// 200 with `{"succeed":true,"data":…}`.
    pub fn data(data: Value) -> Self {
        Self::status(200, json!({ "succeed": true, "data": data }).to_string())
    }

    /// A refusal in the API's form, which may be repeated at once.
    pub fn refusal(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "succeed": false, "data": null, "code": code, "message": message });
        Self::with(status, "Retry-After: 0\r\n", body.to_string())
    }

    /// The connection ends without a byte.
    pub fn close() -> Self {
        Self::raw("")
    }

    /// The connection is reset before anything was read.
    pub fn reset_unread() -> Self {
        Self { taken: Taken::Nothing, ..Self::close() }
    }

    /// The connection is reset when the request has been read.
    pub fn reset() -> Self {
        Self { taken: Taken::AllButOneByte, ..Self::close() }
    }

    /// These bytes, and then nothing until the client gives up.
    pub fn hang_after(bytes: &'static str) -> Self {
        Self::new(move |stream| {
            let _ = stream.write_all(bytes.as_bytes());
            let _ = stream.read(&mut [0]);
        })
    }

    /// The same, once the test says so.
    #[cfg(unix)]
    pub fn held(self, until: Receiver<()>) -> Self {
        let until = Mutex::new(until);
        let act = self.act;
        let act = Arc::new(move |stream: &mut TcpStream| {
            let _ = until.lock().unwrap().recv();
            act(stream);
        });
        Self { act, ..Self::close() }
    }

    /// A head, and then a body of one byte every few milliseconds, for four seconds.
    #[expect(clippy::disallowed_methods, reason = "it is slow on purpose")]
    pub fn trickle() -> Self {
        Self::new(|stream| {
            let mut bytes: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
            for _ in 0..200 {
                if stream.write_all(bytes).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
                bytes = b" ";
            }
        })
    }

    /// 300 MB of spaces; told in advance or not.
    pub fn huge(status: u16, announced: bool) -> Self {
        Self::new(move |stream| {
            let length = if announced { "Content-Length: 300000000\r\n" } else { "" };
            let head = format!("HTTP/1.1 {status} X\r\n{length}Connection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
            let piece = vec![b' '; 1_000_000];
            for _ in 0..300 {
                if stream.write_all(&piece).is_err() {
                    break;
                }
            }
        })
    }

    /// The same a little later.
    #[expect(clippy::disallowed_methods, reason = "it is slow on purpose")]
    pub fn after(self, wait: Duration) -> Self {
        Self {
            taken: self.taken,
            act: Arc::new(move |stream| {
                std::thread::sleep(wait);
                (self.act)(stream);
            }),
        }
    }
}

/// The server: one thread that accepts, one for each connection, until the test's process ends.
pub struct Hostile {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Hostile {
    /// Starts a server that answers the n-th request with the n-th reply; the last one answers all that follow.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        Self::answering(move |at, _| replies[at.min(replies.len() - 1)].clone())
    }

    /// Starts a server that answers a request, of which so many came before, as this says.
    pub fn answering(reply: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let reply = Arc::new(reply);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, reply) = (Arc::clone(&seen), Arc::clone(&reply));
                std::thread::spawn(move || serve(stream.unwrap(), &seen, &*reply));
            }
        });
        Self { address, requests }
    }

    /// A server with one reply for everything.
    pub fn always(reply: Reply) -> Self {
        Self::new([reply])
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// What it was asked: methods and targets without the project's prefix.
    pub fn lines(&self) -> Vec<String> {
        let prefix = format!("/projects/{}", crate::world::PROJECT);
        self.requests().iter().map(|request| request.line().replace(&prefix, "")).collect()
    }

    /// Waits until it was asked so often.
    #[cfg(unix)]
    #[track_caller]
    pub fn waits_for(&self, requests: usize) {
        assert!(eventually(|| self.count() >= requests), "asked {} times instead of {requests}", self.count());
    }

    /// How often it was asked.
    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Request>>, reply: &dyn Fn(usize, &Request) -> Reply) {
    let mut buffer = vec![0; 1 << 20];
    let (length, request) = loop {
        let length = stream.peek(&mut buffer).unwrap_or(0);
        if length == 0 {
            return;
        }
        match Request::parse(&buffer[..length]) {
            Some(request) => break (length, request),
            None => std::thread::yield_now(),
        }
    };
    let reply = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        reply(seen.len() - 1, &request)
    };
    let taken = match reply.taken {
        Taken::Nothing => 0,
        Taken::AllButOneByte => length - 1,
        Taken::All => length,
    };
    stream.read_exact(&mut buffer[..taken]).unwrap();
    (reply.act)(&mut stream);
}

/// A user as the service answers it.
pub fn user(phone: &str) -> Value {
    json!({
        "id": "11111111-1111-4111-8111-111111111111", "projectId": crate::world::PROJECT, "type": "shared",
        "firstName": "Ada", "lastName": null, "email": null, "phoneNumber": phone,
        "assignedPhoneNumber": "+15550100", "meta": {}, "createdAt": "2026-05-01T12:00:00.000Z"
    })
}

/// An object with some of its fields replaced.
pub fn with(mut object: Value, fields: Value) -> Value {
    for (key, value) in fields.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

/// `data` of a list.
pub fn list(users: &[Value]) -> Value {
    json!({ "users": users, "total": users.len() })
}
