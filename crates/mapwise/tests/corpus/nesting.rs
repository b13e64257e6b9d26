//! Calls of a map from inside its own closure, which would wait for themselves.
//!
//! Sources: xacrimon/dashmap, issues 35, 74, 233 and 356, and the projects that each program names. The buggy twins end
//! where the checker refuses the call; the twins with a lock of their own call the map twice, one call after the other.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mapwise::{ActorMap, MutexMap, RwLockMap, ShardedMap, SyncMap};

use crate::program::{Stage, programs, work, workers};

programs! {
    numbers_an_entry_by_the_length on "ShardedMap" finds Reentrancy;
    forks_a_thread_while_reading_it on "RwLockMap" finds Reentrancy;
    remembers_a_recursion on "MutexMap" finds Reentrancy;
    interns_a_name_with_its_parts on "SyncMap" finds Reentrancy;
    removes_while_iterating on "RwLockMap" finds Reentrancy;
    totals_inside_an_update on "ActorMap" finds Reentrancy;
}

/// Calls `job`, which the checker must refuse: the refusal is a panic, since there is nothing to go on with.
fn refused<T>(job: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(job))
        .map_err(|payload| {
            let refusal = payload.downcast_ref::<String>().is_some_and(|text| text.contains("re-entrant call"));
            if !refusal {
                resume_unwind(payload);
            }
        })
        .ok()
}

/// Numbers a new entry by the length of the map, asked for while the entry is being made.
///
/// Source: xacrimon/dashmap, issue 35 (`or_insert_with(|| map.len() + 1)` halts).
fn numbers_an_entry_by_the_length(stage: &Stage) {
    let numbers: ShardedMap<u64, u64> = ShardedMap::new();
    workers(|worker| {
        let _held = stage.lock();
        if stage.correct() {
            // The number is a guess of the length, here as in what was meant.
            let number = numbers.len() as u64 + 1;
            numbers.get_or_insert_with(worker, || number);
        } else {
            refused(|| numbers.get_or_insert_with(worker, || numbers.len() as u64 + 1));
        }
    });
}

/// Inserts a fork of an entry while it reads the entry: where both are in one shard, the insertion waits for the reader.
///
/// Source: majiayu000/harness, pull request 386 (`fork_thread` held a guard of the source).
fn forks_a_thread_while_reading_it(stage: &Stage) {
    let threads: RwLockMap<u64, u64> = (0..4).map(|id| (id, id)).collect();
    workers(|worker| {
        let _held = stage.lock();
        if stage.correct() {
            if let Some(source) = threads.get(&worker) {
                threads.insert(worker + 100, work(source));
            }
        } else {
            refused(|| threads.view(&worker, |source| threads.insert(worker + 100, work(*source))));
        }
    });
}

/// Computes an entry from other entries of the same map, inside its own initializer.
///
/// Source: xacrimon/dashmap, issue 356 (an expression tree in a map of shared nodes).
fn remembers_a_recursion(stage: &Stage) {
    let known: MutexMap<u64, u64> = (0..2).map(|n| (n, n)).collect();
    fn inside(known: &MutexMap<u64, u64>, n: u64) -> u64 {
        known.get_or_insert_with(n, || inside(known, n - 1).wrapping_add(inside(known, n - 2)))
    }
    fn outside(known: &MutexMap<u64, u64>, n: u64) -> u64 {
        if let Some(value) = known.get(&n) {
            return value;
        }
        let value = outside(known, n - 1).wrapping_add(outside(known, n - 2));
        // Two who computed it agree on the first of the values.
        known.get_or_insert_with(n, || value)
    }
    workers(|worker| {
        let _held = stage.lock();
        if stage.correct() {
            assert_eq!(outside(&known, 10 + worker % 2), [55, 89][worker as usize % 2]);
        } else {
            refused(|| inside(&known, 10 + worker));
        }
    });
}

/// Interns a name and, inside its initializer, the name's parts.
///
/// Source: meta-pytorch/monarch, pull request 2112 (`intern_typename`).
fn interns_a_name_with_its_parts(stage: &Stage) {
    let names: SyncMap<String, u64> = SyncMap::new();
    workers(|worker| {
        let (name, part) = (format!("list of {worker}"), format!("{worker}"));
        let _held = stage.lock();
        if stage.correct() {
            let part = names.get_or_insert_with(part, || worker);
            names.get_or_insert_with(name, || work(part));
        } else {
            refused(|| names.get_or_insert_with(name, || work(names.get_or_insert_with(part, || worker))));
        }
    });
}

/// Removes entries from inside the iteration that shows them, as Go's maps allow.
///
/// Source: toeverything/OctoBase, pull request 518, and stratum-mining/sv2-apps, pull request 368 (calls back from
/// `for_each`).
fn removes_while_iterating(stage: &Stage) {
    let map: RwLockMap<u64, u64> = (0..16).map(|key| (key, key % 2)).collect();
    workers(|_| {
        let _held = stage.lock();
        if stage.correct() {
            map.retain(|_, odd| *odd == 1);
        } else {
            refused(|| {
                map.for_each(|key, odd| {
                    if *odd == 0 {
                        map.remove(key);
                    }
                });
            });
        }
    });
    assert!(!stage.correct() || map.len() == 8);
}

/// Sums all entries inside an update of one of them; on a map with an owner thread, that thread waits for itself.
///
/// Source: xacrimon/dashmap, issue 74, on a map that has an owner thread.
fn totals_inside_an_update(stage: &Stage) {
    let parts: ActorMap<u64, u64> = (0..4).map(|part| (part, part)).collect();
    let total = || {
        let mut total = 0;
        parts.for_each(|_, part| total += part);
        total
    };
    workers(|worker| {
        let _held = stage.lock();
        if stage.correct() {
            let total = total();
            parts.update(&worker, |part| *part = total);
        } else {
            refused(|| parts.update(&worker, |part| *part = total()));
        }
    });
}
