//! Ctrl-C, Ctrl-\, SIGTERM and SIGHUP: the command ends with its documented code and leaves the terminal as it was.

use std::sync::{Mutex, Once, PoisonError};

use crate::failure::Code;
use crate::output::format::OutputFormat;
use crate::output::streams;
use crate::terminal;

/// What runs instead of the end of the process, once.
type Hook = Box<dyn FnOnce() + Send>;

static INSTALLED: Once = Once::new();
static HOOK: Mutex<Option<Hook>> = Mutex::new(None);
static FORMAT: Mutex<OutputFormat> = Mutex::new(OutputFormat::Table);

/// Catches the signals from now on; until then, and where they cannot be caught, they do what they always did.
pub fn install() {
    INSTALLED.call_once(catch);
}

#[cfg(unix)]
fn catch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    crate::signals::listen([SIGINT, SIGTERM, SIGHUP, SIGQUIT], |_| on_signal());
}

#[cfg(not(unix))]
fn catch() {
    // An error means that somebody else catches them already: then that is how it is.
    let _ = ctrlc::set_handler(on_signal);
}

/// Remembers how the person wants to be told.
pub fn speak(format: OutputFormat) {
    *FORMAT.lock().unwrap_or_else(PoisonError::into_inner) = format;
}

/// How the person wants to be told; a table until it is known.
pub fn format() -> OutputFormat {
    *FORMAT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets the first signal run `hook` instead of ending the process; the second ends it.
pub fn on_first(hook: impl FnOnce() + Send + 'static) {
    install();
    *HOOK.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hook));
}

/// Lets the next signal end the process again.
pub fn as_usual() {
    HOOK.lock().unwrap_or_else(PoisonError::into_inner).take();
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
        terminal::close();
        terminal::show_cursor();
    });
}
