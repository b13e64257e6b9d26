//! A power of two of independently locked tables: the one body of `MutexMap`, `RwLockMap` and `ShardedMap`.
//!
//! - **hash-outside**: keys are hashed before any lock is taken; only growth hashes under a shard's lock.
//! - **drop-outside**: keys and values that leave are dropped after the lock is released.
//! - **one-order**: several shards are locked in ascending order only, so nobody waits in a circle.

use std::{
    cell::Cell,
    hash::{BuildHasher, Hash},
    marker::PhantomData,
    ops::ControlFlow,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use crossbeam_utils::CachePadded;
use equivalent::Equivalent;

use crate::{
    api::{Action, BadShardCount, DuplicateKey, Occupied},
    locks::Lock,
    seam::{Change, KeyHash, MapType, Op, Seam},
    table::Table,
};

/// More shards than this would be a mistake: each takes at least two cache lines.
pub(crate) const MAX_SHARDS: usize = 1 << 16;

/// Chooses a shard by hash; works with weak hashers too, since it mixes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Select {
    /// 63 minus the number of bits that choose.
    shift: u32,
}

impl Default for Select {
    /// Four shards for each processor, from 64 to 1,024: two threads then rarely meet in one, and an empty shard is cheap.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::of((processors * 4).next_power_of_two().clamp(64, 1024))
    }
}

impl Select {
    /// A single shard.
    pub(crate) const ONE: Self = Self::of(1);

    const fn of(count: usize) -> Self {
        Self { shift: 63 - count.trailing_zeros() }
    }

    pub(crate) fn new(count: usize) -> Result<Self, BadShardCount> {
        if !count.is_power_of_two() || count > MAX_SHARDS {
            return Err(BadShardCount(count));
        }
        Ok(Self::of(count))
    }

    /// Returns the number of shards.
    pub(crate) fn count(self) -> usize {
        1 << (63 - self.shift)
    }

    /// Returns the shard of `hash`.
    #[inline]
    pub(crate) fn shard(self, hash: u64) -> usize {
        // Fibonacci hashing (Knuth, TAOCP vol. 3, 1973): the product's top bits depend on every bit of the hash, so a
        // hasher that leaves some of them constant still spreads keys over all shards.
        ((hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1) >> self.shift) as usize
    }
}

/// What one lock guards.
pub(crate) struct Shard<K, V> {
    pub(crate) table: Table<K, V>,
    /// Operations that held the lock exclusively: exact.
    writes: u64,
    /// Estimate of the operations that shared the lock.
    reads: AtomicU64,
}

impl<K, V> Shard<K, V> {
    fn new(table: Table<K, V>) -> Self {
        Self { table, writes: 0, reads: AtomicU64::new(0) }
    }

    /// Operations that this shard has served.
    pub(crate) fn operations(&self) -> u64 {
        // Relaxed: a figure for people; no other data depends on it.
        self.writes + self.reads.load(Ordering::Relaxed)
    }

    #[inline]
    fn count_write(&mut self) -> &mut Table<K, V> {
        self.writes += 1;
        &mut self.table
    }

    /// Counts one read in [`READ_SAMPLE`] for all of them: an exact count would be a second write to the lock's line.
    #[inline]
    fn count_read(&self) -> &Table<K, V> {
        if READ_CLOCK.with(Clock::tick) {
            // Relaxed: see `operations`.
            self.reads.fetch_add(READ_SAMPLE, Ordering::Relaxed);
        }
        &self.table
    }
}

/// One read in this many is counted, for all of them.
const READ_SAMPLE: u64 = 64;

/// Strikes once in [`READ_SAMPLE`] ticks on average, at irregular distances, so that no pattern of reads escapes it.
struct Clock {
    left: Cell<u32>,
    seed: Cell<u32>,
}

crate::sync::thread_local! {
    static READ_CLOCK: Clock = const { Clock { left: Cell::new(READ_SAMPLE as u32), seed: Cell::new(0x2545_F491) } };
}

impl Clock {
    #[inline]
    fn tick(&self) -> bool {
        let left = self.left.get() - 1;
        self.left.set(left);
        left == 0 && self.strike()
    }

    #[cold]
    fn strike(&self) -> bool {
        // Xorshift (Marsaglia, Journal of Statistical Software, 2003).
        let mut seed = self.seed.get();
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        self.seed.set(seed);
        // Uniform in 1..=127, whose mean is READ_SAMPLE.
        self.left.set(1 + seed % (2 * READ_SAMPLE as u32 - 1));
        true
    }
}

/// The body of the lock-based maps.
pub(crate) struct Shards<K, V, S, L> {
    shards: Box<[CachePadded<L>]>,
    select: Select,
    hasher: S,
    pub(crate) seam: Seam,
    key_hash: KeyHash<K, S>,
    // `L` holds the entries; this only names their types.
    _entries: PhantomData<fn() -> (K, V)>,
}

