//! papaya: a lock-free table with incremental growth; entries are allocated one by one.

use papaya::{Compute, HashMap, Operation};

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

/// papaya, pinned for each operation, as a request handler would.
///
/// Its closures may run several times and it changes a value by replacing a copy, so `update` and
/// `upsert` clone; so does the key, which it wants owned.
pub(crate) struct Papaya<K, V, H>(HashMap<K, V, H>);

impl<K: Key, V: Value, H: Hashing> Papaya<K, V, H> {
    pub(crate) fn new(hasher: H) -> Self {
        Self(HashMap::with_hasher(hasher))
    }
}

fn changed<V: Clone>(value: &V, change: &impl Fn(&mut V)) -> V {
    let mut copy = value.clone();
    change(&mut copy);
    copy
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for Papaya<K, V, H> {
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.0.pin().get(key).cloned()
    }

    #[inline]
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        let map = self.0.pin();
        if let Some(value) = map.get(key) {
            return (value.clone(), false);
        }
        match map.try_insert_with(key.clone(), init) {
            Ok(value) => (value.clone(), true),
            Err(value) => (value.clone(), false),
        }
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        self.0.pin().insert(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool {
        let map = self.0.pin();
        map.update(key.clone(), |value| changed(value, &change)).is_some()
    }

    #[inline]
    fn upsert(&self, key: &K, init: impl Fn() -> V, change: impl Fn(&mut V)) -> bool {
        let map = self.0.pin();
        // What `update_or_insert_with` does, except that it does not say which of the two it did.
        let outcome: Compute<'_, K, V, ()> = map.compute(key.clone(), |entry| match entry {
            Some((_, value)) => Operation::Insert(changed(value, &change)),
            None => Operation::Insert(init()),
        });
        matches!(outcome, Compute::Inserted(..))
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.pin().remove(key).is_some()
    }

    #[inline]
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        for (key, value) in self.0.pin().iter().take(limit) {
            visit(key, value);
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
