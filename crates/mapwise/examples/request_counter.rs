//! Request counter: workers count requests by route and status; an exporter takes the counts every so often.
//!
//! `cargo run -p mapwise --example request_counter`
#![allow(missing_docs, clippy::print_stdout)]

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use mapwise::CounterMap;

/// Route and status of a request.
pub type Series = (&'static str, u16);

/// What the service answers to its `n`-th request.
fn handle(n: u64) -> Series {
    match n % 100 {
        0 => ("/health", 200),
        1..=3 => ("/login", 401),
        4..=30 => ("/login", 200),
        31 => ("/cart", 500),
        _ => ("/cart", 200),
    }
}

pub struct Summary {
    pub exports: u64,
    pub totals: BTreeMap<Series, u64>,
}

pub fn serve(workers: u64, requests_each: u64) -> Summary {
    let counters = CounterMap::new();
    let done = AtomicBool::new(false);
    let mut summary = Summary { exports: 0, totals: BTreeMap::new() };
    // Each request is in exactly one export, however the two race.
    let mut export = || {
        summary.exports += 1;
        for (series, count) in counters.reset() {
            *summary.totals.entry(series).or_default() += count;
        }
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    for n in 0..requests_each {
                        counters.increment(handle(n));
                    }
                })
            })
            .collect();
        let exporter = scope.spawn(|| {
            while !done.load(Relaxed) {
                export();
            }
            export();
        });
        running.into_iter().for_each(|worker| worker.join().expect("no worker panics"));
        done.store(true, Relaxed);
        exporter.join().expect("the exporter does not panic");
    });
    summary
}

pub fn main() {
    let Summary { exports, totals } = serve(4, 100_000);
    println!("{exports} exports");
    for ((route, status), count) in totals {
        println!("{count:>8}  {status}  {route}");
    }
}
