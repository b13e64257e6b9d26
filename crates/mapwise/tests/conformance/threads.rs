//! What holds while threads work at once. Threads start on a barrier; nothing waits for a time.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, RandomState},
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

use mapwise::Action;

use crate::{
    linearize::{Ask, Event, linearizable},
    model::AllEqual,
    subject::{Kind, Subject, TestHasher},
};

const THREADS: u64 = 4;

/// Runs `work` on every thread at once.
fn together<T: Send>(threads: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads as usize);
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    barrier.wait();
                    work(thread)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A small generator, so that a run depends on its seed and the schedule only.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

pub fn init_runs_at_most_once_per_key<M: Kind>() {
    for _ in 0..30 {
        let map = M::make::<u64, u64, RandomState>();
        let runs: Vec<AtomicU64> = (0..50).map(|_| AtomicU64::new(0)).collect();
        let got = together(THREADS, |thread| {
            (0..50_u64)
                .map(|key| {
                    map.get_or_insert_with(key, || {
                        runs[key as usize].fetch_add(1, Relaxed);
                        thread * 1_000 + key
                    })
                })
                .collect::<Vec<_>>()
        });
        assert!(runs.iter().all(|runs| runs.load(Relaxed) == 1));
        assert!(got.iter().all(|values| *values == got[0]), "callers disagree on what was stored");
    }
}

pub fn closures_of_writes_run_exactly_once_and_lose_nothing<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    let calls = AtomicU64::new(0);
    const OPS: u64 = 3_000;
    together(THREADS, |thread| {
        let mut draw = Draw(thread);
        for i in 0..OPS {
            let key = draw.below(3);
            let called = || calls.fetch_add(1, Relaxed);
            match i % 3 {
                0 => map.upsert(
                    key,
                    || {
                        called();
                        1
                    },
                    |n| {
                        called();
                        *n += 1;
                    },
                ),
                1 => map.compute(key, |present| {
                    called();
                    match present {
                        Some(n) => {
                            *n += 1;
                            Action::Keep(())
                        }
                        None => Action::Put(1, ()),
                    }
                }),
                _ => {
                    let updated = map.update(&key, |n| {
                        called();
                        *n += 1;
                    });
                    if updated.is_none() {
                        map.upsert(
                            key,
                            || {
                                called();
                                1
                            },
                            |n| {
                                called();
                                *n += 1;
                            },
                        );
                    }
                }
            }
        }
    });
    assert_eq!(calls.load(Relaxed), THREADS * OPS);
    assert_eq!(map.snapshot().values().sum::<u64>(), THREADS * OPS);
}

pub fn one_of_many_inserts_and_one_of_many_removes_wins<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    for _ in 0..20 {
        let won = together(THREADS, |thread| (0..100).filter(|&key| map.insert_if_absent(key, thread).is_ok()).count());
        assert_eq!(won.iter().sum::<usize>(), 100);
        let removed = together(THREADS, |_| (0..100).filter(|key| map.remove(key).is_some()).count());
        assert_eq!(removed.iter().sum::<usize>(), 100);
        assert!(map.is_empty());
    }
}

pub fn iteration_sees_settled_entries_exactly_once_beside_writers<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    const SETTLED: u64 = 300;
    for key in 0..SETTLED {
        map.insert(key, key);
    }
    let stop = AtomicBool::new(false);
    together(3, |thread| {
        if thread > 0 {
            let mut draw = Draw(thread);
            while !stop.load(Relaxed) {
                // Grows and shrinks, so that tables move under the iteration.
                let from = SETTLED + thread * 10_000;
                let count = draw.below(600);
                for key in from..from + count {
                    map.insert(key, key);
                }
                for key in from..from + count {
                    map.remove(&key);
                }
            }
            return;
        }
        for _ in 0..60 {
            let mut seen = vec![0; SETTLED as usize];
            map.for_each(|key, value| {
                assert_eq!(key, value);
                if *key < SETTLED {
                    seen[*key as usize] += 1;
                }
            });
            assert!(seen.iter().all(|&times| times == 1), "{seen:?}");
        }
        stop.store(true, Relaxed);
    });
    assert_eq!(map.len(), SETTLED as usize);
}

