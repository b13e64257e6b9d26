//! The peers suite for a terminal: one line a row, with what it misses.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mapwise_record::bench::Bench;
use mapwise_record::run::{Cell, Run, WarningKind};
use mapwise_record::suite::{Check, Measure, Row};
use mapwise_record::workload::Kind;

use crate::clean::clean;
use crate::number::{Unit, ratio};
use crate::table::{Column, Table};
use crate::text::{CAUTION, PLAIN, Style, WIDE};
use crate::words::NONE;

/// What a row is that reaches everything demanded of it.
const OK: &str = "ok";

/// The rows of a suite; empty where the file has none.
#[must_use]
pub fn text(bench: &Bench, style: &Style<'_>) -> String {
    if bench.rows.is_empty() {
        return String::new();
    }
    let lines = table(bench).lines(style.width.unwrap_or(WIDE * 2));
    let mut out = lines.join("\n") + "\n\n";
    out += &style.prose(PLAIN, &summary(bench), 0);
    remarks(bench).iter().for_each(|remark| out += &style.prose(PLAIN, remark, 2));
    warnings(bench).iter().for_each(|warning| out += &style.prose(CAUTION, &format!("warning: {warning}"), 2));
    out
}

/// The rows as a Markdown table.
#[must_use]
pub fn markdown(bench: &Bench) -> String {
    let mut out = "| row | ours | best peer | ratio | floor | |\n|---|--:|---|--:|--:|---|\n".to_owned();
    let rate = Unit::of_rates(bench.rows.iter().map(|row| row.mapwise_ops_per_s));
    for row in &bench.rows {
        let (ours, best) = (rate.show(row.mapwise_ops_per_s), rate.show(row.best_peer_ops_per_s));
        let (peer, floor) = (clean(&row.best_peer), limit(row.floor));
        let line = format!("| {} | {ours} | {peer} {best} | {} | {floor} | {} |", name(row), interval(row), mark(row));
        writeln!(out, "{line}").expect("a String takes everything");
    }
    writeln!(out, "\nRates in {}.", rate.name).expect("a String takes everything");
    out
}

fn table(bench: &Bench) -> Table {
    let rows = &bench.rows;
    let cells: Vec<Option<&Cell>> = rows.iter().map(|row| cell(bench, row)).collect();
    let column = |head: &str, unit: &str, drop: u8, show: &dyn Fn(&Row) -> String| {
        Column::new(head, unit, drop, rows.iter().map(show).collect())
    };
    let rates = Unit::of_rates(rows.iter().map(|row| row.mapwise_ops_per_s));
    let check = |measure: Measure| move |row: &Row| found(row, measure).map_or(NONE.into(), |check| ratio(check.ratio));
    let mut columns = vec![
        column("ours", rates.name, 0, &|row| rates.show(row.mapwise_ops_per_s)),
        column("best", rates.name, 1, &|row| rates.show(row.best_peer_ops_per_s)),
        column("peer", "", 2, &|row| clean(&row.best_peer)),
        column("ratio", "[95 %]", 0, &interval),
        column("floor", "", 0, &|row| limit(row.floor)),
        column("special.", "ratio", 3, &check(Measure::Specialist)),
        column("unsync.", "ratio", 4, &check(Measure::Unsynchronized)),
    ];
    columns.extend(latencies(&cells));
    columns.push(column("p99", "ratio", 5, &check(Measure::P99)));
    let bytes = cells.iter().map(|cell| cell.and_then(|cell| cell.bytes_per_entry));
    let bytes = bytes.map(|bytes| bytes.map_or(NONE.into(), |bytes| format!("{bytes:.1}")));
    columns.push(Column::new("entry", "bytes", 7, bytes.collect()));
    columns.push(column("bytes", "ratio", 5, &check(Measure::BytesPerEntry)));
    columns.push(column("longest", "ratio", 6, &check(Measure::LongestInsert)));
    columns.push(column("", "", 0, &mark));
    Table { names: rows.iter().map(name).collect(), columns, bars: Vec::new(), drop_bar: 1 }
}

/// Ours, each in a unit that suits the column.
fn latencies(cells: &[Option<&Cell>]) -> Vec<Column> {
    let heads = ["p50", "p99", "p99.9", "max"];
    let columns = heads.into_iter().enumerate().map(|(index, head)| {
        let of = |cell: &Cell| {
            let latency = cell.latency_ns.as_ref()?;
            Some([latency.p50, latency.p99, latency.p999, latency.max][index] as f64)
        };
        let figures: Vec<Option<f64>> = cells.iter().map(|cell| cell.and_then(of)).collect();
        let unit = Unit::of_times(figures.iter().flatten().copied());
        let shown = figures.iter().map(|figure| figure.map_or(NONE.into(), |figure| unit.show(figure)));
        Column::new(head, unit.name, 8, shown.collect())
    });
    columns.collect()
}

