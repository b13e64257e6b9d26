//! A power of two of independently locked tables: the one body of `MutexMap`, `RwLockMap` and `ShardedMap`.
//!
//! - **hash-outside**: keys are hashed before any lock is taken; only growth hashes under a shard's lock.
//! - **drop-outside**: keys and values that leave are dropped after the lock is released.
//! - **one-order**: several shards are locked in ascending order only, so nobody waits in a circle.

use std::{
    hash::{BuildHasher, Hash},
    marker::PhantomData,
    ops::ControlFlow,
    sync::atomic::{AtomicU64, Ordering},
};

use crossbeam_utils::CachePadded;
use equivalent::Equivalent;

use crate::{
    api::{Action, DuplicateKey, Occupied},
    locks::{Lock, Reading, Writing},
    seam::{Change, KeyHash, KeyText, MapType, Op, Scope, Seam},
    select::Select,
    table::Table,
};

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

    /// Counts some reads, for all of them: an exact count would be a second write to the lock's line.
    #[inline]
    fn count_read(&self, scope: &Scope<'_>) -> &Table<K, V> {
        let reads = scope.stands_for();
        if reads != 0 {
            // Relaxed: see `operations`.
            self.reads.fetch_add(reads, Ordering::Relaxed);
        }
        &self.table
    }
}

/// The body of the lock-based maps.
pub(crate) struct Shards<K, V, S, L> {
    shards: Box<[CachePadded<L>]>,
    select: Select,
    hasher: S,
    pub(crate) seam: Seam,
    key_hash: KeyHash<K, S>,
    pub(crate) key_text: KeyText<K>,
    // `L` holds the entries; this only names their types.
    _entries: PhantomData<fn() -> (K, V)>,
}

impl<K, V, S, L: Lock<Shard<K, V>>> Shards<K, V, S, L> {
    /// Makes the shards that `select` chooses among, with room for `capacity` entries in all.
    #[track_caller]
    pub(crate) fn with_select(of: MapType, select: Select, capacity: usize, hasher: S) -> Self {
        let count = select.count();
        let each = capacity.div_ceil(count);
        Self::over((0..count).map(|_| Table::with_capacity(each)).collect(), of, select, hasher)
    }

    /// Makes a single shard with room for `capacity` entries.
    #[track_caller]
    pub(crate) fn one(of: MapType, capacity: usize, hasher: S) -> Self {
        Self::with_select(of, Select::ONE, capacity, hasher)
    }

    /// Takes over tables that were filled by the same `select` and `hasher`.
    #[track_caller]
    pub(crate) fn from_tables(tables: Vec<Table<K, V>>, of: MapType, select: Select, hasher: S) -> Self {
        let lens: Vec<usize> = tables.iter().map(Table::len).collect();
        let map = Self::over(tables, of, select, hasher);
        map.seam.filled();
        for (shard, len) in lens.into_iter().enumerate() {
            map.seam.shard_len(|| shard, 0, len);
        }
        map
    }

    #[track_caller]
    fn over(tables: Vec<Table<K, V>>, of: MapType, select: Select, hasher: S) -> Self {
        let shards = tables.into_iter().map(|table| CachePadded::new(L::new(Shard::new(table)))).collect();
        let seam = Seam::of(of);
        seam.shape::<K, V>(select.count(), |count, hash| Select::of(count).shard(hash));
        Self { shards, select, hasher, seam, key_hash: KeyHash::new(), key_text: KeyText::NONE, _entries: PhantomData }
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
        let scope = self.seam.begin(Op::Whole, None);
        (0..self.shards.len()).map(|shard| self.shared(&scope, shard).table.len()).sum()
    }

    /// Calls `visit` with each shard in turn, locked.
    #[track_caller]
    pub(crate) fn each_shard(&self, mut visit: impl FnMut(&Shard<K, V>)) {
        let scope = self.seam.begin(Op::Whole, None);
        for shard in 0..self.shards.len() {
            visit(&self.shared(&scope, shard));
        }
    }

    #[track_caller]
    pub(crate) fn try_for_each<B>(&self, mut visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        let scope = self.seam.begin(Op::ForEach, None);
        for shard in 0..self.shards.len() {
            let shard = self.shared(&scope, shard);
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
        for index in 0..self.shards.len() {
            let _removed = {
                let scope = self.turn(Op::Retain, index);
                let mut shard = self.exclusive(&scope, index);
                scope.locked();
                let removed = shard.count_write().retain(|key, value| {
                    let kept = keep(key, value);
                    if !kept {
                        scope.removed(|| self.key_hash.of(&self.hasher, key));
                    }
                    kept
                });
                self.seam.shard_len(|| index, shard.table.len() + removed.len(), shard.table.len());
                removed
            };
        }
    }

    /// Empties each shard in turn and returns what was in them.
    #[track_caller]
    pub(crate) fn take(&self) -> Vec<Table<K, V>> {
        let scope = self.seam.begin(Op::Whole, None);
        let take = |index| {
            let mut shard = self.exclusive(&scope, index);
            let entries = shard.table.iter();
            scope.removed_all(|removed| entries.for_each(|entry| removed(self.key_hash.of(&self.hasher, &entry.0))));
            let taken = shard.count_write().take();
            self.seam.shard_len(|| index, taken.len(), 0);
            taken
        };
        (0..self.shards.len()).map(take).collect()
    }

    /// Begins the turn of a shard in an operation that takes one after the other, and is outside of the map in between: what
    /// leaves is dropped there. It is one operation to the recorder.
    #[track_caller]
    fn turn(&self, op: Op, shard: usize) -> Scope<'_> {
        if shard == 0 { self.seam.begin(op, None) } else { self.seam.begin_again(op) }
    }

