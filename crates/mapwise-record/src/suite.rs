//! Rows of the peers suite: our map against the best of the others, with the floor below which it must not fall.

use serde::{Deserialize, Serialize};

use crate::error::Invalid;
use crate::validate::{At, MAX_NUMBER, MAX_THREADS};

/// The most rows of one file.
const MAX_ROWS: usize = 10_000;
/// The most comparisons of one row.
const MAX_CHECKS: usize = 100;

/// One mix at one number of keys, type of keys and thread count.
///
/// All figures come from cells of the runs of the same file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Name of the mix; that of the run's workload.
    pub workload: String,
    /// How many different keys.
    pub keys: u64,
    /// `u64` or `string`.
    pub key_type: String,
    /// Threads working on the map.
    pub threads: usize,
    /// Identifier of our map.
    pub candidate: String,
    /// Its operations per second.
    pub mapwise_ops_per_s: f64,
    /// Identifier of the fastest general map of others.
    pub best_peer: String,
    /// Its operations per second.
    pub best_peer_ops_per_s: f64,
    /// Our throughput over that of the best peer, paired by round.
    pub ratio: f64,
    /// Lower end of the ratio's 95 % interval, which holds for all candidates together.
    pub ratio_low: f64,
    /// Upper end of it.
    pub ratio_high: f64,
    /// What the ratio must reach; `None` where nothing is demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
    /// The other comparisons.
    pub checks: Vec<Check>,
    /// Whether the ratio reaches its floor and every comparison keeps its limit.
    pub ok: bool,
}

/// A comparison of ours with one of the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What is compared.
    pub what: Measure,
    /// Identifier of the candidate that ours is compared with: the best in this.
    pub against: String,
    /// Our figure over the other's.
    pub ratio: f64,
    /// What the ratio must reach or must not exceed; `None` where nothing is demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Whether the limit is kept.
    pub ok: bool,
}

/// What a [`Check`] compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Throughput, against the best map that gives something up to be fast in this mix: a least ratio.
    Specialist,
    /// Throughput, against unsynchronized tables, one for each thread: a least ratio.
    Unsynchronized,
    /// 99th percentile of latency, against the best general map: a greatest ratio.
    P99,
    /// Bytes for each entry, against hashbrown tables behind locks: a greatest ratio.
    BytesPerEntry,
    /// The longest insert of a growing map, against the best general map: a greatest ratio.
    LongestInsert,
}

impl Measure {
    /// Whether a larger ratio is better.
    #[must_use]
    pub fn more_is_better(self) -> bool {
        matches!(self, Self::Specialist | Self::Unsynchronized)
    }
}

impl Check {
    /// Compares: `ratio` is ours over the other's.
    #[must_use]
    pub fn new(what: Measure, against: impl Into<String>, ratio: f64, limit: Option<f64>) -> Self {
        let kept = |limit: f64| if what.more_is_better() { ratio >= limit } else { ratio <= limit };
        Self { what, against: against.into(), ratio, limit, ok: limit.is_none_or(kept) }
    }
}

/// Checks what the types cannot.
pub(crate) fn validate(rows: &[Row], at: &At<'_>) -> Result<(), Invalid> {
    at.each(rows, MAX_ROWS, validate_row)
}

fn validate_row(at: &At<'_>, row: &Row) -> Result<(), Invalid> {
    at.field("workload").name(&row.workload)?;
    at.field("key_type").name(&row.key_type)?;
    at.field("threads").count(row.threads, 1..=MAX_THREADS)?;
    at.field("candidate").name(&row.candidate)?;
    at.field("best_peer").name(&row.best_peer)?;
    let figures = [
        ("mapwise_ops_per_s", row.mapwise_ops_per_s),
        ("best_peer_ops_per_s", row.best_peer_ops_per_s),
        ("ratio", row.ratio),
        ("ratio_low", row.ratio_low),
        ("ratio_high", row.ratio_high),
        ("floor", row.floor.unwrap_or(0.0)),
    ];
    figures.into_iter().try_for_each(|(name, figure)| at.field(name).number(figure, 0.0..=MAX_NUMBER))?;
    at.ascending("ratio_low, ratio, ratio_high", &[row.ratio_low, row.ratio, row.ratio_high])?;
    at.field("checks").each(&row.checks, MAX_CHECKS, validate_check)?;
    let ok = row.floor.is_none_or(|floor| row.ratio >= floor) && row.checks.iter().all(|check| check.ok);
    if ok != row.ok {
        return at.field("ok").refuse(format!("must follow from the floor and the checks, got {}", row.ok));
    }
    Ok(())
}

fn validate_check(at: &At<'_>, check: &Check) -> Result<(), Invalid> {
    at.field("against").name(&check.against)?;
    at.field("ratio").number(check.ratio, 0.0..=MAX_NUMBER)?;
    at.field("limit").number(check.limit.unwrap_or(0.0), 0.0..=MAX_NUMBER)?;
    let Check { what, ratio, limit, .. } = *check;
    if Check::new(what, "", ratio, limit).ok != check.ok {
        return at.field("ok").refuse(format!("must follow from the ratio and the limit, got {}", check.ok));
    }
    Ok(())
}
