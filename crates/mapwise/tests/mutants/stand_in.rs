//! The maps of `mapwise`, as the example programs find them here.
//!
//! Two of them have operations that no other map has; they are made of a mutant that has the others.

use std::{collections::HashMap, hash::Hash};

use real::mutant::Mutant;

pub type ShardedMap<K, V> = Mutant<real::ShardedMap<K, V>>;
pub type SyncMap<K, V> = Mutant<real::SyncMap<K, V>>;

/// Counts by looking and inserting.
#[derive(Default)]
pub struct CounterMap<K>(SyncMap<K, u64>);

impl<K: Hash + Eq + Clone> CounterMap<K> {
    pub fn new() -> Self {
        Self(SyncMap::new())
    }

    #[track_caller]
    pub fn increment(&self, key: K) {
        self.0.upsert(key, || 1, |count| *count += 1);
    }

    #[track_caller]
    pub fn reset(&self) -> HashMap<K, u64> {
        self.0.drain().into_iter().collect()
    }
}

/// One map for all threads, merged by looking and inserting.
pub struct PerThreadMap<K, V> {
    map: ShardedMap<K, V>,
    merge: fn(&mut V, V),
}

impl<K: Hash + Eq + Clone, V: Clone> PerThreadMap<K, V> {
    pub fn new(merge: fn(&mut V, V)) -> Self {
        Self { map: ShardedMap::new(), merge }
    }

    #[track_caller]
    pub fn merge(&self, key: K, value: V) {
        self.map.upsert(key, || value.clone(), |kept| (self.merge)(kept, value.clone()));
    }

    #[track_caller]
    pub fn collect(&self) -> HashMap<K, V> {
        self.map.snapshot()
    }
}
