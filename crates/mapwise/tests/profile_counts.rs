//! What the profile counts is what happened: exactly where it counts, without bias where it samples.

#![cfg(feature = "profile")]

use std::{
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use mapwise::{
    CounterMap, MapWrite, MutexMap, RwLockMap, ShardedMap, SyncMap,
    profile::{Tier, set_tier, snapshot},
};
use mapwise_profile::{Histogram, MapProfile, Operation};

fn of(name: &str) -> MapProfile {
    snapshot().maps.into_iter().find(|map| map.name == name).expect("the map lives and has this name")
}

fn operation(map: &MapProfile, name: &str) -> Operation {
    map.operations.iter().find(|operation| operation.name == name).cloned().unwrap_or_default()
}

/// Every thread does the same, on keys of its own and on common ones.
fn drive(map: &(impl MapWrite<u64, u64> + Sync), threads: u64, rounds: u64) {
    let barrier = Barrier::new(threads as usize);
    thread::scope(|scope| {
        for thread in 0..threads {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                let own = 1_000_000 * (thread + 1);
                for round in 0..rounds {
                    map.insert(own + round, round);
                    if round == 0 {
                        // By now all of them have used a map, and none has ended.
                        barrier.wait();
                    }
                    map.insert(own + round, round);
                    map.get(&(own + round));
                    map.get(&(own + rounds + round));
                    map.update(&round, |value| *value += 1);
                    if round % 2 == 0 {
                        map.remove(&(own + round));
                    }
                }
                // All live until all are done, so that more do than have counters of their own.
                barrier.wait();
            });
        }
    });
}

fn counts_are_exact(map: impl MapWrite<u64, u64> + Sync, name: &str) {
    // More threads than own stripes, so that some share one.
    const THREADS: u64 = 80;
    const ROUNDS: u64 = 400;
    const ALL: u64 = THREADS * ROUNDS;
    drive(&map, THREADS, ROUNDS);
    let profile = of(name);
    let counted = |operation: Operation| (operation.hits, operation.misses);
    assert_eq!(counted(operation(&profile, "insert")), (ALL, ALL), "{name}");
    assert_eq!(counted(operation(&profile, "get")), (ALL, ALL), "{name}");
    assert_eq!(counted(operation(&profile, "update")), (0, ALL), "{name}");
    assert_eq!(counted(operation(&profile, "remove")), (ALL / 2, 0), "{name}");
    assert_eq!(profile.len, Some(ALL / 2), "{name}");
    assert_eq!(profile.len, Some(map.len() as u64), "{name}");
    let note = format!("{name}: threads beyond ");
    assert!(snapshot().notes.iter().any(|said| said.starts_with(&note)), "that threads shared is said");
}

#[test]
fn operations_hits_misses_and_lengths_are_exact_on_any_number_of_threads() {
    counts_are_exact(ShardedMap::new().named("exact-sharded"), "exact-sharded");
    counts_are_exact(RwLockMap::new().named("exact-rw"), "exact-rw");
    counts_are_exact(MutexMap::new().named("exact-mutex"), "exact-mutex");
}

#[test]
fn every_way_to_change_a_map_changes_its_length_in_the_profile() {
    let map: ShardedMap<u64, u64> = (0..100).map(|key| (key, key)).collect();
    let map = map.named("lengths");
    let check = |what: &str| {
        let profile = of("lengths");
        assert_eq!(profile.len, Some(map.len() as u64), "{what}");
        let lens = map.balance().shards.iter().map(|shard| shard.entries as u64).collect::<Vec<_>>();
        assert_eq!(profile.shards.each.iter().map(|shard| shard.len).collect::<Vec<_>>(), lens, "{what}");
    };
    check("from_iter");
    map.retain(|key, _| key % 2 == 0);
    check("retain");
    let _ = map.insert_if_absent(1, 1);
    let _ = map.insert_if_absent(2, 2);
    check("insert_if_absent");
    map.compute(5, |_| mapwise::Action::Put(5, ()));
    map.compute(6, |_| mapwise::Action::<u64, ()>::Remove(()));
    map.compute(7, |_| mapwise::Action::<u64, ()>::Keep(()));
    check("compute");
    assert_eq!(map.remove_if(&8, |_| false), None);
    map.remove_if(&8, |_| true);
    check("remove_if");
    let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| map.remove_if(&10, |_| panic!("thrown"))));
    assert!(thrown.is_err());
    check("a panic");
    drop(map.drain());
    check("drain");
    map.insert(1, 1);
    map.clear();
    check("clear");
    let frozen = {
        map.insert(3, 3);
        map.freeze()
    };
    let map = ShardedMap::from(frozen).named("thawed");
    assert_eq!(of("thawed").len, Some(1));
    drop(map);
}

#[test]
fn maps_that_count_their_entries_themselves_are_read_there() {
    let sync = SyncMap::new().named("gauge-sync");
    (0..10_u64).for_each(|key| assert_eq!(sync.insert(key, key), None));
    sync.remove(&3);
    assert_eq!((of("gauge-sync").len, of("gauge-sync").type_text.as_str()), (Some(9), "SyncMap<u64, u64>"));
    let counter = CounterMap::new().named("gauge-counter");
    (0..10_u64).for_each(|key| assert_eq!(counter.increment(key), 1));
    assert_eq!(of("gauge-counter").len, Some(10));
    assert!(of("gauge-counter").shards.each.is_empty());
}

