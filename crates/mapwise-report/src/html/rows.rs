//! Pictures with one row a candidate: throughput, ratio, memory, and every sample.

use mapwise_record::run::Cell;
use maud::{Markup, html};

use super::marks::{Marks, name};
use super::scale::Scale;
use crate::clean::clean;
use crate::number::{Unit, ratio};
use crate::view::{View, ends};
use crate::words::MARGIN;

/// Height of a row whose name takes one line, in pixels.
const HEIGHT: i32 = 24;

/// What one row shows.
struct Row<'a> {
    cell: &'a Cell,
    /// The figure at the right.
    value: String,
    /// The whole row in words.
    words: String,
    /// As high as the row, however many lines the name takes.
    back: Markup,
    /// Around the middle of the row, where y is 0.
    front: Markup,
}

/// A place as an SVG length.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// Throughput of each candidate, with its interval and the baseline's median as a line through all rows.
pub(super) fn throughput(view: &View<'_>, marks: &Marks<'_>) -> Markup {
    let all = view.cells.iter().flat_map(|cell| ends(&cell.throughput_ops_per_s));
    let scale = Scale::from_zero(all);
    let unit = Unit::of_rates(view.cells.iter().map(|cell| cell.throughput_ops_per_s.median));
    let baseline = view.cells.iter().find(|cell| view.is_baseline(cell));
    let line = baseline.map(|cell| scale.at(cell.throughput_ops_per_s.median));
    let rows = view.cells.iter().map(|cell| {
        let [low, median, high] = ends(&cell.throughput_ops_per_s);
        Row {
            cell,
            value: unit.show(median),
            words: format!("{}, 95 % interval {} to {}", unit.full(median), unit.show(low), unit.full(high)),
            back: reference(line),
            front: html! { (bar(scale.at(median))) (whisker(scale.at(low), scale.at(high))) },
        }
    });
    let ticks = scale.ticks(5).into_iter().map(|v| (scale.at(v), unit.tick(v)));
    figure(marks, rows.collect(), ticks.collect(), unit.name)
}

/// Throughput relative to the baseline on a logarithmic axis, with the band that counts as no difference.
pub(super) fn forest(view: &View<'_>, marks: &Marks<'_>) -> Markup {
    let known = view.cells.iter().filter_map(|cell| cell.ratio.as_ref()).flat_map(ends);
    let scale = Scale::log(known.chain([1.0 - 2.0 * MARGIN, 1.0 + 2.0 * MARGIN]), 1.02);
    let rows = view.cells.iter().map(|cell| {
        let (value, words, mark) = match &cell.ratio {
            Some(interval) => {
                let [low, median, high] = ends(interval);
                let value = format!("{}x", ratio(median));
                let words = format!("{value}, 95 % interval {} to {}", ratio(low), ratio(high));
                (value, words, html! { (whisker(scale.at(low), scale.at(high))) (dot(scale.at(median))) })
            }
            None if view.is_baseline(cell) => {
                let diamond = html! {
                    svg x=(percent(scale.at(1.0))) { path class="diamond" d="M-6 0L0-6L6 0L0 6Z" {} }
                };
                ("1.00x".to_owned(), "the baseline".to_owned(), diamond)
            }
            None => ("–".to_owned(), "not compared".to_owned(), html! {}),
        };
        Row {
            cell,
            value,
            words,
            back: html! { (band(scale.at(1.0 - MARGIN), scale.at(1.0 + MARGIN))) (reference(Some(scale.at(1.0)))) },
            front: mark,
        }
    });
    let ticks = scale.ticks(6).into_iter().map(|v| (scale.at(v), format!("{}x", trim(&ratio(v)))));
    figure(marks, rows.collect(), ticks.collect(), "")
}

/// The verdict's ratio alone, on the same kind of axis.
pub(super) fn verdict(view: &View<'_>) -> Markup {
    let [low, median, high] = ends(&view.verdict.ratio);
    let scale = Scale::log([low, median, high, 1.0 / 1.3, 1.3], 1.05);
    let words = format!("ratio {}, 95 % interval {} to {}", ratio(median), ratio(low), ratio(high));
    html! {
        div class="verdict-axis" {
            svg width="100%" height="46" role="img" {
                title { "The verdict's ratio with its interval" }
                desc { (words) }
                svg width="100%" height=(HEIGHT) {
                    (band(scale.at(1.0 - MARGIN), scale.at(1.0 + MARGIN)))
                    line class="axis-line" x1="0" x2="100%" y1="50%" y2="50%" {}
                    (reference(Some(scale.at(1.0))))
                    svg class="front" y="50%" { (whisker(scale.at(low), scale.at(high))) (dot(scale.at(median))) }
                }
                (axis_labels(&scale.ticks(6).into_iter().map(|v| (scale.at(v), format!("{}x", trim(&ratio(v))))).collect::<Vec<_>>(), HEIGHT + 15))
            }
        }
    }
}

