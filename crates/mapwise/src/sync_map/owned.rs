//! `SyncMap` from and to owned entries. Entries move: nothing is cloned.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
};

use super::SyncMap;
use crate::{
    convert::{IntoEntries, conversions, into_std},
    frozen::FrozenMap,
    table::Table,
};

impl<K, V, S> SyncMap<K, V, S> {
    /// Turns the map into one that can only be read, with no synchronization at all; nothing is rehashed.
    #[must_use]
    pub fn freeze(self) -> FrozenMap<K, V, S>
    where
        K: Hash + Eq,
    {
        let (table, hasher) = self.into_table();
        FrozenMap::from_table(table, hasher)
    }

    /// Turns the map into a std one; every key is hashed again.
    #[must_use]
    pub fn into_std(self) -> HashMap<K, V, S>
    where
        K: Hash + Eq,
        S: BuildHasher,
    {
        let (table, hasher) = self.into_table();
        into_std(IntoEntries::new(vec![table]), hasher)
    }

    fn into_table(mut self) -> (Table<K, V>, S)
    where
        K: Hash + Eq,
    {
        let entries = self.table.take_entries();
        let mut table = Table::with_capacity(entries.len());
        for entry in entries {
            let entry = *entry;
            if let Some(value) = entry.content.into_value() {
                table.insert_absent(entry.hash, entry.key, value, |_| unreachable!("there is room"));
            }
        }
        (table, self.hasher)
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Extend<(K, V)> for SyncMap<K, V, S> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.store(key, value);
        }
        // Nobody is disturbed, so the reads that follow need not miss first.
        self.table.enter().promote_all();
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> From<FrozenMap<K, V, S>> for SyncMap<K, V, S> {
    /// Makes a frozen map writable; every key is hashed again.
    #[track_caller]
    fn from(frozen: FrozenMap<K, V, S>) -> Self {
        let (tables, _, hasher) = frozen.into_tables();
        let mut map = Self::with_capacity_and_hasher(tables.iter().map(Table::len).sum(), hasher);
        map.extend(tables.into_iter().flat_map(Table::into_entries));
        map
    }
}

impl<K: Hash + Eq, V, S> IntoIterator for SyncMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoEntries<K, V>;

    fn into_iter(self) -> IntoEntries<K, V> {
        IntoEntries::new(vec![self.into_table().0])
    }
}

conversions! { SyncMap<K, V, S> }
