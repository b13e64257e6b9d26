//! Runs the twins of a program and counts what is reported of them.

use crate::{
    child::{Folder, Report, run},
    program::{Program, Twin},
};

/// Within so many runs a bug must be reported.
pub const RUNS_TO_FIND: usize = 20;

/// How much is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Searches for each bug, each from a checker that has learned nothing yet.
    pub searches: usize,
    /// Runs of each correct twin.
    pub silent_runs: usize,
    /// Of the bugs, this share must be found in every search.
    pub recall: f64,
    /// What was not found is searched for once more, when all others are done.
    pub again: bool,
}

/// What one program came to.
pub struct Row {
    pub program: Program,
    /// For each search, the run of the first report; `None` if there was none in `RUNS_TO_FIND`.
    pub first_report: Vec<Option<usize>>,
    /// The same for the search that was made because a first one found nothing.
    pub second: Option<usize>,
    /// What was said of correct twins.
    pub false_reports: Vec<String>,
    /// What was said of the buggy twin that is not what is wrong with it.
    pub wrong_reports: Vec<String>,
}

impl Row {
    pub fn found_at_once(&self) -> bool {
        self.first_report.iter().all(Option::is_some)
    }

    pub fn found(&self) -> bool {
        self.found_at_once() || self.second.is_some()
    }
}

/// Searches for the bug of a program.
pub fn search(folder: &Folder, program: Program, plan: Plan) -> Row {
    let (first_report, wrong_reports) = (Vec::new(), Vec::new());
    let mut row = Row { program, first_report, second: None, false_reports: Vec::new(), wrong_reports };
    for _ in 0..plan.searches {
        let first = search_once(folder, &mut row);
        row.first_report.push(first);
    }
    row
}

/// Searches once, from a checker that has learned nothing; returns the run of the first report.
pub fn search_once(folder: &Folder, row: &mut Row) -> Option<usize> {
    let program = row.program;
    folder.forget();
    (1..=RUNS_TO_FIND).find(|_| {
        let reports = run(folder, &key(program, Twin::Buggy));
        let (right, wrong): (Vec<_>, Vec<_>) = reports.into_iter().partition(|report| is_right(program, report));
        row.wrong_reports.extend(wrong.into_iter().map(|report| report.text));
        !right.is_empty()
    })
}

/// Runs the correct twins of a program, and returns what is said of them.
///
/// They meet a checker that has learned where to delay from the buggy one, and every tenth time one that has learned
/// nothing, whose delays are the most.
pub fn listen(folder: &Folder, program: Program, plan: Plan) -> Vec<String> {
    let mut reports = Vec::new();
    for twin in [Twin::Fixed, Twin::Locked] {
        if plan.silent_runs > 0 {
            run(folder, &key(program, Twin::Buggy));
        }
        for count in 0..plan.silent_runs {
            if count % 10 == 9 {
                folder.forget();
            }
            let all = run(folder, &key(program, twin)).into_iter();
            reports.extend(all.map(|report| format!("{twin:?}: {}", report.text)));
        }
    }
    reports
}

/// What a child is told to run.
pub fn key(program: Program, twin: Twin) -> String {
    format!("{} {twin:?}", program.name)
}

/// Whether a report is of the right kind and about lines of the program.
fn is_right(program: Program, report: &Report) -> bool {
    program.finds.contains(&report.kind) && report.files.iter().all(|file| file == program.file)
}

/// The median of `runs`, where no report counts as more than any number.
pub fn median(mut runs: Vec<Option<usize>>) -> Option<usize> {
    runs.sort_by_key(|run| run.unwrap_or(usize::MAX));
    runs.get(runs.len() / 2).copied().flatten()
}
