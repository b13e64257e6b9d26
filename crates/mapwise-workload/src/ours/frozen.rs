//! `FrozenMap`: filled as a `MutexMap`, frozen at the first look-up.

use std::sync::{Mutex, OnceLock};

use mapwise::{FrozenMap, MutexMap};

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

use super::READ_ONLY;

/// A look-up costs one load more than `FrozenMap`'s own: whether it is frozen yet.
pub(super) struct Frozen<K, V, H> {
    building: Mutex<MutexMap<K, V, H>>,
    frozen: OnceLock<FrozenMap<K, V, H>>,
}

impl<K, V, H: Hashing> Default for Frozen<K, V, H> {
    fn default() -> Self {
        Self { building: Mutex::default(), frozen: OnceLock::new() }
    }
}

impl<K: Key, V: Value, H: Hashing> Frozen<K, V, H> {
    #[inline]
    fn frozen(&self) -> &FrozenMap<K, V, H> {
        self.frozen.get_or_init(|| {
            let mut building = self.building.lock().expect("nothing panics while it is held");
            std::mem::take(&mut *building).freeze()
        })
    }
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for Frozen<K, V, H> {
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.frozen().get(key)
    }

    fn get_or_insert(&self, _key: &K, _init: impl Fn() -> V) -> (V, bool) {
        unreachable!("{READ_ONLY}")
    }

    /// Only reached while filling.
    fn insert(&self, key: K, value: V) -> bool {
        self.building.lock().expect("nothing panics while it is held").insert(key, value).is_none()
    }

    fn update(&self, _key: &K, _change: impl Fn(&mut V)) -> bool {
        unreachable!("{READ_ONLY}")
    }

    fn upsert(&self, _key: &K, _init: impl Fn() -> V, _change: impl Fn(&mut V)) -> bool {
        unreachable!("{READ_ONLY}")
    }

    fn remove(&self, _key: &K) -> bool {
        unreachable!("{READ_ONLY}")
    }

    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        self.frozen().iter().take(limit).for_each(|(key, value)| visit(key, value));
    }

    fn len(&self) -> usize {
        self.frozen().len()
    }
}
