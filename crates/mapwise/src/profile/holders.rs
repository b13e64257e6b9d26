//! Tier 2: who holds a lock now, for locks that have no room to say so themselves.
//!
//! - **live**: a slot is taken when a lock was taken, and freed when it was released, by the same operation; so what is found
//!   there holds the lock, or has just released it. As many slots are in use as operations hold locks.

use std::sync::atomic::{AtomicU64, Ordering};

use super::sites::{self, Site};

/// How many slots there are.
const SLOTS: usize = 1024;

/// How many slots are tried for a lock; the holder is not shown if all of them are taken.
const PROBES: usize = 16;

/// Each is 0, or the lock's address above the number of the holder's site.
static HOLDERS: [AtomicU64; SLOTS] = [const { AtomicU64::new(0) }; SLOTS];

/// A holder that is shown, until dropped.
pub(super) struct Shown(&'static AtomicU64);

/// Heads of buckets are so many bytes apart; the rest of an address fits above a site's number.
const ALIGN_BITS: u32 = 5;

fn word(lock: usize) -> u64 {
    (lock as u64 >> ALIGN_BITS) << sites::BITS
}

fn slots(lock: usize) -> impl Iterator<Item = &'static AtomicU64> {
    let start = ((lock as u64 >> ALIGN_BITS).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize;
    (0..PROBES).map(move |probe| &HOLDERS[(start + probe) % SLOTS])
}

/// Shows who holds the lock at this address to those who will wait for it.
pub(super) fn show(lock: usize, holder: Site) -> Option<Shown> {
    let word = word(lock) | u64::from(holder.number());
    // Relaxed, here and below: words that stand for themselves.
    slots(lock).find(|slot| slot.compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed).is_ok()).map(Shown)
}

/// Who holds the lock at this address, as far as that is shown.
pub(super) fn holder(lock: usize) -> Site {
    let mask = (1 << sites::BITS) - 1;
    let found = slots(lock).map(|slot| slot.load(Ordering::Relaxed)).find(|found| found & !mask == word(lock));
    // The address of an empty slot is that of no lock.
    found.map_or(Site::NONE, |found| Site::from_number((found & mask) as u32))
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    #[test]
    fn a_holder_is_shown_until_it_is_dropped() {
        let [one, other] = [0x7fff_0000_1040, 0x7fff_0000_1060];
        let [first, second] = [Location::caller(), Location::caller()].map(sites::intern);
        assert_eq!(holder(one), Site::NONE);
        let shown = show(one, first);
        let _other = show(other, second);
        assert_eq!((holder(one), holder(other)), (first, second));
        drop(shown);
        assert_eq!((holder(one), holder(other)), (Site::NONE, second));
    }

    #[test]
    fn a_lock_with_too_many_holders_is_left_alone() {
        let here = sites::intern(Location::caller());
        let shown: Vec<_> = (0..PROBES + 3).map(|_| show(0x6fff_0000_2000, here)).collect();
        assert!(shown.iter().filter(|shown| shown.is_some()).count() <= PROBES);
        assert_eq!(holder(0x6fff_0000_2000), here);
        drop(shown);
        assert_eq!(holder(0x6fff_0000_2000), Site::NONE);
    }
}
