//! The counters of one map that one thread owns.
//!
//! - **one-writer**: a stripe that is owned is written by the thread whose index it has, and by nobody else: see
//!   `thread_index`. A load and a store then count exactly (see `count`), and no cache line is shared but with who reads the
//!   profile.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use mapwise_profile::Tier;
use parking_lot::Mutex;

use super::{
    count::{Count, MOST_LEFT},
    sampling::{Armed, LOOK, distance},
    sketch::Sketch,
    times::Times,
};
use crate::op::Op;

const _: () = assert!(LOOK <= MOST_LEFT);

/// Counters by operation.
#[derive(Default)]
pub(super) struct Stripe {
    counts: [Count; Op::COUNT],
    slow_paths: AtomicU64,
    rare: OnceLock<Box<Rare>>,
}

/// What is counted only now and then; made when it is first needed.
#[derive(Default)]
pub(super) struct Rare {
    pub(super) waits: Times,
    pub(super) holds: Times,
    pub(super) contentions: [AtomicU64; Op::COUNT],
    pub(super) delay_ns: [AtomicU64; Op::COUNT],
    /// Locked by the thread that owns the stripe, while it holds no lock of the map, and by who reads the profile.
    pub(super) hot_keys: Mutex<Sketch>,
}

impl Stripe {
    /// What the thread that owns the stripe counts calls in.
    #[inline(always)]
    pub(super) fn count(&self, op: Op) -> &Count {
        &self.counts[op as usize]
    }

    /// Counts a call that is not plain, and says when to look again.
    pub(super) fn look(&self, op: Op, tier: Tier) -> Armed {
        let count = &self.counts[op as usize];
        // With this one.
        let calls = count.calls() + 1;
        let sample = count.sample();
        // unbiased: what went by while nothing was sampled does not matter.
        let drawn = if sample < calls { calls - 1 + distance() } else { sample };
        let due = drawn == calls;
        let sample = if due { calls + distance() } else { drawn };
        let left = match tier {
            Tier::Counters | Tier::Contention => (sample - calls).min(LOOK),
            Tier::Sites => 1,
        };
        count.arm(sample, left - 1);
        Armed::at(tier, due)
    }

    /// Counts that the key of the last call was absent.
    #[inline(always)]
    pub(super) fn miss(&self, op: Op) {
        self.counts[op as usize].miss();
    }

    /// Counts a call of any thread, without looks.
    pub(super) fn count_shared(&self, op: Op) {
        self.counts[op as usize].count_shared();
    }

    /// As `miss`, for any thread.
    pub(super) fn miss_shared(&self, op: Op) {
        self.counts[op as usize].miss_shared();
    }

    pub(super) fn count_slow_path(&self) {
        self.slow_paths.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }

    /// How often `op` was called, and how often the key was absent.
    pub(super) fn counted(&self, op: Op) -> (u64, u64) {
        let count = &self.counts[op as usize];
        // Misses first: a call that is counted between the two is then taken for a hit, and never the difference negative
        // for more than a moment.
        let misses = count.misses();
        (count.calls(), misses)
    }

    pub(super) fn slow_paths(&self) -> u64 {
        self.slow_paths.load(Ordering::Relaxed)
    }

    /// What is counted now and then, if it was needed.
    pub(super) fn made(&self) -> Option<&Rare> {
        self.rare.get().map(|rare| &**rare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Stripe {
        fn call(&self, op: Op, tier: Tier) -> Option<Armed> {
            (!self.count(op).count_if_plain()).then(|| self.look(op, tier))
        }
    }

    fn sampled(tier: Tier, calls: u64) -> (f64, f64) {
        let stripe = Stripe::default();
        let (mut keys, mut holds) = (0, 0);
        for _ in 0..calls {
            if let Some(armed) = stripe.call(Op::View, tier) {
                keys += u32::from(armed.key);
                holds += u32::from(armed.hold);
                assert_eq!(armed.site, tier == Tier::Sites);
            }
        }
        assert_eq!(stripe.counted(Op::View), (calls, 0));
        (f64::from(keys), f64::from(holds))
    }

    /// Whether a count is within six standard deviations of its mean.
    fn near(count: f64, mean: f64) -> bool {
        (count - mean).abs() < 6.0 * mean.sqrt()
    }

    #[test]
    fn one_call_in_the_period_is_sampled_on_average() {
        for tier in [Tier::Contention, Tier::Sites] {
            let (keys, holds) = sampled(tier, 4 << 20);
            assert!(near(keys, f64::from(4 << 12)), "{tier:?}: {keys} keys");
            assert!(near(holds, f64::from(4 << 10)), "{tier:?}: {holds} holds");
        }
        assert_eq!(sampled(Tier::Counters, 1 << 20), (0.0, 0.0));
    }

    #[test]
    fn threads_of_few_calls_are_sampled_as_often_as_long_ones() {
        const THREADS: u64 = 100_000;
        for calls in [1, 3, 40] {
            let keys: f64 = (0..THREADS).map(|_| sampled(Tier::Contention, calls).0).sum();
            assert!(near(keys, (THREADS * calls / 256) as f64), "{calls}: {keys}");
        }
    }

    #[test]
    fn no_pattern_of_calls_escapes() {
        for kinds in [2, 3, 64, 256] {
            let stripe = Stripe::default();
            let mut seen = vec![0_u32; kinds];
            for call in 0..2_000_000_usize {
                if stripe.call(Op::View, Tier::Contention).is_some_and(|armed| armed.key) {
                    seen[call % kinds] += 1;
                }
            }
            let mean = f64::from(seen.iter().sum::<u32>()) / kinds as f64;
            assert!(seen.iter().all(|&n| near(f64::from(n), mean)), "{kinds}: mean {mean}, {seen:?}");
        }
    }

    #[test]
    fn a_tier_that_is_raised_is_noticed_in_time() {
        let stripe = Stripe::default();
        stripe.call(Op::View, Tier::Counters);
        let noticed = (1..).find(|_| stripe.call(Op::View, Tier::Sites).is_some_and(|armed| armed.site));
        assert!(noticed.is_some_and(|calls| calls <= LOOK), "{noticed:?}");
    }
}
