//! What it gains to send without waiting, and to put many operations in one message, on an `ActorMap`.
//!
//! ```text
//! cargo run --release -p mapwise --example actor_pipeline [operations] [operations in a batch]
//! ```
//!
//! Prints operations a second for each way, three rounds in turn, and a mutex for comparison.

use std::{
    env,
    io::{self, Write},
    time::Instant,
};

use mapwise::{ActorMap, MutexMap, Ticket};

/// Keys that are counted.
const KEYS: u64 = 1024;

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1).map(|argument| argument.parse::<u64>().map_err(io::Error::other));
    let operations = arguments.next().transpose()?.unwrap_or(200_000);
    let batch = arguments.next().transpose()?.unwrap_or(100).max(1);

    let map = ActorMap::new();
    let mutex = MutexMap::new();
    let ways: [(&str, &dyn Fn()); 4] = [
        ("one call an operation, each waited for", &|| (0..operations).for_each(|n| count(&map, n))),
        ("one message an operation, waited for at the end", &|| {
            let tickets: Vec<Ticket<()>> = (0..operations)
                .map(|n| map.send(move |table| table.upsert(n % KEYS, || 1, |count| *count += 1)))
                .collect();
            tickets.into_iter().for_each(Ticket::wait);
        }),
        ("batches", &|| {
            for first in (0..operations).step_by(usize::try_from(batch).unwrap_or(usize::MAX)) {
                map.batch(|table| {
                    for n in first..operations.min(first + batch) {
                        table.upsert(n % KEYS, || 1, |count| *count += 1);
                    }
                });
            }
        }),
        ("a MutexMap, uncontended", &|| (0..operations).for_each(|n| mutex.upsert(n % KEYS, || 1_u64, |n| *n += 1))),
    ];

    let mut out = io::stdout().lock();
    writeln!(out, "{operations} operations, {batch} in a batch")?;
    for round in 1..=3 {
        for (name, way) in ways {
            let start = Instant::now();
            way();
            let rate = operations as f64 / start.elapsed().as_secs_f64();
            writeln!(out, "round {round}: {rate:>12.0} operations/s  {name}")?;
        }
    }
    let counted: u64 = map.into_std().into_values().sum();
    assert_eq!(counted, operations * 9, "three rounds of three ways");
    Ok(())
}

fn count(map: &ActorMap<u64, u64>, n: u64) {
    map.upsert(n % KEYS, || 1, |count| *count += 1);
}
