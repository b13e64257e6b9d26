//! Pictures with one line a candidate: latency over percentiles, throughput and p99 over threads.
//!
//! Places along x are percentages, so that a picture has any width while its text keeps its size; the
//! lines live in an inner picture that stretches, with strokes that do not.

use mapwise_record::run::{Cell, Latency, Run};
use maud::{Markup, html};

use super::marks::Marks;
use super::rows::{axis_labels, percent};
use super::scale::{Scale, spread};
use crate::clean::clean;
use crate::number::{Unit, time};
use crate::view::{View, candidates, cell_at, ends, percentiles, thread_counts};
use crate::words;

const HEIGHT: f64 = 300.0;
/// Width of the inner picture in its own units.
const STRETCH: f64 = 1000.0;
/// Distance between the letters at the line ends.
const PIN_GAP: f64 = 18.0;

struct Line<'a> {
    candidate: &'a str,
    /// Shares of the width and of the height, from the lower left.
    points: Vec<(f64, f64)>,
    /// Intervals at those x, where there are any.
    intervals: Vec<(f64, f64, f64)>,
}

struct Plot<'a> {
    title: String,
    words: String,
    lines: Vec<Line<'a>>,
    x_ticks: Vec<(f64, String)>,
    y_ticks: Vec<(f64, String)>,
    x_label: &'a str,
    y_label: String,
    /// From here on the machine has fewer cores than threads.
    shade_from: Option<f64>,
}

/// Latency over percentiles at the view's thread count, or nothing when no latency was taken.
pub(super) fn latency(view: &View<'_>, marks: &Marks<'_>) -> Option<Markup> {
    let measured: Vec<(&Cell, Vec<(f64, u64)>)> =
        view.cells.iter().filter_map(|cell| Some((*cell, curve(cell.latency_ns.as_ref()?)))).collect();
    if measured.is_empty() {
        return None;
    }
    let nines =
        measured.iter().flat_map(|(_, points)| points).map(|(share, _)| nines(*share)).filter(|n| n.is_finite());
    let axis = PercentileAxis { last: nines.fold(4.0, f64::max).min(6.0) };
    let scale = Scale::log(measured.iter().flat_map(|(_, points)| points).map(|(_, ns)| *ns as f64), 1.25);
    let lines = measured.iter().map(|(cell, points)| Line {
        candidate: &cell.candidate,
        points: points.iter().map(|(share, ns)| (axis.at(*share), scale.at(*ns as f64))).collect(),
        intervals: Vec::new(),
    });
    let notable = measured.iter().filter(|(cell, _)| marks.slot(&cell.candidate).is_some());
    let words = notable.filter_map(|(cell, _)| {
        let latency = cell.latency_ns.as_ref()?;
        let [p50, p99, max] = [latency.p50, latency.p99, latency.max].map(|ns| time(ns as f64));
        Some(format!("{}: p50 {p50}, p99 {p99}, max {max}.", clean(&cell.name)))
    });
    let plot = Plot {
        title: "Latency over percentiles".to_owned(),
        words: words.collect::<Vec<_>>().join(" "),
        lines: lines.collect(),
        x_ticks: axis.ticks(),
        y_ticks: scale.ticks(7).into_iter().map(|ns| (scale.at(ns), short_time(ns))).collect(),
        x_label: "percentile of operations",
        y_label: "latency, logarithmic".to_owned(),
        shade_from: None,
    };
    Some(draw(&plot, marks))
}

/// Throughput over threads, or nothing for a single thread count.
pub(super) fn throughput(run: &Run, marks: &Marks<'_>) -> Option<Markup> {
    let unit = Unit::of_rates(run.cells.iter().map(|cell| cell.throughput_ops_per_s.median));
    let scale = Scale::from_zero(run.cells.iter().flat_map(|cell| ends(&cell.throughput_ops_per_s)));
    let ticks = scale.ticks(6).into_iter().map(|v| (scale.at(v), unit.tick(v))).collect();
    let value = |cell: &Cell| Some(ends(&cell.throughput_ops_per_s).map(|v| scale.at(v)));
    over_threads(run, marks, "Throughput over threads", unit.name.to_owned(), ticks, &value)
}

