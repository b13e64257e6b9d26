//! Wrong programs that the checker cannot see, and why. Not counted in its recall; kept so that the list stays true.
//!
//! The checker knows the operations of each map by key and thread. It does not know what a value means, what is beside
//! the map, or what a thread was told by another.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use mapwise::{CounterMap, MutexMap, ShardedMap, SyncMap};

use crate::innocents::serve_clients;
use crate::program::{Twin, fresh, times, together, work, workers};

/// A program that is wrong and not reported, with the reason.
pub struct Limit {
    pub name: &'static str,
    pub why: &'static str,
    pub run: fn(),
}

macro_rules! limits {
    ($($run:ident: $why:literal;)*) => {
        pub const LIMITS: &[Limit] = &[$(Limit { name: stringify!($run), why: $why, run: $run }),*];
    };
}

limits! {
    inserts_an_older_version_unseen: "a blind write that follows no look-up may be meant to win";
    clears_what_it_has_exported: "`clear` belongs to no key, and may mean whatever is there";
    inserts_under_the_length: "`len` belongs to no key";
    reads_a_key_it_found_present: "an act that only reads changes nothing";
    checks_a_counter_and_adds: "`add` is one atomic step; that it depends on the look-up is not visible";
    writes_what_another_thread_read: "the look-up and the write are on different threads";
    caches_before_the_database_has_it: "what is outside of the map is not watched";
    changes_a_value_behind_a_handle: "a change through a handle in the value passes no operation";
    splits_one_change_into_two_updates: "`update` is taken to depend on nothing but the value it is shown";
    keeps_two_maps_in_step: "an invariant across keys or maps is nowhere said";
    makes_what_the_winner_throws_away: "the map is right, only work was done twice";
}

/// Source: MystenLabs/sui, pull request 20236, as reported: one side looks and updates, the other inserts blindly.
fn inserts_an_older_version_unseen() {
    let cache: ShardedMap<u64, u64> = ShardedMap::new();
    together(&[&|| times(20, |version| cache.upsert(0, || version, |cached| *cached = version.max(*cached))), &|| {
        times(20, |version| cache.insert(0, version))
    }]);
}

/// Source: golang/go, issue 22490, the shape of it: what `Range` saw is taken for the map; `drain` was meant.
fn clears_what_it_has_exported() {
    let metrics: ShardedMap<u64, u64> = ShardedMap::new();
    together(&[&|| times(40, |n| metrics.upsert(n % 4, || 1, |count| *count += 1)), &|| {
        for _ in 0..5 {
            let mut total = 0;
            metrics.for_each(|_, count| total += count);
            work(total);
            metrics.clear();
        }
    }]);
}

/// Source: xacrimon/dashmap, issue 121.
fn inserts_under_the_length() {
    let map: ShardedMap<usize, ()> = ShardedMap::new();
    workers(|_| times(10, |_| map.insert(map.len(), ())));
}

/// Source: Lin and Dig, ICST 2013, `containsKey` and then `get`, whose null nobody expects.
fn reads_a_key_it_found_present() {
    let map: MutexMap<u64, u64> = (0..4).map(|key| (key, 0)).collect();
    together(&[
        &|| {
            for n in 0..20 {
                if map.contains_key(&(n % 4)) {
                    work(n);
                    let _may_be_gone = map.get(&(n % 4));
                }
            }
        },
        &|| times(20, |n| (map.remove(&(n % 4)), map.insert_if_absent(n % 4, n))),
    ]);
}

/// Source: rogerSuperBuilderAlpha/cursor-boston, pull request 129 (increment first, then compare).
fn checks_a_counter_and_adds() {
    let active: CounterMap<u64> = CounterMap::new();
    workers(|worker| {
        for _ in 0..10 {
            if active.get(&0).unwrap_or(0) < 20 {
                work(worker);
                active.increment(0);
            }
        }
    });
}

/// Source: Chabbi and Ramanathan, PLDI 2022, message passing mixed with shared state.
fn writes_what_another_thread_read() {
    let map: SyncMap<u64, u64> = [(0, 0)].into_iter().collect();
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| times(20, |_| map.update(&0, |n| *n += 1)));
        let map = &map;
        scope.spawn(move || times(20, |_| send.send(map.get(&0).unwrap_or(0))));
        scope.spawn(move || {
            receive.into_iter().for_each(|n| {
                map.insert(0, n + 1);
            })
        });
    });
}

/// Source: MystenLabs/sui, pull request 20875: the writer must write to the database first.
fn caches_before_the_database_has_it() {
    let database = Mutex::new(0_u64);
    let cache: ShardedMap<u64, u64> = ShardedMap::new();
    together(&[
        &|| {
            (1..10).for_each(|version| {
                cache.remove(&0);
                work(version);
                *database.lock().unwrap_or_else(PoisonError::into_inner) = version;
            });
        },
        &|| {
            (0..10).for_each(|_| {
                cache.get_or_insert_with(0, || *database.lock().unwrap_or_else(PoisonError::into_inner));
            });
        },
    ]);
}

