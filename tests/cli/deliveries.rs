//! What the sandbox sends to webhooks when a person texts: signed, repeated, given up, with faults, and never in the way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spectrum_cli::nouns::webhooks::signature::{Scheme, SigningKey, unhex};
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET, SandboxOptions};

use crate::hostile::{Hostile, Reply, Request};
use crate::http;
use crate::world::{World, eventually};

const PHONE: &str = "+14155550123";
const PROJECT: &str = "/projects/5a4db0c5-7e1f-4c3a-9b2d-0f5e8c7d1a60";

/// A sandbox with a user, whose webhooks are made by the tests.
struct Bench {
    world: World,
}

/// What a create answers.
struct Made {
    id: String,
    signing: String,
    standard: String,
}

impl Bench {
    /// A sandbox a hundred times as fast as the service.
    fn new() -> Self {
        Self::with(|options| options.deliveries.speed = 100.0)
    }

    fn with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let bench = Self { world: World::beside(change) };
        bench.ask("POST", "/users/", Some(json!({ "type": "shared", "phoneNumber": PHONE })));
        bench
    }

    fn url(&self) -> &str {
        &self.world.sandbox().url
    }

    /// Asks below the project's path; the data of a success.
    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let authorization = http::basic(DEFAULT_PROJECT_ID, DEFAULT_SECRET);
        let body = body.map(|body| body.to_string());
        let url = format!("{}{PROJECT}{path}", self.url());
        let reply = http::send(method, &url, Some(&authorization), body.as_deref());
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["data"].clone()
    }

    /// Asks the control plane; status and body.
    fn control(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        control(self.url(), method, path, body)
    }

    fn webhook(&self, url: &str) -> Made {
        let made = self.ask("POST", "/webhooks/", Some(json!({ "webhookUrl": url })));
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Made { id: text("id"), signing: text("signingSecret"), standard: text("standardSigningSecret") }
    }

    /// A handler with a webhook.
    fn handler(&self, replies: impl IntoIterator<Item = Reply>) -> (Hostile, Made) {
        let handler = Hostile::new(replies);
        let made = self.webhook(&format!("{}/hook", handler.url()));
        (handler, made)
    }

    /// The person texts; what the sandbox says of it.
    fn text(&self, text: &str) -> Value {
        let (status, sent) = self.control("POST", "messages", &json!({ "from": PHONE, "text": text }).to_string());
        assert_eq!(status, 200, "{sent}");
        sent
    }

    fn attempts(&self) -> Vec<Value> {
        self.control("GET", "deliveries", "").1.as_array().unwrap().clone()
    }

    /// Waits until so many deliveries have come to an end; all attempts, in order.
    #[track_caller]
    fn ended(&self, count: usize) -> Vec<Value> {
        let begin = Instant::now();
        loop {
            let attempts = self.attempts();
            if attempts.iter().filter(|attempt| attempt["outcome"] != "retrying").count() >= count {
                return attempts;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{attempts:?}");
            std::thread::yield_now();
        }
    }

    /// Texts once; the outcomes of its attempts, each with its status.
    #[track_caller]
    fn outcomes(&self) -> Vec<(String, Value)> {
        self.text("hi");
        outcomes(&self.ended(1))
    }
}

