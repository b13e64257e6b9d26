//! From samples to cells and to the verdict of one thread count.

use std::time::Duration;

use mapwise_record::run::{Cell, Interval, Verdict, VerdictKind};
use mapwise_record::workload::Kind;

use super::entrant::Entrant;
use crate::driver::open;
use crate::driver::team::Trouble;
use crate::plan::Plan;
use crate::stats::{self, CandidateSamples, bootstrap};

/// Cells and verdict; `None` when no round was finished or no standard choice is left to compare
/// with. `elapsed` is how long the contest took, with all that is no sample.
pub(super) fn conclude(
    entrants: &[Entrant],
    threads: usize,
    seed: u64,
    offered_ops_per_s: f64,
    elapsed: Duration,
) -> Option<(Vec<Cell>, Verdict)> {
    let mut cells: Vec<Cell> =
        entrants.iter().filter_map(|entrant| cell(entrant, threads, seed, offered_ops_per_s)).collect();
    let candidates: Vec<CandidateSamples<'_>> = cells.iter().map(Into::into).collect();
    if !candidates.iter().any(|candidate| candidate.baseline) {
        return None;
    }
    let settings = stats::Settings { elapsed: Some(elapsed), ..stats::Settings::default() };
    let verdict = stats::decide(&candidates, &settings).ok()?;
    let ratios = stats::ratios(&candidates, &verdict.baseline);
    for (cell, ratio) in cells.iter_mut().zip(ratios) {
        cell.ratio = ratio;
    }
    Some((cells, verdict))
}

/// Takes back that there is no difference, after a run whose threads hardly met: that would be said of any two maps.
pub(super) fn doubt(verdict: &mut Verdict, cells: &[Cell]) {
    if verdict.kind != VerdictKind::Tie {
        return;
    }
    let kept = cells.iter().find(|cell| cell.candidate == verdict.take).map_or("", |cell| &cell.name);
    verdict.kind = VerdictKind::Unresolved;
    verdict.text = format!(
        "Unresolved: something else had the processors, so the threads hardly met and all maps look alike; run it again \
         on an idle machine, and keep {kept} until then."
    );
}

fn cell(entrant: &Entrant, threads: usize, seed: u64, offered_ops_per_s: f64) -> Option<Cell> {
    let about = entrant.rig.about();
    Some(Cell {
        candidate: about.id.to_owned(),
        name: about.name.to_owned(),
        origin: about.origin,
        simplicity: about.simplicity as u32,
        threads,
        throughput_ops_per_s: throughput(entrant, seed)?,
        ratio: None,
        latency_ns: open::percentiles(&entrant.latencies, offered_ops_per_s),
        bytes_per_entry: entrant.bytes_per_entry,
        growth_pause_ns: entrant.growth_pause_ns,
        samples: entrant.samples.clone(),
    })
}

fn throughput(entrant: &Entrant, seed: u64) -> Option<Interval> {
    let samples = entrant.samples.iter();
    let rates: Vec<f64> = samples.map(|sample| sample.ops_per_s()).collect();
    bootstrap::median(&rates, seed)
}

/// Checks what is still alive after an interruption, without regard for the interruption: a wrong
/// map makes no number there either.
pub(super) fn check_interrupted(entrants: &mut Vec<Entrant>, gone: &mut Vec<(Entrant, Trouble)>) {
    for mut entrant in std::mem::take(entrants) {
        match entrant.retire(&|| true) {
            Ok(()) => entrants.push(entrant),
            Err(trouble) => gone.push((entrant, trouble)),
        }
    }
}

/// About how many bytes one map of a plan takes when it holds as much as it ever will.
pub(super) fn bytes_estimate(plan: &Plan) -> u64 {
    /// Control bytes, allocator overhead and room to grow, as seen in the more generous maps.
    const OVERHEAD: u64 = 96;
    let workload = plan.workload();
    let entry = bytes(workload.keys.kind) + bytes(workload.values) + OVERHEAD;
    entry * u64::from(plan.key_count())
}

fn bytes(kind: Kind) -> u64 {
    match kind {
        Kind::U64 => 8,
        Kind::Bytes { bytes } => bytes as u64,
        Kind::String { bytes } => bytes as u64 + 24,
    }
}

#[cfg(test)]
mod tests {
    use mapwise_record::run::{Interval, Verdict, VerdictKind};

    use super::*;

    #[test]
    fn only_the_absence_of_a_difference_is_doubted() {
        let ratio = Interval { median: 1.0, low: 1.0, high: 1.0 };
        for (kind, doubted) in [(VerdictKind::Tie, true), (VerdictKind::Win, false), (VerdictKind::Unresolved, false)] {
            let (take, baseline, text) = ("a".to_owned(), "a".to_owned(), "as it was".to_owned());
            let mut verdict = Verdict { kind, take, baseline, ratio, more_rounds: None, text };
            doubt(&mut verdict, &[]);
            assert_eq!(verdict.text != "as it was", doubted, "{kind:?}");
            assert_eq!(verdict.kind == VerdictKind::Unresolved, doubted || kind == VerdictKind::Unresolved);
        }
    }
}
