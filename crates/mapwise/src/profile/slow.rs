//! Operations of `Map` that may wait, grow the table, or be looked at. The others are counted, and that is all.
//!
//! - **after-release**: what was measured is recorded when it is dropped: it is made before the locks are taken, so that is
//!   after they are released. Only the holder's site is shown before.

use std::{cell::Cell, panic::Location, time::Instant};

use super::{
    holders::{self, Shown},
    meter::Asked,
    notes::{self, Notes},
    pause::elapsed,
    record::{Record, Wait},
    sampling::Armed,
    sites,
};
use crate::op::Op;

/// An operation in progress that may wait; ends when dropped.
#[must_use]
pub(crate) struct Slow<'map> {
    record: &'map Record,
    op: Op,
    hash: Option<u64>,
    site: &'static Location<'static>,
    armed: Armed,
    rare: Cell<Option<Rare>>,
}

/// What few of them need.
struct Rare {
    /// What was noted for the operation that this one is inside of.
    outer: Option<Notes>,
    notes: Notes,
    held_since: Option<Instant>,
    shown: Vec<Shown>,
}

impl Rare {
    const NONE: Self = Self { outer: None, notes: Notes::NONE, held_since: None, shown: Vec::new() };
}

impl<'map> Slow<'map> {
    #[inline(always)]
    pub(super) fn new(
        record: &'map Record,
        (op, hash): (Op, Option<u64>),
        site: &'static Location<'static>,
        armed: Armed,
    ) -> Self {
        let slow = Self { record, op, hash, site, armed, rare: Cell::new(None) };
        if notes::any() {
            slow.change(|rare| rare.outer = Some(notes::take()));
        }
        slow
    }

    /// What counts its misses.
    #[inline(always)]
    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked { record: self.record, op: self.op }
    }

    /// The operation has the lock at this address, perhaps one of several.
    #[inline(always)]
    pub(crate) fn holds(&self, lock: usize) {
        if self.armed.at_lock() || notes::any() {
            self.note_hold(lock);
        }
    }

    /// The operation has the lock at this address, and none before.
    #[inline(always)]
    pub(crate) fn holds_instead(&self, lock: usize) {
        if self.armed.at_lock() || notes::any() {
            self.tell_hold();
            self.note_hold(lock);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_hold(&self) {
        self.change(|rare| {
            rare.shown.clear();
            if let Some(since) = rare.held_since.take() {
                self.record.held(sites::intern(self.site), elapsed(since));
            }
        });
    }

    #[cold]
    #[inline(never)]
    fn change(&self, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.rare.take().unwrap_or(Rare::NONE);
        change(&mut rare);
        self.rare.set(Some(rare));
    }

    #[cold]
    #[inline(never)]
    fn note_hold(&self, lock: usize) {
        let (armed, site) = (self.armed, self.site);
        self.change(|rare| {
            // Before the user's code, whose operations would take it along.
            rare.notes.add(notes::take().until_now());
            if armed.site {
                rare.shown.extend(holders::show(lock, sites::intern(site)));
            }
            if armed.hold && rare.held_since.is_none() {
                rare.held_since = Some(Instant::now());
            }
        });
    }

    #[cold]
    #[inline(never)]
    fn tell(&self) {
        if let Some(rare) = self.rare.take() {
            self.tell_rare(rare);
        } else if notes::any() {
            self.tell_rare(Rare::NONE);
        }
        if let (true, Some(hash)) = (self.armed.key, self.hash) {
            self.record.sampled(hash);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_rare(&self, Rare { outer, mut notes, held_since, shown }: Rare) {
        let held_ns = held_since.map(elapsed);
        drop(shown);
        notes.add(notes::take());
        if let Some(outer) = outer {
            notes::put_back(outer);
        }
        let Self { record, op, hash, site, .. } = *self;
        if let Some(ns) = held_ns {
            // It grows a table after it has released its lock.
            record.held(sites::intern(site), ns.saturating_sub(notes.growth_ns));
        }
        if notes.growth_ns > 0 {
            record.resizes.add(notes.growth_ns);
        }
        if notes.waited {
            record.count_slow_path();
        }
        if notes.since.is_some() {
            let shard = hash.and_then(|hash| record.shard_of(hash));
            let wait = Wait { waiter: sites::intern(site), holder: notes.holder, op, shard, replaced: notes.replaced };
            record.waited(wait, notes.wait_ns);
        }
    }
}

impl Drop for Slow<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.armed.later() || notes::any() || self.rare.get_mut().is_some() {
            self.tell();
        }
    }
}
