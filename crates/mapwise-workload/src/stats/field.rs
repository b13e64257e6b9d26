//! All candidates with their comparisons: what a verdict is read from.

use mapwise_record::run::Interval;

use super::candidate::{CandidateSamples, Settings};
use super::moderate::{Comparison, Comparisons};
use super::rounds::Rounds;

/// An interval may miss its figure in this share of runs, to both sides together.
pub(super) const ALPHA: f64 = 0.05;

/// Intervals are cut at this factor to either side, so that a run file can hold them.
const WIDEST_FACTOR: f64 = 1_000.0;

/// Everything measured, compared with every baseline candidate.
pub(super) struct Field<'a> {
    pub(super) candidates: &'a [CandidateSamples<'a>],
    pub(super) settings: &'a Settings,
    pub(super) rounds: Rounds,
    /// The best baseline candidate and the others against it.
    pub(super) best: Baseline,
    /// The other baseline candidates.
    pub(super) rest: Vec<Baseline>,
}

pub(super) struct Baseline {
    pub(super) candidate: usize,
    pub(super) others: Comparisons,
}

impl<'a> Field<'a> {
    /// `None` when no round was finished by all.
    pub(super) fn new(candidates: &'a [CandidateSamples<'a>], settings: &'a Settings) -> Option<Self> {
        let rounds = Rounds::new(candidates.iter().map(|candidate| candidate.samples));
        let measured = || rounds.candidates();
        let mut baselines: Vec<usize> = measured().filter(|c| candidates[*c].baseline).collect();
        if baselines.is_empty() {
            baselines.extend(measured().min_by_key(|c| candidates[*c].simplicity));
        }
        let level = |candidate: &usize| rounds.level(*candidate).unwrap_or(f64::NEG_INFINITY);
        baselines.sort_by(|a, b| level(b).total_cmp(&level(a)));
        let compared = |candidate| Baseline { candidate, others: Comparisons::new(&rounds, candidate) };
        let mut baselines = baselines.into_iter().map(compared);
        let best = (rounds.count() > 0).then(|| baselines.next())??;
        let rest = baselines.collect();
        Some(Self { candidates, settings, best, rest, rounds })
    }

    pub(super) fn baselines(&self) -> impl Iterator<Item = &Baseline> {
        std::iter::once(&self.best).chain(&self.rest)
    }

    /// Those who would have to win, against the best baseline candidate.
    pub(super) fn challengers(&self) -> impl Iterator<Item = &Comparison> {
        let is_baseline = |candidate| self.baselines().any(|b| b.candidate == candidate);
        self.best.others.iter().filter(move |of| !is_baseline(of.candidate))
    }

    pub(super) fn margin(&self) -> f64 {
        self.settings.margin.ln_1p()
    }
}

/// The share in which each of all intervals may miss, so that together they do in [`ALPHA`].
pub(super) fn alpha_each(rounds: &Rounds) -> f64 {
    ALPHA / (rounds.candidates().count().max(2) - 1) as f64
}

pub(super) fn interval(comparison: &Comparison, reach: f64) -> Interval {
    let half = (reach * comparison.error).min(WIDEST_FACTOR.ln());
    Interval {
        median: comparison.center.exp(),
        low: (comparison.center - half).exp(),
        high: (comparison.center + half).exp(),
    }
}
