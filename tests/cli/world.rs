//! A sealed world for the real binary: no variable, home or configuration of whoever runs the tests gets in.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET, SandboxOptions};
use spectrum_cli::sandbox::{self, Running};
use tempfile::TempDir;

use crate::hostile::Hostile;
use crate::http;

/// A project's id.
pub const PROJECT: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
/// Its secret; long and odd enough to be found wherever it leaks.
pub const SECRET: &str = "sk-Marker/9f3+c=\"7\\e&1";
/// How long a busy machine may take for what a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The binary that Cargo has built for these tests.
pub const BINARY: &str = env!("CARGO_BIN_EXE_spectrum");

/// One world: a home of its own and exactly the variables that a test sets.
pub struct World {
    home: TempDir,
    variables: Vec<(String, String)>,
    sandbox: Option<Running>,
}

impl World {
    /// A world that knows no credentials.
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new(), sandbox: None }
    }

    /// A world whose variables name a project.
    pub fn with_pair() -> Self {
        Self::new().var("SPECTRUM_PROJECT_ID", PROJECT).var("SPECTRUM_PROJECT_SECRET", SECRET)
    }

    /// A world whose variables name a project of the service at this URL.
    pub fn at(url: &str) -> Self {
        Self::with_pair().var("SPECTRUM_CLOUD_URL", url)
    }

    /// A world whose variables name a project of this server.
    pub fn on(server: &Hostile) -> Self {
        Self::at(&server.url())
    }

    /// A world whose variables name the project of a sandbox that runs in this process, with room for everybody unless
    /// the options are changed.
    pub fn beside(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let mut options = SandboxOptions::default();
        options.projects[0].max_shared_users = 100_000;
        options.pool = 1000;
        change(&mut options);
        Self::new().with_sandbox(&options)
    }

    /// The same world with such a sandbox beside it.
    pub fn with_sandbox(self, options: &SandboxOptions) -> Self {
        let sandbox = sandbox::start(options, None).unwrap();
        let world = self
            .var("SPECTRUM_PROJECT_ID", DEFAULT_PROJECT_ID)
            .var("SPECTRUM_PROJECT_SECRET", DEFAULT_SECRET)
            .var("SPECTRUM_CLOUD_URL", &sandbox.url)
            .var("SPECTRUM_RATE_LIMIT", "0");
        Self { sandbox: Some(sandbox), ..world }
    }

    /// A world with a profile `p` of this server as its default.
    pub fn with_profile(server: &Hostile) -> Self {
        let world = Self::new();
        let secret = SECRET.replace('\\', "\\\\").replace('"', "\\\"");
        world.write_config(&format!(
            "default_profile = \"p\"\n[profiles.p]\nproject_id = \"{PROJECT}\"\nproject_secret = \"{secret}\"\nbase_url = \"{}\"\n",
            server.url()
        ));
        world
    }

    /// The same world with one more variable.
    pub fn var(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The sandbox of [`World::beside`].
    pub fn sandbox(&self) -> &Running {
        self.sandbox.as_ref().expect("this world has a sandbox beside it")
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where Windows keeps a user's settings and data.
    fn app_data(&self, folder: &str) -> PathBuf {
        self.home().join("AppData").join(folder)
    }

    /// Where the store of `-P sandbox` lives in this world.
    pub fn store(&self) -> PathBuf {
        self.run("sandbox status -o json").ok().json()["store"].as_str().unwrap().into()
    }

    /// Where the configuration lives in this world.
    pub fn config(&self) -> PathBuf {
        let folder = if cfg!(windows) { self.app_data("Roaming") } else { self.home().join(".config") };
        folder.join("spectrum").join("config.toml")
    }

    /// The configuration's path as people read it.
    pub fn config_as_shown(&self) -> String {
        if cfg!(windows) { self.config().display().to_string() } else { "~/.config/spectrum/config.toml".to_owned() }
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

    /// Writes a file into the home folder, which is where commands run; its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.home().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// A program, ready to be started in this world.
    #[expect(clippy::disallowed_methods, reason = "without this variable no program on Windows opens a socket")]
    fn sealed(&self, program: impl AsRef<OsStr>) -> Command {
        #[cfg(unix)]
        hear_signals();
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.home()).env("HOME", self.home());
        for name in ["TMPDIR", "TMP", "TEMP"] {
            command.env(name, self.home());
        }
        if cfg!(windows) {
            command.env("USERPROFILE", self.home());
            command.env("APPDATA", self.app_data("Roaming")).env("LOCALAPPDATA", self.app_data("Local"));
            command.envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)));
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The binary, ready to be started in this world.
    pub fn command<S: AsRef<str>>(&self, args: &[S]) -> Command {
        let mut command = self.sealed(BINARY);
        command.args(args.iter().map(AsRef::as_ref));
        command
    }

    /// A shell that knows the binary by its name, and the programs of whoever runs the tests.
    #[cfg(unix)]
    #[expect(clippy::disallowed_methods, reason = "it needs the PATH of whoever runs the tests")]
    pub fn shell(&self, script: &str) -> Command {
        let mut path = vec![Path::new(BINARY).parent().unwrap().to_owned()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut command = self.sealed("sh");
        command.args(["-c", script]).env("PATH", std::env::join_paths(path).unwrap());
        command
    }

    /// Runs a command line, split at its spaces.
    pub fn run(&self, line: &str) -> Run {
        self.run_args(&words(line))
    }

    /// Runs arguments as they are.
    pub fn run_args<S: AsRef<str>>(&self, args: &[S]) -> Run {
        self.command(args).output().unwrap().into()
    }

    /// Runs a command line with this on its standard input.
    pub fn run_with_input(&self, line: &str, input: &str) -> Run {
        let mut child = self.command(&words(line)).stdin(Stdio::piped()).spawn().unwrap();
        // A command that refuses early reads none of it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.into()
    }

    /// Starts a command line and lets it run.
    pub fn start(&self, line: &str) -> Child {
        self.command(&words(line)).spawn().unwrap()
    }

    /// Starts `sandbox serve` with these options on a port of its own, without a limit to its rate.
    pub fn serve(&self, options: &str) -> Serve {
        self.serve_with_log(options, Stdio::null())
    }

    /// As [`World::serve`], with its log going there.
    pub fn serve_with_log(&self, options: &str, log: Stdio) -> Serve {
        let line = format!("sandbox serve --listen 127.0.0.1:0 --rate-limit 0 {options}");
        let mut child = self.command(&words(&line)).stderr(log).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let lines: Vec<String> = stdout.lines().take(3).map(Result::unwrap).collect();
        let value =
            |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap().to_owned();
        let project = Project {
            url: value("SPECTRUM_CLOUD_URL"),
            id: value("SPECTRUM_PROJECT_ID"),
            secret: value("SPECTRUM_PROJECT_SECRET"),
        };
        Serve { child, project }
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Lets the programs of these tests hear signals that whoever runs the tests wants ignored (`nohup`, a background job of
/// a script): what is ignored is inherited, what is caught is not.
#[cfg(unix)]
fn hear_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        for number in [SIGHUP, SIGINT, SIGQUIT] {
            if spectrum_cli::signals::not_ignored([number]).is_empty() {
                signal_hook::flag::register(number, std::sync::Arc::default()).unwrap();
            }
        }
    });
}

/// Waits until something holds, as long as it may take on a busy machine; whether it did.
pub fn eventually(holds: impl Fn() -> bool) -> bool {
    let begin = Instant::now();
    while !holds() {
        if begin.elapsed() > PATIENCE {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

/// Sends a signal to a process.
#[cfg(unix)]
pub fn signal(child: &Child, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, signal).unwrap();
}

/// A server process; killed when the test is over.
pub struct Serve {
    pub child: Child,
    pub project: Project,
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server says on its three lines.
pub struct Project {
    pub url: String,
    pub id: String,
    pub secret: String,
}

impl Project {
    /// Asks below the project's own path; none when there was no answer.
    pub fn ask(&self, method: &str, tail: &str, body: Option<&Value>) -> Option<Value> {
        let url = format!("{}/projects/{}{tail}", self.url, self.id);
        let authorization = http::basic(&self.id, &self.secret);
        let body = body.map(Value::to_string);
        http::try_send(method, &url, Some(&authorization), body.as_deref()).map(|reply| reply.json())
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

impl From<Child> for Run {
    /// Waits for its end, and reads what nobody has read yet.
    fn from(child: Child) -> Self {
        child.wait_with_output().unwrap().into()
    }
}

impl Run {
    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Standard output as one JSON document a line.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let event = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        self.stdout.lines().map(event).collect()
    }

    /// How many rows of an apply came to an outcome, by the summary that ends its stream.
    #[track_caller]
    pub fn count(&self, outcome: &str) -> u64 {
        self.events().last().and_then(|summary| summary[outcome].as_u64()).unwrap_or_else(|| panic!("{self:?}"))
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

    /// Standard error says this, as it is or as JSON writes it: a path on Windows has backslashes.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        let in_json = serde_json::to_string(words).unwrap();
        let said = self.stderr.contains(words) || self.stderr.contains(in_json.trim_matches('"'));
        assert!(said, "{words:?} in {self:?}");
        self
    }

    /// Neither stream holds this.
    #[track_caller]
    pub fn lacks(&self, words: &str) -> &Self {
        assert!(!self.stdout.contains(words) && !self.stderr.contains(words), "no {words:?} in {self:?}");
        self
    }
}
