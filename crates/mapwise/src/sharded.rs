//! `ShardedMap`: a map split into a power of two of shards, each behind its own reader-writer lock.

use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
};

use crate::{
    api::{BadShardCount, Caps, Iteration, Progress},
    frozen::FrozenMap,
    lock_face::lock_face,
    locks::RwLock,
    seam::{Holds, MapType},
    select::Select,
    shards::{Shard, Shards},
    surface::constructors,
};

const TYPE: MapType = MapType { name: "ShardedMap", holds: Holds::SharedLock };

/// A map split into a power of two of shards, each behind its own reader-writer lock.
///
/// | | |
/// |---|---|
/// | reads block? | one shard's writers; readers of a shard share its lock |
/// | writes block? | one shard: about 1 in [`shard_count`](Self::shard_count) of the other threads' operations |
/// | iteration sees | each shard at one instant, one shard after the other |
/// | bytes per entry | key, value and 1 byte, over the load of the tables (0.44 to 0.875); 128 bytes for each shard |
/// | choose when | many threads read and write many keys |
/// | avoid when | one key takes most of the writes (shards cannot split it), or `len` must be exact |
///
/// # Examples
///
/// ```
/// use mapwise::ShardedMap;
///
/// let sessions = ShardedMap::new();
/// sessions.insert("alice".to_owned(), 1);
/// assert_eq!(sessions.update("alice", |visits| { *visits += 1; *visits }), Some(2));
/// ```
pub struct ShardedMap<K, V, S = RandomState> {
    shards: Shards<K, V, S, RwLock<Shard<K, V>>>,
}

constructors! { ShardedMap<K, V> }

impl<K, V> ShardedMap<K, V> {
    /// Makes an empty map with `count` shards, where [`new`](Self::new) chooses a count that suits this machine.
    ///
    /// # Errors
    ///
    /// `count` must be a power of two, at most 65,536.
    #[track_caller]
    pub fn with_shards(count: usize) -> Result<Self, BadShardCount> {
        Self::with_shards_capacity_and_hasher(count, 0, RandomState::new())
    }
}

impl<K, V, S> ShardedMap<K, V, S> {
    /// Makes an empty map with room for `capacity` entries that hashes with `hasher`.
    ///
    /// # Panics
    ///
    /// If memory for `capacity` entries cannot be had.
    #[must_use]
    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self::from_shards(Shards::with_select(TYPE, Select::default(), capacity, hasher))
    }

    #[track_caller]
    pub(crate) fn from_shards(shards: Shards<K, V, S, RwLock<Shard<K, V>>>) -> Self {
        Self { shards }
    }

    /// Makes an empty map with `count` shards and room for `capacity` entries that hashes with `hasher`.
    ///
    /// # Errors
    ///
    /// `count` must be a power of two, at most 65,536.
    #[track_caller]
    pub fn with_shards_capacity_and_hasher(count: usize, capacity: usize, hasher: S) -> Result<Self, BadShardCount> {
        Ok(Self::from_shards(Shards::with_select(TYPE, Select::new(count)?, capacity, hasher)))
    }

    /// Returns the number of shards.
    #[must_use]
    pub fn shard_count(&self) -> usize {
        self.shards.count()
    }

    /// Returns how evenly entries and operations are spread over the shards.
    ///
    /// # Concurrency
    ///
    /// Shares the lock of one shard after the other.
    #[track_caller]
    #[must_use]
    pub fn balance(&self) -> Balance {
        let mut shards = Vec::with_capacity(self.shards.count());
        self.shards.each_shard(|shard| {
            shards.push(ShardLoad { entries: shard.table.len(), operations: shard.operations() });
        });
        Balance { shards }
    }
}

lock_face! {
    ShardedMap<K, V, S>
    caps: Caps {
        reads: Progress::Blocking,
        writes: Progress::Blocking,
        iteration: Iteration::PerShard,
        exact_len: false,
        linearizable_per_key: true,
        reentrant_reads: false,
        multi_key: true,
    };
    reads: "Linearizable. Shares the lock of one shard: waits for its writers, not for its readers."
    iteration: "Shares the lock of one shard at a time, so each shard is seen at one instant; writers to that shard wait."
    writes: "Linearizable. Blocks readers and writers of one shard. Closures run under that shard's lock: keep them short."
    whole: "Blocks one shard at a time; entries that others put into shards already passed are not seen."
}

