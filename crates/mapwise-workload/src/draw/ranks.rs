//! How popular each rank is.

use mapwise_record::workload::Distribution;
use rand::RngExt;
use rand_distr::{Distribution as _, Zipf};

use super::Generator;

/// Draws ranks below a count; rank 0 is the most popular.
///
/// Zipf ranks come from `rand_distr::Zipf`, exact rejection sampling against a continuous hat
/// (Crease 2020; the idea is that of Hörmann and Derflinger, "Rejection-inversion to generate
/// variates from monotone discrete distributions", ACM TOMACS 6(3), 1996), which needs no table
/// and takes any exponent above 0.
#[derive(Clone, Debug)]
pub struct Ranks {
    count: u32,
    law: Law,
}

#[derive(Clone, Debug)]
enum Law {
    Uniform,
    Zipf(Zipf<f64>),
    HotSet { hot: u32, operations: f64 },
    Ordered { next: u32 },
}

impl Ranks {
    /// Returns a source of ranks below `count`.
    ///
    /// [`Distribution::Sequential`] goes through the ranks in order and starts over;
    /// [`Distribution::Recorded`] draws none and is refused.
    ///
    /// # Errors
    ///
    /// Refuses an empty range and parameters outside their range.
    pub fn new(distribution: Distribution, count: u32) -> Result<Self, DrawError> {
        if count == 0 {
            return Err(DrawError::NoKeys);
        }
        let law = match distribution {
            Distribution::Uniform => Law::Uniform,
            Distribution::Zipf { exponent } => {
                check_exponent(exponent)?;
                let zipf = Zipf::new(f64::from(count), exponent);
                Law::Zipf(zipf.map_err(|_| DrawError::Exponent(exponent))?)
            }
            Distribution::HotSet { keys, operations } => {
                check_share("hot keys", keys)?;
                check_share("operations on hot keys", operations)?;
                let hot = (f64::from(count) * keys).round() as u32;
                Law::HotSet { hot: hot.clamp(1, count), operations }
            }
            Distribution::Sequential => Law::Ordered { next: 0 },
            Distribution::Recorded => return Err(DrawError::Recorded),
        };
        Ok(Self { count, law })
    }

    /// Draws the next rank, below the count.
    pub fn draw(&mut self, generator: &mut Generator) -> u32 {
        let count = self.count;
        match &mut self.law {
            Law::Uniform => generator.random_range(0..count),
            // Rounding can carry the continuous draw one past the last rank.
            Law::Zipf(zipf) => (zipf.sample(generator) as u32).clamp(1, count) - 1,
            Law::HotSet { hot, operations } => {
                let is_hot = *hot == count || generator.random::<f64>() < *operations;
                if is_hot { generator.random_range(0..*hot) } else { generator.random_range(*hot..count) }
            }
            Law::Ordered { next } => {
                let rank = *next;
                *next = (rank + 1) % count;
                rank
            }
        }
    }
}

/// Refuses a Zipf exponent that is not a number above 0.
pub(crate) fn check_exponent(exponent: f64) -> Result<(), DrawError> {
    if exponent.is_finite() && exponent > 0.0 { Ok(()) } else { Err(DrawError::Exponent(exponent)) }
}

/// Refuses a share outside 0 to 1.
pub(crate) fn check_share(what: &'static str, share: f64) -> Result<(), DrawError> {
    if (0.0..=1.0).contains(&share) { Ok(()) } else { Err(DrawError::Share { what, share }) }
}

/// A distribution that cannot be drawn from.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawError {
    /// There is nothing to draw.
    #[error("the key space must have at least 1 key, got 0")]
    NoKeys,
    /// The exponent of Zipf's law.
    #[error("the Zipf exponent must be a number above 0, got {0}")]
    Exponent(f64),
    /// A share of a hot set.
    #[error("the share of {what} must be from 0 to 1, got {share}")]
    Share {
        /// Share of what.
        what: &'static str,
        /// The refused share.
        share: f64,
    },
    /// Recorded keys come from a trace.
    #[error("recorded keys are taken from a trace, they cannot be drawn")]
    Recorded,
}

#[cfg(test)]
mod tests {
    use super::super::generator;
    use super::*;

    /// Counts of the first `bins` ranks and of all ranks beyond, over `draws` draws.
    fn count(distribution: Distribution, keys: u32, bins: usize, draws: u32) -> Vec<u64> {
        let mut ranks = Ranks::new(distribution, keys).unwrap();
        let mut generator = generator(7, 0);
        let mut counts = vec![0; bins + 1];
        for _ in 0..draws {
            let rank = ranks.draw(&mut generator);
            assert!(rank < keys);
            counts[(rank as usize).min(bins)] += 1;
        }
        counts
    }

