//! A child process whose fate is handed on: its exit code, its death by a signal, and the signals on the way to it.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};

use crate::failure::{Code, Failure};

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
/// It gets this process's variables but for those that are `taken` away, and those that are `given`.
///
/// # Errors
/// When it cannot be run at all.
pub fn run(
    program: &Path,
    arguments: &[OsString],
    taken: impl IntoIterator<Item = &'static str>,
    given: &[(&str, String)],
    signals: Signals,
) -> Result<u8, Box<Unrun>> {
    let unrun = |error: io::Error| {
        let status = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        let message = format!("{} cannot be run: {error}", program.display());
        Box::new(Unrun { failure: Failure::new(Code::Usage, message), status })
    };
    let mut command = Command::new(program);
    command.args(arguments);
    for name in taken {
        command.env_remove(name);
    }
    command.envs(given.iter().map(|(name, value)| (name, value)));
    let mut child = command.spawn().map_err(unrun)?;
    signals.pass_to(child.id());
    let status = child.wait().map_err(unrun)?;
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
    windows_exit_code(status.code())
}

/// Windows has 32 bits for what is handed on in 8: a failure must not become a success.
#[cfg(any(not(unix), test))]
fn windows_exit_code(code: Option<i32>) -> u8 {
    /// STATUS_CONTROL_C_EXIT: Ctrl-C, or Ctrl-Break, ended it.
    const CONTROL_C: i32 = 0xC000_013A_u32.cast_signed();
    match code {
        Some(CONTROL_C) => Code::Interrupted.status(),
        code => code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
    }
}

/// The signals that end a process, caught so that the parent outlives its child.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals(std::sync::mpsc::Sender<u32>);

#[cfg(unix)]
impl Signals {
    /// Catches SIGINT, SIGTERM and SIGHUP. Caught, not blocked: a child inherits what is blocked and would never hear of them.
    ///
    /// Ctrl-C at a terminal reaches the child from there: passing it on would press it twice.
    ///
    /// # Errors
    /// When the system has no descriptor or thread to give.
    pub fn hold(at_terminal: bool) -> io::Result<Self> {
        use nix::sys::signal::{Signal, kill};
        use nix::unistd::Pid;
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        // What this process was told to ignore, its child is to ignore as well: caught, it would not be.
        let heard = crate::signals::not_ignored([SIGINT, SIGTERM, SIGHUP]);
        let mut signals = signal_hook::iterator::Signals::new(heard)?;
        let (tell, told) = std::sync::mpsc::channel::<u32>();
        // Now, and not when the child runs: it would be too late to say that there is no thread.
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let Some(child) = told.recv().ok().and_then(|child| i32::try_from(child).ok()) else { return };
            for signal in signals.forever().filter_map(|number| Signal::try_from(number).ok()) {
                if signal != Signal::SIGINT || !at_terminal {
                    // It may have ended by itself in the meantime.
                    let _ = kill(Pid::from_raw(child), signal);
                }
            }
        })?;
        Ok(Self(tell))
    }

    /// Passes on what arrives, and what has arrived already.
    fn pass_to(self, child: u32) {
        let _ = self.0.send(child);
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
    pub fn hold(_at_terminal: bool) -> io::Result<Self> {
        crate::interrupt::on_first(|| {});
        Ok(Self)
    }

    fn pass_to(self, _child: u32) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_windows_status_is_handed_on_as_far_as_it_fits() {
        assert_eq!(windows_exit_code(Some(0)), 0);
        assert_eq!(windows_exit_code(Some(7)), 7);
        assert_eq!(windows_exit_code(Some(0xC000_013A_u32.cast_signed())), 130);
        for odd in [Some(256), Some(-1), None] {
            assert_eq!(windows_exit_code(odd), 1);
        }
    }
}
