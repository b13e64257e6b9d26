//! What goes into a verdict besides the rules.

use std::time::Duration;

use mapwise_record::run::{Cell, Origin, Sample};

/// The rounds that a run should have: with 20 candidates a true 1.3x is then found in at least
/// 90 % of runs while samples vary by up to 8 %. At 10 % it takes 16.
pub const DEFAULT_ROUNDS: u32 = 12;

/// Fewer rounds than this are never more than [`Unresolved`](mapwise_record::run::VerdictKind::Unresolved).
pub const MIN_ROUNDS: usize = 4;

/// What the verdict needs to know of one candidate.
#[derive(Clone, Copy, Debug)]
pub struct CandidateSamples<'a> {
    /// Stable identifier.
    pub id: &'a str,
    /// The name for people.
    pub name: &'a str,
    /// Whether this is one of the choices that the others have to beat.
    pub baseline: bool,
    /// Lower is simpler; decides ties.
    pub simplicity: u32,
    /// Its samples; those of one round are compared with the others' of that round.
    pub samples: &'a [Sample],
    /// 99 % of its operations were faster than this many nanoseconds.
    pub p99_ns: Option<u64>,
}

impl<'a> From<&'a Cell> for CandidateSamples<'a> {
    /// Standard collections are the baseline.
    fn from(cell: &'a Cell) -> Self {
        Self {
            id: &cell.candidate,
            name: &cell.name,
            baseline: cell.origin == Origin::Standard,
            simplicity: cell.simplicity,
            samples: &cell.samples,
            p99_ns: cell.latency_ns.as_ref().map(|latency| latency.p99),
        }
    }
}

/// What the user decides about the verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Differences up to this share do not matter.
    pub margin: f64,
    /// How long all rounds took; names the time that more of them would take.
    pub elapsed: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { margin: 0.05, elapsed: None }
    }
}

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerdictError {
    /// Nothing was measured together.
    #[error("a verdict needs a round that every candidate finished, got none")]
    NoRounds,
    /// A margin that is none.
    #[error("the margin must be a number above 0 and below 1, got {0}")]
    Margin(f64),
}
