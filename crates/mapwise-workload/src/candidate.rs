//! What a candidate is: a map behind one adaptor, and what there is to know about it.
//!
//! The driver is compiled once for each candidate and pair of key and value types, so an operation
//! reaches the map without an indirect call. Everything above the driver sees only [`About`].

use mapwise_record::run::{LeftOut, Origin};
use mapwise_record::workload::{Mix, Workload};

use crate::plan::Op;

/// A map as the driver uses it.
///
/// Each adaptor does what the map's own documentation recommends, the fast way. Operations say
/// whether an entry came or went, which is what conservation is checked with.
///
/// Closures are `Fn`: some lock-free maps run them several times for one call.
pub(crate) trait Subject<K, V>: Send + Sync + 'static {
    /// Copies out the value under `key`.
    fn get(&self, key: &K) -> Option<V>;

    /// Copies out the value under `key`, first inserting `init()` where there is none; true when
    /// this call inserted it.
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool);

    /// Stores `value` under `key` whatever was there; true when the key was absent.
    fn insert(&self, key: K, value: V) -> bool;

    /// Changes a present value with nobody else changing it in between; true when it was present.
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool;

    /// Changes a present value or inserts `init()`; true when the key was absent.
    fn upsert(&self, key: &K, init: impl Fn() -> V, change: impl Fn(&mut V)) -> bool;

    /// Removes `key`; true when it was present.
    fn remove(&self, key: &K) -> bool;

    /// Visits up to `limit` entries, in the order in which the map iterates.
    fn scan(&self, limit: usize, visit: impl FnMut(&K, &V));

    /// The number of entries while no other thread uses the map.
    fn len(&self) -> usize;

    /// Called by each worker between batches of operations, for maps that must be told when a
    /// thread holds no reference into them.
    fn rest(&self) {}

    /// Called by each worker after its last operation, for maps that buffer by thread.
    fn leave(&self) {}
}

/// How much a reader has to know to reason about a map; decides ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Simplicity {
    /// One mutual-exclusion lock around one table.
    Mutex = 0,
    /// One reader-writer lock around one table.
    RwLock = 1,
    /// Independently locked parts.
    Sharded = 2,
    /// Two tables, an owner thread, caches: a design of its own, with rules of its own.
    Special = 3,
    /// Lock-free or optimistic.
    LockFree = 4,
}

/// What is known of a candidate before anything is measured.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Stable identifier, for example `dashmap-256`.
    pub(crate) id: &'static str,
    /// The name for people.
    pub(crate) name: &'static str,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// Decides ties.
    pub(crate) simplicity: Simplicity,
    /// Whether entries may go away by themselves.
    pub(crate) evicts: bool,
    /// Whether threads add to it apart, so that no operation can tell whether an entry is new.
    pub(crate) merges: bool,
    lacks: Vec<(Op, &'static str)>,
}

impl About {
    /// A candidate that serves every operation.
    pub(crate) fn new(id: &'static str, name: &'static str, origin: Origin, simplicity: Simplicity) -> Self {
        Self { id, name, origin, simplicity, evicts: false, merges: false, lacks: Vec::new() }
    }

    /// States that workloads with `op` leave this candidate out, and why.
    pub(crate) fn lacks(mut self, op: Op, reason: &'static str) -> Self {
        self.lacks.push((op, reason));
        self
    }

    /// States that this candidate serves no workload of this kind, and why.
    #[must_use]
    pub(crate) fn serves_nothing(self, reason: &'static str) -> Self {
        Op::ALL.into_iter().fold(self, |about, op| about.lacks(op, reason))
    }

    /// States that no operation can tell whether an entry is new.
    #[must_use]
    pub(crate) fn merges(mut self) -> Self {
        self.merges = true;
        self
    }

    /// States that entries may be evicted, so that only cache-like workloads include it.
    pub(crate) fn evicts(mut self) -> Self {
        self.evicts = true;
        self
    }

    /// The record of this candidate's absence.
    pub(crate) fn left_out(&self, reason: String) -> LeftOut {
        LeftOut { candidate: self.id.to_owned(), name: self.name.to_owned(), reason }
    }

    /// Why this candidate cannot serve `workload`, or `None` when it can.
    pub(crate) fn refuses(&self, workload: &Workload) -> Option<String> {
        if self.evicts && !workload.cache_like {
            return Some("may evict entries, which this workload does not allow".to_owned());
        }
        self.lacks.iter().find(|(op, _)| share(&workload.mix, *op) > 0.0).map(|(_, reason)| (*reason).to_owned())
    }
}

/// The share of `op` in `mix`.
pub(crate) fn share(mix: &Mix, op: Op) -> f64 {
    match op {
        Op::Get => mix.get,
        Op::GetOrInsert => mix.get_or_insert,
        Op::Insert => mix.insert,
        Op::Update => mix.update,
        Op::Upsert => mix.upsert,
        Op::Remove => mix.remove,
        Op::Scan => mix.scan,
    }
}
