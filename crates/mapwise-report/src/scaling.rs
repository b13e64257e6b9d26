//! Throughput and p99 of every candidate against threads, as tables for a terminal.

use mapwise_record::run::{Cell, Run};

use crate::clean::clean;
use crate::number::Unit;
use crate::table::{Column, Table, sparkline};
use crate::view::{candidates, cell_at};
use crate::words::NONE;

/// A table with its title, unit included.
pub(crate) struct Titled {
    pub(crate) title: String,
    pub(crate) table: Table,
}

/// One table for each figure that is worth following over threads.
pub(crate) fn tables(run: &Run, counts: &[usize]) -> [Titled; 2] {
    let throughput = |cell: &Cell| Some(cell.throughput_ops_per_s.median);
    let p99 = |cell: &Cell| cell.latency_ns.as_ref().map(|latency| latency.p99 as f64);
    let scaling = Scaling { run, counts };
    [scaling.table("throughput", Unit::of_rates, throughput), scaling.table("p99", Unit::of_times, p99)]
}

struct Scaling<'a> {
    run: &'a Run,
    counts: &'a [usize],
}

impl Scaling<'_> {
    fn table(&self, what: &str, scale: fn(Vec<f64>) -> Unit, value: impl Fn(&Cell) -> Option<f64>) -> Titled {
        let ranked = candidates(self.run);
        let at = |cell: &Cell, threads| cell_at(self.run, &cell.candidate, threads).and_then(&value);
        let row = |cell: &&Cell| self.counts.iter().map(|n| at(cell, *n)).collect();
        let rows: Vec<Vec<Option<f64>>> = ranked.iter().map(row).collect();
        let unit = scale(rows.iter().flatten().flatten().copied().collect());
        let show = |value: Option<f64>| value.map_or(NONE.to_owned(), |value| unit.show(value));
        let column = |(index, threads): (usize, &usize)| {
            let cells = rows.iter().map(|row| show(row[index])).collect();
            // Where there is no room, the smallest thread counts say least.
            let drop = u8::try_from(self.counts.len() - index).unwrap_or(u8::MAX);
            Column::new(threads.to_string(), "", drop, cells)
        };
        let trends = rows.iter().map(|row| sparkline(row)).collect();
        let columns = self.counts.iter().enumerate().map(column);
        let table = Table {
            names: ranked.iter().map(|cell| format!("  {}", clean(&cell.name))).collect(),
            columns: columns.chain([Column::new("trend", "", 0, trends)]).collect(),
            bars: Vec::new(),
            drop_bar: 0,
        };
        Titled { title: format!("{what} against threads, {}", unit.name), table }
    }
}
