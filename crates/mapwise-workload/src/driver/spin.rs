//! Work outside the map between two operations, as a calibrated spin.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many turns of the spinning loop make one think time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Think {
    turns: u32,
}

impl Think {
    /// No time at all.
    pub(crate) const NONE: Self = Self { turns: 0 };

    /// Calibrates the loop for `think_ns` nanoseconds on this machine, now.
    pub(crate) fn calibrated(think_ns: u64) -> Self {
        if think_ns == 0 {
            return Self::NONE;
        }
        let turns_per_ns = fastest_turns_per_ns();
        let turns = (think_ns as f64 * turns_per_ns).round().max(1.0);
        Self { turns: turns.min(f64::from(u32::MAX)) as u32 }
    }

    /// Spins for the think time; nothing when there is none.
    #[inline(always)]
    pub(crate) fn think(self) {
        for turn in 0..self.turns {
            black_box(turn);
        }
    }
}

/// The best of several short trials: an interruption only ever makes a trial slower.
fn fastest_turns_per_ns() -> f64 {
    const TURNS: u32 = 100_000;
    (0..9)
        .map(|_| {
            let start = Instant::now();
            Think { turns: TURNS }.think();
            start.elapsed()
        })
        .min()
        .map_or(1.0, |best: Duration| f64::from(TURNS) / best.as_nanos().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_think_time_spins_not_at_all() {
        assert_eq!(Think::calibrated(0), Think { turns: 0 });
    }

    #[test]
    fn twice_the_think_time_is_about_twice_the_turns() {
        let once = f64::from(Think::calibrated(10_000).turns);
        let twice = f64::from(Think::calibrated(20_000).turns);
        assert!((1.2..3.4).contains(&(twice / once)), "{once} {twice}");
    }
}
