//! One row for each candidate and thread count, under stable column names that carry their units.

use mapwise_record::run::{Cell, Interval, Origin, Run, Verdict};

use crate::clean::clean;
use crate::view::{View, percentiles, slowest_thread};

/// The names of the columns. New ones are added at the end; none is renamed.
pub const COLUMNS: [&str; 29] = [
    "workload",
    "threads",
    "candidate",
    "name",
    "origin",
    "verdict",
    "throughput_ops_per_s_median",
    "throughput_ops_per_s_low",
    "throughput_ops_per_s_high",
    "ratio_median",
    "ratio_low",
    "ratio_high",
    "latency_p50_ns",
    "latency_p99_ns",
    "latency_p999_ns",
    "latency_p9999_ns",
    "latency_max_ns",
    "latency_count",
    "latency_offered_ops_per_s",
    "bytes_per_entry",
    "growth_pause_ns",
    "slowest_thread_share_median",
    "samples",
    "harness_ns_per_op",
    "seed",
    "started_unix_s",
    "cores",
    "mapwise_version",
    "complete",
];

/// All cells of all runs. A figure that was not measured is an empty field.
#[must_use]
pub fn runs(runs: &[Run]) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(COLUMNS).expect("memory takes everything");
    for run in runs {
        for cell in &run.cells {
            out.write_record(row(run, cell)).expect("memory takes everything and rows have one length");
        }
    }
    let bytes = out.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("every field is UTF-8")
}

fn row(run: &Run, cell: &Cell) -> [String; COLUMNS.len()] {
    let throughput = cell.throughput_ops_per_s;
    let ratio = |pick: fn(&Interval) -> f64| option(cell.ratio.as_ref().map(pick));
    let latency = cell.latency_ns.as_ref();
    let percentile = |index: usize| option(latency.map(|latency| percentiles(latency)[index]));
    let harness = run.harness.iter().find(|cost| cost.threads == cell.threads);
    [
        clean(&run.workload.name),
        cell.threads.to_string(),
        clean(&cell.candidate),
        clean(&cell.name),
        origin(cell).to_owned(),
        role(View::at(run, cell.threads).verdict, cell).to_owned(),
        throughput.median.to_string(),
        throughput.low.to_string(),
        throughput.high.to_string(),
        ratio(|ends| ends.median),
        ratio(|ends| ends.low),
        ratio(|ends| ends.high),
        percentile(0),
        percentile(1),
        percentile(2),
        percentile(3),
        percentile(4),
        option(latency.map(|latency| latency.count)),
        option(latency.map(|latency| latency.offered_ops_per_s)),
        option(cell.bytes_per_entry),
        option(cell.growth_pause_ns),
        option(slowest_thread(cell)),
        cell.samples.len().to_string(),
        option(harness.map(|cost| cost.ns_per_op)),
        run.seed.to_string(),
        run.started_unix_s.to_string(),
        run.machine.cores.to_string(),
        clean(&run.mapwise_version),
        run.complete.to_string(),
    ]
}

fn option(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn origin(cell: &Cell) -> &'static str {
    match cell.origin {
        Origin::Mapwise => "mapwise",
        Origin::Standard => "standard",
        Origin::Crate => "crate",
    }
}

/// Whether the verdict says to take this candidate or compares with it.
fn role(verdict: &Verdict, cell: &Cell) -> &'static str {
    match (verdict.take == cell.candidate, verdict.baseline == cell.candidate) {
        (true, true) => "take baseline",
        (true, false) => "take",
        (false, true) => "baseline",
        (false, false) => "",
    }
}
