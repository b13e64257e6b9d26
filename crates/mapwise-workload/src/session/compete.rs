//! The contest at one thread count, from the first look at the harness to the verdict.

use std::time::Duration;

use mapwise_record::run::{Cell, HarnessCost, LeftOut, Verdict, Warning};
use mapwise_record::workload::Workload;

use super::clock::Clock;
use super::entrant::Entrant;
use super::rounds::Field;
use super::{MeasureError, budget, summary, warn};
use crate::driver::closed::Pace;
use crate::driver::processor::Processor;
use crate::driver::rig::Rig;
use crate::list::Candidates;
use crate::machine;
use crate::plan::Plan;

/// The share of the best standard choice's capacity at which latency is measured, where the
/// workload states no rate: busy, and not yet queueing without end.
const OFFERED_SHARE: f64 = 0.6;

/// Where that choice cannot keep up even so, because locks pass slower between threads that meet
/// at random than between threads that hammer, it is offered this much less, again and again.
const OFFER_LESS: f64 = 0.7;

/// How often it is offered less.
const MOST_OFFERS: u32 = 6;

/// A rate at which a candidate would do fewer operations than this in its time says nothing about tails.
const FEWEST_LATENCIES: f64 = 1000.0;

/// How often the harness is priced; the cheapest counts.
const HARNESS_TRIALS: usize = 3;

/// What the contest is about and how long it may take.
pub(super) struct Contest<'a> {
    pub(super) plan: &'a Plan,
    pub(super) clock: &'a Clock<'a>,
    /// When it is to end, counted from the beginning of the run.
    pub(super) until: Duration,
    pub(super) seed: u64,
}

/// What came out at one thread count.
pub(super) struct Outcome {
    pub(super) workload: Workload,
    pub(super) harness: HarnessCost,
    pub(super) cells: Vec<Cell>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) warnings: Vec<Warning>,
    pub(super) verdict: Verdict,
    pub(super) complete: bool,
    /// What it took, warm-up, latency and checks included: what a longer run has to pay again.
    #[cfg_attr(not(test), expect(dead_code, reason = "the verdict has it in its proposals; a test compares"))]
    pub(super) elapsed: Duration,
}

/// How a contest ended.
struct Ending {
    complete: bool,
    elapsed: Duration,
}

/// The rate offered to every candidate alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rate {
    pub(super) ops_per_s: f64,
    /// Whether the workload states it.
    pub(super) stated: bool,
    /// What the workload states instead, where that is too little to measure.
    pub(super) too_low: Option<f64>,
}

