//! Histories of `Map` are linearizable, of each way to read it, while other keys make it split and merge.
//!
//! A few thousand short ones; more with
//! `MAPWISE_HISTORIES=300000 cargo test --release -p mapwise --test map_histories -- --nocapture --test-threads 1`.
#![allow(missing_docs, clippy::print_stderr)]

mod checked;
mod hashers;
mod histories;

use std::{
    hash::{BuildHasher, BuildHasherDefault, RandomState},
    sync::{
        Barrier, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

use hashers::Four;
use histories::{Stored, check, linearize::Event};
use mapwise::Map;

struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn record<V: Stored, S: BuildHasher>(
    map: &Map<u64, V, S>,
    draw: &mut Draw,
    keys: u64,
    epoch: &Instant,
) -> (u64, Event) {
    checked::draw();
    let now = || epoch.elapsed().as_nanos() as u64;
    histories::record(map, keys, |bound| draw.below(bound), now, thread::yield_now)
}

fn short_histories() -> u64 {
    std::env::var("MAPWISE_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(3_000)
}

const THREADS: u64 = 3;

/// Histories of a few operations on two keys, each of a map of its own, with as many other keys as make it grow.
fn short<V: Stored, S: BuildHasher + Default + Send + Sync>(share: u64) {
    let rounds = short_histories() / share;
    let (start, done) = (Barrier::new(THREADS as usize), Barrier::new(THREADS as usize));
    let map = parking_lot::RwLock::new(Map::<u64, V, S>::default());
    let events = Mutex::new(Vec::new());
    let overlapping = AtomicU64::new(0);
    let epoch = Instant::now();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (map, start, done, events, overlapping, epoch) = (&map, &start, &done, &events, &overlapping, &epoch);
            scope.spawn(move || {
                for round in 0..rounds {
                    if thread == 0 {
                        // Some are of one bucket, some about to get more, some of many that are about to be fewer.
                        let fresh = Map::default();
                        for key in 0..[0, 15, 60, 250, 1_000][(round % 5) as usize] {
                            fresh.insert(1_000 + key, V::new(key));
                        }
                        *map.write() = fresh;
                    }
                    start.wait();
                    let mut draw = Draw(round * THREADS + thread);
                    let recorded: Vec<_> = {
                        let map = map.read();
                        (0..6)
                            .map(|nth| {
                                // What makes it grow.
                                map.insert(100_000 + 10 * thread + nth, V::new(0));
                                record(&*map, &mut draw, 2, epoch)
                            })
                            .collect()
                    };
                    events.lock().unwrap().extend(recorded);
                    done.wait();
                    if thread == 0 {
                        let recorded = std::mem::take(&mut *events.lock().unwrap());
                        overlapping.fetch_add(check(recorded, &format!("round {round}")), Relaxed);
                    }
                }
            });
        }
    });
    let overlapping = overlapping.load(Relaxed);
    eprintln!("{} short histories, {overlapping} with operations that overlapped", rounds * 2);
    assert!(overlapping > 0, "no two operations on a key ever overlapped: nothing was tested");
}

/// Long histories of four keys while a fourth thread makes the map split and merge.
fn long<V: Stored, S: BuildHasher + Default + Send + Sync>(rounds: u64, others: u64) {
    const OPERATIONS: u64 = 1_500;
    let mut passes = 0;
    for round in 0..rounds {
        let map = Map::<u64, V, S>::default();
        let (start, stop, epoch) = (Barrier::new(4), AtomicBool::new(false), Instant::now());
        let recorded = thread::scope(|scope| {
            let writer = scope.spawn(|| {
                start.wait();
                let mut passes = 0;
                while !stop.load(Relaxed) {
                    (0..others).for_each(|key| drop(map.insert(1_000 + key, V::new(key))));
                    (0..others).for_each(|key| drop(map.remove(&(1_000 + key))));
                    passes += 1;
                }
                passes
            });
            let running: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (map, start, epoch) = (&map, &start, &epoch);
                    scope.spawn(move || {
                        let mut draw = Draw(round * THREADS + thread);
                        start.wait();
                        let next = |_| {
                            // So that the history lasts as long as some splits.
                            (0..20).for_each(|key| drop(map.get(&(1_000 + key))));
                            record(map, &mut draw, 4, epoch)
                        };
                        (0..OPERATIONS).map(next).collect::<Vec<_>>()
                    })
                })
                .collect();
            let recorded: Vec<_> = running.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
            stop.store(true, Relaxed);
            passes += writer.join().unwrap();
            recorded
        });
        check(recorded, &format!("round {round}"));
    }
    eprintln!("{} long histories, beside {passes} times that {others} keys came and went", rounds * 4);
}

#[test]
fn short_histories_of_copied_values_are_linearizable() {
    short::<u64, RandomState>(4);
    short::<u128, RandomState>(8);
}

#[test]
fn short_histories_of_values_that_own_memory_are_linearizable() {
    short::<String, RandomState>(4);
}

#[test]
fn short_histories_of_values_read_under_the_lock_are_linearizable() {
    short::<Box<u64>, RandomState>(4);
}

#[test]
fn short_histories_of_keys_that_are_hardly_told_apart_are_linearizable() {
    short::<u64, BuildHasherDefault<Four>>(8);
}

#[test]
fn long_histories_are_linearizable_while_the_map_splits_and_merges() {
    let rounds = (short_histories() / 1_000).clamp(3, 100);
    long::<u64, RandomState>(rounds, 30_000);
    long::<String, RandomState>(rounds, 10_000);
    long::<Box<u64>, RandomState>(rounds, 10_000);
}
