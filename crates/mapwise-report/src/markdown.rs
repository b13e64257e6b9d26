//! A Markdown summary for an issue, a pull request or a decision record.

use std::fmt::Write as _;

use mapwise_record::run::{Cell, Run};

use crate::clean::clean;
use crate::number::{Unit, ratio};
use crate::view::{PERCENTILES, View, percentiles, thread_counts};
use crate::words::{self, NONE};

/// All runs: a summary when there are several, then each with its tables.
#[must_use]
pub fn runs(runs: &[Run]) -> String {
    let mut out = String::new();
    if runs.len() > 1 {
        for run in runs {
            line(&mut out, &format!("* {}: **{}**", escape(&run.workload.name), escape(&run.verdict.text)));
        }
    }
    for run in runs {
        if runs.len() > 1 {
            let title = format!("{}: {}", clean(&run.workload.name), clean(&run.workload.title));
            line(&mut out, &format!("\n## {}\n", escape(&title)));
        }
        section(&mut out, run);
    }
    out
}

fn section(out: &mut String, run: &Run) {
    line(out, &format!("**{}**\n", escape(&run.verdict.text)));
    line(out, &format!("{}\\", escape(&words::workload(&run.workload))));
    line(out, &format!("{}; {}\n", escape(&words::machine(&run.machine)), words::effort(run, run.threads)));
    for threads in thread_counts(run) {
        let view = View::at(run, threads);
        line(out, &format!("{}:\n", words::plural(threads as u64, "thread")));
        table(out, &view);
        if threads != run.threads {
            line(out, &format!("{}\n", escape(&view.verdict.text)));
        }
    }
    for warning in &run.warnings {
        line(out, &format!("> **Warning** {}\n", escape(&words::warning(warning))));
    }
    for (reason, names) in words::left_out(run) {
        line(out, &format!("Left out: {} ({}).\n", escape(&names.join(", ")), escape(&reason)));
    }
    if let Some(cost) = words::harness(run, run.threads) {
        line(out, &format!("Harness: {cost}.\n"));
    }
    if !run.command.is_empty() {
        let command = words::command(run);
        // A fence longer than any run of backticks inside cannot be closed from inside.
        let fence = "`".repeat(command.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
        line(out, &format!("{fence}sh\n{command}\n{fence}"));
    }
}

fn table(out: &mut String, view: &View<'_>) {
    let cells = &view.cells;
    let rates = Unit::of_rates(cells.iter().map(|cell| cell.throughput_ops_per_s.median));
    let sizes = Unit::of_sizes(cells.iter().filter_map(|cell| cell.bytes_per_entry));
    let value = |cell: &Cell, index: usize| cell.latency_ns.as_ref().map(|latency| percentiles(latency)[index] as f64);
    let times: Vec<Unit> = (0..PERCENTILES.len())
        .map(|index| Unit::of_times(cells.iter().filter_map(|cell| value(cell, index))))
        .collect();
    let heads = PERCENTILES.iter().zip(&times).map(|(name, unit)| format!("{name} {}", unit.name));
    let heads: Vec<String> = ["candidate".to_owned(), rates.name.to_owned(), "ratio".to_owned()]
        .into_iter()
        .chain(heads)
        .chain([format!("{}/entry", sizes.name)])
        .collect();
    line(out, &format!("| {} |", heads.join(" | ")));
    line(out, &format!("|---|{}", "---:|".repeat(heads.len() - 1)));
    for cell in cells {
        let name = escape(&cell.name);
        let name = if view.is_take(cell) { format!("**{name}**") } else { name };
        let latency = times.iter().enumerate().map(|(index, unit)| option(value(cell, index), unit));
        let row: Vec<String> = [name, rates.show(cell.throughput_ops_per_s.median), comparison(view, cell)]
            .into_iter()
            .chain(latency)
            .chain([option(cell.bytes_per_entry, &sizes)])
            .collect();
        line(out, &format!("| {} |", row.join(" | ")));
    }
    out.push('\n');
}

fn comparison(view: &View<'_>, cell: &Cell) -> String {
    match cell.ratio {
        Some(ends) => format!("{}x [{}, {}]", ratio(ends.median), ratio(ends.low), ratio(ends.high)),
        None if view.is_baseline(cell) => "baseline".to_owned(),
        None => NONE.to_owned(),
    }
}

fn option(value: Option<f64>, unit: &Unit) -> String {
    value.map_or(NONE.to_owned(), |value| unit.show(value))
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a String takes everything");
}

/// `text` so that Markdown and the HTML inside Markdown take it literally.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '$' | '@' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
