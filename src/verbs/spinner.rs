//! A spinner on a terminal's standard error, for what takes a while; nothing where nobody watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::sanitize;
use crate::session::Session;

/// How often it turns.
const TURN: Duration = Duration::from_millis(100);

/// A spinner, or nothing.
#[derive(Debug, Default)]
pub struct Spinner(Option<ProgressBar>);

impl Spinner {
    /// Starts turning. `-v` writes lines of its own to the same place, so then there is none.
    pub fn start(session: &Session) -> Self {
        if !session.is_watched() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        // A template that cannot be read leaves the crate's own spinner.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TURN);
        Self(Some(bar))
    }

    /// Says what is waited for.
    pub fn say(&self, text: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(sanitize::line(text).into_owned());
        }
    }

    /// Prints something while it is out of the way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
