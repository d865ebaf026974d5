//! TLS with a CA of its own, and proxies.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::hostile::{Hostile, Reply, Request, list, user};
use crate::world::{Run, World};

/// A server that speaks TLS with a certificate of a CA that nobody knows, and lists one user.
struct Secure {
    address: SocketAddr,
    ca: String,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<Mutex<usize>>,
}

impl Secure {
    fn new() -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca_params = CertificateParams::new(Vec::new()).unwrap();
        ca_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = ca_params.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &Issuer::new(ca_params, ca_key)).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            ca: ca.pem(),
            requests: Arc::default(),
            connections: Arc::default(),
        };
        let (requests, connections, config) =
            (Arc::clone(&server.requests), Arc::clone(&server.connections), Arc::new(config));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                *connections.lock().unwrap() += 1;
                let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream.unwrap());
                if let Some(request) = read_request(&mut stream) {
                    requests.lock().unwrap().push(request);
                    let body = json!({ "succeed": true, "data": list(&[user("+14155550123")]) }).to_string();
                    let head =
                        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
                    let _ = stream.write_all(format!("{head}{body}").as_bytes());
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        server
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    fn world(&self) -> World {
        World::at(&self.url())
    }

    fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// Reads a request; none when the peer went away.
fn read_request(stream: &mut impl Read) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    loop {
        if bytes.windows(4).any(|four| four == b"\r\n\r\n")
            && let Some(request) = Request::parse(&bytes)
        {
            return Some(request);
        }
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
}

/// A proxy that understands CONNECT; what it was asked.
fn proxy() -> (SocketAddr, Arc<Mutex<Vec<Request>>>) {
    proxy_for(usize::MAX)
}

/// One that lets so many through, and then nobody.
fn proxy_for(allowed: usize) -> (SocketAddr, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut near = stream.unwrap();
            let Some(request) = read_request(&mut near) else { continue };
            let target = request.target.replace("localhost", "127.0.0.1");
            let count = {
                let mut seen = seen.lock().unwrap();
                seen.push(request);
                seen.len()
            };
            if count > allowed {
                near.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").unwrap();
                continue;
            }
            let Ok(mut far) = TcpStream::connect(target) else { continue };
            near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let (mut near_in, mut far_out) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            std::thread::spawn(move || drop(std::io::copy(&mut near_in, &mut far_out)));
            std::thread::spawn(move || drop(std::io::copy(&mut far, &mut near)));
        }
    });
    (address, asked)
}

#[test]
fn a_ca_of_ones_own_is_trusted_when_it_is_named() {
    let server = Secure::new();
    let world = server.world();
    let ca = world.file("ca.pem", &server.ca);
    let run = world.run(&format!("users list -o json --ca-cert {ca}"));
    assert_eq!(run.ok().json(), json!([user("+14155550123")]));
    server.world().var("SSL_CERT_FILE", &ca).run("users list").ok();
    // A system without any CA of its own, as a bare container is one.
    let bare = server.world().var("SSL_CERT_FILE", "/dev/null");
    bare.run(&format!("users list --ca-cert {ca}")).ok();
    let profiled = World::new();
    profiled.write_config(&format!(
        "default_profile='p'\n[profiles.p]\nproject_id='{}'\nproject_secret='s3cr'\nbase_url='{}'\nca_cert='{ca}'\n",
        crate::world::PROJECT,
        server.url()
    ));
    profiled.run("users list").ok();
    assert_eq!(server.requests(), 4);
}

