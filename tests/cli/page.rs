//! The page of the sandbox, as bytes: what is served, with which headers, and to whom. What it does is seen by a browser,
//! in `tests/page.sh`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use spectrum_cli::sandbox::fault::{Fault, FaultKind};
use spectrum_cli::sandbox::options::SandboxOptions;
use spectrum_cli::sandbox::{self, Running};

use crate::http::{self, Reply};
#[cfg(unix)]
use crate::world::World;

fn ask_as(server: &Running, host: &str, method: &str, path: &str) -> Reply {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    http::raw(&server.url, request.as_bytes()).unwrap()
}

fn ask(server: &Running, method: &str, path: &str) -> Reply {
    ask_as(server, "127.0.0.1", method, path)
}

fn start() -> Running {
    sandbox::start(&SandboxOptions::default(), None).unwrap()
}

/// What stands between quotes after each of these attributes, and in each import.
fn named(text: &str, before: &str) -> Vec<String> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn the_page_is_whole_small_and_allowed_nothing_but_its_own() {
    let server = start();
    let page = ask(&server, "GET", "/");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type").unwrap(), "text/html; charset=utf-8");
    assert_eq!(page.header("x-content-type-options").unwrap(), "nosniff");
    assert_eq!(page.header("referrer-policy").unwrap(), "no-referrer");
    assert!(page.body.len() < 60_000, "{} bytes", page.body.len());

    let (_, rest) = page.body.split_once("<style>").unwrap();
    let (style, rest) = rest.split_once("</style>").unwrap();
    let hash = BASE64_STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, style.as_bytes()));
    assert_eq!(
        page.header("content-security-policy").unwrap(),
        format!(
            "default-src 'none'; script-src 'self'; style-src 'sha256-{hash}'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    );
    // Nothing that the policy would have to stop.
    assert!(!rest.contains("<style") && !rest.contains(" style=") && !style.contains("url("));
    assert!(page.body.split("<script").skip(1).all(|rest| rest.starts_with(r#" type="module" src="/_sandbox/page/"#)));
    assert!(!page.body.contains(" onclick=") && !page.body.replace("http://127.0.0.1:3000/hook", "").contains("://"));
}

#[test]
fn everything_that_it_needs_is_served_and_reads_no_text_as_markup() {
    let server = start();
    let page = ask(&server, "GET", "/").body;
    let mut wanted: Vec<String> = ["src=\"/_sandbox/page/", "href=\"/_sandbox/page/"]
        .iter()
        .flat_map(|before| named(&page, before))
        .map(|name| format!("/_sandbox/page/{name}"))
        .collect();
    let mut at = 0;
    while let Some(path) = wanted.get(at).cloned() {
        let asset = ask(&server, "GET", &path);
        assert_eq!(asset.status, 200, "{path}");
        let kind = asset.header("content-type").unwrap();
        match path.rsplit_once('.').unwrap().1 {
            "js" => assert_eq!(kind, "text/javascript; charset=utf-8", "{path}"),
            "svg" => assert_eq!(kind, "image/svg+xml", "{path}"),
            other => panic!("{other}"),
        }
        assert_eq!(asset.header("x-content-type-options").unwrap(), "nosniff", "{path}");
        assert!(asset.header("content-security-policy").unwrap().starts_with("default-src 'none'"), "{path}");
        for markup in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(", "Function("]
        {
            assert!(!asset.body.contains(markup), "{path}: {markup}");
        }
        for name in named(&asset.body, "from \"./") {
            let path = format!("/_sandbox/page/{name}");
            if !wanted.contains(&path) {
                wanted.push(path);
            }
        }
        at += 1;
    }
    assert_eq!(wanted.len(), 12, "{wanted:?}");
}

#[test]
fn a_head_is_answered_without_a_body_and_nothing_else_is_there() {
    let server = start();
    let length = ask(&server, "GET", "/").body.len();
    let head = ask(&server, "HEAD", "/");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length").unwrap(), length.to_string());
    for (method, path) in [
        ("POST", "/"),
        ("DELETE", "/_sandbox/page/app.js"),
        ("GET", "/_sandbox/page/"),
        ("GET", "/_sandbox/page/index.html"),
        ("GET", "/_sandbox/page/../page.rs"),
        ("GET", "/index.html"),
        ("GET", "/favicon.ico"),
    ] {
        let reply = ask(&server, method, path);
        assert_eq!(reply.status, 404, "{method} {path}");
        assert!(reply.header("content-type").unwrap().starts_with("application/json"), "{method} {path}");
    }
}

#[test]
fn a_foreign_host_gets_nothing() {
    let server = start();
    for path in ["/", "/_sandbox/page/app.js"] {
        let reply = ask_as(&server, "evil.example", "GET", path);
        assert_eq!(reply.status, 403, "{path}");
        assert!(!reply.body.contains("<html") && !reply.body.contains("import"), "{path}");
    }
}

#[test]
fn no_fault_touches_the_page() {
    let mut options = SandboxOptions::default();
    options.faults.rules = vec![Fault { kind: FaultKind::Drop, rate: 1.0 }];
    let server = sandbox::start(&options, None).unwrap();
    assert_eq!(ask(&server, "GET", "/").status, 200);
    assert_eq!(ask(&server, "GET", "/_sandbox/page/app.js").status, 200);
    assert_eq!(server.requests(), 0);
}

#[test]
#[cfg(unix)]
fn somebody_at_a_terminal_is_told_of_the_page() {
    let world = World::new();
    let mut terminal = world.at_terminal(80, "sandbox serve --memory --listen 127.0.0.1:0");
    terminal.shows("SPECTRUM_PROJECT_SECRET=").shows("in a browser to watch it");
    crate::world::signal(&terminal.child, nix::sys::signal::Signal::SIGTERM);
    assert_eq!(terminal.ends().status, 0);
}