fn control(url: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let host = url.strip_prefix("http://").unwrap();
    let head = format!(
        "{method} /_sandbox/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nX-Sandbox: 1\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let reply = http::raw(url, format!("{head}{body}").as_bytes()).unwrap();
    (reply.status, reply.json())
}

fn outcomes(attempts: &[Value]) -> Vec<(String, Value)> {
    attempts
        .iter()
        .map(|attempt| (attempt["outcome"].as_str().unwrap().to_owned(), attempt["status"].clone()))
        .collect()
}

fn ok() -> Reply {
    Reply::status(200, "")
}

/// The standard signatures of a request that a secret made.
fn signatures_of(request: &Request, secret: &str) -> usize {
    let header = |name: &str| request.header(name).unwrap();
    let key = SigningKey::standard(secret).unwrap();
    let text = Scheme::Standard.signed_text(header("webhook-id"), header("webhook-timestamp"), request.body.as_bytes());
    let fits = |signature: &&str| {
        use base64::Engine as _;
        let tag = base64::engine::general_purpose::STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
        key.fits(&text, &tag)
    };
    header("webhook-signature").split(' ').filter(fits).count()
}

#[test]
fn a_text_reaches_every_active_webhook_signed_both_ways() {
    let bench = Bench::new();
    let (first, made) = bench.handler([ok()]);
    let (second, _) = bench.handler([ok()]);
    let (gone, deleted) = bench.handler([ok()]);
    bench.ask("DELETE", &format!("/webhooks/{}", deleted.id), None);
    let sent = bench.text("café 👋");
    assert_eq!(sent["deliveries"].as_array().unwrap().len(), 2, "{sent}");
    let attempts = bench.ended(2);
    assert_eq!((first.count(), second.count(), gone.count()), (1, 1, 0));
    let request = &first.requests()[0];
    assert_eq!(request.line(), "POST /hook");
    let header = |name: &str| request.header(name).unwrap();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("x-spectrum-event"), "messages");
    assert_eq!(header("x-spectrum-webhook-id"), made.id);
    let text = Scheme::V0.signed_text("", header("x-spectrum-timestamp"), request.body.as_bytes());
    let tag = unhex(header("x-spectrum-signature").strip_prefix("v0=").unwrap()).unwrap();
    assert!(SigningKey::v0(&made.signing).fits(&text, &tag));
    assert_eq!(signatures_of(request, &made.standard), 1);
    let age = jiff::Timestamp::now().as_second() - header("x-spectrum-timestamp").parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{age}");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["event"], "messages");
    assert_eq!(body["space"]["phone"], "shared");
    assert_eq!(body["message"]["sender"]["id"], PHONE);
    assert_eq!(body["message"]["content"], json!({ "type": "text", "text": "café 👋" }));
    // The same message to both.
    assert_eq!(second.requests()[0].body, request.body);
    let told = attempts.iter().find(|attempt| attempt["webhookId"] == made.id.as_str()).unwrap();
    assert_eq!(told["outcome"], "delivered");
    assert_eq!(
        (&told["status"], &told["attempt"], &told["url"]),
        (&json!(200), &json!(1), &json!(format!("{}/hook", first.url())))
    );
    assert_eq!(told["headers"]["X-Spectrum-Signature"], header("x-spectrum-signature"));
    assert_eq!(told["messageId"], body["message"]["id"]);
    assert!(told["ms"].is_u64());
}