#[test]
fn an_unknown_ca_is_refused_at_once() {
    let server = Secure::new();
    let run = server.world().run("users list -o json");
    run.failed(8, "network").says("certificate");
    assert!(run.error()["hint"].as_str().unwrap().contains("--ca-cert"), "{run:?}");
    assert_eq!((*server.connections.lock().unwrap(), server.requests()), (1, 0), "not repeated, and nothing was sent");
    // A certificate of another host is no matter of trust: one more CA does not help.
    let world = server.world();
    let ca = world.file("ca.pem", &server.ca);
    let run =
        world.run(&format!("users list -o json --ca-cert {ca} --base-url https://127.0.0.1:{}", server.address.port()));
    run.failed(8, "network").says("certificate").lacks("--ca-cert");
    let other = server.world().file("other.pem", Secure::new().ca);
    let run = server.world().run(&format!("users list -o json --ca-cert {other}"));
    assert!(run.status == 3 || run.status == 8, "{run:?}");
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_ca_file_that_is_none_is_a_matter_of_configuration() {
    let server = Secure::new();
    let world = server.world();
    let empty = world.file("empty.pem", "");
    let text = world.file("text.pem", "hello");
    for file in [&empty, &text, "/nonexistent/ca.pem"] {
        world.run(&format!("users list -o json --ca-cert {file}")).failed(3, "config").says(file).says("--ca-cert");
        let run = server.world().var("SSL_CERT_FILE", file).run("users list -o json");
        assert!(run.status == 3 && run.stdout.is_empty(), "{run:?}");
        run.says("SSL_CERT_FILE");
    }
    assert_eq!(server.requests(), 0);
    let plain = Hostile::always(Reply::data(list(&[])));
    World::on(&plain).var("SSL_CERT_FILE", "/nonexistent/ca.pem").run("users list").ok();
}

#[test]
fn a_server_that_speaks_no_tls_is_not_asked_again() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let connections = Arc::new(Mutex::new(0));
    let count = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in server.incoming() {
            *count.lock().unwrap() += 1;
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let world = World::at(&format!("https://{address}"));
    world.run("users list -o json").failed(8, "network").says("cannot connect").lacks("--ca-cert");
    assert_eq!(*connections.lock().unwrap(), 1);
}

#[test]
fn https_goes_through_the_proxy_unless_it_is_told_not_to() {
    let server = Secure::new();
    let (address, asked) = proxy();
    let run = |variables: &[(&str, &str)]| -> Run {
        let world = variables.iter().fold(server.world(), |world, (name, value)| world.var(name, value));
        let ca = world.file("ca.pem", &server.ca);
        world.run(&format!("users list -o json -vv --retries 0 --ca-cert {ca}"))
    };
    let url = format!("http://user:pa55word@{address}");
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let before = asked.lock().unwrap().len();
        run(&[(name, &url)]).ok().lacks("pa55word");
        assert_eq!(asked.lock().unwrap().len(), before + 1, "{name}");
    }
    let request = asked.lock().unwrap()[0].clone();
    assert_eq!(request.line(), format!("CONNECT localhost:{}", server.address.port()));
    assert_eq!(request.header("authorization"), None, "the credentials are for the service alone");
    for exception in ["localhost", "*", "example.com,localhost"] {
        run(&[("HTTPS_PROXY", &url), ("NO_PROXY", exception)]).ok();
    }
    run(&[("HTTP_PROXY", &url)]).ok();
    assert_eq!(asked.lock().unwrap().len(), 3, "NO_PROXY is honoured, and HTTP_PROXY is for http");
    assert_eq!(server.requests(), 7);
    let run = run(&[("HTTPS_PROXY", "http://127.0.0.1:9")]);
    run.failed(8, "network").says("cannot connect").says("HTTPS_PROXY is set");
}

#[test]
fn plain_http_to_loopback_uses_no_proxy() {
    let (address, asked) = proxy();
    let server = Hostile::always(Reply::data(list(&[])));
    let url = format!("http://{address}");
    let world = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"]
        .iter()
        .fold(World::on(&server), |world, name| world.var(name, &url));
    world.run("users list").ok();
    assert_eq!((server.count(), asked.lock().unwrap().len()), (1, 0));
}

