//! The inherent methods of a mutant: those of the map in whose place it is, so that no trait need be imported there either.

use std::{collections::HashMap, hash::Hash, ops::ControlFlow};

use equivalent::Equivalent;

use super::Mutant;
use crate::api::{Action, DuplicateKey, MapRead, MapTransact, MapWrite, NotSwapped, Occupied};

impl<M, const SPLIT: u16> Mutant<M, SPLIT> {
    /// See [`MapRead::view`].
    #[track_caller]
    pub fn view<K, V, Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        M: MapRead<K, V>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        MapRead::view(self, key, read)
    }

    /// See [`MapRead::get`].
    #[track_caller]
    pub fn get<K, V, Q>(&self, key: &Q) -> Option<V>
    where
        M: MapRead<K, V>,
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        MapRead::get(self, key)
    }

    /// See [`MapRead::contains_key`].
    #[track_caller]
    pub fn contains_key<K, V, Q>(&self, key: &Q) -> bool
    where
        M: MapRead<K, V>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        MapRead::contains_key(self, key)
    }

    /// See [`MapRead::get_many`].
    #[track_caller]
    pub fn get_many<K, V, Q, const N: usize>(&self, keys: [&Q; N]) -> [Option<V>; N]
    where
        M: MapRead<K, V>,
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        MapRead::get_many(self, keys)
    }

    /// See [`MapRead::for_each`].
    #[track_caller]
    pub fn for_each<K, V>(&self, visit: impl FnMut(&K, &V))
    where
        M: MapRead<K, V>,
    {
        MapRead::for_each(self, visit);
    }

    /// See [`MapRead::try_for_each`].
    #[track_caller]
    pub fn try_for_each<K, V, B>(&self, visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B>
    where
        M: MapRead<K, V>,
    {
        MapRead::try_for_each(self, visit)
    }

    /// See [`MapRead::snapshot`].
    #[track_caller]
    pub fn snapshot<K, V>(&self) -> HashMap<K, V>
    where
        M: MapRead<K, V>,
        K: Hash + Eq + Clone,
        V: Clone,
    {
        MapRead::snapshot(self)
    }

    /// See [`MapRead::keys`].
    #[track_caller]
    pub fn keys<K, V>(&self) -> Vec<K>
    where
        M: MapRead<K, V>,
        K: Clone,
    {
        MapRead::keys(self)
    }

    /// See [`MapRead::len`].
    #[track_caller]
    #[must_use]
    pub fn len<K, V>(&self) -> usize
    where
        M: MapRead<K, V>,
    {
        MapRead::len(self)
    }

    /// See [`MapRead::is_empty`].
    #[track_caller]
    #[must_use]
    pub fn is_empty<K, V>(&self) -> bool
    where
        M: MapRead<K, V>,
    {
        MapRead::is_empty(self)
    }

    /// See [`MapWrite::insert`].
    #[track_caller]
    pub fn insert<K, V>(&self, key: K, value: V) -> Option<V>
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
    {
        MapWrite::insert(self, key, value)
    }

    /// See [`MapWrite::insert_many`].
    #[track_caller]
    pub fn insert_many<K, V, const N: usize>(&self, entries: [(K, V); N]) -> [Option<V>; N]
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
    {
        MapWrite::insert_many(self, entries)
    }

    /// See [`MapWrite::insert_if_absent`].
    ///
    /// # Errors
    ///
    /// Those of the trait's method.
    #[track_caller]
    pub fn insert_if_absent<K, V>(&self, key: K, value: V) -> Result<(), Occupied<K, V>>
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
    {
        MapWrite::insert_if_absent(self, key, value)
    }

    /// See [`MapWrite::get_or_insert_with`].
    #[track_caller]
    pub fn get_or_insert_with<K, V>(&self, key: K, init: impl FnOnce() -> V) -> V
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
    {
        MapWrite::get_or_insert_with(self, key, init)
    }

    /// See [`MapWrite::update`].
    #[track_caller]
    pub fn update<K, V, Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        MapWrite::update(self, key, change)
    }

    /// See [`MapWrite::upsert`].
    #[track_caller]
    pub fn upsert<K, V>(&self, key: K, init: impl FnOnce() -> V, change: impl FnOnce(&mut V))
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
    {
        MapWrite::upsert(self, key, init, change);
    }

    /// See [`MapWrite::compute`].
    #[track_caller]
    pub fn compute<K, V, R>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
    {
        MapWrite::compute(self, key, decide)
    }

    /// See [`MapWrite::remove`].
    #[track_caller]
    pub fn remove<K, V, Q>(&self, key: &Q) -> Option<V>
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        MapWrite::remove(self, key)
    }

    /// See [`MapWrite::remove_if`].
    #[track_caller]
    pub fn remove_if<K, V, Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        MapWrite::remove_if(self, key, condition)
    }

    /// See [`MapWrite::compare_and_swap`].
    ///
    /// # Errors
    ///
    /// Those of the trait's method.
    #[track_caller]
    pub fn compare_and_swap<K, V, Q>(&self, key: &Q, expected: &V, new: V) -> Result<V, NotSwapped<V>>
    where
        K: Hash + Eq + Clone,
        V: Clone + PartialEq,
        M: MapWrite<K, V>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        MapWrite::compare_and_swap(self, key, expected, new)
    }

    /// See [`MapWrite::retain`].
    #[track_caller]
    pub fn retain<K, V>(&self, keep: impl FnMut(&K, &mut V) -> bool)
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
    {
        MapWrite::retain(self, keep);
    }

    /// See [`MapWrite::clear`].
    #[track_caller]
    pub fn clear<K, V>(&self)
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
    {
        MapWrite::clear(self);
    }

    /// See [`MapWrite::drain`].
    #[track_caller]
    pub fn drain<K, V>(&self) -> Vec<(K, V)>
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapWrite<K, V>,
    {
        MapWrite::drain(self)
    }

    /// See [`MapTransact::transact`].
    ///
    /// # Errors
    ///
    /// Those of the trait's method.
    #[track_caller]
    pub fn transact<K, V, Q, const N: usize, R>(
        &self,
        keys: [&Q; N],
        change: impl FnOnce([Option<&mut V>; N]) -> R,
    ) -> Result<R, DuplicateKey>
    where
        K: Hash + Eq + Clone,
        V: Clone,
        M: MapTransact<K, V>,
        Q: Hash + Eq + Equivalent<K> + ?Sized,
    {
        MapTransact::transact(self, keys, change)
    }
}
