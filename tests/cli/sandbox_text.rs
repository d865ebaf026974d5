//! The sandbox plays the person: `sandbox text`, and the control plane behind it.

use serde_json::{Value, json};
use spectrum_cli::sandbox::fault::Fault;

use crate::hostile::{Hostile, Reply};
use crate::http;
use crate::world::World;

const PHONE: &str = "+14155550123";

fn opted_in(world: &World) -> Value {
    world.run(&format!("users get {PHONE} -o json")).ok().json()["meta"].clone()
}

#[test]
fn a_text_opts_the_person_in_and_says_so() {
    let world = World::beside(|_| ());
    let user = world.run(&format!("users create --shared --phone {PHONE} -o json -q")).ok().json();
    let assigned = user["assignedPhoneNumber"].as_str().unwrap();
    assert_eq!(opted_in(&world), json!({}));
    let run = world.run(&format!("sandbox text --from {PHONE}"));
    assert_eq!(run.ok().stdout, format!("{PHONE} texted {assigned}: they can be messaged from now on\n"));
    assert_eq!(opted_in(&world), json!({ "opt_in": true }));
    let run = world.run(&format!("sandbox text --from {PHONE}"));
    assert!(run.ok().stdout.ends_with("could be messaged already\n"), "{run:?}");
    let run = world.run_args(&[
        "sandbox",
        "text",
        "--from",
        "+1 (415) 555-0123",
        "--to",
        assigned,
        "Hi \"there\"",
        "-o",
        "json",
    ]);
    let sent = json!({ "from": PHONE, "to": assigned, "text": "Hi \"there\"", "userId": user["id"],
        "projectId": user["projectId"], "optedInNow": false, "deliveries": [] });
    assert_eq!(run.ok().json(), sent);
    let run = world.run(&format!("sandbox text --from {PHONE} -o id"));
    assert_eq!(run.ok().stdout, format!("{}\n", user["id"].as_str().unwrap()));
    let run = world.run(&format!("sandbox text --from {PHONE} --fields to"));
    assert_eq!(run.ok().stdout, format!("TO  {assigned}\n"));
}

#[test]
fn who_is_nobodys_user_and_who_has_several_numbers_is_told() {
    let world = World::beside(|_| ());
    let text = format!("sandbox text --from {PHONE} -o json");
    world.run(&text).failed(5, "not_found").says("nobody's user").says("users create --shared --phone");
    for line in ["--shared", "--dedicated --assigned +19175550101"] {
        world.run(&format!("users create {line} --phone {PHONE}")).ok();
    }
    world.run(&text).failed(6, "conflict").says("+19175550101").says("--to");
    world.run(&format!("{text} --to +19175550101")).ok();
    world
        .run(&format!("{text} --to +19995550100"))
        .failed(5, "not_found")
        .says("+19995550100")
        .says("leave `--to` out");
    let shared = world.run("users list --shared -o json").ok().json();
    assert_eq!(shared[0]["meta"], json!({}), "the text went to the other number");
    world.run("sandbox text -o json").failed(2, "usage").says("--from");
    world.run("sandbox text --from 4155550123 -o json").failed(2, "usage");
}

#[test]
fn the_store_of_the_sandbox_itself_is_meant_while_none_runs() {
    let world = World::new();
    world.run(&format!("-P sandbox users create --shared --phone {PHONE}")).ok();
    world.run(&format!("sandbox text --from {PHONE}")).ok();
    let users = world.run("-P sandbox users list --opted-in -o json").ok().json();
    assert_eq!(users[0]["phoneNumber"], PHONE);
    // A server on that store announces itself.
    let server = world.serve("");
    world.run(&format!("sandbox text --from {PHONE}")).ok();
    world.run(&format!("sandbox text --from {PHONE} --url {}", server.project.url)).ok();
}

#[test]
fn what_is_no_sandbox_is_not_texted() {
    let world = World::new();
    let text = format!("sandbox text --from {PHONE} -o json");
    world.run(&format!("{text} --url https://spectrum.photon.codes")).failed(2, "usage");
    world.run(&format!("{text} --url http://127.0.0.1:1")).failed(8, "network").says("sandbox serve");
    let production = World::new().var("SPECTRUM_CLOUD_URL", "https://spectrum.photon.codes");
    production.run(&text).failed(3, "config").says("--url");
    let server = Hostile::always(Reply::refusal(404, "NOT_FOUND", "Not found"));
    world
        .run(&format!("{text} --url {}", server.url()))
        .failed(5, "not_found")
        .says("is no sandbox")
        .lacks("users create");
    let request = &server.requests()[0];
    assert_eq!((request.line(), request.header("authorization")), ("POST /_sandbox/messages".to_owned(), None));
    let server = Hostile::always(Reply::status(200, "<html>"));
    world.run(&format!("{text} --url {}", server.url())).failed(8, "bad_response");
}

/// A page elsewhere can send neither the header nor no origin, and nobody needs credentials.
#[test]
fn the_control_plane_hears_only_who_is_on_this_machine() {
    let world = World::beside(|_| ());
    world.run(&format!("users create --shared --phone {PHONE}")).ok();
    let send = |headers: &str, body: &str| {
        let host = world.sandbox().url.replace("http://", "");
        let request = format!(
            "POST /_sandbox/messages HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        http::raw(&world.sandbox().url, request.as_bytes()).unwrap().status
    };
    let body = json!({ "from": PHONE }).to_string();
    for headers in
        ["", "X-Sandbox: 0\r\n", "X-Sandbox: 1\r\nOrigin: https://evil.example\r\n", "X-Sandbox: 1\r\nOrigin: null\r\n"]
    {
        assert_eq!(send(headers, &body), 403, "{headers:?}");
    }
    assert_eq!(opted_in(&world), json!({}));
    for (body, status) in [
        ("{", 400),
        ("[]", 422),
        ("{}", 422),
        (r#"{"from":7}"#, 422),
        (r#"{"from":"+14155550123","to":"you"}"#, 422),
        (r#"{"from":"+14155550123","text":7}"#, 422),
        (r#"{"from":"+14155550199"}"#, 404),
        (&body, 200),
    ] {
        assert_eq!(send("X-Sandbox: 1\r\n", body), status, "{body}");
    }
    assert_eq!(opted_in(&world), json!({ "opt_in": true }));
}

/// What a test does behind the scenes neither meets a fault nor shifts the next one.
#[test]
fn faults_are_for_clients_of_the_service() {
    let fault: Fault = "503:1".parse().unwrap();
    let world = World::beside(|options| options.faults.rules = vec![fault]);
    let before = world.sandbox().requests();
    world.run(&format!("sandbox text --from {PHONE} -o json")).failed(5, "not_found");
    assert_eq!(world.sandbox().requests(), before, "it is no request of a client's");
}
