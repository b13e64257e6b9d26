//! `Map`: the default choice, on an engine of its own.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    ops::ControlFlow,
    panic::{RefUnwindSafe, UnwindSafe},
};

use equivalent::Equivalent;

use crate::{
    api::{Action, Caps, DuplicateKey, InPlace, Iteration, MapRead, MapTransact, MapWrite, Occupied, Progress},
    convert::{IntoEntries, clones, conversions, into_std},
    engine::Engine,
    frozen::FrozenMap,
    seam::{Holds, MapType},
    surface::{constructors, named, read_surface, transact_surface, write_surface},
};

const TYPE: MapType = MapType { name: "Map", holds: Holds::SharedLock };

/// A map whose threads meet only where they touch the same few entries: each bucket of sixteen has its own lock.
///
/// | | |
/// |---|---|
/// | reads block? | a writer of the same bucket; no lock and no write to shared memory if keys and values are of listed types (below), nor if the key is absent; else readers share the bucket's lock, where many of them write to memory of their own |
/// | writes block? | the readers and writers of one bucket |
/// | iteration sees | each entry at some instant during the iteration; those present throughout exactly once |
/// | bytes per entry | a key, a value and 2 bytes, over the load: 0.44 to 0.8 from some 10,000 entries on, less in smaller maps; 2 KiB in an empty one |
/// | choose when | you have no reason to choose another |
/// | avoid when | memory counts for more than time, or `len` must be exact |
///
/// It grows a few thousand entries at a time: no operation waits for the whole map. Memory is used
/// again, and on Linux given back, when most entries are removed: see [`shrink_to_fit`](Self::shrink_to_fit).
///
/// # Closures
///
/// They run exactly once, and must not call the same map, not even `len`: debug builds panic, as with every other map, release
/// builds may hang. Nor may one that looks wait for another thread that looks: while a writer waits for those who look at a
/// bucket, nobody else begins to. A panic in one leaves the map usable, and the value as the closure left it.
///
/// # Which types are read without a lock
///
/// * Integers, `NonZero` ones too, floats, `bool`, `char`, `()`;
/// * arrays `[u8; N]` of 1, 2, 4, 6, 8, 12, 16, 20, 24, 32 and 64 bytes, and arrays of `u16`, `u32` and `u64` of some of these
///   sizes; pairs and triples of equal unsigned integers; pairs of a `u64` or `i64` with one, and of a `u32` or `i32` with one;
/// * `Ipv4Addr`, `Ipv6Addr`, `SocketAddrV4`;
/// * `&str` and `&[u8]`; and `String`, `Vec<u8>`, `Arc<str>` and `Arc<[u8]>`, which own memory.
///
/// Types of yours that can be stored as one of these: [`PackedMap`](crate::PackedMap).
///
/// A map needs both its keys and its values to be among these. If one of them owns memory, then:
///
/// * a look-up keeps what leaves any such map of the process from being dropped until it ends, so closures of look-ups had
///   better be short; [`waiting_drops`](Self::waiting_drops) tells how much waits;
/// * changing such a value changes a clone, and what is replaced or removed is handed out as a clone, for a look-up may be
///   at the original. Where long values are appended to, a type of yours around them opts out: it is read under the lock
///   and changed in place.
///
/// # Examples
///
/// ```
/// use mapwise::Map;
///
/// let hits = Map::new();
/// for page in ["/index", "/about", "/index"] {
///     hits.upsert(page, || 1, |n| *n += 1);
/// }
/// assert_eq!(hits.get("/index"), Some(2));
/// ```
pub struct Map<K, V, S = RandomState> {
    pub(crate) engine: Engine<K, V, S>,
}

constructors! { Map<K, V> }

impl<K, V, S> Map<K, V, S> {
    /// Makes an empty map with room for `capacity` entries that hashes with `hasher`. All of its memory is written at once.
    ///
    /// # Panics
    ///
    /// If `capacity` is more than 2,147,483,648.
    #[must_use]
    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self { engine: Engine::new(TYPE, capacity, hasher) }
    }

    /// Returns the hasher that keys are hashed with.
    #[must_use]
    pub fn hasher(&self) -> &S {
        self.engine.hasher()
    }
}

