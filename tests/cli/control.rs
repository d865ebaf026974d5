//! The control plane of the sandbox: who may ask, what is seen, what is changed, and what is refused.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET, SandboxOptions};
use spectrum_cli::sandbox::{self, Running};

use crate::http::{self, Reply};

const PHONE: &str = "+14155550123";
const MARK: &str = "X-Sandbox: 1\r\n";

/// A sandbox in this process.
struct Bench(Running);

impl Bench {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let mut options = SandboxOptions::default();
        change(&mut options);
        Self(sandbox::start(&options, None).unwrap())
    }

    fn host(&self) -> &str {
        self.0.url.strip_prefix("http://").unwrap()
    }

    /// Sends a request with these headers beside `Host`.
    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let host = self.host();
        self.send_to(host, method, path, headers, body)
    }

    fn send_to(&self, host: &str, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        http::raw(&self.0.url, request.as_bytes()).unwrap()
    }

    /// Asks the control plane; status and body.
    fn control(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let reply = self.send(method, &format!("/_sandbox/{path}"), MARK, body);
        (reply.status, reply.json())
    }

    /// Asks the control plane for something that it gives.
    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let (status, body) = self.control("GET", path, "");
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Asks the API below the project's path; none when there is no answer.
    fn try_ask(&self, method: &str, path: &str, body: Option<Value>) -> Option<Reply> {
        let url = format!("{}/projects/{DEFAULT_PROJECT_ID}{path}", self.0.url);
        let authorization = http::basic(DEFAULT_PROJECT_ID, DEFAULT_SECRET);
        http::try_send(method, &url, Some(&authorization), body.map(|body| body.to_string()).as_deref())
    }

    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.try_ask(method, path, body).unwrap()
    }

    fn register(&self, phone: &str) -> Value {
        let reply = self.ask("POST", "/users/", Some(json!({ "type": "shared", "phoneNumber": phone })));
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["data"].clone()
    }

    /// Listens to the events.
    fn listen(&self) -> BufReader<TcpStream> {
        let mut stream = http::connect(&self.0.url);
        let host = self.host();
        write!(stream, "GET /_sandbox/events HTTP/1.1\r\nHost: {host}\r\n{MARK}\r\n").unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut stream = BufReader::new(stream);
        // Whoever has this hears everything from now on.
        assert!(lines_until(&mut stream, ": listening").iter().any(|line| line.contains("text/event-stream")));
        stream
    }
}

/// The lines up to the one that begins so.
fn lines_until(stream: &mut impl std::io::BufRead, begin: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "it ended before {begin:?}: {lines:?}");
        lines.push(line.trim_end().to_owned());
        if lines.last().unwrap().starts_with(begin) {
            return lines;
        }
    }
}

/// The next event: its name and its data.
fn event(stream: &mut impl std::io::BufRead) -> (String, Value) {
    let name = lines_until(stream, "event: ").pop().unwrap()["event: ".len()..].to_owned();
    let data = lines_until(stream, "data: ").pop().unwrap();
    (name, serde_json::from_str(&data["data: ".len()..]).unwrap())
}

