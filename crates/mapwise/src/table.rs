//! One hash table, without a lock: the piece that the lock-based maps share.
//!
//! - **hashed-once**: the caller hashes outside every lock; here only growth calls the user's `Hash` again.
//! - **no-loss**: a panic in the user's `Hash`, `Eq` or closure loses no entry. hashbrown keeps this while it moves to a
//!   larger allocation, but not while it rehashes in place, so that step is done here, with all hashes computed first.
//! - **drop-later**: entries that leave are returned, so that their `Drop` runs after the caller has unlocked.

use std::{hash::Hash, mem};

use equivalent::Equivalent;
use hashbrown::{HashTable, hash_table};

use crate::{
    api::{Action, Occupied},
    seam::pause,
};

/// A hash table that is told every hash.
#[derive(Clone)]
pub(crate) struct Table<K, V> {
    entries: HashTable<(K, V)>,
}

/// What an operation took out of the table or did not put in; dropped by the caller, unlocked.
#[must_use = "user code runs in the drop: unlock first"]
pub(crate) struct Leftover<K, V> {
    _key: Option<K>,
    _value: Option<V>,
    _entry: Option<(K, V)>,
}

impl<K, V> Leftover<K, V> {
    fn key(key: K) -> Self {
        Self { _key: Some(key), _value: None, _entry: None }
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl<K, V> Table<K, V> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { entries: HashTable::with_capacity(capacity) }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> hash_table::Iter<'_, (K, V)> {
        self.entries.iter()
    }

    pub(crate) fn into_entries(self) -> hash_table::IntoIter<(K, V)> {
        self.entries.into_iter()
    }

