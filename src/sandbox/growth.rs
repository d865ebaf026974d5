//! What a request costs, however many users there are: counted in steps of the database's virtual machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::{Method, StatusCode};
use jiff::Timestamp;

use super::exchange::Head;
use super::options::{DEFAULT_PROJECT_ID, Location, SandboxOptions};
use super::router::{Rest, Router};

const LINE: &str = "+19175550101";
/// The largest page.
const PAGE: u32 = 500;

/// A sandbox in memory whose database counts its steps.
struct Counted {
    router: Router,
    authorization: String,
    steps: Arc<AtomicU64>,
    hours: AtomicI64,
}

impl Counted {
    /// A sandbox with so many shared and as many dedicated users.
    fn with(users: u32) -> Self {
        let mut options = SandboxOptions { store: Location::Memory, rate_limit: 0, ..SandboxOptions::default() };
        options.projects[0].max_shared_users = users + 2;
        let secret = options.projects[0].secret.expose();
        let authorization = format!("Basic {}", BASE64.encode(format!("{DEFAULT_PROJECT_ID}:{secret}")));
        let mut router = Router::new(&options).unwrap();
        let steps = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&steps);
        let count = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        };
        Arc::get_mut(&mut router.state.store).unwrap().connection().progress_handler(1, Some(count)).unwrap();
        let counted = Self { router, authorization, steps, hours: AtomicI64::new(0) };
        for n in 0..users {
            counted.ask(Method::POST, "", &shared(n));
            counted.ask(Method::POST, "", &dedicated(n));
        }
        counted
    }

    /// Sends a request below the users' route, or any with an absolute path; the steps that it took and its answer.
    fn try_to(&self, method: Method, target: &str, body: &str) -> (u64, StatusCode, String) {
        let project = format!("/projects/{DEFAULT_PROJECT_ID}");
        let target = match target.strip_prefix("~") {
            Some(rest) => format!("{project}{rest}"),
            None => format!("{project}/users/{target}"),
        };
        let (path, query) = target.split_once('?').map_or((&*target, None), |(path, query)| (path, Some(query)));
        let before = self.steps.load(Ordering::Relaxed);
        let authorization = Some(self.authorization.as_bytes());
        let admitted = self.router.admit(&Head { method: &method, path, authorization, uptime: Duration::ZERO });
        // An hour passes between any two, so that nobody is new on a line.
        let now = Timestamp::from_second(3600 * self.hours.fetch_add(1, Ordering::Relaxed)).unwrap();
        let rest = Rest { query, content_type: None, body: body.as_bytes(), now };
        let answer = self.router.carry_out(&admitted.unwrap(), &rest);
        let steps = self.steps.load(Ordering::Relaxed) - before;
        (steps, answer.status, String::from_utf8(answer.body).unwrap())
    }

    /// The same, for what has to succeed.
    fn ask(&self, method: Method, target: &str, body: &str) -> (u64, String) {
        let (steps, status, answer) = self.try_to(method, target, body);
        assert_eq!(status, StatusCode::OK, "{target} {body}: {answer}");
        (steps, answer)
    }
}

fn shared(n: u32) -> String {
    format!(r#"{{"type":"shared","phoneNumber":"+1415{n:07}","firstName":"Ada","email":"ada{n}@example.com"}}"#)
}

fn dedicated(n: u32) -> String {
    format!(r#"{{"type":"dedicated","phoneNumber":"+1415{n:07}","assignedPhoneNumber":"{LINE}"}}"#)
}

/// What each request costs beside so many users.
fn costs(users: u32) -> Vec<(&'static str, u64)> {
    let sandbox = Counted::with(users);
    let id = |answer: &str| {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        answer["data"]["id"].as_str().unwrap().to_owned()
    };
    let (new_shared, answer) = sandbox.ask(Method::POST, "", &shared(users));
    let shared_id = id(&answer);
    let (new_dedicated, answer) = sandbox.ask(Method::POST, "", &dedicated(users));
    let dedicated_id = id(&answer);
    let get = |target: &str| sandbox.ask(Method::GET, target, "").0;
    let repeat = |body: &str| sandbox.ask(Method::POST, "", body).0;
    let mut costs = vec![
        ("a new shared user", new_shared),
        ("a new dedicated user", new_dedicated),
        ("a shared user again", repeat(&shared(users / 2))),
        ("a dedicated user again", repeat(&dedicated(users / 2))),
        ("a shared user by e-mail", repeat(&shared(users / 2).replace("+1415", "+1416"))),
        ("a user by id", get(&format!("{shared_id}/"))),
        ("a list of two ids", get(&format!("?id={shared_id}&id={dedicated_id}"))),
        ("the first page", get(&format!("?limit={PAGE}"))),
        ("the last page", get(&format!("?limit={PAGE}&offset={}", 2 * users - PAGE))),
        ("the last page of a type", get(&format!("?type=shared&limit={PAGE}&offset={}", users - PAGE))),
        ("the best line", get("~/lines/route")),
        ("a free number", get("~/imessage/shared/availability?phoneNumber=%2B14170000000")),
        ("a deletion", sandbox.ask(Method::DELETE, &format!("{shared_id}/"), "").0),
        ("a registration after it", repeat(&shared(users))),
    ];
    sandbox.ask(Method::POST, "", &shared(users + 1));
    let (steps, status, _) = sandbox.try_to(Method::POST, "", &shared(users + 2));
    assert_eq!(status, StatusCode::PAYMENT_REQUIRED);
    costs.push(("one too many", steps));
    costs
}

#[test]
fn a_request_costs_the_same_however_many_users_there_are() {
    // Both hold whole blocks, so that the last pages lie alike in theirs.
    for ((what, few), (_, many)) in costs(1024).into_iter().zip(costs(4096)) {
        assert!(many <= few + few / 10 + 10, "{what}: {few} steps beside 2,048 users, {many} beside 8,192");
    }
}

#[test]
fn twice_the_users_are_twice_the_work_to_list() {
    let lists = |users: u32| {
        let sandbox = Counted::with(users);
        let get = |target: &str| sandbox.ask(Method::GET, target, "").0;
        let pages = (0..2 * users).step_by(PAGE as usize);
        [
            get(""),
            get("?type=dedicated"),
            get("?search=ada"),
            pages.map(|offset| get(&format!("?limit={PAGE}&offset={offset}"))).sum(),
        ]
    };
    for (few, many) in lists(2000).into_iter().zip(lists(4000)) {
        assert!(many * 100 <= few * 210, "{few} steps for 4,000 users, {many} for 8,000");
    }
}
