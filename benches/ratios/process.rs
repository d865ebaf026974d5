//! Whole processes, measured in turns.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// A command that can be started any number of times.
#[derive(Clone)]
pub struct Invocation {
    /// How the table names it.
    pub shown: String,
    program: OsString,
    args: Vec<OsString>,
    envs: Vec<(String, OsString)>,
}

/// What many runs of one command came to.
#[derive(Clone, Copy)]
pub struct Measured {
    /// The median.
    pub took: Duration,
    /// The highest, in bytes; of a pipeline its largest process.
    pub peak: u64,
}

/// As much of an output as is kept, in bytes and a piece.
const STARTS_WITH: usize = 1024;

/// What a command wrote. It is not held: what this process has held at most is the least that the system ever says of
/// a child's peak.
#[derive(Default)]
pub struct Output {
    pub bytes: u64,
    pub lines: usize,
    /// Its first pieces.
    pub start: String,
}

impl Invocation {
    pub fn new(shown: &str, program: impl Into<OsString>) -> Self {
        Self { shown: shown.to_owned(), program: program.into(), args: Vec::new(), envs: Vec::new() }
    }

    /// A line of shell.
    pub fn shell(shown: &str, line: &str) -> Self {
        Self::new(shown, "sh").args(["-c", line])
    }

    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.envs.push((name.to_owned(), value.into()));
        self
    }

    fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.program);
        // A sealed world: nobody's profiles, proxies or locale.
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home);
        command.args(&self.args).envs(self.envs.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// Runs it once and looks at its standard output; it has to succeed.
    pub fn output(&self, home: &Path) -> Output {
        let mut command = self.command(home);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.shown));
        let mut stdout = child.stdout.take().expect("a pipe");
        let mut output = Output::default();
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = stdout.read(&mut piece).expect("an output that can be read");
            if read == 0 {
                break;
            }
            if output.start.len() < STARTS_WITH {
                output.start.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
            output.bytes += read as u64;
            output.lines += piece[..read].iter().filter(|byte| **byte == b'\n').count();
        }
        // A few words; and nobody else reads them.
        let said = std::io::read_to_string(child.stderr.take().expect("a pipe")).unwrap_or_default();
        let status = child.wait().expect("a process that ends");
        assert!(status.success(), "{} ended with {status}: {said}", self.shown);
        output
    }

    fn run(&self, home: &Path) -> Measured {
        // A file takes the bytes as fast as they come; `jq` and we see neither a terminal nor a slow reader.
        let out = File::create(home.join("stdout")).expect("a file for the output");
        let mut command = self.command(home);
        command.stdout(out).stderr(Stdio::null());
        let started = Instant::now();
        let ended = command.spawn().and_then(|mut child| child.wait4()).expect("a process that runs");
        let took = started.elapsed();
        assert!(ended.status.success(), "{} ended with {}", self.shown, ended.status);
        Measured { took, peak: ended.rusage.maxrss }
    }
}

/// Runs commands in turns, so that what slows the machine slows all of them alike.
pub fn alternate<const N: usize>(commands: [&Invocation; N], runs: usize, home: &Path) -> [Measured; N] {
    let mut samples: [Vec<Measured>; N] = std::array::from_fn(|_| Vec::new());
    // Once unmeasured: pages, links and caches are warm for everybody.
    for command in commands {
        command.run(home);
    }
    for round in 0..runs {
        for step in 0..N {
            let at = (round + step) % N;
            samples[at].push(commands[at].run(home));
        }
    }
    samples.map(|samples| Measured {
        took: median(samples.iter().map(|sample| sample.took)),
        peak: samples.iter().map(|sample| sample.peak).max().unwrap_or(0),
    })
}

pub fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}

/// The most memory that a process of this system has had so far, in bytes; none where the system does not say.
pub fn peak_of(process: impl Display) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

/// Whether a program is there.
pub fn is_installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Runs a command once.
pub fn once(command: &Invocation, home: &Path) -> Measured {
    command.run(home)
}
