//! Durations by bucket, counted by many threads.

use std::sync::atomic::{AtomicU64, Ordering};

use mapwise_profile::Histogram;

/// A histogram that is being filled.
#[derive(Debug, Default)]
pub(super) struct Times {
    counts: [AtomicU64; Histogram::BUCKETS],
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
}

impl Times {
    pub(super) fn add(&self, ns: u64) {
        // Relaxed, here and below: counts stand for themselves; a reader may see one of them before another.
        self.counts[Histogram::bucket(ns)].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
        self.max_ns.fetch_max(ns, Ordering::Relaxed);
    }

    /// Adds what was counted so far to `total`.
    pub(super) fn add_to(&self, total: &mut Total) {
        for (sum, count) in total.counts.iter_mut().zip(&self.counts) {
            *sum += count.load(Ordering::Relaxed);
        }
        total.sum_ns += self.sum_ns.load(Ordering::Relaxed);
        total.max_ns = total.max_ns.max(self.max_ns.load(Ordering::Relaxed));
    }
}

/// What several [`Times`] counted together.
#[derive(Default)]
pub(super) struct Total {
    counts: [u64; Histogram::BUCKETS],
    sum_ns: u64,
    max_ns: u64,
}

impl From<Total> for Histogram {
    fn from(total: Total) -> Self {
        Self::from_buckets(total.counts, total.sum_ns, total.max_ns)
    }
}