    /// Pearson's statistic, standardized: near 0 for a true model, above 5 practically never.
    fn chi_square_deviation(counts: &[u64], shares: &[f64]) -> f64 {
        let total: u64 = counts.iter().sum();
        let cells = counts.iter().zip(shares).filter(|(_, share)| **share > 0.0);
        let (sum, free) = cells.fold((0.0, -1.0), |(sum, free), (&seen, share)| {
            let expected = share * total as f64;
            let off = seen as f64 - expected;
            (sum + off * off / expected, free + 1.0)
        });
        (sum - free) / f64::sqrt(2.0 * free)
    }

    fn zipf_shares(exponent: f64, keys: u32, bins: usize) -> Vec<f64> {
        let weight = |rank: u32| f64::from(rank).powf(-exponent);
        let total: f64 = (1..=keys).rev().map(weight).sum();
        let mut shares: Vec<f64> = (1..=bins as u32).map(|r| weight(r) / total).collect();
        shares.push((bins as u32 + 1..=keys).rev().map(weight).sum::<f64>() / total);
        shares
    }

    #[test]
    fn zipf_frequencies_are_those_of_the_law() {
        for exponent in [0.2, 0.7, 0.99, 1.0, 1.000_000_1, 1.2, 2.6774, 8.0] {
            for keys in [1, 2, 10, 1_000, 200_000] {
                let bins = 30.min(keys as usize);
                let seen = count(Distribution::Zipf { exponent }, keys, bins, 200_000);
                let mut shares = zipf_shares(exponent, keys, bins);
                // Cells too rare for the approximation are left to the last one that is not.
                shares.iter_mut().filter(|s| **s < 5e-5).for_each(|s| *s = 0.0);
                if shares.iter().filter(|s| **s > 0.0).count() > 1 {
                    let off = chi_square_deviation(&seen, &shares);
                    assert!(off < 5.0, "exponent {exponent}, {keys} keys: {off}");
                }
            }
        }
    }

    #[test]
    fn zipf_reaches_the_far_end_of_the_largest_space() {
        let exponent = 0.5;
        let mut ranks = Ranks::new(Distribution::Zipf { exponent }, u32::MAX).unwrap();
        let mut generator = generator(3, 0);
        let draws = 100_000;
        let upper_half = (0..draws).filter(|_| ranks.draw(&mut generator) > u32::MAX / 2).count() as f64;
        // The integral of x^-1/2: 1 - sqrt(1/2) of the draws.
        let expected = 1.0 - f64::sqrt(0.5);
        assert!((upper_half / f64::from(draws) - expected).abs() < 0.008);
    }

    #[test]
    fn uniform_draws_every_key_equally_often() {
        let counts = count(Distribution::Uniform, 100, 99, 200_000);
        let off = chi_square_deviation(&counts, &[0.01; 100]);
        assert!(off < 5.0, "{off}");
    }

    #[test]
    fn a_hot_set_takes_its_share_of_the_operations() {
        let hot = Distribution::HotSet { keys: 0.1, operations: 0.8 };
        let counts = count(hot, 100, 99, 200_000);
        let shares: Vec<f64> = (0..100).map(|rank| if rank < 10 { 0.08 } else { 0.2 / 90.0 }).collect();
        let off = chi_square_deviation(&counts, &shares);
        assert!(off < 5.0, "{off}");
    }

    #[test]
    fn a_hot_set_of_everything_is_uniform() {
        let all = Distribution::HotSet { keys: 1.0, operations: 0.5 };
        let counts = count(all, 50, 49, 100_000);
        assert!(chi_square_deviation(&counts, &[0.02; 50]) < 5.0);
    }

    #[test]
    fn sequential_takes_each_key_once_in_order() {
        let mut ranks = Ranks::new(Distribution::Sequential, 3).unwrap();
        let mut generator = generator(0, 0);
        let drawn: Vec<u32> = (0..5).map(|_| ranks.draw(&mut generator)).collect();
        assert_eq!(drawn, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn senseless_parameters_are_refused() {
        for exponent in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Ranks::new(Distribution::Zipf { exponent }, 5).is_err());
        }
        let hot = Distribution::HotSet { keys: 1.5, operations: 0.5 };
        assert!(Ranks::new(hot, 5).is_err());
        assert!(Ranks::new(Distribution::Recorded, 5).is_err());
        assert_eq!(
            Ranks::new(Distribution::Uniform, 0).unwrap_err().to_string(),
            "the key space must have at least 1 key, got 0"
        );
    }
}
