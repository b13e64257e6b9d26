//! The seam with the recorder beside it: operations are told to the body that watches and to the map's meter.
//!
//! Neither knows of the other, so checked mode may be on or off. What is not here goes to the body alone: a call that is
//! done by another thread, marks, and everything that names keys.

use std::{ops::Deref, panic::Location};

pub(crate) use super::body::{Call, KeyHash, KeyText, Watch, means};
use super::{Change, MapType, Op, body};
pub(crate) use crate::profile::{Tally, Waiting, disregard_pauses, growing, pause};
use crate::{
    locks::Take,
    profile::{self, Asked, Gauge, Locate, Meter, Span},
};

/// A map's end of the seam.
pub(crate) struct Seam {
    body: body::Seam,
    meter: Meter,
}

impl Seam {
    /// The seam of a map of a kind.
    #[track_caller]
    pub(crate) fn of(kind: MapType) -> Self {
        Self { body: body::Seam::of(kind), meter: Meter::new(kind.name) }
    }

    /// Says what the map's entries are, how many independently locked parts it has, and in which one a hash is.
    pub(crate) fn shape<K, V>(&self, shards: usize, locate: Locate) {
        self.meter.shape::<K, V>(shards, locate);
    }

    pub(crate) fn name(&self, name: &str) {
        self.meter.name(name);
        self.body.name(name);
    }

    /// Says where the map counts its entries itself.
    pub(crate) fn counts_in(&self, gauge: &(impl Gauge + Clone + 'static)) {
        self.meter.counts_in(gauge.clone());
    }

    /// The recorder's end for threads that do what others ask for.
    pub(crate) fn tally(&self) -> Tally {
        self.meter.tally()
    }

    /// Says that every hold is timed, and not one in many.
    pub(crate) fn times_all_holds(&self) {
        self.meter.times_all_holds();
    }

    /// Says that a shard, whose lock is held, may have another number of entries now, or another table.
    #[inline(always)]
    pub(crate) fn shard_len(&self, shard: impl FnOnce() -> usize, before: usize, now: usize) {
        if before != now {
            self.meter.shard_len(shard(), before, now);
        }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn begin(&self, op: Op, hash: Option<u64>) -> Scope<'_> {
        Scope { span: self.meter.begin(op, hash), body: self.body.begin(op, hash) }
    }

    /// Enters an operation again that was counted before.
    #[track_caller]
    pub(crate) fn begin_again(&self, op: Op) -> Scope<'_> {
        Scope { span: self.meter.again(op), body: self.body.begin(op, None) }
    }

    /// Does an operation that takes the lock of one shard; `job` runs with the lock, and releases it.
    ///
    /// The count is stored after the lock is taken: a store that is on its way when a lock is taken delays it.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn locked<T: Take, R>(
        &self,
        (op, hash): (Op, u64),
        shard: impl FnOnce() -> usize,
        lock: T,
        job: impl FnOnce(&Scope<'_>, T::Guard) -> R,
    ) -> R {
        let body = self.body.begin(op, Some(hash));
        let (guard, span) = match lock.attempt() {
            Some(guard) if self.meter.count_if_plain(op) => (guard, self.meter.plain(op)),
            guard => self.locked_slowly((op, hash), shard(), guard, lock),
        };
        job(&Scope { span, body }, guard)
    }