    #[inline]
    pub(crate) fn find<Q>(&self, hash: u64, key: &Q) -> Option<&V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.entries.find(hash, |entry| key.equivalent(&entry.0)).map(|entry| &entry.1)
    }

    #[inline]
    pub(crate) fn find_mut<Q>(&mut self, hash: u64, key: &Q) -> Option<&mut V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.entries.find_mut(hash, |entry| key.equivalent(&entry.0)).map(|entry| &mut entry.1)
    }

    /// Borrows several values at once; `None` for a position that `wanted` refuses or whose key is absent.
    pub(crate) fn find_many_mut<Q, const N: usize>(
        &mut self,
        hashes: [u64; N],
        keys: [&Q; N],
        wanted: impl Fn(usize) -> bool,
    ) -> [Option<&mut V>; N]
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.entries
            .get_disjoint_mut(hashes, |position, entry| wanted(position) && keys[position].equivalent(&entry.0))
            .map(|found| found.map(|entry| &mut entry.1))
    }

    /// Removes the entry under `key` if `condition` holds for its value.
    pub(crate) fn remove_if<Q>(&mut self, hash: u64, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<(K, V)>
    where
        Q: Equivalent<K> + ?Sized,
    {
        match self.entries.find_entry(hash, |entry| key.equivalent(&entry.0)) {
            Ok(found) if condition(&found.get().1) => Some(found.remove().0),
            _ => None,
        }
    }

    /// Removes and returns the entries for which `keep` returns false.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) -> Vec<(K, V)> {
        self.entries.extract_if(|entry| !keep(&entry.0, &mut entry.1)).collect()
    }

    /// Removes and returns everything; the allocation leaves with it.
    pub(crate) fn take(&mut self) -> Self {
        mem::replace(self, Self::with_capacity(0))
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    /// Does what `decide` answers for the entry under `key`.
    #[inline]
    pub(crate) fn compute<R>(
        &mut self,
        hash: u64,
        key: K,
        hasher: impl Fn(&K) -> u64,
        decide: impl FnOnce(Option<&mut V>) -> Action<V, R>,
    ) -> (R, Leftover<K, V>) {
        let Ok(mut found) = self.entries.find_entry(hash, |entry| entry.0 == key) else {
            return match decide(None) {
                Action::Put(value, result) => {
                    self.insert_absent(hash, key, value, hasher);
                    (result, Leftover { _key: None, _value: None, _entry: None })
                }
                Action::Keep(result) | Action::Remove(result) => (result, Leftover::key(key)),
            };
        };
        match decide(Some(&mut found.get_mut().1)) {
            Action::Keep(result) => (result, Leftover::key(key)),
            Action::Put(value, result) => {
                let old = mem::replace(&mut found.get_mut().1, value);
                (result, Leftover { _key: Some(key), _value: Some(old), _entry: None })
            }
            Action::Remove(result) => {
                (result, Leftover { _key: Some(key), _value: None, _entry: Some(found.remove().0) })
            }
        }
    }

    /// Stores `value` under `key` and returns the value it replaced, with the key that was not needed.
    #[inline]
    pub(crate) fn insert(&mut self, hash: u64, key: K, value: V, hasher: impl Fn(&K) -> u64) -> Option<(K, V)> {
        match self.entries.find_mut(hash, |entry| entry.0 == key) {
            Some(entry) => Some((key, mem::replace(&mut entry.1, value))),
            None => {
                self.insert_absent(hash, key, value, hasher);
                None
            }
        }
    }

    /// Stores `value` unless the key is present.
    pub(crate) fn insert_if_absent(
        &mut self,
        hash: u64,
        key: K,
        value: V,
        hasher: impl Fn(&K) -> u64,
    ) -> Result<(), Occupied<K, V>> {
        if self.find(hash, &key).is_some() {
            return Err(Occupied { key, value });
        }
        self.insert_absent(hash, key, value, hasher);
        Ok(())
    }

    /// Stores an entry whose key is known to be absent.
    #[inline]
    pub(crate) fn insert_absent(&mut self, hash: u64, key: K, value: V, hasher: impl Fn(&K) -> u64) {
        self.reserve(1, hasher);
        // There is room, so the hasher is not called.
        self.entries.insert_unique(hash, (key, value), |_| unreachable!("room was reserved"));
    }

    /// Makes room for `additional` entries.
    #[inline]
    pub(crate) fn reserve(&mut self, additional: usize, hasher: impl Fn(&K) -> u64) {
        if self.entries.capacity() - self.entries.len() < additional {
            self.grow(additional, hasher);
        }
    }

    /// Gives back memory that is not needed.
    pub(crate) fn shrink_to_fit(&mut self, hasher: impl Fn(&K) -> u64) {
        let len = self.entries.len();
        if len == 0 || len <= Self::full(self.entries.num_buckets()) / 2 {
            self.rebuild(len, hasher);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, additional: usize, hasher: impl Fn(&K) -> u64) {
        #[allow(clippy::let_unit_value, reason = "it is a value where pauses are timed")]
        let _pause = pause();
        let full = Self::full(self.entries.num_buckets());
        if self.entries.len().saturating_add(additional) <= full / 2 {
            // no-loss: removed entries have used the room up, and hashbrown would rehash in place.
            self.rebuild(full, hasher);
        } else {
            self.entries.reserve(additional, |entry| hasher(&entry.0));
        }
    }

    /// Moves every entry to a fresh allocation for `capacity` entries.
    fn rebuild(&mut self, capacity: usize, hasher: impl Fn(&K) -> u64) {
        // no-loss: user code runs here, before anything moves.
        let hashes: Vec<(usize, u64)> = self
            .entries
            .iter_buckets()
            .filter_map(|bucket| Some((bucket, hasher(&self.entries.get_bucket(bucket)?.0))))
            .collect();
        let mut moved = HashTable::with_capacity(capacity);
        for (bucket, hash) in hashes {
            if let Ok(entry) = self.entries.get_bucket_entry(bucket) {
                moved.insert_unique(hash, entry.remove().0, |_| unreachable!("room was reserved"));
            }
        }
        self.entries = moved;
    }

    /// The number of entries that fill `buckets` buckets, as hashbrown counts it.
    fn full(buckets: usize) -> usize {
        if buckets < 8 { buckets.saturating_sub(1) } else { buckets / 8 * 7 }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        panic::{AssertUnwindSafe, catch_unwind},
    };

    use super::*;

    /// Crowds each generation of 64 keys into one place, so that its removal leaves tombstones that the next, which is
    /// placed elsewhere, cannot use: only then does hashbrown rehash in place.
    fn crowd(key: &u64) -> u64 {
        (key / 64 * 80) | (key << 57)
    }

    #[test]
    fn a_panic_in_hash_while_making_room_loses_no_entry() {
        let (mut panics_in_place, mut panics_while_growing) = (0, 0);
        for capacity in [0, 200] {
            let mut table = Table::with_capacity(capacity);
            for key in 0..64 * 20_u64 {
                for fuse in 0..3 {
                    let left = Cell::new(fuse);
                    let hasher = |key: &u64| {
                        assert!(left.replace(left.get() - 1) != 0, "injected");
                        crowd(key)
                    };
                    let in_place = table.len() < Table::<u64, u64>::full(table.entries.num_buckets()) / 2;
                    if catch_unwind(AssertUnwindSafe(|| table.reserve(1, hasher))).is_err() {
                        *(if in_place { &mut panics_in_place } else { &mut panics_while_growing }) += 1;
                        let mut keys: Vec<u64> = table.iter().map(|entry| entry.0).collect();
                        keys.sort_unstable();
                        assert!(keys.iter().copied().eq(key / 64 * 64..key), "{keys:?}");
                        assert!(keys.iter().all(|key| table.find(crowd(key), key) == Some(key)));
                    }
                }
                table.insert_absent(crowd(&key), key, key, crowd);
                if key % 64 == 63 {
                    for old in key - 63..=key {
                        assert_eq!(table.remove_if(crowd(&old), &old, |_| true), Some((old, old)));
                    }
                }
            }
        }
        assert!(panics_in_place > 5 && panics_while_growing > 5, "{panics_in_place}, {panics_while_growing}");
    }

    #[test]
    fn shrinking_keeps_every_entry_and_gives_memory_back() {
        let mut table = Table::with_capacity(0);
        for key in 0..10_000_u64 {
            table.insert_absent(key, key, key, |key| *key);
        }
        for key in 10..10_000_u64 {
            table.remove_if(key, &key, |_| true);
        }
        table.shrink_to_fit(|key| *key);
        assert!(table.entries.capacity() < 100, "{}", table.entries.capacity());
        assert!((0..10).all(|key| table.find(key, &key) == Some(&key)));
    }
}
