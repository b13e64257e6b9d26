//! Correct programs that look like wrong ones. The checker must be silent on each.

use std::{
    sync::{
        Barrier, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
};

use mapwise::{ActorMap, CounterMap, MutexMap, RwLockMap, ShardedMap, SyncMap, check};

use crate::program::{WORKERS, fresh, times, together, work, workers};

/// The programs, by name.
pub const INNOCENTS: &[(&str, fn())] = &[
    ("swaps_optimistically", swaps_optimistically),
    ("looks_first_and_inserts_if_absent", looks_first_and_inserts_if_absent),
    ("writes_its_own_keys_and_reads_all", writes_its_own_keys_and_reads_all),
    ("beats_a_heart", beats_a_heart),
    ("serves_each_request_as_a_job", serves_each_request_as_a_job),
    ("passes_a_baton", passes_a_baton),
    ("writes_in_phases", writes_in_phases),
    ("locks_each_key", locks_each_key),
    ("locks_for_reading_and_writing", locks_for_reading_and_writing),
    ("whoever_removes_it_has_it", whoever_removes_it_has_it),
    ("looks_and_leaves_it", looks_and_leaves_it),
    ("drains_between_rounds", drains_between_rounds),
    ("copies_into_another_map", copies_into_another_map),
    ("adds_while_others_reset", adds_while_others_reset),
    ("nests_in_one_order", nests_in_one_order),
    ("starts_and_ends_threads", starts_and_ends_threads),
];

/// Reads, works and swaps if nothing changed; else begins again.
fn swaps_optimistically() {
    let map: ShardedMap<u64, u64> = (0..2).map(|key| (key, 0)).collect();
    workers(|worker| {
        for n in 0..8 {
            while let Some(before) = map.get(&(n % 2)) {
                work(worker);
                if map.compare_and_swap(&(n % 2), &before, before + 1).is_ok() {
                    break;
                }
            }
        }
    });
    assert_eq!(map.snapshot().values().sum::<u64>(), 8 * WORKERS);
}

/// Looks, makes a value if there is none, and stores it by an operation that looks again.
fn looks_first_and_inserts_if_absent() {
    let map: SyncMap<u64, u64> = SyncMap::new();
    let stored = workers(|_| {
        let store = |key: &u64| {
            if map.get(key).is_some() {
                return false;
            }
            let made = work(*key) ^ fresh();
            map.insert_if_absent(*key, made).is_ok()
        };
        (0..8).filter(store).count()
    });
    assert_eq!(stored.iter().sum::<usize>(), 8);
}

/// Gets and inserts, but each key has one writer.
fn writes_its_own_keys_and_reads_all() {
    let map: RwLockMap<u64, u64> = (0..WORKERS).map(|key| (key, 0)).collect();
    workers(|worker| {
        for _ in 0..12 {
            let others: u64 = (0..WORKERS).filter_map(|key| map.get(&key)).sum();
            let own = map.get(&worker).unwrap_or(0);
            work(others);
            map.insert(worker, own + 1);
        }
    });
    assert_eq!(map.snapshot().values().sum::<u64>(), 12 * WORKERS);
}

/// Stores the time without looking; a monitor looks and does not store.
fn beats_a_heart() {
    let seen: SyncMap<u64, u64> = SyncMap::new();
    together(&[&|| times(30, |now| seen.insert(now % 3, now)), &|| {
        for now in 0..10 {
            let late = (0..3).filter(|node| seen.get(node).is_none_or(|seen| seen + 5 < now)).count();
            work(late as u64);
        }
    }]);
    assert_eq!(seen.len(), 3);
}

/// Serves many clients on a few threads: what one client looks up has nothing to do with what another stores.
fn serves_each_request_as_a_job() {
    serve_clients(|request| check::job(request));
}

/// Serves look-ups and stores of many clients, each by `serve`.
pub fn serve_clients(serve: impl Fn(&dyn Fn()) + Sync) {
    let store: ShardedMap<u64, u64> = (0..2).map(|key| (key, 0)).collect();
    workers(|worker| {
        for n in 0..24 {
            let key = n % 2;
            if (n + worker) % 3 == 0 {
                serve(&|| {
                    store.insert(key, work(n));
                });
            } else {
                serve(&|| {
                    store.get(&key).map(work);
                });
            }
        }
    });
    assert_eq!(store.len(), 2);
}

/// Gets and inserts only while it has the baton.
fn passes_a_baton() {
    let map: MutexMap<u64, u64> = [(0, 0)].into_iter().collect();
    let (to_first, first) = mpsc::channel();
    let (to_second, second) = mpsc::channel();
    let run = |mine: mpsc::Receiver<()>, other: mpsc::Sender<()>| {
        for _ in 0..10 {
            if mine.recv().is_err() {
                return;
            }
            let before = map.get(&0).unwrap_or(0);
            work(before);
            map.insert(0, before + 1);
            let _ended = other.send(());
        }
    };
    thread::scope(|scope| {
        let _ended = to_first.send(());
        scope.spawn(|| run(first, to_second));
        scope.spawn(|| run(second, to_first));
    });
    assert_eq!(map.get(&0), Some(20));
}

/// All read in one phase, one writes in the next, and a barrier is between.
fn writes_in_phases() {
    let map: ShardedMap<u64, u64> = (0..2).map(|key| (key, 1)).collect();
    let barrier = Barrier::new(WORKERS as usize);
    workers(|worker| {
        for phase in 0..8 {
            let total: u64 = (0..2).filter_map(|key| map.get(&key)).sum();
            barrier.wait();
            if phase % WORKERS == worker {
                map.insert(phase % 2, work(total) % 100);
            }
            barrier.wait();
        }
    });
    assert_eq!(map.len(), 2);
}

/// A lock for each key, of the program's own.
fn locks_each_key() {
    let map: SyncMap<usize, u64> = SyncMap::new();
    let locks = [const { Mutex::new(()) }; 3];
    workers(|worker| {
        for n in 0..15 {
            let _held = locks[n % 3].lock().unwrap_or_else(PoisonError::into_inner);
            let before = map.get(&(n % 3)).unwrap_or(0);
            work(worker);
            map.insert(n % 3, before + 1);
        }
    });
    assert_eq!(map.snapshot().values().sum::<u64>(), 15 * WORKERS);
}

/// Reads under a shared lock, and reads and writes under the exclusive one.
fn locks_for_reading_and_writing() {
    let map: ShardedMap<u64, u64> = (0..2).map(|key| (key, 0)).collect();
    let lock = RwLock::new(());
    workers(|worker| {
        for n in 0..12 {
            if (n + worker) % 3 == 0 {
                let _held = lock.write().unwrap_or_else(PoisonError::into_inner);
                let before = map.get(&(n % 2)).unwrap_or(0);
                work(before);
                map.insert(n % 2, before + 1);
            } else {
                let _held = lock.read().unwrap_or_else(PoisonError::into_inner);
                work(map.get(&(n % 2)).unwrap_or(0));
            }
        }
    });
    assert_eq!(map.snapshot().values().sum::<u64>(), 4 * WORKERS);
}

/// Takes a buffer by removing it, which one thread can, and gives it back under its name.
fn whoever_removes_it_has_it() {
    let free: MutexMap<u64, u64> = (0..3).map(|buffer| (buffer, 0)).collect();
    let used = AtomicU64::new(0);
    workers(|_| {
        for n in 0..12 {
            if let Some(uses) = free.remove(&(n % 3)) {
                used.fetch_add(1, Relaxed);
                work(uses);
                free.insert(n % 3, uses + 1);
            }
        }
    });
    assert_eq!(free.snapshot().values().sum::<u64>(), used.into_inner());
}

/// Looks, finds that there is nothing to do, and later stores another key.
fn looks_and_leaves_it() {
    let map: RwLockMap<u64, u64> = (0..4).map(|key| (key, 0)).collect();
    workers(|worker| {
        for n in 0..10 {
            let _ready = map.view(&(n % 4), |value| *value > n);
            work(n);
            map.insert(100 * (worker + 1) + n, n);
            map.update(&(n % 4), |value| *value += 1);
        }
    });
    assert_eq!(map.len(), 4 + 10 * WORKERS as usize);
}

/// Lists and clears, but only when the round's threads have ended.
fn drains_between_rounds() {
    let map: ShardedMap<u64, u64> = ShardedMap::new();
    let mut total = 0;
    for _ in 0..3 {
        workers(|worker| times(6, |n| map.upsert(n, || worker, |sum| *sum += worker)));
        for key in map.keys() {
            total += map.get(&key).unwrap_or(0);
            map.remove(&key);
        }
    }
    assert_eq!(total, 3 * 6 * (0..WORKERS).sum::<u64>());
}

/// Iterates over one map and acts on another.
fn copies_into_another_map() {
    let source: ShardedMap<u64, u64> = (0..8).map(|key| (key, 0)).collect();
    let copy: SyncMap<u64, u64> = SyncMap::new();
    together(&[&|| times(30, |n| source.update(&(n % 8), |value| *value += 1)), &|| {
        source.for_each(|key, value| copy.upsert(*key, || *value, |kept| *kept = (*kept).max(*value)))
    }]);
    assert_eq!(copy.len(), 8);
}

/// Each addition is in exactly one reset.
fn adds_while_others_reset() {
    let counters: CounterMap<u64> = CounterMap::new();
    let taken = AtomicU64::new(0);
    let take = || taken.fetch_add(counters.reset().into_values().sum(), Relaxed);
    together(&[&|| times(60, |n| (counters.get(&(n % 3)), counters.increment(n % 3))), &|| times(10, |_| take())]);
    take();
    assert_eq!(taken.into_inner(), 120);
}

/// Enters three maps inside each other, always in one order.
fn nests_in_one_order() {
    let outer: MutexMap<u64, u64> = (0..4).map(|key| (key, 0)).collect();
    let middle: ShardedMap<u64, u64> = (0..4).map(|key| (key, 0)).collect();
    let inner: ActorMap<u64, u64> = (0..4).map(|key| (key, 0)).collect();
    workers(|worker| {
        for n in 0..4 {
            outer.update(&n, |value| {
                *value += middle.update(&((n + worker) % 4), |value| *value + inner.get(&n).unwrap_or(0)).unwrap_or(0);
            });
            middle.view(&n, |value| inner.update(&n, |inner| *inner += *value));
        }
    });
}

/// A new thread knows nothing of what an ended one, whose id it may have, had looked at.
fn starts_and_ends_threads() {
    let map: SyncMap<u64, u64> = [(0, 0)].into_iter().collect();
    for n in 0..6 {
        thread::scope(|scope| {
            scope.spawn(|| work(map.get(&0).unwrap_or(0)));
        });
        thread::scope(|scope| {
            scope.spawn(|| map.update(&0, |value| *value += n));
        });
        thread::scope(|scope| {
            scope.spawn(|| map.insert(0, n));
        });
    }
    assert_eq!(map.get(&0), Some(5));
}