#[test]
fn only_who_is_on_this_machine_is_heard() {
    let bench = Bench::new();
    bench.register(PHONE);
    let foreign = [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "http://localhost",
        &format!("https://{}", bench.host()),
    ];
    let calls = [
        ("GET", "connect", ""),
        ("GET", "requests", ""),
        ("DELETE", "requests", ""),
        ("GET", "events", ""),
        ("GET", "deliveries", ""),
        ("POST", "deliveries/x/redeliver", ""),
        ("POST", "messages", r#"{"from":"+14155550123"}"#),
        ("GET", "faults", ""),
        ("PUT", "faults", r#"{"faults":["503:1"]}"#),
        ("POST", "reset", ""),
        ("OPTIONS", "reset", ""),
        ("GET", "nothing", ""),
    ];
    for (method, path, body) in calls {
        let path = format!("/_sandbox/{path}");
        for headers in ["", "X-Sandbox: 0\r\n", "X-Sandbox:\r\n"] {
            let reply = bench.send(method, &path, headers, body);
            assert_eq!(reply.status, 403, "{method} {path} {headers:?}");
            assert_eq!((&reply.json()["succeed"], &reply.json()["code"]), (&json!(false), &json!("403")));
        }
        for origin in foreign {
            let reply = bench.send(method, &path, &format!("{MARK}Origin: {origin}\r\n"), body);
            assert_eq!(reply.status, 403, "{method} {path} from {origin}");
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
        assert_eq!(bench.send_to("evil.example", method, &path, MARK, body).status, 403, "{method} {path}");
    }
    // Nothing of it was done.
    assert_eq!(bench.get("faults"), json!({ "faults": [], "latency": null, "seed": null }));
    assert_eq!(bench.get("requests").as_array().unwrap().len(), 1);
    let listed = bench.ask("GET", "/users/", None).json();
    assert_eq!(listed["data"]["users"][0]["meta"], json!({}));
    // The page's own calls carry its origin.
    let own = format!("{MARK}Origin: http://{}\r\n", bench.host());
    assert_eq!(bench.send("GET", "/_sandbox/connect", &own, "").status, 200);
}

#[test]
fn health_needs_no_header_and_tells_nothing_to_a_page_elsewhere() {
    let bench = Bench::new();
    let reply = bench.send("GET", "/_sandbox/health", "", "");
    let health = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION"), "revision": "2026-06", "projects": 1 });
    assert_eq!((reply.status, reply.json()), (200, health));
    assert_eq!(reply.header("cache-control").as_deref(), Some("no-store"));
    for headers in ["Origin: https://evil.example\r\n", "X-Sandbox: 1\r\nOrigin: null\r\n"] {
        assert_eq!(bench.send("GET", "/_sandbox/health", headers, "").status, 403, "{headers:?}");
    }
    assert_eq!(bench.send_to("evil.example", "GET", "/_sandbox/health", "", "").status, 403);
}

#[test]
fn connect_tells_where_and_how_in_the_words_of_who_asks() {
    let bench = Bench::new();
    let projects = json!([{ "id": DEFAULT_PROJECT_ID, "secret": DEFAULT_SECRET }]);
    assert_eq!(bench.get("connect"), json!({ "url": bench.0.url, "projects": projects }));
    let host = bench.host().replace("127.0.0.1", "localhost");
    let reply = bench.send_to(&host, "GET", "/_sandbox/connect", MARK, "");
    assert_eq!(reply.json()["url"], format!("http://{host}"));
}

#[test]
fn what_is_malformed_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    let before = json!({ "faults": ["503:0.5"], "latency": "1ms", "seed": 7 });
    assert_eq!(bench.control("PUT", "faults", &before.to_string()), (200, before.clone()));
    for body in [
        "",
        "{",
        "[]",
        "7",
        r#""503:1""#,
        r#"{"faults":"503:1"}"#,
        r#"{"faults":[503]}"#,
        r#"{"faults":["503"]}"#,
        r#"{"faults":["503:2"]}"#,
        r#"{"faults":["200:0.1"]}"#,
        r#"{"faults":["503:0.7","drop:0.7"]}"#,
        r#"{"faults":[],"latency":7}"#,
        r#"{"faults":[],"latency":"2s..1s"}"#,
        r#"{"faults":[],"seed":-1}"#,
        r#"{"faults":[],"seed":"7"}"#,
        r#"{"fault":["503:1"]}"#,
        "{\"faults\":[\"\u{fffd}\"]}",
    ] {
        let (status, answer) = bench.control("PUT", "faults", body);
        assert!(matches!(status, 400 | 422), "{body}: {status}");
        assert_eq!((&answer["succeed"], &answer["data"]), (&json!(false), &Value::Null), "{body}");
        assert!(answer["message"].is_string() && answer["code"].is_string(), "{answer}");
        assert_eq!(bench.get("faults"), before, "{body}");
    }
    for (method, path, status) in [
        ("GET", "requests?limit=0", 422),
        ("GET", "requests?limit=x", 422),
        ("GET", "requests?after=-1", 422),
        ("GET", "requests?after=1&after=2", 422),
        ("GET", "deliveries?limit=0", 422),
        ("POST", "deliveries/unknown/redeliver", 404),
        ("POST", "deliveries//redeliver", 404),
        ("POST", "requests", 404),
        ("PATCH", "faults", 404),
        ("GET", "", 404),
        ("GET", "reset", 404),
        ("GET", "nothing", 404),
    ] {
        assert_eq!(bench.control(method, path, "").0, status, "{method} {path}");
    }
    let long = "x".repeat(2 << 20);
    assert_eq!(bench.control("PUT", "faults", &long).0, 413);
    assert_eq!(bench.get("faults"), before);
}

#[test]
fn the_journal_tells_what_was_asked_and_answered() {
    let bench = Bench::new();
    let user = bench.register(PHONE);
    bench.ask("GET", "/users/?search=%2B1415&limit=5", None);
    bench.send("GET", "/nowhere", "", "");
    let entries = bench.get("requests");
    let entries = entries.as_array().unwrap();
    let keys: Vec<&str> = entries[0].as_object().unwrap().keys().map(String::as_str).collect();
    let mut documented = ["seq", "at", "method", "path", "query", "status", "ms", "fault", "request", "response"];
    documented.sort_unstable();
    assert_eq!(keys, documented);
    assert_eq!(entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    let path = format!("/projects/{DEFAULT_PROJECT_ID}/users/");
    let text = |entry: &Value, field: &str| serde_json::from_str::<Value>(entry[field].as_str().unwrap()).unwrap();
    assert_eq!((&entries[0]["method"], &entries[0]["path"]), (&json!("POST"), &json!(path)));
    assert_eq!(
        (&entries[0]["status"], &entries[0]["query"], &entries[0]["fault"]),
        (&json!(200), &Value::Null, &Value::Null)
    );
    assert_eq!(text(&entries[0], "request"), json!({ "type": "shared", "phoneNumber": PHONE }));
    assert_eq!(text(&entries[0], "response")["data"], user);
    assert_eq!((&entries[1]["query"], &entries[1]["request"]), (&json!("search=%2B1415&limit=5"), &Value::Null));
    assert_eq!(
        (&entries[2]["status"], text(&entries[2], "response")["code"].clone()),
        (&json!(404), json!("NOT_FOUND"))
    );
    assert!(entries[0]["at"].as_str().unwrap().ends_with('Z') && entries[0]["ms"].is_u64());
    // What the tests themselves ask is not in it.
    assert_eq!(bench.get("requests").as_array().unwrap().len(), 3);
    let seqs = |query: &str| {
        let page = bench.get(&format!("requests{query}"));
        page.as_array().unwrap().iter().map(|entry| entry["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(seqs("?limit=2"), [2, 3]);
    assert_eq!(seqs("?after=0&limit=2"), [1, 2]);
    assert_eq!(seqs("?after=2"), [3]);
    assert_eq!(seqs("?after=3"), [0; 0]);
    assert_eq!(bench.control("DELETE", "requests", ""), (200, json!({ "forgotten": 3 })));
    assert_eq!(seqs(""), [0; 0]);
    bench.ask("GET", "/users/", None);
    assert_eq!(seqs(""), [4]);
}

#[test]
fn no_credential_is_in_the_journal_whatever_was_sent() {
    let bench = Bench::new();
    let made = bench.ask("POST", "/webhooks/", Some(json!({ "webhookUrl": "http://127.0.0.1:1/" }))).json();
    let token = http::basic(DEFAULT_PROJECT_ID, DEFAULT_SECRET).replace("Basic ", "");
    let body = json!({ "type": "shared", "phoneNumber": PHONE, "firstName": DEFAULT_SECRET, "lastName": token });
    bench.ask("POST", &format!("/users/?key={DEFAULT_SECRET}"), Some(body));
    bench.send("GET", &format!("/nowhere/{DEFAULT_SECRET}"), &format!("Authorization: Basic {token}\r\n"), "");
    let mut stream = bench.listen();
    bench.ask("GET", "/users/", None);
    let (name, heard) = event(&mut stream);
    assert_eq!(name, "request");
    let told = bench.get("requests").to_string() + &heard.to_string() + &bench.get("deliveries").to_string();
    let secrets = ["signingSecret", "standardSigningSecret"].map(|name| made["data"][name].as_str().unwrap());
    for secret in secrets.into_iter().chain([DEFAULT_SECRET, &token, "uthorization"]) {
        assert!(secret.len() > 10 && !told.contains(secret), "{secret}");
    }
    assert!(told.contains("[redacted]"));
}

#[test]
fn a_long_body_is_cut_and_the_journal_has_its_length() {
    let bench = Bench::with(|options| options.journal = 5);
    let body = json!({ "type": "shared", "phoneNumber": PHONE, "firstName": "é".repeat(50_000) });
    bench.ask("POST", "/users/", Some(body));
    for _ in 0..6 {
        bench.send("GET", "/nowhere", "", "");
    }
    bench.ask("GET", "/users/", None);
    let entries = bench.get("requests");
    assert_eq!(entries.as_array().unwrap().len(), 5);
    let response = entries[4]["response"].as_str().unwrap();
    assert!((65_530..=65_536).contains(&response.len()) && response.contains("éé"), "{}", response.len());
}

#[test]
fn faults_are_set_met_and_taken_back_while_it_runs() {
    let bench = Bench::new();
    let set = json!({ "faults": ["503:1", "delivery-twice:0.5"], "latency": "1ms..2ms", "seed": null });
    assert_eq!(bench.control("PUT", "faults", &set.to_string()), (200, set.clone()));
    assert_eq!(bench.get("faults"), set);
    assert_eq!(bench.ask("GET", "/users/", None).status, 503);
    assert_eq!(bench.control("PUT", "faults", r#"{"faults":["drop:1"]}"#).0, 200);
    assert!(bench.try_ask("GET", "/users/", None).is_none());
    assert_eq!(bench.control("PUT", "faults", "{}"), (200, json!({ "faults": [], "latency": null, "seed": null })));
    assert_eq!(bench.ask("GET", "/users/", None).status, 200);
    let told = bench.get("requests");
    let told: Vec<_> = told.as_array().unwrap().iter().map(|entry| (&entry["status"], &entry["fault"])).collect();
    let (none, ok) = (&Value::Null, &json!(200));
    assert_eq!(told, [(&json!(503), &json!("503")), (none, &json!("drop")), (ok, none)]);
    // A seed gives the same sequence each time it is set, whatever came before.
    let sequence = || {
        bench.control("PUT", "faults", r#"{"faults":["500:0.5"],"seed":7}"#);
        (0..20).map(|_| bench.ask("GET", "/users/", None).status).collect::<Vec<_>>()
    };
    let first = sequence();
    assert!(first.contains(&500) && first.contains(&200));
    assert_eq!(sequence(), first);
}

#[test]
fn a_request_that_hangs_is_told_of_while_it_does() {
    let bench = Bench::with(|options| options.faults.rules = vec!["hang:1".parse().unwrap()]);
    let mut events = bench.listen();
    let mut hanging = http::connect(&bench.0.url);
    write!(hanging, "GET /hanging HTTP/1.1\r\nHost: {}\r\n\r\n", bench.host()).unwrap();
    let (name, told) = event(&mut events);
    let told = (&told["path"], &told["fault"], &told["status"]);
    assert_eq!((name.as_str(), told), ("request", (&json!("/hanging"), &json!("hang"), &Value::Null)));
}

#[test]
fn a_reset_goes_back_to_where_it_began() {
    let bench = Bench::with(|options| options.ids = Some(7));
    let begin = |bench: &Bench| {
        let user = bench.register(PHONE);
        let made = bench.ask("POST", "/webhooks/", Some(json!({ "webhookUrl": "http://127.0.0.1:1/" }))).json();
        let sent = bench.control("POST", "messages", &json!({ "from": PHONE }).to_string()).1;
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        let secret = made["data"]["signingSecret"].as_str().unwrap().to_owned();
        (id(&user), user["assignedPhoneNumber"].clone(), id(&made["data"]), secret, id(&sent["deliveries"][0]))
    };
    let first = begin(&bench);
    bench.control("PUT", "faults", r#"{"faults":["delivery-lost:1"]}"#);
    bench.ask("PATCH", "/profile/", Some(json!({ "firstName": "Ada" })));
    assert_eq!(bench.control("POST", "reset", ""), (200, json!({ "deletedUsers": 1, "users": 0 })));
    assert_eq!(bench.get("requests"), json!([]));
    assert_eq!(bench.get("faults")["faults"], json!([]));
    assert_eq!(bench.ask("GET", "/users/", None).json()["data"]["users"], json!([]));
    assert_eq!(bench.ask("GET", "/webhooks/", None).json()["data"], json!([]));
    assert_eq!(bench.ask("GET", "/profile/", None).json()["data"]["firstName"], Value::Null);
    assert_eq!(begin(&bench), first);
    assert_eq!(begin(&Bench::with(|options| options.ids = Some(7))), first);
    assert_ne!(begin(&Bench::with(|options| options.ids = Some(8))).0, first.0);
}

#[test]
fn who_listens_hears_of_requests_users_and_deliveries() {
    let bench = Bench::with(|options| options.deliveries.speed = 1000.0);
    let mut events = bench.listen();
    let user = bench.register(PHONE);
    let changed = |change: &str| json!({ "change": change, "projectId": DEFAULT_PROJECT_ID, "userId": user["id"] });
    assert_eq!(event(&mut events), ("users".to_owned(), changed("created")));
    let (name, request) = event(&mut events);
    assert_eq!((name.as_str(), &request), ("request", &bench.get("requests")[0]));
    bench.ask("POST", "/webhooks/", Some(json!({ "webhookUrl": "http://127.0.0.1:1/" })));
    assert_eq!(event(&mut events).0, "request");
    bench.control("POST", "messages", &json!({ "from": PHONE }).to_string());
    let mut names = Vec::new();
    loop {
        let (name, data) = event(&mut events);
        names.push(name);
        match names.last().unwrap().as_str() {
            "users" => assert_eq!(data, changed("optedIn")),
            _ if data["outcome"] == "gave_up" => break,
            _ => assert_eq!(data["outcome"], "retrying"),
        }
    }
    assert_eq!(names.iter().filter(|name| *name == "users").count(), 1);
    assert_eq!(names.iter().filter(|name| *name == "delivery").count(), 6);
    bench.ask("DELETE", &format!("/users/{}/", user["id"].as_str().unwrap()), None);
    assert_eq!(event(&mut events), ("users".to_owned(), changed("deleted")));
    event(&mut events);
    bench.control("PUT", "faults", "{}");
    assert_eq!(event(&mut events).0, "faults");
    bench.control("POST", "reset", "");
    assert_eq!(event(&mut events).0, "reset");
    // The end of the server is theirs.
    drop(bench);
    let mut rest = String::new();
    events.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n") && !rest.contains("event"), "{rest:?}");
}

#[test]
fn a_listener_that_never_reads_is_dropped_and_holds_nobody_up() {
    let bench = Bench::new();
    let mut slow = bench.listen();
    let idle: Vec<_> = (0..200).map(|_| bench.listen()).collect();
    drop(idle);
    let body = json!({ "type": "shared", "phoneNumber": PHONE, "firstName": "x".repeat(60_000) });
    // More than the system keeps for a connection, and the sandbox for a listener.
    for _ in 0..300 {
        assert_eq!(bench.ask("POST", "/users/", Some(body.clone())).status, 200);
    }
    let mut heard = Vec::new();
    // It ends, whole or cut; it does not go on.
    let _ = slow.read_to_end(&mut heard);
    let count = String::from_utf8_lossy(&heard).matches("event: request").count();
    assert!(count < 300, "{count}");
    assert_eq!(bench.get("requests?limit=1")[0]["seq"], 300);
}
