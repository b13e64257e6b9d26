//! Which candidate to take, and how sure that is.
//!
//! - **Win**: the candidate beats *every* baseline candidate by more than the margin, each with the
//!   lower end of an interval that holds for all candidates together (Bonferroni). Beating all of
//!   them needs no correction for having picked the baseline by its measured throughput
//!   (intersection-union test: Berger, "Multiparameter hypothesis testing and acceptance sampling",
//!   Technometrics 24(4), 1982), and since the intervals hold together, the one of the best
//!   candidate does too, although it was picked for its luck as well as its merit.
//! - **Tie**: against one of the baseline candidates, *no* other candidate's interval reaches the
//!   margin. All must pass, so each one's plain 95 % interval will do (the same test).
//! - **Unresolved**: neither.
//!
//! Among candidates that the samples show to be equal, the simplest is taken. How the intervals are
//! made, and how often the verdict errs, is in `docs/decisions/0004-verdict-statistics.md`.

use mapwise_record::run::{Interval, Verdict, VerdictKind};

use super::candidate::{CandidateSamples, MIN_ROUNDS, Settings, VerdictError};
use super::field::{ALPHA, Baseline, Field, alpha_each, interval};
use super::moderate::{Comparison, Comparisons};
use super::outlook::MAX_MORE_ROUNDS;
use super::rounds::Rounds;
use super::sentence::{latency, more_rounds, percent, time_option, times};

