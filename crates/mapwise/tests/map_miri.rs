//! Every way through `Map` in few steps, for Miri: a run of it sees data races, stale loads, freed memory and leaks, but
//! takes a thousand times as long. Under `cfg(miri)` segments are small, so that a few dozen entries split them.
#![allow(missing_docs)]

use std::{
    collections::HashMap,
    fmt::Debug,
    hash::Hash,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    thread,
};

use mapwise::{Action, Map};

/// Enough for a split of a split, where segments are small.
const KEYS: u64 = if cfg!(miri) { 100 } else { 20_000 };

fn name(key: u64) -> String {
    format!("the key {key}")
}

/// Three threads: one inserts, which splits, one changes and removes, which merges, one looks. A value is `key * 8` and a
/// count of its changes.
fn go<K, V>(key: impl Fn(u64) -> K + Sync, value: impl Fn(u64) -> V + Sync, number: impl Fn(&V) -> u64 + Sync)
where
    K: Hash + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
    Map<K, V>: Sync,
{
    let map: Map<K, V> = Map::new();
    let (start, net) = (Barrier::new(3), AtomicI64::new(0));
    let is_of = |at: u64, found: &V| assert_eq!(number(found) / 8, at, "another key's value");
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            for at in 0..KEYS {
                let old = map.insert(key(at), value(at * 8));
                net.fetch_add(i64::from(old.is_none()), Relaxed);
                old.iter().for_each(|old| is_of(at, old));
            }
        });
        scope.spawn(|| {
            start.wait();
            for at in (0..KEYS).map(|at| at * 7 % KEYS) {
                match at % 3 {
                    0 => {
                        let old = map.remove(&key(at));
                        net.fetch_sub(i64::from(old.is_some()), Relaxed);
                        old.iter().for_each(|old| is_of(at, old));
                    }
                    1 => {
                        map.update(&key(at), |found| *found = value(number(found) + 1));
                    }
                    _ => {
                        let old = map.insert(key(at), value(at * 8 + 2));
                        net.fetch_add(i64::from(old.is_none()), Relaxed);
                    }
                }
            }
        });
        scope.spawn(|| {
            start.wait();
            for at in (0..KEYS).map(|at| at * 11 % KEYS) {
                map.get(&key(at)).iter().for_each(|found| is_of(at, found));
                map.view(&key(at), |found| is_of(at, found));
            }
            map.for_each(|_, found| assert!(number(found) < KEYS * 8));
        });
    });
    assert_eq!(i64::try_from(map.len()).unwrap(), net.into_inner());
    for at in 0..KEYS {
        map.view(&key(at), |found| is_of(at, found));
    }
}

#[test]
fn numbers_are_copied_whole_beside_writers_and_splits() {
    go(|at| at, |value| value, |value| *value);
}

#[test]
fn parts_of_a_word_are_copied_whole_beside_writers_and_splits() {
    let whole = |&(one, other): &(u32, u32)| {
        assert_eq!(one, other, "half of two values");
        one.into()
    };
    go(|at| at as u16, |value| (value as u32, value as u32), whole);
}

#[test]
fn strings_are_not_freed_under_readers_beside_writers_and_splits() {
    go(name, |value| value.to_string(), |value| value.parse().unwrap());
}

#[test]
fn boxes_are_read_under_the_lock_beside_writers_and_splits() {
    go(|at| at, Box::new, |value| **value);
}

