//! The door of the sandbox; the rooms behind it are built next.

/// What a sandbox is started with.
pub mod options {
    /// The default project.
    pub const PROJECT_ID: &str = "00000000-0000-0000-0000-000000000000";

    /// What a sandbox is started with.
    #[derive(Debug)]
    pub struct Options;

    impl Options {
        /// For `-P sandbox`: on a store that other commands share.
        pub fn in_process(_store: std::path::PathBuf) -> Self {
            Self
        }
    }
}

pub use options::Options;

/// A sandbox that listens.
#[derive(Debug)]
pub enum Running {}

impl Running {
    /// Where it listens.
    pub fn url(&self) -> &str {
        match *self {}
    }

    /// Its project.
    pub fn project_id(&self) -> &str {
        match *self {}
    }

    /// The project's secret.
    pub fn project_secret(&self) -> &str {
        match *self {}
    }
}

/// Who is told of its requests.
#[derive(Debug, Default)]
pub struct Hooks {}

/// Starts one.
///
/// # Errors
/// Always, for now.
pub fn start(_options: Options, _hooks: Hooks) -> Result<Running, &'static str> {
    Err("it is not built yet")
}
