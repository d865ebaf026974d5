//! A spinner on a terminal's standard error, for what takes a while; nothing where nobody watches.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sanitize;

/// How often it turns.
const TURN: Duration = Duration::from_millis(100);

/// Bars and spinners that move at this moment.
static MOVING: AtomicUsize = AtomicUsize::new(0);

/// Whether a bar or a spinner stands on the last line.
pub fn is_moving() -> bool {
    MOVING.load(Ordering::Relaxed) > 0
}

/// A bar that moves as long as this lives.
#[derive(Debug)]
pub struct Moving(ProgressBar);

impl Moving {
    /// Of a bar that was just made.
    pub fn new(bar: ProgressBar) -> Self {
        MOVING.fetch_add(1, Ordering::Relaxed);
        Self(bar)
    }

    /// The bar.
    pub fn bar(&self) -> &ProgressBar {
        &self.0
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        MOVING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A spinner, or nothing.
#[derive(Debug, Default)]
pub struct Spinner(Option<Moving>);

impl Spinner {
    /// Starts turning, where somebody watches.
    pub fn start(is_watched: bool) -> Self {
        if !is_watched {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        // A template that cannot be read leaves the crate's own spinner.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TURN);
        Self(Some(Moving::new(bar)))
    }

    /// Says what is waited for.
    pub fn say(&self, text: &str) {
        if let Some(moving) = &self.0 {
            moving.bar().set_message(sanitize::line(text).into_owned());
        }
    }

    /// Prints something while it is out of the way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(moving) => moving.bar().suspend(print),
            None => print(),
        }
    }
}
