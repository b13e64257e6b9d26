//! Keys that share a hash are never taken for each other.

use std::{
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
    thread,
};

use mapwise::{
    ActorMap, FrozenMap, MutexMap, ShardedMap, SyncMap,
    check::{self, Kind},
};

use crate::{kinds, only, turns::between};

/// Gives every key the same hash.
#[derive(Default)]
struct AllEqual;

impl Hasher for AllEqual {
    fn finish(&self) -> u64 {
        7
    }

    fn write(&mut self, _: &[u8]) {}
}

/// Keeps `BITS` of a good hash.
#[derive(Default)]
struct Truncated<const BITS: u32>(DefaultHasher);

impl<const BITS: u32> Hasher for Truncated<BITS> {
    fn finish(&self) -> u64 {
        self.0.finish() >> (64 - BITS)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }
}

/// Two keys that differ, and whose `Hash` does not say so.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Careless(u64);

impl Hash for Careless {
    fn hash<H: Hasher>(&self, state: &mut H) {
        0_u64.hash(state);
    }
}

/// Each thread reads and writes keys of its own only, so whatever is reported is false.
macro_rules! own_keys {
    ($map:expr, $key:expr) => {{
        let map = $map;
        check::collect(|| {
            thread::scope(|scope| {
                for owner in 0..3_u64 {
                    let map = &map;
                    scope.spawn(move || {
                        for round in 0..300_u64 {
                            let key = $key(owner * 1_000 + round % 5);
                            let seen = map.get(&key).unwrap_or(0);
                            map.insert(key.clone(), seen + 1);
                            if round % 7 == 0 && map.get(&key) == Some(3) {
                                map.remove(&key);
                            }
                            if round % 50 == 0 {
                                map.retain(|_, n| *n < 40);
                            }
                        }
                    });
                }
            });
        })
    }};
}

#[test]
fn a_hasher_that_makes_all_keys_equal_makes_no_false_report() {
    type Hasher = BuildHasherDefault<AllEqual>;
    assert_eq!(kinds(&own_keys!(MutexMap::with_hasher(Hasher::default()), |n| n)), []);
    assert_eq!(kinds(&own_keys!(ShardedMap::with_hasher(Hasher::default()), |n| n)), []);
    assert_eq!(kinds(&own_keys!(SyncMap::with_hasher(Hasher::default()), |n| n)), []);
    assert_eq!(kinds(&own_keys!(ActorMap::with_hasher(Hasher::default()), |n| n)), []);
}

#[test]
fn a_hasher_that_truncates_makes_no_false_report() {
    type Few = BuildHasherDefault<Truncated<2>>;
    type Some = BuildHasherDefault<Truncated<5>>;
    assert_eq!(kinds(&own_keys!(MutexMap::with_hasher(Few::default()), |n| n)), []);
    assert_eq!(kinds(&own_keys!(SyncMap::with_hasher(Few::default()), |n| n)), []);
    assert_eq!(kinds(&own_keys!(ShardedMap::with_hasher(Some::default()), |n| n)), []);
}

#[test]
fn keys_with_a_careless_hash_make_no_false_report() {
    assert_eq!(kinds(&own_keys!(MutexMap::new(), Careless)), []);
    assert_eq!(kinds(&own_keys!(SyncMap::new(), Careless)), []);
}

#[test]
fn one_of_two_equal_hashes_is_not_reported_for_the_other() {
    type Hasher = BuildHasherDefault<AllEqual>;
    let map = MutexMap::with_hasher(Hasher::default());
    let findings = check::collect(|| {
        map.insert(1, 1);
        between(|| map.get(&1), || drop(map.insert(2, 2)), |_| drop(map.insert(1, 3)));
    });
    assert_eq!(kinds(&findings), []);
    // Removed and inserted in turns, so that there is only one entry at a time.
    let map = MutexMap::with_hasher(Hasher::default());
    let findings = check::collect(|| {
        between(|| map.get(&1), || drop(map.insert(2, 2)), |_| drop(map.insert(1, 3)));
    });
    assert_eq!(kinds(&findings), []);
}

#[test]
fn entries_that_came_in_unseen_make_no_false_report() {
    type Hasher = BuildHasherDefault<AllEqual>;
    let frozen: FrozenMap<u64, u64, Hasher> = [(1, 1), (2, 2)].into_iter().collect();
    let map = ShardedMap::from(frozen);
    let findings = check::collect(|| {
        between(|| map.get(&1), || drop(map.insert(2, 20)), |_| drop(map.insert(1, 30)));
    });
    assert_eq!(kinds(&findings), []);
}

#[test]
fn a_good_hasher_is_trusted_whatever_threads_do() {
    let before = check::stats().colliding_maps;
    macro_rules! churn {
        ($($map:expr),*) => { $({
            let map = $map;
            check::collect(|| thread::scope(|scope| for thread in 0..4_u64 {
                let map = &map;
                scope.spawn(move || for n in 0..3_000_u64 {
                    let key = n * (thread + 3) % 7;
                    match (n + thread) % 11 {
                        0 | 1 => drop(map.insert(key, n)),
                        2 => drop(map.remove(&key)),
                        3 => drop(map.insert_if_absent(key, n)),
                        4 => drop(map.get_or_insert_with(key, || n)),
                        5 => drop(map.update(&key, |value| *value += 1)),
                        6 => drop(map.compare_and_swap(&key, &n, n + 1)),
                        7 => map.upsert(key, || n, |value| *value += 1),
                        8 => drop(map.remove_if(&key, |value| value % 2 == 0)),
                        9 if n % 50 == 0 => map.clear(),
                        9 if n % 50 == 9 => drop(map.drain()),
                        _ => map.retain(|_, value| *value % 3 != 0),
                    }
                });
            }));
        })* };
    }
    churn!(MutexMap::new(), ShardedMap::with_shards(2).unwrap(), SyncMap::new(), ActorMap::new());
    let colliding = check::stats().colliding_maps - before;
    // Maps of the other tests of this file, which may run beside this one.
    let others = 12;
    assert!(colliding <= others, "{colliding}");
    let map = SyncMap::new();
    map.insert(1, 1);
    let findings = check::collect(|| between(|| map.get(&1), || drop(map.insert(1, 2)), |_| drop(map.insert(1, 3))));
    only(&findings, Kind::LostUpdate);
}
