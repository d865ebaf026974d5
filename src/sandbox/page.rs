//! The page at `/` and what belongs to it, by path: bytes that are part of the binary.
//!
//! The page carries its style within, so that the first paint needs one request; its scripts come after it.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::header::HeaderValue;
use ring::digest::{SHA256, digest};

/// Where everything but the page itself lies.
pub const FOLDER: &str = "/_sandbox/page/";

/// What stands in the page where its style belongs.
const PLACE: &str = "/* style.css */";
const STYLE: &str = include_str!("page/style.css");

static PAGE: LazyLock<String> = LazyLock::new(|| include_str!("page/index.html").replacen(PLACE, STYLE, 1));

/// What a browser may do with it: nothing that is not its own, and no script that stands in its text.
pub static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'sha256-{style}'; img-src 'self'; connect-src 'self'; base-uri \
         'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// What it holds.
    pub bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const ICON: &str = "image/svg+xml";

/// Every file below [`FOLDER`].
static FILES: [(&str, &str, &str); 12] = [
    ("icon.svg", ICON, include_str!("page/icon.svg")),
    ("app.js", SCRIPT, include_str!("page/app.js")),
    ("api.js", SCRIPT, include_str!("page/api.js")),
    ("connect.js", SCRIPT, include_str!("page/connect.js")),
    ("dom.js", SCRIPT, include_str!("page/dom.js")),
    ("faults.js", SCRIPT, include_str!("page/faults.js")),
    ("pretty.js", SCRIPT, include_str!("page/pretty.js")),
    ("requests.js", SCRIPT, include_str!("page/requests.js")),
    ("route.js", SCRIPT, include_str!("page/route.js")),
    ("state.js", SCRIPT, include_str!("page/state.js")),
    ("users.js", SCRIPT, include_str!("page/users.js")),
    ("webhooks.js", SCRIPT, include_str!("page/webhooks.js")),
];

/// The file at a path.
pub fn asset(path: &str) -> Option<Asset> {
    if path == "/" {
        return Some(Asset { content_type: HTML, bytes: PAGE.as_bytes() });
    }
    let name = path.strip_prefix(FOLDER)?;
    let (_, content_type, text) = FILES.iter().find(|(known, ..)| *known == name)?;
    Some(Asset { content_type, bytes: text.as_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::control;

    #[test]
    fn the_style_stands_in_the_page_and_its_policy_is_a_header() {
        assert!(PAGE.contains(STYLE) && !PAGE.contains(PLACE));
        assert!(POLICY.to_str().is_ok_and(|policy| policy.contains("style-src 'sha256-")));
    }

    #[test]
    fn the_page_tells_of_every_call_of_the_control_plane() {
        let connect = asset("/_sandbox/page/connect.js").map(|asset| String::from_utf8_lossy(asset.bytes)).unwrap();
        for route in &control::ROUTES {
            let told = connect.lines().any(|line| {
                let mut words = line.split('"').skip(1).step_by(2);
                let method = words.next().unwrap_or_default();
                let path = words.next().unwrap_or_default();
                method == route.method.as_str() && path.split('?').next() == Some(route.path)
            });
            assert!(told, "{} {}", route.method, route.path);
        }
    }
}
