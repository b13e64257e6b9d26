//! What a map tells the recorder itself, where its threads wait for something else than a lock of the seam's: for a thread that
//! owns the table, or for one that collects.
//!
//! - **after-wait**: a wait is recorded when it is over, and work when those who waited for it may go on.
//! - **idle-blames-nobody**: work that is over is nobody's reason to wait, so its site is taken back.

use std::{panic::Location, sync::Arc, time::Instant};

use mapwise_profile::Tier;

use super::{
    options::tier,
    pause::{self, elapsed},
    record::{Record, ShardRecord, Wait},
    sampling::hold_now_and_then,
    sites::{self, Site},
};
use crate::op::Op;

/// A map's end of the recorder, for any of its threads.
#[derive(Clone)]
pub(crate) struct Tally(Arc<Record>);

impl Tally {
    pub(super) fn of(record: &Arc<Record>) -> Self {
        Self(Arc::clone(record))
    }

    /// Says how many entries the map has now; whoever says so is alone with the table.
    pub(crate) fn entries(&self, now: usize) {
        self.0.tell_len(now);
    }

    /// Says that this thread may have replaced a table of the map.
    #[inline]
    pub(crate) fn grown(&self) {
        if pause::any() {
            self.0.replaced(0);
        }
    }

    /// Begins to wait for another thread; the site is the caller's.
    #[track_caller]
    pub(crate) fn waiting(&self, op: Op) -> Waiting<'_> {
        self.waiting_at(op, Location::caller())
    }

    /// Begins to wait for another thread, in a call at `site`.
    pub(crate) fn waiting_at(&self, op: Op, site: &'static Location<'static>) -> Waiting<'_> {
        let tier = tier();
        let holder =
            if tier == Tier::Sites { self.shard().map_or(Site::NONE, ShardRecord::holder) } else { Site::NONE };
        Waiting { record: &self.0, op, site, holder, since: (tier > Tier::Counters).then(Instant::now) }
    }

    /// Begins work that others wait for, asked for at `site`, if by a call; one in many is timed.
    pub(crate) fn working(&self, site: Option<&'static Location<'static>>) -> Working<'_> {
        let tier = tier();
        let is_timed = tier > Tier::Counters && hold_now_and_then();
        self.work(site, is_timed, tier == Tier::Sites)
    }

    /// As `working`, of a map that times all such work.
    pub(crate) fn collecting(&self, site: &'static Location<'static>) -> Working<'_> {
        let tier = tier();
        self.work(Some(site), tier > Tier::Counters, tier == Tier::Sites)
    }

    fn work(&self, site: Option<&'static Location<'static>>, is_timed: bool, is_shown: bool) -> Working<'_> {
        let intern = || site.map_or(Site::NONE, sites::intern);
        let shown = if is_shown { self.shard() } else { None };
        if let Some(shard) = shown {
            shard.show(intern());
        }
        let timed = is_timed.then(|| (intern(), Instant::now()));
        Working { record: &self.0, shown, timed }
    }

    fn shard(&self) -> Option<&ShardRecord> {
        self.0.shard(0).map(|(_, shard)| shard)
    }
}

/// A wait in progress; ends when dropped.
#[must_use]
pub(crate) struct Waiting<'map> {
    record: &'map Record,
    op: Op,
    site: &'static Location<'static>,
    holder: Site,
    /// None at tier 0, where no clock is read.
    since: Option<Instant>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.record.count_slow_path();
        if let Some(since) = self.since {
            let ns = elapsed(since);
            let Self { op, holder, .. } = *self;
            // after-wait.
            self.record
                .waited(Wait { waiter: sites::intern(self.site), holder, op, shard: Some(0), replaced: false }, ns);
        }
    }
}

/// Work in progress that others wait for; ends when dropped.
#[must_use]
pub(crate) struct Working<'map> {
    record: &'map Record,
    shown: Option<&'map ShardRecord>,
    timed: Option<(Site, Instant)>,
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        if let Some(shard) = self.shown {
            // idle-blames-nobody.
            shard.show(Site::NONE);
        }
        if let Some((site, since)) = self.timed {
            self.record.held(site, elapsed(since));
        }
    }
}
