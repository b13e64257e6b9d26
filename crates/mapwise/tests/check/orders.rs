//! Calls that wait for themselves, for each other, or that keep others waiting.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use mapwise::{
    ActorMap, Map, MutexMap, PerThreadMap, RwLockMap, ShardedMap, SyncMap,
    check::{self, Kind, Role},
};

use crate::{kinds, only};

#[test]
fn a_call_from_inside_is_reported_before_it_blocks() {
    let map = ShardedMap::with_shards(1).unwrap();
    map.insert(1, 1);
    let line = line!() + 2;
    let findings = check::collect(|| {
        let caught = catch_unwind(AssertUnwindSafe(|| map.update(&1, |_| map.insert(2, 2))));
        assert!(caught.is_err(), "it would wait for itself");
    });
    let finding = only(&findings, Kind::Reentrancy);
    let roles: Vec<_> =
        finding.accesses().iter().map(|access| (access.role(), access.site().location().line())).collect();
    assert_eq!(roles, [(Role::Wanting, line), (Role::Holding, line)]);
    assert_eq!(map.insert(3, 3), None, "nothing is left locked");
}

#[test]
fn a_call_after_the_closure_or_of_another_map_is_right() {
    let (map, other) = (MutexMap::new(), MutexMap::new());
    let findings = check::collect(|| {
        map.insert(1, 1);
        map.update(&1, |n| *n += 1);
        map.update(&1, |n| other.insert(1, *n));
        map.insert(1, 2);
    });
    assert_eq!(kinds(&findings), []);
}

/// Runs both, one after the other, each on a thread of its own: no hang is needed.
fn one_after_the_other(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(first).join().unwrap());
    thread::scope(|scope| scope.spawn(second).join().unwrap());
}

macro_rules! orders {
    ($($name:ident: $map:ident)*) => { $(#[test] fn $name() {
        let (a, b) = ($map::new().named("accounts"), $map::new().named("audit"));
        a.insert(1, 1);
        b.insert(1, 1);
        let findings = check::collect(|| one_after_the_other(
            || drop(a.update(&1, |_| b.update(&1, |_| ()))),
            || drop(b.update(&1, |_| a.update(&1, |_| ()))),
        ));
        let finding = only(&findings, Kind::LockCycle);
        let maps: Vec<_> = finding.accesses().iter().map(|access| access.map().to_string()).collect();
        assert_eq!(maps, ["accounts", "audit", "audit", "accounts"]);
        assert!(finding.accesses().iter().all(|access| access.site().location().file() == file!()));
        let (c, d) = ($map::new(), $map::new());
        c.insert(1, 1);
        d.insert(1, 1);
        let findings = check::collect(|| one_after_the_other(
            || drop(c.update(&1, |_| d.update(&1, |_| ()))),
            || drop(c.update(&1, |_| d.update(&1, |_| ()))),
        ));
        assert_eq!(kinds(&findings), [], "one order");
    })* };
}

orders! {
    opposite_orders_of_mutex_maps_are_found: MutexMap
    opposite_orders_of_rw_lock_maps_are_found: RwLockMap
    opposite_orders_of_sharded_maps_are_found: ShardedMap
    opposite_orders_of_maps_are_found: Map
    opposite_orders_of_sync_maps_are_found: SyncMap
}

#[test]
fn opposite_orders_of_an_owner_and_a_lock_are_found() {
    let (lock, owner) = (MutexMap::new(), ActorMap::new());
    lock.insert(1, 1);
    owner.insert(1, 1);
    let findings = check::collect(|| {
        one_after_the_other(|| drop(lock.update(&1, |_| owner.get(&1))), || drop(owner.update(&1, |_| lock.get(&1))));
    });
    only(&findings, Kind::LockCycle);
}

