//! How many more rounds would probably settle an unresolved comparison.

use super::candidate::{DEFAULT_ROUNDS, MIN_ROUNDS};
use super::field::{ALPHA, Field, alpha_each};
use super::moderate::{Comparison, Comparisons};

/// More additional rounds than this are not worth proposing.
pub(super) const MAX_MORE_ROUNDS: u32 = 200;

/// Standard errors to spare, so that the proposed rounds suffice in 80 % of cases, not in half.
const SPARE_ERRORS: f64 = 0.84;

impl Field<'_> {
    /// How many more rounds make a win of the leader likely or, when it measures below the margin,
    /// a tie of all; `None` when it is too many.
    pub(super) fn rounds_to_settle(&self, leader: &Comparison) -> Option<u32> {
        let count = self.rounds.count();
        if count < MIN_ROUNDS {
            return Some(DEFAULT_ROUNDS - count as u32);
        }
        if leader.center > self.margin() {
            let alpha = alpha_each(&self.rounds);
            let needed = self.baselines().map(|baseline| {
                let of = baseline.others.of(leader.candidate)?;
                self.rounds_until_clear(&baseline.others, of, alpha)
            });
            needed.collect::<Option<Vec<u32>>>()?.into_iter().max()
        } else {
            let others = &self.best.others;
            let needed = others.iter().map(|of| {
                let clear = of.high(others.reach(ALPHA)) < self.margin();
                if clear { Some(0) } else { self.rounds_until_clear(others, of, ALPHA) }
            });
            needed.collect::<Option<Vec<u32>>>()?.into_iter().max()
        }
    }

    /// How many more rounds probably bring an interval clear of the margin: its width falls with
    /// the square root of their number.
    ///
    /// A center that is close to the margin is not taken at its word before the interval is half as
    /// wide as the margin: until then the next rounds are likely to move it.
    fn rounds_until_clear(&self, others: &Comparisons, of: &Comparison, alpha: f64) -> Option<u32> {
        let count = self.rounds.count() as f64;
        let distance = (of.center - self.margin()).abs().max(self.margin() / 2.0);
        let suffices = |more: u32| {
            let rounds = count + f64::from(more);
            let spare = SPARE_ERRORS * (count / rounds).sqrt();
            (others.reach_after(alpha, rounds) + spare) * of.error < distance
        };
        if !suffices(MAX_MORE_ROUNDS) {
            return None;
        }
        let (mut too_few, mut enough) = (0, MAX_MORE_ROUNDS);
        while enough - too_few > 1 {
            let middle = u32::midpoint(too_few, enough);
            if suffices(middle) {
                enough = middle;
            } else {
                too_few = middle;
            }
        }
        Some(enough)
    }
}