#[test]
fn a_dedicated_user_is_told_with_the_line() {
    let bench = Bench::new();
    let (handler, _) = bench.handler([ok()]);
    let user = json!({ "type": "dedicated", "phoneNumber": "+14155550124", "assignedPhoneNumber": "+19175550101" });
    bench.ask("POST", "/users/", Some(user));
    bench.control("POST", "messages", r#"{"from":"+14155550124","text":"hi"}"#);
    bench.ended(1);
    let body: Value = serde_json::from_str(&handler.requests()[0].body).unwrap();
    assert_eq!(body["space"]["phone"], "+19175550101");
}

#[test]
fn what_fails_is_sent_again_with_the_same_event_until_it_arrives() {
    let bench = Bench::new();
    let replies = [
        Reply::status(503, ""),
        Reply::close(),
        Reply::status(429, ""),
        Reply::status(408, ""),
        Reply::status(204, ""),
    ];
    let (handler, _) = bench.handler(replies);
    let found = bench.outcomes();
    let expected = [
        ("retrying", json!(503)),
        ("retrying", json!(null)),
        ("retrying", json!(429)),
        ("retrying", json!(408)),
        ("delivered", json!(204)),
    ];
    assert_eq!(found, expected.map(|(outcome, status)| (outcome.to_owned(), status)));
    let requests = handler.requests();
    for request in &requests {
        assert_eq!(request.body, requests[0].body);
        assert_eq!(request.header("webhook-id"), requests[0].header("webhook-id"));
    }
}

#[test]
fn six_attempts_are_made_and_no_more() {
    let bench = Bench::new();
    let (handler, _) = bench.handler([Reply::status(500, "")]);
    let outcomes = bench.outcomes();
    assert_eq!((outcomes.len(), handler.count()), (6, 6));
    assert_eq!(outcomes[5], ("gave_up".to_owned(), json!(500)));
    assert!(outcomes[..5].iter().all(|(outcome, _)| outcome == "retrying"));
    // Nobody listens there, which is as bad.
    let bench = Bench::new();
    bench.webhook("http://127.0.0.1:9/");
    let outcomes = bench.outcomes();
    assert_eq!((outcomes.len(), &outcomes[5].0), (6, &"gave_up".to_owned()));
}

#[test]
fn a_handler_that_takes_too_long_is_asked_again() {
    // Thirty seconds, a hundred times as fast.
    let bench = Bench::with(|options| options.deliveries.speed = 100.0);
    let (handler, _) = bench.handler([Reply::hang_after(""), ok()]);
    bench.text("hi");
    let attempts = bench.ended(1);
    assert_eq!(outcomes(&attempts)[1], ("delivered".to_owned(), json!(200)), "{attempts:?}");
    assert_eq!(attempts[0]["error"], "no answer within 300ms");
    assert_eq!(handler.count(), 2);
}

#[test]
fn what_another_attempt_would_not_mend_is_given_up_at_once() {
    for status in [400, 401, 403, 404, 422, 301, 307] {
        let bench = Bench::new();
        let elsewhere = Hostile::always(ok());
        let location = format!("Location: {}/\r\n", elsewhere.url());
        let (handler, _) = bench.handler([Reply::with(status, &location, "")]);
        assert_eq!(bench.outcomes(), [("gave_up".to_owned(), json!(status))]);
        assert_eq!((handler.count(), elsewhere.count()), (1, 0), "{status}");
    }
}

#[test]
fn a_handler_that_is_gone_is_disabled_and_told_no_more() {
    let bench = Bench::new();
    let (handler, made) = bench.handler([Reply::status(410, "")]);
    assert_eq!(bench.outcomes(), [("gave_up".to_owned(), json!(410))]);
    let listed = bench.ask("GET", "/webhooks/", None);
    assert_eq!(listed[0]["id"], made.id.as_str());
    assert_eq!((&listed[0]["status"], &listed[0]["disabledReason"]), (&json!("disabled"), &json!("receiver_gone")));
    assert_eq!(bench.text("again")["deliveries"], json!([]));
    assert_eq!(handler.count(), 1);
}

#[test]
fn a_rotation_signs_with_both_secrets_as_long_as_it_overlaps() {
    let bench = Bench::new();
    let (handler, made) = bench.handler([ok()]);
    let rotate = |body: Value| {
        let path = format!("/webhooks/{}/secret/rotate", made.id);
        bench.ask("POST", &path, Some(body))["standardSigningSecret"].as_str().unwrap().to_owned()
    };
    let second = rotate(json!({}));
    bench.text("one");
    bench.ended(1);
    let third = rotate(json!({ "overlapSeconds": 0 }));
    bench.text("two");
    bench.ended(2);
    let of = |at: usize| [&made.standard, &second, &third].map(|secret| signatures_of(&handler.requests()[at], secret));
    assert_eq!((of(0), of(1)), ([1, 1, 0], [0, 0, 1]));
}

#[test]
fn another_machine_is_never_sent_to_unless_somebody_says_so() {
    let bench = Bench::new();
    for url in
        ["http://10.255.255.1/", "https://bot.example.com/", "http://localhost.example.com/", "http://0.0.0.0:1/"]
    {
        bench.webhook(url);
    }
    bench.text("hi");
    for attempt in bench.ended(4) {
        assert_eq!((&attempt["outcome"], &attempt["headers"]), (&json!("gave_up"), &json!({})));
        assert!(attempt["error"].as_str().unwrap().contains("--deliver-anywhere"), "{attempt}");
    }
    // All names of this machine lead to it.
    let handler = Hostile::always(ok());
    let port = handler.url().rsplit_once(':').unwrap().1.to_owned();
    let bench = Bench::new();
    bench.webhook(&format!("http://localhost:{port}/"));
    bench.webhook(&format!("http://bot.localhost:{port}/"));
    bench.text("hi");
    bench.ended(2);
    assert_eq!(handler.count(), 2);
    // 0.0.0.0 is not one of its names, but leads here on most systems.
    #[cfg(target_os = "linux")]
    {
        let bench = Bench::with(|options| options.deliveries.anywhere = true);
        bench.webhook(&format!("http://0.0.0.0:{port}/"));
        assert_eq!(bench.outcomes(), [("delivered".to_owned(), json!(200))]);
    }
}

#[test]
fn faults_of_deliveries_do_what_they_say() {
    let with = |rules: &[&str]| {
        Bench::with(|options| {
            options.deliveries.speed = 100.0;
            rules.iter().for_each(|rule| options.faults.add(rule.parse().unwrap()));
        })
    };
    let bench = with(&["delivery-lost:1"]);
    let (handler, _) = bench.handler([ok()]);
    assert_eq!(bench.outcomes(), [("gave_up".to_owned(), json!(null))]);
    assert_eq!((handler.count(), &bench.attempts()[0]["fault"]), (0, &json!("delivery-lost")));

    let bench = with(&["delivery-drop:1"]);
    let (handler, _) = bench.handler([ok()]);
    assert_eq!(bench.outcomes().len(), 6);
    assert_eq!((handler.count(), &bench.attempts()[0]["fault"]), (6, &json!("delivery-drop")));

    let bench = with(&["delivery-twice:1"]);
    let (handler, _) = bench.handler([ok()]);
    bench.text("hi");
    bench.ended(2);
    let requests = handler.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));

    let bench = with(&["delivery-late:200ms"]);
    let (handler, _) = bench.handler([ok()]);
    let begin = Instant::now();
    bench.text("hi");
    assert!(begin.elapsed() < Duration::from_millis(200), "the answer is not late");
    bench.ended(1);
    assert!(begin.elapsed() >= Duration::from_millis(200));
    assert_eq!(handler.count(), 1);
    // Requests meet none of them, and deliveries none of theirs.
    let bench = with(&["delivery-drop:0"]);
    let (handler, _) = bench.handler([ok()]);
    bench.outcomes();
    assert_eq!(handler.count(), 1);
}