impl<K, V, S: BuildHasher> MapRead<K, V> for Map<K, V, S> {
    const CAPS: Caps = Caps {
        reads: Progress::Blocking,
        writes: Progress::Blocking,
        iteration: Iteration::Weak,
        exact_len: false,
        linearizable_per_key: true,
        reentrant_reads: false,
        multi_key: true,
    };

    #[inline]
    #[track_caller]
    fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.view(key, read)
    }

    #[track_caller]
    fn view_many<Q, const N: usize>(&self, keys: [&Q; N], read: impl FnMut(usize, &V))
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.view_many(keys, read);
    }

    #[track_caller]
    fn try_for_each<B>(&self, visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        self.engine.try_for_each(visit)
    }

    #[track_caller]
    fn len(&self) -> usize {
        self.engine.len()
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> MapWrite<K, V> for Map<K, V, S> {
    #[inline]
    #[track_caller]
    fn compute<R>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R {
        self.engine.compute(key, decide)
    }

    #[inline]
    #[track_caller]
    fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.update(key, change)
    }

    #[inline]
    #[track_caller]
    fn insert(&self, key: K, value: V) -> Option<V> {
        self.engine.insert(key, value)
    }

    #[track_caller]
    fn insert_many<const N: usize>(&self, entries: [(K, V); N]) -> [Option<V>; N] {
        self.engine.insert_many(entries)
    }

    #[inline]
    #[track_caller]
    fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
        self.engine.insert_if_absent(key, value)
    }

    #[inline]
    #[track_caller]
    fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.remove_if(key, condition)
    }

    #[track_caller]
    fn retain(&self, keep: impl FnMut(&K, &mut V) -> bool) {
        self.engine.retain(keep);
    }

    #[track_caller]
    fn clear(&self) {
        self.engine.clear();
    }

    #[track_caller]
    fn drain(&self) -> Vec<(K, V)> {
        self.engine.drain()
    }
}

impl<K, V, S> InPlace for Map<K, V, S> {}

impl<K: Hash + Eq, V, S: BuildHasher> MapTransact<K, V> for Map<K, V, S> {
    #[track_caller]
    fn transact<Q, const N: usize, R>(
        &self,
        keys: [&Q; N],
        change: impl FnOnce([Option<&mut V>; N]) -> R,
    ) -> Result<R, DuplicateKey>
    where
        Q: Hash + Eq + Equivalent<K> + ?Sized,
    {
        self.engine.transact(keys, change)
    }
}

read_surface! {
    Map<K, V, S> where [S: BuildHasher]
    reads: "Linearizable. Waits for a writer of the same bucket, also while growth moves that bucket's entries. In a map of [listed types](Map#which-types-are-read-without-a-lock), no lock is taken, unless writers get in the way eight times; in any other, a present key's bucket is locked, shared with other readers, while the value is read, and a writer who waits for earlier readers keeps later ones waiting."
    iteration: "Weakly consistent: each entry is seen at some instant, and those present throughout exactly once. Closures run under the lock of one bucket, shared with readers, or, in a map of [listed types](Map#which-types-are-read-without-a-lock), under none."
}

write_surface! {
    Map<K, V, S> where [K: Hash + Eq, S: BuildHasher]
    writes: "Linearizable. Blocks readers and writers of one bucket. Closures run under that bucket's lock: keep them short."
    whole: "Blocks one bucket at a time; entries that others put into buckets already passed are not seen."
}

transact_surface! {
    Map<K, V, S>
    transactions: "Linearizable over all the keys. Blocks readers and writers of every bucket involved; the locks are taken in one order, so transactions never wait for each other in a circle."
}

