//! `Map` under many schedules of shuttle, which may switch threads before every access to an atomic and to each piece of an
//! entry: histories are linearizable, accounts exact, walks see each entry once, beside splits and merges.
//!
//! As in loom's models, buckets and segments are small. Half of the schedules are random, half by probabilistic concurrency
//! testing (Burckhardt et al., ASPLOS 2010).
//!
//! ```sh
//! RUSTFLAGS="--cfg shuttle" cargo test --release -p mapwise --target-dir target/shuttle --test shuttle_map
//! ```
//!
//! `MAPWISE_SCHEDULES` is how many each type is run under, `MAPWISE_SEED` where they begin. A failure prints the schedule, for
//! `shuttle::replay`.

#![cfg(shuttle)]
#![allow(clippy::print_stderr)]

mod histories;

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::DefaultHasher},
    env,
    hash::{BuildHasherDefault, Hash},
    sync::{
        Arc,
        atomic::{
            AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
};

use histories::{Stored, check, record};
use mapwise::Map;
use shuttle::{
    Config, Runner,
    rand::{Rng, thread_rng},
    scheduler::{PctScheduler, RandomScheduler},
    sync::atomic::AtomicBool,
    thread,
};

/// Not seeded, so that a schedule can be replayed.
type Shared<K, V> = Arc<Map<K, V, BuildHasherDefault<DefaultHasher>>>;

const THREADS: u64 = 3;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// Runs `body` under many schedules; it says whether threads met in this one.
fn explore(body: fn() -> bool) {
    let schedules = number("MAPWISE_SCHEDULES", 20_000) as usize;
    let seed = number("MAPWISE_SEED", 1);
    let mut config = Config::new();
    config.silence_warnings = true;
    config.stack_size = 1 << 18;
    // std's: it counts, and is no part of the model.
    let met = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&met);
    let body = move || {
        counted.fetch_add(body().into(), Relaxed);
    };
    Runner::new(RandomScheduler::new_from_seed(seed, schedules / 2), config.clone()).run(body.clone());
    Runner::new(PctScheduler::new_from_seed(seed, 4, schedules / 2), config).run(body);
    let met = met.load(Relaxed);
    eprintln!("{schedules} schedules, threads met in {met}");
    assert!(met > schedules as u64 / 4, "threads met in {met} of {schedules} schedules only");
}

/// Drawn by the schedule, so that its replay draws the same.
fn below(bound: u64) -> u64 {
    thread_rng().gen_range(0..bound)
}

/// Lets the schedule switch threads.
fn switch() {
    AtomicBool::new(false).load(SeqCst);
}

/// A map with a few entries: of one home or of two, each with room for two, that are about to be more.
fn crowded<K: Stored + Hash + Eq, V: Stored>() -> (Shared<K, V>, u64) {
    let map: Shared<K, V> =
        Arc::new(Map::with_capacity_and_hasher(2 * below(2) as usize, BuildHasherDefault::default()));
    let others = below(6);
    for other in OTHERS..OTHERS + others {
        map.insert(K::new(other), V::new(other));
    }
    (map, others)
}

/// Keys from here on come and go, so that the map grows and shrinks.
const OTHERS: u64 = 100;

/// Whether operations on one key overlapped.
fn history<K: Stored + Hash + Eq, V: Stored>() -> bool {
    let (map, _) = crowded::<K, V>();
    // std's: it tells the time, and is no part of the model.
    let clock = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (map, clock) = (Arc::clone(&map), Arc::clone(&clock));
            thread::spawn(move || {
                let now = || clock.fetch_add(1, Relaxed);
                let next = |_| {
                    let other = K::new(OTHERS + below(8));
                    match below(4) {
                        0 | 1 => drop(map.insert(other, V::new(0))),
                        2 => drop(map.remove(&other)),
                        _ => {}
                    }
                    record(&*map, 2, below, now, switch)
                };
                (0..4).map(next).collect::<Vec<_>>()
            })
        })
        .collect();
    let recorded = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    check(recorded, "a schedule") > 0
}

/// What a thread did: for each key, insertions of an absent one less removals of a present one; and additions to `SUM`.
#[derive(Default)]
struct Account {
    entries: BTreeMap<u64, i64>,
    added: u64,
}

/// Present throughout.
const SUM: u64 = 0;

fn act<K: Stored + Hash + Eq, V: Stored>(map: &Shared<K, V>, account: &mut Account) {
    let key = OTHERS + below(8);
    let entry = account.entries.entry(key).or_default();
    match below(8) {
        0..=2 => *entry += i64::from(map.insert(K::new(key), V::new(key)).is_none()),
        3 => *entry += i64::from(map.insert_if_absent(K::new(key), V::new(key)).is_ok()),
        4 | 5 => *entry -= i64::from(map.remove(&K::new(key)).is_some()),
        6 => {
            map.update(&K::new(SUM), |value| *value = V::new(value.number() + 1)).expect("it is there throughout");
            account.added += 1;
        }
        _ => {
            let mut seen = BTreeMap::<u64, u64>::new();
            map.for_each(|key, value| {
                let (key, value) = (key.number(), value.number());
                assert!(key == SUM || key == value, "a value of another key");
                *seen.entry(key).or_default() += 1;
            });
            assert_eq!(seen.get(&SUM), Some(&1), "an entry that is there throughout, seen so many times");
        }
    }
}

/// Whether two threads changed one entry.
fn accounts<K: Stored + Hash + Eq, V: Stored>() -> bool {
    let (map, others) = crowded::<K, V>();
    map.insert(K::new(SUM), V::new(0));
    let mut total = Account { entries: (OTHERS..OTHERS + others).map(|key| (key, 1)).collect(), added: 0 };
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let map = Arc::clone(&map);
            thread::spawn(move || {
                let mut account = Account::default();
                (0..6).for_each(|_| act(&map, &mut account));
                account
            })
        })
        .collect();
    let mut changed = BTreeSet::new();
    let mut met = false;
    for thread in threads {
        let account = thread.join().unwrap();
        total.added += account.added;
        for (key, change) in account.entries {
            met |= !changed.insert(key);
            *total.entries.entry(key).or_default() += change;
        }
    }
    let mut present = BTreeMap::from([(SUM, total.added)]);
    present
        .extend(total.entries.iter().filter(|(_, count)| **count != 0).map(|(&key, &count)| (key, key * count as u64)));
    let mut found = BTreeMap::new();
    map.for_each(|key, value| assert!(found.insert(key.number(), value.number()).is_none(), "an entry twice"));
    assert_eq!(found, present);
    assert_eq!(map.len(), present.len());
    for (&key, &value) in &present {
        assert_eq!(map.get(&K::new(key)).map(|value| value.number()), Some(value));
    }
    met
}

#[test]
fn histories_of_numbers_are_linearizable() {
    explore(history::<u64, u64>);
    explore(history::<u64, u128>);
}

#[test]
fn histories_of_strings_are_linearizable() {
    explore(history::<String, String>);
    explore(history::<u64, String>);
}

#[test]
fn histories_of_values_read_under_the_lock_are_linearizable() {
    explore(history::<u64, Box<u64>>);
}

#[test]
fn accounts_of_numbers_are_exact() {
    explore(accounts::<u64, u64>);
}

#[test]
fn accounts_of_strings_are_exact() {
    explore(accounts::<String, String>);
}

#[test]
fn accounts_of_values_read_under_the_lock_are_exact() {
    explore(accounts::<u64, Box<u64>>);
}