impl Contest<'_> {
    /// Measures every candidate and concludes.
    pub(super) fn run(&self, candidates: Candidates) -> Result<Outcome, MeasureError> {
        let Candidates { mut harness, rigs, left_out } = candidates;
        let begin = self.clock.elapsed();
        let time = self.clock.left(self.until);
        let threads = self.plan.threads();
        self.clock.doing(format!("{}, the harness", warn::threads(threads)));
        let Some(harness) = self.price(&mut harness, budget::harness(time)) else {
            return Err(MeasureError::Interrupted);
        };
        let keeps = !self.plan.grows() && self.fit_memory(rigs.len());
        let mut field = Field {
            entrants: rigs.into_iter().map(Entrant::new).collect(),
            gone: Vec::new(),
            clock: self.clock,
            threads,
            grows: self.plan.grows(),
            keeps,
        };
        let mut rate = Rate::default();
        let complete = self.measure(&mut field, time, &mut rate);
        let elapsed = self.clock.elapsed().saturating_sub(begin);
        self.conclude(field, harness, left_out, rate, Ending { complete, elapsed })
    }

    /// Runs all parts; false when interrupted.
    fn measure(&self, field: &mut Field<'_>, time: Duration, rate: &mut Rate) -> bool {
        let doing = format!("{}, building the maps", warn::threads(field.threads));
        self.clock.doing(doing);
        let trial = budget::trial(time, field.entrants.len());
        if !field.first_pass(trial) {
            return false;
        }
        let left = self.clock.left(self.until);
        let (_, latency) = budget::split(left.saturating_sub(field.last_checks()));
        let latency_ends = self.until.saturating_sub(field.last_checks());
        if !field.throughput(latency_ends.saturating_sub(latency)) {
            return false;
        }
        let Some(offered) = self.offered(field, latency) else {
            return false;
        };
        *rate = offered;
        if rate.ops_per_s > 0.0 && !field.latency(latency_ends, rate.ops_per_s) {
            return false;
        }
        self.clock.doing(format!("{}, checking the maps", warn::threads(field.threads)));
        field.retire_all()
    }

    /// The cost of the loop without a map; `None` when interrupted.
    fn price(&self, nothing: &mut Rig, slice: Duration) -> Option<HarnessCost> {
        let pulse = || self.clock.pulse();
        nothing.build(&pulse).ok()?;
        let pace = if self.plan.grows() {
            Pace::Pass { share: 1.0, limit: slice }
        } else {
            Pace::Time { warm: budget::warm_up(slice), measure: slice, from: 0.0 }
        };
        let mut cheapest = f64::INFINITY;
        for _ in 0..HARNESS_TRIALS {
            let slice = nothing.slice(pace, &pulse).ok()?;
            let rate = slice.operations as f64 / slice.elapsed.as_secs_f64().max(1e-9);
            cheapest = cheapest.min(ns_per_op(rate, self.plan.threads()));
        }
        nothing.clear();
        Some(HarnessCost { threads: self.plan.threads(), ns_per_op: cheapest })
    }

    /// The rate at which latency is measured: the workload's own, or one that the best standard
    /// choice can serve; `None` when interrupted.
    fn offered(&self, field: &mut Field<'_>, latency: Duration) -> Option<Rate> {
        let stated = self.plan.workload().rate_ops_per_s;
        let turn = latency / field.entrants.len().max(1) as u32;
        let too_low = stated.filter(|ops_per_s| ops_per_s * turn.as_secs_f64() < FEWEST_LATENCIES);
        if let (Some(ops_per_s), None) = (stated, too_low) {
            return Some(Rate { ops_per_s, stated: true, too_low });
        }
        let Some(best) = field.best_standard() else {
            return Some(Rate::default());
        };
        let mut ops_per_s = field.entrants[best].median_ops_per_s() * OFFERED_SHARE;
        let probe = budget::probe(latency, field.entrants.len());
        for _ in 0..MOST_OFFERS {
            if field.keeps_up(best, ops_per_s, probe)? {
                break;
            }
            ops_per_s *= OFFER_LESS;
        }
        Some(Rate { ops_per_s, stated: false, too_low })
    }

    /// Whether so many maps fit into memory together, with half of what is free left over.
    fn fit_memory(&self, maps: usize) -> bool {
        const UNKNOWN_MEMORY: u64 = 2 << 30;
        let free = machine::available_memory_bytes().unwrap_or(UNKNOWN_MEMORY);
        summary::bytes_estimate(self.plan) < free / 2 / maps.max(1) as u64
    }

    fn conclude(
        &self,
        field: Field<'_>,
        harness: HarnessCost,
        mut left_out: Vec<LeftOut>,
        rate: Rate,
        ending: Ending,
    ) -> Result<Outcome, MeasureError> {
        let threads = field.threads;
        let Ending { complete, elapsed } = ending;
        let Field { mut entrants, mut gone, .. } = field;
        if !complete {
            summary::check_interrupted(&mut entrants, &mut gone);
            let unmeasured = entrants.iter().filter(|entrant| entrant.samples.is_empty());
            let reason = "interrupted before it was measured";
            let absences = unmeasured.map(|e| e.rig.about().left_out(reason.to_owned()));
            left_out.extend(absences);
        }
        let mut warnings = Vec::new();
        for (entrant, trouble) in &gone {
            let (absence, warning) = entrant.leaves(trouble, threads);
            left_out.push(absence);
            warnings.push(warning);
        }
        let concluded = summary::conclude(&entrants, threads, self.seed, rate.ops_per_s, elapsed);
        let Some((mut cells, mut verdict)) = concluded else {
            if !complete {
                return Err(MeasureError::Interrupted);
            }
            let reasons: Vec<&str> = left_out.iter().map(|l| l.reason.as_str()).collect();
            return Err(MeasureError::NoBaseline { threads, reason: reasons.join("; ") });
        };
        cells.sort_by(|a, b| {
            let median = |cell: &Cell| cell.throughput_ops_per_s.median;
            median(b).total_cmp(&median(a))
        });
        let mut processor = Processor::default();
        entrants.iter().for_each(|entrant| processor += entrant.processor);
        if let Some(warning) = warn::crowded(processor, threads, machine::cores()) {
            summary::doubt(&mut verdict, &cells);
            warnings.push(warning);
        }
        warnings.extend(warn::about(&cells, &harness));
        warnings.extend(warn::too_low(rate));
        warnings.extend(warn::overrun(&cells, rate));
        warnings.extend(warn::few_latencies(&cells, threads));
        let workload = self.plan.workload().clone();
        Ok(Outcome { workload, harness, cells, left_out, warnings, verdict, complete, elapsed })
    }
}

/// Processor time of one operation: with more threads than processors, a thread that waits for a
/// processor costs nothing.
pub(super) fn ns_per_op(ops_per_s: f64, threads: usize) -> f64 {
    threads.min(machine::cores()) as f64 * 1e9 / ops_per_s.max(1.0)
}
