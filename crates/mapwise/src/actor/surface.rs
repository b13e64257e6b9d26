//! The common surface: the methods of every other map, with closures and results that are `Send`.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
    mem,
    ops::ControlFlow,
};

use equivalent::Equivalent;

use super::{ActorMap, Held};
use crate::{
    api::{Action, DuplicateKey, NotSwapped, Occupied},
    seam::{Change, Op, means},
    table::Table,
};

/// Each call is one request: linearizable, and it waits for those before it.
impl<K: Send, V: Send, S: BuildHasher> ActorMap<K, V, S> {
    /// Calls `read` with the value under `key` and returns what it returned, `None` if the key is absent.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it; `read` runs on the owner thread: keep it short.
    #[track_caller]
    pub fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R + Send) -> Option<R>
    where
        Q: Hash + Equivalent<K> + Sync + ?Sized,
        R: Send,
    {
        let hash = self.hasher.hash_one(key);
        self.ask(Op::View, Some(hash), move |held, call| {
            let found = held.table.find(hash, key);
            call.saw(found.is_some());
            found.map(read)
        })
    }

    /// Returns a copy of the value under `key`; it is cloned on the owner thread.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it.
    #[track_caller]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + Sync + ?Sized,
        V: Clone,
    {
        self.view(key, V::clone)
    }

    /// Returns true if `key` is present.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it.
    #[track_caller]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + Sync + ?Sized,
    {
        let _contains = means(Op::Contains);
        self.view(key, |_| ()).is_some()
    }

    /// Returns copies of the values under several keys, in the order of `keys`.
    ///
    /// # Concurrency
    ///
    /// One request for all of them: they are seen at one instant.
    #[track_caller]
    pub fn get_many<Q, const N: usize>(&self, keys: [&Q; N]) -> [Option<V>; N]
    where
        Q: Hash + Equivalent<K> + Sync + ?Sized,
        V: Clone,
    {
        let mut values = [const { None }; N];
        self.view_many(keys, |position, value| values[position] = Some(value.clone()));
        values
    }

    /// Calls `read` with the position and the value of each of `keys` that is present.
    ///
    /// # Concurrency
    ///
    /// One request for all of them: they are seen at one instant.
    #[track_caller]
    pub fn view_many<Q, const N: usize>(&self, keys: [&Q; N], mut read: impl FnMut(usize, &V) + Send)
    where
        Q: Hash + Equivalent<K> + Sync + ?Sized,
    {
        let hashes = keys.map(|key| self.hasher.hash_one(key));
        self.ask(Op::View, None, move |held, call| {
            for (position, (hash, key)) in hashes.into_iter().zip(keys).enumerate() {
                let found = held.table.find(hash, key);
                call.saw_key(hash, found.is_some());
                if let Some(value) = found {
                    read(position, value);
                }
            }
        });
    }

    /// Changes the value under `key` in place and returns what `change` returned; `None` if the key is absent.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it; `change` runs on the owner thread: keep it short.
    #[track_caller]
    pub fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R + Send) -> Option<R>
    where
        Q: Hash + Equivalent<K> + Sync + ?Sized,
        R: Send,
    {
        let hash = self.hasher.hash_one(key);
        self.ask(Op::Update, Some(hash), move |held, call| {
            let found = held.table.find_mut(hash, key);
            call.decided(hash, found.is_some().then_some(Change::Changed));
            found.map(change)
        })
    }

    /// Removes the entry under `key` and returns its value.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it.
    #[track_caller]
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + Sync + ?Sized,
    {
        let _remove = means(Op::Remove);
        self.remove_if(key, |_| true)
    }

    /// Removes the entry under `key` if `condition` holds for its value, and returns the value.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it; `condition` runs on the owner thread.
    #[track_caller]
    pub fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool + Send) -> Option<V>
    where
        Q: Hash + Equivalent<K> + Sync + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let removed = self.ask(Op::RemoveIf, Some(hash), move |held, call| {
            let removed = held.table.remove_if(hash, key, condition);
            call.decided(hash, removed.is_some().then_some(Change::Removed));
            removed
        });
        removed.map(|(_key, value)| value)
    }

    /// Replaces the value under `key` by `new` if it equals `expected`, and returns the old value.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it; values are compared on the owner thread, so `V` must be `Sync`.
    ///
    /// # Errors
    ///
    /// If the key is absent or holds another value, stores nothing and hands `new` back in [`NotSwapped`].
    #[track_caller]
    pub fn compare_and_swap<Q>(&self, key: &Q, expected: &V, new: V) -> Result<V, NotSwapped<V>>
    where
        Q: Hash + Equivalent<K> + Sync + ?Sized,
        V: PartialEq + Sync,
    {
        let hash = self.hasher.hash_one(key);
        self.ask(Op::CompareAndSwap, Some(hash), move |held, call| match held.table.find_mut(hash, key) {
            Some(value) if value == expected => {
                call.wrote(hash, Change::Replaced);
                Ok(mem::replace(value, new))
            }
            Some(_) => Err(NotSwapped::Different(new)),
            None => Err(NotSwapped::Absent(new)),
        })
    }

    /// Shows the values under all of `keys` to `change` at once and returns what it returned.
    ///
    /// # Concurrency
    ///
    /// Linearizable over all the keys. Waits for the requests before it; `change` runs on the owner thread.
    ///
    /// # Errors
    ///
    /// Two equal keys are refused: their values could not both be borrowed.
    #[track_caller]
    pub fn transact<Q, const N: usize, R>(
        &self,
        keys: [&Q; N],
        change: impl FnOnce([Option<&mut V>; N]) -> R + Send,
    ) -> Result<R, DuplicateKey>
    where
        Q: Hash + Eq + Equivalent<K> + Sync + ?Sized,
        R: Send,
    {
        let hashes = keys.map(|key| self.hasher.hash_one(key));
        DuplicateKey::refuse(hashes, keys)?;
        Ok(self.ask(Op::Transact, None, move |held, call| {
            let values = held.table.find_many_mut(hashes, keys, |_| true);
            for (hash, value) in hashes.iter().zip(&values) {
                call.decided(*hash, value.is_some().then_some(Change::Changed));
            }
            change(values)
        }))
    }
}