#[test]
fn readers_in_any_order_are_right() {
    let (a, b) = (RwLockMap::from(HashMap::from([(1, 1)])), RwLockMap::from(HashMap::from([(1, 1)])));
    let findings = check::collect(|| {
        one_after_the_other(|| drop(a.view(&1, |_| b.get(&1))), || drop(b.view(&1, |_| a.get(&1))));
    });
    assert_eq!(kinds(&findings), []);
}

#[test]
fn other_keys_of_a_map_that_holds_keys_are_right() {
    let (a, b) = (SyncMap::from(HashMap::from([(1, 1), (2, 2)])), SyncMap::from(HashMap::from([(1, 1), (2, 2)])));
    let findings = check::collect(|| {
        one_after_the_other(
            || drop(a.update(&1, |_| b.update(&1, |_| ()))),
            || drop(b.update(&2, |_| a.update(&2, |_| ()))),
        );
    });
    assert_eq!(kinds(&findings), []);
}

#[test]
fn a_map_held_around_both_orders_makes_them_right() {
    let [gate, a, b] = [(); 3].map(|()| MutexMap::from(HashMap::from([(1, 1)])));
    let findings = check::collect(|| {
        one_after_the_other(
            || drop(gate.update(&1, |_| a.update(&1, |_| b.update(&1, |_| ())))),
            || drop(gate.update(&1, |_| b.update(&1, |_| a.update(&1, |_| ())))),
        );
    });
    assert_eq!(kinds(&findings), []);
}

#[test]
fn a_closure_that_waits_under_a_lock_is_a_long_hold() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let map = MutexMap::from(HashMap::from([(1, 1)]));
    let line = line!() + 1;
    let findings = check::collect(|| drop(map.update(&1, |_| thread::sleep(Duration::from_millis(600)))));
    let finding = only(&findings, Kind::LongHold);
    assert_eq!(finding.accesses()[0].site().location().line(), line);
    let owner = ActorMap::from(HashMap::from([(1, 1)]));
    let findings = check::collect(|| drop(owner.update(&1, |_| thread::sleep(Duration::from_millis(600)))));
    only(&findings, Kind::LongHold);
}

#[test]
fn a_closure_that_waits_over_a_copy_holds_nobody_up() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let wait = || thread::sleep(Duration::from_millis(600));
    // Read without a lock, and under one.
    let (copied, shared) = (Map::from(HashMap::from([(1, 1)])), Map::from(HashMap::from([(1, Box::new(1))])));
    let findings = check::collect(|| drop(copied.view(&1, |_| wait())));
    assert_eq!(kinds(&findings), []);
    let findings = check::collect(|| drop(shared.view(&1, |_| wait())));
    only(&findings, Kind::LongHold);
}

#[test]
fn to_wait_outside_or_to_work_inside_is_right() {
    let map = MutexMap::from(HashMap::from([(1, 1)]));
    let owner = ActorMap::from(HashMap::from([(1, 1)]));
    let local = PerThreadMap::new(|total: &mut u64, more| *total += more);
    let findings = check::collect(|| {
        let seen = map.get(&1);
        thread::sleep(Duration::from_millis(150));
        map.update(&1, |n| *n += seen.unwrap_or(0));
        let until = Instant::now() + Duration::from_millis(150);
        map.for_each(|_, _| while Instant::now() < until {});
        local.merge(1, 1);
        // Whoever asks an owner waits, but the owner works.
        let until = Instant::now() + Duration::from_millis(300);
        owner.for_each(|_, _| while Instant::now() < until {});
    });
    assert_eq!(kinds(&findings), []);
}

#[test]
fn to_wait_for_ones_turn_is_no_hold() {
    let map = MutexMap::from(HashMap::from([(1, 0)]));
    let slow = Mutex::new(());
    let findings = check::collect(|| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..3 {
                        let _slow = slow.lock().unwrap();
                        map.update(&1, |n| *n += 1);
                        thread::sleep(Duration::from_millis(20));
                    }
                });
            }
        });
    });
    assert_eq!(kinds(&findings), []);
}
