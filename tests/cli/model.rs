//! The rules against a second, simpler telling of them: random requests, answered by both.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};
use spectrum_cli::sandbox::exchange::Head;
use spectrum_cli::sandbox::options::{SandboxOptions, SandboxProject};
use spectrum_cli::sandbox::revision::Revision;
use spectrum_cli::sandbox::router::{Rest, Router};

use crate::http;

const SEATS: u32 = 4;
const POOL: usize = 3;
const LINES: [[&str; 2]; 2] = [["+19175550101", "+19175550102"], ["+19175550103", "+19175550104"]];
const IDS: [&str; 2] = ["3c90c3cc-0d44-4b50-8888-8dd25736052a", "00000000-0000-0000-0000-000000000000"];

#[derive(Debug, Clone)]
enum Op {
    Shared { project: usize, phone: u8, email: Option<u8>, name: Option<u8> },
    Dedicated { project: usize, phone: u8, line: usize },
    Delete { project: usize, user: usize },
    Get { project: usize, user: usize },
    List { project: usize, limit: Option<u32>, offset: u32, shared: Option<bool> },
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    id: String,
    project: usize,
    line: Option<usize>,
    phone: u8,
    email: Option<u8>,
    name: Option<u8>,
    assigned: String,
    deleted: bool,
}

fn op() -> impl Strategy<Value = Op> {
    let project = 0usize..2;
    let maybe = || proptest::option::of(0u8..3);
    prop_oneof![
        4 => (project.clone(), 0u8..6, maybe(), maybe())
            .prop_map(|(project, phone, email, name)| Op::Shared { project, phone, email, name }),
        2 => (project.clone(), 0u8..6, 0usize..3)
            .prop_map(|(project, phone, line)| Op::Dedicated { project, phone, line }),
        2 => (project.clone(), any::<usize>()).prop_map(|(project, user)| Op::Delete { project, user }),
        1 => (project.clone(), any::<usize>()).prop_map(|(project, user)| Op::Get { project, user }),
        1 => (project, proptest::option::of(1u32..4), 0u32..3, proptest::option::of(any::<bool>()))
            .prop_map(|(project, limit, offset, shared)| Op::List { project, limit, offset, shared }),
    ]
}

fn phone(n: u8) -> String {
    format!("+1415555012{n}")
}

fn email(n: u8) -> String {
    format!("person{n}@example.com")
}

fn name(n: u8) -> String {
    format!("Name {n}")
}

/// The rules once more, on a plain vector.
#[derive(Default)]
struct Model {
    rows: Vec<Row>,
}

enum Verdict {
    Refused(u16),
    /// The row at this place, which may be one past the end: then it is new.
    Row(usize),
}

impl Model {
    fn active(&self, project: usize) -> impl Iterator<Item = (usize, &Row)> {
        self.rows.iter().enumerate().filter(move |(_, row)| row.project == project && !row.deleted)
    }

    fn shared(&mut self, revision: Revision, project: usize, who: u8, mail: Option<u8>, named: Option<u8>) -> Verdict {
        let shared = |row: &Row| row.line.is_none();
        let by_phone = self.active(project).find(|(_, row)| shared(row) && row.phone == who).map(|(at, _)| at);
        let by_email = || self.active(project).find(|(_, row)| shared(row) && mail.is_some() && row.email == mail);
        let found = match revision {
            Revision::May2026 | Revision::June2026 => by_phone.or_else(|| by_email().map(|(at, _)| at)),
            Revision::September2026 => by_phone,
        };
        if let Some(at) = found {
            if revision == Revision::September2026 {
                let row = &mut self.rows[at];
                row.email = mail.or(row.email);
                row.name = named.or(row.name);
            }
            return Verdict::Row(at);
        }
        if self.active(project).filter(|(_, row)| shared(row)).count() >= SEATS as usize {
            return Verdict::Refused(402);
        }
        let ever = |row: &&Row| shared(row) && row.phone == who;
        let back = self.rows.iter().filter(ever).any(|row| row.project == project);
        let mut taken: Vec<&str> = self.rows.iter().filter(ever).map(|row| row.assigned.as_str()).collect();
        taken.sort_unstable();
        taken.dedup();
        if !back && taken.len() >= POOL { Verdict::Refused(503) } else { Verdict::Row(self.rows.len()) }
    }

