//! Comparisons of all candidates with one of them, with moderated variances.
//!
//! A dozen rounds say little about the noise of one candidate, and a t quantile far out in the
//! tail, as many candidates demand, punishes that hard. But the noise of all candidates together is
//! known well, so each variance is shrunk towards their mean, the more the more alike they are:
//! Smyth, "Linear models and empirical Bayes methods for assessing differential expression in
//! microarray experiments", Statistical Applications in Genetics and Molecular Biology 3(1), 2004.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::rounds::Rounds;

/// At most this many degrees of freedom are lent by the other candidates: more gains little, and
/// costs error where a few candidates are far noisier than the rest and the rounds are few.
const MAX_LENT: f64 = 16.0;

/// One candidate's mean log-ratio to the reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison {
    /// The candidate, by its position.
    pub(super) candidate: usize,
    /// The mean logarithm of its ratios.
    pub(super) center: f64,
    /// The standard error of the center.
    pub(super) error: f64,
}

impl Comparison {
    /// The lower end of the interval of `reach` standard errors.
    pub(super) fn low(&self, reach: f64) -> f64 {
        self.center - reach * self.error
    }

    /// The upper end of the interval of `reach` standard errors.
    pub(super) fn high(&self, reach: f64) -> f64 {
        self.center + reach * self.error
    }
}

/// All candidates against one reference.
#[derive(Clone, Debug)]
pub(super) struct Comparisons {
    of: Vec<Comparison>,
    rounds: f64,
    lent: f64,
}

impl Comparisons {
    /// Compares all candidates but `reference` with it.
    pub(super) fn new(rounds: &Rounds, reference: usize) -> Self {
        let count = rounds.count() as f64;
        let own = count - 1.0;
        let raw = rounds.candidates().filter(|c| *c != reference);
        let raw: Vec<(usize, f64, f64)> = raw
            .filter_map(|candidate| {
                let ratios = rounds.ratios(candidate, reference)?;
                let center = ratios.iter().sum::<f64>() / count;
                let squares: f64 = ratios.iter().map(|ratio| (ratio - center).powi(2)).sum();
                // A single round says nothing about the noise.
                let variance = if own > 0.0 { squares / own } else { f64::INFINITY };
                Some((candidate, center, variance))
            })
            .collect();
        let variances: Vec<f64> = raw.iter().map(|(_, _, variance)| *variance).collect();
        let (common, lent) = prior(&variances, own);
        let of = raw.into_iter().map(|(candidate, center, variance)| {
            let moderated = if lent > 0.0 { (lent * common + own * variance) / (lent + own) } else { variance };
            Comparison { candidate, center, error: (moderated / count).sqrt() }
        });
        Self { of: of.collect(), rounds: count, lent }
    }

    /// All comparisons, in the order of the candidates.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Comparison> {
        self.of.iter()
    }

    /// The comparison of one candidate.
    pub(super) fn of(&self, candidate: usize) -> Option<&Comparison> {
        self.of.iter().find(|of| of.candidate == candidate)
    }

    /// How many standard errors wide an interval is to each side that misses at most `alpha`.
    pub(super) fn reach(&self, alpha: f64) -> f64 {
        self.reach_after(alpha, self.rounds)
    }

    /// The same after `rounds` rounds, in today's standard errors.
    pub(super) fn reach_after(&self, alpha: f64, rounds: f64) -> f64 {
        student(1.0 - alpha / 2.0, rounds - 1.0 + self.lent) * (self.rounds / rounds).sqrt()
    }
}

/// The variance towards which the others are shrunk, and how many degrees of freedom it lends.
///
/// The logarithms of sample variances vary by trigamma(own / 2) when the true variances are equal;
/// what they vary more says how different these are. The mean of the variances, rather than of
/// their logarithms, errs on the wide side.
fn prior(variances: &[f64], own: f64) -> (f64, f64) {
    let count = variances.len() as f64;
    if variances.len() < 2 || own <= 0.0 {
        return (0.0, 0.0);
    }
    let common = variances.iter().sum::<f64>() / count;
    // Identical samples have no noise to compare, and no logarithm.
    let floor = (common * 1e-6).max(f64::MIN_POSITIVE);
    let logs: Vec<f64> = variances.iter().map(|v| v.max(floor).ln()).collect();
    let mean = logs.iter().sum::<f64>() / count;
    let spread = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let excess = spread - trigamma(own / 2.0);
    let lent = if excess > trigamma(MAX_LENT / 2.0) { 2.0 * inverse_trigamma(excess) } else { MAX_LENT };
    (common, lent)
}

/// The second derivative of the logarithm of the gamma function, for `x` above 0.
///
/// Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, 6.4.6 and 6.4.12.
fn trigamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 8.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    sum + 1.0 / x + square / 2.0 + square / x * (1.0 / 6.0 - square * (1.0 / 30.0 - square / 42.0))
}

/// Where the falling function [`trigamma`] has the value `y`, by bisection.
fn inverse_trigamma(y: f64) -> f64 {
    let (mut low, mut high) = (1e-3_f64, 1e3_f64);
    for _ in 0..50 {
        let middle = (low * high).sqrt();
        if trigamma(middle) > y {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The quantile of Student's t distribution.
fn student(share: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(share))
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn trigamma_has_its_known_values() {
        assert!((trigamma(1.0) - PI * PI / 6.0).abs() < 1e-9);
        assert!((trigamma(0.5) - PI * PI / 2.0).abs() < 1e-9);
        assert!((trigamma(20.0) - 0.051_270_823).abs() < 1e-8);
        for x in [0.01, 0.5, 3.0, 50.0] {
            assert!((inverse_trigamma(trigamma(x)) / x - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        assert!((student(0.975, 9.0) - 2.262).abs() < 1e-3);
        assert!((student(0.999, 10.0) - 4.144).abs() < 1e-3);
        assert_eq!(student(0.975, 0.0), f64::INFINITY);
    }

    #[test]
    fn alike_variances_lend_more_than_different_ones() {
        let (common, lent) = prior(&[1.0, 1.1, 0.9, 1.05], 9.0);
        assert!((common - 1.0125).abs() < 1e-12);
        assert_eq!(lent, MAX_LENT);
        let (_, lent) = prior(&[0.01, 1.0, 100.0, 10.0], 9.0);
        assert!(lent < 1.0, "{lent}");
        assert_eq!(prior(&[1.0], 9.0), (0.0, 0.0));
        assert!(prior(&[0.0, 0.0], 9.0).1.is_finite());
    }
}
