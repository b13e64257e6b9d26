//! What an operation takes, on every map: timed in a build with checked mode and in one without.
//!
//! ```text
//! bash crates/mapwise/tests/check_cost/overhead     the ratios of the builds
//! bash crates/mapwise/tests/check_cost/off          the machine code of a build without it, against one without the seam
//! ```
//!
//! Prints a line `map operation nanoseconds` for each; the first argument says how many operations make one time. Without
//! it each is done a few times: the program must work.

#![allow(missing_docs, reason = "tests are not read as documentation")]

use std::{
    env,
    hint::black_box,
    io::{self, Write},
    sync::Barrier,
    thread,
    time::Instant,
};

use mapwise::{
    ActorMap, Collector, CounterMap, FailFastMap, Map, MapWrite, MutexMap, PerThreadMap, RwLockMap, ShardedMap, SyncMap,
};

const KEYS: u64 = 1024;

/// Times `count` calls of `operation`.
fn time<R>(out: &mut impl Write, name: &str, count: u64, mut operation: impl FnMut(u64) -> R) -> io::Result<()> {
    let mut operation = |key| {
        black_box(operation(key));
    };
    (0..KEYS).for_each(&mut operation);
    let start = Instant::now();
    (0..count).for_each(|n| operation(n % KEYS));
    writeln!(out, "{name} {:.2}", start.elapsed().as_nanos() as f64 / count.max(1) as f64)
}

/// Times `get`, `insert` and `update`, by one thread.
macro_rules! surface {
    ($out:ident, $map:ident, $count:expr) => {{
        let (name, count, map) = (stringify!($map), $count, $map::new());
        (0..KEYS).for_each(|key| {
            map.insert(key, key);
        });
        time($out, &format!("{name} get"), count, |key| map.get(&key))?;
        time($out, &format!("{name} insert"), count, |key| map.insert(key, key))?;
        time($out, &format!("{name} update"), count, |key| map.update(&key, |n| *n += 1))?;
        map
    }};
}

/// Times two threads that look and write by turns, each on keys of its own: what may be held back, and finds nothing.
fn two<M>(out: &mut impl Write, name: &str, count: u64, map: &M) -> io::Result<()>
where
    M: MapWrite<u64, u64> + Sync,
{
    let begin = Barrier::new(3);
    let took = thread::scope(|scope| {
        for thread in 0..2 {
            let begin = &begin;
            scope.spawn(move || {
                begin.wait();
                for n in 0..count / 4 {
                    let key = n * 2 % KEYS + thread;
                    let seen = map.get(&key).unwrap_or(0);
                    map.insert(key, seen + 1);
                }
                begin.wait();
            });
        }
        begin.wait();
        let start = Instant::now();
        begin.wait();
        start.elapsed()
    });
    writeln!(out, "{name} get+insert {:.2}", took.as_nanos() as f64 / count as f64)
}

fn main() -> io::Result<()> {
    let count = env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(64);
    let out = &mut io::stdout().lock();
    let map = surface!(out, Map, count);
    two(out, "Map", count, &map)?;
    let map = surface!(out, MutexMap, count);
    two(out, "MutexMap", count, &map)?;
    let map = surface!(out, RwLockMap, count);
    two(out, "RwLockMap", count, &map)?;
    let map = surface!(out, ShardedMap, count);
    two(out, "ShardedMap", count, &map)?;
    let map = surface!(out, SyncMap, count);
    two(out, "SyncMap", count, &map)?;
    surface!(out, ActorMap, count / 20);
    // A map that one thread uses.
    surface!(out, FailFastMap, count);

    let hits = CounterMap::new();
    time(out, "CounterMap add", count, |key| hits.add(key, 1))?;
    time(out, "CounterMap get", count, |key| hits.get(&key))?;

    let totals = PerThreadMap::new(|total: &mut u64, more| *total += more);
    time(out, "PerThreadMap merge", count, |key| totals.merge(key, 1))?;

    let collector = Collector::new(|total: &mut u64, more| *total += more);
    time(out, "Collector record", count / 20, |key| collector.record(key, 1))
}