    fn dedicated(&self, project: usize, who: u8, line: usize) -> Verdict {
        // Line 2 stands for one of the other project's.
        if line == 2 {
            return Verdict::Refused(422);
        }
        let found = self.active(project).find(|(_, row)| row.line == Some(line) && row.phone == who);
        Verdict::Row(found.map_or(self.rows.len(), |(at, _)| at))
    }
}

struct Sandbox {
    router: Router,
    clock: i64,
}

impl Sandbox {
    fn new(revision: Revision) -> Self {
        let template = &SandboxOptions::default().projects[0];
        let project = |at: usize| SandboxProject {
            id: IDS[at].parse().unwrap(),
            max_shared_users: SEATS,
            lines: LINES[at].iter().map(|line| line.parse().unwrap()).collect(),
            ..template.clone()
        };
        let options = SandboxOptions {
            projects: vec![project(0), project(1)],
            pool: POOL,
            revision,
            ..SandboxOptions::default()
        };
        Self { router: Router::new(&options).unwrap(), clock: 1_777_000_000_000 }
    }

    fn ask(&mut self, method: &Method, project: usize, tail: &str, body: &str) -> (u16, Value) {
        let secret = spectrum_cli::sandbox::options::DEFAULT_SECRET;
        let authorization = http::basic(IDS[project], secret);
        let target = format!("/projects/{}/users/{tail}", IDS[project]);
        let (path, query) = target.split_once('?').map_or((target.as_str(), None), |(path, query)| (path, Some(query)));
        self.clock += 1;
        let authorization = Some(authorization.as_bytes());
        let now = Timestamp::from_millisecond(self.clock).unwrap();
        let answer = match self.router.admit(&Head { method, path, authorization, uptime: Duration::ZERO }) {
            Ok(admitted) => {
                let rest = Rest { query, content_type: None, body: body.as_bytes(), now };
                self.router.carry_out(&admitted, &rest)
            }
            Err(refusal) => refusal,
        };
        let value: Value = serde_json::from_slice(&answer.body).expect("every answer is JSON");
        assert_envelope(answer.status.as_u16(), &value);
        (answer.status.as_u16(), value)
    }
}

fn assert_envelope(status: u16, value: &Value) {
    assert!(status < 500, "{value}");
    assert_eq!(value["succeed"], Value::Bool(status < 400), "{value}");
    if status >= 400 {
        assert!(value["data"].is_null() && value["code"].is_string() && value["message"].is_string(), "{value}");
    }
}

/// The row in the API's words; what the model cannot know is taken from the answer.
fn shown(row: &Row, answer: &Value) -> Value {
    json!({
        "id": row.id, "projectId": IDS[row.project],
        "type": if row.line.is_some() { "dedicated" } else { "shared" },
        "firstName": row.name.map(name), "lastName": null, "email": row.email.map(email),
        "phoneNumber": phone(row.phone), "assignedPhoneNumber": row.assigned,
        "meta": {}, "createdAt": answer["createdAt"],
    })
}