#[test]
fn an_operation_that_visits_every_shard_counts_once() {
    let map = ShardedMap::with_shards(8).expect("a power of two").named("once");
    (0..100_u64).for_each(|key| assert_eq!(map.insert(key, key), None));
    map.retain(|key, _| key % 2 == 0);
    map.reserve(1_000);
    map.shrink_to_fit();
    let profile = of("once");
    assert_eq!((operation(&profile, "retain").count(), operation(&profile, "whole map").count()), (1, 2));
    assert_eq!(profile.len, Some(50));
}

#[test]
fn sampled_operations_come_near_the_exact_ones() {
    const KEYS: u64 = 64;
    let map = ShardedMap::<u64, u64>::with_shards(8).expect("a power of two").named("sampled");
    (0..KEYS).for_each(|key| assert_eq!(map.insert(key, 0), None));
    let hot = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (map, hot) = (&map, &hot);
            scope.spawn(move || {
                for step in 0..200_000_u64 {
                    // A third of the operations, in a fixed pattern, on one key.
                    let key = if step % 3 == 0 { 7 } else { (step * 31 + thread) % KEYS };
                    hot.fetch_add(u64::from(key == 7), Ordering::Relaxed);
                    map.get(&key);
                }
            });
        }
    });
    let profile = of("sampled");
    let (all, hot) = (profile.operation_count() as f64, hot.into_inner() as f64);
    let sampled = profile.hot_keys.sampled as f64;
    // Six standard deviations of a sample of these sizes, which is 10 % and less.
    let near = |sampled: f64, exact: f64| (sampled * 256.0 / exact - 1.0).abs() < 6.0 / sampled.sqrt();
    assert_eq!(profile.hot_keys.period, 256);
    assert!(near(sampled, all), "{sampled} of {all}");
    let first = &profile.hot_keys.keys[0];
    assert!(near(first.count as f64, hot) && first.count - first.error > first.count / 2, "{first:?} of {hot}");
    let of_shards: u64 = profile.shards.each.iter().map(|shard| shard.operations).sum();
    assert_eq!(of_shards, profile.hot_keys.sampled);
    let home = first.shard.expect("shards are known") as usize;
    let most = profile.shards.each.iter().map(|shard| shard.operations).max();
    assert_eq!(most, Some(profile.shards.each[home].operations));
    // One in 1,024 operations was timed.
    let held = profile.holds.times.count() as f64;
    assert!((held * 1024.0 / all - 1.0).abs() < 6.0 / held.sqrt(), "{held} of {all}");
    assert!(profile.holds.longest.is_some());
}

#[test]
fn a_map_without_a_name_is_called_by_its_kind_and_where_it_was_made() {
    let line = line!() + 1;
    let map = MutexMap::<String, Option<u8>>::new();
    let name = format!("MutexMap at {}:{line}", file!());
    assert_eq!(of(&name).type_text, "MutexMap<String, Option<u8>>");
    drop(map);
    assert!(snapshot().maps.iter().all(|map| map.name != name), "a dropped map vanishes");
}

#[test]
fn replaced_tables_are_counted_with_their_pauses() {
    let map = MutexMap::new().named("resizes");
    for key in 0..10_000_u64 {
        map.insert(key, key);
    }
    let resizes = of("resizes").resizes;
    // From 4 buckets to 16,384: a doubling each.
    assert!((10..=14).contains(&resizes.count), "{resizes:?}");
    assert_eq!(resizes.pauses.count(), resizes.count);
    assert!(resizes.pauses.sum_ns > 0);
}

#[test]
fn a_wait_is_counted_once_with_its_time() {
    let map = RwLockMap::<u64, u64>::new().named("wait");
    map.insert(1, 1);
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            map.update(&1, |_| {
                barrier.wait();
                thread::sleep(std::time::Duration::from_millis(50));
            })
        });
        barrier.wait();
        map.get(&1);
    });
    let profile = of("wait");
    assert_eq!((profile.contentions, profile.slow_paths), (1, 1));
    assert_eq!(operation(&profile, "get").contentions, 1);
    assert!((40_000_000..5_000_000_000).contains(&profile.delay_ns), "{}", profile.delay_ns);
    assert_eq!((profile.waits.count(), profile.waits.sum_ns), (1, profile.delay_ns));
    assert_eq!((profile.shards.each[0].contentions, profile.shards.each[0].delay_ns), (1, profile.delay_ns));
    assert_eq!((profile.matrix.len(), profile.matrix[0].delay_ns), (1, profile.delay_ns));
    assert!(profile.matrix[0].waiter.file.ends_with("profile_counts.rs"));
    assert_ne!(profile.waits, Histogram::default());
}

#[test]
fn the_tier_can_be_asked_for() {
    // The other tests of this program run at the tier that is set from the beginning.
    assert_eq!(mapwise::profile::tier(), Tier::Contention);
    set_tier(Tier::Contention);
    assert_eq!(snapshot().tier, Tier::Contention);
}
