//! Time, the way to the service, and the service, in one thread and from one seed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::task::Poll;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};
use spectrum_cli::http::seam::{Clock, Later, Received, Request, Stop, Transport};
use spectrum_cli::http::{Error, transport};
use spectrum_cli::sandbox::SandboxOptions;
use spectrum_cli::sandbox::exchange::Head;
use spectrum_cli::sandbox::options::{DEFAULT_LINES, DEFAULT_PROJECT_ID, default_lines, default_project};
use spectrum_cli::sandbox::router::{Rest, Router};

use crate::history::{Act, End, Fault, History, Person};

/// One request's time-out.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// No wait is longer: a minute of backoff or of a 429, and a turn.
const LONGEST_WAIT: u64 = 62_000_000;
/// How long a run may hear of nothing but its rate: as long as it may wait in all, an answer that is late, and the way.
const LONGEST_SILENCE: u64 = 100_000_000;
/// No run is longer.
const LONGEST_RUN: u64 = 4 * 3600 * 1_000_000;
const PLACE: &str = "service.example";

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The wall clock at the beginning of every history, in microseconds.
const EPOCH: i64 = 1_790_000_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    Before,
    Other,
    Run(usize),
}

/// What is true of a user, whatever anybody was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    pub phone: String,
    pub line: Option<String>,
    pub fields: [Option<String>; 3],
    pub opted_in: bool,
    pub owner: bool,
    pub created: (Author, u64),
    pub deleted: Option<Author>,
}

impl Truth {
    pub fn is(&self, phone: &str, line: Option<&str>) -> bool {
        self.phone == phone && self.line.as_deref() == line
    }
}

/// What one run did and was told.
#[derive(Debug, Default)]
pub struct Deeds {
    pub starts: Vec<u64>,
    /// Whom it may delete: those of its plan; with those who may not be deleted once they are known to have opted in.
    pub planned: HashMap<String, bool>,
    pub known_to_have_opted_in: HashSet<String>,
    /// Whose creates and deletes were sent: a phone with its line, or an id. And when first.
    pub sent: HashMap<String, u64>,
    /// How often each was sent, and how often it may be.
    pub attempts: HashMap<String, u32>,
    /// When it was told to stop.
    pub stopped: Option<u64>,
    /// Until when nothing may start, since the service said so at some moment.
    pub paused: (u64, u64),
    /// The last record that a create was answered with, by the phone and line that it asked for.
    pub answered: HashMap<String, Value>,
}

struct Sent {
    run: usize,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<String>,
}

impl Sent {
    /// What a create asks for, or whom a delete means.
    fn means(&self) -> Option<String> {
        if self.method == Method::DELETE {
            return self.url.path_segments()?.rfind(|part| !part.is_empty()).map(str::to_owned);
        }
        let body: Value = serde_json::from_str(self.body.as_deref()?).ok()?;
        Some(meaning(body["phoneNumber"].as_str()?, body["assignedPhoneNumber"].as_str()))
    }
}

pub fn meaning(phone: &str, line: Option<&str>) -> String {
    format!("{phone}/{}", line.unwrap_or_default())
}

enum Event {
    Arrive { exchange: u64, sent: Arc<Sent>, fault: Option<Fault>, counts: bool },
    Answer { exchange: u64, sent: Arc<Sent>, answer: Result<Received, Error> },
    Wake,
}

struct Inner {
    history: History,
    rng: fastrand::Rng,
    now: u64,
    steps: u32,
    exchanges: u32,
    arrivals: u32,
    is_stormy: bool,
    /// Whether nobody else is at work, so that who waits lets time pass.
    is_alone: bool,
    run: usize,
    begun: u64,
    /// When the run last heard of anything but its rate.
    heard: u64,
    numbers: u64,
    events: BTreeMap<(u64, u64), Event>,
    slots: HashMap<u64, Option<Result<Received, Error>>>,
    progress: u64,
    broken: Option<String>,
    truths: HashMap<String, Truth>,
    deeds: Vec<Deeds>,
    touched: HashSet<String>,
    /// Whose row has come to its end in which run.
    done: HashMap<String, usize>,
    router: Arc<Service>,
}

/// One simulated world.
#[derive(Clone)]
pub struct World(Arc<Mutex<Inner>>);

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

/// A service, and the time that is over on its clock.
type Service = (Router, Mutex<Duration>);

thread_local! {
    /// Services are made once: each history begins with an empty one.
    static ROUTERS: std::cell::RefCell<HashMap<String, Arc<Service>>> = std::cell::RefCell::default();
}