#[test]
fn a_delivery_can_be_sent_again() {
    let bench = Bench::new();
    let (handler, _) = bench.handler([Reply::status(400, ""), ok()]);
    let id = bench.text("hi")["deliveries"][0]["id"].as_str().unwrap().to_owned();
    bench.ended(1);
    let (status, again) = bench.control("POST", &format!("deliveries/{id}/redeliver"), "");
    assert_eq!(status, 200);
    let attempts = bench.ended(2);
    assert_eq!((&attempts[1]["id"], &attempts[1]["redeliveryOf"]), (&again["id"], &json!(id)));
    assert_eq!(attempts[1]["outcome"], "delivered");
    let requests = handler.requests();
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    assert_eq!(bench.control("POST", "deliveries/nobody/redeliver", "").0, 404);
    assert_eq!(bench.control("GET", "deliveries?after=1", "").1.as_array().unwrap().len(), 1);
    assert_eq!(bench.control("GET", "deliveries?limit=x", "").0, 422);
}

#[test]
fn a_slow_handler_is_in_nobodys_way() {
    texts_meet_a_slow_handler(80);
}

#[test]
#[ignore = "sends a thousand texts, of which each is tried six times"]
fn a_slow_handler_is_in_nobodys_way_of_a_thousand_texts() {
    texts_meet_a_slow_handler(1000);
}

