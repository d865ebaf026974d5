//! How the sandbox answers for lines: what a project owns, and which line a new user should get.

use rusqlite::Connection;
use serde::Serialize;

use super::endpoints::{Best, List};
use crate::http::Endpoint as _;
use crate::model::Phone;
use crate::nouns::project::sandbox::Profile;
use crate::sandbox::exchange::{Exchange, Response, Route, key};
use crate::sandbox::options::Project;
use crate::sandbox::records::Iso;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::StoreError;

/// The platform of every line here.
const PLATFORM: &str = "imessage";
/// The first line's date: lines were there before anybody asked.
const FIRST_LINE_MS: i64 = 1_767_225_600_000;
/// More active users than this, and a line is only the best of a bad choice.
const FULL: u64 = 500;
/// More new users than this within [`RECENTLY`], likewise.
const GROWING: u64 = 10;
/// What counts as recent, in milliseconds.
const RECENTLY: i64 = 60_000;

/// A line as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    platform: &'a str,
    id: String,
    phone_number: &'a Phone,
    profile: Profile,
    status: &'a str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_best_available: Option<bool>,
}

#[derive(Serialize)]
struct Listing<'a> {
    lines: Vec<Shown<'a>>,
}

impl<'a> Shown<'a> {
    fn new(project: &Project, at: usize, line: &'a Phone) -> Self {
        Self {
            platform: PLATFORM,
            id: line_id(project, line),
            phone_number: line,
            profile: Profile::default(),
            status: "available",
            created_at: Iso(FIRST_LINE_MS + i64::try_from(at).unwrap_or(0) * 1000).to_string(),
            is_best_available: None,
        }
    }
}

/// What answers the lines' endpoints.
pub static ROUTES: [Route; 2] = [Route { spec: List::SPEC, handler: list }, Route { spec: Best::SPEC, handler: best }];

fn list(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = exchange.project()?;
    // A platform that has no line here has an empty list, whatever it is called.
    let wanted = exchange.query.one("platform")?.is_none_or(|platform| platform == PLATFORM);
    let lines = project.lines.iter().enumerate().filter(|_| wanted);
    Ok(Response::success(&Listing { lines: lines.map(|(at, line)| Shown::new(project, at, line)).collect() }))
}

fn best(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = exchange.project()?;
    let id = key(project.id.as_str());
    let since = exchange.now.as_millisecond().saturating_sub(RECENTLY);
    let load =
        |connection: &Connection| project.lines.iter().map(|line| Load::of(connection, &id, line, since)).collect();
    let loads: Vec<Load> = exchange.state.store.read(load)?;
    // The first of equals wins, so creation order breaks ties.
    let lines = project.lines.iter().enumerate().zip(loads);
    let best = lines.min_by_key(|(_, load)| (load.is_too_much(), load.active));
    let ((at, line), load) = best.ok_or(Refusal::NoLine)?;
    Ok(Response::success(&Shown { is_best_available: Some(!load.is_too_much()), ..Shown::new(project, at, line) }))
}

/// How much a line has to do.
struct Load {
    active: u64,
    /// As many as are new, up to one more than [`GROWING`].
    recent: u64,
}

impl Load {
    fn of(connection: &Connection, project: &str, line: &Phone, since: i64) -> Result<Self, StoreError> {
        // Of the new ones no more are looked at than decide the matter.
        let sql = "SELECT
            (SELECT active FROM counts WHERE project = ?1 AND type = 'dedicated' AND line = ?2),
            (SELECT count(*) FROM (
                SELECT 1 FROM users
                WHERE project = ?1 AND assigned = ?2 AND type = 'dedicated' AND deleted_ms IS NULL AND created_ms > ?3
                LIMIT ?4))";
        let values = rusqlite::params![project, line.as_str(), since, GROWING + 1];
        connection
            .prepare_cached(sql)?
            .query_row(values, |row| {
                Ok(Self { active: row.get::<_, Option<u64>>(0)?.unwrap_or(0), recent: row.get(1)? })
            })
            .map_err(StoreError::from)
    }

    fn is_too_much(&self) -> bool {
        self.active > FULL || self.recent > GROWING
    }
}

/// A line's id: always the same for the same project and number.
fn line_id(project: &Project, line: &Phone) -> String {
    let name = format!("{}/{line}", key(project.id.as_str()));
    // FNV-1a with two starting points; version 8 is the one for makers' own schemes (RFC 9562).
    let half = |start: u64| {
        name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    let bits = (u128::from(half(0xcbf2_9ce4_8422_2325)) << 64) | u128::from(half(0x9e37_79b9_7f4a_7c15));
    uuid::Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::is_uuid;
    use crate::sandbox::Options;

    #[test]
    fn line_ids_are_uuids_that_never_change() {
        let project = &Options::default().projects[0];
        let ids: Vec<String> = project.lines.iter().map(|line| line_id(project, line)).collect();
        assert!(ids.iter().all(|id| is_uuid(id)));
        assert_ne!(ids[0], ids[1]);
        assert_eq!(ids[0], line_id(project, &project.lines[0]));
    }
}