impl<K: Hash + Eq, V, S: BuildHasher> Map<K, V, S> {
    /// Makes room for `additional` more entries.
    ///
    /// Growth never keeps anybody waiting for long, so there is seldom a reason to; it saves the time to move entries.
    ///
    /// # Concurrency
    ///
    /// Blocks the readers and writers of one bucket at a time, those of a few.
    ///
    /// # Panics
    ///
    /// If that makes more than 2,147,483,648 entries.
    #[track_caller]
    pub fn reserve(&self, additional: usize) {
        self.engine.reserve(additional);
    }

    /// Turns the map into one that can only be read, with no synchronization at all; every key is hashed again.
    #[must_use]
    pub fn freeze(self) -> FrozenMap<K, V, S> {
        let (entries, hasher) = self.into_parts();
        FrozenMap::from_entries(entries, hasher)
    }

    /// Turns the map into a std one; every key is hashed again.
    #[must_use]
    pub fn into_std(self) -> HashMap<K, V, S> {
        let (entries, hasher) = self.into_parts();
        into_std(entries, hasher)
    }
}

impl<K, V, S> Map<K, V, S> {
    /// Returns how many keys and values have left the map and wait to be dropped, because a look-up of this process that
    /// began before they left had not ended when that was last seen.
    ///
    /// At most about a thousand, or 64 KiB, and 32 for each thread wait beside these without need, to be dropped together.
    /// All are dropped with the map. Always 0 if neither keys nor values are of a listed type that owns memory.
    #[must_use]
    pub fn waiting_drops(&self) -> usize {
        self.engine.waiting()
    }

    /// Puts the entries into fewer buckets where they fit well, and gives the pages that are left over back to the system
    /// (on Linux); the address space stays the map's until [`compact`](Self::compact), or its end.
    ///
    /// The map does so by itself, but only where few entries are left, when entries are removed one by one or by
    /// [`retain`](Self::retain). It does not when they are removed by [`clear`](Self::clear) or [`drain`](Self::drain).
    ///
    /// # Concurrency
    ///
    /// Blocks the readers and writers of two buckets at a time. Does nothing while there is an iteration.
    pub fn shrink_to_fit(&self) {
        self.engine.shrink();
    }

    /// Moves the entries to as little memory as they fit into well, and frees the rest.
    ///
    /// It takes a map that nobody else uses to free memory: look-ups leave no trace, so that nobody could tell whether one
    /// is still under way.
    ///
    /// # Complexity
    ///
    /// Time for every entry and every bucket; no key is hashed. Needs the old memory and the new at once.
    pub fn compact(&mut self) {
        self.engine.compact();
    }

    pub(crate) fn into_parts(self) -> (IntoEntries<K, V>, S) {
        let (entries, len, hasher) = self.engine.into_parts();
        (IntoEntries::of_engine(entries, len), hasher)
    }
}

conversions!(Map<K, V, S>);

clones! { Map<K, V, S> where [] }

// A panic in code of the user's leaves every map whole (hash-first).
impl<K, V, S> UnwindSafe for Map<K, V, S> {}
impl<K, V, S> RefUnwindSafe for Map<K, V, S> {}

named! { Map<K, V, S>, engine.seam, engine.key_text }

impl<K: Hash + Eq, V, S: BuildHasher> Extend<(K, V)> for Map<K, V, S> {
    /// Stores all of `entries`, in their order, in a large map twice as fast as one by one: their cache misses overlap.
    ///
    /// # Panics
    ///
    /// If the iterator or a key's `Hash` panics; up to 16 entries before that one are dropped then.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        self.engine.extend(entries);
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> From<FrozenMap<K, V, S>> for Map<K, V, S> {
    /// Makes a frozen map writable again; every key is hashed again.
    fn from(frozen: FrozenMap<K, V, S>) -> Self {
        let (tables, _, hasher) = frozen.into_tables();
        let mut map = Self::with_capacity_and_hasher(tables.iter().map(crate::table::Table::len).sum(), hasher);
        for table in tables {
            map.extend(table.into_entries());
        }
        map
    }
}

impl<K, V, S> IntoIterator for Map<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoEntries<K, V>;

    /// Returns the entries, taken out of the map as they are asked for.
    fn into_iter(self) -> IntoEntries<K, V> {
        self.into_parts().0
    }
}
