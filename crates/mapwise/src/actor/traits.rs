//! `DynMap` and std's traits.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, Hash},
};

use super::{ActorMap, Held};
use crate::{
    api::{DynMap, dyn_methods},
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
    dyn_methods! {}
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
