//! `DynMap` and std's traits.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, Hash},
    ops::ControlFlow,
};

use super::{ActorMap, Held};
use crate::{
    api::{Action, Caps, DynMap},
    convert::IntoEntries,
    seam::{Change, Op, Watch, disregard_pauses},
    table::Table,
};

/// The file of methods that are called through a pointer.
#[cfg(any(feature = "check", feature = "profile"))]
pub(crate) const DYNAMIC: &str = file!();

/// Entries that one message carries when many are added.
const CHUNK: usize = 1024;

impl<K, V, S> DynMap<K, V> for ActorMap<K, V, S>
where
    K: Hash + Eq + Send + Sync,
    V: Clone + Send,
    S: BuildHasher + Send + Sync,
{
    fn caps_dyn(&self) -> Caps {
        Self::CAPS
    }

    #[track_caller]
    fn get_dyn(&self, key: &K) -> Option<V> {
        self.get(key)
    }

    #[track_caller]
    fn view_dyn(&self, key: &K, read: &mut (dyn FnMut(&V) + Send)) -> bool {
        self.view(key, read).is_some()
    }

    #[track_caller]
    fn insert_dyn(&self, key: K, value: V) -> Option<V> {
        self.insert(key, value)
    }

    #[track_caller]
    fn compute_dyn(&self, key: K, decide: &mut (dyn FnMut(Option<&mut V>) -> Action<V, ()> + Send)) {
        self.compute(key, decide);
    }

    #[track_caller]
    fn remove_dyn(&self, key: &K) -> Option<V> {
        self.remove(key)
    }

    #[track_caller]
    fn for_each_dyn(&self, visit: &mut (dyn FnMut(&K, &V) -> ControlFlow<()> + Send)) {
        let _ = self.try_for_each(visit);
    }

    #[track_caller]
    fn retain_dyn(&self, keep: &mut (dyn FnMut(&K, &mut V) -> bool + Send)) {
        self.retain(keep);
    }

    #[track_caller]
    fn len_dyn(&self) -> usize {
        self.len()
    }
}

impl<K, V, S> fmt::Debug for ActorMap<K, V, S> {
    // No length: it would wait for the owner thread. Keys and values are the user's secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorMap").finish_non_exhaustive()
    }
}

impl<K, V, S> Default for ActorMap<K, V, S>
where
    K: Send + 'static,
    V: Send + 'static,
    S: Default + Send + Sync + 'static,
{
    #[track_caller]
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, V, S> FromIterator<(K, V)> for ActorMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher + Default + Send + Sync + 'static,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let hasher = S::default();
        Self::over(fill(entries, &hasher), hasher)
    }
}

impl<K, V, S> From<HashMap<K, V, S>> for ActorMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    #[track_caller]
    fn from(entries: HashMap<K, V, S>) -> Self {
        let hasher = entries.hasher().clone();
        Self::over(fill(entries, &hasher), hasher)
    }
}

fn fill<K: Hash + Eq, V>(entries: impl IntoIterator<Item = (K, V)>, hasher: &impl BuildHasher) -> Table<K, V> {
    let entries = entries.into_iter();
    let mut table = Table::with_capacity(entries.size_hint().0);
    for (key, value) in entries {
        let _replaced = table.insert(hasher.hash_one(&key), key, value, |key| hasher.hash_one(key));
    }
    disregard_pauses();
    table
}

impl<K, V, S> Extend<(K, V)> for ActorMap<K, V, S>
where
    K: Hash + Eq + Send,
    V: Send,
    S: BuildHasher,
{
    /// Adds the entries, many to a message.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        let mut entries = entries.into_iter().map(|(key, value)| (self.hasher.hash_one(&key), key, value));
        loop {
            let chunk: Vec<_> = entries.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return;
            }
            // drop-outside: what was replaced is dropped here.
            drop(self.ask(Op::Transact, None, move |held, call| {
                let Held { table, hasher, key_text, .. } = held;
                let replace = |(hash, key, value)| {
                    key_text.learn_within(Watch::by(call.call()), hash, &key);
                    let replaced = table.insert(hash, key, value, |key| hasher.hash_one(key));
                    call.wrote(hash, Change::put(replaced.is_some()));
                    replaced
                };
                chunk.into_iter().filter_map(replace).collect::<Vec<_>>()
            }));
        }
    }
}

impl<K, V, S> IntoIterator for ActorMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoEntries<K, V>;

    /// Does everything accepted and hands over the entries.
    fn into_iter(self) -> IntoEntries<K, V> {
        IntoEntries::new(vec![self.into_table().0])
    }
}

impl<K, V, S> PartialEq for ActorMap<K, V, S>
where
    K: Hash + Eq + Clone + Send,
    V: PartialEq + Clone + Send,
{
    /// Compares a snapshot of each; neither owner thread waits for the other.
    fn eq(&self, other: &Self) -> bool {
        self.snapshot() == other.snapshot()
    }
}