    /// As `locked`, for an operation that looks.
    ///
    /// `job`, which is short then, is compiled twice, so that where nothing is left to be recorded nothing is carried along.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn locked_to_look<T: Take, R>(
        &self,
        (op, hash): (Op, u64),
        shard: impl FnOnce() -> usize,
        lock: T,
        job: impl FnOnce(&Scope<'_>, T::Guard) -> R,
    ) -> R {
        let body = self.body.begin(op, Some(hash));
        match lock.attempt() {
            Some(guard) if self.meter.count_if_plain(op) => job(&Scope { span: self.meter.plain(op), body }, guard),
            guard => self.look_slowly((op, hash), body, shard(), guard, Apart((lock, job))),
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn look_slowly<T: Take, R>(
        &self,
        call: (Op, u64),
        body: body::Scope<'_>,
        shard: usize,
        guard: Option<T::Guard>,
        Apart((lock, job)): Apart<(T, impl FnOnce(&Scope<'_>, T::Guard) -> R)>,
    ) -> R {
        let (guard, span) = self.locked_slowly(call, shard, guard, lock);
        job(&Scope { span, body }, guard)
    }

    /// Begins an operation that has to wait or is to be looked at; `guard` is of its lock, if that was free.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn locked_slowly<T: Take>(
        &self,
        (op, hash): (Op, u64),
        shard: usize,
        guard: Option<T::Guard>,
        lock: T,
    ) -> (T::Guard, Span<'_>) {
        let span = self.meter.resume(op, hash, guard.is_some());
        let guard = match guard {
            Some(guard) => {
                span.holds(shard);
                guard
            }
            None => span.wait(shard, || lock.wait()),
        };
        (guard, span)
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn look(&self, op: Op, hash: Option<u64>) -> Call<'_> {
        self.meter.count(op, hash, true);
        self.body.look(op, hash)
    }

    /// An operation that has no scope, as what counts its misses.
    #[inline(always)]
    pub(crate) fn errand<'a>(&'a self, op: Op, call: &'a Call<'a>) -> Errand<'a> {
        Errand { call, asked: self.meter.asked(op) }
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn saw(&self, op: Op, hash: u64, found: bool) {
        self.meter.count(op, Some(hash), found);
        self.body.saw(op, hash, found);
    }

    /// Begins an operation of a map whose operations mostly wait for nobody: it is counted by `Pass::count` or `slow`.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn pass(&self, op: Op, hash: Option<u64>) -> Pass<'_> {
        Pass { op, site: Location::caller(), meter: &self.meter, body: self.body.begin(op, hash) }
    }

    /// Counts and begins an operation that looks at one key and mostly takes no lock.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn glance(&self, op: Op, hash: u64) -> Pass<'_> {
        self.meter.glance(op, hash);
        self.pass(op, Some(hash))
    }

    /// Goes on with an operation that may wait or is to be looked at, before it takes a lock.
    #[inline(always)]
    pub(crate) fn slow<'a>(&'a self, call: &'a Call<'a>, (op, hash): (Op, Option<u64>), site: Site) -> Slow<'a> {
        Slow { call, slow: self.meter.slow((op, hash), site) }
    }

    /// Goes on with a look at a key that was counted and may wait.
    pub(crate) fn wait_in(&self, op: Op, hash: u64, site: Site) -> impl Drop {
        self.meter.go_on((op, Some(hash)), site)
    }

    /// Begins what an operation does for the map and not for its caller, and may wait for.
    pub(crate) fn upkeep(&self) -> impl Drop {
        self.meter.upkeep()
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn later(&self, op: Op) -> Call<'static> {
        self.meter.count(op, None, true);
        self.body.later(op)
    }
}

/// A copy of what is passed to the uncommon case.
///
/// Closures are passed by address. Without a copy that only the uncommon case makes, the common one would have to write
/// out everything they capture as well, before it takes the lock.
struct Apart<T>(T);

/// An operation in progress on this thread; ends when dropped, on panic too.
#[must_use]
pub(crate) struct Scope<'map> {
    // First, so that it ends first: what the body does at its end is no part of the operation.
    span: Span<'map>,
    body: body::Scope<'map>,
}

impl Deref for Seam {
    type Target = body::Seam;

    #[inline(always)]
    fn deref(&self) -> &body::Seam {
        &self.body
    }
}

impl<'map> Deref for Scope<'map> {
    type Target = Call<'map>;

    #[inline(always)]
    fn deref(&self) -> &Call<'map> {
        &self.body
    }
}

/// An operation without a scope here: that of another thread, or one that takes none. Its misses are counted as a scope's are.
#[derive(Clone, Copy)]
pub(crate) struct Errand<'a> {
    call: &'a Call<'a>,
    asked: Asked<'a>,
}

impl<'a> Errand<'a> {
    #[inline(always)]
    pub(crate) fn call(self) -> &'a Call<'a> {
        self.call
    }

    #[inline(always)]
    pub(crate) fn saw(self, found: bool) {
        if !found {
            self.asked.missed();
        }
        self.call.saw(found);
    }

    #[inline(always)]
    pub(crate) fn wrote(self, hash: u64, change: Change) {
        self.asked.changed(change);
        self.call.wrote(hash, change);
    }

    #[inline(always)]
    pub(crate) fn decided(self, hash: u64, change: Option<Change>) {
        self.asked.decided(change);
        self.call.decided(hash, change);
    }
}

impl<'a> Deref for Errand<'a> {
    type Target = Call<'a>;

    #[inline(always)]
    fn deref(&self) -> &Call<'a> {
        self.call
    }
}

