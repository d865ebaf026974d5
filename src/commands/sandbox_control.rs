//! The control plane of a sandbox that runs, asked from a command.

use std::time::Duration;

use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::sandbox_store::running_at;
use crate::failure::{Code, Failure};
use crate::http::loopback;
use crate::session::Session;

/// What to type where no sandbox is.
const START: &str = "start one with `spectrum sandbox serve`, or name it with `--url URL`";

/// Which sandbox; the same for every command that asks one.
#[derive(Debug, clap::Args)]
pub struct UrlArgs {
    /// The sandbox [default: SPECTRUM_CLOUD_URL, else the one on the usual store]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// A sandbox that runs, or ran a moment ago.
#[derive(Debug)]
pub struct Control {
    url: Url,
    timeout: Duration,
}

impl Control {
    /// The one at a URL.
    pub fn at(url: Url, session: &Session) -> Self {
        Self { url, timeout: session.settings.timeout.value }
    }

    /// The one that is meant.
    ///
    /// # Errors
    /// Network, when none is; usage or config, when what is named is no sandbox on this machine.
    pub fn find(args: &UrlArgs, session: &Session) -> Result<Self, Failure> {
        match running_at(args.url.as_deref(), session)? {
            Some(url) => Ok(Self::at(url, session)),
            None => Err(Failure::new(Code::Network, "no sandbox runs on the usual store").hint(START)),
        }
    }

    /// Where it is, as people read it.
    pub fn place(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The same, asked with less patience.
    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout: self.timeout.min(timeout), ..self }
    }

    /// Asks; the body of a success.
    ///
    /// # Errors
    /// Network, when nothing answers; whatever the sandbox refused.
    pub fn ask(&self, method: Method, path: &str, body: Option<String>) -> Result<String, Failure> {
        loopback::ask(&self.url, method, path, body, self.timeout).map_err(|error| {
            let failure = Failure::from(error);
            match failure.code {
                // What else is not there is the control plane itself.
                Code::NotFound if failure.api_code.as_deref() != Some("404") => {
                    let what = format!("{} is no sandbox that can be asked this", self.place());
                    Failure { message: what, ..failure }.hint("start one with `spectrum sandbox serve`")
                }
                Code::Network => failure.hint(START),
                _ => failure,
            }
        })
    }
}

/// Reads an answer.
///
/// # Errors
/// Bad response, when it is not one of the sandbox's.
pub fn read<'a, T: Deserialize<'a>>(answer: &'a str) -> Result<T, Failure> {
    serde_json::from_str(answer)
        .map_err(|error| Failure::new(Code::BadResponse, "the answer is not one of the sandbox's").because(error))
}

/// Reads a list whose records are passed on as they are.
///
/// # Errors
/// As [`read`].
pub fn read_records(answer: &str) -> Result<Vec<&str>, Failure> {
    let records: Vec<&RawValue> = read(answer)?;
    Ok(records.into_iter().map(RawValue::get).collect())
}
