//! `RwLockMap`: many readers or one writer.

use std::hash::{BuildHasher, Hash, RandomState};

use crate::{
    api::{Caps, Iteration, Progress},
    lock_face::{lock_face, one_lock},
    locks::RwLock,
    seam::Holds,
    shards::{Shard, Shards},
};

/// A map behind one reader-writer lock: many readers or one writer.
///
/// A writer that waits holds new readers back, so a stream of readers does not starve it.
///
/// | | |
/// |---|---|
/// | reads block? | writers; readers share the lock, but all of them write its cache line |
/// | writes block? | everybody else |
/// | iteration sees | the map at one instant; writers wait |
/// | bytes per entry | key, value and 1 byte, over the load of the table (0.44 to 0.875) |
/// | choose when | reads are long (big values looked at in place, iterations) and writes rare |
/// | avoid when | reads are short: the lock's own cache line is then what they wait for |
///
/// # Examples
///
/// ```
/// use mapwise::RwLockMap;
///
/// let flags = RwLockMap::new();
/// flags.insert("dark-mode", true);
/// assert_eq!(flags.get("dark-mode"), Some(true));
/// ```
pub struct RwLockMap<K, V, S = RandomState> {
    shards: Shards<K, V, S, RwLock<Shard<K, V>>>,
}

one_lock! {
    RwLockMap
    holds: Holds::SharedLock;
    reads: "Linearizable. Waits for writers, one that is waiting included; readers do not wait for each other."
    iteration: "Writers wait until it is done, so the map is seen at one instant."
    writes: "Linearizable. Blocks everybody else. Closures run under the map's lock: keep them short."
    whole: "Blocks everybody else until it is done."
}
