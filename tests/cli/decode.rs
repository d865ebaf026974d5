//! The other half of the referee: the client understands every documented exchange, the seed's own answer included.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use spectrum_cli::cli::NOUNS;
use spectrum_cli::failure::Code;
use spectrum_cli::http::config::{Config, FailureContext, Server};
use spectrum_cli::http::dialect::SPECTRUM;
use spectrum_cli::http::retry::RetryPolicy;
use spectrum_cli::http::{Answer, Call, Client, Endpoint, Error, FromAnswer, Repeat, Spec, answer};
use spectrum_cli::nouns::lines::endpoints as lines;
use spectrum_cli::nouns::lines::model::Line;
use spectrum_cli::nouns::project::endpoints as project;
use spectrum_cli::nouns::users::endpoints as users;
use spectrum_cli::nouns::users::model::User;
use spectrum_cli::nouns::users::outcome;
use spectrum_cli::nouns::webhooks::endpoints as webhooks;
use spectrum_cli::nouns::webhooks::model::Webhook;
use spectrum_cli::secrets::credentials::{Credentials, Secret};

use crate::wire::{self, Exchange};

const ID: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";

/// Puts a value of its form in the place of every placeholder.
pub fn fill(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            if text == "<object>" {
                return json!({});
            }
            let text = text
                .replace("{projectId}", ID)
                .replace("{userId}", ID)
                .replace("{webhookId}", ID)
                .replace("<uuid>", ID)
                .replace("<hex>", &"0f".repeat(32))
                .replace("<whsec>", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
                .replace("<text>", "words");
            Value::from(text.replace("<phone>", "+16285550123").replace("<timestamp>", "2026-05-01T12:00:00.000Z"))
        }
        Value::Array(items) => items.iter().map(fill).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), fill(value))).collect(),
        other => other.clone(),
    }
}

/// Asks a server that gives this one answer.
fn ask(call: &Call, status: u16, body: &str) -> Result<Answer, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let head = format!("HTTP/1.1 {status} \r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let answer = format!("{head}{body}");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.windows(4).any(|window| window == b"\r\n\r\n") {
            let read = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let reached = Server { url: base_url, timeout: Duration::from_secs(10), extra_ca: None, roots: None, proxy: None };
    let config = Config {
        server: reached,
        dialect: SPECTRUM,
        credentials: Credentials { project_id: ID.parse().unwrap(), secret: Secret::new("secret").unwrap() },
        retry: RetryPolicy { retries: 0 },
        rate: 0.0,
        shares_clock: false,
        told: FailureContext::default(),
    };
    let result = Client::new(config, None).unwrap().send(call);
    server.join().unwrap();
    result
}

/// Reads an answer as an endpoint promises it.
fn read<'a, E: Endpoint>(answer: &'a Answer, at: &str) -> E::Answer<'a> {
    FromAnswer::from_answer(answer, E::SPEC.answer).unwrap_or_else(|error: Error| panic!("{at}: {error}"))
}

