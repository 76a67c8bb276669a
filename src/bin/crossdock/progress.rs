//! What is going on, on standard error and only for people: nothing is drawn when it is no
//! terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A spinner with the name of the current phase; gone when dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts with the first phase.
    pub(crate) fn start(phase: &'static str) -> Progress {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        let progress = Progress(bar);
        progress.phase(phase);
        progress
    }

    /// A bar for so many steps.
    pub(crate) fn steps(count: u64) -> Progress {
        let bar = ProgressBar::new(count);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} runs, {msg} ({elapsed})") {
            bar.set_style(style);
        }
        Progress(bar)
    }

    /// One more step is done.
    pub(crate) fn step(&self, message: String) {
        self.0.set_message(message);
        self.0.inc(1);
    }

    /// The next phase begins.
    pub(crate) fn phase(&self, phase: &'static str) {
        self.0.set_message(phase);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
