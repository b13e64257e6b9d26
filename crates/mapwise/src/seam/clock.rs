//! A clock that strikes once in a while, for counts that need not be exact.

use std::cell::Cell;

/// One tick in this many strikes.
pub(super) const PERIOD: u64 = 64;

/// Strikes once in [`PERIOD`] ticks on average, at irregular distances, so that no pattern of reads escapes it.
pub(super) struct Clock {
    left: Cell<u32>,
    seed: Cell<u32>,
}

impl Clock {
    pub(super) const fn new(left: u32, seed: u32) -> Self {
        Self { left: Cell::new(left), seed: Cell::new(seed) }
    }

    #[inline]
    pub(super) fn tick(&self) -> bool {
        let left = self.left.get() - 1;
        self.left.set(left);
        left == 0 && self.strike()
    }

    #[cold]
    fn strike(&self) -> bool {
        // Xorshift (Marsaglia, Journal of Statistical Software, 2003).
        let mut seed = self.seed.get();
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        self.seed.set(seed);
        // Uniform in 1..=127, whose mean is PERIOD.
        self.left.set(1 + seed % (2 * PERIOD as u32 - 1));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_strikes_once_in_its_period_on_average() {
        let clock = Clock::new(1, 7);
        let strikes = (0..6_400_000).filter(|_| clock.tick()).count();
        assert!((99_000..101_000).contains(&strikes), "{strikes}");
    }
}
