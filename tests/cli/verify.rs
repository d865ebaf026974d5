//! `webhooks verify` with the vectors that real verifiers accepted: no account, no network.

use std::io::Write as _;
use std::process::Stdio;

use crate::golden::root;
use crate::world::{Run, World};

/// The secrets of the vectors, as `--secret-out` writes them.
pub const SECRETS: &str = "\
SPECTRUM_WEBHOOK_SECRET=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
SPECTRUM_WEBHOOK_STANDARD_SECRET=whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
";
/// A delivery that verifies with them, by the names that the examples of the help use.
#[cfg(unix)]
pub const VECTOR: [(&str, &str); 4] = [
    ("TIME", "1798761600"),
    ("SIGNATURE", "v0=fce94c34abbe1f8a3e710cf4811ffdac801503aacc115b886b40c7148a5ee996"),
    ("ID", "019b7711-5c00-7000-8000-00000000a001"),
    ("STANDARD", "v1,Skf8Nkdk+G0rWeHmVGbin6qt60+zCOqvhIfzuCo13xs="),
];
const HEX: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const WHSEC: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const TIMESTAMP: &str = "X-Spectrum-Timestamp: 1798761600";
const SIGNATURE: &str = "X-Spectrum-Signature: v0=fce94c34abbe1f8a3e710cf4811ffdac801503aacc115b886b40c7148a5ee996";
const ID: &str = "webhook-id: 019b7711-5c00-7000-8000-00000000a001";
const STANDARD_TIMESTAMP: &str = "webhook-timestamp: 1798761600";
const V1: &str = "webhook-signature: v1,Skf8Nkdk+G0rWeHmVGbin6qt60+zCOqvhIfzuCo13xs=";
const V2: &str = "webhook-signature: v1,2gu/M2KyfR784SMkoYMo0DVScNucj1RYQSoQnS3+6EE=";
const NOW: &str = "1798761600";

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/vectors").join(name)).unwrap()
}

/// A body as a file, and the secrets as another one.
fn world(body: impl AsRef<[u8]>) -> World {
    let world = World::new();
    world.file("secrets", SECRETS);
    world.file("body", body);
    world
}

fn v1() -> World {
    world(vector("webhook-v1-body.json"))
}

/// Runs with the secrets' and the body's files, these headers and these flags.
fn verify(world: &World, headers: &[&str], flags: &[&str]) -> Run {
    let mut args = vec!["webhooks", "verify", "--secret-file", "secrets", "--body", "body"];
    for header in headers {
        args.extend(["-H", header]);
    }
    args.extend(flags);
    world.run_args(&args)
}

#[test]
fn both_vectors_verify_and_say_what_they_are() {
    let world = v1();
    let record = verify(&world, &[TIMESTAMP, SIGNATURE], &["--at", "1798761610", "-o", "json"]).ok().json();
    assert_eq!(
        (&record["verified"], &record["scheme"], &record["secret"]),
        (&true.into(), &"v0".into(), &"signingSecret".into())
    );
    assert_eq!(
        (&record["ageSeconds"], &record["event"], &record["sender"]),
        (&10.into(), &"messages".into(), &"+14155550123".into())
    );
    assert_eq!(record["id"], "spc-msg-7b6f0c1e-3a52-4d8e-9c11-2f4b8a6d9e01");
    let all = [TIMESTAMP, SIGNATURE, ID, STANDARD_TIMESTAMP, V1];
    let record = verify(&world, &all, &["--at", "2027-01-01T00:00:00Z", "-o", "json"]).ok().json();
    assert_eq!(record["schemes"], serde_json::json!(["v0", "standard"]));
    let record = verify(&world, &all, &["--at", NOW, "--scheme", "standard", "-o", "json"]).ok().json();
    assert_eq!((&record["scheme"], &record["secret"]), (&"standard".into(), &"standardSigningSecret".into()));
    let raw = crate::verify::world(vector("webhook-v2-body.json"));
    let record = verify(&raw, &[ID, STANDARD_TIMESTAMP, V2], &["--at", NOW, "-o", "json"]).ok().json();
    assert_eq!((&record["event"], &record["sender"]), (&"message.received".into(), &serde_json::Value::Null));
    assert_eq!(record["eventId"], "019b7711-5c00-7000-8000-00000000a001");
    let shown = verify(&world, &[TIMESTAMP, SIGNATURE], &["--at", NOW]);
    for word in ["v0", "signingSecret", "messages", "+14155550123"] {
        assert!(shown.ok().stdout.contains(word), "{shown:?}");
    }
    assert_eq!(verify(&world, &[TIMESTAMP, SIGNATURE], &["--at", NOW, "-o", "id"]).ok().stdout.lines().count(), 1);
}