    #[inline]
    fn shared(&self, scope: &Scope<'_>, shard: usize) -> L::Shared<'_> {
        scope.lock(shard, Reading::new(&*self.shards[shard]))
    }

    #[inline]
    fn exclusive(&self, scope: &Scope<'_>, shard: usize) -> L::Exclusive<'_> {
        scope.lock(shard, Writing::new(&*self.shards[shard]))
    }
}

impl<K, V, S: BuildHasher, L: Lock<Shard<K, V>>> Shards<K, V, S, L> {
    /// Does an operation on one key that looks.
    #[inline(always)]
    #[track_caller]
    fn look<R>(&self, op: Op, hash: u64, job: impl FnOnce(&Scope<'_>, &Shard<K, V>) -> R) -> R {
        let locate = move || self.select.shard(hash);
        self.seam.locked_to_look((op, hash), locate, Reading::new(&*self.shards[locate()]), move |scope, shard| {
            scope.locked();
            job(scope, &shard)
        })
    }

    /// Does an operation on one key that may write.
    #[inline(always)]
    #[track_caller]
    fn write<R>(&self, op: Op, hash: u64, job: impl FnOnce(&Scope<'_>, &mut Table<K, V>) -> R) -> R {
        let locate = move || self.select.shard(hash);
        self.seam.locked((op, hash), locate, Writing::new(&*self.shards[locate()]), move |scope, mut shard| {
            scope.locked();
            let before = shard.table.len();
            let result = job(scope, shard.count_write());
            self.seam.shard_len(locate, before, shard.table.len());
            result
        })
    }

    #[inline]
    #[track_caller]
    pub(crate) fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.look(Op::View, hash, move |scope, shard| {
            let found = shard.count_read(scope).find(hash, key);
            scope.saw(found.is_some());
            found.map(read)
        })
    }

    #[inline]
    #[track_caller]
    pub(crate) fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.write(Op::Update, hash, move |scope, table| {
            let found = table.find_mut(hash, key);
            scope.decided(hash, found.is_some().then_some(Change::Changed));
            found.map(change)
        })
    }

    #[inline]
    #[track_caller]
    pub(crate) fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let removed = self.write(Op::RemoveIf, hash, move |scope, table| {
            let removed = table.remove_if(hash, key, condition);
            scope.decided(hash, removed.is_some().then_some(Change::Removed));
            removed
        });
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
            (at == 0 || order[at - 1] != shard).then(|| (shard, self.exclusive(&scope, shard)))
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
        self.key_text.learn(&self.seam, hash, &key);
        // drop-outside: what is left is dropped after the lock is released.
        let (result, _leftover) = self.write(Op::Compute, hash, move |scope, table| {
            let decide = |present: Option<&mut V>| {
                let was_present = present.is_some();
                let action = decide(present);
                scope.decided(hash, action.change(was_present));
                action
            };
            table.compute(hash, key, |key| self.hasher.hash_one(key), decide)
        });
        result
    }

    #[inline]
    #[track_caller]
    pub(crate) fn insert(&self, key: K, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        self.key_text.learn(&self.seam, hash, &key);
        let replaced = self.write(Op::Insert, hash, move |scope, table| {
            let replaced = table.insert(hash, key, value, |key| self.hasher.hash_one(key));
            scope.wrote(hash, Change::put(replaced.is_some()));
            replaced
        });
        replaced.map(|(_key, value)| value)
    }

    #[inline]
    #[track_caller]
    pub(crate) fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        self.key_text.learn(&self.seam, hash, &key);
        self.write(Op::InsertIfAbsent, hash, move |scope, table| {
            let stored = table.insert_if_absent(hash, key, value, |key| self.hasher.hash_one(key));
            scope.decided(hash, stored.is_ok().then_some(Change::Added));
            stored
        })
    }

    /// Makes room for `additional` entries that spread evenly over the shards.
    #[track_caller]
    pub(crate) fn reserve(&self, additional: usize) {
        let each = additional.div_ceil(self.shards.len());
        for shard in 0..self.shards.len() {
            let scope = self.turn(Op::Whole, shard);
            let mut locked = self.exclusive(&scope, shard);
            locked.table.reserve(each, |key| self.hasher.hash_one(key));
            scope.replaced(shard);
        }
    }

    #[track_caller]
    pub(crate) fn shrink_to_fit(&self) {
        for shard in 0..self.shards.len() {
            let scope = self.turn(Op::Whole, shard);
            self.exclusive(&scope, shard).table.shrink_to_fit(|key| self.hasher.hash_one(key));
        }
    }

    /// Stores an entry without locking; the caller owns the map.
    pub(crate) fn insert_owned(&mut self, key: K, value: V) {
        let hash = self.hasher.hash_one(&key);
        self.key_hash.learn();
        self.key_text.learn(&self.seam, hash, &key);
        let index = self.select.shard(hash);
        let table = &mut self.shards[index].get_mut().table;
        let before = table.len();
        let replaced = table.insert(hash, key, value, |key| self.hasher.hash_one(key));
        self.seam.shard_len(|| index, before, table.len());
        self.seam.wrote_owned(Op::Insert, hash, Change::put(replaced.is_some()));
    }
}