/// p99 over threads, or nothing for a single thread count or without latencies.
pub(super) fn p99(run: &Run, marks: &Marks<'_>) -> Option<Markup> {
    let p99 = |cell: &Cell| cell.latency_ns.as_ref().map(|latency| latency.p99 as f64);
    run.cells.iter().find_map(p99)?;
    let scale = Scale::log(run.cells.iter().filter_map(p99), 1.25);
    let ticks = scale.ticks(7).into_iter().map(|ns| (scale.at(ns), short_time(ns))).collect();
    let value = |cell: &Cell| p99(cell).map(|ns| [scale.at(ns); 3]);
    over_threads(run, marks, "p99 over threads", "p99, logarithmic".to_owned(), ticks, &value)
}

fn over_threads(
    run: &Run,
    marks: &Marks<'_>,
    title: &str,
    y_label: String,
    y_ticks: Vec<(f64, String)>,
    value: &dyn Fn(&Cell) -> Option<[f64; 3]>,
) -> Option<Markup> {
    let counts = thread_counts(run);
    let (first, last) = (*counts.first()? as f64, *counts.last()? as f64);
    if counts.len() < 2 {
        return None;
    }
    let at = |threads: f64| (threads.max(1.0) / first.max(1.0)).ln() / (last / first.max(1.0)).ln();
    let line = |cell: &'_ Cell| -> Vec<(f64, [f64; 3])> {
        let known = counts.iter().filter_map(|n| Some((at(*n as f64), value(cell_at(run, &cell.candidate, *n)?)?)));
        known.collect()
    };
    let all = candidates(run);
    let lines = all.iter().map(|cell| {
        let line = line(cell);
        Line {
            candidate: &cell.candidate,
            points: line.iter().map(|(x, [_, median, _])| (*x, *median)).collect(),
            intervals: line
                .iter()
                .filter(|(_, [low, _, high])| high > low)
                .map(|(x, [l, _, h])| (*x, *l, *h))
                .collect(),
        }
    });
    let plot = Plot {
        title: title.to_owned(),
        words: format!("{}; the figures are in the tables below", words::plural(all.len() as u64, "candidate")),
        lines: lines.collect(),
        x_ticks: counts.iter().map(|n| (at(*n as f64), n.to_string())).collect(),
        y_ticks,
        x_label: "threads",
        y_label,
        shade_from: (last > run.machine.cores as f64).then(|| at(run.machine.cores as f64).clamp(0.0, 1.0)),
    };
    Some(draw(&plot, marks))
}

