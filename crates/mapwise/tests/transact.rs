//! Several keys at once: nobody sees half of a transaction, and nobody waits in a circle.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use mapwise::{DuplicateKey, Map, MapTransact, MutexMap, RwLockMap, ShardedMap};

fn filled<M: MapTransact<u64, i64>>(map: M) -> M {
    for account in 0..16 {
        map.insert(account, 100);
    }
    map
}

fn transfers_conserve_the_sum(map: &(impl MapTransact<u64, i64> + Sync)) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let movers: Vec<_> = (0..3_u64)
            .map(|thread| {
                scope.spawn(move || {
                    for i in 0..3_000_u64 {
                        // Opposite orders on purpose.
                        let (from, to) = ((i * 7 + thread) % 16, (i * 3 + 5 * thread + 1) % 16);
                        let moved = map.transact([&from, &to], |[from, to]| {
                            *from.expect("present") -= 1;
                            *to.expect("present") += 1;
                        });
                        assert_eq!(moved.is_err(), from == to);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                let keys: [u64; 16] = std::array::from_fn(|account| account as u64);
                let sum =
                    map.transact(keys.each_ref(), |values| values.map(|value| *value.unwrap()).iter().sum::<i64>());
                assert_eq!(sum, Ok(1_600), "a transaction was seen half done");
            }
        });
        for mover in movers {
            mover.join().unwrap();
        }
        stop.store(true, Relaxed);
    });
}

#[test]
fn transfers_conserve_the_sum_on_every_map() {
    transfers_conserve_the_sum(&filled(MutexMap::new()));
    transfers_conserve_the_sum(&filled(RwLockMap::new()));
    transfers_conserve_the_sum(&filled(Map::new()));
    for shards in [1, 2, 4, 64] {
        transfers_conserve_the_sum(&filled(ShardedMap::with_shards(shards).unwrap()));
    }
}

#[test]
fn absent_keys_are_shown_as_absent() {
    let map = filled(ShardedMap::new());
    let found = map.transact([&99, &3, &98], |values| values.map(|value| value.copied()));
    assert_eq!(found, Ok([None, Some(100), None]));
}

#[test]
fn equal_keys_are_refused_by_position_present_or_not() {
    let map = filled(ShardedMap::new());
    for key in [3, 99] {
        let refused = map.transact([&1, &key, &2, &key], |_| unreachable!("refused before"));
        assert_eq!(refused, Err::<(), _>(DuplicateKey { first: 1, second: 3 }));
    }
    assert_eq!(
        DuplicateKey { first: 1, second: 3 }.to_string(),
        "the keys of a transaction must differ, got equal ones at 1 and 3"
    );
}

#[test]
fn a_panic_in_a_transaction_locks_nothing() {
    let map = filled(ShardedMap::new());
    let caught = catch_unwind(AssertUnwindSafe(|| map.transact([&1, &2], |_| panic!("injected"))));
    assert!(caught.is_err());
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(map.transact([&2, &1], |[a, b]| *a.unwrap() + *b.unwrap()), Ok(200)));
    });
}

#[test]
fn no_key_at_all_is_a_transaction_too() {
    let none: [&u64; 0] = [];
    assert_eq!(filled(MutexMap::new()).transact(none, |_| 7), Ok(7));
}

#[test]
fn transactions_of_map_conserve_the_sum_while_it_grows() {
    let map = filled(Map::new());
    thread::scope(|scope| {
        scope.spawn(|| (16..50_000_u64).for_each(|key| assert_eq!(map.insert(key, 0), None)));
        scope.spawn(|| transfers_conserve_the_sum(&map));
    });
    let boxes: Map<u64, Box<i64>> = (0..16).map(|account| (account, Box::new(100))).collect();
    thread::scope(|scope| {
        scope.spawn(|| (16..50_000_u64).for_each(|key| assert_eq!(boxes.insert(key, Box::new(0)), None)));
        for thread in 0..3_u64 {
            let boxes = &boxes;
            scope.spawn(move || {
                for i in 0..3_000_u64 {
                    let (from, to) = ((i * 7 + thread) % 16, (i * 3 + 5 * thread + 1) % 16);
                    let _ = boxes.transact([&from, &to], |[from, to]| {
                        **from.expect("present") -= 1;
                        **to.expect("present") += 1;
                    });
                }
            });
        }
    });
    assert_eq!((0..16).map(|account| *boxes.get(&account).unwrap()).sum::<i64>(), 1_600);
}

/// Differs from its twin, but is equivalent to the same keys.
#[derive(PartialEq, Eq)]
struct Twin(bool);

impl std::hash::Hash for Twin {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        3_u64.hash(state);
    }
}

impl equivalent::Equivalent<u64> for Twin {
    fn equivalent(&self, key: &u64) -> bool {
        *key == 3
    }
}

#[test]
fn keys_that_mean_one_entry_never_borrow_it_twice() {
    let map = filled(Map::new());
    let boxes: Map<u64, Box<i64>> = [(3, Box::new(1))].into_iter().collect();
    for caught in [
        catch_unwind(AssertUnwindSafe(|| map.transact([&Twin(false), &Twin(true)], |_| ()))),
        catch_unwind(AssertUnwindSafe(|| boxes.transact([&Twin(false), &Twin(true)], |_| ()))),
    ] {
        assert!(caught.is_err());
    }
    assert_eq!((map.get(&3), boxes.get(&3)), (Some(100), Some(Box::new(1))));
}
