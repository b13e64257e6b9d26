//! Durations by buckets that double, the same in every profile of a schema version.
//!
//! - **same-length**: `counts` has one element more than `bounds_ns`: the last counts what is above every bound.

use serde::{Deserialize, Serialize};

/// The inclusive upper bound of the first bucket, as a power of two of nanoseconds.
const FIRST: u32 = 6;
/// How many buckets have a bound: up to 2^35 ns, about 34 s.
const BOUNDED: usize = 30;

/// How many durations fell into each bucket.
///
/// Buckets have inclusive upper bounds, as in Prometheus, but are not cumulative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// Inclusive upper bounds in nanoseconds, ascending.
    pub bounds_ns: Vec<u64>,
    /// One for each bound, and one for what is above the last.
    pub counts: Vec<u64>,
    /// Sum of all durations.
    pub sum_ns: u64,
    /// The longest duration, 0 without any.
    pub max_ns: u64,
}

impl Histogram {
    /// How many buckets a recorder keeps: [`Histogram::bucket`] is always below it.
    pub const BUCKETS: usize = BOUNDED + 1;

    /// The bucket that a duration falls into.
    #[must_use]
    pub const fn bucket(ns: u64) -> usize {
        let log2 = 64 - ns.saturating_sub(1).leading_zeros();
        let bucket = log2.saturating_sub(FIRST) as usize;
        if bucket < BOUNDED { bucket } else { BOUNDED }
    }

    /// A histogram from what a recorder kept in the buckets of [`Histogram::bucket`].
    #[must_use]
    pub fn from_buckets(counts: [u64; Self::BUCKETS], sum_ns: u64, max_ns: u64) -> Self {
        let bounds_ns = (0..BOUNDED as u32).map(|index| 1 << (FIRST + index)).collect();
        Self { bounds_ns, counts: counts.to_vec(), sum_ns, max_ns }
    }

    /// How many durations there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// An upper bound of the duration that a share of all durations does not exceed, or nothing without any.
    ///
    /// It is the bound of a bucket, so at most twice the true value, and never above [`Histogram::max_ns`].
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let wanted = (share.clamp(0.0, 1.0) * self.count() as f64).ceil().max(1.0);
        let mut seen = 0.0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += *count as f64;
            if seen >= wanted {
                return Some(self.bounds_ns.get(index).map_or(self.max_ns, |bound| (*bound).min(self.max_ns)));
            }
        }
        None
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::from_buckets([0; Self::BUCKETS], 0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_bucket_whose_bound_it_does_not_exceed() {
        let bounds = Histogram::default().bounds_ns;
        for ns in (0..40).flat_map(|power| [(1u64 << power) - 1, 1 << power, (1 << power) + 1]).chain([u64::MAX]) {
            let expected = bounds.iter().position(|bound| ns <= *bound).unwrap_or(bounds.len());
            assert_eq!(Histogram::bucket(ns), expected, "{ns}");
        }
    }

    #[test]
    fn a_quantile_is_at_most_twice_the_truth() {
        let mut counts = [0; Histogram::BUCKETS];
        let times: Vec<u64> = (1..=1000).map(|step| step * 997).collect();
        for time in &times {
            counts[Histogram::bucket(*time)] += 1;
        }
        let histogram = Histogram::from_buckets(counts, times.iter().sum(), 997_000);
        for share in [0.01, 0.5, 0.9, 0.99, 1.0] {
            let truth = times[(share * 1000.0) as usize - 1];
            let told = histogram.quantile(share).expect("it is not empty");
            assert!((truth..=2 * truth).contains(&told), "{share}: {told} for {truth}");
        }
        assert_eq!(Histogram::default().quantile(0.5), None);
    }
}
