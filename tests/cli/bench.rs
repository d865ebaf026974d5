//! A sealed world for the real binary: no variable, home or configuration of whoever runs the tests gets in.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::hostile::Hostile;

/// A project's id.
pub const PROJECT: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
/// Its secret; long and odd enough to be found wherever it leaks.
pub const SECRET: &str = "sk-Marker/9f3+c=\"7\\e&1";

/// One world: a home of its own and exactly the variables that a test sets.
pub struct Bench {
    home: TempDir,
    variables: Vec<(String, String)>,
}

impl Bench {
    /// A world that knows no credentials.
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// A world whose variables name a project of this server.
    pub fn on(server: &Hostile) -> Self {
        Self::with_pair().var("SPECTRUM_CLOUD_URL", &server.url())
    }

    /// A world whose variables name a project.
    pub fn with_pair() -> Self {
        Self::new().var("SPECTRUM_PROJECT_ID", PROJECT).var("SPECTRUM_PROJECT_SECRET", SECRET)
    }

    /// A world with a profile `p` of this server as its default.
    pub fn with_profile(server: &Hostile) -> Self {
        let bench = Self::new();
        let secret = SECRET.replace('\\', "\\\\").replace('"', "\\\"");
        bench.write_config(&format!(
            "default_profile = \"p\"\n[profiles.p]\nproject_id = \"{PROJECT}\"\nproject_secret = \"{secret}\"\nbase_url = \"{}\"\n",
            server.url()
        ));
        bench
    }

    /// The same world with one more variable.
    pub fn var(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where the configuration lives in this world.
    pub fn config(&self) -> PathBuf {
        let folder = if cfg!(windows) { self.home().join("AppData") } else { self.home().join(".config") };
        folder.join("spectrum").join("config.toml")
    }

    /// Writes the configuration, readable by its owner alone.
    pub fn write_config(&self, text: &str) {
        fs::create_dir_all(self.config().parent().unwrap()).unwrap();
        fs::write(self.config(), text).unwrap();
        self.chmod(0o600);
    }

    /// Sets the configuration's mode, where there is such a thing.
    pub fn chmod(&self, mode: u32) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(self.config(), fs::Permissions::from_mode(mode)).unwrap();
        }
        let _ = mode;
    }

    /// Writes a file into the home folder; its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.home().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// The binary, ready to be started in this world.
    #[expect(clippy::disallowed_methods, reason = "a process on Windows does not start without this one variable")]
    pub fn command<S: AsRef<str>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spectrum"));
        command.args(args.iter().map(AsRef::as_ref)).env_clear().current_dir(self.home());
        command.env("HOME", self.home());
        if cfg!(windows) {
            command.env("USERPROFILE", self.home()).env("APPDATA", self.home().join("AppData"));
            command.envs(std::env::var("SystemRoot").map(|root| ("SystemRoot", root)));
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command line, split at its spaces.
    pub fn run(&self, line: &str) -> Run {
        self.run_args(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs arguments as they are.
    pub fn run_args<S: AsRef<str>>(&self, args: &[S]) -> Run {
        self.command(args).output().unwrap().into()
    }

    /// Runs a command line with this on its standard input.
    pub fn run_with_input(&self, line: &str, input: &str) -> Run {
        let args: Vec<&str> = line.split_whitespace().collect();
        let mut child = self.command(&args).stdin(Stdio::piped()).spawn().unwrap();
        // A command that refuses early reads none of it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    /// Starts a command line and lets it run.
    pub fn start(&self, line: &str) -> Child {
        self.command(&line.split_whitespace().collect::<Vec<_>>()).spawn().unwrap()
    }
}

/// What came of one run.
#[derive(Debug)]
pub struct Run {
    /// The exit status; -1 when a signal ended it.
    pub status: i32,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("both streams are UTF-8");
        Self { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Run {
    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error object of a machine format: the one line of JSON on standard error.
    #[track_caller]
    pub fn error(&self) -> Value {
        let mut lines = self.stderr.lines().filter(|line| line.starts_with('{'));
        let (line, more) = (lines.next(), lines.next());
        assert!(more.is_none(), "one line of JSON: {self:?}");
        let line = line.unwrap_or_else(|| panic!("no error in JSON: {self:?}"));
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {self:?}"))["error"].clone()
    }

    /// The run ended well.
    #[track_caller]
    pub fn ok(&self) -> &Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }

    /// The run failed with this status and word, in a machine format, and printed no data.
    #[track_caller]
    pub fn failed(&self, status: i32, code: &str) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        let error = self.error();
        assert_eq!(error["code"], code, "{self:?}");
        assert_eq!(error["exitCode"], status, "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        self
    }

    /// Standard error says this.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "{words:?} in {self:?}");
        self
    }

    /// Neither stream holds this.
    #[track_caller]
    pub fn lacks(&self, words: &str) -> &Self {
        assert!(!self.stdout.contains(words) && !self.stderr.contains(words), "no {words:?} in {self:?}");
        self
    }
}
