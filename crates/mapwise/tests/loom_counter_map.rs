//! Every interleaving of the protocols of `CounterMap` that differ from those of `SyncMap`, on the code that ships.
//!
//! The command is in `loom_sync_map.rs`.

#![cfg(loom)]

mod loom_model;

use std::hash::{BuildHasherDefault, DefaultHasher};

use loom::{sync::Arc, thread};
use loom_model::model;
use mapwise::CounterMap;

type Map = CounterMap<u64, BuildHasherDefault<DefaultHasher>>;

/// Runs `first` and `second` on threads of their own, and `third` on this one, and returns what they returned.
fn race<T: Send + 'static>(
    map: Map,
    first: impl FnOnce(&Map) -> T + Send + 'static,
    second: impl FnOnce(&Map) -> T + Send + 'static,
    third: impl FnOnce(&Map) -> T,
) -> (Arc<Map>, [T; 3]) {
    let map = Arc::new(map);
    let (one, two) = (Arc::clone(&map), Arc::clone(&map));
    let one = thread::spawn(move || first(&one));
    let two = thread::spawn(move || second(&two));
    let third = third(&map);
    let results = [one.join().unwrap(), two.join().unwrap(), third];
    (map, results)
}

/// Additions beside a reset: each is in the reset or stays.
///
/// Fails when `replace_live` is a load and a store.
#[test]
fn an_addition_is_in_one_reset() {
    model(3, || {
        let (map, taken) = race(
            [(1, 5)].into_iter().collect(),
            |map| {
                map.add(1, 1);
                0
            },
            |map| {
                map.add(1, 10);
                0
            },
            |map| map.reset()[&1],
        );
        assert_eq!(taken[2] + map.get(&1).unwrap(), 16);
    });
}

/// Two resets beside an addition: nothing is counted twice.
#[test]
fn two_resets_share_what_was_counted() {
    model(3, || {
        let (map, taken) = race(
            [(1, 5)].into_iter().collect(),
            |map| {
                map.add(1, 1);
                0
            },
            |map| map.reset()[&1],
            |map| map.reset()[&1],
        );
        assert_eq!(taken[1] + taken[2] + map.get(&1).unwrap(), 6);
    });
}

/// An addition beside a removal and the making of a dirty table, which expunges the entry.
///
/// Fails when `add` does not look at what was there before; when a count that comes back keeps what was added while it was
/// dead; when `expunge` is a load and a store.
#[test]
fn an_addition_beside_a_removal_is_in_one_of_the_two_counts() {
    model(3, || {
        let (map, taken) = race(
            [(1, 5)].into_iter().collect(),
            |map| {
                map.add(1, 1);
                0
            },
            |map| {
                map.add(2, 100);
                0
            },
            |map| map.remove(&1).unwrap(),
        );
        assert_eq!(taken[2] + map.get(&1).unwrap_or(0), 6);
        assert_eq!(map.get(&2), Some(100));
        map.for_each(|_, _| ());
        assert_eq!(taken[2] + map.get(&1).unwrap_or(0), 6);
        assert_eq!(map.len(), 1 + usize::from(map.get(&1).is_some()));
    });
}

/// Two threads add to a key that neither table has.
///
/// Fails when `link` does not look into the dirty table.
#[test]
fn first_additions_to_a_key_meet() {
    model(3, || {
        let (map, _) = race(
            [(2, 1)].into_iter().collect(),
            |map| map.add(1, 1),
            |map| map.add_ref(&1, 10),
            |map| map.get(&1).unwrap_or(0),
        );
        assert_eq!(map.get(&1), Some(11));
        assert_eq!(map.len(), 2);
    });
}

/// Additions beside a drain, which removes the entries and rebuilds the tables.
///
/// Fails when `replace_live` is a load and a store, when `promote` publishes with Relaxed.
#[test]
fn an_addition_beside_a_drain_is_drained_or_stays() {
    model(3, || {
        let (map, taken) = race(
            [(1, 5)].into_iter().collect(),
            |map| {
                map.add(1, 1);
                0
            },
            |_| 0,
            |map| map.drain().get(&1).copied().unwrap_or(0),
        );
        assert_eq!(taken[2] + map.get(&1).unwrap_or(0), 6);
        assert_eq!(map.len(), usize::from(map.get(&1).is_some()));
    });
}
