//! A whole run: every candidate at every thread count, and what follows from it.
//!
//! For each thread count: price the harness; build each map once and try it briefly, which shows
//! how long everything takes; then rounds in which each candidate has one turn; then latency at a
//! rate that is the same for all; then check that no map lost anything. The time given is divided
//! over these parts as they go, so that it is kept whatever the machine.

mod budget;
mod clock;
mod compete;
mod entrant;
mod rounds;
mod summary;
mod warn;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mapwise_record::run::{Run, SCHEMA, SCHEMA_VERSION, VerdictAt, Warning, WarningKind};
use mapwise_record::workload::Workload;

use crate::data::{KindError, with_types};
use crate::gather::Gather;
use crate::hasher::Hasher;
use crate::list::Candidates;
use crate::machine;
use crate::plan::{Op, Plan, PlanError};

use clock::Clock;
use compete::Contest;

pub(crate) use warn::crowded;

/// The most threads a run may have.
pub const MOST_THREADS: usize = 1024;

/// The shortest time a run may be given.
pub const SHORTEST_TIME: Duration = Duration::from_millis(100);

/// What to measure and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What every candidate is asked to do.
    pub workload: Source,
    /// Thread counts, each with a verdict of its own.
    pub threads: Vec<usize>,
    /// How long the run takes, all thread counts together.
    pub time: Duration,
    /// The seed of every random choice.
    pub seed: u64,
    /// The hasher of every candidate that accepts one.
    pub hasher: Hasher,
    /// Identifiers of the candidates to measure; all when `None`. Where none of them is a standard
    /// choice, those take part all the same: a verdict is relative to them.
    pub only: Option<Vec<String>>,
    /// The command line that repeats this run.
    pub command: Vec<String>,
}

impl Settings {
    /// Measures `workload` with as many threads as there are processors, for thirty seconds.
    #[must_use]
    pub fn new(workload: Source) -> Self {
        Self {
            workload,
            threads: vec![machine::cores()],
            time: Duration::from_secs(30),
            seed: 1,
            hasher: Hasher::default(),
            only: None,
            command: Vec::new(),
        }
    }
}

/// Where the operations come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Drawn from a statement.
    Stated(Workload),
    /// Replayed from a trace.
    Recorded {
        /// What the trace amounts to.
        workload: Workload,
        /// The operations in their order, with the index of their key.
        steps: Vec<(Op, u32)>,
        /// What a reader must know about the trace.
        warnings: Vec<Warning>,
    },
}

impl Source {
    /// What is run.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        match self {
            Self::Stated(workload) | Self::Recorded { workload, .. } => workload,
        }
    }

    fn plan(&self, threads: usize, seed: u64) -> Result<Plan, PlanError> {
        match self {
            Self::Stated(workload) => Plan::synthetic(workload, threads, seed),
            Self::Recorded { workload, steps, .. } => Plan::recorded(workload, steps, threads),
        }
    }

    fn warnings(&self) -> &[Warning] {
        match self {
            Self::Stated(_) => &[],
            Self::Recorded { warnings, .. } => warnings,
        }
    }
}

/// Watches a run and may end it.
pub trait Observer: Sync {
    /// Called several times a second with the share that is done, the time left and what is being
    /// done. Maps are being measured meanwhile, so it should return quickly and draw little.
    fn progress(&self, done: f64, left: Duration, doing: &str);

    /// Whether to stop now and keep what was measured.
    fn cancelled(&self) -> bool;
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// No thread count was asked for.
    #[error("at least one thread count is needed, got none")]
    NoThreadCounts,
    /// Nobody would work.
    #[error("threads must be between 1 and {MOST_THREADS}, got {0}")]
    Threads(usize),
    /// Too little time for anything.
    #[error("time must be at least {SHORTEST_TIME:?}, got {0:?}")]
    TooShort(Duration),
    /// A candidate that does not exist.
    #[error("candidates must be among {known}, got {id}")]
    UnknownCandidate {
        /// The refused identifier.
        id: String,
        /// All identifiers.
        known: String,
    },
    /// The operations cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The types are not compiled in.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// Every standard choice failed, and with it what the others are compared with.
    #[error("no standard choice could be measured at {threads} threads: {reason}")]
    NoBaseline {
        /// The thread count.
        threads: usize,
        /// What became of them.
        reason: String,
    },
    /// It was interrupted before a thread count had anything to show.
    #[error("interrupted before anything was measured")]
    Interrupted,
}

/// Measures every candidate that can serve the workload and says which to take.
///
/// The verdict of the run is the one at the largest thread count that the machine has processors
/// for, or at the smallest one where all exceed them; each thread count also has its own.
///
/// A candidate that hangs hangs the run: a thread cannot be ended from outside.
///
/// # Errors
///
/// Refuses settings that cannot be run, and says when nothing could be measured. An interrupted run
/// is not an error once there is something to show.
pub fn measure(settings: &Settings, observer: &dyn Observer) -> Result<Run, MeasureError> {
    let counts = thread_counts(settings)?;
    let clock = Clock::new(settings.time, observer);
    let started = SystemTime::now();
    let mut outcomes = Vec::new();
    for (turn, &threads) in counts.iter().enumerate() {
        if clock.cancelled() {
            break;
        }
        let until = settings.time.mul_f64((turn + 1) as f64 / counts.len() as f64);
        match at(settings, threads, until, &clock) {
            Ok(outcome) => outcomes.push((threads, outcome)),
            Err(MeasureError::Interrupted) => break,
            Err(error) => return Err(error),
        }
    }
    assemble(settings, &counts, outcomes, &clock, started)
}