/// Source: xacrimon/dashmap, issue 47, and orian/counters, pull request 5: what was added to a value that was replaced.
fn changes_a_value_behind_a_handle() {
    let map: ShardedMap<u64, Arc<Mutex<u64>>> = [(0, Arc::default())].into_iter().collect();
    together(&[
        &|| {
            for _ in 0..20 {
                let Some(handle) = map.get(&0) else { continue };
                work(0);
                *handle.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            }
        },
        &|| times(5, |_| map.insert(0, Arc::default())),
    ]);
}

/// Source: AVIO, ASPLOS 2006, the triple of a read, a foreign write and a write, each inside an operation that is atomic.
fn splits_one_change_into_two_updates() {
    let map: MutexMap<u64, u64> = [(0, 0)].into_iter().collect();
    workers(|worker| {
        for _ in 0..10 {
            let before = map.update(&0, |n| *n).unwrap_or(0);
            work(worker);
            map.update(&0, |n| *n = before + 1);
        }
    });
}

/// Source: AVIO, ASPLOS 2006: violations across several variables are outside of what it sees, too.
fn keeps_two_maps_in_step() {
    let parts: ShardedMap<u64, u64> = ShardedMap::new();
    let total: MutexMap<(), u64> = [((), 0)].into_iter().collect();
    together(&[
        &|| {
            for n in 0..20 {
                parts.upsert(n % 4, || 1, |part| *part += 1);
                work(n);
                total.update(&(), |sum| *sum += 1);
            }
        },
        &|| times(5, |_| (parts.snapshot(), total.get(&()))),
    ]);
}

/// Source: librefang/librefang, issue 5568 (a warning that is given twice).
fn makes_what_the_winner_throws_away() {
    let map: SyncMap<u64, u64> = SyncMap::new();
    workers(|_| {
        for key in 0..6 {
            if map.get(&key).is_none() {
                let made = work(key) ^ fresh();
                map.get_or_insert_with(key, || made);
            }
        }
    });
}

/// Correct programs that are reported: what the checker takes for wrong.
pub const CRIES_WOLF: &[Limit] = &[
    Limit {
        name: "nests_in_two_orders_under_a_lock",
        why: "the program's own lock is not visible, and the order is enough",
        run: nests_in_two_orders_under_a_lock,
    },
    Limit {
        name: "computes_the_same_value_twice",
        why: "values need not be comparable, so nobody knows that they are equal",
        run: computes_the_same_value_twice,
    },
    Limit {
        name: "serves_many_clients_on_one_thread",
        why: "requests are told apart by `check::job` only; without it, a thread acts on what it has read",
        run: serves_many_clients_on_one_thread,
    },
    Limit {
        name: "writes_what_it_was_told",
        why: "what a thread was told by another, it did not read from the map",
        run: writes_what_it_was_told,
    },
];

/// Two threads may compute a value, but a function of the key is the same in both: nothing is lost.
fn computes_the_same_value_twice() {
    let map: ShardedMap<u64, u64> = ShardedMap::new();
    workers(|_| {
        for key in 0..8 {
            if map.get(&key).is_none() {
                map.insert(key, work(key));
            }
        }
    });
    assert!((0..8).all(|key| map.get(&key) == Some(work(key))));
}

/// As `serves_each_request_as_a_job`, but nothing says where a request ends.
fn serves_many_clients_on_one_thread() {
    serve_clients(|request| request());
}

fn nests_in_two_orders_under_a_lock() {
    let stage = crate::program::Stage::new(Twin::Locked);
    let first: MutexMap<u64, u64> = (0..2).map(|key| (key, key)).collect();
    let second: MutexMap<u64, u64> = (0..2).map(|key| (key, key)).collect();
    workers(|worker| {
        let _held = stage.lock();
        let (outer, inner) = if worker % 2 == 0 { (&first, &second) } else { (&second, &first) };
        outer.update(&0, |n| *n += inner.get(&1).unwrap_or(0));
    });
}

fn writes_what_it_was_told() {
    let map: SyncMap<u64, u64> = [(0, 0)].into_iter().collect();
    let (ask, asked) = mpsc::channel::<u64>();
    let (reply, replied) = mpsc::channel::<u64>();
    std::thread::scope(|scope| {
        let map = &map;
        scope.spawn(move || {
            for n in asked {
                map.insert(0, n + 1);
                let _ended = reply.send(n + 1);
            }
        });
        scope.spawn(move || {
            let mut n = map.get(&0).unwrap_or(0);
            for _ in 0..10 {
                let _ended = ask.send(n);
                n = replied.recv().unwrap_or(0) + 1;
                map.insert(0, n);
            }
        });
    });
    assert_eq!(map.get(&0), Some(20));
}
