//! The traits of maps, with operations in two halves.

use std::{array, hash::Hash, ops::ControlFlow};

use equivalent::Equivalent;

use super::{Mutant, split, splits};
use crate::{
    api::{Action, Caps, DuplicateKey, InPlace, MapRead, MapTransact, MapWrite, NotSwapped, Occupied},
    seam::{Op, means},
};

impl<K, V, M: MapRead<K, V>, const SPLIT: u16> MapRead<K, V> for Mutant<M, SPLIT> {
    const CAPS: Caps = M::CAPS;

    #[track_caller]
    fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map.view(key, read)
    }

    #[track_caller]
    fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map.contains_key(key)
    }

    #[track_caller]
    fn try_for_each<B>(&self, visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        self.map.try_for_each(visit)
    }

    #[track_caller]
    fn len(&self) -> usize {
        self.map.len()
    }
}

impl<M, const SPLIT: u16> InPlace for Mutant<M, SPLIT> {}

impl<M, const SPLIT: u16> Mutant<M, SPLIT> {
    /// Stores `value` under `key`, which is borrowed, whatever is there.
    #[track_caller]
    fn overwrite<K, V, Q>(&self, key: &Q, value: V)
    where
        Q: Hash + Equivalent<K> + ?Sized,
        M: MapWrite<K, V>,
    {
        // No key can be made of a borrowed one, so this is an update that looks at nothing.
        let _blind = means(Op::Insert);
        self.map.update(key, |slot| *slot = value);
    }

    /// Returns copies of the entries.
    #[track_caller]
    fn entries<K: Clone, V: Clone>(&self) -> Vec<(K, V)>
    where
        M: MapRead<K, V>,
    {
        let mut entries = Vec::new();
        self.map.for_each(|key, value| entries.push((key.clone(), value.clone())));
        entries
    }
}

impl<K, V, M, const SPLIT: u16> MapWrite<K, V> for Mutant<M, SPLIT>
where
    K: Hash + Eq + Clone,
    V: Clone,
    M: MapWrite<K, V>,
{
    #[track_caller]
    fn compute<R>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R {
        if !splits(SPLIT, split::COMPUTE) {
            return self.map.compute(key, decide);
        }
        let mut copy = self.map.get(&key);
        match (decide(copy.as_mut()), copy) {
            (Action::Keep(result), None) => result,
            (Action::Keep(result), Some(value)) | (Action::Put(value, result), _) => {
                self.map.insert(key, value);
                result
            }
            (Action::Remove(result), _) => {
                self.map.remove(&key);
                result
            }
        }
    }

    #[track_caller]
    fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if !splits(SPLIT, split::UPDATE) {
            return self.map.update(key, change);
        }
        let mut copy = self.map.get(key)?;
        let result = change(&mut copy);
        self.overwrite(key, copy);
        Some(result)
    }

    #[track_caller]
    fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
        if !splits(SPLIT, split::INSERT_IF_ABSENT) {
            return self.map.insert_if_absent(key, value);
        }
        if self.map.contains_key(&key) {
            return Err(Occupied { key, value });
        }
        self.map.insert(key, value);
        Ok(())
    }

    #[track_caller]
    fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if !splits(SPLIT, split::REMOVE_IF) {
            return self.map.remove_if(key, condition);
        }
        if self.map.view(key, condition)? { self.map.remove(key) } else { None }
    }

    #[track_caller]
    fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        if !splits(SPLIT, split::RETAIN) {
            return self.map.retain(keep);
        }
        for (key, mut value) in self.entries() {
            if keep(&key, &mut value) {
                self.map.insert(key, value);
            } else {
                self.map.remove(&key);
            }
        }
    }

    #[track_caller]
    fn clear(&self) {
        self.map.clear();
    }

    #[track_caller]
    fn drain(&self) -> Vec<(K, V)> {
        if !splits(SPLIT, split::DRAIN) {
            return self.map.drain();
        }
        let entries = self.entries();
        for (key, _) in &entries {
            self.map.remove(key);
        }
        entries
    }

    #[track_caller]
    fn insert(&self, key: K, value: V) -> Option<V> {
        self.map.insert(key, value)
    }

    #[track_caller]
    fn get_or_insert_with(&self, key: K, init: impl FnOnce() -> V) -> V {
        if !splits(SPLIT, split::GET_OR_INSERT) {
            return self.map.get_or_insert_with(key, init);
        }
        if let Some(value) = self.map.get(&key) {
            return value;
        }
        let value = init();
        self.map.insert(key, value.clone());
        value
    }

    #[track_caller]
    fn upsert(&self, key: K, init: impl FnOnce() -> V, change: impl FnOnce(&mut V)) {
        if !splits(SPLIT, split::UPSERT) {
            return self.map.upsert(key, init, change);
        }
        let value = match self.map.get(&key) {
            Some(mut value) => {
                change(&mut value);
                value
            }
            None => init(),
        };
        self.map.insert(key, value);
    }

    #[track_caller]
    fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map.remove(key)
    }

    #[track_caller]
    fn compare_and_swap<Q>(&self, key: &Q, expected: &V, new: V) -> Result<V, NotSwapped<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: PartialEq,
    {
        if !splits(SPLIT, split::COMPARE_AND_SWAP) {
            return self.map.compare_and_swap(key, expected, new);
        }
        match self.map.get(key) {
            None => Err(NotSwapped::Absent(new)),
            Some(old) if old != *expected => Err(NotSwapped::Different(new)),
            Some(old) => {
                self.overwrite(key, new);
                Ok(old)
            }
        }
    }
}

impl<K, V, M, const SPLIT: u16> MapTransact<K, V> for Mutant<M, SPLIT>
where
    K: Hash + Eq + Clone,
    V: Clone,
    M: MapTransact<K, V>,
{
    #[track_caller]
    fn transact<Q, const N: usize, R>(
        &self,
        keys: [&Q; N],
        change: impl FnOnce([Option<&mut V>; N]) -> R,
    ) -> Result<R, DuplicateKey>
    where
        Q: Hash + Eq + Equivalent<K> + ?Sized,
    {
        if !splits(SPLIT, split::TRANSACT) {
            return self.map.transact(keys, change);
        }
        let twice = |second: usize| (0..second).find(|&first| keys[first] == keys[second]).map(|first| (first, second));
        if let Some((first, second)) = (1..N).find_map(twice) {
            return Err(DuplicateKey { first, second });
        }
        let mut copies: [Option<V>; N] = array::from_fn(|_| None);
        for (copy, key) in copies.iter_mut().zip(keys) {
            *copy = self.map.get(key);
        }
        let result = change(copies.each_mut().map(Option::as_mut));
        for (copy, key) in copies.into_iter().zip(keys) {
            if let Some(value) = copy {
                self.overwrite(key, value);
            }
        }
        Ok(result)
    }
}
