//! The page at `/` and what belongs to it, by path: bytes that are part of the binary.

/// Where everything but the page itself lies.
pub const FOLDER: &str = "/_sandbox/page/";

/// What a browser may do with it: nothing that is not its own, and nothing that stands in its text.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                          connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its path.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// What it holds.
    pub bytes: &'static [u8],
}

/// Every file of the page.
const ASSETS: [Asset; 0] = [];

/// The file at a path.
pub fn asset(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}
