//! How far a run is, for the observer and for dividing the time that is left.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::Observer;

/// The time of one run.
pub(super) struct Clock<'a> {
    begin: Instant,
    total: Duration,
    observer: &'a dyn Observer,
    doing: RefCell<String>,
}

impl<'a> Clock<'a> {
    pub(super) fn new(total: Duration, observer: &'a dyn Observer) -> Self {
        Self { begin: Instant::now(), total, observer, doing: RefCell::default() }
    }

    /// States what is being done from now on.
    pub(super) fn doing(&self, what: String) {
        *self.doing.borrow_mut() = what;
        self.pulse();
    }

    /// Reports progress; false when the run is to end.
    pub(super) fn pulse(&self) -> bool {
        let elapsed = self.elapsed();
        let done = elapsed.as_secs_f64() / self.total.as_secs_f64();
        let left = self.total.saturating_sub(elapsed);
        self.observer.progress(done.min(1.0), left, &self.doing.borrow());
        !self.observer.cancelled()
    }

    pub(super) fn cancelled(&self) -> bool {
        self.observer.cancelled()
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    /// What is left until `until`, counted from the beginning of the run.
    pub(super) fn left(&self, until: Duration) -> Duration {
        until.saturating_sub(self.elapsed())
    }
}
