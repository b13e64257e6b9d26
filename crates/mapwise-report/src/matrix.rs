//! Which map to take for each workload and thread count, when a file has several runs.

use mapwise_record::run::{Run, Verdict, VerdictKind};

use crate::clean::clean;
use crate::number::ratio;
use crate::words::NONE;

/// One row a workload, one column a thread count.
pub(crate) struct Matrix {
    /// The thread counts of all runs, ascending.
    pub(crate) threads: Vec<usize>,
    /// The names of the workloads, and what to take at each thread count.
    pub(crate) rows: Vec<(String, Vec<String>)>,
}

impl Matrix {
    pub(crate) fn of(runs: &[Run]) -> Matrix {
        let counts = runs.iter().flat_map(|run| &run.verdicts).map(|at| at.threads);
        let mut threads: Vec<usize> = counts.collect();
        threads.sort_unstable();
        threads.dedup();
        let choices = |run: &Run| {
            let at = |threads: &usize| run.verdicts.iter().find(|at| at.threads == *threads);
            let shown = threads.iter().map(|threads| at(threads).map(|at| choice(run, &at.verdict)));
            shown.map(|choice| choice.unwrap_or_else(|| NONE.to_owned())).collect()
        };
        let rows = runs.iter().map(|run| (clean(&run.workload.name), choices(run))).collect();
        Matrix { threads, rows }
    }
}

/// A verdict in a few words.
fn choice(run: &Run, verdict: &Verdict) -> String {
    let cell = run.cells.iter().find(|cell| cell.candidate == verdict.take);
    let name = cell.map_or_else(|| clean(&verdict.take), |cell| clean(&cell.name));
    match verdict.kind {
        VerdictKind::Unresolved => "unresolved".to_owned(),
        VerdictKind::Tie => format!("{name}, tie"),
        VerdictKind::Win if verdict.take == verdict.baseline => format!("keep {name}"),
        VerdictKind::Win => format!("{name} {}x", ratio(verdict.ratio.median)),
    }
}
