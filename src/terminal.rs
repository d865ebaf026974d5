//! The terminal while somebody is asked: a question puts it into another mode, without echo and with every key by
//! itself, and whatever ends or stops the process in between has to put it back.

#[cfg(unix)]
pub use unix::{Asking, close};

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
    pub fn begin() -> Self {
        Self
    }

    /// What to draw when it has to be asked again.
    pub fn remember(&self, _frame: &str) {}

    /// Whether it was asked again since somebody wanted to know.
    pub fn was_asked_again(&self) -> bool {
        false
    }
}

/// Puts the terminal back, for good.
#[cfg(not(unix))]
pub fn close() {}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::marker::PhantomData;
    use std::sync::{Mutex, MutexGuard, Once, PoisonError};

    use nix::sys::signal::{SigSet, Signal};
    use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcgetsid, tcsetattr};
    use signal_hook::consts::{SIGCONT, SIGTSTP};

    use super::show_cursor;
    use crate::signals;

    static QUESTION: Mutex<Option<StandingQuestion>> = Mutex::new(None);
    static WATCHED: Once = Once::new();

    /// The question that stands there.
    struct StandingQuestion {
        /// What draws it.
        frame: String,
        /// The terminal's mode before it.
        before: Termios,
        /// The mode in which its keys are read.
        mode: Termios,
        was_asked_again: bool,
    }

    fn question() -> MutexGuard<'static, Option<StandingQuestion>> {
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
        /// Begins a question: from here on keys are read one by one and not shown; those that were typed before are
        /// thrown away. Ctrl-C and Ctrl-Z stay signals to everybody whom the terminal sends them.
        pub fn begin() -> Self {
            WATCHED.call_once(watch);
            // Signals go to the threads that wait for them: here one would break off the reading of a key.
            let signals =
                [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGTSTP, Signal::SIGCONT];
            let signals: SigSet = signals.into_iter().collect();
            let blocked = SigSet::thread_get_mask().ok().filter(|_| signals.thread_block().is_ok());
            let mut standing = question();
            *standing = tcgetattr(io::stdin()).ok().map(|before| {
                let mut mode = before.clone();
                mode.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::IEXTEN);
                // A terminal that is not ours to be controlled by sends no signals: then Ctrl-C is a key.
                mode.local_flags.set(LocalFlags::ISIG, tcgetsid(io::stdin()).is_ok());
                let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &mode);
                StandingQuestion { frame: String::new(), before, mode, was_asked_again: false }
            });
            drop(standing);
            Self { blocked, _thread: PhantomData }
        }

        /// What to draw when the process goes on after a stop.
        pub fn remember(&self, frame: &str) {
            if let Some(question) = &mut *question() {
                question.frame = frame.to_owned();
            }
        }

        /// Whether it was asked again since somebody wanted to know.
        pub fn was_asked_again(&self) -> bool {
            question().as_mut().is_some_and(|question| std::mem::take(&mut question.was_asked_again))
        }
    }

    impl Drop for Asking {
        fn drop(&mut self) {
            if let Some(question) = question().take() {
                question.put_back();
            }
            if let Some(blocked) = self.blocked {
                let _ = blocked.thread_set_mask();
            }
        }
    }

    impl StandingQuestion {
        /// Puts the terminal back as it was. What was typed is thrown away, since the shell would read the rest of a
        /// secret as a command.
        fn put_back(&self) {
            let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &self.before);
        }

        /// Whoever calls this holds standard error: nothing may be written between the one mode and the other.
        fn ask_again(&mut self) {
            let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &self.mode);
            self.was_asked_again = true;
            let _ = console::Term::stderr().write_str(&self.frame);
        }
    }

    /// Puts the terminal back as it was before the question that stands there, and lets nobody ask another one: this is
    /// the end of the process.
    pub fn close() {
        let question = question();
        if let Some(question) = &*question {
            question.put_back();
        }
        std::mem::forget(question);
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
        let mut standing = question();
        if let Some(question) = &*standing {
            question.put_back();
            show_cursor();
            // The question stays on a line of its own.
            let _ = console::Term::stderr().write_line("");
        }
        let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
        if let Some(question) = &mut *standing {
            question.ask_again();
        }
    }

    /// After a stop that nobody was told of beforehand: the shell has put its own mode back.
    #[expect(clippy::disallowed_methods, reason = "nothing may be written between the one mode and the other")]
    fn go_on() {
        let _held = io::stderr().lock();
        let mut standing = question();
        let Some(question) = &mut *standing else { return };
        let Ok(mode) = tcgetattr(io::stdin()) else { return };
        if mode.local_flags.intersects(LocalFlags::ECHO | LocalFlags::ICANON) {
            question.ask_again();
        }
    }
}
