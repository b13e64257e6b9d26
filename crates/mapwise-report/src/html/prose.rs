//! The parts of the page that are read: key figures, warnings, workload, method, limits.

use mapwise_record::run::{Cell, Run, VerdictKind};
use maud::{Markup, html};

use crate::clean::clean;
use crate::number::{percent, rate, size, time};
use crate::view::View;
use crate::words;

/// Take against baseline, one figure a tile; against the runner-up when the baseline is what to take.
pub(super) fn key_figures(view: &View<'_>) -> Markup {
    let by_id = |id: &str| view.cells.iter().find(|cell| cell.candidate == id).copied();
    let take = by_id(&view.verdict.take);
    let rival = match by_id(&view.verdict.baseline) {
        Some(cell) if !view.is_take(cell) => Some(cell),
        _ => alternative(view),
    };
    let (Some(take), Some(rival)) = (take, rival) else {
        return html! {};
    };
    type Value = fn(&Cell) -> Option<String>;
    let tiles: [(&str, Value); 5] = [
        ("throughput", |cell| Some(rate(cell.throughput_ops_per_s.median))),
        ("p99", |cell| cell.latency_ns.as_ref().map(|latency| time(latency.p99 as f64))),
        ("p99.99", |cell| cell.latency_ns.as_ref().map(|latency| time(latency.p9999 as f64))),
        ("memory an entry", |cell| cell.bytes_per_entry.map(size)),
        ("longest pause growing", |cell| cell.growth_pause_ns.map(|ns| time(ns as f64))),
    ];
    html! {
        dl class="tiles" {
            @for (name, value) in tiles {
                @if let (Some(ours), Some(theirs)) = (value(take), value(rival)) {
                    div {
                        dt { (name) }
                        dd class="ours" { (ours) }
                        dd class="theirs" { (theirs) " with " bdi { (clean(&rival.name)) } }
                    }
                }
            }
        }
    }
}

/// The candidate that the verdict's ratio is about where the baseline is what to take; else the best other one.
fn alternative<'a>(view: &View<'a>) -> Option<&'a Cell> {
    let others = || view.cells.iter().filter(|cell| !view.is_take(cell)).copied();
    let meant = |cell: &&Cell| cell.ratio.is_some_and(|ends| ends.median == view.verdict.ratio.median);
    others().find(meant).or_else(|| others().next())
}

/// The kind of a verdict, told by a sign and a word.
pub(super) fn kind(kind: VerdictKind) -> Markup {
    let sign = match kind {
        VerdictKind::Win => "▲",
        VerdictKind::Tie => "=",
        VerdictKind::Unresolved => "?",
    };
    html! { span class="kind" { span aria-hidden="true" { (sign) } " " (words::kind(kind)) } }
}

pub(super) fn warnings(run: &Run) -> Markup {
    html! {
        @if !run.warnings.is_empty() {
            ul class="warnings" aria-label="Warnings" {
                @for warning in &run.warnings {
                    li { strong { "⚠ " (words::warning_kind(warning.kind)) } " " bdi { (words::warning(warning)) } }
                }
            }
        }
    }
}

/// What was run, on what, and how to run it again.
pub(super) fn statement(run: &Run) -> Markup {
    let workload = &run.workload;
    let conditions = words::conditions(workload);
    html! {
        dl class="facts" {
            dt { "Workload" } dd { bdi { (clean(&workload.name)) } ": " bdi { (clean(&workload.title)) } }
            @if let Some(source) = &workload.source { dt { "Source" } dd { bdi { (clean(source)) } } }
            dt { "Operations" } dd { (words::mix(&workload.mix)) " (" (percent(workload.mix.read_share())) " never write)" }
            dt { "Keys" } dd { (words::keys(&workload.keys)) }
            dt { "Values" } dd { (words::data(workload.values)) }
            @if !conditions.is_empty() { dt { "Conditions" } dd { (conditions.join("; ")) } }
            dt { "Hasher" } dd { bdi { (clean(&run.hasher)) } }
            dt { "Machine" } dd { bdi { (words::machine(&run.machine)) } }
            dt { "Measured" } dd {
                (words::started(run)) ", " (words::effort(run, run.threads)) ", seed " (run.seed)
                ", mapwise " bdi { (clean(&run.mapwise_version)) }
            }
            @if !run.command.is_empty() { dt { "Repeat" } dd { code { (words::command(run)) } } }
        }
        @for (reason, names) in words::left_out(run) {
            p { strong { "Left out: " } bdi { (names.join(", ")) } " (" bdi { (reason) } ")." }
        }
    }
}

/// How it was measured and what that cannot tell.
pub(super) fn method(run: &Run, view: &View<'_>) -> Markup {
    let cost = words::harness(run, view.threads);
    html! {
        ul {
            li { strong { "Interleaved. " } "Every round measures all candidates, in changing order; no candidate has the machine at its best or worst moment for itself. Ratios compare within a round." }
            li { strong { "Throughput " } "is what all threads complete together when each starts its next operation at once. Keys are drawn beforehand, so that drawing them costs nothing here." }
            li { strong { "Latency " } "is taken at a fixed rate and counts from the moment an operation should have started: an operation that had to wait for its thread shows the wait. Every percentile comes from the same operations, and the maximum is never called p99." }
            li { strong { "Memory " } "is what the allocator handed out, keys and values included, divided by the entries." }
            li { strong { "Intervals " } "are 95 % intervals; those of ratios hold for all candidates together, so that picking the best of many is no luck. A win must beat every standard choice by more than 5 %. Where nothing does, the simplest candidate is advised." }
            li { strong { "Checked. " } "After each measurement the map must hold exactly what was inserted and not removed; a candidate that does not makes no number." }
            @if let Some(cost) = cost { li { strong { "The loop. " } "Beyond the map, " (cost) "." } }
        }
        p { "What this cannot tell: how the map behaves on another machine, with more cores than this one has, with other keys, or next to the rest of your service. Carry the command above to where it matters and run it there." }
    }
}
