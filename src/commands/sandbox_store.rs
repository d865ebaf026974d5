//! Which sandbox a command means: the server that runs, and the store.

use std::path::{Path, PathBuf};

use url::Url;

use crate::config::base_url;
use crate::failure::{Code, Failure};
use crate::sandbox::store_error::StoreError;
use crate::sandbox::{self, Status};
use crate::session::Session;

/// Where the sandbox is that a command means: `--url`, else `SPECTRUM_CLOUD_URL`, else the one that announced itself in
/// the usual store.
///
/// # Errors
/// Usage or config, when what is named is no sandbox on this machine.
pub fn running_at(named: Option<&str>, session: &Session) -> Result<Option<Url>, Failure> {
    let exported = session.environment.var("SPECTRUM_CLOUD_URL");
    let (text, origin, code) = match (named, exported) {
        (Some(url), _) => (url.to_owned(), "--url", Code::Usage),
        (None, Some(url)) => (url, "SPECTRUM_CLOUD_URL", Code::Config),
        (None, None) => {
            let path = store(None, session)?;
            let Status { running, .. } = sandbox::status(&path).map_err(|error| unusable(&path, &error, session))?;
            return Ok(running.into_iter().next().and_then(|server| server.url.parse().ok()));
        }
    };
    match base_url::parse(&text) {
        Ok(url) if url.scheme() == "http" => Ok(Some(url)),
        Ok(_) => Err(Failure::new(code, format!("{origin} names no sandbox on this machine: {text}"))
            .hint("name one with `--url http://127.0.0.1:8787`")),
        Err(reason) => Err(Failure::new(code, format!("{origin}: {reason}"))),
    }
}

/// The store that was named, else the one of `-P sandbox`.
///
/// # Errors
/// Config, when this user has no place for one.
pub fn store(named: Option<PathBuf>, session: &Session) -> Result<PathBuf, Failure> {
    named.or_else(|| session.environment.sandbox_store()).ok_or_else(|| {
        Failure::new(Code::Config, "no place for the sandbox's store: this user has no home folder")
            .hint("name a file with `--store FILE`")
    })
}

/// Whether it is the store of `-P sandbox`, where nobody else keeps anything.
pub fn is_default(path: &Path, session: &Session) -> bool {
    session.environment.sandbox_store().is_some_and(|default| default == path)
}

/// Why a store cannot be used, and what to type.
pub fn unusable(path: &Path, error: &StoreError, session: &Session) -> Failure {
    sandbox::unusable(path, error, is_default(path, session))
}
