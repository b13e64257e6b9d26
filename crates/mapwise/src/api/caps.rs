//! What a primitive promises, as data: it drives the conformance suite and the adviser's filter.

/// What a primitive promises.
///
/// # Examples
///
/// ```
/// use mapwise::{MapRead, ShardedMap, Iteration};
///
/// type Sessions = ShardedMap<String, u64>;
/// assert_eq!(<Sessions as MapRead<String, u64>>::CAPS.iteration, Iteration::PerShard);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// How look-ups proceed while other threads are stopped.
    pub reads: Progress,
    /// How writes proceed while other threads are stopped.
    pub writes: Progress,
    /// What an iteration sees of writes that run beside it.
    pub iteration: Iteration,
    /// Whether `len` is the number of entries at one instant during the call.
    pub exact_len: bool,
    /// Whether the operations on each key take effect one after the other, in an order that agrees with real time.
    pub linearizable_per_key: bool,
    /// Whether a look-up from inside a read closure of the same map is allowed.
    pub reentrant_reads: bool,
    /// Whether several keys can be changed at once (`transact`).
    pub multi_key: bool,
}

/// How an operation proceeds while other threads are stopped at the worst possible place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// May wait for another thread.
    Blocking,
    /// Some thread always gets on; this one may have to try again.
    LockFree,
    /// Finishes in a bounded number of its own steps.
    WaitFree,
}

/// What an iteration sees of writes that run beside it.
///
/// In every case an entry that is present and unchanged throughout is seen exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iteration {
    /// The map at one instant.
    Snapshot,
    /// Each shard at one instant, one shard after the other.
    PerShard,
    /// Each entry at some instant during the iteration.
    Weak,
}