impl<K, V, S> From<FrozenMap<K, V, S>> for ShardedMap<K, V, S> {
    /// Makes a frozen map writable again; nothing is rehashed, and it has the shards it had before it was frozen.
    #[track_caller]
    fn from(frozen: FrozenMap<K, V, S>) -> Self {
        let (tables, select, hasher) = frozen.into_tables();
        Self::from_shards(Shards::from_tables(tables, TYPE, select, hasher))
    }
}

/// How evenly a [`ShardedMap`] spreads its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// One for each shard, in order.
    pub shards: Vec<ShardLoad>,
}

/// What one shard holds and has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardLoad {
    /// Entries in it.
    pub entries: usize,
    /// Operations it has served: writes exactly, reads estimated from one in 64, or in 256 with the feature `profile`.
    pub operations: u64,
}

impl Balance {
    /// Returns the most entries in a shard over the mean: 1 is even, the shard count is everything in one.
    #[must_use]
    pub fn entry_skew(&self) -> f64 {
        skew(self.shards.iter().map(|shard| shard.entries as f64))
    }

    /// Returns the most operations on a shard over the mean: a hot key or a bad hash shows here.
    #[must_use]
    pub fn operation_skew(&self) -> f64 {
        skew(self.shards.iter().map(|shard| shard.operations as f64))
    }
}

/// Returns the maximum over the mean, 1 where there is nothing.
fn skew(loads: impl ExactSizeIterator<Item = f64> + Clone) -> f64 {
    let count = loads.len() as f64;
    let sum: f64 = loads.clone().sum();
    if sum == 0.0 { 1.0 } else { loads.fold(0.0, f64::max) * count / sum }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: usize = self.shards.iter().map(|shard| shard.entries).sum();
        let operations: u64 = self.shards.iter().map(|shard| shard.operations).sum();
        write!(
            f,
            "{} shards, {entries} entries (max/mean {:.2}), {operations} operations (max/mean {:.2})",
            self.shards.len(),
            self.entry_skew(),
            self.operation_skew(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balance_shows_a_hot_key_in_the_operations_and_not_in_the_entries() {
        let map = ShardedMap::with_shards(8).unwrap();
        for key in 0..8_000_u64 {
            map.insert(key, 0_u64);
        }
        for _ in 0..100_000 {
            map.update(&7, |n| *n += 1);
        }
        let balance = map.balance();
        assert_eq!(balance.shards.iter().map(|shard| shard.entries).sum::<usize>(), 8_000);
        assert_eq!(balance.shards.iter().map(|shard| shard.operations).sum::<u64>(), 108_000);
        assert!(balance.entry_skew() < 1.3, "{balance}");
        assert!(balance.operation_skew() > 6.0, "{balance}");
    }

    #[test]
    fn sampled_reads_come_near_the_true_count() {
        let map = ShardedMap::with_shards(1).unwrap();
        map.insert(1_u64, 1_u64);
        for _ in 0..2_560_000 {
            map.get(&1);
        }
        let counted = map.balance().shards[0].operations as f64;
        assert!((0.94..1.06).contains(&(counted / 2_560_001.0)), "{counted}");
    }

    #[test]
    fn a_shard_count_that_is_no_power_of_two_is_refused_by_name() {
        let refused = ShardedMap::<u64, u64>::with_shards(12).unwrap_err();
        assert_eq!(refused.to_string(), "shard count must be a power of two, got 12");
        assert_eq!(ShardedMap::<u64, u64>::with_shards(0).unwrap_err().count(), 0);
        let refused = ShardedMap::<u64, u64>::with_shards(1 << 20).unwrap_err();
        assert_eq!(refused.to_string(), "shard count must be at most 65536, got 1048576");
    }
}