impl<K, V, S, L: Lock<Shard<K, V>>> Shards<K, V, S, L> {
    /// Makes the shards that `select` chooses among, with room for `capacity` entries in all.
    pub(crate) fn with_select(of: MapType, select: Select, capacity: usize, hasher: S) -> Self {
        let count = select.count();
        let each = capacity.div_ceil(count);
        Self::over((0..count).map(|_| Table::with_capacity(each)).collect(), of, select, hasher)
    }

    /// Makes a single shard with room for `capacity` entries.
    pub(crate) fn one(of: MapType, capacity: usize, hasher: S) -> Self {
        Self::with_select(of, Select::ONE, capacity, hasher)
    }

    /// Takes over tables that were filled by the same `select` and `hasher`.
    pub(crate) fn from_tables(tables: Vec<Table<K, V>>, of: MapType, select: Select, hasher: S) -> Self {
        let map = Self::over(tables, of, select, hasher);
        map.seam.filled();
        map
    }

    fn over(tables: Vec<Table<K, V>>, of: MapType, select: Select, hasher: S) -> Self {
        let shards = tables.into_iter().map(|table| CachePadded::new(L::new(Shard::new(table)))).collect();
        Self { shards, select, hasher, seam: Seam::of(of), key_hash: KeyHash::new(), _entries: PhantomData }
    }

    /// Hands over the tables, with what chose among them.
    pub(crate) fn into_tables(self) -> (Vec<Table<K, V>>, Select, S) {
        let tables = self.shards.into_iter().map(|shard| CachePadded::into_inner(shard).into_inner().table).collect();
        (tables, self.select, self.hasher)
    }

    pub(crate) fn hasher(&self) -> &S {
        &self.hasher
    }

    pub(crate) fn count(&self) -> usize {
        self.shards.len()
    }

    /// Adds up the shards' lengths, one after the other; exact for one shard.
    #[track_caller]
    pub(crate) fn len(&self) -> usize {
        let _scope = self.seam.begin(Op::Whole, None);
        self.shards.iter().map(|shard| shard.read().table.len()).sum()
    }

    /// Calls `visit` with each shard in turn, locked.
    #[track_caller]
    pub(crate) fn each_shard(&self, mut visit: impl FnMut(&Shard<K, V>)) {
        let _scope = self.seam.begin(Op::Whole, None);
        for shard in &self.shards {
            visit(&shard.read());
        }
    }

    #[track_caller]
    pub(crate) fn try_for_each<B>(&self, mut visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        let scope = self.seam.begin(Op::ForEach, None);
        for shard in &self.shards {
            let shard = shard.read();
            scope.locked();
            for (key, value) in shard.table.iter() {
                scope.saw_entry(|| self.key_hash.of(&self.hasher, key));
                visit(key, value)?;
            }
        }
        ControlFlow::Continue(())
    }

    #[track_caller]
    pub(crate) fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for shard in &self.shards {
            let _removed = {
                let scope = self.seam.begin(Op::Retain, None);
                let mut shard = shard.write();
                scope.locked();
                shard.count_write().retain(|key, value| {
                    let kept = keep(key, value);
                    if !kept {
                        scope.removed(|| self.key_hash.of(&self.hasher, key));
                    }
                    kept
                })
            };
        }
    }

    /// Empties each shard in turn and returns what was in them.
    #[track_caller]
    pub(crate) fn take(&self) -> Vec<Table<K, V>> {
        let scope = self.seam.begin(Op::Whole, None);
        let take = |shard: &CachePadded<L>| {
            let mut shard = shard.write();
            let entries = shard.table.iter();
            scope.removed_all(|removed| entries.for_each(|entry| removed(self.key_hash.of(&self.hasher, &entry.0))));
            shard.count_write().take()
        };
        self.shards.iter().map(take).collect()
    }

    #[inline]
    fn shared(&self, hash: u64) -> L::Shared<'_> {
        self.shards[self.select.shard(hash)].read()
    }

    #[inline]
    fn exclusive(&self, hash: u64) -> L::Exclusive<'_> {
        self.shards[self.select.shard(hash)].write()
    }
}

