//! Where a secret lies, and reading it from there.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::secret::Secret;

/// Every variable that may hold a secret; no program that we start inherits one.
pub const VARIABLES: [&str; 2] = ["SPECTRUM_PROJECT_SECRET", "PHOTON_PROJECT_SECRET"];
/// How long a `secret_command` may take: a person may have to unlock something.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// More than any secret is long.
const LONGEST_SECRET: usize = 64 * 1024;
/// How often a program is looked at that has not closed its output.
const LOOK: Duration = Duration::from_millis(20);
/// How long an output may stay silent that something else keeps open when the program itself has ended.
const SILENCE: Duration = Duration::from_secs(1);

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

/// How a `secret_command` is run.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// Whether a terminal is there from which it may ask. Then it stays in our process group: another one could not
    /// read from the terminal, and would not hear of Ctrl-C.
    pub at_terminal: bool,
}

impl SecretSource {
    /// Reads the secret.
    ///
    /// # Errors
    /// What is in the way, in words that hold nothing of what was read.
    pub fn read(&self, limits: Limits) -> Result<Secret, String> {
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::File(path) => {
                read_file(path).map_err(|reason| format!("the secret file {} {reason}", path.display()))
            }
            Self::Command(argv) => {
                let (program, args) = argv
                    .split_first()
                    .ok_or("secret_command is an empty array; write the program and its arguments")?;
                run(program, args, limits).map_err(|reason| format!("secret_command {program:?} {reason}"))
            }
        }
    }
}

/// Reads a secret from any stream, whole or not at all.
///
/// # Errors
/// What is in the way.
pub fn read_stream(stream: impl Read) -> Result<Secret, String> {
    let mut bytes = Vec::new();
    let bound = LONGEST_SECRET as u64 + 1;
    stream.take(bound).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    understand(&bytes)
}

/// Takes a secret as it is, trimmed; one that is too long or no text is refused, neither cut nor altered.
///
/// # Errors
/// What is wrong with it.
pub fn understand(bytes: &[u8]) -> Result<Secret, String> {
    if bytes.len() > LONGEST_SECRET {
        return Err("is longer than 64 KB, so it is no secret of a project".to_owned());
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("is UTF-16 text; save it as UTF-8".to_owned());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "holds something that is not UTF-8 text")?;
    // Windows editors leave a byte order mark.
    Secret::new(text.trim_start_matches('\u{feff}')).ok_or_else(|| "is empty".to_owned())
}

/// Reads a secret from a file, as [`read_stream`].
///
/// # Errors
/// What is in the way.
pub fn read_file(path: &Path) -> Result<Secret, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    read_stream(file)
}

/// What looks wrong with half a pair: how it was quoted or copied. Nothing of it is shown.
pub fn oddity(text: &str) -> Option<String> {
    let is_quote = |c: char| matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}');
    if text.chars().count() > 1 && text.starts_with(is_quote) && text.ends_with(is_quote) {
        return Some("begins and ends with a quotation mark, which is taken as part of it".to_owned());
    }
    invisible(text).map(|found| format!("holds an invisible character (U+{:04X})", u32::from(found)))
}

/// A character that nobody sees: blanks of other kinds, zero width, marks of direction, controls.
pub fn invisible(text: &str) -> Option<char> {
    text.chars().find(|c| {
        let is_format = matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        );
        is_format || c.is_control() || (c.is_whitespace() && *c != ' ')
    })
}

