//! Which operations are looked at more closely.
//!
//! - **unbiased**: each operation is sampled with the same probability, whatever went before. Distances between samples are
//!   geometric, from the first operation on, so no pattern of operations falls in step with them, threads of few operations
//!   count like any other, and a distance may be cut anywhere and drawn anew.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use mapwise_profile::Tier;

/// One operation in this many is looked at: its key, its shard.
pub(super) const KEY_PERIOD: u64 = 256;

/// One operation in this many has the time taken for which it held its lock.
pub(super) const HOLD_PERIOD: u64 = 1024;

/// The most operations of one kind that a thread does on a map between two looks at the tier.
pub(super) const LOOK: u64 = 1024;

/// How many bits a drawn number has.
const DRAWN: u32 = 29;

/// What is done about one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Armed {
    /// It stands for others.
    pub(super) sample: bool,
    /// The key is counted.
    pub(super) key: bool,
    /// The hold is timed.
    pub(super) hold: bool,
    /// The call site is shown to those who wait.
    pub(super) site: bool,
}

impl Armed {
    /// What every operation has at `tier`, and on top of it, if it is `due`, what a sample has.
    pub(super) fn at(tier: Tier, due: bool) -> Self {
        const SHARE: u64 = HOLD_PERIOD / KEY_PERIOD;
        let key = due && tier >= Tier::Contention;
        let hold = key && u64::from(draw()).is_multiple_of(SHARE);
        Self { sample: due, key, hold, site: tier == Tier::Sites }
    }

    /// What a counted operation has for each further lock at `tier`.
    pub(super) fn again(tier: Tier) -> Self {
        let hold = tier >= Tier::Contention && hold_now_and_then();
        Self { sample: false, key: false, hold, site: tier == Tier::Sites }
    }

    /// Whether anything is left to be done when the operation has its lock.
    #[inline(always)]
    pub(super) fn at_lock(self) -> bool {
        self.hold || self.site
    }

    /// Whether anything is left to be done when the operation has its lock, or has released it.
    pub(super) fn later(self) -> bool {
        self.key || self.hold || self.site
    }
}

thread_local! {
    static SEED: Cell<u32> = const { Cell::new(0) };
}

static THREADS: AtomicU64 = AtomicU64::new(0);

/// How many threads have used a map so far.
pub(super) fn threads() -> u64 {
    // Relaxed: a count.
    THREADS.load(Ordering::Relaxed)
}

/// Whether one operation of a thread that counts none of its own is a sample.
pub(super) fn now_and_then() -> bool {
    u64::from(draw()).is_multiple_of(KEY_PERIOD)
}

/// Whether a hold is timed that is of no counted operation.
pub(super) fn hold_now_and_then() -> bool {
    u64::from(draw()).is_multiple_of(HOLD_PERIOD)
}

/// The operations up to the next sample, it included: geometric, with the period as its mean.
pub(super) fn distance() -> u64 {
    // In (0, 1]; by inversion (Devroye, Non-Uniform Random Variate Generation, 1986).
    let uniform = f64::from(draw() + 1) / f64::from(1_u32 << DRAWN);
    let refused = 1.0 - 1.0 / KEY_PERIOD as f64;
    1 + (uniform.ln() / refused.ln()) as u64
}

/// The next number of the thread's own sequence, of [`DRAWN`] bits.
fn draw() -> u32 {
    SEED.with(|cell| {
        let mut seed = cell.get();
        if seed == 0 {
            // Relaxed: see `threads`.
            let thread = THREADS.fetch_add(1, Ordering::Relaxed) as u32;
            // Different in each thread, so that threads that do the same are not sampled at the same places.
            seed = (thread.wrapping_mul(0x9E37_79B9) ^ std::process::id().rotate_left(16)) | 1;
        }
        // Xorshift (Marsaglia, Journal of Statistical Software, 2003).
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        cell.set(seed);
        // Its lowest bits are its weakest.
        seed >> (32 - DRAWN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_have_the_period_as_their_mean() {
        const DRAWS: u64 = 100_000;
        let sum: u64 = (0..DRAWS).map(|_| distance()).sum();
        let mean = sum as f64 / DRAWS as f64;
        // Six standard deviations of a mean of geometric numbers, which deviate by their mean.
        let allowed = 6.0 * KEY_PERIOD as f64 / (DRAWS as f64).sqrt();
        assert!((mean - KEY_PERIOD as f64).abs() < allowed, "{mean}");
    }

    #[test]
    fn counters_alone_arm_nothing_and_sites_arm_everything() {
        assert_eq!(Armed::at(Tier::Counters, true), Armed { sample: true, ..Armed::default() });
        assert_eq!(Armed::at(Tier::Contention, false), Armed::default());
        assert!(Armed::at(Tier::Contention, true).key);
        assert!(Armed::at(Tier::Sites, false).site);
    }
}
