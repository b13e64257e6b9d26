//! Wrong programs that checked mode must report, and correct ones that it must not.
//!
//! ```text
//! cargo test -p mapwise --features check --release --test corpus
//! cargo test -p mapwise --features check --release --test corpus in_200_runs -- --ignored
//! ```
//!
//! Runs every program in a process of its own and prints a line for each: on which map it runs, in which run its bug was
//! first reported, and how often a twin that is correct was reported. Fails where the figures below are missed.

#![allow(missing_docs, unreachable_pub, reason = "tests are not read as documentation")]

mod atomicity;
mod check_then_act;
mod child;
mod go_reports;
mod holds;
mod innocents;
mod iteration;
mod limits;
mod lock_order;
mod measure;
mod nesting;
mod owners;
mod program;
mod rust_reports;

use std::{
    env, fmt,
    io::{self, Write},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use child::{Folder, PROGRAM};
use measure::{Plan, RUNS_TO_FIND, Row, listen, median, search, search_once};
use program::{Program, Stage, Twin};

/// Of the bugs, this share must be found within `RUNS_TO_FIND` runs.
const RECALL: f64 = 0.95;

/// The same where all is run on a machine that may be busy with something else, and each miss is looked into once more: a
/// race that needs two threads at work in the same microseconds is seldom run there. It falls when detection does, and not
/// when a neighbor comes.
const RECALL_IF_BUSY: f64 = 0.85;

/// Half of the searches must have their first report within so many runs.
const MEDIAN_RUNS: usize = 2;

/// Programs that are run at once where it matters that nothing is reported, more than the processors of a small machine:
/// threads that wait for one come between more. Where it only matters what is found, a program is run alone.
const AT_ONCE: usize = 8;

fn programs() -> Vec<Program> {
    [
        check_then_act::PROGRAMS,
        go_reports::PROGRAMS,
        rust_reports::PROGRAMS,
        atomicity::PROGRAMS,
        iteration::PROGRAMS,
        owners::PROGRAMS,
        nesting::PROGRAMS,
        lock_order::PROGRAMS,
        holds::PROGRAMS,
    ]
    .concat()
}

/// The programs that have no twins, by name.
fn others() -> impl Iterator<Item = (&'static str, fn())> {
    let limits = limits::LIMITS.iter().chain(limits::CRIES_WOLF).map(|limit| (limit.name, limit.run));
    innocents::INNOCENTS.iter().copied().chain(limits)
}

#[test]
#[ignore = "what the others run in processes of their own"]
fn run_one_program() {
    let Ok(key) = env::var(PROGRAM) else { return };
    for program in programs() {
        for twin in [Twin::Buggy, Twin::Fixed, Twin::Locked] {
            if measure::key(program, twin) == key {
                return (program.run)(&Stage::new(twin));
            }
        }
    }
    let (_, run) = others().find(|(name, _)| *name == key).expect("the program is one of the corpus");
    run();
}

#[test]
fn every_program_has_a_name_of_its_own() {
    let mut names: Vec<&str> =
        programs().iter().map(|program| program.name).chain(others().map(|(name, _)| name)).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn the_corpus_is_found_and_its_twins_are_not_reported() {
    judge(Plan { searches: 1, silent_runs: 10, recall: RECALL_IF_BUSY, again: true }, 10);
}

#[test]
#[ignore = "takes some minutes: for changes of detection, as CONTRIBUTING.md says"]
fn the_corpus_is_found_and_its_twins_are_not_reported_in_200_runs() {
    judge(Plan { searches: 5, silent_runs: 200, recall: RECALL, again: false }, 200);
}

#[test]
#[ignore = "takes half a minute: for changes of detection, as CONTRIBUTING.md says"]
fn the_corpus_is_found_in_5_searches() {
    judge(Plan { searches: 5, silent_runs: 0, recall: RECALL, again: false }, 0);
}

/// Runs everything: `plan` for programs with twins, `runs` of each program without.
fn judge(plan: Plan, runs: usize) {
    say(format_args!("\n{:<42} {:<28} first report in run  false", "program", "map"));
    // What is found is a matter of who gets a processor when: each program is searched alone.
    let mut rows = at_once(1, &programs(), |folder, program| search(folder, *program, plan));
    if plan.again {
        let folder = Folder::new();
        rows.iter_mut().filter(|row| !row.found()).for_each(|row| row.second = search_once(&folder, row));
    }
    let silence = at_once(AT_ONCE, &programs(), |folder, program| (program.name, listen(folder, *program, plan)));
    for row in &mut rows {
        let reports = silence.iter().filter(|(name, _)| *name == row.program.name);
        row.false_reports.extend(reports.flat_map(|(_, reports)| reports.clone()));
        say_row(row);
    }
    say_totals(&rows, plan);
    let recall = share(&rows);
    let median = median(rows.iter().flat_map(|row| row.first_report.clone()).collect());
    let false_reports = rows.iter().map(|row| row.false_reports.len()).sum::<usize>() + innocents_reported(runs);
    let wrong_reports = rows.iter().map(|row| row.wrong_reports.len()).sum::<usize>();
    let limits_passed = limits_passed(&Folder::new());
    assert!(recall >= plan.recall, "recall must be at least {}, got {recall:.3}", plan.recall);
    assert!(
        median.is_some_and(|median| median <= MEDIAN_RUNS),
        "the median must be at most {MEDIAN_RUNS}, got {median:?}"
    );
    assert_eq!((false_reports, wrong_reports), (0, 0), "false reports, and reports of the wrong kind");
    assert_eq!(limits_passed, 0, "limits that are none any more");
}

/// The share of the programs that are reported.
fn share(rows: &[Row]) -> f64 {
    rows.iter().filter(|row| row.found()).count() as f64 / rows.len() as f64
}

/// Calls `job` with each of `all`, `count` at once, each with a folder that nobody else has.
fn at_once<T: Sync, R: Send>(count: usize, all: &[T], job: impl Fn(&Folder, &T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let folder = Folder::new();
        let mut done = Vec::new();
        // Relaxed: a number for whoever comes next.
        while let Some(one) = all.get(next.fetch_add(1, Relaxed)) {
            folder.forget();
            done.push(job(&folder, one));
        }
        done
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no worker panics")).collect()
    })
}

fn say(line: fmt::Arguments<'_>) {
    writeln!(io::stdout(), "{line}").expect("standard output takes a line");
}

fn say_row(row: &Row) {
    let said = |run: Option<usize>| run.map_or_else(|| "-".to_owned(), |run| run.to_string());
    let mut runs: Vec<String> = row.first_report.iter().map(|run| said(*run)).collect();
    if let Some(run) = row.second {
        runs.push(format!("then {run}"));
    }
    let Program { name, maps, .. } = row.program;
    let reports = |what: &str, all: &[String]| -> String {
        all.iter().take(3).map(|report| format!("\n    {what}: {report}")).collect()
    };
    say(format_args!(
        "{name:<42} {maps:<28} {:<20} {}{}{}",
        runs.join(" "),
        row.false_reports.len(),
        reports("false", &row.false_reports),
        reports("wrong kind or place", &row.wrong_reports),
    ));
}

fn say_totals(rows: &[Row], plan: Plan) {
    let found = rows.iter().filter(|row| row.found_at_once()).count();
    let searches: Vec<_> = rows.iter().flat_map(|row| row.first_report.clone()).collect();
    let count = searches.len();
    let median = median(searches).map_or_else(|| "none".to_owned(), |run| run.to_string());
    let false_reports: usize = rows.iter().map(|row| row.false_reports.len()).sum();
    say(format_args!("{found} of {} programs reported within {RUNS_TO_FIND} runs in every search", rows.len()));
    if plan.again {
        let more = rows.iter().filter(|row| row.second.is_some()).count();
        say(format_args!("{more} more when searched for once more"));
    }
    say(format_args!("{:.1} % are reported, {:.0} % must be", share(rows) * 100.0, plan.recall * 100.0));
    say(format_args!("median run of the first report of {count} searches: {median}"));
    say(format_args!(
        "{false_reports} false reports in {} runs of each of {} correct twins",
        plan.silent_runs,
        2 * rows.len()
    ));
}

/// Runs the correct programs that look wrong; returns how many reports there were.
fn innocents_reported(runs: usize) -> usize {
    let reported = at_once(AT_ONCE, innocents::INNOCENTS, |folder, (name, _)| {
        let mut reports = Vec::new();
        for count in 0..runs {
            // As in `listen`: a checker that has learned nothing delays the most.
            if count % 10 == 0 {
                folder.forget();
            }
            reports.extend(child::run(folder, name));
        }
        reports.iter().for_each(|report| say(format_args!("false: {name}: {}", report.text)));
        reports.len()
    });
    let all: usize = reported.into_iter().sum();
    say(format_args!(
        "{all} false reports in {runs} runs of each of {} correct programs that look wrong",
        innocents::INNOCENTS.len()
    ));
    all
}

/// Returns how many limits are none: what is out of sight must not be reported, and what is said to be an error must.
///
/// A limit that was passed belongs in the corpus, and out of the documentation.
fn limits_passed(folder: &Folder) -> usize {
    let reported = |limit: &limits::Limit| {
        folder.forget();
        (0..RUNS_TO_FIND).any(|_| !child::run(folder, limit.name).is_empty())
    };
    let mut passed = 0;
    for (limits, expected) in [(limits::LIMITS, false), (limits::CRIES_WOLF, true)] {
        for limit in limits {
            let is = reported(limit);
            passed += usize::from(is != expected);
            let said = if is { "reported" } else { "not reported" };
            say(format_args!("{} is {said}: {}", limit.name, limit.why));
        }
    }
    passed
}
