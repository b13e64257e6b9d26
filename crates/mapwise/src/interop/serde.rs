//! serde: every map is written as a map and read back as one; a set, as a sequence.
//!
//! A map that others may write is copied first: no lock is held while a serializer does I/O, and formats that need the
//! number of entries beforehand get the right one.

use std::{
    fmt,
    hash::{BuildHasher, Hash},
    marker::PhantomData,
};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

use crate::{FrozenMap, Map, MutexMap, PackedMap, RwLockMap, Set, ShardedMap, Stored, SyncMap};

/// Room made on the word of an untrusted size hint is at most this many entries.
const TRUSTED_HINT: usize = 4096;

/// Collects the entries of a serialized map.
struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
    type Value = Vec<(K, V)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(0).min(TRUSTED_HINT));
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

macro_rules! deserialize {
    ($($map:ident [$($bounds:tt)*])*) => {
        $(impl<'de, K, V, S> Deserialize<'de> for $map<K, V, S>
        where
            K: Deserialize<'de> + Hash + Eq,
            V: Deserialize<'de>,
            S: BuildHasher + Default,
            $($bounds)*
        {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(deserializer.deserialize_map(Entries(PhantomData))?.into_iter().collect())
            }
        })*
    };
}

macro_rules! serialize {
    ($($map:ident [$($bounds:tt)*])*) => {
        $(impl<K, V, S> Serialize for $map<K, V, S>
        where
            K: Serialize + Hash + Eq + Clone,
            V: Serialize + Clone,
            S: BuildHasher,
            $($bounds)*
        {
            /// Writes a snapshot.
            fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
                self.snapshot().serialize(serializer)
            }
        })*
    };
}

deserialize! { Map [] MutexMap [] RwLockMap [] ShardedMap [] SyncMap [] FrozenMap [] PackedMap [K: Stored, K::As: Hash + Eq, V: Stored] }
serialize! { Map [] MutexMap [] RwLockMap [] ShardedMap [] SyncMap [] PackedMap [K: Stored, K::As: Hash + Eq, V: Stored] }

impl<K: Serialize, V: Serialize, S> Serialize for FrozenMap<K, V, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<T: Serialize + Clone, S: BuildHasher> Serialize for Set<T, S> {
    /// Writes a snapshot.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        self.elements().serialize(serializer)
    }
}

impl<'de, T, S> Deserialize<'de> for Set<T, S>
where
    T: Deserialize<'de> + Hash + Eq,
    S: BuildHasher + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Makes room on the word of a size hint for as much as std does.
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}
