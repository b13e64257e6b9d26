//! What the suite asks of a map: its inherent surface, with closures that an owner thread may run.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
    ops::ControlFlow,
};

use mapwise::{Action, NotSwapped, Occupied};

pub trait TestKey: Hash + Eq + Clone + Send + Sync + 'static {}
impl<T: Hash + Eq + Clone + Send + Sync + 'static> TestKey for T {}

pub trait TestValue: Clone + PartialEq + Send + Sync + 'static {}
impl<T: Clone + PartialEq + Send + Sync + 'static> TestValue for T {}

pub trait TestHasher: BuildHasher + Clone + Default + Send + Sync + 'static {}
impl<T: BuildHasher + Clone + Default + Send + Sync + 'static> TestHasher for T {}

/// One kind of map, before keys, values and hasher are chosen.
pub trait Kind: 'static {
    type Map<K: TestKey, V: TestValue, S: TestHasher>: Subject<K, V>;

    /// Whether a look-up inside a read closure of the same map is allowed.
    const REENTRANT_READS: bool;

    fn make<K: TestKey, V: TestValue, S: TestHasher>() -> Self::Map<K, V, S>;
}

/// The surface under test. Closures are called exactly once where std would take a `FnOnce`.
pub trait Subject<K, V>: Send + Sync {
    fn get(&self, key: &K) -> Option<V>;
    fn view<R: Send>(&self, key: &K, read: impl FnOnce(&V) -> R + Send) -> Option<R>;
    fn contains_key(&self, key: &K) -> bool;
    fn get_pair(&self, keys: [&K; 2]) -> [Option<V>; 2];
    fn for_each(&self, visit: impl FnMut(&K, &V) + Send);
    fn try_for_each<B: Send>(&self, visit: impl FnMut(&K, &V) -> ControlFlow<B> + Send) -> ControlFlow<B>;
    fn snapshot(&self) -> HashMap<K, V>;
    fn keys(&self) -> Vec<K>;
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool;
    fn insert(&self, key: K, value: V) -> Option<V>;
    fn insert_pair(&self, entries: [(K, V); 2]) -> [Option<V>; 2];
    fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>>;
    fn get_or_insert_with(&self, key: K, init: impl FnOnce() -> V + Send) -> V;
    fn update<R: Send>(&self, key: &K, change: impl FnOnce(&mut V) -> R + Send) -> Option<R>;
    fn upsert(&self, key: K, init: impl FnOnce() -> V + Send, change: impl FnOnce(&mut V) + Send);
    fn compute<R: Send>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R> + Send) -> R;
    fn remove(&self, key: &K) -> Option<V>;
    fn remove_if(&self, key: &K, condition: impl FnOnce(&V) -> bool + Send) -> Option<V>;
    fn compare_and_swap(&self, key: &K, expected: &V, new: V) -> Result<V, NotSwapped<V>>;
    fn retain(&self, keep: impl FnMut(&K, &mut V) -> bool + Send);
    fn clear(&self);
    fn drain(&self) -> Vec<(K, V)>;
}

/// Puts a map under test: its inherent methods, not its traits.
macro_rules! subject {
    ($kind:ident, $map:ident, reentrant_reads: $reentrant:literal, |$hasher:ident| $make:expr) => {
        pub struct $kind;

        impl Kind for $kind {
            type Map<K: TestKey, V: TestValue, S: TestHasher> = $map<K, V, S>;
            const REENTRANT_READS: bool = $reentrant;
            fn make<K: TestKey, V: TestValue, S: TestHasher>() -> $map<K, V, S> {
                let $hasher = S::default();
                $make
            }
        }

        impl<K: TestKey, V: TestValue, S: TestHasher> Subject<K, V> for $map<K, V, S> {
            #[track_caller]
            fn get(&self, key: &K) -> Option<V> {
                <$map<K, V, S>>::get(self, key)
            }
            #[track_caller]
            fn view<R: Send>(&self, key: &K, read: impl FnOnce(&V) -> R + Send) -> Option<R> {
                <$map<K, V, S>>::view(self, key, read)
            }
            #[track_caller]
            fn contains_key(&self, key: &K) -> bool {
                <$map<K, V, S>>::contains_key(self, key)
            }
            #[track_caller]
            fn get_pair(&self, keys: [&K; 2]) -> [Option<V>; 2] {
                <$map<K, V, S>>::get_many(self, keys)
            }
            #[track_caller]
            fn for_each(&self, visit: impl FnMut(&K, &V) + Send) {
                <$map<K, V, S>>::for_each(self, visit)
            }
            #[track_caller]
            fn try_for_each<B: Send>(&self, visit: impl FnMut(&K, &V) -> ControlFlow<B> + Send) -> ControlFlow<B> {
                <$map<K, V, S>>::try_for_each(self, visit)
            }
            #[track_caller]
            fn snapshot(&self) -> HashMap<K, V> {
                <$map<K, V, S>>::snapshot(self)
            }
            #[track_caller]
            fn keys(&self) -> Vec<K> {
                <$map<K, V, S>>::keys(self)
            }
            #[track_caller]
            fn len(&self) -> usize {
                <$map<K, V, S>>::len(self)
            }
            #[track_caller]
            fn is_empty(&self) -> bool {
                <$map<K, V, S>>::is_empty(self)
            }
            #[track_caller]
            fn insert(&self, key: K, value: V) -> Option<V> {
                <$map<K, V, S>>::insert(self, key, value)
            }
            #[track_caller]
            fn insert_pair(&self, entries: [(K, V); 2]) -> [Option<V>; 2] {
                <$map<K, V, S>>::insert_many(self, entries)
            }
            #[track_caller]
            fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
                <$map<K, V, S>>::insert_if_absent(self, key, value)
            }
            #[track_caller]
            fn get_or_insert_with(&self, key: K, init: impl FnOnce() -> V + Send) -> V {
                <$map<K, V, S>>::get_or_insert_with(self, key, init)
            }
            #[track_caller]
            fn update<R: Send>(&self, key: &K, change: impl FnOnce(&mut V) -> R + Send) -> Option<R> {
                <$map<K, V, S>>::update(self, key, change)
            }
            #[track_caller]
            fn upsert(&self, key: K, init: impl FnOnce() -> V + Send, change: impl FnOnce(&mut V) + Send) {
                <$map<K, V, S>>::upsert(self, key, init, change)
            }
            #[track_caller]
            fn compute<R: Send>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R> + Send) -> R {
                <$map<K, V, S>>::compute(self, key, decide)
            }
            #[track_caller]
            fn remove(&self, key: &K) -> Option<V> {
                <$map<K, V, S>>::remove(self, key)
            }
            #[track_caller]
            fn remove_if(&self, key: &K, condition: impl FnOnce(&V) -> bool + Send) -> Option<V> {
                <$map<K, V, S>>::remove_if(self, key, condition)
            }
            #[track_caller]
            fn compare_and_swap(&self, key: &K, expected: &V, new: V) -> Result<V, NotSwapped<V>> {
                <$map<K, V, S>>::compare_and_swap(self, key, expected, new)
            }
            #[track_caller]
            fn retain(&self, keep: impl FnMut(&K, &mut V) -> bool + Send) {
                <$map<K, V, S>>::retain(self, keep)
            }
            #[track_caller]
            fn clear(&self) {
                <$map<K, V, S>>::clear(self)
            }
            #[track_caller]
            fn drain(&self) -> Vec<(K, V)> {
                <$map<K, V, S>>::drain(self)
            }
        }
    };
}

pub(crate) use subject;
