//! What only the recorder is told, in builds without it: it compiles to nothing, but for samples of reads.

use std::{ops::Deref, panic::Location};

use super::{
    Call, Op, Scope, Seam,
    clock::{Clock, PERIOD},
};
use crate::locks::Take;

thread_local! {
    static READS: Clock = const { Clock::new(PERIOD as u32, 0x2545_F491) };
}

/// Begins the replacement of a table.
#[inline(always)]
pub(crate) fn pause() {}

/// Forgets the replacements of tables that are no map's yet, or no longer.
#[inline(always)]
pub(crate) fn disregard_pauses() {}

/// The recorder's end for threads that do what others ask for.
#[derive(Clone)]
pub(crate) struct Tally;

impl Tally {
    #[inline(always)]
    pub(crate) fn entries(&self, _now: usize) {}

    #[inline(always)]
    pub(crate) fn grown(&self) {}

    #[inline(always)]
    pub(crate) fn waiting(&self, _op: Op) -> Nothing {
        Nothing
    }

    #[inline(always)]
    pub(crate) fn waiting_at(&self, _op: Op, _site: &'static Location<'static>) -> Nothing {
        Nothing
    }

    #[inline(always)]
    pub(crate) fn working(&self, _site: Option<&'static Location<'static>>) -> Nothing {
        Nothing
    }

    #[inline(always)]
    pub(crate) fn collecting(&self, _site: &'static Location<'static>) -> Nothing {
        Nothing
    }
}

/// An operation without a scope here.
#[derive(Clone, Copy)]
pub(crate) struct Errand<'a>(&'a Call<'a>);

impl<'a> Errand<'a> {
    #[inline(always)]
    pub(crate) fn call(&self) -> &'a Call<'a> {
        self.0
    }
}

impl<'a> Deref for Errand<'a> {
    type Target = Call<'a>;

    #[inline(always)]
    fn deref(&self) -> &Call<'a> {
        self.0
    }
}

/// Begins to replace a part of a table, piece by piece, while others go on.
#[inline(always)]
pub(crate) fn growing() -> Nothing {
    Nothing
}

/// Stands for what would be recorded when it is dropped.
#[must_use]
pub(crate) struct Nothing;

/// A wait for a lock of an engine, of which there may be none.
#[derive(Debug)]
pub(crate) struct Waiting;

impl Waiting {
    #[inline(always)]
    pub(crate) const fn none() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn meet(&mut self, _lock: usize, _state: u64) {}

    #[inline(always)]
    pub(crate) fn over(&mut self, _state: u64) {}
}

/// An operation in progress that has met nobody so far.
pub(crate) type Pass<'map> = Scope<'map>;

/// An operation in progress that may wait.
pub(crate) struct Slow<'map>(&'map Call<'map>);

impl<'map> Deref for Slow<'map> {
    type Target = Call<'map>;

    #[inline(always)]
    fn deref(&self) -> &Call<'map> {
        self.0
    }
}

/// Where an operation was called.
#[derive(Clone, Copy)]
pub(crate) struct Site;

impl Seam {
    #[inline(always)]
    pub(crate) fn tally(&self) -> Tally {
        Tally
    }

    #[inline(always)]
    pub(crate) fn times_all_holds(&self) {}

    #[inline(always)]
    #[track_caller]
    pub(crate) fn begin_again(&self, op: Op) -> Scope<'_> {
        self.begin(op, None)
    }

    /// An operation that has no scope.
    #[inline(always)]
    pub(crate) fn errand<'a>(&'a self, _op: Op, call: &'a Call<'a>) -> Errand<'a> {
        Errand(call)
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
    #[track_caller]
    pub(crate) fn pass(&self, op: Op, hash: Option<u64>) -> Pass<'_> {
        self.begin(op, hash)
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn glance(&self, op: Op, hash: u64) -> Pass<'_> {
        self.begin(op, Some(hash))
    }

    #[inline(always)]
    pub(crate) fn slow<'a>(&'a self, call: &'a Call<'a>, _of: (Op, Option<u64>), _site: Site) -> Slow<'a> {
        Slow(call)
    }

    #[inline(always)]
    pub(crate) fn wait_in(&self, _op: Op, _hash: u64, _site: Site) -> Nothing {
        Nothing
    }

    #[inline(always)]
    pub(crate) fn upkeep(&self) -> Nothing {
        Nothing
    }

    #[inline(always)]
    pub(crate) fn shard_len(&self, _shard: impl FnOnce() -> usize, _before: usize, _now: usize) {}

    #[inline(always)]
    pub(crate) fn counts_in<T>(&self, _gauge: &T) {}
}

impl Slow<'_> {
    /// The operation has the lock that is `lock`.
    #[inline(always)]
    pub(crate) fn holds<T>(&self, _lock: &T) {
        self.locked();
    }

    #[inline(always)]
    pub(crate) fn holds_too<T>(&self, _lock: &T) {}

    #[inline(always)]
    pub(crate) fn holds_instead<T>(&self, _lock: &T) {}

    #[inline(always)]
    pub(crate) fn met_nothing(&self) {}
}

impl Scope<'_> {
    /// The operation, for the thread that does it.
    #[inline(always)]
    pub(crate) fn errand(&self) -> Errand<'_> {
        Errand(self)
    }

    #[inline(always)]
    pub(crate) fn met_nothing(&self) {}

    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        true
    }

    #[inline(always)]
    pub(crate) fn count(&self) {}

    #[inline(always)]
    pub(crate) fn site(&self) -> Site {
        Site
    }

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
