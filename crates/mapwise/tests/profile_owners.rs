//! Maps that have no lock to wait for: what their threads wait for instead, how long, and what the maps hold.

#![cfg(feature = "profile")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use mapwise::{
    Action, ActorBuilder, ActorMap, CollectorBuilder, FailFastMap, Overflow, PerThreadMap, ShardedMap,
    profile::{Tier, set_tier, snapshot},
};
use mapwise_profile::{MapProfile, Operation, Profile};

const LONG: Duration = Duration::from_millis(40);

fn of(name: &str) -> MapProfile {
    snapshot().maps.into_iter().find(|map| map.name == name).expect("the map lives and has this name")
}

fn operation(map: &MapProfile, name: &str) -> Operation {
    map.operations.iter().find(|operation| operation.name == name).cloned().unwrap_or_default()
}

/// Whether a time that was told is the one that a clock around it saw, but for what a busy machine puts in between.
#[track_caller]
fn agree(told_ns: u64, outside: Duration) {
    let ratio = told_ns as f64 / outside.as_nanos() as f64;
    assert!((0.5..=1.0).contains(&ratio), "{told_ns} ns of {outside:?}");
}

#[test]
fn the_length_of_an_actor_map_is_known_without_asking_its_thread() {
    let map = ActorMap::new().named("actor-length");
    (0..100_u64).for_each(|key| assert_eq!(map.insert(key, key), None));
    map.retain(|key, _| key % 2 == 0);
    let profile = of("actor-length");
    assert_eq!((profile.len, profile.shards.each.len(), profile.shards.each[0].len), (Some(50), 1, 50));
    assert_eq!(profile.type_text, "ActorMap<u64, u64>");
    map.send(|table| table.clear()).wait();
    assert_eq!(of("actor-length").len, Some(0));
    let thrown = catch_unwind(AssertUnwindSafe(|| {
        map.batch(|table| {
            table.insert(1, 1);
            std::panic::resume_unwind(Box::new(()));
        })
    }));
    assert!(thrown.is_err());
    assert_eq!(of("actor-length").len, Some(1), "what a job did before it panicked");
}

#[test]
fn hits_and_misses_of_an_actor_map_and_a_fail_fast_map_are_told_apart() {
    let (actor, plain) = (ActorMap::new().named("actor-misses"), FailFastMap::new().named("plain-misses"));
    macro_rules! drive {
        ($map:expr) => {
            for key in 0..10_u64 {
                $map.insert(key, key);
            }
            assert_eq!(($map.get(&3), $map.get(&77)), (Some(3), None));
            assert_eq!(($map.remove(&3), $map.remove(&3)), (Some(3), None));
            $map.compute(3, |_| Action::Put(1, ()));
            $map.update(&77, |_| ());
            assert!($map.insert_if_absent(5, 5).is_err());
        };
    }
    drive!(actor);
    drive!(plain);
    for name in ["actor-misses", "plain-misses"] {
        let profile = of(name);
        let counted = |name| (operation(&profile, name).hits, operation(&profile, name).misses);
        assert_eq!(["insert", "get", "remove", "compute"].map(counted), [(0, 10), (1, 1), (1, 1), (0, 1)], "{name}");
        assert_eq!(["update", "insert_if_absent"].map(counted), [(0, 1), (1, 0)], "{name}");
        assert_eq!(profile.len, Some(10), "{name}");
    }
    assert_eq!((of("plain-misses").contentions, of("plain-misses").shards.each.len()), (0, 0));
}

