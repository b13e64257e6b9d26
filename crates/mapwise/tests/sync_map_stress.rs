//! `SyncMap` on real threads, with exact accounts.

#![cfg(not(loom))]

mod checked;

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use mapwise::{Action, SyncMap};

const THREADS: u64 = 4;
const ROUNDS: u64 = if cfg!(debug_assertions) { 4_000 } else { 40_000 };

/// Spreads numbers without repeating a pattern (SplitMix64: Steele, Lea and Flood, OOPSLA 2014).
fn mix(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    n ^ (n >> 31)
}

fn together(body: impl Fn(u64) + Sync) {
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (start, body) = (&start, &body);
            scope.spawn(move || {
                start.wait();
                body(thread);
            });
        }
    });
}

#[test]
fn no_update_is_lost_while_keys_come_go_and_are_promoted() {
    let map = SyncMap::new();
    let taken = AtomicU64::new(0);
    together(|thread| {
        for i in 0..ROUNDS {
            let random = mix(thread << 32 | i);
            map.upsert(random % 16, || 1_u64, |count| *count += 1);
            match random >> 32 & 15 {
                // Counts that leave the map are kept account of.
                0 => _ = taken.fetch_add(map.remove(&(random % 16)).unwrap_or(0), SeqCst),
                1 => _ = taken.fetch_add(map.drain().into_iter().map(|(_, count)| count).sum(), SeqCst),
                2 => map.for_each(|_, _| ()),
                3 => map.shrink_to_fit(),
                4 => {
                    map.load(&99);
                }
                _ => {}
            }
        }
    });
    let left: u64 = map.snapshot().values().sum();
    assert_eq!(left + taken.load(SeqCst), THREADS * ROUNDS);
    assert_eq!(map.len(), map.snapshot().len());
}

#[test]
fn every_way_to_change_a_count_keeps_the_account() {
    let map = SyncMap::new();
    let account = AtomicI64::new(0);
    let book = |before: Option<i64>, after: i64| {
        account.fetch_add(after - before.unwrap_or(0), SeqCst);
    };
    together(|thread| {
        for i in 0..ROUNDS {
            checked::draw();
            let random = mix(thread << 40 | i);
            let (key, value) = (random % 24, (random >> 20) as i64 & 0xFF);
            match random >> 32 & 7 {
                0 => book(map.insert(key, value), value),
                1 => book(map.remove(&key), 0),
                2 => {
                    if let Some((before, after)) = map.update(&key, |slot| {
                        let before = *slot;
                        *slot += 1;
                        (before, *slot)
                    }) {
                        book(Some(before), after);
                    }
                }
                3 => {
                    if let (_, false) = map.load_or_store(key, value) {
                        book(None, value);
                    }
                }
                4 => {
                    if let Ok(old) = map.compare_and_swap(&key, &value, value + 1) {
                        book(Some(old), value + 1);
                    }
                }
                5 => {
                    if map.compare_and_delete(&key, &value) {
                        book(Some(value), 0);
                    }
                }
                6 => map.compute(key, |present| match present {
                    Some(slot) => {
                        book(Some(*slot), 0);
                        Action::Remove(())
                    }
                    None => {
                        book(None, value);
                        Action::Put(value, ())
                    }
                }),
                _ => book(map.remove_if(&key, |slot| slot % 2 == 0), 0),
            }
        }
    });
    assert_eq!(map.snapshot().values().sum::<i64>(), account.load(SeqCst));
    assert_eq!(map.len(), map.snapshot().len());
}

#[test]
fn a_key_that_is_never_removed_is_never_missed() {
    const STAYING: u64 = 50;
    let map = SyncMap::new();
    for key in 0..STAYING {
        map.store(key, 0_u64);
    }
    let done = AtomicBool::new(false);
    together(|thread| {
        if thread == 0 {
            for i in 0..ROUNDS * 2 {
                let random = mix(i);
                let key = STAYING + random % 50;
                if random >> 40 & 1 == 0 {
                    map.store(key, 1)
                } else {
                    map.delete(&key)
                }
                if i % 100 == 0 {
                    map.for_each(|_, _| ());
                }
            }
            done.store(true, SeqCst);
        } else {
            let mut last = [0; STAYING as usize];
            for i in 0.. {
                if done.load(SeqCst) {
                    break;
                }
                let key = mix(i + thread) % STAYING;
                if thread == 1 {
                    map.update(&key, |value| *value += 1).expect("it stays");
                } else {
                    let now = map.load(&key).expect("it stays");
                    assert!(now >= last[key as usize], "a value went back");
                    last[key as usize] = now;
                    if i % 512 == 0 {
                        let mut seen = 0;
                        map.range(|key, _| {
                            seen += u64::from(*key < STAYING);
                            true
                        });
                        assert_eq!(seen, STAYING, "each is seen once");
                    }
                }
            }
        }
    });
}

#[test]
fn clearing_beside_writers_leaves_a_map_that_agrees_with_itself() {
    let map = SyncMap::new();
    together(|thread| {
        for i in 0..ROUNDS {
            let random = mix(thread << 24 | i);
            match random >> 32 & 31 {
                0 => map.clear(),
                1 => map.retain(|key, value| {
                    *value += 1;
                    key % 3 != 0
                }),
                2..8 => map.delete(&(random % 40)),
                _ => map.upsert(random % 40, || 0, |value| *value += 1),
            }
        }
    });
    assert_eq!(map.len(), map.snapshot().len());
    map.clear();
    assert_eq!((map.len(), map.snapshot().len()), (0, 0));
}