fn draw(plot: &Plot<'_>, marks: &Marks<'_>) -> Markup {
    let mut order: Vec<&Line<'_>> = plot.lines.iter().filter(|line| !line.points.is_empty()).collect();
    // The notable lines lie on top, the first of them uppermost.
    order.sort_by_key(|line| std::cmp::Reverse(marks.slot(line.candidate).unwrap_or(usize::MAX)));
    let y = |share: f64| (1.0 - share) * HEIGHT;
    let pinned: Vec<(usize, f64)> =
        order.iter().filter_map(|line| Some((marks.slot(line.candidate)?, y(line.points.last()?.1)))).collect();
    let pins = spread(&pinned.iter().map(|(_, y)| *y).collect::<Vec<_>>(), PIN_GAP, HEIGHT);
    html! {
        p class="y-label" { (plot.y_label) }
        div class="curves" {
            svg width="100%" height=(HEIGHT + 44.0) role="img" {
                title { (plot.title) }
                desc { (plot.words) }
                @if let Some(from) = plot.shade_from {
                    rect class="beyond" x=(percent(from)) y="0" width=(percent(1.0 - from)) height=(HEIGHT) {}
                }
                @for (share, label) in &plot.y_ticks {
                    @let place = format!("{:.1}", y(*share));
                    line class="tick" x1="0" x2="100%" y1=(place) y2=(place) {}
                    text x="0" dx="-8" y=(place) dy="4" text-anchor="end" { (label) }
                }
                @for (place, _) in &plot.x_ticks {
                    line class="tick" x1=(percent(*place)) x2=(percent(*place)) y1="0" y2=(HEIGHT) {}
                }
                svg class="lines" width="100%" height=(HEIGHT) viewBox={ "0 0 " (STRETCH) " " (HEIGHT) }
                    preserveAspectRatio="none" {
                    @for line in &order {
                        g class=(marks.class(line.candidate)) {
                            polyline class="line" points=(points(line, y)) {}
                            @for (x, low, high) in line.intervals.iter().filter(|_| marks.slot(line.candidate).is_some()) {
                                @let x = format!("{:.1}", x * STRETCH);
                                line class="whisker" x1=(x) x2=(x) y1=(format!("{:.1}", y(*low))) y2=(format!("{:.1}", y(*high))) {}
                            }
                        }
                    }
                }
                @for ((slot, from), to) in pinned.iter().zip(&pins) {
                    svg class={ "leader k" (slot) } x="100%" y="0" {
                        line x1="0" x2="8" y1=(format!("{from:.1}")) y2=(format!("{to:.1}")) {}
                    }
                    (marks.pin(*slot, "100%", 16, *to))
                }
                (axis_labels(&plot.x_ticks, HEIGHT as i32 + 18))
                text x="50%" y=(HEIGHT + 38.0) text-anchor="middle" { (plot.x_label) }
            }
        }
        @if plot.shade_from.is_some() {
            p class="note" { "The shaded part has more threads than this machine has cores." }
        }
    }
}

fn points(line: &Line<'_>, y: impl Fn(f64) -> f64) -> String {
    let place = |(share, value): &(f64, f64)| format!("{:.1},{:.1}", share * STRETCH, y(*value));
    line.points.iter().map(place).collect::<Vec<_>>().join(" ")
}

/// The recorded points, or the named percentiles when the file has no curve; always ends with the maximum.
fn curve(latency: &Latency) -> Vec<(f64, u64)> {
    let named = [0.5, 0.99, 0.999, 0.9999, 1.0].into_iter().zip(percentiles(latency));
    let mut points: Vec<(f64, u64)> = if latency.curve.is_empty() { named.collect() } else { latency.curve.clone() };
    points.retain(|(share, _)| (0.5..1.0).contains(share));
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.push((1.0, latency.max));
    points
}

/// How many nines a share has: 1 for 90 %, 2 for 99 %; infinite for the maximum.
fn nines(share: f64) -> f64 {
    -(1.0 - share).log10()
}

/// An axis on which each further nine takes as much room as the one before; the maximum stands at the end.
struct PercentileAxis {
    last: f64,
}

impl PercentileAxis {
    /// The median: -log10(0.5).
    const FIRST: f64 = std::f64::consts::LOG10_2;
    /// Distance of the maximum from the last percentile, in nines.
    const MAX: f64 = 0.8;

    fn at(&self, share: f64) -> f64 {
        let place = if share >= 1.0 { self.last + Self::MAX } else { nines(share).min(self.last) };
        ((place - Self::FIRST) / (self.last + Self::MAX - Self::FIRST)).clamp(0.0, 1.0)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let named = [(0.5, "50"), (0.9, "90"), (0.99, "99"), (0.999, "99.9"), (0.9999, "99.99"), (0.99999, "5 nines")];
        let within = named.into_iter().filter(|(share, _)| nines(*share) <= self.last + 1e-9);
        within.chain([(1.0, "max")]).map(|(share, name)| (self.at(share), name.to_owned())).collect()
    }
}

/// A round duration for an axis.
fn short_time(ns: f64) -> String {
    let unit = Unit::of_times([ns * 1.000_001]);
    format!("{} {}", unit.tick(ns), unit.name)
}
