//! Ctrl-C, SIGTERM and SIGHUP: the command ends with its documented code and leaves the terminal as it was.

use std::sync::{Mutex, Once, PoisonError};

use crate::failure::Code;
use crate::output::format::Format;
use crate::output::streams;
use crate::terminal;

/// What runs instead of the end of the process, once.
type Hook = Box<dyn FnOnce() + Send>;

static INSTALLED: Once = Once::new();
static HOOK: Mutex<Option<Hook>> = Mutex::new(None);
static FORMAT: Mutex<Format> = Mutex::new(Format::Table);

/// Catches the signals from now on; until then, and where they cannot be caught, they do what they always did.
pub fn install() {
    INSTALLED.call_once(catch);
}

#[cfg(unix)]
fn catch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    on_signals([SIGINT, SIGTERM, SIGHUP], |_| on_signal());
}

#[cfg(not(unix))]
fn catch() {
    // An error means that somebody else catches them already: then that is how it is.
    let _ = ctrlc::set_handler(on_signal);
}

/// Runs `then` for each of these signals from now on, in a thread of its own. Those that are ignored stay so: whoever
/// started us with `nohup` or in the background asked for it.
#[cfg(unix)]
pub fn on_signals(signals: impl IntoIterator<Item = i32>, then: impl Fn(i32) + Send + 'static) {
    let heard = not_ignored(signals);
    let (ready, is_ready) = std::sync::mpsc::channel();
    // The thread comes first: a signal that is caught and that nobody waits for would be lost.
    let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut signals = signal_hook::iterator::Signals::new(heard);
        let _ = ready.send(());
        for signal in signals.iter_mut().flat_map(|signals| signals.forever()) {
            then(signal);
        }
    });
    if thread.is_ok() {
        let _ = is_ready.recv();
    }
}

/// The signals among these that this process was not told to ignore when it was started.
#[cfg(unix)]
pub fn not_ignored(signals: impl IntoIterator<Item = i32>) -> Vec<i32> {
    let ignored = ignored();
    signals.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

/// The signals that this process was told to ignore, a bit each, the first one lowest.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// No safe call tells here. `nohup` is known by the streams that it takes away from the terminal, and without one there
/// is nothing to put back when the terminal goes.
#[cfg(all(unix, not(target_os = "linux")))]
fn ignored() -> u64 {
    use std::io::IsTerminal as _;
    let is_away = console::Term::stderr().is_term() || std::io::stdin().is_terminal();
    if is_away { 0 } else { 1 << (signal_hook::consts::SIGHUP - 1) }
}

/// Remembers how the person wants to be told.
pub fn speak(format: Format) {
    *FORMAT.lock().unwrap_or_else(PoisonError::into_inner) = format;
}

/// How the person wants to be told; a table until it is known.
pub fn format() -> Format {
    *FORMAT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets the first signal run `hook` instead of ending the process; the second ends it.
pub fn on_first(hook: impl FnOnce() + Send + 'static) {
    install();
    *HOOK.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hook));
}

#[expect(clippy::exit, reason = "the main thread is blocked in a request or a prompt and cannot be asked to return")]
fn on_signal() {
    if let Some(hook) = HOOK.lock().unwrap_or_else(PoisonError::into_inner).take() {
        hook();
        return;
    }
    tell();
    std::process::exit(Code::Interrupted.status().into());
}

/// Leaves the terminal as it was and says that the person stopped the command. A prompt that reads Ctrl-C as a key ends
/// the command beside the signal's thread: whichever is first has to do both.
pub fn tell() {
    streams::interrupted(format(), || {
        terminal::restore();
        show_cursor();
    });
}

/// Shows the cursor that a question may have hidden; without a terminal this does nothing.
pub fn show_cursor() {
    let terminal = console::Term::stderr();
    if terminal.is_term() {
        let _ = terminal.show_cursor();
    }
}
