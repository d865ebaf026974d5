//! How the sandbox hands out tokens: they say of themselves whose they are, and open nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::endpoints::{FUSOR, IMESSAGE, SLACK, VOICE, WHATSAPP};
use super::schema;
use crate::model::Phone;
use crate::nouns::lines::sandbox::line_id;
use crate::nouns::users::model::UserType;
use crate::sandbox::exchange::{Exchange, Response, Route};
use crate::sandbox::refusal::Refusal;

/// How long a token is good for, in seconds.
const EXPIRES_IN: u32 = 900;

/// What answers the tokens' endpoints.
pub static ROUTES: [Route; 5] = [
    Route { spec: IMESSAGE, handler: imessage, describe: schema::imessage },
    Route { spec: VOICE, handler: one, describe: schema::one },
    Route { spec: FUSOR, handler: one, describe: schema::one },
    Route { spec: WHATSAPP, handler: whatsapp, describe: schema::whatsapp },
    Route { spec: SLACK, handler: slack, describe: schema::slack },
];

/// One token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<UserType>,
    token: String,
    expires_in: u32,
}

/// Tokens by line, or by account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ByLine<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<UserType>,
    auth: BTreeMap<String, String>,
    numbers: BTreeMap<String, &'a Phone>,
    expires_in: u32,
}

/// Tokens by team; no team has installed anything here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ByTeam {
    auth: BTreeMap<String, String>,
    teams: BTreeMap<String, String>,
    expires_in: u32,
}

/// A token that nobody can take for a real one.
fn token(of: &str) -> String {
    format!("spectrum-sandbox-token-{of}-opens-nothing")
}

fn imessage(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = exchange.project()?;
    if project.lines.is_empty() {
        let (kind, token) = (Some(UserType::Shared), token("shared"));
        return Ok(Response::success(&One { kind, token, expires_in: EXPIRES_IN }));
    }
    let lines = || project.lines.iter().map(|line| (line_id(project, line), line));
    Ok(Response::success(&ByLine {
        kind: Some(UserType::Dedicated),
        auth: lines().map(|(id, _)| (id.clone(), token(&id))).collect(),
        numbers: lines().collect(),
        expires_in: EXPIRES_IN,
    }))
}

fn one(_: &Exchange<'_>) -> Result<Response, Refusal> {
    Ok(Response::success(&One { kind: None, token: token("project"), expires_in: EXPIRES_IN }))
}

fn whatsapp(_: &Exchange<'_>) -> Result<Response, Refusal> {
    let (auth, numbers) = (BTreeMap::new(), BTreeMap::new());
    Ok(Response::success(&ByLine { kind: None, auth, numbers, expires_in: EXPIRES_IN }))
}

fn slack(_: &Exchange<'_>) -> Result<Response, Refusal> {
    let (auth, teams) = (BTreeMap::new(), BTreeMap::new());
    Ok(Response::success(&ByTeam { auth, teams, expires_in: EXPIRES_IN }))
}
