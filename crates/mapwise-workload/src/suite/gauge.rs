//! How far the suite is, and how long the rest will take.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use crate::session::Observer;

/// Before this share is done, the estimate says more than the clock.
const EARLY: f64 = 0.02;

/// Counts estimated time and corrects the estimate by the clock.
pub(super) struct Gauge<'a> {
    begin: Instant,
    total: Duration,
    /// Estimated time of what is done.
    done: Cell<Duration>,
    doing: RefCell<String>,
    observer: &'a dyn Observer,
}

impl<'a> Gauge<'a> {
    pub(super) fn new(total: Duration, observer: &'a dyn Observer) -> Self {
        Self { begin: Instant::now(), total, done: Cell::default(), doing: RefCell::default(), observer }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    /// States what is being done from now on.
    pub(super) fn doing(&self, what: String) {
        *self.doing.borrow_mut() = what;
        self.pulse();
    }

    /// Counts something that was estimated to take `time`.
    pub(super) fn done(&self, time: Duration) {
        self.done.set((self.done.get() + time).min(self.total));
    }

    /// Reports progress; false when the run is to end.
    pub(super) fn pulse(&self) -> bool {
        let share = self.done.get().as_secs_f64() / self.total.as_secs_f64().max(1e-9);
        let rest = self.total.saturating_sub(self.done.get());
        let left = if share < EARLY {
            rest
        } else {
            self.elapsed().mul_f64(rest.as_secs_f64() / self.done.get().as_secs_f64().max(1e-9))
        };
        self.observer.progress(share.min(1.0), left, &self.doing.borrow());
        !self.observer.cancelled()
    }
}