/// What the documented answer means to the client: each record its own fields.
fn check_success(spec: &Spec, answer: &Answer, data: &Value, at: &str) {
    let passed_on: Value = serde_json::from_str(answer.data().unwrap()).unwrap();
    assert_eq!(&passed_on, data, "{at}: machine output passes the data on");
    if *spec == users::Create::SPEC || *spec == users::Get::SPEC {
        check_user(&read::<users::Get<'_>>(answer, at), data, at);
    } else if *spec == users::List::SPEC {
        let list = read::<users::List>(answer, at);
        assert_eq!(list.total, data["total"].as_u64(), "{at}");
        let documented = data["users"].as_array().unwrap();
        assert_eq!(list.items.len(), documented.len(), "{at}");
        for (raw, user) in list.items.iter().zip(documented) {
            check_user(&answer::record(raw, "a user").unwrap(), user, at);
        }
    } else if *spec == lines::List::SPEC {
        let documented = data["lines"].as_array().unwrap();
        let list = read::<lines::List>(answer, at);
        assert_eq!(list.items.len(), documented.len(), "{at}");
        for (raw, line) in list.items.iter().zip(documented) {
            check_line(&answer::record(raw, "a line").unwrap(), line, at);
        }
    } else if *spec == lines::Best::SPEC {
        let best = read::<lines::Best>(answer, at);
        check_line(&best.line, &data["line"], at);
        let flat: Value = serde_json::from_str(&best.record).unwrap();
        assert_eq!(flat["isBestAvailable"], data["isBestAvailable"], "{at}");
        assert_eq!(flat["id"], data["line"]["id"], "{at}");
    } else if *spec == project::Show::SPEC {
        let shown = read::<project::Show>(answer, at);
        assert_eq!(
            (shown.name.as_deref(), shown.slug.as_deref()),
            (data["name"].as_str(), data["slug"].as_str()),
            "{at}"
        );
    } else if *spec == webhooks::List::SPEC {
        let documented = data.as_array().unwrap();
        let list = read::<webhooks::List>(answer, at);
        assert_eq!(list.items.len(), documented.len(), "{at}");
        for (raw, webhook) in list.items.iter().zip(documented) {
            check_webhook(&answer::record(raw, "a webhook").unwrap(), webhook, at);
        }
    } else if *spec == webhooks::Update::SPEC {
        check_webhook(&read::<webhooks::Update<'_>>(answer, at), data, at);
    } else if *spec == webhooks::Create::SPEC || *spec == webhooks::Rotate::SPEC {
        let issued = read::<webhooks::Create<'_>>(answer, at);
        assert_eq!(Some(issued.id.as_ref()), data["id"].as_str(), "{at}");
        let secrets = [issued.signing_secret.as_ref(), issued.standard_signing_secret.as_ref()];
        let documented = [data["signingSecret"].as_str(), data["standardSigningSecret"].as_str()];
        assert_eq!(secrets.map(|secret| secret.map(Secret::expose)), documented, "{at}");
    } else if *spec == webhooks::EgressIps::SPEC {
        assert_eq!(json!(read::<webhooks::EgressIps>(answer, at).addresses), data["addresses"], "{at}");
    } else {
        // What is only answered, never shown by this client, and what is a bare yes.
        let is_shown = NOUNS.iter().flat_map(|noun| noun.shown).any(|(shown, _)| shown == spec);
        assert!(!is_shown, "{at}: nobody reads {}", spec.path);
    }
}

fn check_user(user: &User<'_>, data: &Value, at: &str) {
    let text = |key: &str| data[key].as_str();
    assert_eq!(Some(user.id.as_ref()), text("id"), "{at}");
    assert_eq!(Some(user.phone_number.as_ref()), text("phoneNumber"), "{at}");
    assert_eq!(user.assigned_phone_number.as_deref(), text("assignedPhoneNumber"), "{at}");
    assert_eq!(user.first_name.as_deref(), text("firstName"), "{at}");
    assert_eq!(user.last_name.as_deref(), text("lastName"), "{at}");
    assert_eq!(user.email.as_deref(), text("email"), "{at}");
    assert_eq!(user.kind.as_deref(), text("type"), "{at}");
    assert_eq!(user.project_id.as_deref(), text("projectId"), "{at}");
    assert_eq!(user.created_at.as_deref(), text("createdAt"), "{at}");
}

fn check_line(line: &Line<'_>, data: &Value, at: &str) {
    let text = |key: &str| data[key].as_str();
    assert_eq!(Some(line.id.as_ref()), text("id"), "{at}");
    assert_eq!(line.phone_number.as_deref(), text("phoneNumber"), "{at}");
    assert_eq!(line.platform.as_deref(), text("platform"), "{at}");
    assert_eq!(line.status.as_deref(), text("status"), "{at}");
    assert_eq!(line.created_at.as_deref(), text("createdAt"), "{at}");
}

fn check_webhook(webhook: &Webhook<'_>, data: &Value, at: &str) {
    let text = |key: &str| data[key].as_str();
    assert_eq!(Some(webhook.id.as_ref()), text("id"), "{at}");
    assert_eq!(Some(webhook.webhook_url.as_ref()), text("webhookUrl"), "{at}");
    assert_eq!(webhook.schema_version.as_deref(), text("schemaVersion"), "{at}");
    assert_eq!(webhook.status.as_deref(), text("status"), "{at}");
    assert_eq!(webhook.enabled, data["enabled"].as_bool(), "{at}");
    assert_eq!(webhook.is_active(), data["status"] == "active", "{at}");
    assert_eq!(webhook.disabled_reason.as_deref(), text("disabledReason"), "{at}");
    assert_eq!(webhook.failure_notification_email.as_deref(), text("failureNotificationEmail"), "{at}");
}

fn check_failure(error: &Error, exchange: &Exchange, body: &Value, at: &str) {
    let code = match exchange.response.status {
        401 => Code::Unauthorized,
        402 => Code::Capacity,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        409 => Code::Conflict,
        429 => Code::RateLimited,
        302 => Code::BadResponse,
        400 | 415 | 422 => Code::Rejected,
        503 => Code::Capacity,
        status => panic!("{at}: no word is known for {status}"),
    };
    assert_eq!(error.code, code, "{at}");
    assert_eq!(error.status, Some(exchange.response.status), "{at}");
    if let Some(message) = body["message"].as_str() {
        assert!(error.message.contains(message), "{at}: {}", error.message);
        assert_eq!(error.api_code.as_deref(), body["code"].as_str(), "{at}");
    }
}

#[test]
fn the_client_understands_every_exchange() {
    for (file, exchange) in wire::exchanges() {
        let at = format!("{file} ({})", exchange.name);
        let method: Method = exchange.request.method.parse().unwrap();
        let path = exchange.request.path.replace("{projectId}", ID).replace("{userId}", ID).replace("{webhookId}", ID);
        let body = exchange.response.body.as_ref().map(fill).unwrap_or_default();
        let text = if body.is_null() { String::new() } else { body.to_string() };
        match ask(&Call::raw(method, path, Repeat::Safe), exchange.response.status, &text) {
            Ok(answer) => {
                check_success(exchange.spec().unwrap(), &answer, body.get("data").unwrap_or(&body), &at);
            }
            Err(error) => check_failure(&error, &exchange, &body, &at),
        }
    }
}

/// The page that started it all, to the letter: no `type`, every value `"<string>"`.
#[test]
fn the_client_understands_the_seed_page() {
    let data = json!({
        "id": "<string>", "projectId": "<string>", "firstName": "<string>", "lastName": "<string>", "email": "<string>",
        "phoneNumber": "<string>", "assignedPhoneNumber": "<string>", "meta": {}, "createdAt": "<string>"
    });
    let body = json!({ "succeed": true, "data": data }).to_string();
    let answer =
        ask(&Call::raw(Method::POST, format!("/projects/{ID}/users/"), Repeat::SameIdentity), 200, &body).unwrap();
    let user = read::<users::Create<'_>>(&answer, "the seed's page");
    assert_eq!((user.id.as_ref(), user.kind.as_deref(), user.phone_number.as_ref()), ("<string>", None, "<string>"));
    assert_eq!(
        outcome::of(&answer, &user),
        outcome::Registration::Registered,
        "nothing is claimed about an unknown time"
    );
}
