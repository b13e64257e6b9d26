//! Tier 2: who waited for whom, in which call; and that no way out of a closure leaves the recorder in disorder.

#![cfg(feature = "profile")]

use std::{
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use mapwise::{
    Action, ActorMap, DynMap, MutexMap, RwLockMap, ShardedMap,
    profile::{Tier, set_tier, snapshot},
};
use mapwise_profile::MapProfile;

fn of(name: &str) -> MapProfile {
    snapshot().maps.into_iter().find(|map| map.name == name).expect("the map lives and has this name")
}

/// Holds the lock for `time` after somebody came to wait for it; the site is the caller's.
#[track_caller]
fn hold(map: &RwLockMap<u64, u64>, inside: &Barrier, time: Duration) {
    map.update(&1, |_| {
        inside.wait();
        thread::sleep(time);
    });
    // The waiter has had the lock, too.
    inside.wait();
}

/// Waits for the lock, and returns for how long; the site is the caller's.
#[track_caller]
fn wait(map: &RwLockMap<u64, u64>, inside: &Barrier) -> Duration {
    inside.wait();
    let start = Instant::now();
    let waited = map.view(&1, |_| start.elapsed()).expect("the key is there");
    inside.wait();
    waited
}

#[test]
fn the_matrix_tells_each_waiter_with_each_holder_and_the_delay() {
    set_tier(Tier::Sites);
    let map = RwLockMap::new().named("matrix");
    map.insert(1_u64, 1_u64);
    let inside = Barrier::new(2);
    let [long, short] = [60, 15].map(Duration::from_millis);
    let line = line!();
    let outside = thread::scope(|scope| {
        scope.spawn(|| {
            // Each of two holders twice, at line + 5 and line + 6.
            for _ in 0..2 {
                hold(&map, &inside, long);
                hold(&map, &inside, short);
            }
        });
        // The first waiter, at line + 10, meets the holders once each, and so does the second, at line + 11.
        let first = [(); 2].map(|()| wait(&map, &inside));
        let second = [(); 2].map(|()| wait(&map, &inside));
        [first, second]
    });
    let rows = of("matrix").matrix;
    assert_eq!(rows.len(), 4, "{rows:#?}");
    for (waiter, waits) in [line + 10, line + 11].into_iter().zip(outside) {
        for (holder, waited) in [line + 5, line + 6].into_iter().zip(waits) {
            let met = rows
                .iter()
                .find(|row| row.waiter.line == waiter && row.holder.as_ref().is_some_and(|site| site.line == holder));
            let met = met.unwrap_or_else(|| panic!("{waiter} waited for {holder}: {rows:#?}"));
            assert_eq!((met.contentions, met.operation.as_str(), met.shard), (1, "get", Some(0)));
            assert!(met.waiter.file == file!() && met.holder.as_ref().is_some_and(|site| site.file == file!()));
            let ratio = met.delay_ns as f64 / waited.as_nanos() as f64;
            assert!((0.85..=1.15).contains(&ratio), "{} of {waited:?}", met.delay_ns);
        }
    }
    assert!(rows.is_sorted_by(|one, next| one.delay_ns >= next.delay_ns));
}

#[test]
fn who_waits_for_a_sweep_is_told_so_in_every_shard() {
    set_tier(Tier::Sites);
    let map = ShardedMap::with_shards(8).expect("a power of two").named("sweep");
    // One entry, and not in the shard that the sweep begins with.
    let key = (0..1_000_u64).find(|key| {
        map.clear();
        map.insert(*key, 1_u64);
        map.balance().shards[0].entries == 0
    });
    let key = key.expect("the keys are spread");
    let inside = Barrier::new(2);
    let line = line!();
    thread::scope(|scope| {
        scope.spawn(|| {
            map.retain(|_, _| {
                inside.wait();
                thread::sleep(Duration::from_millis(20));
                true
            });
        });
        inside.wait();
        assert_eq!(map.get(&key), Some(1));
    });
    let rows = of("sweep").matrix;
    let [row] = &rows[..] else { panic!("{rows:#?}") };
    assert_eq!((row.waiter.line, row.holder.as_ref().map(|site| site.line)), (line + 10, Some(line + 3)));
    assert_ne!(row.shard, Some(0));
}

#[test]
fn a_call_through_a_pointer_is_the_line_that_made_it() {
    set_tier(Tier::Sites);
    for (name, map) in [
        ("dyn mutex", Box::new(MutexMap::new().named("dyn mutex")) as Box<dyn DynMap<u64, u64>>),
        ("dyn actor", Box::new(ActorMap::new().named("dyn actor"))),
    ] {
        map.insert(1, 1);
        let inside = Barrier::new(2);
        let line = line!();
        thread::scope(|scope| {
            scope.spawn(|| {
                map.compute(1, &mut |_| {
                    inside.wait();
                    thread::sleep(Duration::from_millis(20));
                    Action::Keep(())
                });
            });
            inside.wait();
            map.get(&1);
        });
        let rows = of(name).matrix;
        let met = rows.iter().find(|row| row.operation == "get").unwrap_or_else(|| panic!("{rows:#?}"));
        let holder = met.holder.as_ref().unwrap_or_else(|| panic!("{rows:#?}"));
        assert_eq!((met.waiter.line, holder.line), (line + 10, line + 3), "{rows:#?}");
        assert!(met.waiter.file == file!() && holder.file == file!(), "{rows:#?}");
    }
}

#[test]
fn a_closure_behind_a_pointer_keeps_its_own_lines() {
    set_tier(Tier::Sites);
    let outer: Box<dyn DynMap<u64, u64>> = Box::new(MutexMap::new().named("dyn outer"));
    let inner = RwLockMap::new().named("in dyn outer");
    inner.insert(1, 1);
    let inside = Barrier::new(2);
    let line = line!();
    thread::scope(|scope| {
        scope.spawn(|| hold(&inner, &inside, Duration::from_millis(15)));
        outer.compute(1, &mut |_| {
            wait(&inner, &inside);
            Action::Put(1, ())
        });
    });
    let rows = of("in dyn outer").matrix;
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!(rows[0].waiter.file, file!());
    assert_ne!(rows[0].waiter.line, line + 3, "the call through the pointer did not wait");
}

#[test]
fn a_panic_in_a_closure_ends_its_operation_like_any_other() {
    set_tier(Tier::Sites);
    let map = MutexMap::new().named("panics");
    map.insert(1_u64, 1_u64);
    // Inside another map's operation, so that what is left over would be taken for that one's.
    let outer = MutexMap::new().named("outside panics");
    outer.insert(1_u64, 1_u64);
    for _ in 0..2_000 {
        outer.update(&1, |_| {
            let thrown = catch_unwind(AssertUnwindSafe(|| map.update(&1, |_| std::panic::resume_unwind(Box::new(())))));
            assert!(thrown.is_err());
        });
    }
    map.update(&1, |value| *value += 1);
    let (profile, outer) = (of("panics"), of("outside panics"));
    let updates = |map: &MapProfile| map.operations.iter().find(|operation| operation.name == "update").cloned();
    assert_eq!(updates(&profile).map(|update| (update.hits, update.misses)), Some((2_001, 0)));
    assert_eq!(updates(&outer).map(|update| (update.hits, update.misses)), Some((2_000, 0)));
    assert_eq!((profile.contentions, outer.contentions), (0, 0));
    // Both were sampled alike: no sample of the one was recorded with the other.
    assert!(profile.hot_keys.sampled <= 2_002 && outer.hot_keys.sampled <= 2_001);
    let longest = outer.holds.longest.map_or(Location::caller().file().to_owned(), |site| site.file);
    assert_eq!(longest, file!());
}

#[test]
fn a_profile_is_taken_and_written_while_a_lock_is_held() {
    let map = MutexMap::new().named("held");
    map.insert(1_u64, 1_u64);
    let (inside, written) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            map.update(&1, |_| {
                inside.wait();
                // By the thread that holds it, and by another one.
                assert!(!snapshot().to_json().is_empty());
                written.wait();
            })
        });
        inside.wait();
        assert!(snapshot().to_json().contains("held"));
        written.wait();
    });
}
