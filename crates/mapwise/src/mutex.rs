//! `MutexMap`: one lock, one table.

use std::hash::{BuildHasher, Hash, RandomState};

use crate::{
    api::{Caps, Iteration, Progress},
    lock_face::{lock_face, one_lock},
    locks::Mutex,
    seam::Holds,
    shards::{Shard, Shards},
};

/// A map behind one mutex: the simplest thing that works, and the baseline of every comparison.
///
/// | | |
/// |---|---|
/// | reads block? | everybody else |
/// | writes block? | everybody else |
/// | iteration sees | the map at one instant; everybody else waits |
/// | bytes per entry | key, value and 1 byte, over the load of the table (0.44 to 0.875) |
/// | choose when | few threads, or the map is a small part of the work |
/// | avoid when | the map is busy on several cores |
///
/// # Examples
///
/// A counter in two lines:
///
/// ```
/// let hits = mapwise::MutexMap::new();
/// hits.upsert("/index", || 1, |n| *n += 1);
/// # assert_eq!(hits.get("/index"), Some(1));
/// ```
pub struct MutexMap<K, V, S = RandomState> {
    shards: Shards<K, V, S, Mutex<Shard<K, V>>>,
}

one_lock! {
    MutexMap
    holds: Holds::Lock;
    reads: "Linearizable. Blocks everybody else. Closures run under the map's lock: keep them short."
    iteration: "Blocks everybody else until it is done, so the map is seen at one instant."
    writes: "Linearizable. Blocks everybody else. Closures run under the map's lock: keep them short."
    whole: "Blocks everybody else until it is done."
}
