//! A child process whose fate is handed on: its exit code, its death by a signal, and the signals on the way to it.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitStatus};

use crate::failure::{Code, Failure};

/// Variables that would get in the way of the three that the child is given.
const IN_THE_WAY: [&str; 2] = ["SPECTRUM_PROFILE", "SPECTRUM_PROJECT_SECRET_FILE"];

/// The child never ran: what to tell, and the status that shells use for it.
#[derive(Debug)]
pub struct Unrun {
    /// Why.
    pub failure: Failure,
    /// 127 when there is no such command, else 126.
    pub status: u8,
}

/// Runs a command to its end; its exit code, or 128 + the signal that ended it.
///
/// # Errors
/// When it cannot be run at all.
pub fn run(
    argv: &[OsString],
    variables: &[(&str, String)],
    signals: Signals,
    at_terminal: bool,
) -> Result<u8, Box<Unrun>> {
    let unrun = |program: &OsString, error: &io::Error| {
        let status = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        let message = format!("{} cannot be run: {error}", program.display());
        Box::new(Unrun { failure: Failure::new(Code::Usage, message), status })
    };
    let empty = OsString::new();
    let (program, arguments) = argv.split_first().unwrap_or((&empty, &[]));
    let mut command = Command::new(program);
    command.args(arguments).envs(variables.iter().map(|(name, value)| (name, value)));
    for name in IN_THE_WAY {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(|error| unrun(program, &error))?;
    signals.pass_to(child.id(), at_terminal);
    let status = child.wait().map_err(|error| unrun(program, &error))?;
    Ok(exit_code(status))
}

#[cfg(unix)]
fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(not(unix))]
fn exit_code(status: ExitStatus) -> u8 {
    // Windows has 32 bits for what is handed on in 8: a failure must not become a success.
    status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1))
}

/// The signals that end a process, caught so that the parent outlives its child.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals(signal_hook::iterator::Signals);

#[cfg(unix)]
impl Signals {
    /// Catches SIGINT, SIGTERM and SIGHUP. Caught, not blocked: a child inherits what is blocked and would never hear of them.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn hold() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]).map(Self)
    }

    /// Passes on what arrives. Ctrl-C reaches the child from the terminal itself: passing it on would press it twice.
    fn pass_to(mut self, child: u32, at_terminal: bool) {
        use nix::sys::signal::{Signal, kill};
        use nix::unistd::Pid;
        let Ok(child) = i32::try_from(child) else { return };
        std::thread::spawn(move || {
            for signal in self.0.forever().filter_map(|number| Signal::try_from(number).ok()) {
                if signal != Signal::SIGINT || !at_terminal {
                    // It may have ended by itself in the meantime.
                    let _ = kill(Pid::from_raw(child), signal);
                }
            }
        });
    }
}

/// The console tells every process of Ctrl-C itself; this one only has to outlive it.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Keeps the first Ctrl-C from ending this process.
    ///
    /// # Errors
    /// Never.
    pub fn hold() -> io::Result<Self> {
        crate::interrupt::on_first(|| {});
        Ok(Self)
    }

    fn pass_to(self, _child: u32, _at_terminal: bool) {}
}
