//! The answer for a terminal: the verdict, one table, what limits it, and what to do next.

use std::fmt::Write as _;

use mapwise_record::run::{Cell, Run, VerdictKind};

use crate::clean::{clean, wrap};
use crate::matrix::Matrix;
use crate::number::{Unit, ratio};
use crate::scaling::{self, Titled};
use crate::table::{Column, Table};
use crate::view::{PERCENTILES, View, percentiles, slowest_thread, thread_counts};
use crate::words::{self, NONE};

/// A table that is not for a terminal has this many columns.
pub(crate) const WIDE: usize = 120;

/// How to write for the reader at hand.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Style<'a> {
    /// Columns of the terminal; `None` where it is none: prose stays on one line then.
    pub width: Option<usize>,
    /// Whether to use the terminal's colors.
    pub color: bool,
    /// Where the page was written, when it was.
    pub report: Option<&'a str>,
}

impl<'a> Style<'a> {
    /// Plain text of any width.
    #[must_use]
    pub fn plain() -> Style<'a> {
        Style::default()
    }

    /// Fits into `columns`.
    #[must_use]
    pub fn width(self, columns: usize) -> Style<'a> {
        Style { width: Some(columns), ..self }
    }

    /// Uses the terminal's colors, or not.
    #[must_use]
    pub fn color(self, color: bool) -> Style<'a> {
        Style { color, ..self }
    }

    /// Names the page that was written.
    #[must_use]
    pub fn report(self, path: &'a str) -> Style<'a> {
        Style { report: Some(path), ..self }
    }

    pub(crate) fn paint(&self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() && code != PLAIN {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Breaks first, then paints line by line, so that no color runs over a line end.
    pub(crate) fn prose(&self, code: &str, text: &str, indent: usize) -> String {
        let wrapped = wrap(text, self.width, indent);
        wrapped.lines().map(|line| self.paint(code, line)).collect::<Vec<_>>().join("\n") + "\n"
    }
}

pub(crate) const PLAIN: &str = "";
pub(crate) const BOLD: &str = "1";
pub(crate) const DIM: &str = "2";
const TAKE: &str = "1;32";
pub(crate) const CAUTION: &str = "33";

/// One run: its first line is the verdict.
#[must_use]
pub fn run(run: &Run, style: &Style<'_>) -> String {
    let mut out = block(run, style);
    out += &footer(style, run);
    out
}

/// Several runs: one verdict a line, then each run with its table.
#[must_use]
pub fn bench(runs: &[Run], style: &Style<'_>) -> String {
    let mut out = String::new();
    for run in runs {
        let line = format!("{}: {}", clean(&run.workload.name), clean(&run.verdict.text));
        out += &style.prose(BOLD, &line, 2);
    }
    out += &choices(runs, style);
    for run in runs {
        let title = format!("{}: {}", clean(&run.workload.name), clean(&run.workload.title));
        writeln!(out, "\n{}", style.paint(BOLD, &format!("── {title} ──"))).expect("a String takes everything");
        out += &block(run, style);
    }
    if let Some(first) = runs.first() {
        out += &footer(style, first);
    }
    out
}

/// What to take for each workload and thread count.
fn choices(runs: &[Run], style: &Style<'_>) -> String {
    let matrix = Matrix::of(runs);
    if matrix.threads.is_empty() {
        return String::new();
    }
    let columns = matrix.threads.iter().enumerate().map(|(index, threads)| {
        let cells = matrix.rows.iter().map(|(_, choices)| choices[index].clone()).collect();
        let drop = u8::try_from(matrix.threads.len() - index).unwrap_or(u8::MAX);
        Column::new(words::plural(*threads as u64, "thread"), "", drop, cells)
    });
    let table = Table {
        columns: columns.collect(),
        names: matrix.rows.iter().map(|(name, _)| name.clone()).collect(),
        bars: Vec::new(),
        drop_bar: 0,
    };
    format!("\n{}", plain_table(table, style))
}

/// A table without colors; a head without units takes one line.
fn plain_table(table: Table, style: &Style<'_>) -> String {
    let lines = table.lines(style.width.unwrap_or(WIDE));
    let lines = lines.iter().filter(|line| !line.is_empty());
    lines.fold(String::new(), |out, line| out + line + "\n")
}

/// Everything about one run but the closing lines.
fn block(run: &Run, style: &Style<'_>) -> String {
    let view = View::of(run);
    let mut out = style.prose(color_of(run.verdict.kind), &clean(&run.verdict.text), 0);
    out.push('\n');
    out += &style.prose(DIM, &words::workload(&run.workload), 2);
    let threads = words::plural(view.threads as u64, "thread");
    let place = format!("{threads} on {}; {}", words::machine(&run.machine), words::effort(run, view.threads));
    out += &style.prose(DIM, &place, 2);
    out.push('\n');
    out += &main_table(&view, style);
    let counts = thread_counts(run);
    if counts.len() > 1 {
        out += &scaling(run, &counts, style);
    }
    out += &limits(run, &view, style);
    out
}

fn color_of(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Win => TAKE,
        VerdictKind::Tie => BOLD,
        VerdictKind::Unresolved => "1;33",
    }
}

fn main_table(view: &View<'_>, style: &Style<'_>) -> String {
    let best = view.cells.iter().map(|cell| cell.throughput_ops_per_s.median).fold(0.0, f64::max);
    let name = |cell: &&Cell| format!("{} {}", if view.is_take(cell) { "▸" } else { " " }, clean(&cell.name));
    let table = Table {
        names: view.cells.iter().map(name).collect(),
        columns: figures(view),
        bars: view.cells.iter().map(|cell| cell.throughput_ops_per_s.median / best).collect(),
        drop_bar: 3,
    };
    let lines = table.lines(style.width.unwrap_or(WIDE));
    let codes = view.cells.iter().map(|cell| match cell {
        cell if view.is_take(cell) => TAKE,
        cell if view.is_baseline(cell) => BOLD,
        _ => PLAIN,
    });
    let painted = [DIM, DIM].into_iter().chain(codes).zip(&lines);
    painted.map(|(code, line)| if code == PLAIN { line.clone() } else { style.paint(code, line) } + "\n").collect()
}

/// The columns of the main table; the last argument of each says how early it gives way.
fn figures(view: &View<'_>) -> Vec<Column> {
    let cells = &view.cells;
    let column = |of: &dyn Fn(&Cell) -> String| cells.iter().map(|cell| of(cell)).collect::<Vec<_>>();
    let rates = Unit::of_rates(cells.iter().map(|cell| cell.throughput_ops_per_s.median));
    let interval = |cell: &Cell| match cell.ratio {
        Some(ends) => format!("[{}, {}]", ratio(ends.low), ratio(ends.high)),
        None if view.is_baseline(cell) => "baseline".to_owned(),
        None => NONE.to_owned(),
    };
    let times = |cell: &Cell| match cell.ratio {
        Some(ends) => format!("{}x", ratio(ends.median)),
        None if view.is_baseline(cell) => "1.00x".to_owned(),
        None => NONE.to_owned(),
    };
    let mut out = vec![
        Column::new(rates.name, "", 0, column(&|cell| rates.show(cell.throughput_ops_per_s.median))),
        Column::new("ratio", "", 1, column(&times)),
        Column::new("95 % interval", "", 4, column(&interval)),
    ];
    for (index, drop) in [7, 2, 8, 9, 6].into_iter().enumerate() {
        let value = |cell: &Cell| cell.latency_ns.as_ref().map(|latency| percentiles(latency)[index] as f64);
        let unit = Unit::of_times(cells.iter().filter_map(|cell| value(cell)));
        let show = |cell: &Cell| value(cell).map_or(NONE.to_owned(), |ns| unit.show(ns));
        out.push(Column::new(PERCENTILES[index], unit.name, drop, column(&show)));
    }
    let sizes = Unit::of_sizes(cells.iter().filter_map(|cell| cell.bytes_per_entry));
    let show = |cell: &Cell| cell.bytes_per_entry.map_or(NONE.to_owned(), |bytes| sizes.show(bytes));
    out.push(Column::new("memory", format!("{}/entry", sizes.name), 5, column(&show)));
    let fair = |cell: &Cell| slowest_thread(cell).map_or(NONE.to_owned(), |share| format!("{:.0} %", share * 100.0));
    out.push(Column::new("slowest", "thread", 10, column(&fair)));
    out
}

/// Throughput and p99 against threads, with the verdict at each thread count.
fn scaling(run: &Run, counts: &[usize], style: &Style<'_>) -> String {
    let mut out = String::new();
    for Titled { title, table } in scaling::tables(run, counts) {
        out += &format!("\n{}\n", style.paint(BOLD, &title));
        out += &plain_table(table, style);
    }
    out.push('\n');
    for at in &run.verdicts {
        let threads = words::plural(at.threads as u64, "thread");
        out += &style.prose(PLAIN, &format!("{threads}: {}", clean(&at.verdict.text)), 2);
    }
    out
}

/// Warnings, what was left out, and what the measuring itself costs.
fn limits(run: &Run, view: &View<'_>, style: &Style<'_>) -> String {
    let mut out = "\n".to_owned();
    for warning in &run.warnings {
        out += &style.prose(CAUTION, &format!("warning: {}", words::warning(warning)), 2);
    }
    for (reason, names) in words::left_out(run) {
        out += &style.prose(DIM, &format!("left out: {} ({reason})", names.join(", ")), 2);
    }
    if let Some(cost) = words::harness(run, view.threads) {
        out += &style.prose(DIM, &format!("harness: {cost}"), 2);
    }
    out
}

fn footer(style: &Style<'_>, run: &Run) -> String {
    let report = match style.report {
        Some(path) => format!("full report: {path}"),
        None => "full report: add --report FILE.html".to_owned(),
    };
    let mut out = style.prose(PLAIN, &report, 2);
    if !run.command.is_empty() {
        // Never broken over lines: it is there to be copied.
        out += &format!("repeat: {}\n", words::command(run));
    }
    out
}