impl<K, V, S: BuildHasher, L: Lock<Shard<K, V>>> Shards<K, V, S, L> {
    #[inline]
    #[track_caller]
    pub(crate) fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let scope = self.seam.begin(Op::View, Some(hash));
        let shard = self.shared(hash);
        scope.locked();
        let found = shard.count_read().find(hash, key);
        scope.saw(found.is_some());
        found.map(read)
    }

    #[inline]
    #[track_caller]
    pub(crate) fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let scope = self.seam.begin(Op::Update, Some(hash));
        let mut shard = self.exclusive(hash);
        scope.locked();
        let found = shard.count_write().find_mut(hash, key);
        scope.decided(hash, found.is_some().then_some(Change::Changed));
        found.map(change)
    }

    #[inline]
    #[track_caller]
    pub(crate) fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let removed = {
            let scope = self.seam.begin(Op::RemoveIf, Some(hash));
            let mut shard = self.exclusive(hash);
            scope.locked();
            let removed = shard.count_write().remove_if(hash, key, condition);
            scope.decided(hash, removed.is_some().then_some(Change::Removed));
            removed
        };
        removed.map(|(_key, value)| value)
    }

    #[track_caller]
    pub(crate) fn transact<Q, const N: usize, R>(
        &self,
        keys: [&Q; N],
        change: impl FnOnce([Option<&mut V>; N]) -> R,
    ) -> Result<R, DuplicateKey>
    where
        Q: Hash + Eq + Equivalent<K> + ?Sized,
    {
        let hashes = keys.map(|key| self.hasher.hash_one(key));
        DuplicateKey::refuse(hashes, keys)?;
        let shard_of = hashes.map(|hash| self.select.shard(hash));
        let mut order = shard_of;
        order.sort_unstable();

        let scope = self.seam.begin(Op::Transact, None);
        // one-order: ascending, each shard once.
        let mut locked: [Option<(usize, L::Exclusive<'_>)>; N] = std::array::from_fn(|at| {
            let shard = order[at];
            (at == 0 || order[at - 1] != shard).then(|| (shard, self.shards[shard].write()))
        });
        scope.locked();
        let mut values = [const { None }; N];
        for (shard, guard) in locked.iter_mut().flatten() {
            let found = guard.count_write().find_many_mut(hashes, keys, |position| shard_of[position] == *shard);
            for (value, found) in values.iter_mut().zip(found) {
                if found.is_some() {
                    *value = found;
                }
            }
        }
        for (hash, value) in hashes.iter().zip(&values) {
            scope.decided(*hash, value.is_some().then_some(Change::Changed));
        }
        Ok(change(values))
    }
}

impl<K: Hash + Eq, V, S: BuildHasher, L: Lock<Shard<K, V>>> Shards<K, V, S, L> {
    #[inline]
    #[track_caller]
    pub(crate) fn compute<R>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        // drop-outside: what is left is dropped after the block.
        let (result, _leftover) = {
            let scope = self.seam.begin(Op::Compute, Some(hash));
            let mut shard = self.exclusive(hash);
            scope.locked();
            let decide = |present: Option<&mut V>| {
                let was_present = present.is_some();
                let action = decide(present);
                scope.decided(hash, action.change(was_present));
                action
            };
            shard.count_write().compute(hash, key, |key| self.hasher.hash_one(key), decide)
        };
        result
    }

    #[inline]
    #[track_caller]
    pub(crate) fn insert(&self, key: K, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        let replaced = {
            let scope = self.seam.begin(Op::Insert, Some(hash));
            let mut shard = self.exclusive(hash);
            scope.locked();
            let replaced = shard.count_write().insert(hash, key, value, |key| self.hasher.hash_one(key));
            scope.wrote(hash, Change::put(replaced.is_some()));
            replaced
        };
        replaced.map(|(_key, value)| value)
    }

    #[inline]
    #[track_caller]
    pub(crate) fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        let scope = self.seam.begin(Op::InsertIfAbsent, Some(hash));
        let mut shard = self.exclusive(hash);
        scope.locked();
        let stored = shard.count_write().insert_if_absent(hash, key, value, |key| self.hasher.hash_one(key));
        scope.decided(hash, stored.is_ok().then_some(Change::Added));
        stored
    }

    /// Makes room for `additional` entries that spread evenly over the shards.
    #[track_caller]
    pub(crate) fn reserve(&self, additional: usize) {
        let each = additional.div_ceil(self.shards.len());
        for shard in &self.shards {
            let _scope = self.seam.begin(Op::Whole, None);
            shard.write().table.reserve(each, |key| self.hasher.hash_one(key));
        }
    }

    #[track_caller]
    pub(crate) fn shrink_to_fit(&self) {
        for shard in &self.shards {
            let _scope = self.seam.begin(Op::Whole, None);
            shard.write().table.shrink_to_fit(|key| self.hasher.hash_one(key));
        }
    }

    /// Stores an entry without locking; the caller owns the map.
    pub(crate) fn insert_owned(&mut self, key: K, value: V) {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        let shard = self.shards[self.select.shard(hash)].get_mut();
        let replaced = shard.table.insert(hash, key, value, |key| self.hasher.hash_one(key));
        self.seam.wrote_owned(Op::Insert, hash, Change::put(replaced.is_some()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_is_chosen_even_by_hashes_that_differ_in_few_bits() {
        for stride in [1_u64, 1 << 20, 1 << 48, 1 << 58] {
            let select = Select::new(16).unwrap();
            let mut hits = [0; 16];
            for i in 0..64_u64 {
                hits[select.shard(i.wrapping_mul(stride))] += 1;
            }
            assert!(hits.iter().all(|&hits| hits > 0), "stride {stride}: {hits:?}");
        }
    }

    #[test]
    fn one_shard_takes_every_hash() {
        let select = Select::new(1).unwrap();
        assert!([0, 1, u64::MAX, 1 << 63].iter().all(|&hash| select.shard(hash) == 0));
    }

    #[test]
    fn the_read_clock_strikes_once_in_its_period_on_average() {
        let clock = Clock { left: Cell::new(1), seed: Cell::new(7) };
        let strikes = (0..6_400_000).filter(|_| clock.tick()).count();
        assert!((99_000..101_000).contains(&strikes), "{strikes}");
    }
}
