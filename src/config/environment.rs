//! The outside world, captured once: variables, terminal facts, folders. The only reader of the process.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::failure::{Code, Failure};

/// The longest time that the clock is looked at after a start.
const LONGEST_COMMAND: Duration = Duration::from_secs(365 * 24 * 3600);

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
    /// Whether standard output was closed, as far as that can be known.
    pub stdout_may_be_closed: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// The terminal's columns, when there is one.
    pub columns: Option<u16>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// Where per-user data lives on this system.
    pub data_dir: Option<PathBuf>,
    /// Where files live that need not outlast a restart.
    pub temp_dir: Option<PathBuf>,
    /// The clock at the start.
    pub started: Option<SystemTime>,
}

impl Environment {
    /// Looks at the process.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the process")]
    pub fn capture() -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((known_as(name.into_string().ok()?), value))).collect();
        let (stdout, stderr) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let columns = (stdout || stderr)
            .then(|| console::Term::stderr().size_checked().or_else(|| console::Term::stdout().size_checked()));
        Self {
            args: std::env::args_os().collect(),
            variables,
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: stdout,
            stdout_may_be_closed: stdout_may_be_closed(),
            stderr_is_terminal: stderr,
            columns: columns.flatten().map(|(_, columns)| columns),
            // This reads the process's own variables first, also on Windows, where `dirs` asks the system alone.
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            data_dir: data_dir(),
            temp_dir: Some(std::env::temp_dir()),
            started: Some(SystemTime::now()),
        }
    }

    /// A variable as it is, an empty one as unset: for values that must not be altered.
    pub fn exact(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str).filter(|_| self.var(name).is_some())
    }

    /// A variable as it is, blanks too: for values that must not be taken for none.
    pub fn written(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
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

    /// Whether somebody sits there who can read a question and answer it. Who reads standard output is a program where
    /// that is a pipe or a file, and waits for data.
    pub fn is_at_terminal(&self) -> bool {
        self.stdin_is_terminal && self.stderr_is_terminal && self.stdout_is_terminal
    }

    /// Checks the clock: neither certificates nor HTTP's dates know a time before 1970, nor one of five figures.
    ///
    /// # Errors
    /// Config, when the clock stands there, or comes to it within a command's time.
    pub fn check_clock(&self) -> Result<(), Failure> {
        let Some(started) = self.started else { return Ok(()) };
        let is_known = |later| started.checked_add(later).is_some_and(|time| Timestamp::try_from(time).is_ok());
        let stands = match started >= SystemTime::UNIX_EPOCH {
            true if is_known(LONGEST_COMMAND) => return Ok(()),
            true => "after the year 9998",
            false => "before 1970",
        };
        let what = format!("the clock of this machine stands {stands}, so no connection can be made");
        Err(Failure::new(Code::Config, what).hint("set the clock"))
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

    /// A program as it is started: on Windows a script such as `op.cmd` is found by its name without the ending, as a
    /// console finds it; elsewhere the system finds it by itself.
    pub fn program(&self, name: impl AsRef<OsStr>) -> PathBuf {
        let name = PathBuf::from(name.as_ref());
        if !cfg!(windows) || name.components().count() != 1 || name.extension().is_some() {
            return name;
        }
        let (path, endings) = (self.var("PATH").unwrap_or_default(), self.var("PATHEXT"));
        let endings = endings.as_deref().unwrap_or(".COM;.EXE;.BAT;.CMD");
        find_program(&name, std::env::split_paths(&path), endings).unwrap_or(name)
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

/// Whether standard output was closed before the start. The runtime then puts the null device there, open to be read too,
/// as some programs also hand it over on purpose, while a shell's `> /dev/null` is open to be written alone.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the process")]
fn stdout_may_be_closed() -> bool {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use nix::sys::stat::{fstat, stat};

    let stdout = std::io::stdout();
    let is_null = fstat(&stdout).is_ok_and(|found| stat("/dev/null").is_ok_and(|null| null.st_rdev == found.st_rdev));
    let is_read_too = |flags| flags & OFlag::O_ACCMODE.bits() == OFlag::O_RDWR.bits();
    is_null && fcntl(&stdout, FcntlArg::F_GETFL).is_ok_and(is_read_too)
}

/// Elsewhere a write says so.
#[cfg(not(unix))]
fn stdout_may_be_closed() -> bool {
    false
}

/// A variable's name as it is looked up: Windows knows `Path` and `PATH` as one.
fn known_as(name: String) -> String {
    if cfg!(windows) { name.to_uppercase() } else { name }
}

/// Where per-user data lives: on Windows the local folder, since a database does not belong into the roaming profile.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the process")]
fn data_dir() -> Option<PathBuf> {
    if cfg!(windows) {
        return std::env::var_os("LOCALAPPDATA").map(PathBuf::from).or_else(dirs::data_local_dir);
    }
    dirs::data_dir()
}

/// The first file of a folder that has the name and one of the endings.
fn find_program(name: &Path, mut folders: impl Iterator<Item = PathBuf>, endings: &str) -> Option<PathBuf> {
    folders.find_map(|folder| {
        let named = |ending: &str| {
            let mut file = folder.join(name).into_os_string();
            file.push(ending);
            PathBuf::from(file)
        };
        endings.split(';').filter(|ending| !ending.is_empty()).map(named).find(|file| file.is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_found_by_its_name_in_the_order_of_folders_and_endings() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for file in [second.path().join("op.EXE"), second.path().join("op.CMD"), first.path().join("op.CMD")] {
            std::fs::write(file, "").unwrap();
        }
        let find = |name: &str, endings| {
            let folders = [first.path(), second.path()].map(Path::to_owned).into_iter();
            find_program(Path::new(name), folders, endings)
        };
        assert_eq!(find("op", ".EXE;.CMD"), Some(first.path().join("op.CMD")));
        assert_eq!(find("op", ";.EXE"), Some(second.path().join("op.EXE")));
        assert_eq!(find("pass", ".EXE;.CMD"), None);
    }

    #[test]
    fn a_clock_before_1970_is_told() {
        let at = |started| Environment { started: Some(started), ..Environment::default() }.check_clock();
        let year = Duration::from_secs(365 * 24 * 3600);
        assert!(at(SystemTime::UNIX_EPOCH).is_ok() && at(SystemTime::UNIX_EPOCH + 8000 * year).is_ok());
        let last = Duration::from_secs(253_402_207_200);
        assert_eq!(at(SystemTime::UNIX_EPOCH + last - Duration::from_secs(86_400)).unwrap_err().code, Code::Config);
        assert_eq!(at(SystemTime::UNIX_EPOCH + 9000 * year).unwrap_err().code, Code::Config);
        assert_eq!(at(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).unwrap_err().code, Code::Config);
    }

    #[test]
    fn what_is_no_unicode_is_told_from_what_is_not_there() {
        let environment = Environment::with_variables([("A", " "), ("B", "b")]);
        assert_eq!(environment.exact("A"), None);
        assert_eq!(environment.exact("B"), Some(OsStr::new("b")));
    }
}
