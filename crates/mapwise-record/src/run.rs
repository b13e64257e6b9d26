//! One run of `mapwise advise` or `mapwise bench`: everything measured and everything concluded.
//!
//! The run file is the JSON output, and `mapwise report` rebuilds every other output from it alone.

use serde::{Deserialize, Serialize};

use crate::workload::Workload;

/// The name every run file carries in its field `schema`.
pub const SCHEMA: &str = "mapwise.run";

/// The version of the schema that this crate writes.
pub const SCHEMA_VERSION: u32 = 1;

/// What was measured, on what, and what follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of the schema, at most [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The version of mapwise that measured.
    pub mapwise_version: String,
    /// The command line that repeats this run.
    pub command: Vec<String>,
    /// When the run began, in seconds since 1970-01-01T00:00:00Z.
    pub started_unix_s: u64,
    /// How long measuring took.
    pub elapsed_s: f64,
    /// The seed of every random choice.
    pub seed: u64,
    /// False when the run was interrupted: what follows covers only what was measured until then.
    pub complete: bool,
    /// Where it ran.
    pub machine: Machine,
    /// What was run.
    pub workload: Workload,
    /// Name of the hasher that all candidates used, where they accept one.
    pub hasher: String,
    /// The cost of the measuring loop itself, for each thread count.
    pub harness: Vec<HarnessCost>,
    /// One for each candidate and thread count, best first within a thread count.
    pub cells: Vec<Cell>,
    /// Candidates that were left out, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What a reader must know before trusting the figures.
    pub warnings: Vec<Warning>,
    /// The conclusion, at [`Run::threads`].
    pub verdict: Verdict,
    /// The thread count that the verdict is about.
    pub threads: usize,
    /// The conclusion at each thread count, ascending; includes the one of [`Run::verdict`].
    pub verdicts: Vec<VerdictAt>,
}

/// The machine a run was made on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Processor model as the system names it.
    pub cpu: String,
    /// Processors this process may use.
    pub cores: usize,
    /// Main memory in bytes, 0 when unknown.
    pub memory_bytes: u64,
    /// Operating system and architecture, for example `linux x86_64`.
    pub os: String,
    /// The compiler that built this binary.
    pub rustc: String,
}

/// The cost of the measuring loop without a map.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HarnessCost {
    /// Threads running the loop.
    pub threads: usize,
    /// Nanoseconds per operation and thread; already inside every figure of the run.
    pub ns_per_op: f64,
}

/// A median with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The median of the samples.
    pub median: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// Where a candidate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A map of this project.
    Mapwise,
    /// A std collection behind a lock: what most code has today.
    Standard,
    /// A published crate.
    Crate,
}

/// One candidate at one thread count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Stable identifier, for example `sharded-64`.
    pub candidate: String,
    /// The name for people, for example `ShardedMap (64 shards)`.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Lower is simpler; decides ties.
    pub simplicity: u32,
    /// Threads working on the map.
    pub threads: usize,
    /// Operations per second of all threads together, closed loop.
    pub throughput_ops_per_s: Interval,
    /// Throughput over that of the best standard choice, paired by round; `None` for that choice itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Interval>,
    /// Latency from the intended start of each operation; `None` if the run ended before it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ns: Option<Latency>,
    /// Heap bytes for each entry after prefill, keys and values included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_entry: Option<f64>,
    /// Longest single insert while growing from empty to the prefill, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth_pause_ns: Option<u64>,
    /// Every sample that was taken, in order.
    pub samples: Vec<Sample>,
}

/// Latency percentiles in nanoseconds, open loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half the operations were faster.
    pub p50: u64,
    /// 99 % were faster.
    pub p99: u64,
    /// 99.9 % were faster.
    pub p999: u64,
    /// 99.99 % were faster.
    pub p9999: u64,
    /// The slowest operation.
    pub max: u64,
    /// Operations per second that were offered, all threads together.
    pub offered_ops_per_s: f64,
    /// Operations that were measured.
    pub count: u64,
    /// Points of the distribution for plots: share of operations (0 to 1) and nanoseconds, ascending.
    pub curve: Vec<(f64, u64)>,
}

/// One measurement of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Round of the interleaving; samples of one round are compared with each other.
    pub round: u32,
    /// Position inside the round.
    pub position: u32,
    /// Operations done by all threads.
    pub operations: u64,
    /// Wall time in nanoseconds.
    pub elapsed_ns: u64,
    /// Operations of the slowest thread over the mean of all threads: 1 is fair, 0 starved.
    pub slowest_thread: f64,
}

impl Sample {
    /// Operations per second of all threads together.
    #[must_use]
    pub fn ops_per_s(&self) -> f64 {
        self.operations as f64 * 1e9 / self.elapsed_ns.max(1) as f64
    }
}

/// A candidate that was not measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Stable identifier.
    pub candidate: String,
    /// The name for people.
    pub name: String,
    /// Why, in plain words.
    pub reason: String,
}

/// Something that limits how far the figures may be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Which kind.
    pub kind: WarningKind,
    /// One sentence with the figures.
    pub text: String,
}

/// The kinds of [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WarningKind {
    /// More threads than processors.
    Oversubscribed,
    /// The samples of one cell differ more than the margin.
    Noisy,
    /// The harness costs a large share of the fastest candidate's operation.
    HarnessBound,
    /// The run was interrupted.
    Interrupted,
    /// A trace could not be reproduced faithfully, or rows were skipped.
    Trace,
    /// A candidate lost or invented entries and makes no number.
    Wrong,
    /// Anything else, and what only a newer mapwise knows.
    #[serde(other)]
    Other,
}

/// The conclusion of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Win, tie or unresolved.
    pub kind: VerdictKind,
    /// Identifier of the candidate to take.
    pub take: String,
    /// Identifier of the best standard choice, which `ratio` is relative to.
    pub baseline: String,
    /// Throughput over that of the baseline (of the best alternative, when the baseline is what to keep).
    pub ratio: Interval,
    /// For an unresolved verdict: how many more rounds would probably settle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_rounds: Option<u32>,
    /// One plain sentence.
    pub text: String,
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// One candidate is better than the best standard choice by more than the margin.
    Win,
    /// No candidate differs by more than the margin: take the simplest.
    Tie,
    /// The samples do not say.
    Unresolved,
}

/// A verdict at one thread count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictAt {
    /// Threads working on the map.
    pub threads: usize,
    /// The conclusion there.
    pub verdict: Verdict,
}
