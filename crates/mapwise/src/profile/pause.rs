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
        LAST.set(LAST.get().saturating_add(elapsed(self.0).max(1)));
    }
}

/// Forgets the replacements of tables that are no map's yet, or no longer.
pub(crate) fn disregard_pauses() {
    LAST.set(0);
}

/// The nanoseconds since a moment.
pub(super) fn elapsed(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
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
