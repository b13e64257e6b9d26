//! One thread count of a run, with the roles that every output marks.

use mapwise_record::run::{Cell, Interval, Latency, Run, Verdict};

/// How many candidates a picture can tell apart at a glance.
pub(crate) const NOTABLE: usize = 5;

/// The cells of a run at one thread count, in the order of the file: best first.
#[derive(Clone)]
pub(crate) struct View<'a> {
    pub(crate) run: &'a Run,
    pub(crate) threads: usize,
    pub(crate) verdict: &'a Verdict,
    pub(crate) cells: Vec<&'a Cell>,
}

impl<'a> View<'a> {
    /// The thread count that the verdict is about.
    pub(crate) fn of(run: &'a Run) -> View<'a> {
        View::at(run, run.threads)
    }

    /// Any thread count of the run.
    pub(crate) fn at(run: &'a Run, threads: usize) -> View<'a> {
        let other = run.verdicts.iter().find(|at| at.threads == threads && threads != run.threads);
        View {
            run,
            threads,
            verdict: other.map_or(&run.verdict, |at| &at.verdict),
            cells: run.cells.iter().filter(|cell| cell.threads == threads).collect(),
        }
    }

    pub(crate) fn is_take(&self, cell: &Cell) -> bool {
        cell.candidate == self.verdict.take
    }

    pub(crate) fn is_baseline(&self, cell: &Cell) -> bool {
        cell.candidate == self.verdict.baseline
    }

    /// Identifiers of the candidates worth telling apart: the one to take, the baseline, then the best by
    /// p99, throughput and memory, then the rest by rank.
    pub(crate) fn notable(&self) -> Vec<&'a str> {
        let least = |key: fn(&Cell) -> Option<f64>| {
            let known = self.cells.iter().filter_map(|cell| Some((key(cell)?, *cell)));
            known.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, cell)| cell)
        };
        let role = |id: &str| self.cells.iter().find(|cell| cell.candidate == id).copied();
        let first = [
            role(&self.verdict.take),
            role(&self.verdict.baseline),
            least(|cell| cell.latency_ns.as_ref().map(|latency| latency.p99 as f64)),
            least(|cell| Some(-cell.throughput_ops_per_s.median)),
            least(|cell| cell.bytes_per_entry),
        ];
        let mut out: Vec<&str> = Vec::new();
        for cell in first.into_iter().flatten().chain(self.cells.iter().copied()) {
            if out.len() < NOTABLE && !out.contains(&cell.candidate.as_str()) {
                out.push(&cell.candidate);
            }
        }
        out
    }
}

/// The thread counts of a run, ascending.
pub(crate) fn thread_counts(run: &Run) -> Vec<usize> {
    let mut out: Vec<usize> = run.cells.iter().map(|cell| cell.threads).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// The candidates of a run, in the order of their best place at the verdict's thread count, then of the file.
pub(crate) fn candidates(run: &Run) -> Vec<&Cell> {
    let first = run.cells.iter().filter(|cell| cell.threads == run.threads);
    let mut out: Vec<&Cell> = Vec::new();
    for cell in first.chain(&run.cells) {
        if !out.iter().any(|known| known.candidate == cell.candidate) {
            out.push(cell);
        }
    }
    out
}

/// The cell of `candidate` at `threads`.
pub(crate) fn cell_at<'a>(run: &'a Run, candidate: &str, threads: usize) -> Option<&'a Cell> {
    run.cells.iter().find(|cell| cell.candidate == candidate && cell.threads == threads)
}

/// The median share that the slowest thread got, or nothing without samples.
pub(crate) fn slowest_thread(cell: &Cell) -> Option<f64> {
    let mut shares: Vec<f64> = cell.samples.iter().map(|sample| sample.slowest_thread).collect();
    shares.sort_by(f64::total_cmp);
    shares.get(shares.len() / 2).copied()
}

/// A latency percentile by position: p50, p99, p99.9, p99.99, max.
pub(crate) fn percentiles(latency: &Latency) -> [u64; 5] {
    [latency.p50, latency.p99, latency.p999, latency.p9999, latency.max]
}

/// The names of [`percentiles`].
pub(crate) const PERCENTILES: [&str; 5] = ["p50", "p99", "p99.9", "p99.99", "max"];

/// The three figures of an interval, low to high.
pub(crate) fn ends(interval: &Interval) -> [f64; 3] {
    [interval.low, interval.median, interval.high]
}
