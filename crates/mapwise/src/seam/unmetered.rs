//! What only the recorder is told, in builds without it: it compiles to nothing, but for samples of reads.

use super::{
    Op, Scope, Seam,
    clock::{Clock, PERIOD},
};
use crate::locks::Take;

thread_local! {
    static READS: Clock = const { Clock::new(PERIOD as u32, 0x2545_F491) };
}

/// Begins the replacement of a table.
#[inline(always)]
pub(crate) fn pause() {}

impl Seam {
    #[inline(always)]
    #[track_caller]
    pub(crate) fn begin_again(&self, op: Op) -> Scope<'_> {
        self.begin(op, None)
    }

    #[inline(always)]
    pub(crate) fn shape<K, V>(&self, _shards: usize, _locate: fn(usize, u64) -> usize) {}

    #[inline(always)]
    #[track_caller]
    pub(crate) fn locked<T: Take, R>(
        &self,
        (op, hash): (Op, u64),
        _shard: impl FnOnce() -> usize,
        lock: T,
        job: impl FnOnce(&Scope<'_>, T::Guard) -> R,
    ) -> R {
        let scope = self.begin(op, Some(hash));
        job(&scope, lock.wait())
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn locked_to_look<T: Take, R>(
        &self,
        call: (Op, u64),
        shard: impl FnOnce() -> usize,
        lock: T,
        job: impl FnOnce(&Scope<'_>, T::Guard) -> R,
    ) -> R {
        self.locked(call, shard, lock, job)
    }

    #[inline(always)]
    pub(crate) fn shard_len(&self, _shard: impl FnOnce() -> usize, _before: usize, _now: usize) {}

    #[inline(always)]
    pub(crate) fn counts_in<T>(&self, _gauge: &T) {}
}

impl Scope<'_> {
    #[inline(always)]
    pub(crate) fn lock<T: Take>(&self, _shard: usize, lock: T) -> T::Guard {
        lock.wait()
    }

    /// How many reads this one is counted for where not each is counted; mostly none.
    #[inline(always)]
    pub(crate) fn stands_for(&self) -> u64 {
        if READS.with(Clock::tick) { PERIOD } else { 0 }
    }

    #[inline(always)]
    pub(crate) fn replaced(&self, _shard: usize) {}
}
