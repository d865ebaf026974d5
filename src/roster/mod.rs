//! The roster: a file that says who a project's users are, and how the project is brought to it.
//!
//! Knows the model and the API; never prints, prompts, reads the environment or sees the command line.

pub(crate) mod apply;
pub(crate) mod clock;
pub(crate) mod format;
pub(crate) mod limits;
pub mod plan;
pub(crate) mod problem;
pub mod read;
pub(crate) mod snapshot;
pub(crate) mod worker_pool;
pub mod write;

pub use apply::{ApplyRun, Halt, Manner, RowError, RowEvent, RowOutcome, Summary};
pub use format::RosterFormat;
pub use plan::{Action, Change, Counts, Difference, Plan, Policy, Step};
pub use problem::{Place, Problem, Problems, Way};
pub use read::{Roster, Row};
pub use snapshot::{ProjectUser, Snapshot, SnapshotError};
pub use worker_pool::Workers;