impl<K: Send, V: Send, S> ActorMap<K, V, S> {
    /// Calls `visit` with every entry, on the owner thread.
    ///
    /// # Concurrency
    ///
    /// Sees the map at one instant; every other request waits.
    #[track_caller]
    pub fn for_each(&self, mut visit: impl FnMut(&K, &V) + Send) {
        self.ask(Op::ForEach, None, move |held, call| {
            let shown =
                held.table.iter().inspect(|(key, _value)| call.saw_entry(|| held.key_hash.of(&held.hasher, key)));
            shown.for_each(|(key, value)| visit(key, value));
        });
    }

    /// Calls `visit` with every entry until it breaks, on the owner thread, and returns what it broke with.
    ///
    /// # Concurrency
    ///
    /// Sees the map at one instant; every other request waits.
    #[track_caller]
    pub fn try_for_each<B: Send>(&self, mut visit: impl FnMut(&K, &V) -> ControlFlow<B> + Send) -> ControlFlow<B> {
        self.ask(Op::ForEach, None, move |held, call| {
            let mut shown =
                held.table.iter().inspect(|(key, _value)| call.saw_entry(|| held.key_hash.of(&held.hasher, key)));
            shown.try_for_each(|(key, value)| visit(key, value))
        })
    }

    /// Returns a copy of the entries as a std map; the owner clones the table, the caller builds the map.
    ///
    /// # Concurrency
    ///
    /// Sees the map at one instant; every other request waits.
    #[track_caller]
    #[must_use]
    pub fn snapshot(&self) -> HashMap<K, V>
    where
        K: Hash + Eq + Clone,
        V: Clone,
    {
        let copy = self.ask(Op::ForEach, None, |held, call| {
            held.table.iter().for_each(|(key, _value)| call.saw_entry(|| held.key_hash.of(&held.hasher, key)));
            held.table.clone()
        });
        copy.into_entries().collect()
    }

    /// Returns a copy of the keys, in no order.
    ///
    /// # Concurrency
    ///
    /// Sees the map at one instant; every other request waits.
    #[track_caller]
    #[must_use]
    pub fn keys(&self) -> Vec<K>
    where
        K: Clone,
    {
        self.ask(Op::Keys, None, |held, call| {
            let shown =
                held.table.iter().inspect(|(key, _value)| call.saw_entry(|| held.key_hash.of(&held.hasher, key)));
            shown.map(|(key, _value)| key.clone()).collect()
        })
    }

    /// Returns the number of entries.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it.
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> usize {
        self.ask(Op::Whole, None, |held, _call| held.table.len())
    }

    /// Returns true if there is no entry.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the entries for which `keep` returns true; each is shown exactly once, on the owner thread.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Every other request waits.
    #[track_caller]
    pub fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool + Send) {
        drop(self.ask(Op::Retain, None, |Held { table, hasher, key_hash, .. }, call| {
            table.retain(|key, value| {
                let kept = keep(key, value);
                if !kept {
                    call.removed(|| key_hash.of(hasher, key));
                }
                kept
            })
        }));
    }

    /// Removes every entry.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it; the entries are dropped by the caller.
    #[track_caller]
    pub fn clear(&self) {
        drop(self.take());
    }

    #[track_caller]
    fn take(&self) -> Table<K, V> {
        self.ask(Op::Whole, None, |Held { table, hasher, key_hash, .. }, call| {
            let entries = table.iter();
            call.removed_all(|removed| entries.for_each(|entry| removed(key_hash.of(hasher, &entry.0))));
            table.take()
        })
    }

    /// Removes every entry and returns them, in no order.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it.
    #[track_caller]
    pub fn drain(&self) -> Vec<(K, V)> {
        self.take().into_entries().collect()
    }
}