#[test]
fn a_profiles_ca_and_other_roots_work_together() {
    let (server, other) = (Secure::new(), Secure::new());
    let world = World::new();
    let [own, roots] = [world.file("own.pem", &server.ca), world.file("roots.pem", &other.ca)];
    world.write_config(&format!(
        "default_profile='p'\n[profiles.p]\nproject_id='{}'\nproject_secret='s3cr'\nbase_url='{}'\nca_cert='{own}'\n",
        crate::world::PROJECT,
        server.url()
    ));
    let world = world.var("SSL_CERT_FILE", &roots);
    world.run("users list").ok();
    world.run(&format!("users list --base-url {}", other.url())).ok();
    world.run(&format!("users list --ca-cert {roots} -o json")).failed(8, "network");
    assert_eq!((server.requests(), other.requests()), (1, 1));
}

#[test]
fn what_is_no_proxy_never_means_a_direct_connection() {
    let server = Secure::new();
    for (name, value) in [
        ("HTTPS_PROXY", "socks://127.0.0.1:9"),
        ("https_proxy", "\"http://127.0.0.1:9\""),
        ("ALL_PROXY", "htp://user:pa55word@127.0.0.1:9"),
        ("all_proxy", "9"),
    ] {
        let world = server.world().var(name, value);
        let ca = world.file("ca.pem", &server.ca);
        let line = format!("users list -o json -vv --ca-cert {ca}");
        world.run(&line).failed(3, "config").says(name).says("http://host:port").lacks("pa55word");
        assert_eq!(*server.connections.lock().unwrap(), 0, "{name}");
        let line = format!("{line} --base-url https://127.0.0.1:{}", server.address.port());
        world.run(&line).failed(3, "config");
        let direct = world.var("NO_PROXY", "*");
        // The certificate is for another name, so the connection is what tells.
        direct.run(&line).failed(8, "network");
        assert_eq!(std::mem::take(&mut *server.connections.lock().unwrap()), 1, "{name}");
    }
    // A proxy that refuses is no reason to go without it.
    let world = server.world().var("HTTPS_PROXY", "http://127.0.0.1:9").var("NO_PROXY", "127.0.0.1,10.0.0.0/8");
    let ca = world.file("ca.pem", &server.ca);
    world
        .run(&format!("users list -o json --retries 0 --ca-cert {ca}"))
        .failed(8, "network")
        .says("HTTPS_PROXY is set");
    assert_eq!(*server.connections.lock().unwrap(), 0);
}

/// A proxy that speaks SOCKS 5 with a user and a password; the hosts that it was asked for.
fn socks() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut near = stream.unwrap();
            let take = |length: u8| {
                let mut bytes = vec![0; length.into()];
                (&near).read_exact(&mut bytes).unwrap();
                bytes
            };
            let say = |bytes: &[u8]| (&near).write_all(bytes).unwrap();
            let methods = take(2)[1];
            assert!(take(methods).contains(&2));
            say(&[5, 2]);
            let user = take(2)[1];
            take(user);
            let password = take(1)[0];
            assert_eq!(take(password), b"pa55word");
            say(&[1, 0]);
            let head = take(4);
            let host = match head[3] {
                3 => {
                    let length = take(1)[0];
                    String::from_utf8(take(length)).unwrap()
                }
                kind => {
                    let address = take(if kind == 1 { 4 } else { 16 });
                    format!("{address:?}")
                }
            };
            let port = take(2);
            seen.lock().unwrap().push(host);
            let mut far = TcpStream::connect(("127.0.0.1", u16::from_be_bytes([port[0], port[1]]))).unwrap();
            say(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]);
            let (mut near_in, mut far_out) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            std::thread::spawn(move || drop(std::io::copy(&mut near_in, &mut far_out)));
            std::thread::spawn(move || drop(std::io::copy(&mut far, &mut near)));
        }
    });
    (address, asked)
}

