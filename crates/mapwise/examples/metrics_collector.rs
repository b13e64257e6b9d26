//! Metrics collector: every thread records latencies of its own, and an exporter merges them when it is asked.
//!
//! `cargo run -p mapwise --example metrics_collector`
#![allow(missing_docs, clippy::print_stdout)]

use std::{collections::HashMap, thread};

use mapwise::PerThreadMap;

/// What is kept of a time series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    pub count: u64,
    pub sum_us: u64,
    pub max_us: u64,
}

impl Latency {
    fn of(us: u64) -> Self {
        Self { count: 1, sum_us: us, max_us: us }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum_us += other.sum_us;
        self.max_us = self.max_us.max(other.max_us);
    }
}

pub fn run(workers: u64, records_each: u64) -> HashMap<String, Latency> {
    let metrics = PerThreadMap::new(Latency::merge);
    thread::scope(|scope| {
        for worker in 0..workers {
            let metrics = &metrics;
            scope.spawn(move || {
                for n in 0..records_each {
                    let series = format!("route-{}", n % 10);
                    // Touches no line that another thread writes.
                    metrics.merge(series, Latency::of(100 + (n * 7 + worker) % 900));
                }
            });
        }
        // An export beside the writers sees what was recorded before it; nothing is lost by looking.
        let early = metrics.collect();
        assert!(early.values().all(|latency| latency.max_us < 1_000));
    });
    // Threads that have ended are included.
    metrics.collect()
}

pub fn main() {
    let mut metrics: Vec<_> = run(4, 50_000).into_iter().collect();
    metrics.sort_by(|a, b| a.0.cmp(&b.0));
    for (series, Latency { count, sum_us, max_us }) in metrics {
        println!("{series}: {count} requests, mean {} us, max {max_us} us", sum_us / count);
    }
}
