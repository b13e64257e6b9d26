//! Samples whose truth is known.
//!
//! The noise is that of a small shared machine: every candidate has its own coefficient of
//! variation between 3 and 10 % with the tails of Student's t with 3 degrees of freedom, every
//! round drifts by 10 %, and one sample in 20 is slowed down by 30 %.

use std::ops::Range;

use mapwise_record::run::{Sample, Verdict};
use mapwise_workload::draw::{Generator, generator};
use mapwise_workload::stats::{CandidateSamples, Settings, decide};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal, StudentT};

pub(crate) const CANDIDATES: usize = 22;
pub(crate) const BASELINES: usize = 4;
pub(crate) const ROUNDS: u32 = mapwise_workload::stats::DEFAULT_ROUNDS;
/// Coefficients of variation of the samples of one candidate.
pub(crate) const NOISE: Range<f64> = 0.03..0.10;
pub(crate) const TRIALS: u64 = 1_000;

/// One simulated run: candidates with known ratios, measured for any number of rounds.
pub(crate) struct Run {
    generator: Generator,
    truth: Vec<f64>,
    noise: Vec<f64>,
    pub(crate) samples: Vec<Vec<Sample>>,
}

impl Run {
    pub(crate) fn new(trial: u64, truth: Vec<f64>) -> Self {
        Self::with_noise(trial, truth, NOISE)
    }

    pub(crate) fn with_noise(trial: u64, truth: Vec<f64>, noise: Range<f64>) -> Self {
        let mut generator = generator(trial, 0);
        let noise = truth.iter().map(|_| generator.random_range(noise.clone()));
        Self { noise: noise.collect(), samples: vec![Vec::new(); truth.len()], generator, truth }
    }

    pub(crate) fn measure(mut self, rounds: u32) -> Self {
        let tails = StudentT::new(3.0).unwrap();
        for _ in 0..rounds {
            let drift: f64 = StandardNormal.sample(&mut self.generator);
            for candidate in 0..self.truth.len() {
                // The variance of Student's t with 3 degrees of freedom is 3.
                let noise = tails.sample(&mut self.generator) / f64::sqrt(3.0);
                let slow = self.generator.random::<f64>() < 0.05;
                let log = 0.1 * drift + self.noise[candidate] * noise;
                let rate = self.truth[candidate] * log.exp() * if slow { 0.7 } else { 1.0 };
                let samples = &mut self.samples[candidate];
                samples.push(Sample {
                    round: samples.len() as u32,
                    position: candidate as u32,
                    operations: (rate * 1e6) as u64,
                    elapsed_ns: 100_000_000,
                    slowest_thread: 1.0,
                });
            }
        }
        self
    }

    pub(crate) fn candidates(&self) -> Vec<CandidateSamples<'_>> {
        let ids: Vec<&'static str> = (0..self.truth.len()).map(|c| ID[c]).collect();
        let candidate = |(position, samples)| CandidateSamples {
            id: ids[position],
            name: ids[position],
            baseline: position < BASELINES,
            simplicity: position as u32,
            samples,
            p99_ns: None,
        };
        let samples = self.samples.iter().map(Vec::as_slice);
        samples.enumerate().map(candidate).collect()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        decide(&self.candidates(), &Settings::default()).unwrap()
    }
}

pub(crate) const ID: [&str; CANDIDATES] =
    ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v"];

/// All equal but those in `others`.
pub(crate) fn equal_but(others: &[(usize, f64)]) -> Vec<f64> {
    let mut truth = vec![1.0; CANDIDATES];
    for &(candidate, ratio) in others {
        truth[candidate] = ratio;
    }
    truth
}

/// The percentage of trials of which `claim` is true.
pub(crate) fn rate(what: &str, claim: impl Fn(u64) -> bool) -> f64 {
    let percentage = (0..TRIALS).filter(|trial| claim(*trial)).count() as f64 * 100.0 / TRIALS as f64;
    println!("{what}: {percentage:.1} %");
    percentage
}