fn router(history: &History) -> Arc<Service> {
    // A service that limits wants somebody who tries again.
    let limit = if history.retries < 4 { 0 } else { history.limit };
    let key = format!("{} {limit} {}", history.revision, history.seats);
    let found = ROUTERS.with_borrow_mut(|routers| {
        let fresh = || {
            let options = SandboxOptions {
                revision: history.revision,
                rate_limit: limit,
                projects: default_project(history.seats, default_lines()).into_iter().collect(),
                ..SandboxOptions::default()
            };
            let router = Router::new(&options).unwrap();
            // Nothing is planned anew for other values: half of a list's time.
            let stable = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
            router.state.store.read(|store| Ok(store.set_db_config(stable, true)?)).unwrap();
            Arc::new((router, Mutex::default()))
        };
        Arc::clone(routers.entry(key).or_insert_with(fresh))
    });
    let empty = ["DELETE FROM users", "DELETE FROM pairs", "DELETE FROM counts", "DELETE FROM blocks"];
    let emptied = found.0.state.store.write(|store| {
        for sql in empty {
            store.prepare_cached(sql)?.execute([])?;
        }
        Ok(())
    });
    emptied.unwrap();
    // The limiter forgets a second that is over: no history takes so long.
    *found.1.lock().unwrap() += Duration::from_secs(10 * 86_400);
    found
}

pub fn phone(of: u8) -> String {
    format!("+14155550{:03}", 100 + u32::from(of))
}

pub fn line(of: u8) -> String {
    DEFAULT_LINES[usize::from(of) % DEFAULT_LINES.len()].to_owned()
}

pub fn first(of: u8) -> String {
    ["Ann", "Bea", "Cyd"][usize::from(of) % 3].to_owned()
}

pub fn last(of: u8) -> String {
    ["Ax", "Bo", "Cu"][usize::from(of) % 3].to_owned()
}

pub fn email(of: u8) -> String {
    format!("p{of}@example.com")
}

fn body_of(person: &Person) -> String {
    let mut body = json!({
        "type": if person.line.is_some() { "dedicated" } else { "shared" },
        "phoneNumber": phone(person.phone),
        "firstName": person.first.map(first),
        "lastName": person.last.map(last),
        "email": person.email.map(email),
    });
    if let Some(number) = person.line {
        body["assignedPhoneNumber"] = line(number).into();
    }
    body.to_string()
}

