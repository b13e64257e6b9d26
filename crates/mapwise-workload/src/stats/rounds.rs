//! The throughputs of all candidates in the rounds that all of them finished.

use std::collections::{BTreeMap, BTreeSet};

use mapwise_record::run::Sample;

use super::bootstrap::{by_round, middle};

/// Fewer rounds than this say too little about what is usual for any sample to be called unusual.
const MIN_ROUNDS_TO_CLIP: usize = 8;

/// Residuals beyond this many standard deviations are drawn in: Huber's function with the usual
/// generous bound, which leaves normal noise practically alone.
const CLIP_DEVIATIONS: f64 = 3.0;

/// The standard deviation of normal noise over its median absolute deviation.
const DEVIATION_PER_MAD: f64 = 1.4826;

/// Sweeps of the median polish; it has practically converged after two.
const SWEEPS: usize = 3;

/// Logarithms of throughput: a row a candidate, a column a round.
#[derive(Clone, Debug)]
pub(super) struct Rounds {
    rows: Vec<Row>,
    count: usize,
}

#[derive(Clone, Debug)]
struct Row {
    candidate: usize,
    logs: Vec<f64>,
}

impl Rounds {
    /// Collects the rounds in which every candidate has a sample.
    ///
    /// Candidates with less than half the rounds of the others, which were given up on the way,
    /// are left out instead of taking the rounds of the others with them.
    pub(super) fn new<'a>(candidates: impl Iterator<Item = &'a [Sample]>) -> Self {
        let all: Vec<BTreeMap<u32, f64>> = candidates.map(by_round).collect();
        let most = all.iter().map(BTreeMap::len).max().unwrap_or(0);
        let kept = |rounds: &BTreeMap<u32, f64>| !rounds.is_empty() && rounds.len() * 2 >= most;
        let common = all
            .iter()
            .filter(|rounds| kept(rounds))
            .map(|rounds| rounds.keys().copied().collect::<BTreeSet<u32>>())
            .reduce(|a, b| &a & &b)
            .unwrap_or_default();
        let rows = all.iter().enumerate().filter(|(_, rounds)| kept(rounds));
        let rows =
            rows.map(|(candidate, rounds)| Row { candidate, logs: common.iter().map(|round| rounds[round]).collect() });
        let mut rounds = Self { rows: rows.collect(), count: common.len() };
        rounds.clip_outliers();
        rounds
    }

    /// How many rounds there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The candidates that have a row, by their position.
    pub(super) fn candidates(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().map(|row| row.candidate)
    }

    /// The mean logarithm of a candidate.
    pub(super) fn level(&self, candidate: usize) -> Option<f64> {
        let logs = self.logs(candidate)?;
        Some(logs.iter().sum::<f64>() / logs.len() as f64)
    }

    /// The logarithms of the ratios of one candidate to another, by round.
    pub(super) fn ratios(&self, candidate: usize, to: usize) -> Option<Vec<f64>> {
        let pairs = self.logs(candidate)?.iter().zip(self.logs(to)?);
        Some(pairs.map(|(a, b)| a - b).collect())
    }

    fn logs(&self, candidate: usize) -> Option<&[f64]> {
        let row = self.rows.iter().find(|row| row.candidate == candidate)?;
        (self.count > 0).then_some(&row.logs)
    }

    /// Draws in what is left of each sample after its candidate's and its round's typical value.
    ///
    /// Typical values come from Tukey's median polish (Tukey, "Exploratory Data Analysis", 1977),
    /// the bound from the median absolute residual of the candidate or of all, whichever is larger:
    /// a neighbor on the machine that takes a third of one sample must not decide the comparison,
    /// nor blow up the interval of the candidate that it hit.
    ///
    /// Residuals are then stretched by the share that was not drawn in. Means and variances of the
    /// result are those of a one-step M-estimate (Bickel, "One-step Huber estimates in the linear
    /// model", JASA 70, 1975); without this, intervals are too narrow.
    fn clip_outliers(&mut self) {
        if self.count < MIN_ROUNDS_TO_CLIP {
            return;
        }
        let residuals = self.residuals();
        let size = |values: &[f64]| {
            let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
            middle(&mut sizes)
        };
        let of_all = size(&residuals.concat());
        let bounds =
            residuals.iter().map(|residuals| CLIP_DEVIATIONS * DEVIATION_PER_MAD * size(residuals).max(of_all));
        let bounds: Vec<f64> = bounds.collect();
        let within = residuals.iter().zip(&bounds).map(|(residuals, bound)| {
            let within = residuals.iter().filter(|residual| residual.abs() <= *bound);
            within.count()
        });
        let kept = within.sum::<usize>() as f64 / (self.count * self.rows.len()) as f64;
        for ((row, residuals), bound) in self.rows.iter_mut().zip(&residuals).zip(bounds) {
            for (log, residual) in row.logs.iter_mut().zip(residuals) {
                *log += residual.clamp(-bound, bound) / kept - residual;
            }
        }
    }

    fn residuals(&self) -> Vec<Vec<f64>> {
        let mut rows: Vec<Vec<f64>> = self.rows.iter().map(|row| row.logs.clone()).collect();
        for _ in 0..SWEEPS {
            for row in &mut rows {
                let typical = middle(&mut row.clone());
                row.iter_mut().for_each(|value| *value -= typical);
            }
            for round in 0..self.count {
                let mut column: Vec<f64> = rows.iter().map(|row| row[round]).collect();
                let typical = middle(&mut column);
                rows.iter_mut().for_each(|row| row[round] -= typical);
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(operations: &[u64]) -> Vec<Sample> {
        let sample = |(round, &operations): (usize, &u64)| Sample {
            round: round as u32,
            position: 0,
            operations,
            elapsed_ns: 1_000_000,
            slowest_thread: 1.0,
        };
        operations.iter().enumerate().map(sample).collect()
    }

    fn rounds(candidates: &[Vec<Sample>]) -> Rounds {
        Rounds::new(candidates.iter().map(Vec::as_slice))
    }

    #[test]
    fn only_rounds_that_all_finished_count() {
        let complete = samples(&[100, 110, 120, 130]);
        let interrupted = samples(&[100, 110, 120]);
        let given_up = samples(&[100]);
        let rounds = rounds(&[complete, interrupted, given_up, Vec::new()]);
        assert_eq!(rounds.count(), 3);
        assert!(rounds.candidates().eq([0, 1]));
        assert_eq!(rounds.ratios(0, 2), None);
        assert!(rounds.ratios(0, 1).unwrap().iter().all(|log| log.abs() < 1e-12));
    }

    #[test]
    fn an_outlier_is_drawn_in_and_a_slow_round_is_left() {
        let steady = |noise: u64| -> Vec<u64> { (0..10).map(|r| 1_000 + r * noise % 17).collect() };
        let mut rows: Vec<Vec<u64>> = [3, 5, 7, 11, 13].map(steady).to_vec();
        rows[0][4] = 700;
        // One round that is slow for all is no outlier of anybody.
        rows.iter_mut().for_each(|row| row[8] /= 2);
        let rows: Vec<Vec<Sample>> = rows.iter().map(|row| samples(row)).collect();
        let rounds = rounds(&rows);
        let ratios = rounds.ratios(0, 1).unwrap();
        assert!(ratios[4].abs() < 0.1, "{ratios:?}");
        let halved = rounds.logs(0).unwrap()[8] - rounds.logs(0).unwrap()[7];
        assert!((halved - 0.5_f64.ln()).abs() < 0.05);
    }

    #[test]
    fn nothing_measured_is_no_round() {
        let rounds = rounds(&[Vec::new(), Vec::new()]);
        assert_eq!(rounds.count(), 0);
        assert_eq!(rounds.level(0), None);
    }
}
