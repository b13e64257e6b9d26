//! Caches: moka and quick_cache, for workloads that allow eviction.
//!
//! Both are given room for twice the key space, so that what is measured is the map and not a hit
//! ratio, and neither's uneven shards fill up.

use moka::ops::compute::Op as MokaOp;
use quick_cache::sync::{Cache as QuickCache, DefaultLifecycle, EntryAction, EntryResult};
use quick_cache::{OptionsBuilder, UnitWeighter};

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

/// Entries that a cache has room for, given the key space.
fn capacity(key_space: usize) -> usize {
    key_space.saturating_mul(2).max(64)
}

/// `moka::sync::Cache`.
pub(crate) struct Moka<K, V, H>(moka::sync::Cache<K, V, H>);

impl<K: Key, V: Value, H: Hashing> Moka<K, V, H> {
    pub(crate) fn new(key_space: usize, hasher: H) -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(capacity(key_space) as u64);
        Self(builder.build_with_hasher(hasher))
    }
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for Moka<K, V, H> {
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.0.get(key)
    }

    #[inline]
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        let entry = self.0.entry_by_ref(key).or_insert_with(init);
        let fresh = entry.is_fresh();
        (entry.into_value(), fresh)
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        // It does not say whether the key was there; nobody counts the entries of a cache.
        self.0.insert(key, value);
        false
    }

    #[inline]
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool {
        let outcome = self.0.entry_by_ref(key).and_compute_with(|entry| match entry {
            Some(entry) => {
                let mut value = entry.into_value();
                change(&mut value);
                MokaOp::Put(value)
            }
            None => MokaOp::Nop,
        });
        outcome.into_entry().is_some()
    }

    #[inline]
    fn upsert(&self, key: &K, init: impl Fn() -> V, change: impl Fn(&mut V)) -> bool {
        let entry = self.0.entry_by_ref(key).and_upsert_with(|entry| match entry {
            Some(entry) => {
                let mut value = entry.into_value();
                change(&mut value);
                value
            }
            None => init(),
        });
        !entry.is_old_value_replaced()
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    #[inline]
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        for (key, value) in self.0.iter().take(limit) {
            visit(&key, &value);
        }
    }

    fn len(&self) -> usize {
        self.0.run_pending_tasks();
        self.0.entry_count() as usize
    }
}

/// `quick_cache::sync::Cache`.
pub(crate) struct Quick<K, V, H>(QuickCache<K, V, UnitWeighter, H>);

impl<K: Key, V: Value, H: Hashing> Quick<K, V, H> {
    pub(crate) fn new(key_space: usize, hasher: H) -> Self {
        let capacity = capacity(key_space);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(capacity)
            .weight_capacity(capacity as u64)
            .build()
            .expect("both capacities are set");
        Self(QuickCache::with_options(options, UnitWeighter, hasher, DefaultLifecycle::default()))
    }
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for Quick<K, V, H> {
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.0.get(key)
    }

    #[inline]
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        let fresh = std::cell::Cell::new(false);
        let value = self.0.get_or_insert_with(key, || {
            fresh.set(true);
            Ok::<V, std::convert::Infallible>(init())
        });
        match value {
            Ok(value) => (value, fresh.get()),
            Err(never) => match never {},
        }
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        // As with moka.
        self.0.insert(key, value);
        false
    }

    #[inline]
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool {
        let outcome = self.0.entry(key, None, |_, value| {
            change(value);
            EntryAction::Retain(())
        });
        // A vacant entry's guard gives its place up when it is dropped.
        matches!(outcome, EntryResult::Retained(()))
    }

    #[inline]
    fn upsert(&self, key: &K, init: impl Fn() -> V, change: impl Fn(&mut V)) -> bool {
        let outcome = self.0.entry(key, None, |_, value| {
            change(value);
            EntryAction::Retain(())
        });
        match outcome {
            EntryResult::Vacant(place) => place.insert(init()).is_ok(),
            _ => false,
        }
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    #[inline]
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        for (key, value) in self.0.iter().take(limit) {
            visit(&key, &value);
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
