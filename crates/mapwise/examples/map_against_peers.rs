//! Measures `Map` beside `ShardedMap`, dashmap and papaya on `u64` keys: all of them in turn, several rounds, medians.
//!
//! `cargo run --release -p mapwise --example map_against_peers`
//!
//! Prints millions of operations per second, all threads together, and the ratio of `Map` to the best of the others.
#![allow(missing_docs, clippy::print_stdout)]

use std::{
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use foldhash::fast::RandomState;
use mapwise::{Map, ShardedMap};

const ROUNDS: usize = 5;
/// Operations between two looks at the clock.
const BATCH: usize = 1_000;

trait Candidate: Sync {
    fn with(hasher: RandomState) -> Self;
    fn get(&self, key: u64) -> Option<u64>;
    fn insert(&self, key: u64, value: u64);
    fn remove(&self, key: u64);
    fn increment(&self, key: u64);
}

macro_rules! ours {
    ($($map:ident)*) => {$(
        impl Candidate for $map<u64, u64, RandomState> {
            fn with(hasher: RandomState) -> Self {
                $map::with_hasher(hasher)
            }
            fn get(&self, key: u64) -> Option<u64> {
                self.get(&key)
            }
            fn insert(&self, key: u64, value: u64) {
                self.insert(key, value);
            }
            fn remove(&self, key: u64) {
                self.remove(&key);
            }
            fn increment(&self, key: u64) {
                self.update(&key, |n| *n += 1);
            }
        }
    )*};
}

ours! { Map ShardedMap }

impl Candidate for dashmap::DashMap<u64, u64, RandomState> {
    fn with(hasher: RandomState) -> Self {
        Self::with_hasher(hasher)
    }
    fn get(&self, key: u64) -> Option<u64> {
        self.get(&key).map(|value| *value)
    }
    fn insert(&self, key: u64, value: u64) {
        self.insert(key, value);
    }
    fn remove(&self, key: u64) {
        self.remove(&key);
    }
    fn increment(&self, key: u64) {
        if let Some(mut value) = self.get_mut(&key) {
            *value += 1;
        }
    }
}

impl Candidate for papaya::HashMap<u64, u64, RandomState> {
    fn with(hasher: RandomState) -> Self {
        Self::with_hasher(hasher)
    }
    fn get(&self, key: u64) -> Option<u64> {
        self.pin().get(&key).copied()
    }
    fn insert(&self, key: u64, value: u64) {
        self.pin().insert(key, value);
    }
    fn remove(&self, key: u64) {
        self.pin().remove(&key);
    }
    fn increment(&self, key: u64) {
        self.pin().update(key, |n| n + 1);
    }
}

#[derive(Clone, Copy)]
enum Mix {
    Get,
    Absent,
    Update,
    /// Look-ups, insertions, removals: 98, 1, 1 of a hundred.
    Mostly,
    /// Half look-ups, half insertions over present keys.
    YcsbA,
    /// New keys, into an empty map.
    Grow,
}

const MIXES: [(&str, Mix); 6] = [
    ("get", Mix::Get),
    ("get absent", Mix::Absent),
    ("update", Mix::Update),
    ("98/1/1", Mix::Mostly),
    ("YCSB-A", Mix::YcsbA),
    ("insert, growing", Mix::Grow),
];

fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn step(map: &impl Candidate, mix: Mix, keys: u64, state: &mut u64) {
    let draw = next(state);
    // The upper half of the product is uniform below `keys`.
    let key = ((u128::from(draw) * u128::from(keys)) >> 64) as u64;
    match mix {
        Mix::Get => drop(black_box(map.get(key))),
        Mix::Absent => drop(black_box(map.get(key + keys))),
        Mix::Update => map.increment(key),
        Mix::Mostly => match draw % 100 {
            0 => map.insert(key, draw),
            1 => map.remove(key),
            _ => drop(black_box(map.get(key))),
        },
        Mix::YcsbA if draw.is_multiple_of(2) => drop(black_box(map.get(key))),
        Mix::YcsbA => map.insert(key, draw),
        Mix::Grow => unreachable!("runs apart"),
    }
}

/// Returns millions of operations per second of all threads.
fn measure<M: Candidate>(mix: Mix, keys: u64, threads: u64, time: Duration) -> f64 {
    let map = M::with(RandomState::default());
    if !matches!(mix, Mix::Grow) {
        (0..keys).for_each(|key| map.insert(key, key));
    }
    let barrier = Barrier::new(threads as usize);
    let rates = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                let (map, barrier) = (&map, &barrier);
                scope.spawn(move || {
                    let mut state = 0x9E37_79B9_7F4A_7C15 ^ (thread + 1);
                    barrier.wait();
                    let start = Instant::now();
                    let mut operations = 0_usize;
                    if matches!(mix, Mix::Grow) {
                        for key in (thread..keys).step_by(threads as usize) {
                            map.insert(key, key);
                            operations += 1;
                        }
                    } else {
                        while start.elapsed() < time {
                            (0..BATCH).for_each(|_| step(map, mix, keys, &mut state));
                            operations += BATCH;
                        }
                    }
                    operations as f64 / start.elapsed().as_secs_f64() / 1e6
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("measured")).collect::<Vec<f64>>()
    });
    rates.iter().sum()
}

type Measure = fn(Mix, u64, u64, Duration) -> f64;

fn main() {
    let candidates: [(&str, Measure); 4] = [
        ("Map", measure::<Map<u64, u64, RandomState>>),
        ("ShardedMap", measure::<ShardedMap<u64, u64, RandomState>>),
        ("dashmap", measure::<dashmap::DashMap<u64, u64, RandomState>>),
        ("papaya", measure::<papaya::HashMap<u64, u64, RandomState>>),
    ];
    println!(
        "{:16} {:>8} {:>7}   {:>8} {:>10} {:>8} {:>8}   ratio",
        "", "keys", "threads", "Map", "ShardedMap", "dashmap", "papaya"
    );
    for (name, mix) in MIXES {
        for keys in [1_000, 1_000_000] {
            for threads in [1, 2] {
                let mut rates = [const { Vec::new() }; 4];
                for _ in 0..ROUNDS {
                    for (rates, (_, measure)) in rates.iter_mut().zip(candidates) {
                        rates.push(measure(mix, keys, threads, Duration::from_millis(50)));
                    }
                }
                let [ours, others @ ..] = rates.map(|mut rates| {
                    rates.sort_unstable_by(f64::total_cmp);
                    rates[ROUNDS / 2]
                });
                let best = others.into_iter().fold(0.0, f64::max);
                let [sharded, dashmap, papaya] = others;
                println!(
                    "{name:16} {keys:8} {threads:7}   {ours:8.1} {sharded:10.1} {dashmap:8.1} {papaya:8.1}   {:5.2}",
                    ours / best
                );
            }
        }
    }
}
