//! What an entry of `CounterMap` holds: a count and its state in one word, so that an addition is one instruction.
//!
//! | bits | meaning |
//! |---|---|
//! | 63 | dead: the entry is deleted |
//! | 62 | with 63: the entry is expunged |
//! | 0 to 61 | the count, at most [`MAX`], or more for the moment that an addition takes to notice |
//!
//! - **blind-add**: an addition adds first and looks afterwards at what was there. If the word was dead, what it added is
//!   garbage in bits that mean nothing, and the addition is done again where it counts.
//! - **no-carry**: neither garbage nor a count past MAX reaches bit 62. A blind addition is at most [`BLIND_MAX`], each
//!   thread leaves at most one before it has seen to it, and there are fewer than 2^30 threads.

use crate::{
    sync::{AtomicU64, Ordering},
    two_table::Content,
};

const DEAD: u64 = 1 << 63;
const EXPUNGED: u64 = DEAD | 1 << 62;

/// Where counts stop.
pub(super) const MAX: u64 = 1 << 60;

/// More than this is added by compare-and-swap.
const BLIND_MAX: u64 = 1 << 30;

/// See the table above.
pub(super) struct Count {
    // AcqRel where a count is read and written, Acquire where it is read: what a thread did before an addition is visible
    // to whoever sees its effect, as it would be had they used a lock. The counts themselves need no ordering, nor do the
    // changes between deleted and expunged (Relaxed), which continue the release sequence of what they replace.
    word: AtomicU64,
}

/// Why an addition did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expunged;

/// What an addition did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Added {
    /// The count after it.
    pub(super) total: u64,
    /// Whether it brought the entry back to life.
    pub(super) revived: bool,
}

fn is_dead(word: u64) -> bool {
    word & DEAD != 0
}

fn is_expunged(word: u64) -> bool {
    word & EXPUNGED == EXPUNGED
}

fn sum(count: u64, n: u64) -> u64 {
    count.saturating_add(n).min(MAX)
}

impl Count {
    pub(super) fn new(count: u64) -> Self {
        Self { word: AtomicU64::new(count.min(MAX)) }
    }

    /// Returns the count, `None` if there is none.
    #[inline]
    pub(super) fn get(&self) -> Option<u64> {
        let word = self.word.load(Ordering::Acquire);
        (!is_dead(word)).then(|| word.min(MAX))
    }

    /// Adds `n`; brings a deleted count back at `n`.
    #[inline]
    pub(super) fn add(&self, n: u64) -> Result<Added, Expunged> {
        if n <= BLIND_MAX {
            // blind-add.
            let before = self.word.fetch_add(n, Ordering::AcqRel);
            if before <= MAX - BLIND_MAX {
                return Ok(Added { total: before + n, revived: false });
            }
            if !is_dead(before) {
                self.come_back_to_max();
                return Ok(Added { total: sum(before, n), revived: false });
            }
        }
        self.add_slowly(n)
    }

    /// Takes back what went past MAX.
    #[cold]
    fn come_back_to_max(&self) {
        let past_max = |word| (!is_dead(word) && word > MAX).then_some(MAX);
        // An error says that somebody else has done it, or has taken the count.
        let _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, past_max);
    }

    #[cold]
    fn add_slowly(&self, n: u64) -> Result<Added, Expunged> {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if is_expunged(word) {
                return Err(Expunged);
            }
            let revived = is_dead(word);
            let total = if revived { sum(0, n) } else { sum(word, n) };
            match self.word.compare_exchange_weak(word, total, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(Added { total, revived }),
                Err(now) => word = now,
            }
        }
    }

    /// Sets the count to zero and returns what it was, `None` if there is none.
    pub(super) fn reset(&self) -> Option<u64> {
        self.replace_live(0)
    }

    /// Deletes the count and returns it, `None` if there is none.
    pub(super) fn take(&self) -> Option<u64> {
        self.replace_live(DEAD)
    }

    fn replace_live(&self, by: u64) -> Option<u64> {
        // One step: what is added before is in the result, what is added after stays.
        let replaced =
            self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| (!is_dead(word)).then_some(by));
        replaced.ok().map(|count| count.min(MAX))
    }
}

impl Content for Count {
    type Taken = u64;
    type Waiting = ();

    fn is_expunged(&self) -> bool {
        is_expunged(self.word.load(Ordering::Relaxed))
    }

    fn expunge(&self) -> bool {
        let deleted = |word| (is_dead(word) && !is_expunged(word)).then_some(EXPUNGED);
        self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, deleted).is_ok()
    }

    fn unexpunge(&self) -> bool {
        let expunged = |word| is_expunged(word).then_some(DEAD);
        self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, expunged).is_ok()
    }

    fn kill(&self, (): &()) -> Option<u64> {
        let word = self.word.swap(EXPUNGED, Ordering::AcqRel);
        (!is_dead(word)).then(|| word.min(MAX))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_count_stops_at_its_maximum_whatever_is_added() {
        for first in [0, 1, MAX - BLIND_MAX, MAX - 1, MAX] {
            for n in [0, 1, BLIND_MAX, BLIND_MAX + 1, MAX, u64::MAX] {
                let count = Count::new(first);
                let expected = first.saturating_add(n).min(MAX);
                assert_eq!(count.add(n), Ok(Added { total: expected, revived: false }));
                assert_eq!(count.get(), Some(expected), "{first} + {n}");
                for _ in 0..3 {
                    count.add(BLIND_MAX).unwrap();
                }
                assert_eq!(count.get(), Some(expected.saturating_add(3 * BLIND_MAX).min(MAX)));
            }
        }
    }

    #[test]
    fn what_is_added_to_a_dead_count_is_not_in_the_next() {
        let count = Count::new(7);
        assert_eq!(count.take(), Some(7));
        assert_eq!(count.get(), None);
        assert_eq!(count.add(5), Ok(Added { total: 5, revived: true }));
        assert_eq!(count.take(), Some(5));
        assert!(count.expunge());
        assert!(!count.expunge());
        assert_eq!(count.add(BLIND_MAX), Err(Expunged));
        assert_eq!(count.add(u64::MAX), Err(Expunged));
        assert_eq!((count.get(), count.take(), count.reset()), (None, None, None));
        assert!(count.unexpunge());
        assert!(!count.unexpunge());
        assert_eq!(count.add(1), Ok(Added { total: 1, revived: true }));
        assert_eq!(count.reset(), Some(1));
        assert_eq!(count.get(), Some(0));
    }
}
