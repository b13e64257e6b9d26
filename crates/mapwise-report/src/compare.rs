//! A run against an earlier one: which candidates changed by more than the margin.

use mapwise_record::run::{Cell, Interval, Run};

use crate::clean::{clean, wrap};
use crate::number::{Unit, ratio};
use crate::table::{Column, Table};
use crate::text::{Style, WIDE};
use crate::view::{candidates, cell_at, thread_counts};
use crate::words::{self, MARGIN};

/// Compares runs with earlier runs of the same workloads, candidate by candidate.
///
/// The two were not measured in turns, so the interval of each change takes both intervals at their
/// worst, and differences between the machines are said rather than corrected.
#[must_use]
pub fn text(now: &[Run], then: &[Run], style: &Style<'_>) -> String {
    let mut out = String::new();
    for run in now {
        out.push('\n');
        match then.iter().find(|old| old.workload.name == run.workload.name) {
            Some(old) => out += &one(run, old, style),
            None => {
                let name = clean(&run.workload.name);
                out += &wrap(&format!("{name}: the earlier file has no run of it"), style.width, 2);
                out.push('\n');
            }
        }
    }
    out
}

fn one(now: &Run, then: &Run, style: &Style<'_>) -> String {
    let title = format!("{} against the run of {}", clean(&now.workload.name), words::started(then));
    let mut out = wrap(&title, style.width, 2) + "\n";
    for difference in differences(now, then) {
        out += &wrap(&format!("warning: {difference}"), style.width, 2);
        out.push('\n');
    }
    for threads in thread_counts(now) {
        let pairs: Vec<(&Cell, &Cell)> = candidates(now)
            .into_iter()
            .filter_map(|cell| {
                let new = cell_at(now, &cell.candidate, threads)?;
                Some((new, cell_at(then, &cell.candidate, threads)?))
            })
            .collect();
        if pairs.is_empty() {
            let count = words::plural(threads as u64, "thread");
            out += &format!("{count}: nothing to compare with\n");
        } else {
            out += &table(&pairs, threads, style);
        }
    }
    out
}

fn table(pairs: &[(&Cell, &Cell)], threads: usize, style: &Style<'_>) -> String {
    let unit = Unit::of_rates(pairs.iter().map(|(new, _)| new.throughput_ops_per_s.median));
    let show = |cell: &Cell| unit.show(cell.throughput_ops_per_s.median);
    let changes: Vec<Interval> =
        pairs.iter().map(|(new, old)| change(&new.throughput_ops_per_s, &old.throughput_ops_per_s)).collect();
    let interval = |change: &Interval| format!("[{}, {}]", ratio(change.low), ratio(change.high));
    let column = |head: &str, unit: &str, drop, cells| Column::new(head, unit, drop, cells);
    let table = Table {
        names: pairs.iter().map(|(new, _)| clean(&new.name)).collect(),
        columns: vec![
            column("then", unit.name, 2, pairs.iter().map(|(_, old)| show(old)).collect()),
            column("now", unit.name, 1, pairs.iter().map(|(new, _)| show(new)).collect()),
            column("change", "", 0, changes.iter().map(|c| format!("{}x", ratio(c.median))).collect()),
            column("95 % interval", "", 3, changes.iter().map(interval).collect()),
            column("", "", 0, changes.iter().map(|change| judge(change).to_owned()).collect()),
        ],
        bars: Vec::new(),
        drop_bar: 0,
    };
    let lines = table.lines(style.width.unwrap_or(WIDE));
    let count = words::plural(threads as u64, "thread");
    format!("{count}\n{}\n", lines.join("\n"))
}

/// New over old, with both intervals at their worst.
fn change(new: &Interval, old: &Interval) -> Interval {
    Interval { median: new.median / old.median, low: new.low / old.high, high: new.high / old.low }
}

fn judge(change: &Interval) -> &'static str {
    match change {
        change if change.low > 1.0 + MARGIN => "faster",
        change if change.high < 1.0 - MARGIN => "slower",
        change if change.low >= 1.0 - MARGIN && change.high <= 1.0 + MARGIN => "same",
        _ => "unclear",
    }
}

/// What else than the maps may explain a change.
fn differences(now: &Run, then: &Run) -> Vec<String> {
    let mut out = Vec::new();
    let statement = |run: &Run| {
        let workload = &run.workload;
        (workload.mix, workload.keys.clone(), workload.values, workload.private_keys, workload.think_ns)
    };
    if statement(now) != statement(then) {
        out.push("the workloads have one name and differ".to_owned());
    }
    let place = |run: &Run| (run.machine.cpu.clone(), run.machine.cores, run.machine.os.clone());
    if place(now) != place(then) {
        out.push(format!("the earlier run is from another machine: {}", words::machine(&then.machine)));
    }
    if now.machine.rustc != then.machine.rustc {
        let (new, old) = (clean(&now.machine.rustc), clean(&then.machine.rustc));
        out.push(format!("built with {new}, the earlier run with {old}"));
    }
    if now.hasher != then.hasher {
        let (new, old) = (clean(&now.hasher), clean(&then.hasher));
        out.push(format!("the hasher is {new}, in the earlier run {old}"));
    }
    out
}
