//! Measures batches of 32 against single operations of `Map`: interleaved, medians of rounds.
//!
//! `cargo run --release -p mapwise --example batches -- 1000000 10000000`
//!
//! Prints how many times as fast a batch is, with the smallest and the largest ratio of a round.
#![allow(missing_docs, clippy::print_stdout)]

use std::{hint::black_box, time::Instant};

use foldhash::fast::RandomState;
use mapwise::Map;

const BATCH: usize = 32;
const ROUNDS: usize = 9;
/// Operations of a round, of each kind.
const OPERATIONS: usize = 1 << 19;

fn main() {
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    for keys in if sizes.is_empty() { vec![1_000_000] } else { sizes } {
        let map = Map::with_hasher(RandomState::default());
        map.reserve(keys as usize);
        for key in 0..keys {
            map.insert(key, key);
        }
        let mut draw = Draw(keys);
        compare(
            &format!("{keys} keys, look-ups"),
            &mut draw,
            keys,
            |drawn| {
                for key in drawn {
                    black_box(map.get(key));
                }
            },
            |drawn| {
                for batch in drawn.as_chunks::<BATCH>().0 {
                    black_box(map.get_many(batch.each_ref()));
                }
            },
        );
        compare(
            &format!("{keys} keys, insertions that replace"),
            &mut draw,
            keys,
            |drawn| {
                for &key in drawn {
                    black_box(map.insert(key, key));
                }
            },
            |drawn| {
                for batch in drawn.as_chunks::<BATCH>().0 {
                    black_box(map.insert_many(batch.map(|key| (key, key))));
                }
            },
        );
        drop(map);
        let (mut single, mut batched) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            single.push(time(|| {
                let map = Map::with_hasher(RandomState::default());
                for key in 0..keys {
                    map.insert(key, key);
                }
                black_box(map.len());
            }));
            batched.push(time(|| {
                let map = Map::with_hasher(RandomState::default());
                let mut key = 0;
                while key < keys {
                    black_box(map.insert_many(std::array::from_fn::<_, BATCH, _>(|at| (key + at as u64, key))));
                    key += BATCH as u64;
                }
                black_box(map.len());
            }));
        }
        print(&format!("0 to {keys} keys, with the map's end"), &single, &batched);
    }
}

fn compare(what: &str, draw: &mut Draw, keys: u64, one: impl Fn(&[u64]), many: impl Fn(&[u64])) {
    let (mut single, mut batched) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let drawn: [Vec<u64>; 2] = std::array::from_fn(|_| (0..OPERATIONS).map(|_| draw.next(keys)).collect());
        // Whoever is first alternates.
        if round % 2 == 0 {
            single.push(time(|| one(&drawn[0])));
        }
        batched.push(time(|| many(&drawn[1])));
        if round % 2 != 0 {
            single.push(time(|| one(&drawn[0])));
        }
    }
    print(what, &single, &batched);
}

fn print(what: &str, single: &[f64], batched: &[f64]) {
    let mut ratios: Vec<f64> = single.iter().zip(batched).map(|(single, batched)| single / batched).collect();
    ratios.sort_by(f64::total_cmp);
    println!("{what}: {:.2} [{:.2}, {:.2}]", ratios[ratios.len() / 2], ratios[0], ratios[ratios.len() - 1]);
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// Marsaglia, Journal of Statistical Software, 2003.
struct Draw(u64);

impl Draw {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}