impl World {
    pub fn new(history: &History, authorization: &str) -> Self {
        let mut inner = Inner {
            history: history.clone(),
            rng: fastrand::Rng::with_seed(history.seed),
            now: 0,
            steps: 0,
            exchanges: 0,
            arrivals: 0,
            is_stormy: true,
            is_alone: true,
            run: 0,
            begun: 0,
            heard: 0,
            numbers: 0,
            events: BTreeMap::new(),
            slots: HashMap::new(),
            progress: 0,
            broken: None,
            truths: HashMap::new(),
            deeds: Vec::new(),
            touched: HashSet::new(),
            done: HashMap::new(),
            router: router(history),
        };
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(authorization).unwrap())]);
        for user in &history.users {
            inner.make(user, &headers, Author::Before);
            // Far enough apart for any limit, and long ago.
            inner.now += 1_000_000;
        }
        inner.now += 100_000_000;
        Self(Arc::new(Mutex::new(inner)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// One of so many, as the seed has it.
    pub fn draw(&self, of: usize) -> usize {
        if of < 2 { 0 } else { self.lock().rng.usize(..of) }
    }

    /// Begins a run; its number.
    pub fn begin(&self) -> usize {
        let mut inner = self.lock();
        inner.run = inner.deeds.len();
        inner.deeds.push(Deeds::default());
        inner.now += 3_000_000;
        (inner.begun, inner.heard) = (inner.now, inner.now);
        inner.is_alone = true;
        inner.run
    }

    /// What a run may delete.
    pub fn plan(&self, planned: HashMap<String, bool>) {
        let mut inner = self.lock();
        let run = inner.run;
        inner.deeds[run].planned = planned;
    }

    /// Lets everything that is on its way arrive, and ends all trouble.
    pub fn calm(&self) {
        let mut inner = self.lock();
        while inner.step() {}
        inner.is_stormy = false;
        inner.now += 600_000_000;
    }

    pub fn truths(&self) -> HashMap<String, Truth> {
        self.lock().truths.clone()
    }

    pub fn with_deeds<T>(&self, run: usize, of: impl FnOnce(&Deeds) -> T) -> T {
        of(&self.lock().deeds[run])
    }

    pub fn truth(&self, id: &str) -> Option<Truth> {
        self.lock().truths.get(id).cloned()
    }

    /// The phones that somebody else has had a hand in.
    pub fn is_touched(&self, phone: &str) -> bool {
        self.lock().touched.contains(phone)
    }

    /// A run has told that a row came to its end.
    pub fn is_done(&self, means: String, run: usize) {
        self.lock().done.insert(means, run);
    }

    /// A law that was broken on the way.
    pub fn broken(&self) -> Option<String> {
        self.lock().broken.clone()
    }

    /// Carries a future to its end; none when the run is killed before.
    pub fn drive<T>(&self, future: impl Future<Output = T>, interrupt: impl Fn()) -> Result<Option<T>, String> {
        self.lock().is_alone = false;
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        loop {
            loop {
                let before = self.lock().progress;
                if let Poll::Ready(end) = future.as_mut().poll(&mut context) {
                    return Ok(Some(end));
                }
                if self.lock().progress == before {
                    break;
                }
            }
            let mut inner = self.lock();
            if !inner.step() {
                return Err("it hangs: everybody waits, and nothing will happen".to_owned());
            }
            if inner.now - inner.heard > LONGEST_SILENCE {
                return Err("a run that waits for its rate without end".to_owned());
            }
            if inner.now - inner.begun > LONGEST_RUN {
                return Err("a run that does not end".to_owned());
            }
            if let Some(broken) = &inner.broken {
                return Err(broken.clone());
            }
            let steps = inner.steps;
            let end = inner.history.ends.iter().find(|(at, _)| inner.is_stormy && *at == steps).map(|(_, end)| *end);
            drop(inner);
            match end {
                Some(End::Kill) => return Ok(None),
                Some(End::Interrupt) => {
                    let mut inner = self.lock();
                    let (run, now) = (inner.run, inner.now);
                    inner.deeds[run].stopped.get_or_insert(now);
                    drop(inner);
                    interrupt();
                }
                None => {}
            }
        }
    }
}

impl Inner {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn at(&mut self, time: u64, event: Event) {
        let number = self.number();
        self.events.insert((time, number), event);
    }

    fn way(&mut self) -> u64 {
        let longest = self.history.latency * 1000;
        self.rng.u64(longest / 4..=longest)
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp::from_microsecond(EPOCH + self.now as i64).unwrap()
    }

    fn service_time(&self) -> Timestamp {
        let ahead = self.history.ahead.unwrap_or(0) * 1000;
        Timestamp::from_microsecond(EPOCH + self.now as i64 + ahead).unwrap()
    }

    fn break_law(&mut self, law: String) {
        self.broken.get_or_insert(law);
    }

    /// Begins an exchange.
    fn send(&mut self, request: Request<'_>) -> u64 {
        let sent = Sent {
            run: self.run,
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.map(str::to_owned),
        };
        let exchange = self.number();
        self.slots.insert(exchange, None);
        let (now, run) = (self.now, sent.run);
        self.deeds[run].starts.push(now);
        let (said, until) = self.deeds[run].paused;
        if said < now && now < until {
            let law = format!("run {run} starts a request though the service wants a pause until {until}, at {now}");
            self.break_law(law);
        }
        if let Some(means) = sent.means() {
            self.judge(run, &sent.method, &means);
            self.deeds[run].sent.entry(means).or_insert(now);
        }
        let number = self.exchanges;
        self.exchanges += 1;
        let fault = self.history.faults.iter().find(|(at, _)| self.is_stormy && *at == number).map(|(_, fault)| *fault);
        let (there, sent) = (now + self.way(), Arc::new(sent));
        let failed = |why: Error| Event::Answer { exchange, sent: Arc::clone(&sent), answer: Err(why) };
        self.at(now + TIMEOUT.as_micros() as u64, failed(transport::no_answer(PLACE, TIMEOUT)));
        let arrive = |fault, counts| Event::Arrive { exchange, sent: Arc::clone(&sent), fault, counts };
        match fault {
            Some(Fault::NoConnection) => self.at(now, failed(transport::not_connected(PLACE, "connection refused"))),
            Some(Fault::LoseRequest) => self.at(there, failed(transport::broken(PLACE, "reset"))),
            Some(Fault::LateRequest(seconds)) => self.at(there + u64::from(seconds) * 1_000_000, arrive(fault, true)),
            Some(Fault::Twice) => {
                self.at(there, arrive(fault, false));
                let again = there + self.way();
                self.at(again, arrive(fault, true));
            }
            _ => self.at(there, arrive(fault, true)),
        }
        exchange
    }

    /// Begins a wait; nobody is woken to the moment.
    fn sleep(&mut self, until: u64) -> u64 {
        if until.saturating_sub(self.now) > LONGEST_WAIT {
            let law = format!("a wait of {} s", (until - self.now) / 1_000_000);
            self.break_law(law);
        }
        let until = until + self.rng.u64(0..2000);
        self.at(until, Event::Wake);
        until
    }

    /// Whether a run may create or delete this user now.
    fn judge(&mut self, run: usize, method: &Method, means: &str) {
        let now = self.now;
        let is_delete = method == Method::DELETE;
        // A replacement asks before it deletes, and makes the user afterwards.
        let calls = if is_delete || !self.history.replace { 1 } else { 2 };
        let attempts = self.deeds[run].attempts.entry(means.to_owned()).or_default();
        *attempts += 1;
        if *attempts > calls * (self.history.retries + 1) {
            let law = format!("run {run} sends {means} for the {attempts}th time");
            self.break_law(law);
        }
        let deeds = &self.deeds[run];
        let begins = is_delete || !deeds.sent.contains_key(means);
        if begins && deeds.stopped.is_some_and(|stopped| stopped < now) {
            self.break_law(format!("run {run} begins something after it was told to stop: {method} {means}"));
        }
        if is_delete {
            self.judge_delete(run, means);
        }
    }

    /// Whether a run may delete this user.
    fn judge_delete(&mut self, run: usize, id: &str) {
        let deeds = &self.deeds[run];
        let law = match deeds.planned.get(id) {
            None => Some("deletes a user who was not planned to be"),
            Some(false) if deeds.known_to_have_opted_in.contains(id) => {
                Some("deletes a user who is known to have opted in")
            }
            Some(_) if self.truths.get(id).is_some_and(|truth| truth.owner) => Some("deletes the owner"),
            Some(_) => None,
        };
        if let Some(law) = law {
            self.break_law(format!("run {run} {law}: {:?}", self.truths.get(id)));
        }
    }

    /// The next thing happens; false when nothing will.
    fn step(&mut self) -> bool {
        let Some(((time, _), event)) = self.events.pop_first() else { return false };
        self.now = self.now.max(time);
        match event {
            Event::Wake => {}
            Event::Answer { exchange, sent, answer } => {
                if let Some(slot @ None) = self.slots.get_mut(&exchange) {
                    *slot = Some(answer.clone());
                    self.hear(&sent, &answer);
                } else {
                    // Nobody waits for it any more.
                    return true;
                }
            }
            Event::Arrive { exchange, sent, fault, counts } => {
                let answer = self.arrive(&sent, fault);
                let mut back = self.now + self.way();
                if let Some(Fault::LateAnswer(seconds)) = fault {
                    back += u64::from(seconds) * 1_000_000;
                }
                if counts {
                    self.at(back, Event::Answer { exchange, sent, answer });
                }
            }
        }
        if self.is_stormy {
            self.steps += 1;
        }
        true
    }

    /// What a run learns from an answer.
    fn hear(&mut self, sent: &Sent, answer: &Result<Received, Error>) {
        let is_rate = |received: &Received| received.status == StatusCode::TOO_MANY_REQUESTS;
        if !answer.as_ref().is_ok_and(is_rate) {
            self.heard = self.now;
        }
        let Ok(received) = answer else { return };
        if is_rate(received) {
            let asked = received.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let until = self.now + asked.unwrap_or(1_u64).min(60) * 1_000_000;
            let paused = &mut self.deeds[sent.run].paused;
            if until > paused.1 {
                *paused = (self.now, until);
            }
        }
        let (Some(means), true) = (sent.means(), received.status.is_success()) else { return };
        let Ok(mut body) = serde_json::from_str::<Value>(&received.body) else { return };
        if sent.method == Method::POST && body["succeed"] == true {
            let user = body["data"].take();
            let deeds = &mut self.deeds[sent.run];
            if user["meta"]["opt_in"] == true {
                deeds.known_to_have_opted_in.extend(user["id"].as_str().map(str::to_owned));
            }
            deeds.answered.insert(means, user);
        }
    }

    /// A request arrives.
    fn arrive(&mut self, sent: &Sent, fault: Option<Fault>) -> Result<Received, Error> {
        if self.is_stormy {
            let number = self.arrivals;
            self.arrivals += 1;
            let acts: Vec<Act> =
                self.history.others.iter().filter(|(at, _)| *at == number).map(|(_, act)| *act).collect();
            acts.into_iter().for_each(|act| self.act(act, &sent.headers));
        }
        let made = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            Received { status, headers: HeaderMap::new(), body: body.to_owned() }
        };
        let refused = |status| made(status, r#"{"succeed":false,"data":null,"code":"FAULT","message":"no"}"#);
        let closed = self.history.closed.filter(|(from, _)| self.is_stormy && self.arrivals > *from);
        match fault.or(closed.map(|(_, seconds)| Fault::Refused(429, Some(seconds)))) {
            Some(Fault::Refused(status, after)) => {
                let mut refused = refused(status);
                refused.headers.extend(after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
                return Ok(refused);
            }
            Some(Fault::Page(status)) => return Ok(made(status, "<html>a page</html>")),
            _ => {}
        }
        let done = self.serve(sent, Author::Run(sent.run));
        match fault {
            Some(Fault::LoseAnswer) => Err(transport::broken(PLACE, "reset")),
            Some(Fault::FailedAfter) => Ok(refused(502)),
            Some(Fault::Garbage) => Ok(made(200, "{\"succeed\":tru\u{0}\u{1} garbage")),
            Some(Fault::Cut) if done.status.is_success() => Err(transport::broken_off(PLACE, "end of file")),
            Some(Fault::CutText) => Ok(Received { body: done.body[..done.body.len() / 2].to_owned(), ..done }),
            _ => Ok(done),
        }
    }

    /// The service at work, and what becomes true by it.
    fn serve(&mut self, sent: &Sent, author: Author) -> Received {
        let (router, base) = &*Arc::clone(&self.router);
        let base = *base.lock().unwrap();
        let head = Head {
            method: &sent.method,
            path: sent.url.path(),
            authorization: sent.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes),
            uptime: base + Duration::from_micros(self.now),
        };
        let answer = match router.admit(&head) {
            Err(refusal) => refusal,
            Ok(admitted) => {
                let content_type = sent.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let body = sent.body.as_deref().unwrap_or_default().as_bytes();
                let now = self.service_time();
                router.carry_out(&admitted, &Rest { query: sent.url.query(), content_type, body, now })
            }
        };
        let body = String::from_utf8(answer.body).unwrap();
        if answer.status.is_success() && sent.method != Method::GET {
            let told: Value = serde_json::from_str(&body).unwrap();
            if sent.method == Method::POST { self.made(&told["data"], author) } else { self.deleted(sent, author) }
        }
        let mut headers = HeaderMap::from_iter(answer.headers);
        let date = self.service_time().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        headers.insert(DATE, HeaderValue::from_str(&date).unwrap());
        Received { status: answer.status, headers, body }
    }

    fn made(&mut self, user: &Value, author: Author) {
        let text = |name: &str| user[name].as_str().map(str::to_owned);
        let (id, now) = (text("id").unwrap(), self.now);
        let assigned = text("assignedPhoneNumber");
        let line = assigned.filter(|assigned| DEFAULT_LINES.contains(&assigned.as_str()));
        let fields = ["firstName", "lastName", "email"].map(text);
        let truth = self.truths.entry(id).or_insert_with(|| Truth {
            phone: text("phoneNumber").unwrap(),
            line,
            fields: fields.clone(),
            opted_in: false,
            owner: false,
            created: (author, now),
            deleted: None,
        });
        truth.fields = fields;
    }

    fn deleted(&mut self, sent: &Sent, author: Author) {
        let truth = sent.means().and_then(|id| self.truths.get_mut(&id)).unwrap();
        truth.deleted = Some(author);
        // A delete that was on its way all the while: no later run can have known.
        let means = meaning(&truth.phone, truth.line.as_deref());
        if self.done.get(&means).is_some_and(|done| Author::Run(*done) != author) {
            self.touched.insert(truth.phone.clone());
        }
        if let (true, Author::Run(run)) = (truth.owner, author) {
            let law = format!("run {run} has deleted the owner");
            self.break_law(law);
        }
    }

    fn make(&mut self, person: &Person, headers: &HeaderMap, author: Author) {
        let url = format!("https://{PLACE}/projects/{DEFAULT_PROJECT_ID}/users/").parse().unwrap();
        let (method, body) = (Method::POST, Some(body_of(person)));
        let sent = Sent { run: 0, method, url, headers: headers.clone(), body };
        self.serve(&sent, author);
        let (phone, line) = (phone(person.phone), person.line.map(line));
        if author == Author::Before {
            let found = self.truths.iter_mut().find(|(_, truth)| truth.is(&phone, line.as_deref()));
            let Some((id, truth)) = found else { return };
            (truth.opted_in, truth.owner) = (person.opted_in, person.owner);
            let (id, sql) = (id.clone(), "UPDATE users SET opt_in = ?, owner = ? WHERE id = ?");
            let values = (person.opted_in, person.owner, id);
            let written =
                self.router.0.state.store.write(|store| Ok(store.prepare_cached(sql)?.execute(values.clone())?));
            assert_eq!(written.ok(), Some(1));
        }
    }

    /// Somebody else does something.
    fn act(&mut self, act: Act, headers: &HeaderMap) {
        let of = match act {
            Act::Create(person) => person.phone,
            Act::Rename(of, _) | Act::Delete(of) | Act::OptIn(of) => of,
        };
        let phone = phone(of);
        self.touched.insert(phone.clone());
        if let Act::Create(person) = act {
            // By e-mail they may meet somebody else.
            let touched: Vec<String> = person.email.into_iter().map(email).collect();
            let met =
                self.truths.values().filter(|truth| truth.fields[2].as_ref().is_some_and(|e| touched.contains(e)));
            let met: Vec<String> = met.map(|truth| truth.phone.clone()).collect();
            self.touched.extend(met);
            self.make(&person, headers, Author::Other);
            return;
        }
        let now = self.service_time().as_millisecond();
        let ids: Vec<String> = self
            .truths
            .iter()
            .filter(|(_, truth)| truth.deleted.is_none() && truth.phone == phone && !truth.owner)
            .map(|(id, _)| id.clone())
            .collect();
        for id in ids {
            let truth = self.truths.get_mut(&id).unwrap();
            let written = self.router.0.state.store.write(|store| {
                Ok(match act {
                    Act::Rename(_, to) => {
                        store.execute("UPDATE users SET first_name = ? WHERE id = ?", (first(to), &id))?
                    }
                    Act::Delete(_) => store.execute("UPDATE users SET deleted_ms = ? WHERE id = ?", (now, &id))?,
                    _ => store.execute("UPDATE users SET opt_in = 1 WHERE id = ?", [&id])?,
                })
            });
            assert_eq!(written.ok(), Some(1));
            match act {
                Act::Rename(_, to) => truth.fields[0] = Some(first(to)),
                Act::Delete(_) => truth.deleted = Some(Author::Other),
                _ => truth.opted_in = true,
            }
        }
    }
}

/// A request whose sender may be gone before its answer.
struct Waiting {
    world: World,
    exchange: u64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.world.lock().slots.remove(&self.exchange);
    }
}

