//! The full table: every figure of every candidate, as a table on wide screens and as cards on narrow ones.

use mapwise_record::run::{Cell, Origin, Run};
use maud::{Markup, html};

use super::marks::{Marks, name};
use crate::matrix::Matrix;
use crate::number::{Unit, ratio};
use crate::view::{PERCENTILES, View, percentiles, slowest_thread};
use crate::words::{self, NONE};

/// What to take for each workload and thread count; workloads lead to their sections.
pub(super) fn choices(runs: &[Run]) -> Markup {
    let matrix = Matrix::of(runs);
    let heads: Vec<String> = matrix.threads.iter().map(|threads| words::plural(*threads as u64, "thread")).collect();
    html! {
        table class="choices" role="table" {
            caption { "Which map to take" }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "workload" }
                    @for head in &heads { th role="columnheader" scope="col" { (head) } }
                }
            }
            tbody role="rowgroup" {
                @for (index, (name, choices)) in matrix.rows.iter().enumerate() {
                    tr role="row" {
                        th role="rowheader" scope="row" { a href={ "#w" (index) } { bdi { (name) } } }
                        @for (head, choice) in heads.iter().zip(choices) {
                            td role="cell" { span class="head" aria-hidden="true" { (head) } bdi { (choice) } }
                        }
                    }
                }
            }
        }
    }
}

struct Column {
    head: &'static str,
    unit: String,
    cells: Vec<Figure>,
}

/// What is shown, and the exact value where there is one.
struct Figure {
    shown: String,
    exact: Option<String>,
}

/// All candidates at the view's thread count.
pub(super) fn full(view: &View<'_>, marks: &Marks<'_>) -> Markup {
    let columns = columns(view);
    // Cards undo `display: table`, which would take the meaning with it: the roles keep it.
    html! {
        table class="full" role="table" {
            caption { "All figures at " (words::plural(view.threads as u64, "thread")) }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "candidate" }
                    @for column in &columns {
                        th role="columnheader" scope="col" { (column.head) @if !column.unit.is_empty() { span class="unit" { " " (column.unit) } } }
                    }
                }
            }
            tbody role="rowgroup" {
                @for (index, cell) in view.cells.iter().enumerate() {
                    tr role="row" class=[class(view, cell)] {
                        th role="rowheader" scope="row" {
                            div class="who" {
                                (marks.badge(&cell.candidate))
                                span { (name(&cell.name)) (tags(view, cell)) }
                            }
                        }
                        @for column in &columns {
                            @let figure = &column.cells[index];
                            td role="cell" {
                                span class="head" aria-hidden="true" { (column.head) " " span class="unit" { (column.unit) } }
                                @match &figure.exact {
                                    Some(exact) => data value=(exact) { (figure.shown) },
                                    None => span { (figure.shown) },
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn class(view: &View<'_>, cell: &Cell) -> Option<&'static str> {
    if view.is_take(cell) {
        Some("take")
    } else if view.is_baseline(cell) {
        Some("baseline")
    } else {
        None
    }
}

fn tags(view: &View<'_>, cell: &Cell) -> Markup {
    let origin = match cell.origin {
        Origin::Mapwise => "mapwise",
        Origin::Standard => "std",
        Origin::Crate => "crate",
    };
    html! {
        small {
            (origin)
            @if view.is_take(cell) { " · " strong { "take" } }
            @if view.is_baseline(cell) { " · baseline" }
        }
    }
}

fn columns(view: &View<'_>) -> Vec<Column> {
    let cells = &view.cells;
    let mut out = speeds(view);
    out.extend(latencies(view));
    let sizes = Unit::of_sizes(cells.iter().filter_map(|cell| cell.bytes_per_entry));
    out.push(Column::figures("memory", sizes, format!("{}/entry", sizes.name), cells, &|cell| cell.bytes_per_entry));
    let pause = |cell: &Cell| cell.growth_pause_ns.map(|ns| ns as f64);
    let pauses = Unit::of_times(cells.iter().filter_map(|cell| pause(cell)));
    out.push(Column::figures("growth pause", pauses, pauses.name.to_owned(), cells, &pause));
    let fair = |cell: &Cell| match slowest_thread(cell) {
        Some(share) => Figure { shown: format!("{:.0} %", share * 100.0), exact: exact(share) },
        None => Figure::text(NONE),
    };
    out.push(Column {
        head: "slowest thread",
        unit: "of mean".to_owned(),
        cells: cells.iter().map(|cell| fair(cell)).collect(),
    });
    out
}

/// Throughput and ratio, each with its interval.
fn speeds(view: &View<'_>) -> Vec<Column> {
    let cells = &view.cells;
    let rates = Unit::of_rates(cells.iter().map(|cell| cell.throughput_ops_per_s.median));
    let between = |low: String, high: String| Figure::text(format!("{low} … {high}"));
    let spread = |cell: &&Cell| {
        let ends = cell.throughput_ops_per_s;
        between(rates.show(ends.low), rates.show(ends.high))
    };
    let absent = |cell: &Cell, baseline: &str| Figure::text(if view.is_baseline(cell) { baseline } else { NONE });
    let times = |cell: &&Cell| match cell.ratio {
        Some(ends) => Figure { shown: format!("{}x", ratio(ends.median)), exact: exact(ends.median) },
        None => absent(cell, "1.00x"),
    };
    let interval = |cell: &&Cell| match cell.ratio {
        Some(ends) => between(ratio(ends.low), ratio(ends.high)),
        None => absent(cell, "baseline"),
    };
    let median = |cell: &Cell| Some(cell.throughput_ops_per_s.median);
    let column = |head, unit: &str, cells| Column { head, unit: unit.to_owned(), cells };
    vec![
        Column::figures("throughput", rates, rates.name.to_owned(), cells, &median),
        column("interval", rates.name, cells.iter().map(spread).collect()),
        column("ratio", "", cells.iter().map(times).collect()),
        column("interval", "of ratio", cells.iter().map(interval).collect()),
    ]
}

fn latencies(view: &View<'_>) -> Vec<Column> {
    let cells = &view.cells;
    let column = |(index, head)| {
        let value = |cell: &Cell| cell.latency_ns.as_ref().map(|latency| percentiles(latency)[index] as f64);
        let unit = Unit::of_times(cells.iter().filter_map(|cell| value(cell)));
        Column::figures(head, unit, unit.name.to_owned(), cells, &value)
    };
    PERCENTILES.into_iter().enumerate().map(column).collect()
}

impl Column {
    fn figures(
        head: &'static str,
        unit: Unit,
        name: String,
        cells: &[&Cell],
        value: &dyn Fn(&Cell) -> Option<f64>,
    ) -> Column {
        let figure = |cell: &&Cell| match value(cell) {
            Some(value) => Figure { shown: unit.show(value), exact: exact(value) },
            None => Figure::text(NONE),
        };
        Column { head, unit: name, cells: cells.iter().map(figure).collect() }
    }
}

/// A value for programs that read the page; a file may hold what is no number.
fn exact(value: f64) -> Option<String> {
    value.is_finite().then(|| value.to_string())
}

impl Figure {
    fn text(shown: impl Into<String>) -> Figure {
        Figure { shown: shown.into(), exact: None }
    }
}
