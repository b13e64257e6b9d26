//! `Map` in the profile: what it counts is exact, and who waits for one of its buckets is seen, with the time and with the
//! call that has it.

#![cfg(feature = "profile")]

use std::{
    sync::{Barrier, Mutex, atomic::AtomicU64, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use mapwise::{
    Map,
    profile::{Tier, set_tier, snapshot},
};
use mapwise_profile::{MapProfile, Operation};

fn of(name: &str) -> MapProfile {
    snapshot().maps.into_iter().find(|map| map.name == name).expect("the map lives and has this name")
}

fn operation(map: &MapProfile, name: &str) -> Operation {
    map.operations.iter().find(|operation| operation.name == name).cloned().unwrap_or_default()
}

#[test]
fn hits_and_misses_are_exact_though_buckets_overflow_and_segments_are_split() {
    const THREADS: u64 = 12;
    const KEYS: u64 = 3_000;
    let numbers = Map::new().named("exact numbers");
    let texts = Map::new().named("exact texts");
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (numbers, texts, barrier) = (&numbers, &texts, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for key in KEYS * thread..KEYS * (thread + 1) {
                    numbers.insert(key, key);
                    numbers.insert(key, key + 1);
                    numbers.get(&key);
                    numbers.get(&(key + THREADS * KEYS));
                    numbers.update(&key, |value| *value += 1);
                    numbers.update(&(key + THREADS * KEYS), |value| *value += 1);
                    numbers.remove(&(key + THREADS * KEYS));
                    texts.insert(key, key.to_string());
                    texts.insert(key, String::new());
                    texts.upsert(key, String::new, |text| text.push('x'));
                    if key % 2 == 0 {
                        numbers.remove(&key);
                    }
                }
            });
        }
    });
    const ALL: u64 = THREADS * KEYS;
    let (numbers, texts) = (of("exact numbers"), of("exact texts"));
    let counted = |map: &MapProfile, name: &str| {
        let operation = operation(map, name);
        (operation.hits, operation.misses)
    };
    for both in ["get", "update", "insert"] {
        assert_eq!(counted(&numbers, both), (ALL, ALL), "{both}");
    }
    assert_eq!(counted(&numbers, "remove"), (ALL / 2, ALL));
    assert_eq!((counted(&texts, "insert"), counted(&texts, "compute")), ((ALL, ALL), (ALL, 0)));
    assert_eq!((numbers.len, numbers.type_text.as_str()), (Some(ALL / 2), "Map<u64, u64>"));
    assert_eq!(texts.type_text, "Map<u64, String>");
    // From one bucket to a full segment, and then one after the other.
    assert!(numbers.resizes.count > 4 && numbers.resizes.pauses.count() == numbers.resizes.count);
    assert!(numbers.resizes.pauses.sum_ns > 0);
}

#[test]
fn keys_and_holds_are_sampled_without_bias() {
    const KEYS: u64 = 64;
    const STEPS: u64 = 400_000;
    let map = Map::new().named("sampled map");
    (0..KEYS).for_each(|key| assert_eq!(map.insert(key, 0), None));
    let hot = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..2_u64 {
            let (map, hot) = (&map, &hot);
            scope.spawn(move || {
                for step in 0..STEPS {
                    let key = if step % 3 == 0 { 7 } else { (step * 31 + thread) % KEYS };
                    hot.fetch_add(u64::from(key == 7), Ordering::Relaxed);
                    if step % 2 == 0 {
                        map.get(&key)
                    } else {
                        map.insert(key, step)
                    };
                }
            });
        }
    });
    let profile = of("sampled map");
    let (all, hot) = ((2 * STEPS + KEYS) as f64, hot.into_inner() as f64);
    assert_eq!(profile.operation_count() as f64, all);
    let sampled = profile.hot_keys.sampled as f64;
    // Six standard deviations of a sample of these sizes.
    let near = |sampled: f64, exact: f64| (sampled / exact - 1.0).abs() < 6.0 / sampled.sqrt();
    assert!(near(sampled, all / 256.0), "{sampled} of {all}");
    let first = &profile.hot_keys.keys[0];
    assert!(near(first.count as f64, hot / 256.0), "{first:?} of {hot}");
    let of_parts: u64 = profile.shards.each.iter().map(|part| part.operations).sum();
    assert_eq!((of_parts, profile.shards.each.len()), (profile.hot_keys.sampled, 64));
    let home = first.shard.expect("parts are known") as usize;
    assert_eq!(
        profile.shards.each.iter().map(|part| part.operations).max(),
        Some(profile.shards.each[home].operations)
    );
    // Half of the operations take a lock, and one in 1,024 of these is timed.
    let held = profile.holds.times.count() as f64;
    assert!(near(held, all / 2.0 / 1024.0), "{held} of {all}");
    assert!(profile.holds.longest.is_some_and(|site| site.file == file!()));
}

