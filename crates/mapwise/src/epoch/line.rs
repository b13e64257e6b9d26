//! A thread's line: where it says that it is pinned, and what it visits.

use std::{
    num::NonZero,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use super::barrier;
use crate::sync::{self, AtomicU64, Ordering};

/// No pin: later than every epoch.
pub(super) const IDLE: u64 = u64::MAX;

/// What one thread shows to all others. Only its owner stores (**one-thread**).
#[derive(Debug)]
pub(super) struct Line {
    /// The epoch in which the outermost pin began, or IDLE.
    pinned: AtomicU64,
    /// What the thread visits, or 0.
    visited: sync::AtomicUsize,
    // std's from here on: nobody but the owner looks, so there is nothing to model.
    depth: AtomicUsize,
    /// Whether the line goes back when it is idle: its thread is ending.
    leaving: AtomicBool,
    fence: bool,
    /// Turns since the last one that was due.
    turns: AtomicUsize,
    index: usize,
}

impl Line {
    pub(super) fn new(index: usize) -> Self {
        Self {
            pinned: AtomicU64::new(IDLE),
            visited: sync::AtomicUsize::new(0),
            depth: AtomicUsize::new(0),
            leaving: AtomicBool::new(false),
            fence: barrier::needs_fence(),
            turns: AtomicUsize::new(0),
            index,
        }
    }

    /// A number that no other leased line has; small.
    #[inline]
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Begins a pin; `epoch` is the domain's.
    #[inline(always)]
    pub(super) fn enter(&self, epoch: &AtomicU64) {
        let depth = self.depth.load(Relaxed);
        self.depth.store(depth + 1, Relaxed);
        if depth == 0 {
            // Acquire: pairs with the Release of `Domain::stamp`. A pin of an epoch later than a stamp sees what was
            // unlinked before it.
            let epoch = epoch.load(Ordering::Acquire);
            // Release: pairs with the Acquire of `Line::pinned`. Who sees this epoch comes after the reads of the
            // pins before it.
            self.pinned.store(epoch, Ordering::Release);
            // dekker.
            barrier::light(self.fence);
        }
    }

    /// Ends a pin; returns whether the line has to go back now.
    #[inline(always)]
    pub(super) fn leave(&self) -> bool {
        let depth = self.depth.load(Relaxed) - 1;
        self.depth.store(depth, Relaxed);
        if depth > 0 {
            return false;
        }
        // Release: pairs with the Acquire of `Line::pinned`. Who sees IDLE comes after the reads of this pin.
        self.pinned.store(IDLE, Ordering::Release);
        self.is_left()
    }

    /// Begins a visit, unless the thread is on one.
    #[inline(always)]
    pub(super) fn go_to(&self, place: NonZero<usize>) -> bool {
        if self.is_visiting() {
            return false;
        }
        // Release: pairs with the Acquire of `is_at`. Who sees this place comes after the reads of the visits before it.
        // SeqCst, and the fence for loom, which knows no order of such accesses: **seen**.
        self.visited.swap(place.get(), Ordering::SeqCst);
        #[cfg(loom)]
        sync::fence(Ordering::SeqCst);
        true
    }

    /// Ends the visit; returns whether the line has to go back now.
    #[inline(always)]
    pub(super) fn come_back(&self) -> bool {
        // Release: pairs with the Acquire of `is_at`. Who sees this comes after the reads of the visit.
        self.visited.store(0, Ordering::Release);
        self.is_left()
    }

    /// Whether the thread visits this place; for other threads.
    pub(super) fn is_at(&self, place: NonZero<usize>) -> bool {
        // Acquire: pairs with the Releases of `go_to` and `come_back`. SeqCst: **seen**.
        self.visited.load(Ordering::SeqCst) == place.get()
    }

    fn is_visiting(&self) -> bool {
        // Relaxed: its own.
        self.visited.load(Ordering::Relaxed) != 0
    }

    /// Returns true once in so many times.
    pub(super) fn is_due(&self, once_in: usize) -> bool {
        let turns = self.turns.load(Relaxed) + 1;
        let is_due = turns >= once_in;
        self.turns.store(if is_due { 0 } else { turns }, Relaxed);
        is_due
    }

    /// Returns the epoch in which the outermost pin began, or IDLE; for other threads.
    pub(super) fn pinned(&self) -> u64 {
        // Acquire: pairs with the Releases of `enter` and `leave`.
        self.pinned.load(Ordering::Acquire)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.depth.load(Relaxed) == 0 && !self.is_visiting()
    }

    /// Whether the line has to go back now.
    #[inline]
    pub(super) fn is_left(&self) -> bool {
        self.leaving.load(Relaxed) && self.is_idle()
    }

    pub(super) fn set_leaving(&self, leaving: bool) {
        self.leaving.store(leaving, Relaxed);
    }
}
