//! What no concurrent map can beat but by touching less memory: an unsynchronized table for each thread.

use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard};

use super::Hash;
use crate::suite::contender::{Contender, Ops};
use crate::suite::keys::SuiteKey;

type Table<K> = HashMap<K, u64, Hash>;

/// The locks are taken once a batch and never waited for.
pub(super) struct Apart<K>(Vec<Mutex<Table<K>>>);

impl<K: SuiteKey> Apart<K> {
    pub(super) fn new(threads: usize) -> Self {
        Self((0..threads).map(|_| Mutex::default()).collect())
    }
}

impl<K: SuiteKey> Contender<K> for Apart<K> {
    type Session<'a> = Own<'a, K>;

    #[inline]
    fn session(&self, thread: usize) -> Own<'_, K> {
        Own(self.0[thread].lock())
    }

    fn apart(&self) -> Option<usize> {
        Some(self.0.len())
    }

    fn len(&self) -> usize {
        self.0.iter().map(|table| table.lock().len()).sum()
    }
}

pub(super) struct Own<'a, K>(MutexGuard<'a, Table<K>>);

impl<K: SuiteKey> Ops<K> for Own<'_, K> {
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
        self.0.get_mut(key).map(change).is_some()
    }

    #[inline(always)]
    fn upsert(&mut self, key: &K, init: u64, change: impl Fn(&mut u64)) -> bool {
        match self.0.get_mut(key) {
            Some(value) => {
                change(value);
                false
            }
            None => self.0.insert(key.clone(), init).is_none(),
        }
    }

    #[inline(always)]
    fn remove(&mut self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }
}