#[test]
fn a_request_waits_from_its_call_to_its_answer_for_the_one_before_it() {
    set_tier(Tier::Sites);
    let map = ActorMap::new().named("actor-waits");
    map.insert(1_u64, 1_u64);
    // Until the thread is idle again.
    thread::sleep(LONG);
    let before = of("actor-waits");
    let inside = Barrier::new(2);
    let line = line!();
    let (held, waited) = thread::scope(|scope| {
        let holder = scope.spawn(|| {
            let start = Instant::now();
            map.update(&1, |_| {
                inside.wait();
                thread::sleep(LONG);
            });
            start.elapsed()
        });
        inside.wait();
        let start = Instant::now();
        map.get(&1);
        let waited = start.elapsed();
        (holder.join().unwrap(), waited)
    });
    let profile = of("actor-waits");
    assert_eq!((profile.contentions, before.contentions), (3, 1), "each request waits for its answer");
    agree(operation(&profile, "get").delay_ns, waited);
    agree(operation(&profile, "update").delay_ns, held);
    assert_eq!(profile.waits.count(), 3);
    let met = profile.matrix.iter().find(|row| row.operation == "get").expect("a row");
    assert_eq!((met.waiter.line, met.holder.as_ref().map(|site| site.line)), (line + 12, Some(line + 4)));
    assert!(met.waiter.file == file!(), "{met:?}");
    let alone = profile.matrix.iter().find(|row| row.operation == "update").expect("a row");
    assert_eq!(alone.holder, None, "the thread was idle when it was asked");
}

#[test]
fn a_full_queue_and_a_ticket_are_waited_for() {
    let map = ActorBuilder::new().queue(1).build().expect("a thread").named("actor-queue");
    let inside = Barrier::new(2);
    let (first, second, roomless) = thread::scope(|scope| {
        scope.spawn(|| {
            map.batch(|table| {
                table.insert(1_u64, 1_u64);
                inside.wait();
                thread::sleep(LONG);
            })
        });
        inside.wait();
        let first = map.send(|table| table.len());
        let start = Instant::now();
        let second = map.send(|table| table.len());
        (first, second, start.elapsed())
    });
    // Idle again, so that the tickets are ready.
    assert_eq!(map.len(), 1);
    let waits = operation(&of("actor-queue"), "transact");
    assert_eq!(waits.contentions, 2, "the batch, and the one that found no room");
    assert!(waits.delay_ns >= roomless.as_nanos() as u64);
    assert_eq!(first.wait() + second.wait(), 2);
    assert_eq!(operation(&of("actor-queue"), "transact").contentions, 2);
    let slow = map.send(|_| thread::sleep(LONG));
    let start = Instant::now();
    let before = of("actor-queue").delay_ns;
    slow.wait();
    agree(of("actor-queue").delay_ns - before, start.elapsed());
}

#[test]
fn the_work_of_an_owner_thread_is_its_hold_one_in_many_with_its_site() {
    const CALLS: u64 = 20_000;
    let map = ActorMap::new().named("actor-work");
    let line = line!() + 1;
    let tickets: Vec<_> = (0..CALLS).map(|key| map.send(move |table| table.insert(key, key))).collect();
    tickets.into_iter().for_each(|ticket| assert_eq!(ticket.wait(), None));
    let profile = of("actor-work");
    let (timed, expected) = (profile.holds.times.count() as f64, CALLS as f64 / 1024.0);
    assert!((timed - expected).abs() < 6.0 * expected.sqrt(), "{timed} of {expected}");
    assert_eq!(profile.holds.period, 1024);
    assert_eq!(profile.holds.longest.map(|site| site.line), Some(line));
    assert!((11..=16).contains(&profile.resizes.count), "{:?}", profile.resizes);
}

