//! The other half of the referee: the client understands every documented exchange, the seed's own answer included.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use spectrum_cli::failure::Code;
use spectrum_cli::http::client::{Answer, Call, Config, Told};
use spectrum_cli::http::retry::RetryPolicy;
use spectrum_cli::http::{Client, Error, Route};
use spectrum_cli::nouns::lines::model::Line;
use spectrum_cli::nouns::project::model::Project;
use spectrum_cli::nouns::users::model::User;
use spectrum_cli::secrets::credentials::{Credentials, Secret};

use crate::wire::{self, Exchange};

const ID: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";

/// Puts a value of its form in the place of every placeholder.
fn fill(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let text = text
                .replace("{projectId}", ID)
                .replace("{userId}", ID)
                .replace("<uuid>", ID)
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
    let config = Config {
        base_url,
        credentials: Credentials { project_id: ID.parse().unwrap(), secret: Secret::new("secret").unwrap() },
        timeout: Duration::from_secs(10),
        retry: RetryPolicy { retries: 0 },
        rate: 0.0,
        extra_ca: None,
        shares_clock: false,
        told: Told::default(),
    };
    let result = Client::new(config, None).unwrap().send(call);
    server.join().unwrap();
    result
}

/// What the documented answer means to the client.
fn check_success(route: &Route, answer: &Answer, data: &Value, at: &str) {
    let passed_on: Value = serde_json::from_str(answer.data().unwrap()).unwrap();
    assert_eq!(&passed_on, data, "{at}: machine output passes the data on");
    match route {
        Route::Users(_, spectrum_cli::nouns::users::endpoints::UsersRoute::List) => {
            let list = answer.users().unwrap();
            assert_eq!(list.total, data["total"].as_u64(), "{at}");
            let users: Vec<User<'_>> = list.users.iter().map(|raw| serde_json::from_str(raw.get()).unwrap()).collect();
            let phones: Vec<&str> = users.iter().map(|user| user.phone_number.as_ref()).collect();
            let expected: Vec<&str> =
                data["users"].as_array().unwrap().iter().map(|user| user["phoneNumber"].as_str().unwrap()).collect();
            assert_eq!(phones, expected, "{at}");
        }
        Route::Users(_, spectrum_cli::nouns::users::endpoints::UsersRoute::Delete(_)) => {}
        Route::Users(..) => {
            let user = answer.user().unwrap();
            let text = |key: &str| data[key].as_str();
            assert_eq!(Some(user.id.as_ref()), text("id"), "{at}");
            assert_eq!(user.assigned_phone_number.as_deref(), text("assignedPhoneNumber"), "{at}");
            assert_eq!(user.first_name.as_deref(), text("firstName"), "{at}");
            assert_eq!(user.email.as_deref(), text("email"), "{at}");
            assert_eq!(user.kind.as_deref(), text("type"), "{at}");
        }
        Route::Lines(_, spectrum_cli::nouns::lines::endpoints::LinesRoute::List) => {
            for raw in answer.lines().unwrap() {
                serde_json::from_str::<Line<'_>>(raw.get()).unwrap();
            }
        }
        Route::Lines(..) => {
            answer.decode::<Line<'_>>("a line").unwrap();
        }
        Route::Project(..) => {
            answer.decode::<Project<'_>>("a project").unwrap();
        }
        Route::Redirect(_) => panic!("{at}: a redirect is no success"),
    }
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
        400 | 422 => Code::Rejected,
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
        let path = exchange.request.path.replace("{projectId}", ID).replace("{userId}", ID);
        let body = exchange.response.body.as_ref().map(fill).unwrap_or_default();
        let text = if body.is_null() { String::new() } else { body.to_string() };
        match ask(&Call::raw(method.clone(), path.clone()), exchange.response.status, &text) {
            Ok(answer) => {
                let route = Route::parse(&method, path.split('?').next().unwrap()).unwrap();
                check_success(&route, &answer, &body["data"], &at);
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
    let answer = ask(&Call::raw(Method::POST, format!("/projects/{ID}/users/")), 200, &body).unwrap();
    let user = answer.user().unwrap();
    assert_eq!((user.id.as_ref(), user.kind.as_deref(), user.phone_number.as_ref()), ("<string>", None, "<string>"));
    assert_eq!(
        answer.outcome(&user),
        spectrum_cli::nouns::users::outcome::Outcome::Registered,
        "nothing is claimed about an unknown time"
    );
}
