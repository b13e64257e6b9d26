//! Measures look-ups of newtypes: `PackedMap` beside `Map` of the same keys, and of the numbers in them; interleaved.
//!
//! `cargo run --release -p mapwise --example newtypes -- 1000 1000000`
//!
//! Prints for one and two threads how many times as fast `PackedMap` is: medians of rounds, smallest and largest.
#![allow(missing_docs, clippy::print_stdout)]

use std::{hint::black_box, sync::Barrier, thread, time::Instant};

use foldhash::fast::RandomState;
use mapwise::{Map, PackedMap};

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct UserId(u64);
mapwise::pack!(UserId(u64));

const ROUNDS: usize = 9;
/// Look-ups of each thread in a round.
const OPERATIONS: usize = 1 << 19;

fn main() {
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    for keys in if sizes.is_empty() { vec![1_000] } else { sizes } {
        let hasher = RandomState::default();
        let (packed, same) = (PackedMap::with_hasher(hasher.clone()), Map::with_hasher(hasher.clone()));
        let numbers = Map::with_hasher(hasher);
        for key in 0..keys {
            packed.insert(UserId(key), key);
            same.insert(UserId(key), key);
            numbers.insert(key, key);
        }
        for threads in [1, 2] {
            let (mut to_same, mut to_numbers) = (Vec::new(), Vec::new());
            for round in 0..ROUNDS as u64 {
                let seed = round + 1;
                let ours = time(threads, keys, seed, |key| packed.get(&UserId(key)));
                to_same.push(time(threads, keys, seed, |key| same.get(&UserId(key))) / ours);
                let ours = time(threads, keys, seed, |key| packed.get(&UserId(key)));
                to_numbers.push(time(threads, keys, seed, |key| numbers.get(&key)) / ours);
            }
            println!(
                "{keys} keys, {threads} threads: {} of a Map of newtypes, {} of a Map of numbers",
                median(to_same),
                median(to_numbers)
            );
        }
    }
}

/// Seconds until every thread has done its look-ups.
fn time(threads: usize, keys: u64, seed: u64, get: impl Fn(u64) -> Option<u64> + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let running: Vec<_> = (1..=threads as u64)
            .map(|thread| {
                let (barrier, get) = (&barrier, &get);
                scope.spawn(move || {
                    barrier.wait();
                    let start = Instant::now();
                    // Marsaglia, Journal of Statistical Software, 2003.
                    let mut draw = thread << 32 | seed;
                    for _ in 0..OPERATIONS {
                        draw ^= draw << 13;
                        draw ^= draw >> 7;
                        draw ^= draw << 17;
                        black_box(get(draw % keys));
                    }
                    start.elapsed().as_secs_f64()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("look-ups do not panic")).fold(0.0, f64::max)
    })
}

fn median(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    format!("{:.2} [{:.2}, {:.2}]", ratios[ratios.len() / 2], ratios[0], ratios[ratios.len() - 1])
}
