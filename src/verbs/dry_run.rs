//! `--dry-run`: the request as it would go out, the secret redacted, nothing sent.

use serde::Serialize;
use serde_json::value::RawValue;
use url::Url;

use crate::failure::{Exit, Failure};
use crate::http::Call;
use crate::http::dialect::SPECTRUM;
use crate::output::format::OutputFormat;
use crate::output::json::{self, Layout};
use crate::session::Session;

/// A request that is not sent.
#[derive(Debug, Serialize)]
pub struct DryRequest {
    method: String,
    url: String,
    headers: ShownHeaders,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct ShownHeaders {
    #[serde(rename = "Authorization")]
    authorization: &'static str,
    #[serde(rename = "Content-Type", skip_serializing_if = "Option::is_none")]
    content_type: Option<&'static str>,
}

impl DryRequest {
    /// A call under a base URL.
    pub fn of(call: &Call, base_url: &Url) -> Self {
        // A placeholder such as {projectId} stays readable.
        let url = call.url(base_url, SPECTRUM.prefix).to_string().replace("%7B", "{").replace("%7D", "}");
        let body = call.body().and_then(|body| RawValue::from_string(body.to_owned()).ok());
        let content_type = body.is_some().then_some("application/json");
        let headers = ShownHeaders { authorization: "Basic [redacted]", content_type };
        Self { method: call.method().to_string(), url, headers, body }
    }

    fn as_text(&self) -> String {
        let mut text = format!("{} {}\nAuthorization: {}\n", self.method, self.url, self.headers.authorization);
        if let (Some(content_type), Some(body)) = (self.headers.content_type, &self.body) {
            text.push_str(&format!("Content-Type: {content_type}\n\n{}\n", json::text(body, Layout::Pretty)));
        }
        text
    }
}

/// Prints one request.
///
/// # Errors
/// Whatever the stream says.
pub fn print(session: &Session, request: DryRequest) -> Result<Exit, Failure> {
    check_no_fields(session)?;
    session.out.note(NOTHING_SENT);
    match session.out.format() {
        OutputFormat::Table => session.out.foreign(&request.as_text())?,
        _ => session.out.document(&request)?,
    }
    Ok(Exit::Done)
}

/// Prints several requests, in order, and what was `done` for them.
///
/// # Errors
/// Whatever the stream says.
pub fn print_all(session: &Session, requests: &[DryRequest], done: &str) -> Result<Exit, Failure> {
    check_no_fields(session)?;
    session.out.note(done);
    match session.out.format() {
        OutputFormat::Table => {
            let texts: Vec<String> = requests.iter().map(DryRequest::as_text).collect();
            session.out.foreign(&texts.join("\n"))?;
        }
        OutputFormat::Ndjson => requests.iter().try_for_each(|request| session.out.document(request))?,
        _ => session.out.document(requests)?,
    }
    Ok(Exit::Done)
}

/// What is said where no request went out at all.
pub const NOTHING_SENT: &str = "dry run: nothing was sent";

/// Refuses `--fields`, whatever the command's own record is; done before anything is read.
///
/// # Errors
/// Usage, when fields were named.
pub fn check_no_fields(session: &Session) -> Result<(), Failure> {
    session.out.check_no_fields().map_err(|failure| {
        let message = "--fields: a dry run shows requests, and no record to choose fields of".to_owned();
        Failure { message, ..failure }.hint("leave `--fields` out")
    })
}
