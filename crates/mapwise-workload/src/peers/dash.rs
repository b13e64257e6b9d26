//! dashmap: shards, each a table behind a reader-writer lock.

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

/// dashmap with its default or a stated number of shards.
///
/// No guard outlives a line here: a guard held while calling the map again is how it deadlocks.
pub(crate) struct Dash<K, V, H>(DashMap<K, V, H>);

impl<K: Key, V: Value, H: Hashing> Dash<K, V, H> {
    pub(crate) fn new(hasher: H) -> Self {
        Self(DashMap::with_hasher(hasher))
    }

    pub(crate) fn with_shards(shards: usize, hasher: H) -> Self {
        Self(DashMap::with_hasher_and_shard_amount(hasher, shards))
    }
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for Dash<K, V, H> {
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.0.view(key, |_, value| value.clone())
    }

    #[inline]
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        if let Some(value) = self.get(key) {
            return (value, false);
        }
        match self.0.entry(key.clone()) {
            Entry::Occupied(entry) => (entry.get().clone(), false),
            Entry::Vacant(entry) => (entry.insert(init()).clone(), true),
        }
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        self.0.insert(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool {
        match self.0.get_mut(key) {
            Some(mut value) => {
                change(&mut value);
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
        match self.0.entry(key.clone()) {
            Entry::Occupied(mut entry) => {
                change(entry.get_mut());
                false
            }
            Entry::Vacant(entry) => {
                entry.insert(init());
                true
            }
        }
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    #[inline]
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        for entry in self.0.iter().take(limit) {
            visit(entry.key(), entry.value());
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