/// Decides which candidate to take at one thread count.
///
/// The baseline is the best of the candidates marked so, or the simplest of all when none is. The
/// verdict's ratio of a win, and of an unresolved comparison, is that of [`ratios`]; of a tie it is
/// the best alternative's, with its plain 95 % interval.
///
/// # Errors
///
/// Refuses a senseless margin and candidates without a common round.
///
/// # Examples
///
/// ```
/// use mapwise_record::run::{Sample, VerdictKind};
/// use mapwise_workload::stats::{CandidateSamples, Settings, decide};
///
/// let samples = |operations| -> Vec<Sample> {
///     let sample = |round| Sample {
///         round,
///         position: 0,
///         operations: operations + 7 * u64::from(round % 3),
///         elapsed_ns: 1_000_000,
///         slowest_thread: 1.0,
///     };
///     (0..12).map(sample).collect()
/// };
/// let (locked, sharded) = (samples(10_000), samples(23_000));
/// let candidate = |id, baseline, samples| CandidateSamples {
///     id,
///     name: id,
///     baseline,
///     simplicity: 0,
///     samples,
///     p99_ns: None,
/// };
/// let candidates = [candidate("locked", true, &locked), candidate("sharded", false, &sharded)];
/// let verdict = decide(&candidates, &Settings::default())?;
/// assert_eq!(verdict.kind, VerdictKind::Win);
/// assert_eq!(
///     verdict.text,
///     "Take sharded: 2.3x [2.3, 2.3] the throughput of locked on this workload."
/// );
/// # Ok::<(), mapwise_workload::stats::VerdictError>(())
/// ```
pub fn decide(candidates: &[CandidateSamples<'_>], settings: &Settings) -> Result<Verdict, VerdictError> {
    if !(settings.margin > 0.0 && settings.margin < 1.0) {
        return Err(VerdictError::Margin(settings.margin));
    }
    let field = Field::new(candidates, settings).ok_or(VerdictError::NoRounds)?;
    if field.rounds.count() < MIN_ROUNDS {
        return Ok(field.unresolved());
    }
    let decided = field.win().or_else(|| field.tie());
    Ok(decided.unwrap_or_else(|| field.unresolved()))
}

/// Returns the ratio of each candidate's throughput to that of the candidate `baseline`, by
/// position, with intervals that hold together in 95 % of runs.
///
/// `None` for the baseline itself, for candidates without enough rounds in common with the others,
/// and for all when there is no such baseline. An interval that would be wider is cut at a factor of
/// 1,000 to either side, as all are after a single round.
#[must_use]
pub fn ratios(candidates: &[CandidateSamples<'_>], baseline: &str) -> Vec<Option<Interval>> {
    let rounds = Rounds::new(candidates.iter().map(|candidate| candidate.samples));
    let baseline = rounds.candidates().find(|c| candidates[*c].id == baseline);
    let against = baseline.map(|baseline| Comparisons::new(&rounds, baseline));
    let ratio = |candidate| {
        let against = against.as_ref()?;
        let reach = against.reach(alpha_each(&rounds));
        Some(interval(against.of(candidate)?, reach))
    };
    (0..candidates.len()).map(ratio).collect()
}

impl Field<'_> {
    fn win(&self) -> Option<Verdict> {
        let alpha = alpha_each(&self.rounds);
        let baselines: Vec<(&Baseline, f64)> =
            self.baselines().map(|baseline| (baseline, baseline.others.reach(alpha))).collect();
        let beats = |candidate, (baseline, reach): &(&Baseline, f64)| {
            let of = baseline.others.of(candidate);
            of.is_some_and(|of| of.low(*reach) > self.margin())
        };
        let winners: Vec<&Comparison> =
            self.challengers().filter(|of| baselines.iter().all(|baseline| beats(of.candidate, baseline))).collect();
        let fastest = winners.iter().max_by(|a, b| a.center.total_cmp(&b.center))?;
        let take = self.simplest_like(fastest, &winners);
        let ratio = interval(take, self.best.others.reach(alpha));
        let text = self.win_text(take.candidate, fastest.candidate, &ratio);
        Some(self.verdict(VerdictKind::Win, take.candidate, &self.best, ratio, text))
    }

    /// The simplest of the winners that are not slower than the fastest by more than the margin.
    fn simplest_like<'b>(&self, fastest: &'b Comparison, winners: &[&'b Comparison]) -> &'b Comparison {
        let simplicity = |of: &Comparison| self.candidates[of.candidate].simplicity;
        let others = Comparisons::new(&self.rounds, fastest.candidate);
        let reach = others.reach(ALPHA);
        let alike = winners.iter().copied().filter(|of| {
            let to_fastest = others.of(of.candidate);
            simplicity(of) < simplicity(fastest) && to_fastest.is_some_and(|of| of.low(reach) > -self.margin())
        });
        // The faster of two equally simple ones.
        let by_simplicity = |a: &&Comparison, b: &&Comparison| {
            let order = simplicity(a).cmp(&simplicity(b));
            order.then(b.center.total_cmp(&a.center))
        };
        alike.min_by(by_simplicity).unwrap_or(fastest)
    }

    fn win_text(&self, take: usize, fastest: usize, ratio: &Interval) -> String {
        let baseline = &self.candidates[self.best.candidate];
        let (taken, fastest) = (&self.candidates[take], &self.candidates[fastest]);
        let mut text =
            format!("Take {}: {} the throughput of {} on this workload", taken.name, times(ratio), baseline.name);
        if let (Some(p99), Some(of_baseline)) = (taken.p99_ns, baseline.p99_ns) {
            let (p99, of_baseline) = (latency(p99), latency(of_baseline));
            text.push_str(&format!(", p99 {p99} against {of_baseline}"));
        }
        if taken.id != fastest.id {
            let margin = self.settings.margin * 100.0;
            text.push_str(&format!("; simpler than {}, which is not more than {margin:.0} % faster", fastest.name));
        }
        text.push('.');
        text
    }

    fn tie(&self) -> Option<Verdict> {
        let unbeaten = self.baselines().filter(|baseline| {
            let reach = baseline.others.reach(ALPHA);
            baseline.others.iter().all(|of| of.high(reach) < self.margin())
        });
        let keep = unbeaten.min_by_key(|b| self.candidates[b.candidate].simplicity)?;
        let name = self.candidates[keep.candidate].name;
        let is_challenger = |of: &&Comparison| self.challengers().any(|c| c.candidate == of.candidate);
        let center = |a: &&Comparison, b: &&Comparison| a.center.total_cmp(&b.center);
        let best = keep.others.iter().filter(is_challenger).max_by(center);
        let Some(best) = best.or_else(|| keep.others.iter().max_by(center)) else {
            let text = format!("Keep {name}: nothing else was measured.");
            return Some(self.verdict(VerdictKind::Tie, keep.candidate, keep, ONE, text));
        };
        let ratio = interval(best, keep.others.reach(ALPHA));
        let meaning = if best.high(keep.others.reach(ALPHA)) < -self.margin() { "slower" } else { "no difference" };
        let percent = percent(&ratio);
        let text = format!("Keep {name}: the best alternative is {percent}, {meaning}.");
        Some(self.verdict(VerdictKind::Tie, keep.candidate, keep, ratio, text))
    }

    fn unresolved(&self) -> Verdict {
        let center = |a: &&Comparison, b: &&Comparison| a.center.total_cmp(&b.center);
        let leader = self.challengers().max_by(center);
        let leader = leader.or_else(|| self.best.others.iter().max_by(center));
        let keep = self.best.candidate;
        let baseline = self.candidates[keep].name;
        let Some(leader) = leader else {
            let text = format!("Keep {baseline}: nothing else was measured.");
            return self.verdict(VerdictKind::Tie, keep, &self.best, ONE, text);
        };
        let ratio = interval(leader, self.best.others.reach(alpha_each(&self.rounds)));
        let more = self.rounds_to_settle(leader);
        let outlook = match more {
            Some(more) => {
                let time = time_option(self.settings.elapsed, self.rounds.count(), more);
                format!("{} would probably settle it{time}", more_rounds(more))
            }
            None => format!("it would take more than {MAX_MORE_ROUNDS} more rounds to settle it, so keep {baseline}"),
        };
        let text = format!(
            "Unresolved: {} is {} the throughput of {baseline}; {outlook}.",
            self.candidates[leader.candidate].name,
            times(&ratio),
        );
        let verdict = self.verdict(VerdictKind::Unresolved, keep, &self.best, ratio, text);
        Verdict { more_rounds: more, ..verdict }
    }

    fn verdict(&self, kind: VerdictKind, take: usize, baseline: &Baseline, ratio: Interval, text: String) -> Verdict {
        Verdict {
            kind,
            take: self.candidates[take].id.to_owned(),
            baseline: self.candidates[baseline.candidate].id.to_owned(),
            ratio,
            more_rounds: None,
            text,
        }
    }
}

/// The ratio of a candidate to itself.
const ONE: Interval = Interval { median: 1.0, low: 1.0, high: 1.0 };

#[cfg(test)]
mod tests;