/// Two threads write the same few keys that a third reads: copies are torn, and have to be thrown away, as often as can be.
#[test]
fn a_contended_entry_is_of_one_moment() {
    let turns = if cfg!(miri) { 60 } else { 20_000 };
    let numbers: Map<u64, (u64, u64)> = [(0, (0, 0))].into_iter().collect();
    let strings: Map<u64, String> = [(0, "0".into())].into_iter().collect();
    thread::scope(|scope| {
        for thread in 0..2_u64 {
            let (numbers, strings) = (&numbers, &strings);
            scope.spawn(move || {
                for turn in 0..turns {
                    numbers.insert(0, (turn, turn));
                    numbers.update(&0, |pair| *pair = (pair.0 + thread, pair.1 + thread));
                    strings.insert(0, turn.to_string());
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..turns {
                let (one, other) = numbers.get(&0).unwrap();
                assert_eq!(one, other, "half of two values");
                assert!(strings.view(&0, |value| value.parse::<u64>().unwrap()).is_some());
            }
        });
    });
}

/// Moves units between accounts from two threads while a third makes the map grow.
#[test]
fn transactions_conserve_the_sum_while_the_map_splits() {
    fn conserve<V: Clone + Send + Sync>(value: impl Fn(i64) -> V + Sync, number: impl Fn(&V) -> i64 + Sync)
    where
        Map<u64, V>: Sync,
    {
        let map: Map<u64, V> = (0..4).map(|account| (account, value(10))).collect();
        thread::scope(|scope| {
            scope.spawn(|| (4..KEYS).for_each(|key| assert!(map.insert(key, value(0)).is_none())));
            for thread in 0..2 {
                let (map, value, number) = (&map, &value, &number);
                scope.spawn(move || {
                    for turn in 0..KEYS / 8 {
                        let (from, to) = ((turn + thread) % 4, (turn + thread + 1 + turn % 2) % 4);
                        map.transact([&from, &to], |[from, to]| {
                            let (from, to) = (from.unwrap(), to.unwrap());
                            *from = value(number(from) - 1);
                            *to = value(number(to) + 1);
                        })
                        .unwrap();
                    }
                });
            }
        });
        assert_eq!((0..4).map(|account| number(&map.get(&account).unwrap())).sum::<i64>(), 40);
    }
    conserve(|value| value, |value| *value);
    conserve(|value| value.to_string(), |value| value.parse().unwrap());
    conserve(Box::new, |value| **value);
}

/// One thread, and every operation that the others leave out.
#[test]
fn whatever_is_done_agrees_with_std() {
    fn agree<K, V>(key: impl Fn(u64) -> K, value: impl Fn(u64) -> V)
    where
        K: Hash + Eq + Clone + Debug,
        V: Clone + PartialEq + Debug,
    {
        let mut map: Map<K, V> = Map::new();
        let mut std: HashMap<K, V> = HashMap::new();
        for round in 0..2 {
            for at in 0..KEYS {
                assert_eq!(map.insert(key(at), value(at + round)), std.insert(key(at), value(at + round)));
            }
            for at in 0..KEYS / 8 {
                let put = |found: Option<&mut V>| match found {
                    Some(_) if at % 2 == 0 => Action::Remove(()),
                    _ => Action::Put(value(at), ()),
                };
                map.compute(key(at), put);
                if at % 2 == 0 {
                    drop(std.remove(&key(at)))
                } else {
                    drop(std.insert(key(at), value(at)))
                }
                assert_eq!(
                    map.get_or_insert_with(key(at), || value(3)),
                    *std.entry(key(at)).or_insert_with(|| value(3))
                );
            }
            assert_eq!(map.snapshot(), std);
            // Few are left, which merges, and gives parked segments to the next round.
            let few: Vec<K> = (0..KEYS).step_by(9).map(&key).collect();
            map.retain(|key, _| few.contains(key));
            std.retain(|key, _| few.contains(key));
            map.shrink_to_fit();
            assert_eq!(map.len(), std.len());
            assert!(std.iter().all(|(key, value)| map.get(key).as_ref() == Some(value)));
        }
        let stopped = catch_unwind(AssertUnwindSafe(|| {
            map.update(&key(0), |found| {
                *found = value(5);
                std::panic::resume_unwind(Box::new(()));
            })
        }));
        assert!(stopped.is_err() && map.get(&key(0)) == Some(value(5)));
        std.insert(key(0), value(5));
        map.compact();
        let copy: Map<K, V> = map.snapshot().into_iter().collect();
        assert_eq!(map.drain().into_iter().collect::<HashMap<_, _>>(), std);
        assert!(map.is_empty());
        assert_eq!(copy.into_std().into_iter().collect::<HashMap<_, _>>(), std);
    }
    agree(|at| at, |value| value);
    agree(name, |value| Arc::<str>::from(value.to_string()));
    agree(name, Box::new);
}
