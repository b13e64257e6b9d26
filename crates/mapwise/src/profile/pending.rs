//! What is known of an operation in progress that is not like most: it waited, its hold is timed, its site is shown.
//!
//! It is kept here and not in the operation's own frame, so that the others carry no more than one bit.
//!
//! - **nested**: operations of a thread nest as calls do, so the last entry belongs to the innermost operation that has one.
//! - **after-release**: what was measured is recorded when the operation ends, after its last lock was released. Only what is
//!   left of an operation's earlier locks and, at tier 2, the holder's site are written before.

use std::{cell::RefCell, panic::Location, time::Instant};

use mapwise_profile::Tier;

use super::{
    options::tier,
    pause::elapsed,
    record::{Record, ShardRecord, Wait},
    sampling::Armed,
    sites::{self, Site},
};
use crate::op::Op;

thread_local! {
    static PENDING: RefCell<Vec<Pending>> = const { RefCell::new(Vec::new()) };
}

#[derive(Default)]
struct Pending {
    armed: Armed,
    hash: Option<u64>,
    slow: Option<Slow>,
    held_since: Option<Instant>,
}

/// How a lock that was not free was waited for.
struct Slow {
    shard: usize,
    holder: Site,
    /// None at tier 0, where no clock is read.
    ns: Option<u64>,
    /// The shard's table was replaced meanwhile.
    replaced: bool,
}

/// An operation of a map.
#[derive(Clone, Copy)]
pub(super) struct Call<'map> {
    pub(super) record: &'map Record,
    pub(super) op: Op,
    pub(super) site: &'static Location<'static>,
}

/// Begins an entry; returns false if there can be none, since the thread is ending.
fn push(pending: Pending) -> bool {
    PENDING.try_with(|all| all.borrow_mut().push(pending)).is_ok()
}

/// Calls `change` with the last entry.
fn last(change: impl FnOnce(&mut Pending)) {
    let _ = PENDING.try_with(|all| all.borrow_mut().last_mut().map(change));
}

/// Begins the entry of an operation that is looked at.
pub(super) fn arm(armed: Armed, hash: Option<u64>) -> bool {
    push(Pending { armed, hash, ..Pending::default() })
}

/// Takes a lock that was not free, as the first of an operation that may have an entry; returns whether it has one now.
#[cold]
#[inline(never)]
pub(super) fn wait<G>(call: Call<'_>, shard: usize, has_entry: bool, lock: impl FnOnce() -> G) -> (G, bool) {
    let (guard, slow) = timed(call.record, shard, lock);
    if has_entry {
        last(|pending| pending.hold(call, shard, Some(slow)));
        return (guard, true);
    }
    (guard, push(Pending { slow: Some(slow), ..Pending::default() }))
}

/// Tells an operation that has an entry that it has its first lock, for which it did not wait.
pub(super) fn holds(call: Call<'_>, shard: usize) {
    last(|pending| pending.hold(call, shard, None));
}

/// Takes a lock, for an operation that has an entry.
#[cold]
#[inline(never)]
pub(super) fn lock<G>(
    call: Call<'_>,
    shard: usize,
    try_lock: impl FnOnce() -> Option<G>,
    lock: impl FnOnce() -> G,
) -> G {
    last(|pending| {
        // An operation that takes one lock after the other has released the one before; a transaction has not.
        if call.op != Op::Transact {
            pending.tell_hold(call);
        }
        pending.tell_wait(call);
    });
    let (guard, slow) = match try_lock() {
        Some(guard) => (guard, None),
        None => {
            let (guard, slow) = timed(call.record, shard, lock);
            (guard, Some(slow))
        }
    };
    last(|pending| pending.hold(call, shard, slow));
    guard
}

/// Ends an operation that has an entry.
#[cold]
#[inline(never)]
pub(super) fn end(call: Call<'_>) {
    // nested.
    if let Ok(Some(mut pending)) = PENDING.try_with(|all| all.borrow_mut().pop()) {
        pending.tell_hold(call);
        pending.tell_wait(call);
        if let (true, Some(hash)) = (pending.armed.key, pending.hash) {
            call.record.sampled(hash);
        }
    }
}

impl Pending {
    /// The operation has a lock.
    fn hold(&mut self, call: Call<'_>, shard: usize, slow: Option<Slow>) {
        self.slow = slow;
        if let (true, Some((_, shard))) = (self.armed.site, call.record.shard(shard)) {
            shard.show(sites::intern(call.site));
        }
        if self.armed.hold && self.held_since.is_none() {
            self.held_since = Some(Instant::now());
        }
    }

    fn tell_hold(&mut self, call: Call<'_>) {
        if let Some(since) = self.held_since.take() {
            call.record.held(sites::intern(call.site), elapsed(since));
        }
    }

    fn tell_wait(&mut self, call: Call<'_>) {
        let Some(slow) = self.slow.take() else { return };
        call.record.count_slow_path();
        if let Some(ns) = slow.ns {
            let (waiter, holder) = (sites::intern(call.site), slow.holder);
            call.record
                .waited(Wait { waiter, holder, op: call.op, shard: Some(slow.shard), replaced: slow.replaced }, ns);
        }
    }
}

/// Takes a lock that was not free.
fn timed<G>(record: &Record, shard: usize, lock: impl FnOnce() -> G) -> (G, Slow) {
    let tier = tier();
    if tier == Tier::Counters {
        return (lock(), Slow { shard, holder: Site::NONE, ns: None, replaced: false });
    }
    let of_shard = record.shard(shard).map(|(_, shard)| shard);
    let holder = of_shard.filter(|_| tier == Tier::Sites).map_or(Site::NONE, ShardRecord::holder);
    let replacements = || of_shard.map(ShardRecord::replacements);
    let before = replacements();
    let since = Instant::now();
    let guard = lock();
    let ns = elapsed(since);
    (guard, Slow { shard, holder, ns: Some(ns), replaced: replacements() != before })
}
