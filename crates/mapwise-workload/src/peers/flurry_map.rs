//! flurry: a port of Java's `ConcurrentHashMap`.

use flurry::HashMap;

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

/// flurry, with a guard for each operation.
///
/// It has no get-or-insert: `try_insert` after a look-up that missed is what its documentation
/// offers. A value is changed by replacing a copy.
pub(crate) struct Flurry<K, V, H>(HashMap<K, V, H>);

impl<K: Key, V: Value, H: Hashing> Flurry<K, V, H> {
    pub(crate) fn new(hasher: H) -> Self {
        Self(HashMap::with_hasher(hasher))
    }
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for Flurry<K, V, H> {
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
        match map.try_insert(key.clone(), init()) {
            Ok(value) => (value.clone(), true),
            Err(present) => (present.current.clone(), false),
        }
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        self.0.pin().insert(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool {
        let map = self.0.pin();
        map.compute_if_present(key, |_, value| {
            let mut copy = value.clone();
            change(&mut copy);
            Some(copy)
        })
        .is_some()
    }

    #[inline]
    fn upsert(&self, key: &K, init: impl Fn() -> V, change: impl Fn(&mut V)) -> bool {
        loop {
            if self.update(key, &change) {
                return false;
            }
            // Somebody may insert in between: then there is something to change after all.
            if self.0.pin().try_insert(key.clone(), init()).is_ok() {
                return true;
            }
        }
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