impl<K: Hash + Eq + Send, V: Send, S: BuildHasher> ActorMap<K, V, S> {
    /// Stores `value` under `key` and returns the value it replaced.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it.
    #[track_caller]
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        self.key_text.learn(&self.seam, hash, &key);
        let replaced = self.ask(Op::Insert, Some(hash), move |Held { table, hasher, key_hash, .. }, call| {
            key_hash.learn();
            let replaced = table.insert(hash, key, value, |key| hasher.hash_one(key));
            call.wrote(hash, Change::put(replaced.is_some()));
            replaced
        });
        replaced.map(|(_key, value)| value)
    }

    /// Stores each of `entries`, in their order, and returns the values that they replaced.
    ///
    /// # Concurrency
    ///
    /// Each is a request of its own.
    #[track_caller]
    pub fn insert_many<const N: usize>(&self, entries: [(K, V); N]) -> [Option<V>; N] {
        let mut replaced = [const { None }; N];
        for (place, (key, value)) in replaced.iter_mut().zip(entries) {
            *place = self.insert(key, value);
        }
        replaced
    }

    /// Stores `value` unless the key is present.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it.
    ///
    /// # Errors
    ///
    /// If the key is present, hands both back in [`Occupied`].
    #[track_caller]
    pub fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
        let hash = self.hasher.hash_one(&key);
        self.key_text.learn(&self.seam, hash, &key);
        self.ask(Op::InsertIfAbsent, Some(hash), move |Held { table, hasher, key_hash, .. }, call| {
            key_hash.learn();
            let stored = table.insert_if_absent(hash, key, value, |key| hasher.hash_one(key));
            call.decided(hash, stored.is_ok().then_some(Change::Added));
            stored
        })
    }

    /// Returns a copy of the value under `key`; if the key is absent, stores what `init` returns first.
    ///
    /// `init` runs at most once for an absent key, however many threads ask for it at once.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it; `init` runs on the owner thread: keep it short.
    #[track_caller]
    pub fn get_or_insert_with(&self, key: K, init: impl FnOnce() -> V + Send) -> V
    where
        V: Clone,
    {
        let _get_or_insert = means(Op::GetOrInsert);
        self.compute(key, |present| match present {
            Some(value) => Action::Keep(value.clone()),
            None => {
                let value = init();
                Action::Put(value.clone(), value)
            }
        })
    }

    /// Changes the value under `key` in place, or stores what `init` returns if the key is absent.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it; the closures run on the owner thread: keep them short.
    #[track_caller]
    pub fn upsert(&self, key: K, init: impl FnOnce() -> V + Send, change: impl FnOnce(&mut V) + Send) {
        self.compute(key, |present| match present {
            Some(value) => {
                change(value);
                Action::Keep(())
            }
            None => Action::Put(init(), ()),
        });
    }

    /// Shows the entry under `key` to `decide`, does what it answers, and returns its result.
    ///
    /// The general write: every other one is a case of it.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it; `decide` runs on the owner thread: keep it short.
    #[track_caller]
    pub fn compute<R: Send>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R> + Send) -> R {
        let hash = self.hasher.hash_one(&key);
        self.key_text.learn(&self.seam, hash, &key);
        // drop-outside: what is left comes back with the answer.
        let (result, _leftover) =
            self.ask(Op::Compute, Some(hash), move |Held { table, hasher, key_hash, .. }, call| {
                key_hash.learn();
                let decide = |present: Option<&mut V>| {
                    let was_present = present.is_some();
                    let action = decide(present);
                    call.decided(hash, action.change(was_present));
                    action
                };
                table.compute(hash, key, |key| hasher.hash_one(key), decide)
            });
        result
    }

    /// Makes room for `additional` more entries.
    ///
    /// # Concurrency
    ///
    /// Every other request waits.
    #[track_caller]
    pub fn reserve(&self, additional: usize) {
        self.ask(Op::Whole, None, |Held { table, hasher, .. }, _call| {
            table.reserve(additional, |key| hasher.hash_one(key))
        });
    }

    /// Gives back memory that the entries do not need.
    ///
    /// # Concurrency
    ///
    /// Every other request waits.
    #[track_caller]
    pub fn shrink_to_fit(&self) {
        self.ask(Op::Whole, None, |Held { table, hasher, .. }, _call| table.shrink_to_fit(|key| hasher.hash_one(key)));
    }
}
