//! A map's end of the recorder: what its operations call.
//!
//! - **in-registers**: a span is one bit and what the compiler knows anyway; what few operations need lives in `pending`. A
//!   store more before the atomic instruction that takes a lock would show.

use std::{
    cell::Cell,
    panic::Location,
    sync::{Arc, atomic::Ordering},
};

use super::{
    pause,
    pending::{self, Call},
    places::Places,
    record::{Gauge, Locate, Looked, Record},
    registry,
    sampling::{Armed, KEY_PERIOD},
    slow::Slow,
    tally::Tally,
};
use crate::op::{Change, Op};

/// A map's end of the recorder.
pub(crate) struct Meter {
    /// The record's, here too: one step less on the way to a counter.
    owned: Places,
    record: Arc<Record>,
}

impl Meter {
    #[track_caller]
    pub(crate) fn new(kind: &'static str) -> Self {
        let record = registry::register(kind, Location::caller());
        Self { owned: record.owned(), record }
    }

    /// Says what the map's entries are, how many independently locked parts it has, and in which one a hash is.
    pub(crate) fn shape<K, V>(&self, shards: usize, locate: Locate) {
        self.record.shape::<K, V>(shards, locate);
    }

    /// Says where the map counts its entries itself.
    pub(crate) fn counts_in(&self, gauge: impl Gauge + 'static) {
        self.record.counts_in(gauge);
    }

    /// The recorder's end for threads that do what others ask for.
    pub(crate) fn tally(&self) -> Tally {
        Tally::of(&self.record)
    }

    /// Says that every hold is timed.
    pub(crate) fn times_all_holds(&self) {
        // Relaxed: said before the map is shared.
        self.record.times_all.store(true, Ordering::Relaxed);
    }

    /// What counts the misses of an operation, on any thread.
    #[inline(always)]
    pub(crate) fn asked(&self, op: Op) -> Asked<'_> {
        Asked { record: &self.record, op }
    }

    pub(crate) fn name(&self, name: &str) {
        self.record.set_name(name);
    }

    /// Says that a shard, whose lock is held, has another number of entries now, and perhaps another table.
    #[inline(never)]
    pub(crate) fn shard_len(&self, shard: usize, before: usize, now: usize) {
        self.record.shard_len(shard, before, now);
        if pause::any() {
            self.record.replaced(shard);
        }
    }

    /// Begins an operation; `hash` is the key's, where one key is meant.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn begin(&self, op: Op, hash: Option<u64>) -> Span<'_> {
        let looked = if self.count_if_plain(op) { Looked::default() } else { self.record.look(op, hash) };
        self.span(op, looked)
    }

    /// Whether an operation is plain: if so, to `count` it is all, as for most. Otherwise it is counted by `Record::arm`.
    ///
    /// The two are apart so that nothing is kept from the one to the other while a lock is taken.
    #[inline(always)]
    pub(crate) fn is_plain(&self, op: Op) -> bool {
        self.owned.here().count(op).is_plain()
    }

    /// Counts an operation that is plain.
    #[inline(always)]
    pub(crate) fn count_plain(&self, op: Op) {
        self.owned.here().count(op).count();
    }

    /// Counts an operation if it is plain; returns whether it is.
    #[inline(always)]
    pub(crate) fn count_if_plain(&self, op: Op) -> bool {
        self.owned.here().count(op).count_if_plain()
    }

    /// Counts a look at a key that takes no lock.
    #[inline(always)]
    pub(crate) fn glance(&self, op: Op, hash: u64) {
        if !self.count_if_plain(op) {
            self.record.glance(op, hash);
        }
    }

    /// Counts an operation that may wait, and begins it.
    #[inline(always)]
    pub(crate) fn slow(&self, (op, hash): (Op, Option<u64>), site: &'static Location<'static>) -> Slow<'_> {
        let armed = if self.count_if_plain(op) { Armed::default() } else { self.record.arm(op) };
        Slow::new(&self.record, (op, hash), site, armed)
    }

    /// Goes on with an operation that was counted.
    pub(crate) fn go_on(&self, (op, hash): (Op, Option<u64>), site: &'static Location<'static>) -> Slow<'_> {
        Slow::new(&self.record, (op, hash), site, Armed::default())
    }

    /// Begins what an operation does for the map and not for its caller; the map's maker is told as the call site.
    pub(crate) fn upkeep(&self) -> Slow<'_> {
        self.go_on((Op::Whole, None), self.record.created)
    }

    /// An operation that is counted already, with nothing else to be done about it.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn plain(&self, op: Op) -> Span<'_> {
        self.span(op, Looked::default())
    }

    /// An operation that was counted, with another lock.
    #[track_caller]
    pub(crate) fn again(&self, op: Op) -> Span<'_> {
        self.span(op, self.record.look_again())
    }

    /// An operation that is not counted yet: it is not plain, or was not `asked` yet.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn resume(&self, op: Op, hash: u64, asked: bool) -> Span<'_> {
        if asked { self.span(op, self.record.look(op, Some(hash))) } else { self.begin(op, Some(hash)) }
    }

    #[inline(always)]
    #[track_caller]
    fn span(&self, op: Op, looked: Looked) -> Span<'_> {
        let (site, pending) = (Location::caller(), Cell::new(looked.pending));
        Span { meter: self, op, site, pending, sample: looked.sample }
    }

    /// Counts an operation that took no lock, after it.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn count(&self, op: Op, hash: Option<u64>, hit: bool) {
        drop(self.begin(op, hash));
        if !hit {
            self.record.miss(op);
        }
    }
}