#[test]
fn a_refusal_names_its_cause_for_people_and_for_programs() {
    let hex = "X-Spectrum-Signature: v0=6a4bc85adc9ad5aa869314ad4b4b284477ee099367376ef7e045e4d962de062e";
    let text = "webhook-signature: v1,c0Vp6NlwQjItsCIQ2/N4k/ADpJ8yKicIWRc9Jr4lT3M=";
    let bare = SIGNATURE.replace("v0=", "");
    for (headers, at, cause, words) in [
        (vec![TIMESTAMP, hex], NOW, "hex_as_bytes", "hex secret decoded to bytes"),
        (vec![ID, STANDARD_TIMESTAMP, text], NOW, "whsec_as_text", "whsec_ secret used as text"),
        (vec![TIMESTAMP, SIGNATURE], "1798761901", "outside_window", "301 s before"),
        (vec![TIMESTAMP, SIGNATURE], "1798761299", "outside_window", "301 s after"),
        (vec!["X-Spectrum-Timestamp: 1798761600000", SIGNATURE], NOW, "milliseconds", "milliseconds"),
        (vec![TIMESTAMP, &bare], NOW, "prefix_missing", "prefix v0= is missing"),
        (vec![TIMESTAMP], NOW, "header_missing", "X-Spectrum-Signature is missing"),
        (vec!["X-Photon-Signature: x"], NOW, "header_missing", "X-Photon-Signature is no header of the service"),
    ] {
        let world = v1();
        let run = verify(&world, &headers, &["--at", at, "-o", "json"]);
        assert_eq!(run.status, 7, "{run:?}");
        let record = run.json();
        assert_eq!((&record["verified"], &record["cause"]), (&false.into(), &cause.into()), "{run:?}");
        assert_eq!(run.error()["code"], "rejected");
        let run = verify(&world, &headers, &["--at", at]);
        assert_eq!((run.status, run.stdout.as_str()), (7, ""), "{run:?}");
        run.says("error: not verified: ").says(words).says("hint: ");
    }
    for at in ["1798761900", "1798761300"] {
        verify(&v1(), &[TIMESTAMP, SIGNATURE], &["--at", at]).ok();
    }
}

#[test]
fn a_body_that_was_changed_is_told_from_one_that_was_not() {
    let body = vector("webhook-v1-body.json");
    let pretty = serde_json::to_vec_pretty(&serde_json::from_slice::<serde_json::Value>(&body).unwrap()).unwrap();
    for (body, cause) in
        [([body.as_slice(), b"\n"].concat(), "body_line_break"), (pretty, "body_reserialized"), (vec![], "body_empty")]
    {
        let run = verify(&world(body), &[TIMESTAMP, SIGNATURE], &["--at", NOW, "-o", "json"]);
        assert_eq!((run.status, &run.json()["cause"]), (7, &cause.into()), "{run:?}");
    }
}

