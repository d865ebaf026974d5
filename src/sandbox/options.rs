//! What a sandbox is started with: plain values, and the words people write for them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::delivery;
use super::fault::Faults;
use super::revision::Revision;
use super::seed::Seed;
use crate::model::{Phone, ProjectId};
use crate::secrets::credentials::Secret;

/// The id of the project that is there when nobody names others.
pub const DEFAULT_PROJECT_ID: &str = "5a4db0c5-7e1f-4c3a-9b2d-0f5e8c7d1a60";
/// Its secret: public on purpose, and named so that nobody takes it for a real one.
pub const DEFAULT_SECRET: &str = "sandbox-secret-known-to-everybody";
/// The numbers of the lines that the default project owns; 555-01xx belongs to nobody.
pub const DEFAULT_LINES: [&str; 2] = ["+19175550101", "+19175550102"];
/// Shared seats of a project that names no number.
pub const DEFAULT_MAX_SHARED_USERS: u32 = 100;
/// Numbers in the pool when nobody says otherwise.
pub const DEFAULT_POOL: usize = 100;
/// The largest pool that can be asked for.
pub const LARGEST_POOL: usize = 10_000;
/// Requests that the journal keeps when nobody says otherwise.
pub const DEFAULT_JOURNAL: usize = 1_000;
/// The most that it can be asked to keep.
pub const LARGEST_JOURNAL: usize = 100_000;
/// Requests per second and project, as the service allows them.
pub const SERVICE_RATE_LIMIT: u32 = 5;

/// Everything a sandbox is started with.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Whether an address that other machines can reach is accepted.
    pub allow_non_loopback: bool,
    /// Where the users live.
    pub store: Location,
    /// The projects, at least one.
    pub projects: Vec<SandboxProject>,
    /// How many numbers the pool has.
    pub pool: usize,
    /// Requests per second and project; 0 limits nothing.
    pub rate_limit: u32,
    /// Which revision of the API is spoken.
    pub revision: Revision,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// How webhooks are delivered to.
    pub deliveries: delivery::Rules,
    /// How many requests are kept in the journal.
    pub journal: usize,
    /// What ids and secrets follow from; without it they are new each time.
    pub ids: Option<u64>,
    /// What the store begins with when it is empty, and what a reset goes back to.
    pub seed: Seed,
    /// Whether the store remembers that this server runs, for `sandbox status`.
    pub announce: bool,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_non_loopback: false,
            store: Location::Memory,
            projects: default_project(DEFAULT_MAX_SHARED_USERS, default_lines()).into_iter().collect(),
            pool: DEFAULT_POOL,
            rate_limit: 0,
            revision: Revision::default(),
            faults: Faults::default(),
            deliveries: delivery::Rules::default(),
            journal: DEFAULT_JOURNAL,
            ids: None,
            seed: Seed::default(),
            announce: false,
        }
    }
}

/// The default project with this many seats and these lines.
pub fn default_project(max_shared_users: u32, lines: Vec<Phone>) -> Option<SandboxProject> {
    Some(SandboxProject {
        id: DEFAULT_PROJECT_ID.parse().ok()?,
        secret: Secret::new(DEFAULT_SECRET)?,
        name: "Sandbox".to_owned(),
        max_shared_users,
        lines,
    })
}

/// What a project is called that has no name: such are told apart by the start of their id.
pub fn unnamed(id: &ProjectId) -> String {
    format!("Sandbox {}", id.as_str().split('-').next().unwrap_or_default())
}

/// The default project's lines.
pub fn default_lines() -> Vec<Phone> {
    DEFAULT_LINES.into_iter().filter_map(|line| line.parse().ok()).collect()
}

/// Where the users live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file that other processes may share; its folder is made when missing.
    File(PathBuf),
    /// Nowhere: gone with the process.
    Memory,
}

/// One project of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxProject {
    /// Its id, also the user name of its credentials.
    pub id: ProjectId,
    /// The other half of its credentials.
    pub secret: Secret,
    /// Its display name.
    pub name: String,
    /// How many active shared users it may have.
    pub max_shared_users: u32,
    /// The numbers of the lines it owns.
    pub lines: Vec<Phone>,
}

/// Reads the size of the pool.
///
/// # Errors
/// When it is not a number from 1 to [`LARGEST_POOL`].
pub fn parse_pool(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|size| (1..=LARGEST_POOL).contains(size))
        .ok_or_else(|| format!("{text:?} is not a pool size; write a number from 1 to {LARGEST_POOL}"))
}

/// Reads how many requests the journal is to keep.
///
/// # Errors
/// When it is not a number from 0 to [`LARGEST_JOURNAL`].
pub fn parse_journal(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|length| *length <= LARGEST_JOURNAL)
        .ok_or_else(|| format!("{text:?} is not a number of requests; write one from 0 to {LARGEST_JOURNAL}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_whole() {
        let options = SandboxOptions::default();
        assert_eq!(options.projects.len(), 1);
        assert_eq!(options.projects[0].lines.len(), 2);
        assert!(DEFAULT_SECRET.len() >= 16);
    }

    #[test]
    fn a_pool_has_a_size_between_one_and_the_largest() {
        assert_eq!(parse_pool("1"), Ok(1));
        for bad in ["0", "10001", "-1", "many", ""] {
            assert!(parse_pool(bad).is_err(), "{bad}");
        }
    }
}