#[test]
fn a_socks_proxy_is_used_and_asked_for_the_name_where_that_is_meant() {
    let server = Secure::new();
    let (address, asked) = socks();
    for scheme in ["socks5h", "socks5"] {
        let world = server.world().var("ALL_PROXY", &format!("{scheme}://user:pa55word@{address}"));
        let ca = world.file("ca.pem", &server.ca);
        world.run(&format!("users list -vv --ca-cert {ca}")).ok().lacks("pa55word");
    }
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked[0] == "localhost" && asked[1].starts_with('['), "{asked:?}");
}

#[test]
fn a_delivery_goes_to_a_handler_whose_ca_is_named_and_to_no_other() {
    let server = Secure::new();
    let world = World::new();
    let ca = world.file("ca.pem", &server.ca);
    world.file("secrets", crate::verify::SECRETS);
    let line = format!("webhooks send {}/hook --secret-file secrets -o json", server.url());
    let run = world.run(&line);
    run.failed(8, "network").says("certificate").says("--ca-cert").lacks("handler runs");
    assert_eq!(server.requests(), 0);
    world.run(&format!("{line} --ca-cert {ca}")).ok();
    let requests = server.requests.lock().unwrap();
    assert_eq!((requests.len(), requests[0].line()), (1, "POST /hook".to_owned()));
    assert!(requests[0].header("x-spectrum-signature").is_some() && requests[0].body.contains("\"messages\""));
}

/// A proxy that says this to whoever comes, after each piece that it hears; how many came.
fn deaf_proxy(answers: &[&[u8]]) -> (SocketAddr, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&count);
    let answers: Vec<_> = answers.iter().map(|answer| answer.to_vec()).collect();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut near = stream.unwrap();
            *seen.lock().unwrap() += 1;
            for answer in &answers {
                let _ = near.read(&mut [0; 1024]);
                let _ = near.write_all(answer);
            }
        }
    });
    (address, count)
}

#[test]
fn a_proxy_that_lets_nobody_through_is_asked_once() {
    let server = Secure::new();
    for (scheme, answers, words, hint) in [
        (
            "http",
            &[&b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..]][..],
            "wants a user and a password",
            "user:password@",
        ),
        ("socks5h", &[&[5, 0xff]], "wants another proof", "user:password@"),
        ("socks5h://u:pa55word@", &[&[5, 2], &[1, 1]], "does not accept the user and the password", "user:password@"),
        ("socks5h", &[&[5, 0], &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]], "does not allow it", "NO_PROXY"),
        ("socks5h", &[b"HTTP/1.1 400 Bad Request\r\n\r\n"], "does not speak SOCKS 5", "http://"),
    ] {
        let (address, count) = deaf_proxy(answers);
        let url = if scheme.contains("://") { format!("{scheme}{address}") } else { format!("{scheme}://{address}") };
        let world = server.world().var("HTTPS_PROXY", &url);
        let ca = world.file("ca.pem", &server.ca);
        let run = world.run(&format!("users list -o json -vv --ca-cert {ca}"));
        run.failed(3, "config")
            .says(&format!("the proxy {words}"))
            .says("HTTPS_PROXY is set")
            .says(hint)
            .lacks("pa55word");
        assert_eq!((*count.lock().unwrap(), &run.error()["retryable"]), (1, &false.into()), "{url}: {run:?}");
    }
    assert_eq!(*server.connections.lock().unwrap(), 0);
    // One that fails by itself may do better in a moment.
    let (address, count) = deaf_proxy(&[b"HTTP/1.1 503 Service Unavailable\r\n\r\n"]);
    let world = server.world().var("HTTPS_PROXY", &format!("http://{address}"));
    let ca = world.file("ca.pem", &server.ca);
    world.run(&format!("users list -o json --retries 1 --ca-cert {ca}")).failed(8, "network");
    assert_eq!(*count.lock().unwrap(), 2);
}

