//! What the models of `Map` have in common: small maps of chosen hashes, and races on them.
//!
//! The hash of a key is the key: the lowest bit chooses the bucket, the highest ones the segment.

#![allow(dead_code, reason = "each file of models takes what it needs")]

use loom::{sync::Arc, thread};
use mapwise::Map;

use crate::hashers::Identity;

/// Read by validated copies.
pub(crate) type Plain = Map<u64, u64, Identity>;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value(pub(crate) u64);

/// Moves in the first split.
pub(crate) const HIGH: u64 = 1 << 63;
/// Another tag than that of the rest, of entries whose chains are told apart too.
pub(crate) const TAG: u64 = 1 << 22;
/// The other of the two buckets of a full segment.
pub(crate) const ODD: u64 = 1;

/// The nth key, in the even bucket, that no split moves; all have the same tag.
pub(crate) const fn key(n: u64) -> u64 {
    n << 1
}

/// A map of one full segment, of two buckets of two slots, that holds `keys`, each with itself as value.
pub(crate) fn full<V: From<u64>>(keys: impl IntoIterator<Item = u64>) -> Map<u64, V, Identity> {
    with_room(2, keys)
}

/// Likewise of as many segments as have room for `capacity` entries.
pub(crate) fn with_room<V: From<u64>>(capacity: usize, keys: impl IntoIterator<Item = u64>) -> Map<u64, V, Identity> {
    let map = Map::with_capacity_and_hasher(capacity, Identity::default());
    for key in keys {
        map.insert(key, V::from(key));
    }
    map
}

impl From<u64> for Value {
    fn from(key: u64) -> Self {
        Self(key)
    }
}

/// Runs both, each on a thread of its own: what the model's first thread reads is not always explored.
pub(crate) fn race<V: Send + Sync + 'static>(
    map: Map<u64, V, Identity>,
    first: impl FnOnce(&Map<u64, V, Identity>) + Send + 'static,
    second: impl FnOnce(&Map<u64, V, Identity>) + Send + 'static,
) -> Arc<Map<u64, V, Identity>> {
    let map = Arc::new(map);
    let first = thread::spawn({
        let map = Arc::clone(&map);
        move || first(&map)
    });
    let second = thread::spawn({
        let map = Arc::clone(&map);
        move || second(&map)
    });
    first.join().unwrap();
    second.join().unwrap();
    map
}

/// Keys of which the next one in the even bucket splits the segment.
pub(crate) const CROWD: [u64; 3] = [key(1), key(2) | HIGH, key(3) | ODD | HIGH];
