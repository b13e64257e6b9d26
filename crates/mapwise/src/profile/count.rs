//! How often one kind of operation was called.
//!
//! - **one-writer**: a count that is owned is written by one thread at a time, and what a thread wrote happens before what the
//!   next owner does (`thread_index`): so a load and a store count exactly. A count that is shared is written by atomic
//!   additions only, and never looked at.
//! - **one-word**: the calls so far and the calls left before the next look are one word. A reader sees both or neither.
//! - **looked-at**: if no call is left, the next is counted by whoever looks at it, who arms the count again.
//! - **nobody's**: a count that no thread owns never has a call left, so that every call is looked at, and nobody writes it.
//!
//! All orderings are Relaxed: the numbers stand for themselves, and no other data is published by them.

use crate::sync::{AtomicU64, Ordering};

/// How many bits of a count's word say how many calls are left before the next look.
///
/// The others last for years of nothing but calls.
const LEFT_BITS: u32 = 11;

/// The most calls that are left before a look.
pub(super) const MOST_LEFT: u64 = (1 << LEFT_BITS) - 1;

/// The word of a count after so many calls.
const fn word(calls: u64, left: u64) -> u64 {
    ((calls + left) << LEFT_BITS) | left
}

/// One kind of operation.
pub(super) struct Count {
    /// How many calls there will have been before the one that is looked at next, and below it how many of them are left.
    word: AtomicU64,
    misses: AtomicU64,
    /// The call that is sampled next; one that is over if that was not drawn yet.
    sample: AtomicU64,
}

impl Default for Count {
    /// The first call is looked at.
    fn default() -> Self {
        Self { word: AtomicU64::new(word(0, 0)), misses: AtomicU64::new(0), sample: AtomicU64::new(0) }
    }
}

impl Count {
    /// Whether the next call is plain: it is not to be looked at. By the thread that owns the count, or any if nobody does.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.word.load(Ordering::Relaxed) & MOST_LEFT != 0
    }

    /// Counts a call, which is plain.
    #[inline(always)]
    pub(super) fn count(&self) {
        debug_assert!(self.is_plain());
        // one-writer.
        self.word.store(self.word.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    }

    /// Counts a call if it is plain; returns whether it is.
    #[inline(always)]
    pub(super) fn count_if_plain(&self) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        let plain = word & MOST_LEFT != 0;
        if plain {
            // one-writer.
            self.word.store(word - 1, Ordering::Relaxed);
        }
        plain
    }

    /// Counts a call that is looked at, says which is sampled next, and how many are left before the next look.
    pub(super) fn arm(&self, sample: u64, left: u64) {
        // one-writer.
        self.sample.store(sample, Ordering::Relaxed);
        self.word.store(word(self.calls() + 1, left), Ordering::Relaxed);
    }

    /// Counts that a key was absent.
    #[inline(always)]
    pub(super) fn miss(&self) {
        // one-writer.
        self.misses.store(self.misses.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Counts a call, on any thread.
    pub(super) fn count_shared(&self) {
        // Such a count is never armed, so that no call is left.
        self.word.fetch_add(1 << LEFT_BITS, Ordering::Relaxed);
    }

    /// Counts that a key was absent, on any thread.
    pub(super) fn miss_shared(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn calls(&self) -> u64 {
        // one-word.
        let word = self.word.load(Ordering::Relaxed);
        (word >> LEFT_BITS) - (word & MOST_LEFT)
    }

    pub(super) fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    pub(super) fn sample(&self) -> u64 {
        self.sample.load(Ordering::Relaxed)
    }
}

/// Every interleaving of the protocol.
///
/// The mutations that they were seen to fail with: the first, `arm` storing the calls left and the calls so far in two steps; the second, the
/// index handed over by a Relaxed flag in place of the lock; the third, a load and a store in `count_shared`.
#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::sync::{Arc, Mutex, thread};

    /// Counts as an operation does, with a look at every other call.
    fn call(count: &Count) {
        if !count.count_if_plain() {
            count.arm(0, 1);
        }
    }

    #[test]
    fn a_reader_never_sees_more_calls_than_there_were_nor_fewer_than_before() {
        loom::model(|| {
            let count = Arc::new(Count::default());
            let owner = {
                let count = Arc::clone(&count);
                thread::spawn(move || (0..4).for_each(|_| call(&count)))
            };
            // Not on the first thread, which may be run in one order only.
            let reader = {
                let count = Arc::clone(&count);
                thread::spawn(move || [count.calls(), count.calls()])
            };
            let [first, second] = reader.join().unwrap();
            owner.join().unwrap();
            assert!(first <= second && second <= 4, "{first}, {second}");
            assert_eq!(count.calls(), 4);
        });
    }

    #[test]
    fn nothing_is_lost_when_a_thread_ends_and_another_gets_its_index() {
        loom::model(|| {
            let count = Arc::new(Count::default());
            let free = Arc::new(Mutex::new(true));
            let threads = [(); 2].map(|()| {
                let (count, free) = (Arc::clone(&count), Arc::clone(&free));
                thread::spawn(move || {
                    if !std::mem::take(&mut *free.lock()) {
                        return 0;
                    }
                    (0..2).for_each(|_| call(&count));
                    *free.lock() = true;
                    2
                })
            });
            let calls: u64 = threads.map(|thread| thread.join().unwrap()).iter().sum();
            assert_eq!(count.calls(), calls);
        });
    }

    #[test]
    fn threads_that_share_a_count_lose_nothing() {
        loom::model(|| {
            let count = Arc::new(Count::default());
            let other = {
                let count = Arc::clone(&count);
                thread::spawn(move || (0..2).for_each(|_| count.count_shared()))
            };
            (0..2).for_each(|_| count.count_shared());
            other.join().unwrap();
            assert_eq!(count.calls(), 4);
        });
    }
}
