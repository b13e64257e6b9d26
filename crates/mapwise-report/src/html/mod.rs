//! One self-contained page: styles and pictures inside, no script, nothing fetched.
//!
//! The page forbids scripts and requests by its own policy, so that even a string which escaped
//! escaping could do nothing.

mod scale;

mod marks;
mod rows;

mod curves;
mod prose;
mod tables;

use mapwise_record::run::{Run, VerdictKind};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::clean::clean;
use crate::view::{View, thread_counts};
use crate::words;
use marks::Marks;

const STYLE: &str = include_str!("style.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A page about one run, or about several with one section each.
#[must_use]
pub fn page(runs: &[Run]) -> String {
    let title = match runs {
        [run] => clean(&run.verdict.text),
        _ => format!("mapwise: {} compared", words::plural(runs.len() as u64, "workload")),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @if runs.len() != 1 { (overview(runs, &title)) }
                main {
                    @for (index, run) in runs.iter().enumerate() { (section(run, index, runs.len() == 1)) }
                }
                footer { p { "Made by mapwise. Everything on this page comes from one run file." } }
            }
        }
    };
    page.into_string()
}

/// All verdicts, for a page about several workloads.
fn overview(runs: &[Run], title: &str) -> Markup {
    html! {
        header class="overview" {
            p class="eyebrow" { "mapwise bench" }
            h1 { (title) }
            nav aria-label="Workloads" {
                ol {
                    @for (index, run) in runs.iter().enumerate() {
                        li class=(class(run.verdict.kind)) {
                            a href={ "#w" (index) } { bdi { (clean(&run.workload.name)) } }
                            (prose::kind(run.verdict.kind))
                            p { bdi { (clean(&run.verdict.text)) } }
                        }
                    }
                }
            }
            @if !runs.is_empty() { (tables::choices(runs)) }
        }
    }
}

fn class(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Win => "win",
        VerdictKind::Tie => "tie",
        VerdictKind::Unresolved => "unresolved",
    }
}

fn section(run: &Run, index: usize, alone: bool) -> Markup {
    let view = View::of(run);
    let marks = Marks::of(&view);
    let threads = words::plural(view.threads as u64, "thread");
    let cores = words::plural(run.machine.cores as u64, "core");
    html! {
        article id={ "w" (index) } {
            header class={ "hero " (class(run.verdict.kind)) } {
                p class="eyebrow" {
                    (prose::kind(run.verdict.kind))
                    span { bdi { (clean(&run.workload.name)) } " · " (threads) " on " (cores) }
                }
                @if alone { h1 { bdi { (clean(&run.verdict.text)) } } } @else { h2 { bdi { (clean(&run.verdict.text)) } } }
                @if !run.verdict.take.is_empty() {
                    (rows::verdict(&view))
                    p class="note" { "Throughput as a ratio, with its 95 % interval; the band of ±5 % counts as no difference." }
                }
                (prose::key_figures(&view))
            }
            (prose::warnings(run))
            (pictures(run, &view, &marks))
            (thread_pictures(run, &marks))
            section class="read" { h2 { "What was run" } (prose::statement(run)) }
            section class="read" { h2 { "How it was measured" } (prose::method(run, &view)) }
            (tables(run, &view, &marks))
        }
    }
}

fn pictures(run: &Run, view: &View<'_>, marks: &Marks<'_>) -> Markup {
    let threads = words::plural(view.threads as u64, "thread");
    html! {
        section class="pictures" {
            h2 { "At " (threads) }
            (marks.legend(view))
            div class="grid" {
                (figure("Throughput", "Median of all samples with its 95 % interval; the line is the baseline.", rows::throughput(view, marks)))
                (figure("Ratio to the baseline", "Compared round by round. Right of the line is faster; inside the band is no difference.", rows::forest(view, marks)))
                @if let Some(latency) = curves::latency(view, marks) {
                    (figure("Latency", "How long operations take, from the median to the slowest one. Lower is better.", latency))
                }
                @if let Some(memory) = rows::memory(view, marks) {
                    (figure("Memory", "Heap bytes for each entry, keys and values included.", memory))
                }
                @if run.cells.iter().any(|cell| !cell.samples.is_empty()) {
                    (wide_figure("Every sample", "One dot a measurement; later ones lie lower. A wide row is a noisy one, a slanted row drifted.", rows::samples(view, marks)))
                }
            }
        }
    }
}

fn thread_pictures(run: &Run, marks: &Marks<'_>) -> Markup {
    let Some(throughput) = curves::throughput(run, marks) else {
        return html! {};
    };
    html! {
        section class="pictures" {
            h2 { "From " (words::plural(thread_counts(run)[0] as u64, "thread")) " on" }
            div class="grid" {
                (figure("Throughput over threads", "Medians with 95 % intervals.", throughput))
                @if let Some(p99) = curves::p99(run, marks) {
                    (figure("p99 over threads", "99 % of the operations are faster than this. Lower is better.", p99))
                }
            }
            dl class="facts" {
                @for at in &run.verdicts {
                    dt { (words::plural(at.threads as u64, "thread")) }
                    dd { bdi { (clean(&at.verdict.text)) } }
                }
            }
        }
    }
}

fn tables(run: &Run, view: &View<'_>, marks: &Marks<'_>) -> Markup {
    html! {
        section class="tables" {
            h2 { "All figures" }
            (tables::full(view, marks))
            @for threads in thread_counts(run).into_iter().filter(|threads| *threads != view.threads) {
                (tables::full(&View::at(run, threads), marks))
            }
        }
    }
}

fn figure(title: &str, note: &str, picture: Markup) -> Markup {
    html! {
        figure {
            figcaption { h3 { (title) } p class="note" { (note) } }
            (picture)
        }
    }
}

/// A figure as wide as the page.
fn wide_figure(title: &str, note: &str, picture: Markup) -> Markup {
    html! { div class="wide" { (figure(title, note, picture)) } }
}