#[test]
fn a_run_whose_proxy_shuts_in_between_ends_at_once() {
    let server = Secure::new();
    let (address, asked) = proxy_for(1);
    let world = server.world().var("HTTPS_PROXY", &format!("http://{address}"));
    let ca = world.file("ca.pem", &server.ca);
    let rows: String = (0..50).map(|row| format!("+141555502{row:02}\n")).collect();
    world.file("a.csv", format!("phoneNumber\n{rows}"));
    let run = world.run(&format!("users apply a.csv -o json --ca-cert {ca}"));
    assert_eq!((run.status, &run.error()["retryable"]), (9, &true.into()), "{run:?}");
    run.says("cannot be reached").says("wants a user and a password").says("50 rows failed");
    assert!(asked.lock().unwrap().len() < 10, "the list, and one row at five in a second");
}

#[test]
fn a_tunnel_that_nobody_has_opened_is_tried_once() {
    // Nobody listens there; the last resolves the service's name here, which cannot be done.
    for (scheme, service) in [("socks5", "localhost"), ("socks5h", "nobody.invalid"), ("socks5", "nobody.invalid")] {
        for place in ["127.0.0.1:1", "[::1]:1", "localhost:1"] {
            let world = World::at(&format!("https://{service}:1"));
            let run =
                world.var("HTTPS_PROXY", &format!("{scheme}://user:pa55word@{place}")).run("users list -o json -vv");
            run.failed(3, "config")
                .says("nobody listens at the SOCKS proxy")
                .says("HTTPS_PROXY is set")
                .lacks("pa55word");
            assert_eq!(
                (&run.error()["retryable"], run.stderr.matches("(attempt ").count()),
                (&false.into(), 1),
                "{run:?}"
            );
        }
    }
    // Where somebody listens, the name may be known in a moment.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("socks5://{}", listener.local_addr().unwrap());
    let world = World::at("https://nobody.invalid").var("HTTPS_PROXY", &url);
    world.run("users list -o json --retries 1").failed(8, "network").says("after 2 attempts");
    let run = world.run("doctor -o json");
    crate::doctor::ends(&run, 8, "network");
    assert!(
        crate::doctor::finding(&run, "dns")["hint"].as_str().unwrap().contains("socks5h:// in HTTPS_PROXY"),
        "{run:?}"
    );
    let world = World::at("https://nobody.invalid:1").var("HTTPS_PROXY", "socks5h://127.0.0.1:1");
    let run = world.run("doctor -o json");
    crate::doctor::ends(&run, 3, "config");
    assert_eq!(crate::doctor::state(&run, "dns"), "skipped", "it is the proxy's to look it up");
}

#[test]
fn a_doctor_tells_a_certificate_that_nobody_knows_from_one_that_is_trusted() {
    let server = Secure::new();
    let state = |run: &Run, check: &str| crate::doctor::state(run, check);
    let world = server.world();
    let run = world.run("doctor --retries 0 -o json");
    crate::doctor::ends(&run, 8, "network");
    assert_eq!((state(&run, "tls"), state(&run, "service")), ("failed".to_owned(), "skipped".to_owned()));
    assert!(crate::doctor::finding(&run, "tls")["hint"].as_str().unwrap().contains("--ca-cert"), "{run:?}");
    assert_eq!(server.requests(), 0);
    let ca = world.file("ca.pem", &server.ca);
    let run = world.run(&format!("doctor -o json --ca-cert {ca}"));
    run.ok();
    for check in ["ca", "dns", "tls", "service"] {
        assert_eq!(state(&run, check), "ok", "{run:?}");
    }
    assert!(crate::doctor::finding(&run, "ca")["detail"].as_str().unwrap().contains("ca.pem from --ca-cert"));
    assert_eq!(server.requests(), 1, "one request tells");
    let bad = world.file("bad.pem", "nothing");
    let run = world.run(&format!("doctor -o json --ca-cert {bad}"));
    crate::doctor::ends(&run, 3, "config");
    assert_eq!((state(&run, "ca"), state(&run, "service")), ("failed".to_owned(), "skipped".to_owned()));
}