fn run(revision: Revision, ops: Vec<Op>) {
    let mut sandbox = Sandbox::new(revision);
    let mut model = Model::default();
    for op in ops {
        match op {
            Op::Shared { project, phone: who, email: mail, name: named } => {
                let verdict = model.shared(revision, project, who, mail, named);
                let body = json!({ "type": "shared", "phoneNumber": phone(who), "email": mail.map(email), "firstName": named.map(name) });
                let row = Row {
                    id: String::new(),
                    project,
                    line: None,
                    phone: who,
                    email: mail,
                    name: named,
                    assigned: String::new(),
                    deleted: false,
                };
                created(&mut sandbox, &mut model, verdict, row, &body);
            }
            Op::Dedicated { project, phone: who, line } => {
                let verdict = model.dedicated(project, who, line);
                let number = if line == 2 { LINES[1 - project][0] } else { LINES[project][line] };
                let body = json!({ "type": "dedicated", "phoneNumber": phone(who), "assignedPhoneNumber": number });
                let row = Row {
                    id: String::new(),
                    project,
                    line: Some(line),
                    phone: who,
                    email: None,
                    name: None,
                    assigned: number.to_owned(),
                    deleted: false,
                };
                created(&mut sandbox, &mut model, verdict, row, &body);
            }
            Op::Delete { project, user } => {
                let Some(at) = pick(&model, user) else { continue };
                let row = model.rows[at].clone();
                let (status, _) = sandbox.ask(&Method::DELETE, project, &format!("{}/", row.id), "");
                let fits = row.project == project && !row.deleted;
                assert_eq!(status, if fits { 200 } else { 404 });
                model.rows[at].deleted |= fits;
            }
            Op::Get { project, user } => {
                let Some(at) = pick(&model, user) else { continue };
                let row = &model.rows[at];
                let (status, value) = sandbox.ask(&Method::GET, project, &format!("{}/", row.id), "");
                let fits = row.project == project && !row.deleted;
                assert_eq!(status, if fits { 200 } else { 404 });
                if fits {
                    assert_eq!(value["data"], shown(row, &value["data"]));
                }
            }
            Op::List { project, limit, offset, shared } => {
                let mut query = format!("?offset={offset}");
                limit.iter().for_each(|limit| query.push_str(&format!("&limit={limit}")));
                shared
                    .iter()
                    .for_each(|shared| query.push_str(if *shared { "&type=shared" } else { "&type=dedicated" }));
                let (_, value) = sandbox.ask(&Method::GET, project, &query, "");
                let fits = |row: &Row| shared.is_none_or(|shared| row.line.is_none() == shared);
                let all: Vec<&Row> = model.active(project).map(|(_, row)| row).filter(|row| fits(row)).collect();
                let limit = limit.map_or(usize::MAX, |limit| limit as usize);
                let page: Vec<&&Row> = all.iter().skip(offset as usize).take(limit).collect();
                let listed = value["data"]["users"].as_array().unwrap();
                assert_eq!(value["data"]["total"], all.len());
                assert_eq!(listed.len(), page.len());
                for (row, listed) in page.into_iter().zip(listed) {
                    assert_eq!(listed, &shown(row, listed));
                }
            }
        }
    }
    invariants(&model);
}

fn pick(model: &Model, user: usize) -> Option<usize> {
    user.checked_rem(model.rows.len())
}

fn created(sandbox: &mut Sandbox, model: &mut Model, verdict: Verdict, row: Row, body: &Value) {
    let (status, value) = sandbox.ask(&Method::POST, row.project, "", &body.to_string());
    match verdict {
        Verdict::Refused(expected) => assert_eq!(status, expected, "{value}"),
        Verdict::Row(at) => {
            assert_eq!(status, 200, "{value}");
            let data = &value["data"];
            if at == model.rows.len() {
                let text = |key: &str| data[key].as_str().unwrap().to_owned();
                assert!(model.rows.iter().all(|row| row.id != text("id")), "an id is used once");
                model.rows.push(Row { id: text("id"), assigned: text("assignedPhoneNumber"), ..row });
            }
            assert_eq!(data, &shown(&model.rows[at], data));
        }
    }
}

/// What has to hold over the whole history, deleted rows included.
fn invariants(model: &Model) {
    let shared: Vec<&Row> = model.rows.iter().filter(|row| row.line.is_none()).collect();
    for (at, one) in shared.iter().enumerate() {
        for other in &shared[at + 1..] {
            if one.phone == other.phone {
                let same_project = one.project == other.project;
                assert_eq!(one.assigned == other.assigned, same_project, "{one:?} {other:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_earlier_revision_does_what_the_model_says(ops in proptest::collection::vec(op(), 1..80)) {
        run(Revision::June2026, ops);
    }

    #[test]
    fn the_later_revision_does_what_the_model_says(ops in proptest::collection::vec(op(), 1..80)) {
        run(Revision::September2026, ops);
    }

    #[test]
    fn whatever_the_request_the_answer_is_in_its_envelope(
        method in prop_oneof!["GET", "POST", "DELETE", "PUT", "[A-Z]{1,8}"],
        tail in ".{0,40}",
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            "\\{\"type\":(\"shared\"|\"dedicated\"|1|null),\"phoneNumber\":(\"\\+1415555012[0-9]\"|\".{0,9}\"|[0-9]),\"email\":(null|\"a@b.de\"|\\[\\]|\".{0,9}\")\\}",
        ],
    ) {
        let mut sandbox = Sandbox::new(Revision::June2026);
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        if method != Method::OPTIONS {
            sandbox.ask(&method, 0, &tail, &body);
        }
    }
}
