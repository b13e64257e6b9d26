//! Insertions in batches: memory is asked for some entries ahead, so that their cache misses overlap.
//!
//! A single insertion cannot overlap its misses with the next one's, since the exchange that takes a lock waits for them.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, Hash},
};

use super::{table::Engine, tag::Tag};

/// So many entries ahead, memory is asked for: two or three lines each.
const AHEAD: usize = 16;

/// Maps whose directory has as many bits are too large for a core's own caches.
const LARGE: usize = 4;

impl<K: Hash + Eq, V, S: BuildHasher> Engine<K, V, S> {
    /// Stores each of `entries`, in their order, and returns the values that they replaced.
    #[track_caller]
    pub(crate) fn insert_many<const N: usize>(&self, entries: [(K, V); N]) -> [Option<V>; N] {
        // hash-first: if one cannot be computed, nothing is stored.
        let hashes: [u64; N] = std::array::from_fn(|at| self.hash(&entries[at].0));
        hashes.iter().take(AHEAD).for_each(|&hash| self.expect_insertion(hash));
        let mut replaced = [const { None }; N];
        for (at, (key, value)) in entries.into_iter().enumerate() {
            if let Some(&hash) = hashes.get(at + AHEAD) {
                self.expect_insertion(hash);
            }
            replaced[at] = self.insert_hashed(hashes[at], key, value);
        }
        replaced
    }

    /// Stores all of `entries`, in their order. If asking for the next one panics, or hashing it, some before it are dropped.
    #[track_caller]
    pub(crate) fn extend(&self, entries: impl IntoIterator<Item = (K, V)>) {
        let mut coming = VecDeque::new();
        for (key, value) in entries {
            let hash = self.hash(&key);
            if coming.is_empty() && self.directory().bits() < LARGE {
                drop(self.insert_hashed(hash, key, value));
                continue;
            }
            self.expect_insertion(hash);
            coming.push_back((hash, key, value));
            if coming.len() > AHEAD
                && let Some((hash, key, value)) = coming.pop_front()
            {
                drop(self.insert_hashed(hash, key, value));
            }
        }
        for (hash, key, value) in coming {
            drop(self.insert_hashed(hash, key, value));
        }
    }

    /// Asks for what an insertion of `hash` is going to write.
    #[inline(always)]
    fn expect_insertion(&self, hash: u64) {
        let (home, _) = self.look_up(hash);
        home.expect_lock();
        home.expect_write(Tag::of(hash));
    }
}