/// Holds the lock for `time` after somebody came to wait for it; the site is the caller's.
#[track_caller]
fn hold(map: &Map<u64, u64>, inside: &Barrier, time: Duration) {
    map.update(&1, |_| {
        inside.wait();
        thread::sleep(time);
    });
    inside.wait();
}

/// Waits for the lock, and returns for how long; the site is the caller's.
#[track_caller]
fn wait(inside: &Barrier, look: impl FnOnce() -> Option<Instant>) -> Duration {
    inside.wait();
    let start = Instant::now();
    let waited = look().expect("the key is there") - start;
    inside.wait();
    waited
}

fn near(ns: u64, outside: Duration) {
    let ratio = ns as f64 / outside.as_nanos() as f64;
    assert!((0.85..=1.15).contains(&ratio), "{ns} of {outside:?}");
}

/// Both tiers in one test, for the tier is the process's.
#[test]
fn a_wait_is_told_once_with_its_time_its_part_and_both_its_sites() {
    set_tier(Tier::Sites);
    let map = Map::new().named("waited for");
    map.insert(1, 1);
    let inside = Barrier::new(2);
    let [long, short] = [60, 20].map(Duration::from_millis);
    let line = line!();
    let [read, written] = thread::scope(|scope| {
        scope.spawn(|| {
            hold(&map, &inside, long);
            hold(&map, &inside, short);
        });
        let read = wait(&inside, || map.view(&1, |_| Instant::now()));
        let written = wait(&inside, || map.update(&1, |_| Instant::now()));
        [read, written]
    });
    let profile = of("waited for");
    assert_eq!((profile.contentions, profile.slow_paths), (2, 2));
    assert_eq!((operation(&profile, "get").contentions, operation(&profile, "update").contentions), (1, 1));
    assert_eq!((profile.waits.count(), profile.waits.sum_ns), (2, profile.delay_ns));
    let [waits, delays] = [
        profile.shards.each.iter().map(|part| part.contentions).sum::<u64>(),
        profile.shards.each.iter().map(|part| part.delay_ns).sum(),
    ];
    assert_eq!((waits, delays), (2, profile.delay_ns));
    assert_eq!(profile.matrix.len(), 2, "{:#?}", profile.matrix);
    for (operation, waiter, holder, waited) in
        [("get", line + 6, line + 3, read), ("update", line + 7, line + 4, written)]
    {
        let row = profile.matrix.iter().find(|row| row.operation == operation).expect("it waited");
        assert_eq!((row.waiter.line, row.holder.as_ref().map(|site| site.line)), (waiter, Some(holder)), "{row:#?}");
        assert!(row.shard.is_some() && row.contentions == 1);
        near(row.delay_ns, waited);
    }
    set_tier(Tier::Contention);
    readers_that_share_a_bucket_are_waited_for();
}

/// A map whose values are of no listed type, so that readers lock.
fn readers_that_share_a_bucket_are_waited_for() {
    let map = Map::new().named("read for long");
    map.insert(1, Mutex::new(()));
    let inside = Barrier::new(2);
    let waited = thread::scope(|scope| {
        scope.spawn(|| {
            map.view(&1, |_| {
                inside.wait();
                thread::sleep(Duration::from_millis(40));
            });
            inside.wait();
        });
        wait(&inside, || map.update(&1, |_| Instant::now()))
    });
    let profile = of("read for long");
    assert_eq!((profile.contentions, operation(&profile, "update").contentions), (1, 1));
    near(profile.delay_ns, waited);
}

#[test]
fn waits_of_one_map_are_never_anothers() {
    let (outer, inner) = (Map::new().named("outer map"), Map::new().named("inner map"));
    outer.insert(1, 1);
    inner.insert(1, 1);
    let both = Barrier::new(3);
    let hold = |map: &Map<u64, u64>, ms| {
        map.update(&1, |_| {
            both.wait();
            thread::sleep(Duration::from_millis(ms));
        })
    };
    let waited = thread::scope(|scope| {
        scope.spawn(|| hold(&outer, 20));
        scope.spawn(|| hold(&inner, 60));
        both.wait();
        let start = Instant::now();
        // It waits for the one, and holding it for the other.
        outer.update(&1, |_| {
            let first = Instant::now();
            [first - start, inner.update(&1, |_| Instant::now()).expect("it is there") - first]
        })
    });
    let waited = waited.expect("it is there");
    for (name, waited) in ["outer map", "inner map"].into_iter().zip(waited) {
        let profile = of(name);
        assert_eq!((profile.contentions, profile.slow_paths), (1, 1), "{name}");
        near(profile.delay_ns, waited);
    }
}
