//! `PerThreadMap` and `Collector`: threads add numbers apart, and a reader merges them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mapwise::{Collector, CollectorBuilder, MapMerge, PerThreadMap};
use mapwise_record::workload::Kind;

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

use super::APART;

/// A map whose parts are merged for every reader.
pub(super) struct Apart<K, M> {
    map: M,
    /// What a check looks each key up in; workloads that look keys up leave these maps out.
    merged: Mutex<Option<Arc<HashMap<K, u64>>>>,
}

pub(super) type PerThread<K, H> = Apart<K, PerThreadMap<K, u64, H>>;

pub(super) type Collected<K, H> = Apart<K, Collector<K, u64, H>>;

impl<K: Key, H: Hashing> PerThread<K, H> {
    pub(super) fn new() -> Self {
        Self { map: PerThreadMap::with_hasher(H::default(), |sum, n| *sum += n), merged: Mutex::default() }
    }
}

impl<K: Key, H: Hashing> Collected<K, H> {
    pub(super) fn new() -> Self {
        let map = CollectorBuilder::new().hasher(H::default()).build(|sum: &mut u64, n| *sum += n);
        Self { map: map.unwrap_or_else(|error| panic!("no owner thread: {error}")), merged: Mutex::default() }
    }
}

impl<K, V, M> Subject<K, V> for Apart<K, M>
where
    K: Key,
    V: Value,
    M: MapMerge<K, u64> + Send + Sync + 'static,
{
    fn get(&self, key: &K) -> Option<V> {
        let mut merged = self.merged.lock().expect("nothing panics while it is held");
        let merged = merged.get_or_insert_with(|| Arc::new(self.map.collect()));
        merged.get(key).map(|number| V::make(*number, Kind::U64))
    }

    fn get_or_insert(&self, _key: &K, _init: impl Fn() -> V) -> (V, bool) {
        unreachable!("{APART}")
    }

    /// Only reached while filling.
    fn insert(&self, key: K, value: V) -> bool {
        self.map.merge(key, value.number());
        true
    }

    fn update(&self, _key: &K, _change: impl Fn(&mut V)) -> bool {
        unreachable!("{APART}")
    }

    #[inline]
    fn upsert(&self, key: &K, _init: impl Fn() -> V, _change: impl Fn(&mut V)) -> bool {
        self.map.merge(key.clone(), 1);
        false
    }

    fn remove(&self, _key: &K) -> bool {
        unreachable!("{APART}")
    }

    /// Merges everything: there is no other way to see an entry.
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        for (key, number) in self.map.collect().iter().take(limit) {
            visit(key, &V::make(*number, Kind::U64));
        }
    }

    fn len(&self) -> usize {
        self.map.collect().len()
    }

    fn leave(&self) {
        *self.merged.lock().expect("nothing panics while it is held") = None;
    }
}