/// Runs the program without a shell. Its standard input is empty, since ours may be somebody's data; its standard error
/// stays the person's.
fn run(program: &str, args: &[String], limits: Limits) -> Result<Secret, String> {
    let deadline = Instant::now() + limits.time;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped());
    for name in VARIABLES {
        command.env_remove(name);
    }
    #[cfg(unix)]
    if !limits.at_terminal {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    let mut child = command.spawn().map_err(|error| format!("cannot be run: {error}"))?;
    let ended = read_output(&mut child, deadline);
    if !matches!(ended, Ok((Some(_), _))) {
        end(&mut child, limits);
    }
    let (status, printed) = ended?;
    let understand = |printed: &[u8]| understand(printed).map_err(|reason| format!("printed a secret that {reason}"));
    if printed.len() > LONGEST_SECRET {
        return understand(&printed);
    }
    let status = status.ok_or_else(|| format!("did not end within {:?}", limits.time))?;
    if !status.success() {
        return Err(format!("failed ({status})"));
    }
    understand(&printed)
}

/// Ends a program and, where it has a group of its own, whatever it has started.
fn end(child: &mut Child, limits: Limits) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().filter(|_| !limits.at_terminal) {
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }
    let _ = limits;
    // It may have ended by itself just now.
    let _ = child.kill();
    let _ = child.wait();
}

/// How a child ended and what it printed; no status when the time was up.
fn read_output(child: &mut Child, deadline: Instant) -> Result<(Option<ExitStatus>, Vec<u8>), String> {
    let mut printed = Vec::new();
    let Some(pieces) = child.stdout.take().map(in_pieces) else { return Ok((None, printed)) };
    let (mut status, mut ended_at) = (None, None);
    loop {
        match pieces.recv_timeout(LOOK) {
            Ok(Ok(piece)) => {
                printed.extend_from_slice(&piece);
                ended_at = status.map(|_| Instant::now());
            }
            Ok(Err(error)) => return Err(format!("cannot be read: {error}")),
            Err(RecvTimeoutError::Timeout) => {}
            // A program that closed its output ends in a moment, or it hangs.
            Err(RecvTimeoutError::Disconnected) if status.is_some() => return Ok((status, printed)),
            Err(RecvTimeoutError::Disconnected) => thread::park_timeout(Duration::from_millis(1)),
        }
        let now = Instant::now();
        if status.is_none() {
            status = child.try_wait().ok().flatten();
            ended_at = status.map(|_| now);
        }
        // What it left running may keep its output open for ever: what it printed itself is here by now.
        let is_silent = ended_at.is_some_and(|since| now.duration_since(since) > SILENCE);
        if is_silent || printed.len() > LONGEST_SECRET || now > deadline {
            return Ok((status, printed));
        }
    }
}