impl Scope<'_> {
    /// The operation, for the thread that does it.
    #[inline(always)]
    pub(crate) fn errand(&self) -> Errand<'_> {
        Errand { call: &self.body, asked: self.span.asked() }
    }

    /// Takes the lock of a shard.
    #[inline(always)]
    pub(crate) fn lock<T: Take>(&self, shard: usize, lock: T) -> T::Guard {
        self.span.lock(shard, || lock.attempt(), || lock.wait())
    }

    /// How many reads this one is counted for where not each is counted; mostly none.
    #[inline(always)]
    pub(crate) fn stands_for(&self) -> u64 {
        self.span.stands_for()
    }

    /// Says that the table of a shard, whose lock is held, may have been replaced.
    #[inline(always)]
    pub(crate) fn replaced(&self, shard: usize) {
        self.span.grown(shard);
    }

    #[inline(always)]
    pub(crate) fn saw(&self, found: bool) {
        self.errand().saw(found);
    }

    #[inline(always)]
    pub(crate) fn wrote(&self, hash: u64, change: Change) {
        self.errand().wrote(hash, change);
    }

    #[inline(always)]
    pub(crate) fn decided(&self, hash: u64, change: Option<Change>) {
        self.errand().decided(hash, change);
    }
}

/// Where an operation was called.
pub(crate) type Site = &'static Location<'static>;

/// An operation in progress that has met nobody so far. Nothing is to be recorded at its end.
#[must_use]
pub(crate) struct Pass<'map> {
    op: Op,
    site: Site,
    meter: &'map Meter,
    body: body::Scope<'map>,
}

impl<'map> Deref for Pass<'map> {
    type Target = Call<'map>;

    #[inline(always)]
    fn deref(&self) -> &Call<'map> {
        &self.body
    }
}

impl Pass<'_> {
    /// Whether to be counted, when it has its lock, is all that is left to do. Otherwise it goes on with `Seam::slow`.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        self.meter.is_plain(self.op)
    }

    /// Counts it, which is plain.
    #[inline(always)]
    pub(crate) fn count(&self) {
        self.meter.count_plain(self.op);
    }

    #[inline(always)]
    pub(crate) fn site(&self) -> Site {
        self.site
    }

    /// The key was not there, or its entry was not to be changed; told when the lock is released.
    #[inline(always)]
    pub(crate) fn met_nothing(&self) {
        self.meter.asked(self.op).missed();
    }

    #[inline(always)]
    pub(crate) fn saw(&self, found: bool) {
        Errand { call: &self.body, asked: self.meter.asked(self.op) }.saw(found);
    }
}

/// An operation in progress that may wait; ends when dropped, which is after its locks were released.
#[must_use]
pub(crate) struct Slow<'map> {
    slow: profile::Slow<'map>,
    call: &'map Call<'map>,
}

impl<'map> Deref for Slow<'map> {
    type Target = Call<'map>;

    #[inline(always)]
    fn deref(&self) -> &Call<'map> {
        self.call
    }
}

impl Slow<'_> {
    /// The operation has the lock that is `lock`.
    #[inline(always)]
    pub(crate) fn holds<T>(&self, lock: &T) {
        self.slow.holds(std::ptr::from_ref(lock).addr());
        self.call.locked();
    }

    /// The same, where the caller says itself that it has what it waited for.
    #[inline(always)]
    pub(crate) fn holds_too<T>(&self, lock: &T) {
        self.slow.holds(std::ptr::from_ref(lock).addr());
    }

    /// The operation, which goes from lock to lock, has this one now and released the one before.
    #[inline(always)]
    pub(crate) fn holds_instead<T>(&self, lock: &T) {
        self.slow.holds_instead(std::ptr::from_ref(lock).addr());
    }

    /// The key was not there, or its entry was not to be changed.
    #[inline(always)]
    pub(crate) fn met_nothing(&self) {
        self.slow.asked().missed();
    }

    #[inline(always)]
    fn errand(&self) -> Errand<'_> {
        Errand { call: self.call, asked: self.slow.asked() }
    }

    #[inline(always)]
    pub(crate) fn saw(&self, found: bool) {
        self.errand().saw(found);
    }

    #[inline(always)]
    pub(crate) fn wrote(&self, hash: u64, change: Change) {
        self.errand().wrote(hash, change);
    }

    #[inline(always)]
    pub(crate) fn decided(&self, hash: u64, change: Option<Change>) {
        self.errand().decided(hash, change);
    }
}
