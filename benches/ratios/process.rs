//! Whole processes, measured in turns.

use std::ffi::OsString;
use std::fs::File;
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

    /// Runs it once and hands back its standard output; it has to succeed.
    pub fn output(&self, home: &Path) -> Vec<u8> {
        let output = self.command(home).output().unwrap_or_else(|error| panic!("{}: {error}", self.shown));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} ended with {}: {said}", self.shown, output.status);
        output.stdout
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

/// Whether a program is there.
pub fn is_installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Runs a command once.
pub fn once(command: &Invocation, home: &Path) -> Measured {
    command.run(home)
}
