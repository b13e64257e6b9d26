//! How long a table kept others out while it was replaced.
//!
//! The table does not know its map, so it leaves the time here and the operation that made it grow takes it along.

use std::{cell::Cell, time::Instant};

thread_local! {
    /// Nanoseconds, 0 for none.
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// A replacement in progress; ends when dropped.
#[must_use]
pub(crate) struct Pause(Instant);

/// Begins a replacement.
pub(crate) fn pause() -> Pause {
    Pause(Instant::now())
}

impl Drop for Pause {
    fn drop(&mut self) {
        let ns = u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        LAST.set(LAST.get().saturating_add(ns.max(1)));
    }
}

/// Whether there was a replacement that nobody took.
#[inline(always)]
pub(super) fn any() -> bool {
    LAST.get() != 0
}

/// Takes the time of the replacement.
pub(super) fn take() -> u64 {
    LAST.replace(0)
}
