//! What happened to an operation deep inside an engine that knows neither the operation nor its map: that it waited for a
//! lock, and that it replaced a part of the table.
//!
//! - **taken-along**: the engine leaves it here, and the `Slow` operation of this thread takes it along, at the latest when it
//!   ends. Nothing that can wait or grow is done without one.

use std::{cell::Cell, time::Instant};

use mapwise_profile::Tier;

use super::{holders, options::tier, pause::elapsed, sites::Site};

/// What was noted.
#[derive(Clone, Copy)]
pub(super) struct Notes {
    /// Whether a lock was not free, how long that took, and who had it.
    pub(super) waited: bool,
    /// When that began; None at tier 0, where no clock is read.
    pub(super) since: Option<Instant>,
    pub(super) wait_ns: u64,
    pub(super) holder: Site,
    /// Whether what the lock guards was replaced meanwhile.
    pub(super) replaced: bool,
    /// How long parts of the table took to replace, 0 for none.
    pub(super) growth_ns: u64,
}

impl Notes {
    pub(super) const NONE: Self =
        Self { waited: false, since: None, wait_ns: 0, holder: Site::NONE, replaced: false, growth_ns: 0 };

    /// The lock was taken only now: it was free before, but others were faster.
    pub(super) fn until_now(mut self) -> Self {
        self.wait_ns = self.since.map_or(0, elapsed);
        self
    }

    /// Adds what was noted later.
    pub(super) fn add(&mut self, later: Self) {
        if self.holder == Site::NONE {
            self.holder = later.holder;
        }
        self.waited |= later.waited;
        self.since = self.since.or(later.since);
        self.replaced |= later.replaced;
        self.wait_ns += later.wait_ns;
        self.growth_ns += later.growth_ns;
    }
}

thread_local! {
    // Apart, so that to look whether there are any is one load.
    static ANY: Cell<bool> = const { Cell::new(false) };
    static NOTES: Cell<Notes> = const { Cell::new(Notes::NONE) };
}

/// Whether anything is noted.
#[inline(always)]
pub(super) fn any() -> bool {
    ANY.get()
}

/// Takes what is noted.
pub(super) fn take() -> Notes {
    ANY.set(false);
    NOTES.replace(Notes::NONE)
}

/// Puts back what was taken.
pub(super) fn put_back(notes: Notes) {
    ANY.set(true);
    NOTES.set(notes);
}

fn note(later: Notes) {
    let mut notes = NOTES.get();
    notes.add(later);
    put_back(notes);
}

/// A wait for a lock of the engine, of which there may be none; noted when dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    begun: bool,
    /// None at tier 0.
    since: Option<Instant>,
    holder: Site,
    state: u64,
    replaced: bool,
}

impl Waiting {
    #[inline(always)]
    pub(crate) const fn none() -> Self {
        Self { begun: false, since: None, holder: Site::NONE, state: 0, replaced: false }
    }

    /// The lock at this address is not free; called each time that this is seen. What it guards is in `state`: another
    /// number if it was replaced.
    #[cold]
    pub(crate) fn meet(&mut self, lock: usize, state: u64) {
        let tier = tier();
        if !self.begun {
            self.begun = true;
            // Buckets that were free before do not matter.
            (self.state, self.replaced) = (state, false);
            self.since = (tier > Tier::Counters).then(Instant::now);
        }
        self.replaced |= state != self.state;
        // Who has just taken it may not have shown itself yet.
        if tier == Tier::Sites && self.holder == Site::NONE {
            self.holder = holders::holder(lock);
        }
    }

    /// What the lock guards is in `state` now that it is free.
    #[inline(always)]
    pub(crate) fn over(&mut self, state: u64) {
        self.replaced |= state != self.state;
    }
}

impl Drop for Waiting {
    #[inline(always)]
    fn drop(&mut self) {
        if self.begun {
            self.end();
        }
    }
}

impl Waiting {
    #[cold]
    #[inline(never)]
    fn end(&self) {
        note(Notes {
            waited: true,
            since: self.since,
            wait_ns: self.since.map_or(0, elapsed),
            holder: self.holder,
            replaced: self.replaced,
            growth_ns: 0,
        });
    }
}

/// A part of the table that is being replaced; noted when dropped.
#[must_use]
pub(crate) struct Growing(Instant);

/// Begins to replace a part of the table, piece by piece, while others go on.
pub(crate) fn growing() -> Growing {
    Growing(Instant::now())
}

impl Drop for Growing {
    fn drop(&mut self) {
        note(Notes { growth_ns: elapsed(self.0).max(1), ..Notes::NONE });
    }
}