/// Heap bytes for each entry.
pub(super) fn memory(view: &View<'_>, marks: &Marks<'_>) -> Option<Markup> {
    let known: Vec<f64> = view.cells.iter().filter_map(|cell| cell.bytes_per_entry).collect();
    if known.is_empty() {
        return None;
    }
    let scale = Scale::from_zero(known.iter().copied());
    let unit = Unit::of_sizes(known);
    let rows = view.cells.iter().map(|cell| match cell.bytes_per_entry {
        Some(bytes) => Row {
            cell,
            value: unit.show(bytes),
            words: format!("{} for each entry", unit.full(bytes)),
            back: html! {},
            front: bar(scale.at(bytes)),
        },
        None => {
            Row { cell, value: "–".to_owned(), words: "not measured".to_owned(), back: html! {}, front: html! {} }
        }
    });
    let ticks = scale.ticks(5).into_iter().map(|v| (scale.at(v), unit.tick(v)));
    Some(figure(marks, rows.collect(), ticks.collect(), &format!("{}/entry", unit.name)))
}

/// Every sample of every candidate, as a difference from that candidate's own median; later samples lie lower.
pub(super) fn samples(view: &View<'_>, marks: &Marks<'_>) -> Markup {
    let differences = |cell: &Cell| -> Vec<f64> {
        let median = cell.throughput_ops_per_s.median;
        cell.samples.iter().map(|sample| sample.ops_per_s() / median - 1.0).filter(|v| v.is_finite()).collect()
    };
    let scale = Scale::around_zero(view.cells.iter().flat_map(|cell| differences(cell)), 2.0 * MARGIN);
    let rows = view.cells.iter().map(|cell| {
        let all = differences(cell);
        let least = all.iter().copied().fold(0.0, f64::min);
        let most = all.iter().copied().fold(0.0, f64::max);
        let step = f64::from(HEIGHT - 10) / all.len().max(2).saturating_sub(1) as f64;
        Row {
            cell,
            value: format!("{} … {}", signed(least), signed(most)),
            words: format!("{} samples from {} to {} of the median", all.len(), signed(least), signed(most)),
            back: html! { (band(scale.at(-MARGIN), scale.at(MARGIN))) (reference(Some(scale.at(0.0)))) },
            front: html! {
                @for (index, difference) in all.iter().enumerate() {
                    @let y = f64::from(5 - HEIGHT / 2) + step * index as f64;
                    circle class="sample" cx=(percent(scale.at(*difference))) cy=(format!("{y:.1}")) r="3" {}
                }
            },
        }
    });
    let ticks = scale.ticks(5).into_iter().map(|v| (scale.at(v), signed(v)));
    figure(marks, rows.collect(), ticks.collect(), "of the candidate's own median")
}

fn figure(marks: &Marks<'_>, rows: Vec<Row<'_>>, ticks: Vec<(f64, String)>, unit: &str) -> Markup {
    html! {
        ol class="rows" {
            @for row in &rows {
                li class=(marks.class(&row.cell.candidate)) {
                    span class="name" { (marks.badge(&row.cell.candidate)) (name(&row.cell.name)) }
                    span class="value" { (row.value) }
                    svg class="plot" width="100%" height=(HEIGHT) role="img" {
                        title { (clean(&row.cell.name)) }
                        desc { (row.words) }
                        @for (place, _) in &ticks {
                            line class="tick" x1=(percent(*place)) x2=(percent(*place)) y1="0" y2="100%" {}
                        }
                        (row.back)
                        svg class="front" y="50%" { (row.front) }
                    }
                }
            }
            li class="axis" aria-hidden="true" {
                span class="name" {}
                span class="value" {}
                svg class="plot" width="100%" height=(if unit.is_empty() { 18 } else { 36 }) {
                    (axis_labels(&ticks, 14))
                    @if !unit.is_empty() { text x="50%" y="32" text-anchor="middle" { (unit) } }
                }
            }
        }
    }
}

/// Labels under an axis; those at the ends lean inward so that nothing is cut.
pub(super) fn axis_labels(ticks: &[(f64, String)], y: i32) -> Markup {
    html! {
        @for (place, label) in ticks {
            @let anchor = if *place < 0.06 { "start" } else if *place > 0.94 { "end" } else { "middle" };
            text x=(percent(*place)) y=(y) text-anchor=(anchor) { (label) }
        }
    }
}

fn bar(share: f64) -> Markup {
    html! { rect class="bar" x="0" y="-7" width=(percent(share)) height="14" rx="2" {} }
}

fn whisker(low: f64, high: f64) -> Markup {
    html! {
        line class="whisker" x1=(percent(low)) x2=(percent(high)) y1="0" y2="0" {}
        @for end in [low, high] {
            line class="whisker" x1=(percent(end)) x2=(percent(end)) y1="-4" y2="4" {}
        }
    }
}

fn dot(place: f64) -> Markup {
    html! { circle class="dot" cx=(percent(place)) cy="0" r="4.5" {} }
}

fn reference(place: Option<f64>) -> Markup {
    html! {
        @if let Some(place) = place {
            line class="reference" x1=(percent(place)) x2=(percent(place)) y1="0" y2="100%" {}
        }
    }
}

/// The differences that count as none.
fn band(low: f64, high: f64) -> Markup {
    html! { rect class="band" x=(percent(low)) y="0" width=(percent(high - low)) height="100%" {} }
}

fn signed(share: f64) -> String {
    match share * 100.0 {
        value if value.abs() < 0.05 => "0 %".to_owned(),
        value if value.abs() < 9.95 => trim(&format!("{value:+.1}")) + " %",
        value => format!("{value:+.0} %"),
    }
}

fn trim(figure: &str) -> String {
    match figure.contains('.') {
        true => figure.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => figure.to_owned(),
    }
}
