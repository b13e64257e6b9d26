//! What a run must obey.

use std::collections::HashSet;

use super::check::{At, MAX_NUMBER};
use crate::error::Invalid;
use crate::run::{Cell, Interval, Latency, Run, SCHEMA, SCHEMA_VERSION, Sample, Verdict};

pub(crate) const MAX_THREADS: usize = 1 << 16;
const MAX_CORES: usize = 1 << 20;
const MAX_CELLS: usize = 10_000;
const MAX_SAMPLES: usize = 100_000;
const MAX_CURVE: usize = 10_000;
/// The most elements of every other list.
const MAX_LIST: usize = 1_000;

impl Run {
    /// Checks what the types cannot: that numbers are finite and bounded, intervals ordered, shares
    /// add up to 1, lists and texts have a bounded size, and that the verdicts speak of cells that
    /// exist.
    ///
    /// A verdict of an interrupted run may name no candidate: its `take` and `baseline` are then
    /// empty.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with its place.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.validate_at(&At::ROOT)
    }

    pub(crate) fn validate_at(&self, at: &At<'_>) -> Result<(), Invalid> {
        self.validate_head(at)?;
        self.workload.validate_at(&at.field("workload"))?;
        at.field("harness").each(&self.harness, MAX_LIST, |at, harness| {
            at.field("threads").count(harness.threads, 1..=MAX_THREADS)?;
            at.field("ns_per_op").number(harness.ns_per_op, 0.0..=MAX_NUMBER)
        })?;
        self.validate_cells(&at.field("cells"))?;
        self.validate_remarks(at)?;
        self.validate_verdicts(at)
    }

    fn validate_head(&self, at: &At<'_>) -> Result<(), Invalid> {
        at.head((&self.schema, SCHEMA), (self.schema_version, SCHEMA_VERSION))?;
        at.field("mapwise_version").name(&self.mapwise_version)?;
        at.field("command").each(&self.command, MAX_LIST, |at, argument| at.text(argument))?;
        at.field("elapsed_s").number(self.elapsed_s, 0.0..=MAX_NUMBER)?;
        at.field("hasher").text(&self.hasher)?;
        let machine = at.field("machine");
        machine.field("cpu").text(&self.machine.cpu)?;
        machine.field("cores").count(self.machine.cores, 1..=MAX_CORES)?;
        machine.field("os").text(&self.machine.os)?;
        machine.field("rustc").text(&self.machine.rustc)
    }

    fn validate_cells(&self, at: &At<'_>) -> Result<(), Invalid> {
        let mut seen = HashSet::new();
        at.each(&self.cells, MAX_CELLS, |at, one| {
            cell(at, one)?;
            let (candidate, threads) = (&one.candidate, one.threads);
            if !seen.insert((candidate, threads)) {
                return at.refuse(format!("must be the only cell of {candidate:?} at {threads} threads"));
            }
            Ok(())
        })
    }

    fn validate_remarks(&self, at: &At<'_>) -> Result<(), Invalid> {
        at.field("left_out").each(&self.left_out, MAX_LIST, |at, left_out| {
            at.field("candidate").name(&left_out.candidate)?;
            at.field("name").name(&left_out.name)?;
            at.field("reason").text(&left_out.reason)
        })?;
        at.field("warnings").each(&self.warnings, MAX_LIST, |at, warning| at.field("text").text(&warning.text))
    }

    fn validate_verdicts(&self, at: &At<'_>) -> Result<(), Invalid> {
        at.field("threads").count(self.threads, 1..=MAX_THREADS)?;
        self.validate_verdict(&self.verdict, self.threads, &at.field("verdict"))?;
        let list = at.field("verdicts");
        let mut last = 0;
        list.each(&self.verdicts, MAX_LIST, |at, one| {
            at.field("threads").count(one.threads, 1..=MAX_THREADS)?;
            if one.threads <= last {
                let reason = format!("must be above the {last} before it, got {}", one.threads);
                return at.field("threads").refuse(reason);
            }
            last = one.threads;
            self.validate_verdict(&one.verdict, one.threads, &at.field("verdict"))
        })?;
        let same = |one: &&crate::run::VerdictAt| one.threads == self.threads;
        match self.verdicts.iter().find(same) {
            Some(one) if one.verdict == self.verdict => Ok(()),
            _ => list.refuse(format!("must include the verdict at {} threads", self.threads)),
        }
    }

    fn validate_verdict(&self, verdict: &Verdict, threads: usize, at: &At<'_>) -> Result<(), Invalid> {
        interval(&verdict.ratio, &at.field("ratio"))?;
        at.field("text").text(&verdict.text)?;
        for (name, candidate) in [("take", &verdict.take), ("baseline", &verdict.baseline)] {
            let at = at.field(name);
            at.text(candidate)?;
            let nothing_measured = candidate.is_empty() && !self.complete;
            let exists = |cell: &Cell| cell.candidate == *candidate && cell.threads == threads;
            if !nothing_measured && !self.cells.iter().any(exists) {
                return at.refuse(format!("must be the candidate of a cell at {threads} threads, got {candidate:?}"));
            }
        }
        Ok(())
    }
}

fn cell(at: &At<'_>, cell: &Cell) -> Result<(), Invalid> {
    at.field("candidate").name(&cell.candidate)?;
    at.field("name").name(&cell.name)?;
    at.field("threads").count(cell.threads, 1..=MAX_THREADS)?;
    interval(&cell.throughput_ops_per_s, &at.field("throughput_ops_per_s"))?;
    if let Some(ratio) = &cell.ratio {
        interval(ratio, &at.field("ratio"))?;
    }
    if let Some(one) = &cell.latency_ns {
        latency(one, &at.field("latency_ns"))?;
    }
    if let Some(bytes) = cell.bytes_per_entry {
        at.field("bytes_per_entry").number(bytes, 0.0..=MAX_NUMBER)?;
    }
    at.field("samples").each(&cell.samples, MAX_SAMPLES, sample)
}

fn interval(interval: &Interval, at: &At<'_>) -> Result<(), Invalid> {
    let Interval { median, low, high } = *interval;
    at.field("median").number(median, 0.0..=MAX_NUMBER)?;
    at.field("low").number(low, 0.0..=MAX_NUMBER)?;
    at.field("high").number(high, 0.0..=MAX_NUMBER)?;
    at.ascending("low, median, high", &[low, median, high])
}

fn latency(latency: &Latency, at: &At<'_>) -> Result<(), Invalid> {
    let Latency { p50, p99, p999, p9999, max, .. } = *latency;
    let percentiles = [p50, p99, p999, p9999, max].map(|nanoseconds| nanoseconds as f64);
    at.ascending("p50, p99, p999, p9999, max", &percentiles)?;
    at.field("offered_ops_per_s").number(latency.offered_ops_per_s, 0.0..=MAX_NUMBER)?;
    let at = at.field("curve");
    at.each(&latency.curve, MAX_CURVE, |at, (share, _)| at.number(*share, 0.0..=1.0))?;
    for (index, pair) in latency.curve.windows(2).enumerate() {
        if pair[1].0 < pair[0].0 || pair[1].1 < pair[0].1 {
            return at.index(index + 1).refuse("must not fall below the point before it");
        }
    }
    Ok(())
}

fn sample(at: &At<'_>, sample: &Sample) -> Result<(), Invalid> {
    if sample.elapsed_ns == 0 {
        return at.field("elapsed_ns").refuse("must be above 0, got 0");
    }
    // The slowest thread does at most the mean; rounding may put it just above.
    at.field("slowest_thread").number(sample.slowest_thread, 0.0..=1.000_001)
}
