//! `PackedMap`: a `Map` whose keys and values are types of the user's, stored as listed types.
//!
//! Nothing here is unsafe: what is stored is what [`Map`] reads without a lock, and the user's types are made of copies.

mod face;
mod types;

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    marker::PhantomData,
};

use equivalent::Equivalent;

pub use self::types::{Pack, Plain, Stored};
use crate::{FrozenMap, IntoEntries, Map, convert::into_std, surface::constructors};

/// A [`Map`] that is read without a lock though its keys or values are types of yours: they are stored as types that are.
///
/// Any type that is one of the [listed types](Map#which-types-are-read-without-a-lock) under another name, or can be
/// packed into one, is [`Pack`]; for newtypes [`pack!`](crate::pack) says so. Listed types are stored as they are.
///
/// | | |
/// |---|---|
/// | reads block? | no lock and no write to shared memory; they wait for a writer of the same bucket |
/// | writes block? | the writers of one bucket, and readers of it for as long |
/// | iteration sees | each entry at some instant during the iteration; those present throughout exactly once |
/// | bytes per entry | a packed key, a packed value and 2 bytes, over the load: 0.44 to 0.8 from some 10,000 entries on, less in smaller maps; 2 KiB in an empty one |
/// | choose when | keys are newtypes of numbers, and many threads read |
/// | avoid when | packing is expensive: values are packed and unpacked at each access |
///
/// Closures are shown a value that was unpacked for them; it is packed again when a closure that may change it is done, or
/// panics. What they may do is what [`Map`'s](Map#closures) may. If keys or values are listed types that own memory, what
/// [`Map`](Map#which-types-are-read-without-a-lock) says of these holds here.
///
/// # Examples
///
/// ```
/// use mapwise::PackedMap;
///
/// #[derive(Clone, Copy, PartialEq, Eq, Hash)]
/// struct UserId(u64);
/// mapwise::pack!(UserId(u64));
///
/// let visits: PackedMap<UserId, u32> = PackedMap::new();
/// visits.upsert(UserId(7), || 1, |n| *n += 1);
/// assert_eq!(visits.get(&UserId(7)), Some(1));
/// ```
pub struct PackedMap<K: Stored, V: Stored, S = RandomState> {
    map: Map<K::As, V::As, S>,
    /// Entries are made and taken, never kept: the packed ones are what the map has.
    _entries: PhantomData<fn() -> (K, V)>,
}

/// A key that is looked for, compared with what packed keys unpack to.
struct Sought<'q, Q: ?Sized, K> {
    key: &'q Q,
    _of: PhantomData<fn() -> K>,
}

impl<'q, Q: ?Sized, K> Sought<'q, Q, K> {
    #[inline(always)]
    fn new(key: &'q Q) -> Self {
        Self { key, _of: PhantomData }
    }
}

impl<Q: Hash + ?Sized, K> Hash for Sought<'_, Q, K> {
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl<Q: Equivalent<K> + ?Sized, K: Stored> Equivalent<K::As> for Sought<'_, Q, K> {
    #[inline(always)]
    fn equivalent(&self, packed: &K::As) -> bool {
        K::show(packed, |key| self.key.equivalent(key))
    }
}

constructors! { PackedMap<K: Stored, V: Stored> }

impl<K: Stored, V: Stored, S> PackedMap<K, V, S> {
    fn of(map: Map<K::As, V::As, S>) -> Self {
        Self { map, _entries: PhantomData }
    }

    /// Makes an empty map with room for `capacity` entries that hashes with `hasher`.
    #[must_use]
    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self::of(Map::with_capacity_and_hasher(capacity, hasher))
    }

    /// Returns the hasher that keys are hashed with.
    #[must_use]
    pub fn hasher(&self) -> &S {
        self.map.hasher()
    }

    /// Gives the map a name, as [`Map::named`] does.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self::of(self.map.named(name))
    }

    /// Returns how many keys and values wait to be dropped, as [`Map::waiting_drops`] does.
    #[must_use]
    pub fn waiting_drops(&self) -> usize {
        self.map.waiting_drops()
    }

    /// Puts the entries into fewer buckets where they fit well, as [`Map::shrink_to_fit`] does.
    pub fn shrink_to_fit(&self) {
        self.map.shrink_to_fit();
    }

    /// Moves the entries to as little memory as they fit into well, and frees the rest, as [`Map::compact`] does.
    pub fn compact(&mut self) {
        self.map.compact();
    }
}

impl<K: Stored + Hash + Eq, V: Stored, S: BuildHasher> PackedMap<K, V, S>
where
    K::As: Hash + Eq,
{
    /// Makes room for `additional` more entries, as [`Map::reserve`] does.
    #[track_caller]
    pub fn reserve(&self, additional: usize) {
        self.map.reserve(additional);
    }

    /// Turns the map into one that can only be read, with no synchronization at all; every key is hashed again.
    #[must_use]
    pub fn freeze(self) -> FrozenMap<K, V, S> {
        let (entries, hasher) = self.map.into_parts();
        FrozenMap::from_entries(entries.map(unpacked::<K, V>), hasher)
    }

    /// Turns the map into a std one; every key is hashed again.
    #[must_use]
    pub fn into_std(self) -> HashMap<K, V, S> {
        let (entries, hasher) = self.map.into_parts();
        into_std(entries.map(unpacked::<K, V>), hasher)
    }

    /// Packs a key that is going to be stored.
    ///
    /// # Panics
    ///
    /// In debug builds, if the packed key has another hash: nobody would find it.
    #[inline(always)]
    fn pack_key(&self, key: K) -> K::As {
        let hash = cfg!(debug_assertions).then(|| self.hasher().hash_one(&key));
        let packed = key.store();
        if let Some(hash) = hash {
            assert!(hash == self.hasher().hash_one(&packed), "a key must hash as the packed key does");
        }
        packed
    }
}

fn unpacked<K: Stored, V: Stored>((key, value): (K::As, V::As)) -> (K, V) {
    (K::restore(key), V::restore(value))
}

/// The entries of an owned [`PackedMap`], in no order.
pub struct Unpacked<K: Stored, V: Stored>(IntoEntries<K::As, V::As>);

impl<K: Stored, V: Stored, S> IntoIterator for PackedMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = Unpacked<K, V>;

    fn into_iter(self) -> Unpacked<K, V> {
        Unpacked(self.map.into_iter())
    }
}

impl<K: Stored, V: Stored> Iterator for Unpacked<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.0.next().map(unpacked::<K, V>)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K: Stored, V: Stored> ExactSizeIterator for Unpacked<K, V> {}

impl<K: Stored, V: Stored> std::iter::FusedIterator for Unpacked<K, V> {}

impl<K: Stored, V: Stored> fmt::Debug for Unpacked<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacked").field("left", &self.0.len()).finish_non_exhaustive()
    }
}
