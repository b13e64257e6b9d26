//! `FrozenMap`: read by all threads at once, made from any map and turned back into one.

use std::{collections::HashMap, ops::ControlFlow, sync::Barrier, thread};

use mapwise::{FrozenMap, Iteration, MapRead, MutexMap, Progress, RwLockMap, ShardedMap};

fn entries() -> HashMap<String, u64> {
    (0..1_000).map(|n| (format!("key {n}"), n)).collect()
}

#[test]
fn every_thread_reads_every_entry() {
    let map: FrozenMap<String, u64> = entries().into_iter().collect();
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                for (key, value) in entries() {
                    assert_eq!(map.get_ref(&key), Some(&value));
                    assert_eq!(map.view(key.as_str(), |value| *value), Some(value));
                }
                assert_eq!(map.get("no such key"), None);
                assert_eq!(map.snapshot(), entries());
            });
        }
    });
}

#[test]
fn freezing_keeps_shards_and_thawing_gives_them_back() {
    let map = ShardedMap::with_shards(16).unwrap();
    for (key, value) in entries() {
        map.insert(key, value);
    }
    let frozen = map.freeze();
    assert_eq!((frozen.len(), frozen.get("key 7")), (1_000, Some(7)));
    let thawed = ShardedMap::from(frozen);
    assert_eq!((thawed.shard_count(), thawed.len()), (16, 1_000));
    assert_eq!(thawed.update("key 7", |value| std::mem::replace(value, 8)), Some(7));
    assert_eq!(thawed.get("key 7"), Some(8));
}

#[test]
fn any_map_freezes_into_the_same() {
    let expected = FrozenMap::from(entries());
    let mutex: MutexMap<_, _> = entries().into_iter().collect();
    let rw_lock: RwLockMap<_, _> = entries().into_iter().collect();
    let sharded: ShardedMap<_, _> = entries().into_iter().collect();
    assert!(mutex.freeze() == expected && rw_lock.freeze() == expected && sharded.freeze() == expected);
    assert!(FrozenMap::default() != expected);
}

#[test]
fn reads_nest_and_iteration_stops_when_told() {
    let map = FrozenMap::from(entries());
    let sum = map.view("key 1", |one| map.view("key 2", |two| one + two));
    assert_eq!(sum, Some(Some(3)));
    let mut visited = 0;
    let stopped = map.try_for_each(|_, _| {
        visited += 1;
        if visited == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((stopped, visited), (ControlFlow::Break(()), 5));
    assert_eq!(map.into_iter().collect::<HashMap<_, _>>(), entries());
}

#[test]
fn it_promises_what_it_keeps() {
    let caps = <FrozenMap<u64, u64> as MapRead<u64, u64>>::CAPS;
    assert_eq!((caps.reads, caps.iteration, caps.exact_len), (Progress::WaitFree, Iteration::Snapshot, true));
}