/// A stream as it comes, read by a thread of its own: its end may never come.
fn in_pieces(mut stream: impl Read + Send + 'static) -> Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::sync_channel(4);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let piece = match stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => Ok(buffer[..length].to_vec()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_last = piece.is_err();
            // Nobody listens any more when the time was up.
            if sender.send(piece).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh_at(script: &str, limits: Limits) -> Result<Secret, String> {
        SecretSource::Command(["sh", "-c", script].map(str::to_owned).to_vec()).read(limits)
    }

    fn sh(script: &str, time: Duration) -> Result<Secret, String> {
        sh_at(script, Limits { time, at_terminal: false })
    }

    const LONG: Duration = Duration::from_secs(10);
    const SHORT: Duration = Duration::from_millis(50);

    #[test]
    fn a_program_prints_the_secret() {
        assert_eq!(sh("echo ' s3cret '", LONG), Ok(Secret::new("s3cret").unwrap()));
        assert_eq!(sh("printf s3; printf cret", LONG), Ok(Secret::new("s3cret").unwrap()));
    }

    #[test]
    fn arguments_reach_no_shell() {
        let source = SecretSource::Command(["echo", "$HOME; id"].map(str::to_owned).to_vec());
        let limits = Limits { time: LONG, at_terminal: true };
        assert_eq!(source.read(limits), Ok(Secret::new("$HOME; id").unwrap()));
    }

    #[test]
    fn what_goes_wrong_is_said_without_what_was_printed() {
        let said = |script| sh(script, LONG).unwrap_err();
        assert!(said("echo s3cret; exit 3").contains("failed (exit status: 3)"));
        assert!(!said("echo s3cret; exit 3").contains("s3cret"));
        assert!(said("true").contains("is empty"));
        assert!(said("printf '\\377'").contains("not UTF-8"));
        let limits = Limits { time: LONG, at_terminal: true };
        let none = SecretSource::Command(vec!["no-such-program-here".to_owned()]);
        assert!(none.read(limits).unwrap_err().contains("cannot be run"));
        assert!(SecretSource::Command(Vec::new()).read(limits).unwrap_err().contains("empty array"));
    }

    #[test]
    fn a_secret_is_taken_whole_or_not_at_all() {
        let longest = "s".repeat(LONGEST_SECRET);
        assert_eq!(understand(longest.as_bytes()).unwrap().expose(), longest);
        for (bytes, words) in [
            (&*format!("{longest}s").into_bytes(), "longer than 64 KB"),
            (b"s3cr\xe9t", "not UTF-8"),
            (b"\xff\xfes\0e\0c\0", "UTF-16"),
            (b" \n", "empty"),
        ] {
            assert!(understand(bytes).unwrap_err().contains(words), "{words}");
            assert!(read_stream(bytes).unwrap_err().contains(words), "{words}");
        }
        let endless = sh("yes s3cret", LONG).unwrap_err();
        assert!(endless.contains("longer than 64 KB"), "{endless}");
    }

    #[test]
    fn the_time_is_bounded_whatever_the_program_does_with_its_output() {
        for script in ["exec sleep 60", "echo s3cret; exec >&-; exec sleep 60"] {
            for at_terminal in [false, true] {
                let started = Instant::now();
                let error = sh_at(script, Limits { time: SHORT, at_terminal }).unwrap_err();
                assert!(error.contains("did not end within 50ms"), "{script}: {error}");
                assert!(started.elapsed() < Duration::from_secs(5), "{script}");
            }
        }
    }

    #[test]
    fn what_it_leaves_running_is_not_waited_for() {
        let started = Instant::now();
        assert_eq!(sh("sleep 60 & echo s3cret", LONG), Ok(Secret::new("s3cret").unwrap()));
        assert!(started.elapsed() < LONG);
    }

    #[test]
    fn what_it_started_ends_with_it_when_the_time_is_up() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        // The pid is there before the time is up, since the time begins anew until it is.
        let mut time = Duration::from_millis(100);
        while !pid.exists() {
            let script = format!("sleep 60 & echo $! > '{0}.new'; mv '{0}.new' '{0}'; wait", pid.display());
            assert!(sh(&script, time).unwrap_err().contains("did not end"));
            time *= 2;
        }
        let pid: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
        let started = Instant::now();
        // Gone, or a body that nobody has fetched yet.
        let is_dead = || match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X'])),
            Err(_) => nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_err(),
        };
        while !is_dead() {
            assert!(started.elapsed() < LONG, "{pid} lives on");
            thread::yield_now();
        }
    }

    #[test]
    fn its_input_is_empty_and_no_secret_is_inherited() {
        assert_eq!(sh("echo s3cret; cat", LONG), Ok(Secret::new("s3cret").unwrap()));
    }

    #[test]
    fn what_was_quoted_or_copied_is_told() {
        let told = oddity;
        for odd in ["\"s3cret\"", "'s3cret'", "\u{201c}s3cret\u{201d}"] {
            assert!(told(odd).unwrap().contains("quotation mark"), "{odd}");
        }
        for (odd, words) in [("s3\u{200b}cret", "U+200B"), ("s3\u{a0}cret", "U+00A0"), ("s3\tcret", "U+0009")] {
            let told = told(odd).unwrap();
            assert!(told.contains(words) && !told.contains("s3"), "{told}");
        }
        for plain in ["s3cret", "\"", "s3 cret", "it's", "s\"3\"", "größe"] {
            assert_eq!(told(plain), None, "{plain}");
        }
    }
}
