//! What every map can do that is written by key.

use std::{hash::Hash, mem};

use equivalent::Equivalent;

use super::{DuplicateKey, MapRead, NotSwapped, Occupied};
use crate::seam::{Change, Op, means};

/// What [`MapWrite::compute`] does with the entry it was shown, and what it hands back to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<V, R> {
    /// Leave the entry as it is now: present with any change made in place, or absent.
    Keep(R),
    /// Store this value, whether the key was present or not.
    Put(V, R),
    /// Remove the entry if it is present.
    Remove(R),
}

impl<V, R> Action<V, R> {
    /// What it does to a key; `None` for nothing.
    #[inline]
    pub(crate) fn change(&self, was_present: bool) -> Option<Change> {
        match self {
            Self::Keep(_) => was_present.then_some(Change::Changed),
            Self::Put(..) => Some(Change::put(was_present)),
            Self::Remove(_) => was_present.then_some(Change::Removed),
        }
    }
}

/// A map that can be written by key.
///
/// Writes to one key happen one after the other, so every closure runs exactly once: it is `FnOnce`, and nothing is
/// undone and tried again. A panic in a closure leaves the map usable and the value as the closure left it, and calling
/// the same map from inside a closure panics in debug builds and may hang in release builds, unless the map says
/// otherwise.
pub trait MapWrite<K, V>: MapRead<K, V> {
    /// Shows the entry under `key` to `decide`, does what it answers, and returns its result.
    ///
    /// The general write: every other one is a case of it.
    fn compute<R>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R;

    /// Changes the value under `key` in place and returns what `change` returned; `None` if the key is absent.
    fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized;

    /// Stores `value` unless the key is present.
    ///
    /// # Errors
    ///
    /// If the key is present, hands both back in [`Occupied`].
    fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>>;

    /// Removes the entry under `key` if `condition` holds for its value, and returns the value.
    fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized;

    /// Keeps the entries for which `keep` returns true; each is shown exactly once.
    fn retain(&self, keep: impl FnMut(&K, &mut V) -> bool);

    /// Removes every entry.
    fn clear(&self);

    /// Removes every entry and returns them, in no order.
    fn drain(&self) -> Vec<(K, V)>;

    /// Stores `value` under `key` and returns the value it replaced.
    #[track_caller]
    fn insert(&self, key: K, value: V) -> Option<V> {
        let _insert = means(Op::Insert);
        self.compute(key, |present| match present {
            Some(slot) => Action::Keep(Some(mem::replace(slot, value))),
            None => Action::Put(value, None),
        })
    }

    /// Stores each of `entries`, in their order, and returns the values that they replaced.
    ///
    /// Not atomic: each insertion is one of its own. Maps that can overlap their cache misses do.
    #[track_caller]
    fn insert_many<const N: usize>(&self, entries: [(K, V); N]) -> [Option<V>; N] {
        // A loop, and not `map`, whose closure would be the call site.
        let mut replaced = [const { None }; N];
        for (place, (key, value)) in replaced.iter_mut().zip(entries) {
            *place = self.insert(key, value);
        }
        replaced
    }

    /// Returns a copy of the value under `key`; if the key is absent, stores what `init` returns first.
    ///
    /// `init` runs at most once for an absent key, however many threads ask for it at once.
    #[track_caller]
    fn get_or_insert_with(&self, key: K, init: impl FnOnce() -> V) -> V
    where
        K: Hash + Eq,
        V: Clone,
    {
        if let Some(value) = self.get(&key) {
            return value;
        }
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
    #[track_caller]
    fn upsert(&self, key: K, init: impl FnOnce() -> V, change: impl FnOnce(&mut V)) {
        self.compute(key, |present| match present {
            Some(value) => {
                change(value);
                Action::Keep(())
            }
            None => Action::Put(init(), ()),
        });
    }

    /// Removes the entry under `key` and returns its value.
    #[track_caller]
    fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let _remove = means(Op::Remove);
        self.remove_if(key, |_| true)
    }

    /// Replaces the value under `key` by `new` if it equals `expected`, and returns the old value.
    ///
    /// # Errors
    ///
    /// If the key is absent or holds another value, stores nothing and hands `new` back in [`NotSwapped`].
    #[track_caller]
    fn compare_and_swap<Q>(&self, key: &Q, expected: &V, new: V) -> Result<V, NotSwapped<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: PartialEq,
    {
        let _swap = means(Op::CompareAndSwap);
        let mut new = Some(new);
        let swapped = self
            .update(key, |value| if value == expected { new.take().map(|new| mem::replace(value, new)) } else { None });
        match (swapped, new) {
            (Some(Some(old)), _) => Ok(old),
            (Some(None), Some(new)) => Err(NotSwapped::Different(new)),
            (None, Some(new)) => Err(NotSwapped::Absent(new)),
            (_, None) => unreachable!("`new` is taken only where the old value is returned"),
        }
    }
}

/// A map that can change several keys at once.
pub trait MapTransact<K, V>: MapWrite<K, V> {
    /// Shows the values under all of `keys` to `change` at once and returns what it returned.
    ///
    /// Nobody else sees or changes any of them while `change` runs. Locks are taken in one order, so transactions
    /// never wait for each other in a circle.
    ///
    /// # Errors
    ///
    /// Two equal keys are refused: their values could not both be borrowed.
    fn transact<Q, const N: usize, R>(
        &self,
        keys: [&Q; N],
        change: impl FnOnce([Option<&mut V>; N]) -> R,
    ) -> Result<R, DuplicateKey>
    where
        Q: Hash + Eq + Equivalent<K> + ?Sized;
}
