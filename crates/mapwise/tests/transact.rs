//! Several keys at once: nobody sees half of a transaction, and nobody waits in a circle.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use mapwise::{DuplicateKey, MapTransact, MutexMap, RwLockMap, ShardedMap};

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