/// Measures one thread count.
fn at(
    settings: &Settings,
    threads: usize,
    until: Duration,
    clock: &Clock<'_>,
) -> Result<compete::Outcome, MeasureError> {
    clock.doing(format!("planning {threads} threads"));
    let plan = Arc::new(settings.workload.plan(threads, settings.seed)?);
    let workload = plan.workload();
    let (keys, values) = (workload.keys.kind, workload.values);
    let gather = Gather { plan: Arc::clone(&plan), hasher: settings.hasher };
    let mut candidates = with_types(keys, values, gather)?;
    let mut warnings = Vec::new();
    if let Some(only) = &settings.only {
        warnings.extend(candidates.keep_only(only)?);
    }
    let contest = Contest { plan: &plan, clock, until, seed: settings.seed };
    let mut outcome = contest.run(candidates)?;
    outcome.warnings.splice(0..0, warnings);
    Ok(outcome)
}

/// The thread counts, each once and ascending.
fn thread_counts(settings: &Settings) -> Result<Vec<usize>, MeasureError> {
    if settings.time < SHORTEST_TIME {
        return Err(MeasureError::TooShort(settings.time));
    }
    let counts: BTreeSet<usize> = settings.threads.iter().copied().collect();
    if counts.is_empty() {
        return Err(MeasureError::NoThreadCounts);
    }
    match counts.iter().find(|count| !(1..=MOST_THREADS).contains(*count)) {
        Some(&refused) => Err(MeasureError::Threads(refused)),
        None => Ok(counts.into_iter().collect()),
    }
}

/// The thread count that the verdict of a run is about; see [`measure`].
pub(crate) fn headline(counts: impl Iterator<Item = usize> + Clone, cores: usize) -> Option<usize> {
    counts.clone().filter(|&count| count <= cores).max().or_else(|| counts.min())
}

fn assemble(
    settings: &Settings,
    counts: &[usize],
    outcomes: Vec<(usize, compete::Outcome)>,
    clock: &Clock<'_>,
    started: SystemTime,
) -> Result<Run, MeasureError> {
    let machine = machine::describe();
    let measured = outcomes.iter().map(|(threads, _)| *threads);
    let threads = headline(measured, machine.cores).ok_or(MeasureError::Interrupted)?;
    let complete = outcomes.len() == counts.len() && outcomes.iter().all(|(_, o)| o.complete);
    let mut warnings = settings.workload.warnings().to_vec();
    warnings.extend(warn::resized(settings.workload.workload(), &outcomes[0].1.workload));
    if !complete {
        warnings.push(warn::interrupted(counts, &outcomes));
    }
    let mut run = Run {
        schema: SCHEMA.to_owned(),
        schema_version: SCHEMA_VERSION,
        mapwise_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: settings.command.clone(),
        started_unix_s: started.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        elapsed_s: clock.elapsed().as_secs_f64(),
        seed: settings.seed,
        complete,
        machine,
        workload: outcomes[0].1.workload.clone(),
        hasher: settings.hasher.name().to_owned(),
        harness: Vec::new(),
        cells: Vec::new(),
        left_out: Vec::new(),
        warnings,
        verdict: outcomes[0].1.verdict.clone(),
        threads,
        verdicts: Vec::new(),
    };
    for (count, outcome) in outcomes {
        if count == threads {
            run.verdict = outcome.verdict.clone();
        }
        run.verdicts.push(VerdictAt { threads: count, verdict: outcome.verdict });
        run.harness.push(outcome.harness);
        run.cells.extend(outcome.cells);
        for left_out in outcome.left_out {
            if !run.left_out.contains(&left_out) {
                run.left_out.push(left_out);
            }
        }
        for warning in outcome.warnings {
            if !run.warnings.contains(&warning) {
                run.warnings.push(warning);
            }
        }
    }
    Ok(run)
}

impl Candidates {
    /// Keeps the candidates asked for, and the standard choices where none of those is asked for;
    /// says so in a warning.
    fn keep_only(&mut self, only: &[String]) -> Result<Option<Warning>, MeasureError> {
        let known = self.ids();
        if let Some(id) = only.iter().find(|id| !known.contains(&id.as_str())) {
            return Err(MeasureError::UnknownCandidate { id: id.clone(), known: known.join(", ") });
        }
        let added = self.retain(only);
        Ok(added.then(|| Warning {
            kind: WarningKind::Other,
            text: "the standard choices take part though not asked for: \
                   the verdict is relative to the best of them"
                .to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests;
