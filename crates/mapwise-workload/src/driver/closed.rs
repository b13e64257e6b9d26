//! Throughput: every thread starts its next operation as soon as the last one is done.

use std::time::{Duration, Instant};

use mapwise_record::run::Sample;

use super::driven::{Driven, Tally};
use super::processor::Processor;
use super::spin::Think;
use super::team::{self, Control, Phase, Pulse, Trouble};
use crate::plan::{Plan, Step};

/// Operations between two looks at the phase.
const BATCH: usize = 64;

/// How long one slice runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// For a time, after a part that does not count.
    Time {
        /// What does not count.
        warm: Duration,
        /// What counts.
        measure: Duration,
        /// Where in its steps each thread begins, as a share of them: the same for all candidates
        /// of a round, so that they are compared on the same operations.
        from: f64,
    },
    /// Once through a share of the steps of a growing plan; everything counts.
    Pass {
        /// The share, more than 0 and at most 1.
        share: f64,
        /// No longer than this, whatever the share.
        limit: Duration,
    },
}

impl Pace {
    /// The same, with twice the time.
    pub(crate) fn longer(self) -> Self {
        match self {
            Self::Time { warm, measure, from } => Self::Time { warm, measure: measure * 2, from },
            Self::Pass { share, limit } => Self::Pass { share, limit: limit * 2 },
        }
    }
}

/// What one slice did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slice {
    pub(crate) operations: u64,
    pub(crate) elapsed: Duration,
    /// Operations of the slowest thread over the mean.
    pub(crate) slowest_thread: f64,
    /// Whether its threads had processors, those of the warm-up included.
    pub(crate) processor: Processor,
}

impl Slice {
    pub(crate) fn sample(&self, round: u32, position: u32) -> Sample {
        Sample {
            round,
            position,
            operations: self.operations,
            elapsed_ns: self.elapsed.as_nanos() as u64,
            slowest_thread: self.slowest_thread,
        }
    }
}

/// What one worker did.
struct Work {
    operations: u64,
    tally: Tally,
    began: Instant,
    ended: Instant,
    processor: Processor,
}

/// Runs one slice and adds to `tally` what the operations said, those of the warm-up included.
pub(crate) fn slice(
    plan: &Plan,
    map: &dyn Driven,
    think: Think,
    pace: Pace,
    tally: &mut Tally,
    pulse: &Pulse<'_>,
) -> Result<Slice, Trouble> {
    let team = plan.threads();
    let body = |thread: usize, control: &Control| {
        let before = Processor::of_this_thread();
        let mut work = match pace {
            Pace::Time { from, .. } => around(plan.steps(thread), map, think, from, control),
            Pace::Pass { share, .. } => once(plan.steps(thread), map, think, share, control),
        };
        work.processor = Processor::since(before);
        map.leave();
        work
    };
    let conduct = |control: &Control| match pace {
        Pace::Time { warm, measure, .. } => {
            control.wait(warm, team, pulse)?;
            let from = control.set(Phase::Measure);
            control.wait(measure, team, pulse)?;
            Ok(Some(control.set(Phase::Stop) - from))
        }
        Pace::Pass { limit, .. } => {
            control.wait(limit, team, pulse)?;
            Ok(None)
        }
    };
    let (works, conducted) = team::run(team, &body, conduct)?;
    for work in &works {
        *tally += work.tally;
    }
    let elapsed = conducted?.unwrap_or_else(|| pass(&works));
    Ok(summary(works.iter().map(|work| (work.operations, work.processor)), elapsed))
}

/// How long a pass took: from its first thread's beginning to its first thread's end, which the
/// others notice within a batch.
fn pass(works: &[Work]) -> Duration {
    let began = works.iter().map(|work| work.began).min();
    let ended = works.iter().map(|work| work.ended).min();
    match (began, ended) {
        (Some(began), Some(ended)) => ended.saturating_duration_since(began),
        _ => Duration::ZERO,
    }
}

/// Puts together what each worker did and whether it had a processor.
pub(crate) fn summary(works: impl Iterator<Item = (u64, Processor)>, elapsed: Duration) -> Slice {
    let (mut operations, mut slowest, mut workers) = (0, u64::MAX, 0.0);
    let mut processor = Processor::default();
    for (done, had) in works {
        operations += done;
        slowest = slowest.min(done);
        workers += 1.0;
        processor += had;
    }
    let mean = operations as f64 / f64::max(workers, 1.0);
    Slice { operations, elapsed, slowest_thread: if mean > 0.0 { slowest as f64 / mean } else { 0.0 }, processor }
}

/// Cycles through the steps until told to stop; counts from the moment measuring begins.
fn around(steps: &[Step], map: &dyn Driven, think: Think, from: f64, control: &Control) -> Work {
    let mut at = ((steps.len() as f64 * from) as usize).min(steps.len() - 1);
    let mut tally = Tally::default();
    let mut done = 0_u64;
    let mut uncounted = None;
    let began = Instant::now();
    loop {
        let end = (at + BATCH).min(steps.len());
        map.batch(&steps[at..end], done, think, &mut tally);
        map.rest();
        done += (end - at) as u64;
        at = if end == steps.len() { 0 } else { end };
        match control.phase() {
            Phase::Warm => {}
            Phase::Measure => {
                uncounted.get_or_insert(done);
            }
            Phase::Stop => break,
        }
    }
    Work {
        operations: done - uncounted.unwrap_or(done),
        tally,
        began,
        ended: Instant::now(),
        processor: Processor::default(),
    }
}

/// Goes once through a share of the steps; the first thread that is through ends the pass.
fn once(steps: &[Step], map: &dyn Driven, think: Think, share: f64, control: &Control) -> Work {
    let count = ((steps.len() as f64 * share).ceil() as usize).clamp(1, steps.len());
    let mut tally = Tally::default();
    let mut done = 0_u64;
    let began = Instant::now();
    for steps in steps[..count].chunks(BATCH) {
        map.batch(steps, done, think, &mut tally);
        map.rest();
        done += steps.len() as u64;
        if control.phase() == Phase::Stop {
            break;
        }
    }
    let ended = control.set(Phase::Stop);
    Work { operations: done, tally, began, ended, processor: Processor::default() }
}
