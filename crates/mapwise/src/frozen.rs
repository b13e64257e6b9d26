//! `FrozenMap`: built once, then read by anyone with no synchronization at all.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    ops::ControlFlow,
};

use equivalent::Equivalent;

use crate::{
    api::{Caps, Iteration, MapRead, Progress},
    convert::{IntoEntries, into_std},
    locks::{Lock, Mutex},
    seam::{Holds, MapType},
    select::Select,
    shards::{Shard, Shards},
    surface::read_surface,
    table::Table,
};

/// A map that is built once and then read by any number of threads with no synchronization at all.
///
/// | | |
/// |---|---|
/// | reads block? | never: no lock, no atomic, not even a fence |
/// | writes block? | there are none; the owner rebuilds it, or turns it into a [`ShardedMap`](crate::ShardedMap) |
/// | iteration sees | the map, which does not change |
/// | bytes per entry | key, value and 1 byte, over the load of the table (0.44 to 0.875) |
/// | choose when | configuration, routing tables, anything loaded at start |
/// | avoid when | anything changes while others read |
///
/// # Examples
///
/// ```
/// use mapwise::{FrozenMap, MutexMap};
///
/// let building = MutexMap::new();
/// building.insert("dark-mode", true);
/// let flags: FrozenMap<_, _> = building.freeze();
/// assert_eq!(flags.get_ref("dark-mode"), Some(&true));
/// ```
#[derive(Clone)]
pub struct FrozenMap<K, V, S = RandomState> {
    tables: Box<[Table<K, V>]>,
    select: Select,
    hasher: S,
}

/// What is filled before it is frozen: nobody shares it, so its lock is never taken.
type Owned<K, V, S> = Shards<K, V, S, Mutex<Shard<K, V>>>;

const BUILDING: MapType = MapType { name: "FrozenMap", holds: Holds::Nothing };

impl<K, V, S> FrozenMap<K, V, S> {
    pub(crate) fn from_shards<L: Lock<Shard<K, V>>>(shards: Shards<K, V, S, L>) -> Self {
        let (tables, select, hasher) = shards.into_tables();
        Self { tables: tables.into_boxed_slice(), select, hasher }
    }

    /// Takes over the one table of a map, which was filled with `hasher`.
    pub(crate) fn from_table(table: Table<K, V>, hasher: S) -> Self {
        Self { tables: Box::new([table]), select: Select::ONE, hasher }
    }

    /// Returns the hasher that keys are hashed with.
    #[must_use]
    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    /// Returns an iterator over the entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.tables.iter().flat_map(Table::iter).map(|(key, value)| (key, value))
    }

    pub(crate) fn into_tables(self) -> (Vec<Table<K, V>>, Select, S) {
        (self.tables.into_vec(), self.select, self.hasher)
    }
}

impl<K, V, S: BuildHasher> FrozenMap<K, V, S> {
    /// Returns a reference to the value under `key`; nothing can change it while the map lives.
    #[inline]
    pub fn get_ref<Q>(&self, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.tables[self.select.shard(hash)].find(hash, key)
    }

    /// Makes a map of `entries`, the last of each key.
    pub(crate) fn from_entries(entries: impl IntoIterator<Item = (K, V)>, hasher: S) -> Self
    where
        K: Hash + Eq,
    {
        let entries = entries.into_iter();
        let mut map = Owned::one(BUILDING, entries.size_hint().0, hasher);
        entries.for_each(|(key, value)| map.insert_owned(key, value));
        Self::from_shards(map)
    }

    /// Turns the map into a std one; every key is hashed again.
    #[must_use]
    pub fn into_std(self) -> HashMap<K, V, S>
    where
        K: Hash + Eq,
    {
        let (tables, _, hasher) = self.into_tables();
        into_std(IntoEntries::new(tables), hasher)
    }
}

impl<K, V, S: BuildHasher> MapRead<K, V> for FrozenMap<K, V, S> {
    const CAPS: Caps = Caps {
        reads: Progress::WaitFree,
        writes: Progress::WaitFree,
        iteration: Iteration::Snapshot,
        exact_len: true,
        linearizable_per_key: true,
        reentrant_reads: true,
        multi_key: false,
    };

    #[inline]
    fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.get_ref(key).map(read)
    }

    fn try_for_each<B>(&self, mut visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        self.iter().try_for_each(|(key, value)| visit(key, value))
    }

    fn len(&self) -> usize {
        self.tables.iter().map(Table::len).sum()
    }
}

read_surface! {
    FrozenMap<K, V, S> where [S: BuildHasher]
    reads: "Never waits and writes nothing."
    iteration: "Sees the map, which does not change."
}

impl<K, V, S: Default> Default for FrozenMap<K, V, S> {
    fn default() -> Self {
        Self::from_shards(Owned::one(BUILDING, 0, S::default()))
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Default> FromIterator<(K, V)> for FrozenMap<K, V, S> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self::from_entries(entries, S::default())
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Clone> From<HashMap<K, V, S>> for FrozenMap<K, V, S> {
    fn from(entries: HashMap<K, V, S>) -> Self {
        let hasher = entries.hasher().clone();
        Self::from_entries(entries, hasher)
    }
}

impl<K, V, S> IntoIterator for FrozenMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoEntries<K, V>;

    fn into_iter(self) -> IntoEntries<K, V> {
        IntoEntries::new(self.tables.into_vec())
    }
}

impl<K: Hash + Eq, V: PartialEq, S: BuildHasher> PartialEq for FrozenMap<K, V, S> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get_ref(key) == Some(value))
    }
}

impl<K: Hash + Eq, V: Eq, S: BuildHasher> Eq for FrozenMap<K, V, S> {}
