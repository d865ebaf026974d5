//! The bar on a terminal's standard error: how far, how fast, how long still.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::output::spinner::Moving;
use crate::session::Session;

/// A bar, or nothing where nobody watches.
pub struct Progress(Option<Moving>);

impl Progress {
    /// A bar over so many rows. `-v` writes lines of its own to the same place, so then there is none.
    pub fn new(rows: usize, session: &Session) -> Self {
        if !session.is_watched() || rows == 0 {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(Some(rows as u64), ProgressDrawTarget::stderr());
        // A template that cannot be read leaves the crate's own bar.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {rate}  {eta} left") {
            bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
                // A bar that cannot be drawn is not worth more than that.
                let _ = write!(out, "{:.1}/s", state.per_sec());
            }));
        }
        Self(Some(Moving::new(bar)))
    }

    /// One more row is done.
    pub fn step(&self) {
        if let Some(moving) = &self.0 {
            moving.bar().inc(1);
        }
    }

    /// Prints something while the bar is out of the way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(moving) => moving.bar().suspend(print),
            None => print(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        self.0 = None;
    }
}