pub fn clear_and_drain_lose_nothing_beside_writers<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    const OPS: u64 = 2_000;
    let drained = together(THREADS, |thread| {
        let mut found = Vec::new();
        for i in 0..OPS {
            if thread == 0 {
                found.extend(map.drain().into_iter().map(|(key, _)| key));
            } else {
                assert_eq!(map.insert(thread * OPS + i, i), None);
            }
        }
        found
    });
    let mut all: Vec<u64> = drained.into_iter().flatten().chain(map.keys()).collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(OPS..THREADS * OPS), "an entry was lost or drained twice");
}

pub fn values_are_dropped_exactly_once_beside_readers<M: Kind>() {
    use std::sync::Arc;
    let witness = Arc::new(7_u64);
    let map = M::make::<u64, Arc<u64>, RandomState>();
    together(THREADS, |thread| {
        let mut draw = Draw(thread);
        for _ in 0..4_000 {
            crate::checked::draw();
            let key = draw.below(8);
            match draw.below(6) {
                0 => drop(map.insert(key, witness.clone())),
                1 => drop(map.remove(&key)),
                2 => drop(map.get_or_insert_with(key, || witness.clone())),
                3 => drop(map.update(&key, |value| *value = witness.clone())),
                4 => assert!(map.view(&key, |value| **value).is_none_or(|value| value == 7)),
                _ => assert!(map.get(&key).is_none_or(|value| *value == 7)),
            }
        }
    });
    drop(map);
    assert_eq!(Arc::strong_count(&witness), 1);
}

/// Records short histories of real threads and checks every key of each.
fn histories<M: Kind, S: TestHasher>(count: u64, keys: u64, ops: u64) {
    let mut busy = 0;
    for seed in 0..count {
        let map = M::make::<u64, u64, S>();
        let epoch = Instant::now();
        let recorded = together(3, |thread| {
            let mut draw = Draw(seed * 31 + thread);
            (0..ops).map(|_| record(&map, &mut draw, keys, &epoch)).collect::<Vec<_>>()
        });
        let mut by_key: HashMap<u64, Vec<Event>> = HashMap::new();
        for (key, event) in recorded.into_iter().flatten() {
            by_key.entry(key).or_default().push(event);
        }
        for (key, history) in by_key {
            busy += usize::from(overlaps(&history));
            assert!(linearizable(&history, None), "seed {seed}, key {key}: {history:#?}");
        }
    }
    assert!(busy > 0, "no two operations on a key ever overlapped: nothing was tested");
}

fn overlaps(history: &[Event]) -> bool {
    history.iter().enumerate().any(|(at, a)| history[..at].iter().any(|b| a.start < b.end && b.start < a.end))
}

fn record(map: &impl Subject<u64, u64>, draw: &mut Draw, keys: u64, epoch: &Instant) -> (u64, Event) {
    crate::checked::draw();
    let (key, value) = (draw.below(keys), draw.below(3));
    let ask = match draw.below(8) {
        0 | 1 => Ask::Get,
        2 => Ask::Insert(value),
        3 => Ask::InsertIfAbsent(value),
        4 => Ask::GetOrInsert(value),
        5 => Ask::Add(1 + value),
        6 => Ask::Remove,
        _ => Ask::CompareAndSwap(value, draw.below(3)),
    };
    let now = || epoch.elapsed().as_nanos() as u64;
    let start = now();
    let answer = match ask {
        Ask::Get => map.get(&key),
        Ask::Insert(value) => map.insert(key, value),
        Ask::InsertIfAbsent(value) => map.insert_if_absent(key, value).err().map(|refused| refused.value),
        // Yielding where others wait makes them overlap.
        Ask::GetOrInsert(value) => Some(map.get_or_insert_with(key, || {
            thread::yield_now();
            value
        })),
        Ask::Add(n) => map.update(&key, |value| {
            thread::yield_now();
            let old = *value;
            *value += n;
            old
        }),
        Ask::Remove => map.remove(&key),
        Ask::CompareAndSwap(old, new) => map.compare_and_swap(&key, &old, new).ok(),
    };
    (key, Event { start, end: now(), ask, answer })
}

pub fn short_histories_are_linearizable<M: Kind>() {
    histories::<M, RandomState>(1_500, 2, 8);
}

pub fn long_histories_are_linearizable<M: Kind>() {
    histories::<M, RandomState>(6, 3, 1_000);
}

pub fn histories_are_linearizable_when_all_hashes_are_equal<M: Kind>() {
    histories::<M, BuildHasherDefault<AllEqual>>(300, 4, 12);
}
