//! The common surface and std's traits.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
    ops::ControlFlow,
};

use super::{Access, FailFastMap};
use crate::{
    api::{Action, Caps, DuplicateKey, InPlace, Iteration, MapRead, MapTransact, MapWrite, Occupied, Progress},
    convert::{IntoEntries, conversions},
    frozen::FrozenMap,
    seam::{Change, Op},
    surface::{named, read_surface, transact_surface, write_surface},
    table::Table,
};
use equivalent::Equivalent;

impl<K, V, S: BuildHasher> MapRead<K, V> for FailFastMap<K, V, S> {
    const CAPS: Caps = Caps {
        reads: Progress::LockFree,
        writes: Progress::LockFree,
        iteration: Iteration::Snapshot,
        exact_len: true,
        linearizable_per_key: true,
        reentrant_reads: true,
        multi_key: true,
    };

    #[inline]
    #[track_caller]
    fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let call = self.seam.look(Op::View, Some(hash));
        let call = self.seam.errand(Op::View, &call);
        self.read(Access::Look, |table| {
            let found = table.find(hash, key);
            call.saw(found.is_some());
            found.map(read)
        })
    }

    #[track_caller]
    fn try_for_each<B>(&self, mut visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        let call = self.seam.look(Op::ForEach, None);
        self.read(Access::Iterate, |table| {
            table.iter().try_for_each(|(key, value)| {
                call.saw_entry(|| self.key_hash.of(&self.hasher, key));
                visit(key, value)
            })
        })
    }

    #[track_caller]
    fn len(&self) -> usize {
        self.read(Access::Look, Table::len)
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> MapWrite<K, V> for FailFastMap<K, V, S> {
    #[inline]
    #[track_caller]
    fn compute<R>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        self.key_text.learn(&self.seam, hash, &key);
        let call = self.seam.look(Op::Compute, Some(hash));
        let call = self.seam.errand(Op::Compute, &call);
        let decide = |present: Option<&mut V>| {
            let was_present = present.is_some();
            let action = decide(present);
            call.decided(hash, action.change(was_present));
            action
        };
        // drop-outside: what is left is dropped after the operation has left.
        let (result, _leftover) =
            self.write(Op::Compute, |table| table.compute(hash, key, |key| self.hasher.hash_one(key), decide));
        result
    }

    #[inline]
    #[track_caller]
    fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let call = self.seam.look(Op::Update, Some(hash));
        let call = self.seam.errand(Op::Update, &call);
        self.write(Op::Update, |table| {
            let found = table.find_mut(hash, key);
            call.decided(hash, found.is_some().then_some(Change::Changed));
            found.map(change)
        })
    }

    #[inline]
    #[track_caller]
    fn insert(&self, key: K, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        self.key_text.learn(&self.seam, hash, &key);
        let call = self.seam.look(Op::Insert, Some(hash));
        let call = self.seam.errand(Op::Insert, &call);
        let replaced = self.write(Op::Insert, |table| {
            let replaced = table.insert(hash, key, value, |key| self.hasher.hash_one(key));
            call.wrote(hash, Change::put(replaced.is_some()));
            replaced
        });
        replaced.map(|(_key, value)| value)
    }

    #[inline]
    #[track_caller]
    fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        self.key_text.learn(&self.seam, hash, &key);
        let call = self.seam.look(Op::InsertIfAbsent, Some(hash));
        let call = self.seam.errand(Op::InsertIfAbsent, &call);
        self.write(Op::InsertIfAbsent, |table| {
            let stored = table.insert_if_absent(hash, key, value, |key| self.hasher.hash_one(key));
            call.decided(hash, stored.is_ok().then_some(Change::Added));
            stored
        })
    }

    #[inline]
    #[track_caller]
    fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let call = self.seam.look(Op::RemoveIf, Some(hash));
        let call = self.seam.errand(Op::RemoveIf, &call);
        let removed = self.write(Op::RemoveIf, |table| {
            let removed = table.remove_if(hash, key, condition);
            call.decided(hash, removed.is_some().then_some(Change::Removed));
            removed
        });
        removed.map(|(_key, value)| value)
    }

    #[track_caller]
    fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let call = self.seam.look(Op::Retain, None);
        drop(self.write(Op::Retain, |table| {
            table.retain(|key, value| {
                let kept = keep(key, value);
                if !kept {
                    call.removed(|| self.key_hash.of(&self.hasher, key));
                }
                kept
            })
        }));
    }

    #[track_caller]
    fn clear(&self) {
        drop(self.take());
    }

    #[track_caller]
    fn drain(&self) -> Vec<(K, V)> {
        self.take().into_entries().collect()
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> MapTransact<K, V> for FailFastMap<K, V, S> {
    #[track_caller]
    fn transact<Q, const N: usize, R>(
        &self,
        keys: [&Q; N],
        change: impl FnOnce([Option<&mut V>; N]) -> R,
    ) -> Result<R, DuplicateKey>
    where
        Q: Hash + Eq + Equivalent<K> + ?Sized,
    {
        let hashes = keys.map(|key| self.hasher.hash_one(key));
        DuplicateKey::refuse(hashes, keys)?;
        let call = self.seam.look(Op::Transact, None);
        Ok(self.write(Op::Transact, |table| {
            let values = table.find_many_mut(hashes, keys, |_| true);
            for (hash, value) in hashes.iter().zip(&values) {
                call.decided(*hash, value.is_some().then_some(Change::Changed));
            }
            change(values)
        }))
    }
}

impl<K, V, S> InPlace for FailFastMap<K, V, S> {}

named! { FailFastMap<K, V, S>, seam, key_text }

read_surface! {
    FailFastMap<K, V, S> where [S: BuildHasher]
    reads: "Never waits. Ends the process if another thread is writing."
    iteration: "Never waits. Ends the process if another thread is writing, or writes before it is done."
}

write_surface! {
    FailFastMap<K, V, S> where [K: Hash + Eq, S: BuildHasher]
    writes: "Never waits. Ends the process if anybody else is inside."
    whole: "Never waits. Ends the process if anybody else is inside."
}

transact_surface! {
    FailFastMap<K, V, S>
    transactions: "Never waits. Ends the process if anybody else is inside."
}

impl<K: Hash + Eq, V, S: BuildHasher> FailFastMap<K, V, S> {
    /// Makes room for `additional` more entries.
    ///
    /// # Concurrency
    ///
    /// Never waits. Ends the process if anybody else is inside.
    #[track_caller]
    pub fn reserve(&self, additional: usize) {
        self.write(Op::Whole, |table| table.reserve(additional, |key| self.hasher.hash_one(key)));
    }

    /// Gives back memory that the entries do not need.
    ///
    /// # Concurrency
    ///
    /// Never waits. Ends the process if anybody else is inside.
    #[track_caller]
    pub fn shrink_to_fit(&self) {
        self.write(Op::Whole, |table| table.shrink_to_fit(|key| self.hasher.hash_one(key)));
    }
}

impl<K, V, S> FailFastMap<K, V, S> {
    #[track_caller]
    fn take(&self) -> Table<K, V> {
        let call = self.seam.look(Op::Whole, None);
        self.write(Op::Whole, |table| {
            let entries = table.iter();
            call.removed_all(|removed| entries.for_each(|entry| removed(self.key_hash.of(&self.hasher, &entry.0))));
            table.take()
        })
    }

    /// Turns the map into one that can only be read, with no synchronization at all; nothing is rehashed.
    #[must_use]
    pub fn freeze(self) -> FrozenMap<K, V, S> {
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
        crate::convert::into_std(crate::IntoEntries::new(vec![table]), hasher)
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Extend<(K, V)> for FailFastMap<K, V, S> {
    #[track_caller]
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K, V, S> IntoIterator for FailFastMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoEntries<K, V>;

    fn into_iter(self) -> IntoEntries<K, V> {
        IntoEntries::new(vec![self.into_table().0])
    }
}

conversions! { FailFastMap<K, V, S> }
