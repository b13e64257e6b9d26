//! `TableMut`: a map's table in the hands of the one thread that may change it now.

use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use crate::{
    api::Action,
    seam::{Change, KeyText, Watch},
    table::Table,
};

/// A map's table in the hands of the one thread that may change it now: std's methods, no lock and no waiting.
///
/// [`ActorMap::batch`](crate::ActorMap::batch), [`ActorMap::send`](crate::ActorMap::send) and
/// [`PerThreadMap::with_local`](crate::PerThreadMap::with_local) lend it to their closures.
pub struct TableMut<'a, K, V, S> {
    table: &'a mut Table<K, V>,
    hasher: &'a S,
    watch: Watch<'a>,
    key_text: KeyText<K>,
}

impl<'a, K, V, S> TableMut<'a, K, V, S> {
    pub(crate) fn new(table: &'a mut Table<K, V>, hasher: &'a S, watch: Watch<'a>, key_text: KeyText<K>) -> Self {
        Self { table, hasher, watch, key_text }
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns true if there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns an iterator over the entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.table.iter().map(|(key, value)| (key, value))
    }

    /// Keeps the entries for which `keep` returns true; each is shown exactly once.
    pub fn retain(&mut self, keep: impl FnMut(&K, &mut V) -> bool) {
        let _disturbing = self.watch.disturb();
        drop(self.table.retain(keep));
    }

    /// Removes every entry and returns them, in no order.
    pub fn drain(&mut self) -> Vec<(K, V)> {
        let _disturbing = self.watch.disturb();
        self.table.take().into_entries().collect()
    }

    /// Removes every entry.
    pub fn clear(&mut self) {
        let _disturbing = self.watch.disturb();
        drop(self.table.take());
    }
}

impl<K, V, S: BuildHasher> TableMut<'_, K, V, S> {
    /// Returns the value under `key`.
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let found = self.table.find(hash, key);
        self.watch.saw(hash, found.is_some());
        found
    }

    /// Returns the value under `key`, to be changed in place.
    pub fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let found = self.table.find_mut(hash, key);
        self.watch.decided(hash, found.is_some().then_some(Change::Changed));
        found
    }

    /// Returns true if `key` is present.
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.get(key).is_some()
    }

    /// Removes the entry under `key` and returns its value.
    pub fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let removed = self.table.remove_if(hash, key, |_| true);
        self.watch.decided(hash, removed.is_some().then_some(Change::Removed));
        removed.map(|(_key, value)| value)
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> TableMut<'_, K, V, S> {
    /// Stores `value` under `key` and returns the value it replaced.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        self.key_text.learn_within(self.watch, hash, &key);
        let replaced = self.table.insert(hash, key, value, |key| self.hasher.hash_one(key));
        self.watch.decided(hash, Some(Change::put(replaced.is_some())));
        replaced.map(|(_key, value)| value)
    }

    /// Changes the value under `key` in place, or stores what `init` returns if the key is absent.
    pub fn upsert(&mut self, key: K, init: impl FnOnce() -> V, change: impl FnOnce(&mut V)) {
        self.compute(key, |present| match present {
            Some(value) => {
                change(value);
                Action::Keep(())
            }
            None => Action::Put(init(), ()),
        });
    }

    /// Shows the entry under `key` to `decide`, does what it answers, and returns its result.
    pub fn compute<R>(&mut self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R {
        let hash = self.hasher.hash_one(&key);
        self.key_text.learn_within(self.watch, hash, &key);
        let watch = self.watch;
        let decide = |present: Option<&mut V>| {
            let was_present = present.is_some();
            let action = decide(present);
            watch.decided(hash, action.change(was_present));
            action
        };
        self.table.compute(hash, key, |key| self.hasher.hash_one(key), decide).0
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Extend<(K, V)> for TableMut<'_, K, V, S> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K, V, S> std::fmt::Debug for TableMut<'_, K, V, S> {
    // Keys and values are the user's secrets: they never reach a log through us.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableMut").field("len", &self.len()).finish_non_exhaustive()
    }
}