/// What `webhooks send` would sign: this body, now and in both schemes.
fn signed(body: &[u8]) -> Vec<String> {
    use spectrum_cli::nouns::webhooks::signature::{SigningKey, SigningKeys, Unsigned, sign};
    let keys = SigningKeys { v0: Some(SigningKey::v0(HEX)), standard: vec![SigningKey::standard(WHSEC).unwrap()] };
    let timestamp = 1_798_761_600;
    let delivery = Unsigned { webhook_id: "w", event: "messages", event_id: "e", timestamp, body };
    sign(&delivery, &keys).into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

#[test]
fn any_body_is_verified_and_then_told_for_what_it_is() {
    let hostile = br#"{"event":"\u001b]0;owned\u0007\u202e","message":{"sender":{"id":"\u001b[31mred"}}}"#;
    for (body, is_json) in [
        (b"not JSON".to_vec(), false),
        (vec![0xff, 0x00, 0x1b, b'[', b'2', b'J'], false),
        (Vec::new(), false),
        ("[".repeat(5000).into_bytes(), false),
        ([b"{\"x\":\"".as_slice(), &vec![b'y'; 1 << 20], b"\"}"].concat(), true),
        (hostile.to_vec(), true),
        (br#"{"event":7,"message":[{"sender":null}]}"#.to_vec(), true),
    ] {
        let world = world(&body);
        let headers = signed(&body);
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        for format in ["table", "json", "ndjson", "csv", "id"] {
            let run = verify(&world, &headers, &["--at", NOW, "-o", format]);
            run.ok();
            assert_eq!(run.stderr.contains("the body is not JSON"), !is_json, "{run:?}");
            // A csv that goes into a file is exact, as everywhere.
            if format != "csv" {
                run.lacks("\u{1b}").lacks("\u{7}").lacks("\u{202e}");
            }
        }
        // The same body under another body's signature.
        let run = verify(&world, &[TIMESTAMP, SIGNATURE], &["--at", NOW]);
        assert_eq!(run.status, 7, "{run:?}");
        run.lacks("\u{1b}").lacks("\u{202e}");
    }
}

#[test]
fn hostile_headers_are_shown_safely() {
    let odd = "X-Evil-Signature: \u{1b}]0;owned\u{7}\u{202e}";
    for headers in [
        vec![odd],
        vec!["X-Spectrum-Timestamp: \u{1b}[31m", SIGNATURE],
        vec![TIMESTAMP, "X-Spectrum-Signature: \u{1b}[31m"],
        vec![TIMESTAMP, SIGNATURE, "X-Spectrum-Event: \u{1b}[31m\u{202e}"],
        vec![TIMESTAMP, SIGNATURE, "X-Spectrum-Webhook-Id: \u{1b}[31m"],
    ] {
        for format in ["table", "json"] {
            let run = verify(&v1(), &headers, &["--at", NOW, "-o", format]);
            assert!(matches!(run.status, 0 | 7), "{run:?}");
            run.lacks("\u{1b}").lacks("\u{202e}");
        }
    }
    for bad in ["no colon", "two words: x", ": x", "\u{1b}: x", ""] {
        let run = verify(&v1(), &[bad], &["-o", "json"]);
        run.failed(2, "usage").says("'Name: value'").lacks("\u{1b}");
    }
}

#[test]
fn the_body_and_the_secret_come_from_one_of_two_places_each() {
    let world = v1();
    let flags = ["--at", NOW, "-o", "json", "-H", TIMESTAMP, "-H", SIGNATURE];
    let run = |args: &[&str], input: &[u8]| -> Run {
        let args = [&["webhook", "verify"], args, &flags].concat();
        let mut child = world.command(&args).stdin(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input);
        child.into()
    };
    let body = vector("webhook-v1-body.json");
    run(&["--secret-file", "secrets"], &body).ok();
    run(&["--secret-file", "secrets", "--body", "-"], &body).ok();
    run(&["--secret-stdin", "--body", "body"], HEX.as_bytes()).ok();
    run(&["--secret-stdin", "--body", "body"], format!("\u{feff}{SECRETS}").replace('\n', "\r\n").as_bytes()).ok();
    run(&["--secret-stdin"], HEX.as_bytes()).failed(2, "usage").says("both want standard input");
    run(&["--secret-stdin", "--secret-file", "secrets", "--body", "body"], b"").failed(2, "usage");
    run(&["--body", "body"], b"").failed(2, "usage");
    run(&["--secret-file", "none", "--body", "body"], b"").failed(2, "invalid_input").says("cannot be opened");
    run(&["--secret-file", "secrets", "--body", "none"], b"").failed(2, "invalid_input").says("cannot read the body");
    run(&["--secret-stdin", "--body", "body"], b" \n").failed(2, "invalid_input").says("is empty");
    run(&["--secret-stdin", "--body", "body"], b"A=1\nB=2").failed(2, "invalid_input").says("holds neither");
    let run = run(&["--secret-stdin", "--body", "body", "--scheme", "v0"], b"whsec_as-plain-text");
    assert_eq!((run.status, &run.json()["cause"]), (7, &"mismatch".into()), "{run:?}");
}

#[test]
fn no_secret_is_on_any_stream() {
    let bare = WHSEC.strip_prefix("whsec_").unwrap();
    let leaks = [
        format!("X-Photon-Secret: {HEX}"),
        format!("X-Spectrum-Event: {HEX}"),
        format!("{HEX}: x"),
        format!("X-Signature-{bare}: {WHSEC}"),
    ];
    let body = format!(r#"{{"event":"{HEX}","message":{{"id":"{WHSEC}","sender":{{"id":"{bare}"}}}}}}"#);
    for (body, leak) in leaks.iter().map(|leak| (body.clone(), leak)) {
        let headers = signed(body.as_bytes());
        let mut fitting: Vec<&str> =
            headers.iter().map(String::as_str).filter(|line| !line.starts_with("X-Spectrum-Event")).collect();
        fitting.push(leak);
        for headers in [fitting.as_slice(), &[leak.as_str()]] {
            for format in ["table", "json", "csv", "id"] {
                let run = verify(&world(&body), headers, &["--at", NOW, "-o", format, "-vv"]);
                run.lacks(HEX).lacks(bare);
            }
        }
    }
    for secret in [
        HEX.to_owned(),
        WHSEC.replace("dHh8=", "!"),
        format!("A={HEX}\nB=1"),
        format!("SPECTRUM_WEBHOOK_STANDARD_SECRET={HEX}"),
    ] {
        let world = v1();
        world.file("secrets", &secret);
        let run = verify(&world, &[TIMESTAMP, V1], &["--scheme", "standard", "-o", "json"]);
        run.failed(2, "invalid_input").lacks(&secret).lacks(HEX);
    }
}

#[test]
fn the_project_s_secret_is_known_for_what_it_is() {
    let world = World::with_pair();
    world.file("secrets", crate::world::SECRET);
    world.file("body", vector("webhook-v1-body.json"));
    let run = verify(&world, &[TIMESTAMP, SIGNATURE], &["--at", NOW, "-o", "json"]);
    assert_eq!((run.status, &run.json()["cause"]), (7, &"project_secret".into()), "{run:?}");
    run.lacks(crate::world::SECRET);
}

#[test]
fn what_fits_and_yet_deserves_a_look_is_told() {
    let world = v1();
    let upper = SIGNATURE.to_uppercase().replace("V0=", "v0=");
    verify(&world, &[TIMESTAMP, &upper], &["--at", NOW]).ok().says("upper case");
    let other = [TIMESTAMP, SIGNATURE, "X-Spectrum-Event: message.received"];
    verify(&world, &other, &["--at", NOW]).ok().says("message.received").says("\"messages\"");
    let stale = [TIMESTAMP, SIGNATURE, ID, "webhook-timestamp: 1798761601", V1];
    verify(&world, &stale, &["--at", NOW]).ok().says("the standard signature does not verify");
    verify(&world, &[TIMESTAMP, SIGNATURE], &["--at", NOW]).ok().says("X-Spectrum-Event was not given");
}
