//! What a careful user builds by hand: hashbrown tables, each behind a lock of its own, one hash for both.

use std::hash::BuildHasher;

use crossbeam_utils::CachePadded;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use parking_lot::{Mutex, RwLock};

use super::Hash;
use crate::peers::Lock;
use crate::suite::contender::{Contender, Ops};
use crate::suite::keys::SuiteKey;

/// Readers of one shard run side by side.
pub(super) type RwLockShards<K> = Shards<RwLock<HashTable<(K, u64)>>>;
/// The cheapest lock there is, for few threads in many shards.
pub(super) type MutexShards<K> = Shards<Mutex<HashTable<(K, u64)>>>;

pub(super) struct Shards<L> {
    shards: Box<[CachePadded<L>]>,
    /// The top bits of the hash, below the seven that tables tell entries apart by, choose the shard.
    shift: u32,
    hasher: Hash,
}

/// Bits that hashbrown keeps of each hash.
const TAG_BITS: u32 = 7;

impl<K: SuiteKey, L: Lock<Table = HashTable<(K, u64)>>> Shards<L> {
    /// `count` is a power of two above 1.
    pub(super) fn new(count: usize) -> Self {
        let shards = (0..count).map(|_| CachePadded::new(L::new(HashTable::new())));
        Self { shards: shards.collect(), shift: u64::BITS - TAG_BITS - count.ilog2(), hasher: Hash::default() }
    }

    #[inline(always)]
    fn find(&self, key: &K) -> (u64, &L) {
        let hash = self.hasher.hash_one(key);
        (hash, &self.shards[(hash >> self.shift) as usize & (self.shards.len() - 1)])
    }
}

impl<K: SuiteKey, L: Lock<Table = HashTable<(K, u64)>>> Contender<K> for Shards<L> {
    type Session<'a> = &'a Self;

    #[inline]
    fn session(&self, _thread: usize) -> &Self {
        self
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read(HashTable::len)).sum()
    }
}

impl<K: SuiteKey, L: Lock<Table = HashTable<(K, u64)>>> Ops<K> for &Shards<L> {
    #[inline(always)]
    fn get(&mut self, key: &K) -> Option<u64> {
        let (hash, shard) = self.find(key);
        shard.read(|table| table.find(hash, |entry| entry.0 == *key).map(|entry| entry.1))
    }

    #[inline(always)]
    fn insert(&mut self, key: K, value: u64) -> bool {
        let (hash, shard) = self.find(&key);
        shard.write(|table| {
            let rehash = |entry: &(K, u64)| self.hasher.hash_one(&entry.0);
            match table.entry(hash, |entry| entry.0 == key, rehash) {
                Entry::Occupied(mut entry) => {
                    entry.get_mut().1 = value;
                    false
                }
                Entry::Vacant(entry) => {
                    entry.insert((key, value));
                    true
                }
            }
        })
    }

    #[inline(always)]
    fn update(&mut self, key: &K, change: impl Fn(&mut u64)) -> bool {
        let (hash, shard) = self.find(key);
        let update = |table: &mut L::Table| {
            let entry = table.find_mut(hash, |entry| entry.0 == *key)?;
            change(&mut entry.1);
            Some(())
        };
        shard.write(update).is_some()
    }

    #[inline(always)]
    fn upsert(&mut self, key: &K, init: u64, change: impl Fn(&mut u64)) -> bool {
        let (hash, shard) = self.find(key);
        shard.write(|table| {
            let rehash = |entry: &(K, u64)| self.hasher.hash_one(&entry.0);
            match table.entry(hash, |entry| entry.0 == *key, rehash) {
                Entry::Occupied(mut entry) => {
                    change(&mut entry.get_mut().1);
                    false
                }
                Entry::Vacant(entry) => {
                    entry.insert((key.clone(), init));
                    true
                }
            }
        })
    }

    #[inline(always)]
    fn remove(&mut self, key: &K) -> bool {
        let (hash, shard) = self.find(key);
        // The removed key is dropped after the lock is released.
        let removed = shard.write(|table| match table.find_entry(hash, |entry| entry.0 == *key) {
            Ok(entry) => Some(entry.remove().0),
            Err(_) => None,
        });
        removed.is_some()
    }
}