/// An operation, in the hands of whoever does it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'map> {
    pub(super) record: &'map Record,
    pub(super) op: Op,
}

impl Asked<'_> {
    /// The key was not there.
    #[inline(always)]
    pub(crate) fn missed(self) {
        self.record.miss(self.op);
    }

    /// The key was written.
    #[inline(always)]
    pub(crate) fn changed(self, change: Change) {
        if change == Change::Added {
            self.missed();
        }
    }

    /// The key was written, or not.
    #[inline(always)]
    pub(crate) fn decided(self, change: Option<Change>) {
        match change {
            Some(change) => self.changed(change),
            // The one refuses a key that is there; the other has many keys.
            None if matches!(self.op, Op::InsertIfAbsent | Op::Transact) => {}
            None => self.missed(),
        }
    }
}

/// An operation in progress.
pub(crate) struct Span<'map> {
    meter: &'map Meter,
    op: Op,
    site: &'static Location<'static>,
    /// Whether there is an entry in `pending`.
    pending: Cell<bool>,
    /// Whether it is a sample.
    sample: bool,
}

impl Span<'_> {
    #[inline(always)]
    fn call(&self) -> Call<'_> {
        Call { record: &self.meter.record, op: self.op, site: self.site }
    }

    /// What counts its misses.
    #[inline(always)]
    pub(crate) fn asked(&self) -> Asked<'_> {
        self.meter.asked(self.op)
    }

    /// For how many operations this one stands as a sample.
    #[inline(always)]
    pub(crate) fn stands_for(&self) -> u64 {
        if self.sample { KEY_PERIOD } else { 0 }
    }

    /// The operation may have replaced the table of a shard, whose lock it holds.
    #[inline(always)]
    pub(crate) fn grown(&self, shard: usize) {
        if pause::any() {
            self.meter.record.replaced(shard);
        }
    }

    /// Takes a lock of the map: `try_lock` first, since a clock is read only if there is something to wait for.
    #[inline(always)]
    pub(crate) fn lock<G>(&self, shard: usize, try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
        if self.pending.get() {
            return pending::lock(self.call(), shard, try_lock, lock);
        }
        match try_lock() {
            Some(guard) => guard,
            None => self.wait(shard, lock),
        }
    }

    /// Takes the operation's first lock, which is not free.
    #[inline(always)]
    pub(crate) fn wait<G>(&self, shard: usize, lock: impl FnOnce() -> G) -> G {
        let (guard, pending) = pending::wait(self.call(), shard, self.pending.get(), lock);
        self.pending.set(pending);
        guard
    }

    /// The operation has its first lock, for which it did not wait.
    pub(crate) fn holds(&self, shard: usize) {
        if self.pending.get() {
            pending::holds(self.call(), shard);
        }
    }
}

impl Drop for Span<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.pending.get() {
            pending::end(self.call());
        }
    }
}
