//! Keeps walks over the whole map and merges apart, so that a walk meets no entry twice and misses none.
//!
//! - **either**: no merge begins while a walk is under way or waits, and no walk begins while a merge is under way. Any
//!   number of walks, or of merges, may be under way at once; a walk may begin inside another.

use super::wait::Backoff;
use crate::sync::{AtomicU64, Ordering};

/// Walks are counted in the lower half, merges in the upper.
const MERGE: u64 = 1 << 32;

/// How many walks and merges are under way.
pub(super) struct Passage(AtomicU64);

/// A walk under way, until dropped.
pub(super) struct Walking<'a>(&'a Passage);

/// A merge under way, until dropped.
pub(super) struct Merging<'a>(&'a Passage);

impl Passage {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Begins a walk, when the merges that are under way are over.
    pub(super) fn walk(&self) -> Walking<'_> {
        // Acquire: pairs with the Release of `Merging::drop`, so that the directory says what it did.
        let mut now = self.0.fetch_add(1, Ordering::Acquire);
        let walking = Walking(self);
        let mut backoff = Backoff::new();
        while now >= MERGE {
            backoff.wait();
            // Acquire: as above.
            now = self.0.load(Ordering::Acquire);
        }
        walking
    }

    /// Begins a merge, unless there is a walk.
    pub(super) fn try_merge(&self) -> Option<Merging<'_>> {
        let mut now = self.0.load(Ordering::Relaxed);
        while now.is_multiple_of(MERGE) {
            // Acquire: pairs with the Release of `Walking::drop`: what the walk saw, it saw before.
            match self.0.compare_exchange_weak(now, now + MERGE, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(Merging(self)),
                Err(other) => now = other,
            }
        }
        None
    }
}

impl Drop for Walking<'_> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire of `try_merge`.
        self.0.0.fetch_sub(1, Ordering::Release);
    }
}

impl Drop for Merging<'_> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire of `walk`.
        self.0.0.fetch_sub(MERGE, Ordering::Release);
    }
}