/// So many texts at once to a handler that never answers: answers stay fast, and every message has an end.
fn texts_meet_a_slow_handler(texts: usize) {
    const AT_ONCE: usize = 20;
    // A hundred times as fast an attempt has 300 ms, which is less than a socket takes where Wine is the system.
    let speed = if cfg!(windows) { 20.0 } else { 100.0 };
    let bench = Bench::with(|options| options.deliveries.speed = speed);
    let (slow, made) = bench.handler([Reply::hang_after("")]);
    let (quick, _) = bench.handler([ok()]);
    let begin = Instant::now();
    let slowest = std::thread::scope(|scope| {
        let text = || {
            (0..texts / AT_ONCE)
                .map(|_| {
                    let begin = Instant::now();
                    bench.text("hi");
                    begin.elapsed()
                })
                .max()
        };
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(text)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).max()
    });
    assert!(slowest.flatten() < Some(Duration::from_secs(5)), "{slowest:?} of {:?}", begin.elapsed());
    let attempts = bench.ended(2 * texts);
    let mut ends: BTreeMap<(bool, String), usize> = BTreeMap::new();
    for attempt in &attempts {
        let is_slow = attempt["webhookId"] == made.id.as_str();
        *ends.entry((is_slow, attempt["outcome"].as_str().unwrap().to_owned())).or_default() += 1;
    }
    assert_eq!(ends.get(&(false, "delivered".to_owned())), Some(&texts), "{ends:?}");
    assert_eq!(ends.get(&(true, "gave_up".to_owned())), Some(&texts), "{ends:?}");
    // On a busy machine the quick one may be asked again for what it has, and the slow one not be reached in time.
    let events = |handler: &Hostile| -> BTreeSet<String> {
        handler.requests().iter().map(|request| request.header("webhook-id").unwrap().to_owned()).collect()
    };
    assert_eq!(events(&quick).len(), texts);
    assert!(slow.count() <= 6 * texts);
    assert!(attempts.iter().all(|attempt| attempt["attempt"].as_u64() <= Some(6)));
}

#[test]
fn a_stop_lets_what_was_fired_arrive_and_repeats_nothing() {
    let handler = Hostile::always(Reply::status(503, ""));
    let begin = Instant::now();
    let bench = Bench::with(|_| {});
    bench.webhook(&handler.url());
    bench.text("hi");
    drop(bench);
    assert!(begin.elapsed() < Duration::from_secs(10));
    let count = handler.count();
    assert!((1..=2).contains(&count), "{count}");
}

#[test]
fn a_text_in_a_command_says_where_the_event_goes() {
    let handler = Hostile::always(ok());
    let world = World::new();
    world.run(&format!("-P sandbox users create --shared --phone {PHONE}")).ok();
    world.run(&format!("-P sandbox webhooks ensure {}/hook --secret-out hook.env", handler.url())).ok();
    let run = world.run(&format!("sandbox text --from {PHONE}"));
    assert!(
        run.ok().stdout.contains(&format!("message.received is on its way to {}/hook\n", handler.url())),
        "{run:?}"
    );
    assert_eq!(handler.count(), 1, "the command's own sandbox delivers before it ends");
}

#[test]
fn serve_takes_the_options_of_deliveries() {
    let world = World::new();
    let server = world.serve("--memory --delivery-speed 100 --fault delivery-drop:1 --fault 503:0");
    server.project.ask("POST", "/users/", Some(&json!({ "type": "shared", "phoneNumber": PHONE })));
    let handler = Hostile::always(ok());
    server.project.ask("POST", "/webhooks/", Some(&json!({ "webhookUrl": handler.url() })));
    control(&server.project.url, "POST", "messages", &json!({ "from": PHONE }).to_string());
    // All six fail, by the fault or because the handler has a hundredth of its time; an hour of waits is over soon.
    let made = || control(&server.project.url, "GET", "deliveries", "").1.as_array().unwrap().clone();
    assert!(eventually(|| made().last().is_some_and(|last| last["outcome"] == "gave_up")), "{:?}", made());
    assert!(made().len() == 6 && made().iter().any(|attempt| attempt["fault"] == "delivery-drop"), "{:?}", made());
    for bad in ["--delivery-speed 0", "--fault delivery-late:0.1", "--fault delivery-lost:2"] {
        assert_eq!(World::new().run(&format!("sandbox serve --memory {bad}")).status, 2, "{bad}");
    }
}
