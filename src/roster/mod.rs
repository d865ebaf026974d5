//! The roster: a file that says who a project's users are, and how the project is brought to it.
//!
//! Knows the model and the API; never prints, prompts, reads the environment or sees the command line.

pub mod apply;
pub mod clock;
pub mod format;
pub mod limits;
pub mod plan;
pub mod problem;
pub mod read;
pub mod snapshot;
pub mod worker_pool;
pub mod write;

pub use apply::{Event, Halt, Manner, Outcome, RowError, Run, Summary};
pub use format::Format;
pub use plan::{Action, Change, Counts, Difference, Plan, Policy, Step};
pub use problem::{Place, Problem, Problems};
pub use read::{Roster, Row};
pub use snapshot::{ProjectUser, Snapshot, SnapshotError};
