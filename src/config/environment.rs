//! The outside world, captured once: variables, terminal facts, folders. The only reader of the process.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// Everything a command may know of the process it runs in.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The arguments, program name first.
    pub args: Vec<OsString>,
    variables: HashMap<String, OsString>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// The terminal's columns, when there is one.
    pub columns: Option<u16>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// Where per-user data lives on this system.
    pub data_dir: Option<PathBuf>,
}

impl Environment {
    /// Looks at the process.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the process")]
    pub fn capture() -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
        let (stdout, stderr) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let columns = (stdout || stderr)
            .then(|| console::Term::stderr().size_checked().or_else(|| console::Term::stdout().size_checked()));
        Self {
            args: std::env::args_os().collect(),
            variables,
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: stdout,
            stderr_is_terminal: stderr,
            columns: columns.flatten().map(|(_, columns)| columns),
            home: dirs::home_dir(),
            data_dir: dirs::data_dir(),
        }
    }

    /// A variable's text, trimmed; an empty one counts as unset. Text that is not Unicode is read as far as it can be.
    pub fn var(&self, name: &str) -> Option<String> {
        let text = self.variables.get(name)?.to_string_lossy().trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Whether a variable asks for something: set, and neither empty, `0` nor `false`.
    pub fn flag(&self, name: &str) -> bool {
        self.var(name).is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no"))
    }

    /// Where `config.toml` lives when nobody names another place: XDG on Linux and macOS, the roaming folder on Windows.
    pub fn config_file(&self) -> Option<PathBuf> {
        let folder = if cfg!(windows) {
            self.var("APPDATA").map(PathBuf::from).or_else(dirs::config_dir)
        } else {
            let xdg = self.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            xdg.or_else(|| Some(self.home.as_ref()?.join(".config")))
        };
        Some(folder?.join("spectrum").join("config.toml"))
    }

    /// Where the sandbox of `-P sandbox` keeps its store.
    pub fn sandbox_store(&self) -> Option<PathBuf> {
        Some(self.data_dir.as_ref()?.join("spectrum").join("sandbox.sqlite3"))
    }

    /// A path as people write it into a file that no shell reads: a leading `~` is the home folder.
    pub fn expand_path(&self, path: PathBuf) -> PathBuf {
        match (path.strip_prefix("~"), &self.home) {
            (Ok(below), Some(home)) => home.join(below),
            _ => path,
        }
    }

    /// A path as people read it: the home folder as `~`.
    pub fn display_path(&self, path: &Path) -> String {
        match self.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) if !cfg!(windows) => format!("~/{}", below.display()),
            _ => path.display().to_string(),
        }
    }

    /// An environment made by hand, for tests of what depends on one.
    pub fn with_variables<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), OsString::from(value))).collect();
        Self { variables, ..Self::default() }
    }
}