#[test]
fn a_collector_knows_its_length_and_who_found_its_queue_full() {
    let inside = std::sync::Arc::new(Barrier::new(2));
    let begun = std::sync::Arc::clone(&inside);
    let lines = CollectorBuilder::new().queue(1).overflow(Overflow::Block);
    let lines = lines.build(move |total: &mut u64, more: u64| {
        *total += more;
        if more == 7 {
            begun.wait();
            thread::sleep(LONG);
        }
    });
    let lines = lines.expect("a thread").named("collector");
    lines.record("a", 1);
    lines.record("a", 7);
    inside.wait();
    lines.record("b", 1);
    let start = Instant::now();
    lines.record("c", 1);
    let roomless = start.elapsed();
    let profile = of("collector");
    let full = operation(&profile, "update").contentions;
    // One more if the thread had not yet taken the first when the second came.
    assert!((1..=2).contains(&full), "{full}");
    assert!(operation(&profile, "update").delay_ns >= roomless.as_nanos() as u64 / 2);
    lines.flush();
    let profile = of("collector");
    assert_eq!((profile.len, profile.type_text.as_str()), (Some(3), "Collector<&str, u64>"));
    assert_eq!(operation(&profile, "whole map").contentions, 1, "the flush waits");
    assert_eq!(lines.drain().len(), 3);
    assert_eq!(of("collector").len, Some(0));
}

/// Waits inside `Clone`, so that a collection takes long.
struct Slow(&'static Barrier);

impl Clone for Slow {
    fn clone(&self) -> Self {
        self.0.wait();
        thread::sleep(LONG);
        Self(self.0)
    }
}

#[test]
fn a_thread_that_is_kept_out_by_a_collection_waits_and_the_collection_is_the_hold() {
    let inside: &'static Barrier = Box::leak(Box::new(Barrier::new(2)));
    let map = PerThreadMap::new(|_: &mut Slow, _| ()).named("per-thread");
    map.merge(1_u64, Slow(inside));
    let line = line!() + 3;
    let waited = thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(map.collect().len(), 1);
        });
        inside.wait();
        let start = Instant::now();
        map.merge(2, Slow(inside));
        start.elapsed()
    });
    let profile = of("per-thread");
    assert_eq!(profile.len, None, "a key may be in every thread's part");
    assert_eq!(profile.contentions, 1);
    agree(operation(&profile, "update").delay_ns, waited);
    assert_eq!(profile.holds.period, 1, "each pause is timed");
    assert!(profile.holds.times.max_ns >= LONG.as_nanos() as u64);
    assert_eq!(profile.holds.longest.map(|site| site.line), Some(line));
    let read = Profile::from_json(snapshot().to_json()).expect("it can be read back");
    assert!(read.maps.iter().any(|map| map.name == "per-thread" && map.len.is_none()));
}

#[test]
fn a_collection_waits_for_a_thread_that_is_inside() {
    let map = PerThreadMap::new(|total: &mut u64, more| *total += more).named("per-thread inside");
    let inside = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            map.with_local(|table| {
                table.insert(1_u64, 1_u64);
                inside.wait();
                thread::sleep(LONG);
            })
        });
        inside.wait();
        let start = Instant::now();
        assert_eq!(map.collect().len(), 1);
        agree(operation(&of("per-thread inside"), "whole map").delay_ns, start.elapsed());
    });
}

#[test]
fn what_grew_before_is_no_resize_of_another_map() {
    let grown: ActorMap<u64, u64> = (0..10_000).map(|key| (key, key)).collect();
    let parts = PerThreadMap::new(|total: &mut u64, more| *total += more);
    (0..10_000_u64).for_each(|key| parts.merge(key, 1));
    assert_eq!(parts.drain().len(), 10_000);
    let other = ShardedMap::<u64, u64>::with_shards_capacity_and_hasher(1, 100, std::hash::RandomState::new());
    let other = other.expect("a power of two").named("not grown");
    other.insert(1, 1);
    assert_eq!(of("not grown").resizes.count, 0);
    drop(grown);
}

#[test]
fn a_map_with_a_thread_is_called_by_where_it_was_made() {
    let line = line!() + 1;
    let map = ActorMap::<u64, u64>::new();
    let parts = PerThreadMap::<u64, u64>::new(|_, _| ());
    let plain = FailFastMap::<u64, u64>::new();
    for (offset, kind) in ["ActorMap", "PerThreadMap", "FailFastMap"].into_iter().enumerate() {
        assert_eq!(of(&format!("{kind} at {}:{}", file!(), line + offset as u32)).kind, kind);
    }
    drop((map, parts, plain));
}
