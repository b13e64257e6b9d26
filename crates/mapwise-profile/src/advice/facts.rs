//! What the rules ask of a map, worked out once.

use std::collections::HashMap;

use crate::map::{Access, MapProfile, Site};
use crate::profile::Profile;

/// A map and its surroundings.
pub(super) struct Facts<'a> {
    pub(super) map: &'a MapProfile,
    /// Threads that used maps, at least 1.
    pub(super) threads: u64,
    /// How many of them can run at a time.
    pub(super) running: u64,
    pub(super) span_ns: u64,
    /// The time that the threads had, all together.
    pub(super) thread_time_ns: f64,
}

/// A place that others waited for.
pub(super) struct Holder<'a> {
    pub(super) site: &'a Site,
    /// How long others waited for it.
    pub(super) blamed_ns: u64,
    pub(super) contentions: u64,
    /// How long it waited itself.
    pub(super) waited_ns: u64,
}

impl<'a> Facts<'a> {
    pub(super) fn of(profile: &Profile, map: &'a MapProfile) -> Self {
        let threads = profile.process.threads.max(1);
        let cores = u64::from(profile.process.cores.max(1));
        Self {
            map,
            threads,
            running: threads.min(cores),
            span_ns: profile.span_ns,
            thread_time_ns: profile.span_ns as f64 * threads as f64,
        }
    }

    /// The share of the threads' time that they waited for this map.
    pub(super) fn waited(&self) -> f64 {
        if self.thread_time_ns > 0.0 { self.map.delay_ns as f64 / self.thread_time_ns } else { 0.0 }
    }

    /// Time waited in operations that read.
    pub(super) fn read_delay_ns(&self) -> u64 {
        self.sum(Access::Read, |operation| operation.delay_ns)
    }

    /// Whether it is a `Map`: its locks are of a few entries each, and its reads wait for nothing but a writer that has one.
    pub(super) fn locks_buckets(&self) -> bool {
        self.map.kind == "Map"
    }

    /// At most how many operations held a lock.
    pub(super) fn holds(&self) -> u64 {
        let [reads, writes] = self.reads_and_writes();
        // Most reads of a `Map` take no lock; where they do they share it, and that a hundredth is generous for.
        let reads = if self.locks_buckets() { reads / 100 } else { reads };
        reads.saturating_add(writes)
    }

    fn reads_and_writes(&self) -> [u64; 2] {
        [Access::Read, Access::Write].map(|access| self.sum(access, |operation| operation.count()))
    }

    /// The share of operations that may write.
    pub(super) fn writes(&self) -> f64 {
        let [reads, writes] = self.reads_and_writes();
        crate::number::share(writes, reads.saturating_add(writes))
    }

    fn sum(&self, access: Access, figure: fn(&crate::map::Operation) -> u64) -> u64 {
        let of_kind = self.map.operations.iter().filter(|operation| operation.access == access);
        of_kind.fold(0, |sum: u64, operation| sum.saturating_add(figure(operation)))
    }

    /// Time waited that has a holder, and the holder that others waited for longest.
    pub(super) fn worst_holder(&self) -> Option<(u64, Holder<'a>)> {
        let mut holders: HashMap<&Site, (u64, u64)> = HashMap::new();
        let mut waiters: HashMap<&Site, u64> = HashMap::new();
        let mut attributed: u64 = 0;
        for row in &self.map.matrix {
            let Some(holder) = &row.holder else { continue };
            let blamed = holders.entry(holder).or_default();
            *blamed = (blamed.0.saturating_add(row.delay_ns), blamed.1.saturating_add(row.contentions));
            let waited = waiters.entry(&row.waiter).or_default();
            *waited = waited.saturating_add(row.delay_ns);
            attributed = attributed.saturating_add(row.delay_ns);
        }
        let (site, (blamed_ns, contentions)) = holders.into_iter().max_by_key(|(site, blamed)| (*blamed, *site))?;
        let waited_ns = waiters.get(site).copied().unwrap_or(0);
        Some((attributed, Holder { site, blamed_ns, contentions, waited_ns }))
    }
}
