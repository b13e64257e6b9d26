//! What the models of `Map` have in common: small maps of chosen hashes, and races on them.

#![allow(dead_code, reason = "each file of models takes what it needs")]

use std::hash::{BuildHasher, Hasher};

use loom::{sync::Arc, thread};
use mapwise::Map;

/// The hash of a key is the key: the lowest bit chooses the bucket, the highest ones the segment.
#[derive(Clone, Default)]
pub(crate) struct Identity(u64);

impl BuildHasher for Identity {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for Identity {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64")
    }
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Read by validated copies.
pub(crate) type Plain = Map<u64, u64, Identity>;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value(pub(crate) u64);

/// Moves in the first split.
pub(crate) const HIGH: u64 = 1 << 63;
/// The other of the two buckets of a full segment.
pub(crate) const ODD: u64 = 1;

/// The nth key, in the even bucket, that no split moves; all have the same tag.
pub(crate) const fn key(n: u64) -> u64 {
    n << 1
}

pub(crate) fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(2);
    check(builder, body);
}

/// Likewise with so many preemptions and no more: with one more, these take hours.
pub(crate) fn bounded(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    check(builder, body);
}

pub(crate) fn check(mut builder: loom::model::Builder, body: impl Fn() + Send + Sync + 'static) {
    builder.max_branches = 100_000;
    // std's: it counts, and is no part of the model.
    let explored = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    builder.check({
        let explored = std::sync::Arc::clone(&explored);
        move || {
            explored.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            body();
        }
    });
    eprintln!("{explored:?} interleavings");
    assert!(explored.load(std::sync::atomic::Ordering::Relaxed) > 10, "nothing was explored");
}

/// A map of one full segment, of two buckets of two slots, that holds `keys`, each with itself as value.
pub(crate) fn full<V: From<u64>>(keys: impl IntoIterator<Item = u64>) -> Map<u64, V, Identity> {
    let map = Map::with_capacity_and_hasher(2, Identity::default());
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
