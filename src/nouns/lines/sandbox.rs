//! How the sandbox answers for lines: what a project owns, and which line a new user should get.

use rusqlite::Connection;
use serde::Serialize;

use super::endpoints::{Best, List};
use super::schema::{self, PLATFORM, PLATFORMS};
use crate::http::Endpoint as _;
use crate::model::Phone;
use crate::sandbox::exchange::{Exchange, Response, Route, key};
use crate::sandbox::options::SandboxProject;
use crate::sandbox::records::Iso;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store_error::StoreError;

/// The first line's date: lines were there before anybody asked, so none is too young to be routed to.
const FIRST_LINE_MS: i64 = 1_767_225_600_000;
/// More active users than this, and a line is only the best of a bad choice.
const FULL: u64 = 500;

/// How a line shows itself; here nobody has given it a face.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct LineProfile {
    first_name: Option<String>,
    last_name: Option<String>,
    avatar_url: Option<String>,
}

/// A line as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineView<'a> {
    platform: &'static str,
    id: String,
    phone_number: &'a Phone,
    profile: LineProfile,
    status: &'static str,
    created_at: Iso,
}

#[derive(Serialize)]
struct Listing<'a> {
    lines: Vec<LineView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChosenLine<'a> {
    line: LineView<'a>,
    is_best_available: bool,
}

impl<'a> LineView<'a> {
    fn new(project: &SandboxProject, at: usize, line: &'a Phone) -> Self {
        Self {
            platform: PLATFORM,
            id: line_id(project, line),
            phone_number: line,
            profile: LineProfile::default(),
            status: "available",
            created_at: Iso(FIRST_LINE_MS + i64::try_from(at).unwrap_or(0) * 1000),
        }
    }
}

/// What answers the lines' endpoints.
pub static ROUTES: [Route; 2] = [
    Route { spec: List::SPEC, handler: list, describe: schema::list },
    Route { spec: Best::SPEC, handler: best, describe: schema::best },
];

fn list(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = exchange.project()?;
    let platform = exchange.query.one("platform")?.unwrap_or(PLATFORM);
    if !PLATFORMS.contains(&platform) {
        return Err(Refusal::Validation(format!("platform must be one of {}", PLATFORMS.join(", "))));
    }
    let lines = project.lines.iter().enumerate().filter(|_| platform == PLATFORM);
    Ok(Response::success(&Listing { lines: lines.map(|(at, line)| LineView::new(project, at, line)).collect() }))
}

fn best(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = exchange.project()?;
    let id = key(project.id.as_str());
    let (most, within) = exchange.state.revision.fastest_growth();
    let within = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
    let since = exchange.now.as_millisecond().saturating_sub(within);
    let loads = |connection: &Connection| {
        project.lines.iter().map(|line| Load::of(connection, &id, line, since, most)).collect::<Result<Vec<_>, _>>()
    };
    // The first of equals wins, so creation order breaks ties.
    let lines = project.lines.iter().enumerate().zip(exchange.state.store.read(loads)?);
    let best = lines.min_by_key(|(_, load)| (load.is_too_much, load.active));
    let ((at, line), load) = best.ok_or(Refusal::NoLine)?;
    Ok(Response::success(&ChosenLine { line: LineView::new(project, at, line), is_best_available: !load.is_too_much }))
}

/// How much a line has to do.
struct Load {
    active: u64,
    is_too_much: bool,
}

impl Load {
    fn of(connection: &Connection, project: &str, line: &Phone, since: i64, most: u64) -> Result<Self, StoreError> {
        // Of the new ones no more are looked at than decide the matter.
        let sql = "SELECT
            (SELECT active FROM counts WHERE project = ?1 AND type = 'dedicated' AND line = ?2),
            (SELECT count(*) FROM (
                SELECT 1 FROM users
                WHERE project = ?1 AND assigned = ?2 AND type = 'dedicated' AND deleted_ms IS NULL AND created_ms > ?3
                LIMIT ?4))";
        let values = rusqlite::params![project, line.as_str(), since, most + 1];
        let (active, recent) = connection
            .prepare_cached(sql)?
            .query_row(values, |row| Ok((row.get::<_, Option<u64>>(0)?.unwrap_or(0), row.get::<_, u64>(1)?)))?;
        Ok(Self { active, is_too_much: active > FULL || recent > most })
    }
}

/// A line's id: always the same for the same project and number, and a UUID of the kind for makers' own schemes
/// (version 8, RFC 9562): the digits of the number behind the first half of the project's id.
pub fn line_id(project: &SandboxProject, line: &Phone) -> String {
    let project = project.id.as_str().parse::<uuid::Uuid>().unwrap_or_default().as_u128();
    let number = line.as_str().trim_start_matches('+').parse::<u64>().unwrap_or_default();
    let bits = (project & !u128::from(u64::MAX)) | u128::from(number);
    uuid::Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::is_uuid;
    use crate::sandbox::SandboxOptions;

    #[test]
    fn line_ids_are_uuids_that_never_change() {
        let project = &SandboxOptions::default().projects[0];
        let ids: Vec<String> = project.lines.iter().map(|line| line_id(project, line)).collect();
        assert!(ids.iter().all(|id| is_uuid(id)));
        assert_ne!(ids[0], ids[1]);
        assert_eq!(ids[0], line_id(project, &project.lines[0]));
    }
}
