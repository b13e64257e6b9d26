//! scc: `HashMap` locks one bucket of about thirty entries; `HashIndex` reads without any lock.

use scc::hash_index::Entry as IndexEntry;
use scc::hash_map::Entry as MapEntry;
use scc::{Guard, HashIndex, HashMap};

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

/// `scc::HashMap`.
pub(crate) struct SccMap<K, V, H: Hashing>(HashMap<K, V, H>);

impl<K: Key, V: Value, H: Hashing> SccMap<K, V, H> {
    pub(crate) fn new(hasher: H) -> Self {
        Self(HashMap::with_hasher(hasher))
    }
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for SccMap<K, V, H> {
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.0.read_sync(key, |_, value| value.clone())
    }

    #[inline]
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        if let Some(value) = self.get(key) {
            return (value, false);
        }
        match self.0.entry_sync(key.clone()) {
            MapEntry::Occupied(entry) => (entry.get().clone(), false),
            MapEntry::Vacant(entry) => (entry.insert_entry(init()).get().clone(), true),
        }
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        self.0.upsert_sync(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool {
        self.0.update_sync(key, |_, value| change(value)).is_some()
    }

    #[inline]
    fn upsert(&self, key: &K, init: impl Fn() -> V, change: impl Fn(&mut V)) -> bool {
        if self.update(key, &change) {
            return false;
        }
        match self.0.entry_sync(key.clone()) {
            MapEntry::Occupied(mut entry) => {
                change(entry.get_mut());
                false
            }
            MapEntry::Vacant(entry) => {
                entry.insert_entry(init());
                true
            }
        }
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove_sync(key).is_some()
    }

    #[inline]
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        let mut left = limit;
        if left == 0 {
            return;
        }
        self.0.iter_sync(|key, value| {
            visit(key, value);
            left -= 1;
            left > 0
        });
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// `scc::HashIndex`.
///
/// Entries are immutable while readers may see them: a write puts a new entry in place of the old
/// one under the bucket's lock, and the old one is reclaimed once no reader can hold it.
pub(crate) struct SccIndex<K, V, H: Hashing>(HashIndex<K, V, H>);

impl<K: Key, V: Value, H: Hashing> SccIndex<K, V, H> {
    pub(crate) fn new(hasher: H) -> Self {
        Self(HashIndex::with_hasher(hasher))
    }
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for SccIndex<K, V, H> {
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.0.peek_with(key, |_, value| value.clone())
    }

    #[inline]
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        if let Some(value) = self.get(key) {
            return (value, false);
        }
        match self.0.entry_sync(key.clone()) {
            IndexEntry::Occupied(entry) => (entry.get().clone(), false),
            IndexEntry::Vacant(entry) => (entry.insert_entry(init()).get().clone(), true),
        }
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        match self.0.entry_sync(key) {
            IndexEntry::Occupied(mut entry) => {
                entry.update(value);
                false
            }
            IndexEntry::Vacant(entry) => {
                entry.insert_entry(value);
                true
            }
        }
    }

    #[inline]
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool {
        match self.0.get_sync(key) {
            Some(mut entry) => {
                let mut copy = entry.get().clone();
                change(&mut copy);
                entry.update(copy);
                true
            }
            None => false,
        }
    }

    #[inline]
    fn upsert(&self, key: &K, init: impl Fn() -> V, change: impl Fn(&mut V)) -> bool {
        if self.update(key, &change) {
            return false;
        }
        match self.0.entry_sync(key.clone()) {
            IndexEntry::Occupied(mut entry) => {
                let mut copy = entry.get().clone();
                change(&mut copy);
                entry.update(copy);
                false
            }
            IndexEntry::Vacant(entry) => {
                entry.insert_entry(init());
                true
            }
        }
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove_sync(key)
    }

    #[inline]
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        let guard = Guard::new();
        for (key, value) in self.0.iter(&guard).take(limit) {
            visit(key, value);
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
