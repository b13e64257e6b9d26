//! How unevenly a load is spread, and whether chance explains it.
//!
//! One hot key and a bad hash look alike in the waits of the shards and need opposite advice: a hot key makes operations
//! uneven but not entries, a bad hash makes both uneven.

use crate::map::{HotKey, HotKeys, Shards};

/// A count for each shard, seen as one distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Skew {
    counts: Vec<u64>,
    total: u64,
}

impl Skew {
    /// The spread of `counts`, or nothing where there is nothing to spread or nothing to spread it over.
    #[must_use]
    pub fn of(counts: impl IntoIterator<Item = u64>) -> Option<Self> {
        let counts: Vec<u64> = counts.into_iter().collect();
        let total = counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count));
        (counts.len() > 1 && total > 0).then_some(Self { counts, total })
    }

    /// The largest count by the mean: 1 is even, the number of shards is all on one.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        let max = self.counts.iter().max().copied().unwrap_or(0);
        max as f64 / self.mean()
    }

    /// The share of the whole that shard `index` has.
    #[must_use]
    pub fn share(&self, index: usize) -> f64 {
        self.counts.get(index).map_or(0.0, |count| *count as f64 / self.total as f64)
    }

    /// Shards with more than `times` the mean that chance does not explain.
    ///
    /// Were each unit put on a random shard, one shard would exceed its mean so far with a probability of at most one
    /// in a million, by the Chernoff bound (Mitzenmacher and Upfal, Probability and Computing, 2005, theorem 4.4) over
    /// all shards.
    #[must_use]
    pub fn overloaded(&self, times: f64) -> Vec<usize> {
        const CHANCE: f64 = 1e-6;
        let mean = self.mean();
        let limit = (CHANCE / self.counts.len() as f64).ln();
        let beyond = |count: f64| count > times * mean && count - mean - count * (count / mean).ln() < limit;
        (0..self.counts.len()).filter(|index| beyond(self.counts[*index] as f64)).collect()
    }

    fn mean(&self) -> f64 {
        self.total as f64 / self.counts.len() as f64
    }
}

impl Shards {
    /// How entries are spread.
    #[must_use]
    pub fn entries(&self) -> Option<Skew> {
        Skew::of(self.each.iter().map(|shard| shard.len))
    }

    /// How operations are spread, where they were sampled.
    #[must_use]
    pub fn operations(&self) -> Option<Skew> {
        Skew::of(self.each.iter().map(|shard| shard.operations)).filter(|_| self.period > 0)
    }

    /// How waiting is spread.
    #[must_use]
    pub fn delay(&self) -> Option<Skew> {
        Skew::of(self.each.iter().map(|shard| shard.delay_ns))
    }
}

impl HotKeys {
    /// The share of all operations that surely were `key`'s.
    #[must_use]
    pub fn sure_share(&self, key: &HotKey) -> f64 {
        if self.sampled == 0 { 0.0 } else { key.count.saturating_sub(key.error) as f64 / self.sampled as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_load_is_no_skew() {
        let even = Skew::of([100; 64]).expect("a load");
        assert_eq!((even.ratio(), even.overloaded(2.0)), (1.0, Vec::new()));
        assert_eq!(Skew::of([5]), None);
        assert_eq!(Skew::of([0, 0]), None);
    }

    #[test]
    fn few_entries_are_no_evidence() {
        let mut counts = [0; 64];
        counts[3] = 3;
        counts[9] = 1;
        let skew = Skew::of(counts).expect("a load");
        assert!(skew.ratio() > 40.0);
        assert_eq!(skew.overloaded(2.0), Vec::<usize>::new(), "three entries meet in one of 64 shards by chance");
        counts[3] = 30;
        assert_eq!(Skew::of(counts).expect("a load").overloaded(2.0), [3]);
    }

    #[test]
    fn random_shards_are_hardly_ever_overloaded() {
        // A full-period generator (Knuth, MMIX), its top bits: as good as chance for this.
        let mut state = 1u64;
        for entries in [64, 640, 6_400] {
            for _ in 0..200 {
                let mut counts = [0u64; 64];
                for _ in 0..entries {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    counts[(state >> 58) as usize] += 1;
                }
                assert_eq!(Skew::of(counts).expect("a load").overloaded(1.0), Vec::<usize>::new());
            }
        }
    }
}