impl Transport for World {
    fn exchange<'a>(&'a self, request: Request<'a>) -> Later<'a, Result<Received, Error>> {
        Box::pin(async move {
            let waiting = Waiting { world: self.clone(), exchange: self.lock().send(request) };
            std::future::poll_fn(|_| {
                let mut inner = self.lock();
                loop {
                    if let Some(answer) = inner.slots.get_mut(&waiting.exchange).and_then(Option::take) {
                        inner.progress += 1;
                        return Poll::Ready(answer);
                    }
                    if !inner.is_alone || !inner.step() {
                        return Poll::Pending;
                    }
                }
            })
            .await
        })
    }
}

impl Clock for World {
    fn now(&self) -> Instant {
        *ORIGIN + Duration::from_micros(self.lock().now)
    }

    fn timestamp(&self) -> Timestamp {
        self.lock().timestamp()
    }

    fn wait<'a>(&'a self, until: Instant, stop: Option<&'a Stop>) -> Later<'a, ()> {
        Box::pin(async move {
            let until = self.lock().sleep(u64::try_from((until - *ORIGIN).as_nanos().div_ceil(1000)).unwrap());
            std::future::poll_fn(|_| {
                let mut inner = self.lock();
                while inner.is_alone && inner.now < until {
                    inner.step();
                }
                if inner.now >= until || stop.is_some_and(Stop::is_told) {
                    inner.progress += 1;
                    return Poll::Ready(());
                }
                Poll::Pending
            })
            .await;
        })
    }
}
