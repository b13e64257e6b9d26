//! Insertions in batches: memory is asked for some entries ahead, so that their cache misses overlap.
//!
//! A single insertion cannot overlap its misses with the next one's, since the exchange that takes a lock waits for them.

use std::hash::{BuildHasher, Hash};

use super::{table::Engine, tag::Tag};

/// So many entries ahead, memory is asked for: two or three lines each.
const AHEAD: usize = 16;

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

    /// Asks for what an insertion of `hash` is going to write.
    #[inline(always)]
    fn expect_insertion(&self, hash: u64) {
        let (home, _) = self.look_up(hash);
        home.expect_lock();
        home.expect_write(Tag::of(hash));
    }
}
