//! The roster: a file that says who a project's users are, and how the project is brought to it.
//!
//! Knows the model and the API; never prints, prompts, reads the environment or sees the command line.

pub mod apply;
pub mod format;
pub mod plan;
pub mod problem;
pub mod project;
pub mod read;
pub mod worker_pool;
pub mod write;

pub use apply::{Event, Halt, Outcome, RowError, Run, Summary};
pub use format::Format;
pub use plan::{Action, Change, Counts, Difference, Plan, Step};
pub use problem::{Place, Problem, Problems};
pub use project::{Project, ProjectError, ProjectUser};
pub use read::{Roster, Row};
