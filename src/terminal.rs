//! The terminal while somebody is asked: a question puts it into another mode, without echo or with every key by
//! itself, and whatever ends or stops the process in between has to put it back.

#[cfg(unix)]
pub use unix::{Asking, restore};

/// Shows the cursor that a question may have hidden; without a terminal this does nothing.
pub fn show_cursor() {
    let terminal = console::Term::stderr();
    if terminal.is_term() {
        let _ = terminal.show_cursor();
    }
}

/// The console puts its mode back by itself.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Asking;

#[cfg(not(unix))]
impl Asking {
    /// Begins a question.
    pub fn new(_question: &str, _is_hidden: bool) -> Self {
        Self
    }
}

/// Puts the terminal back.
#[cfg(not(unix))]
pub fn restore() {}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::marker::PhantomData;
    use std::sync::{Mutex, MutexGuard, Once, PoisonError};
    use std::thread;
    use std::time::{Duration, Instant};

    use nix::sys::signal::{SigSet, Signal};
    use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGCONT, SIGTSTP};

    use super::show_cursor;
    use crate::signals;

    /// How long a question takes at most from its first letter to its mode.
    const PATIENCE: Duration = Duration::from_millis(100);

    static QUESTION: Mutex<Option<Question>> = Mutex::new(None);
    static WATCHED: Once = Once::new();

    /// The question that stands there.
    struct Question {
        text: String,
        /// Whether the answer is not to be seen.
        is_hidden: bool,
        /// The terminal's mode before it.
        before: Termios,
    }

    fn question() -> MutexGuard<'static, Option<Question>> {
        QUESTION.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A question is asked as long as this lives.
    #[derive(Debug)]
    pub struct Asking {
        /// What this thread heard before; it is the thread's own.
        blocked: Option<SigSet>,
        _thread: PhantomData<*const ()>,
    }

    impl Asking {
        /// Begins a question; `text` is shown again when the process goes on after a stop.
        pub fn new(text: &str, is_hidden: bool) -> Self {
            WATCHED.call_once(watch);
            // Signals go to the threads that wait for them: here one would break off the reading of a key.
            let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGTSTP, Signal::SIGCONT]
                .into_iter()
                .collect();
            let blocked = SigSet::thread_get_mask().ok().filter(|_| signals.thread_block().is_ok());
            *question() =
                tcgetattr(io::stdin()).ok().map(|before| Question { text: text.to_owned(), is_hidden, before });
            Self { blocked, _thread: PhantomData }
        }
    }

    impl Drop for Asking {
        fn drop(&mut self) {
            *question() = None;
            if let Some(blocked) = self.blocked {
                let _ = blocked.thread_set_mask();
            }
        }
    }

    /// Puts the terminal back as it was before the question that stands there; what was typed is thrown away, since the
    /// shell would read the rest of a secret as a command. Does nothing where none is asked.
    pub fn restore() {
        wait_for_mode();
        if let Some(question) = &*question() {
            let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &question.before);
        }
    }

    /// Waits until the question that stands there has set its mode: it would set it after everything was put back.
    /// The mode it has set.
    fn wait_for_mode() -> Option<Termios> {
        let begin = Instant::now();
        loop {
            let before = question().as_ref()?.before.clone();
            let mode = tcgetattr(io::stdin()).ok()?;
            if mode != before || begin.elapsed() > PATIENCE {
                return Some(mode);
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Waits for what stops the process and lets it go on, from now on.
    fn watch() {
        signals::listen([SIGTSTP, SIGCONT], |signal| match signal {
            SIGTSTP => stop(),
            _ => go_on(),
        });
    }

    /// Ctrl-Z, or a signal of that kind: the shell gets its terminal back before this process stops.
    #[expect(clippy::disallowed_methods, reason = "nothing may be written between the one mode and the other")]
    fn stop() {
        let _held = io::stderr().lock();
        let mode = wait_for_mode();
        if mode.is_some() {
            restore();
            show_cursor();
            // The question stays on a line of its own.
            let _ = console::Term::stderr().write_line("");
        }
        let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
        if let (Some(mode), Some(question)) = (mode, &*question()) {
            ask_again(question, &mode);
        }
    }

    /// After a stop that nobody was told of beforehand: the shell has put the echo back.
    #[expect(clippy::disallowed_methods, reason = "nothing may be written between the one mode and the other")]
    fn go_on() {
        let _held = io::stderr().lock();
        let Some(question) = &*question() else { return };
        let Ok(mut mode) = tcgetattr(io::stdin()) else { return };
        if question.is_hidden && mode.local_flags.contains(LocalFlags::ECHO) {
            mode.local_flags.remove(LocalFlags::ECHO);
            ask_again(question, &mode);
        }
    }

    fn ask_again(question: &Question, mode: &Termios) {
        let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, mode);
        let _ = console::Term::stderr().write_str(&question.text);
    }
}
