//! The methods of Go's `sync.Map`, under Go's names.
//!
//! `CompareAndSwap` is not among them: `compare_and_swap` is the method that all maps share, which says more than Go's
//! (its `is_ok` is Go's result).

use std::{
    hash::{BuildHasher, Hash},
    ops::ControlFlow,
};

use equivalent::Equivalent;

use super::{Op, Put, Seen, SyncMap};

/// The methods of Go's `sync.Map`, under Go's names.
///
/// Go's `CompareAndSwap` and `Clear` are [`compare_and_swap`](Self::compare_and_swap) and [`clear`](Self::clear), which
/// all maps have.
impl<K, V, S: BuildHasher> SyncMap<K, V, S> {
    /// Returns a copy of the value under `key`; the same as [`get`](Self::get).
    ///
    /// # Concurrency
    ///
    /// Linearizable. Lock-free for keys of the read table; otherwise takes the lock if there are newer keys.
    #[inline]
    #[track_caller]
    pub fn load<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.read(key, V::clone)
    }

    /// Stores `value` under `key`.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Lock-free for keys of the read table, unless a closure is at work on the entry; takes the lock for
    /// others, and copies a link for every entry if `key` is the first new key since a promotion.
    #[inline]
    #[track_caller]
    pub fn store(&self, key: K, value: V)
    where
        K: Hash + Eq,
    {
        self.replace(key, value, |_| ());
    }

    /// Stores `value` under `key` and returns a copy of the value it replaced; the same as [`insert`](Self::insert).
    ///
    /// # Concurrency
    ///
    /// As for [`store`](Self::store).
    #[inline]
    #[track_caller]
    pub fn swap(&self, key: K, value: V) -> Option<V>
    where
        K: Hash + Eq,
        V: Clone,
    {
        self.replace(key, value, V::clone)
    }

    /// Stores `value` under `key` unless the key is present. Returns what is there then, and whether it was there before.
    ///
    /// # Concurrency
    ///
    /// As for [`store`](Self::store).
    #[track_caller]
    pub fn load_or_store(&self, key: K, value: V) -> (V, bool)
    where
        K: Hash + Eq,
        V: Clone,
    {
        let hash = self.hash(&key);
        self.key_text.learn(&self.seam, hash, &key);
        let access = self.table.enter();
        let stored = value.clone();
        let mut present = None;
        let _unused = {
            let scope = self.seam.begin(Op::GetOrInsert, Some(hash));
            let entry = access.find(hash, &key);
            let put = Self::put(&access, &scope, entry, (hash, key, value), |value| {
                present = value;
                value.is_none()
            });
            scope.saw(true);
            put
        };
        match present {
            Some(present) => (present.clone(), true),
            None => (stored, false),
        }
    }

    /// Removes the entry under `key` and returns a copy of its value; the same as [`remove`](Self::remove).
    ///
    /// # Concurrency
    ///
    /// Linearizable. Lock-free for keys of the read table, unless a closure is at work on the entry.
    #[inline]
    #[track_caller]
    pub fn load_and_delete<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.take(key, V::clone)
    }

    /// Removes the entry under `key`.
    ///
    /// # Concurrency
    ///
    /// As for [`load_and_delete`](Self::load_and_delete).
    #[inline]
    #[track_caller]
    pub fn delete<Q>(&self, key: &Q)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.take(key, |_| ());
    }

    /// Removes the entry under `key` if its value equals `old`; returns whether it did.
    ///
    /// # Concurrency
    ///
    /// As for [`load_and_delete`](Self::load_and_delete).
    #[track_caller]
    pub fn compare_and_delete<Q>(&self, key: &Q, old: &V) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: PartialEq,
    {
        let hash = self.hash(key);
        let access = self.table.enter();
        let scope = self.seam.begin(Op::CompareAndSwap, Some(hash));
        let Some(entry) = access.find(hash, key) else { return false };
        let Ok(taken) = Self::exchange_equal(&access, &scope, entry, old, None) else { return false };
        access.count(-1);
        access.sweep(entry);
        taken.retire(&access, |_| ());
        true
    }

    /// Calls `visit` with every entry until it returns false.
    ///
    /// # Concurrency
    ///
    /// Promotes the dirty table first, then takes no lock. Sees each entry at some moment during the iteration. `visit`
    /// may read and write this map.
    #[track_caller]
    pub fn range(&self, mut visit: impl FnMut(&K, &V) -> bool) {
        let _ =
            self.visit(|key, value| if visit(key, value) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) });
    }

    #[inline]
    #[track_caller]
    pub(super) fn replace<R>(&self, key: K, value: V, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Hash + Eq,
    {
        let hash = self.hash(&key);
        self.key_text.learn(&self.seam, hash, &key);
        let access = self.table.enter();
        let put = {
            let scope = self.seam.begin(Op::Insert, Some(hash));
            // Not `find`: a store is no miss, since it does not look.
            let entry = match access.look(hash, &key) {
                Seen::Entry(entry) => Some(entry),
                Seen::Absent | Seen::Unknown => None,
            };
            Self::put(&access, &scope, entry, (hash, key, value), |_| true)
        };
        match put {
            Put::Stored(old, _unused) => old.map(|old| old.retire(&access, read)),
            Put::Refused(..) => unreachable!("any value is replaced"),
        }
    }
}
