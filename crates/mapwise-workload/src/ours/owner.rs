//! `ActorMap`: one request to its owner thread for each operation, as a caller who needs the answer does.

use std::ops::ControlFlow;

use mapwise::ActorMap;

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

pub(super) struct Owned<K, V, H>(pub(super) ActorMap<K, V, H>);

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for Owned<K, V, H> {
    fn get(&self, key: &K) -> Option<V> {
        self.0.get(key)
    }

    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        if let Some(value) = self.0.get(key) {
            return (value, false);
        }
        // Made by the caller: the workload's closures may not run on another thread.
        let (mut inserted, value) = (false, init());
        let value = self.0.get_or_insert_with(key.clone(), || {
            inserted = true;
            value
        });
        (value, inserted)
    }

    fn insert(&self, key: K, value: V) -> bool {
        self.0.insert(key, value).is_none()
    }

    fn update(&self, key: &K, _change: impl Fn(&mut V)) -> bool {
        // The workload's one change.
        self.0.update(key, V::bump).is_some()
    }

    fn upsert(&self, key: &K, init: impl Fn() -> V, _change: impl Fn(&mut V)) -> bool {
        let (mut inserted, value) = (false, init());
        self.0.upsert(
            key.clone(),
            || {
                inserted = true;
                value
            },
            V::bump,
        );
        inserted
    }

    fn remove(&self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        let mut seen = Vec::with_capacity(limit);
        let _ = self.0.try_for_each(|key, value| {
            if seen.len() == limit {
                return ControlFlow::Break(());
            }
            seen.push((key.clone(), value.clone()));
            ControlFlow::Continue(())
        });
        seen.iter().for_each(|(key, value)| visit(key, value));
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
