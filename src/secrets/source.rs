//! Where a secret lies, and reading it from there.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::secrets::credentials::Secret;

/// How long a `secret_command` may take: a person may have to unlock something.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// More than any secret is long.
const LONGEST_SECRET: u64 = 64 * 1024;

/// The place of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In the profile itself, or in a variable.
    Literal(Secret),
    /// In a file of its own.
    File(PathBuf),
    /// Printed by a program: an argv array, no shell.
    Command(Vec<String>),
}

impl SecretSource {
    /// Reads the secret; a program gets `limit`.
    ///
    /// # Errors
    /// What is in the way, in words that hold nothing of what was read.
    pub fn read(&self, limit: Duration) -> Result<Secret, String> {
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::File(path) => {
                read_file(path).map_err(|reason| format!("the secret file {} {reason}", path.display()))
            }
            Self::Command(argv) => {
                let (program, args) = argv
                    .split_first()
                    .ok_or("secret_command is an empty array; write the program and its arguments")?;
                run(program, args, limit).map_err(|reason| format!("secret_command {program:?} {reason}"))
            }
        }
    }
}

/// Reads a secret from any stream, within the bound.
///
/// # Errors
/// What is in the way.
pub fn read_stream(stream: impl std::io::Read) -> Result<Secret, String> {
    let mut bytes = Vec::new();
    stream.take(LONGEST_SECRET).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    understand(bytes)
}

fn understand(bytes: Vec<u8>) -> Result<Secret, String> {
    let text = String::from_utf8(bytes).map_err(|_| "holds something that is not text")?;
    // Windows editors leave a byte order mark.
    Secret::new(text.trim_start_matches('\u{feff}')).ok_or_else(|| "is empty".to_owned())
}

fn read_file(path: &Path) -> Result<Secret, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    read_stream(file)
}

/// Runs the program without a shell; its standard error stays the person's.
fn run(program: &str, args: &[String], limit: Duration) -> Result<Secret, String> {
    let deadline = Instant::now() + limit;
    let mut child = Command::new(program)
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot be run: {error}"))?;
    let ended = read_output(&mut child, deadline);
    if ended.is_none() {
        // It may have ended by itself just now.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (status, printed) = ended.ok_or_else(|| format!("did not end within {limit:?}"))?;
    if !status.success() {
        return Err(format!("failed ({status})"));
    }
    printed.and_then(understand).map_err(|reason| format!("printed a secret that {reason}"))
}

/// What a child printed and how it ended; none when the time was up.
fn read_output(child: &mut Child, deadline: Instant) -> Option<(ExitStatus, Result<Vec<u8>, String>)> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(LONGEST_SECRET).read_to_end(&mut bytes);
        // Nobody listens any more when the time was up.
        let _ = sender.send(read.map(|_| bytes).map_err(|error| format!("cannot be read: {error}")));
    });
    let printed = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()?;
    // A program that closed its output ends in a moment, or it hangs.
    while Instant::now() < deadline {
        if let Ok(Some(status)) = child.try_wait() {
            return Some((status, printed));
        }
        thread::park_timeout(Duration::from_millis(1));
    }
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<Secret, String> {
        SecretSource::Command(["sh", "-c", script].map(str::to_owned).to_vec()).read(limit)
    }

    const LONG: Duration = Duration::from_secs(10);
    const SHORT: Duration = Duration::from_millis(50);

    #[test]
    fn a_program_prints_the_secret() {
        assert_eq!(sh("echo ' s3cret '", LONG), Ok(Secret::new("s3cret").unwrap()));
    }

    #[test]
    fn arguments_reach_no_shell() {
        let source = SecretSource::Command(["echo", "$HOME; id"].map(str::to_owned).to_vec());
        assert_eq!(source.read(LONG), Ok(Secret::new("$HOME; id").unwrap()));
    }

    #[test]
    fn what_goes_wrong_is_said_without_what_was_printed() {
        let said = |script| sh(script, LONG).unwrap_err();
        assert!(said("echo s3cret; exit 3").contains("failed (exit status: 3)"));
        assert!(!said("echo s3cret; exit 3").contains("s3cret"));
        assert!(said("true").contains("is empty"));
        assert!(said("printf '\\377'").contains("not text"));
        assert!(
            SecretSource::Command(vec!["no-such-program-here".to_owned()])
                .read(LONG)
                .unwrap_err()
                .contains("cannot be run")
        );
        assert!(SecretSource::Command(Vec::new()).read(LONG).unwrap_err().contains("empty array"));
    }

    #[test]
    fn the_time_is_bounded_whatever_the_program_does_with_its_output() {
        for script in ["exec sleep 60", "echo s3cret; exec >&-; exec sleep 60"] {
            let started = Instant::now();
            assert!(sh(script, SHORT).unwrap_err().contains("did not end within 50ms"), "{script}");
            assert!(started.elapsed() < Duration::from_secs(5), "{script}");
        }
    }
}
