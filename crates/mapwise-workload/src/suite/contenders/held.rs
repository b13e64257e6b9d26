//! papaya with a pin that is held over a batch of operations, as within one request.

use papaya::{Compute, HashMap, HashMapRef, LocalGuard, Operation};

use super::Hash;
use crate::suite::contender::{Contender, Ops};
use crate::suite::keys::SuiteKey;

pub(super) struct HeldPapaya<K>(HashMap<K, u64, Hash>);

impl<K: SuiteKey> HeldPapaya<K> {
    pub(super) fn new(hasher: Hash) -> Self {
        Self(HashMap::with_hasher(hasher))
    }
}

impl<K: SuiteKey> Contender<K> for HeldPapaya<K> {
    type Session<'a> = Pinned<'a, K>;

    #[inline]
    fn session(&self, _thread: usize) -> Pinned<'_, K> {
        Pinned(self.0.pin())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

pub(super) struct Pinned<'a, K>(HashMapRef<'a, K, u64, Hash, LocalGuard<'a>>);

fn changed(value: u64, change: &impl Fn(&mut u64)) -> u64 {
    let mut copy = value;
    change(&mut copy);
    copy
}

impl<K: SuiteKey> Ops<K> for Pinned<'_, K> {
    #[inline(always)]
    fn get(&mut self, key: &K) -> Option<u64> {
        self.0.get(key).copied()
    }

    #[inline(always)]
    fn insert(&mut self, key: K, value: u64) -> bool {
        self.0.insert(key, value).is_none()
    }

    #[inline(always)]
    fn update(&mut self, key: &K, change: impl Fn(&mut u64)) -> bool {
        self.0.update(key.clone(), |value| changed(*value, &change)).is_some()
    }

    #[inline(always)]
    fn upsert(&mut self, key: &K, init: u64, change: impl Fn(&mut u64)) -> bool {
        let outcome: Compute<'_, K, u64, ()> = self.0.compute(key.clone(), |entry| match entry {
            Some((_, value)) => Operation::Insert(changed(*value, &change)),
            None => Operation::Insert(init),
        });
        matches!(outcome, Compute::Inserted(..))
    }

    #[inline(always)]
    fn remove(&mut self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }
}
