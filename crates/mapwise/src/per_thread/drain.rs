//! A drain in progress, which gives back what it holds if user code panics.

use std::{
    hash::{BuildHasher, Hash},
    mem,
};

use hashbrown::hash_table;

use super::PerThreadMap;
use crate::table::Table;

/// Entries on their way out. once-drained: each is in one of these fields, or given back, or returned.
pub(super) struct Drain<'map, K, V, S> {
    map: &'map PerThreadMap<K, V, S>,
    /// The largest table so far: the others are merged into it.
    merged: Table<K, V>,
    waiting: Vec<Table<K, V>>,
    loose: Vec<(K, V)>,
    /// The table being taken apart.
    open: hash_table::IntoIter<(K, V)>,
    /// The entry being hashed and looked up.
    current: Option<(K, V)>,
}

impl<'map, K, V, S> Drain<'map, K, V, S> {
    pub(super) fn new(map: &'map PerThreadMap<K, V, S>) -> Self {
        Self {
            map,
            merged: Table::default(),
            waiting: Vec::new(),
            loose: Vec::new(),
            open: Table::default().into_entries(),
            current: None,
        }
    }

    /// Empties a slot's table. Calls no user code.
    pub(super) fn take(&mut self, table: &mut Table<K, V>) {
        if table.len() == 0 {
            return;
        }
        let mut table = table.take();
        if table.len() > self.merged.len() {
            mem::swap(&mut table, &mut self.merged);
        }
        self.waiting.push(table);
    }

    /// Takes what an earlier drain gave back.
    pub(super) fn take_returned(&mut self) {
        self.loose.append(&mut self.map.returned.lock());
    }

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            if let Some(entry) = self.open.next() {
                return Some(entry);
            }
            match self.waiting.pop() {
                Some(table) => self.open = table.into_entries(),
                None => return self.loose.pop(),
            }
        }
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Drain<'_, K, V, S> {
    pub(super) fn merge(mut self) -> Vec<(K, V)> {
        let map = self.map;
        while let Some(entry) = self.next() {
            let current = self.current.insert(entry);
            let hash = map.hasher.hash_one(&current.0);
            match self.merged.find_mut(hash, &current.0) {
                Some(present) => {
                    if let Some((_key, value)) = self.current.take() {
                        (map.merge)(present, value);
                    }
                }
                None => {
                    self.merged.reserve(1, |key| map.hasher.hash_one(key));
                    if let Some((key, value)) = self.current.take() {
                        // There is room, so this calls no user code.
                        self.merged.insert_absent(hash, key, value, |key| map.hasher.hash_one(key));
                    }
                }
            }
        }
        self.merged.take().into_entries().collect()
    }
}

impl<K, V, S> Drop for Drain<'_, K, V, S> {
    /// Gives back what was not returned: nothing, unless user code panicked.
    fn drop(&mut self) {
        let merged = self.merged.take().into_entries();
        let mut entries: Vec<(K, V)> = merged.chain(self.current.take()).collect();
        entries.extend(std::iter::from_fn(|| self.next()));
        if !entries.is_empty() {
            self.map.returned.lock().append(&mut entries);
        }
    }
}
