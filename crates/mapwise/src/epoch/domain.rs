//! All lines of the process, and the epoch.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use crossbeam_utils::CachePadded;

use super::{
    barrier::{self, Refused},
    line::{IDLE, Line},
};
use crate::sync::{AtomicU64, Mutex, Ordering};

/// Everything that pins and looks for pins have in common.
pub(super) struct Domain {
    /// Read by every pin, written once for each batch.
    epoch: CachePadded<AtomicU64>,
    lines: Mutex<Lines>,
    /// How many lines there are. std's: nothing depends on it but how often readers are let in uncounted.
    len: AtomicUsize,
}

/// A line is never freed: it is leased to another thread later.
struct Lines {
    all: Vec<&'static CachePadded<Line>>,
    free: BinaryHeap<Reverse<usize>>,
}

/// When a batch was sealed; it was unlinked from its map before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp(u64);

/// What has a stamp before this is nobody's any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit(u64);

impl Limit {
    /// Whether **looked** holds for a batch with this stamp.
    pub(super) fn is_after(self, stamp: Stamp) -> bool {
        stamp.0 < self.0
    }
}

impl Domain {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        let lines = Lines { all: Vec::new(), free: BinaryHeap::new() };
        Self { epoch: CachePadded::new(AtomicU64::new(0)), lines: Mutex::new(lines), len: AtomicUsize::new(0) }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        let lines = Lines { all: Vec::new(), free: BinaryHeap::new() };
        Self { epoch: CachePadded::new(AtomicU64::new(0)), lines: Mutex::new(lines), len: AtomicUsize::new(0) }
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// The counter that pins begin with.
    #[inline(always)]
    pub(super) fn epoch(&self) -> &AtomicU64 {
        &self.epoch
    }

    /// Gives the calling thread a line of its own, the one with the smallest index that is free.
    pub(super) fn lease(&self) -> &'static CachePadded<Line> {
        let mut lines = self.lines.lock();
        if let Some(Reverse(index)) = lines.free.pop() {
            return lines.all[index];
        }
        let line = Box::leak(Box::new(CachePadded::new(Line::new(lines.all.len()))));
        lines.all.push(line);
        self.len.store(lines.all.len(), Relaxed);
        line
    }

    /// Takes a line back from the thread that leased it.
    pub(super) fn give_back(&self, line: &'static Line) {
        debug_assert!(line.is_idle());
        line.set_leaving(false);
        self.lines.lock().free.push(Reverse(line.index()));
    }

    /// Stamps what the calling thread saw leave its map.
    pub(super) fn stamp(&self) -> Result<Stamp, Refused> {
        // dekker.
        barrier::heavy()?;
        // Release: pairs with the Acquires of `Line::enter` and of `look`. Acquire: so that whoever sees this epoch comes
        // after all earlier stamps too.
        Ok(Stamp(self.epoch.fetch_add(1, Ordering::AcqRel)))
    }

    /// Whether any line is at this place.
    pub(super) fn is_visited(&self, place: NonZero<usize>) -> bool {
        self.lines.lock().all.iter().any(|line| line.is_at(place))
    }

    /// Looks at every line.
    pub(super) fn look(&self) -> Limit {
        // First the epoch: a batch that is stamped while this looks is not covered by it, for its barrier may come later
        // than the look. Acquire: pairs with the Release of `stamp`: barriers of earlier stamps come before the look.
        let now = self.epoch.load(Ordering::Acquire);
        let lines = self.lines.lock();
        let oldest = lines.all.iter().map(|line| line.pinned()).min().unwrap_or(IDLE);
        Limit(oldest.min(now))
    }
}