fn name(row: &Row) -> String {
    let keys = match row.keys {
        keys if keys >= 1_000_000 && keys.is_multiple_of(1_000_000) => format!("{}M", keys / 1_000_000),
        keys if keys >= 1_000 && keys.is_multiple_of(1_000) => format!("{}k", keys / 1_000),
        keys => keys.to_string(),
    };
    format!("{} {keys} {} x{}", clean(&row.workload), clean(&row.key_type), row.threads)
}

fn interval(row: &Row) -> String {
    format!("{} [{}, {}]", ratio(row.ratio), ratio(row.ratio_low), ratio(row.ratio_high))
}

fn limit(floor: Option<f64>) -> String {
    floor.map_or(NONE.into(), |floor| format!("{floor:.1}"))
}

fn found(row: &Row, measure: Measure) -> Option<&Check> {
    row.checks.iter().find(|check| check.what == measure)
}

/// What a row misses; with a question mark where its interval reaches the floor.
fn mark(row: &Row) -> String {
    let mut missed = Vec::new();
    if let Some(floor) = row.floor.filter(|floor| row.ratio < *floor) {
        missed.push(if row.ratio_high < floor { "floor" } else { "floor?" });
    }
    missed.extend(row.checks.iter().filter(|check| !check.ok).map(|check| word(check.what)));
    if missed.is_empty() { OK.to_owned() } else { format!("BELOW: {}", missed.join(", ")) }
}

fn word(measure: Measure) -> &'static str {
    match measure {
        Measure::Specialist => "special.",
        Measure::Unsynchronized => "unsync.",
        Measure::P99 => "p99",
        Measure::BytesPerEntry => "bytes",
        Measure::LongestInsert => "longest",
    }
}

/// The cell of our map behind a row.
fn cell<'a>(bench: &'a Bench, row: &Row) -> Option<&'a Cell> {
    let same = |run: &&Run| {
        let keys = &run.workload.keys;
        let kind = if keys.kind == Kind::U64 { "u64" } else { "string" };
        run.workload.name == row.workload && keys.space == row.keys && kind == row.key_type
    };
    let cells = &bench.runs.iter().find(same)?.cells;
    cells.iter().find(|cell| cell.candidate == row.candidate && cell.threads == row.threads)
}

fn summary(bench: &Bench) -> String {
    let demanded = |row: &&Row| row.floor.is_some() || row.checks.iter().any(|check| check.limit.is_some());
    let all = bench.rows.iter().filter(demanded).count();
    let kept = bench.rows.iter().filter(demanded).filter(|row| row.ok).count();
    format!("{kept} of {all} rows with a demand keep it; {} rows in all.", bench.rows.len())
}

fn remarks(bench: &Bench) -> Vec<String> {
    let harness = bench.runs.iter().flat_map(|run| &run.harness).map(|cost| cost.ns_per_op);
    let (least, most) = harness.fold((f64::INFINITY, 0.0_f64), |(least, most), ns| (least.min(ns), most.max(ns)));
    let harness = (least <= most).then(|| {
        format!(
            "{least:.1} to {most:.1} ns of each operation are the empty loop's; they are in every figure, and in each \
             latency is a reading of the clock besides."
        )
    });
    let legend = "ratio: our throughput over that of the best general map, paired by round. special.: over the best map \
                  made for the mix. unsync.: over a hashbrown table for each thread. p99, longest: ours over the best \
                  general map's, and bytes: over 64 locked shards'; less is better.";
    harness.into_iter().chain([legend.to_owned()]).collect()
}

fn warnings(bench: &Bench) -> Vec<String> {
    let all = || bench.runs.iter().flat_map(|run| &run.warnings);
    // One for each row says no more than one for all.
    let crowded = all().filter(|warning| warning.kind == WarningKind::Noisy).count();
    let crowded = (crowded > 0).then(|| {
        format!(
            "{crowded} rows ran while other programs had processors that threads waited for: look at intervals, not at \
             figures, and run them again on an idle machine."
        )
    });
    let others = all().filter(|warning| warning.kind != WarningKind::Noisy).map(|warning| clean(&warning.text));
    let others: BTreeSet<String> = others.collect();
    crowded.into_iter().chain(others).collect()
}
