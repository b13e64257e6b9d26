//! What users of Rust's concurrent maps and caches reported: look-ups and inserts that another thread comes between.
//!
//! Each program names the report it is after; the lines are our own.

use mapwise::{MutexMap, RwLockMap, ShardedMap, SyncMap};

use crate::program::{Stage, WORKERS, fresh, programs, together, work, workers};

programs! {
    adds_a_rule_where_none_is on "ShardedMap" finds DoubleInit;
    shakes_hands_twice_with_a_host on "SyncMap" finds DoubleInit;
    creates_a_session_under_a_free_id on "MutexMap" finds DoubleInit;
    caches_what_it_read_before_the_write on "SyncMap" finds DoubleInit | LostUpdate;
    caches_an_object_by_version on "ShardedMap" finds LostUpdate;
    reloads_an_entry_that_was_invalidated on "RwLockMap" finds LostUpdate | DoubleInit;
    takes_an_entry_out_and_puts_it_back on "ShardedMap" finds LostUpdate | DoubleInit;
    drops_a_stack_without_requests on "ShardedMap" finds StaleRemove;
    retires_a_limiter_that_was_full on "RwLockMap" finds StaleRemove;
}

/// Inserts a policy rule where it found none: which of two conflicting rules holds is a matter of luck.
///
/// Source: majiayu000/harness, issue 429 (five places that `get` and `insert` on a `DashMap`).
fn adds_a_rule_where_none_is(stage: &Stage) {
    let rules: ShardedMap<String, u64> = ShardedMap::new();
    let accepted = workers(|worker| {
        let add = |command: &u64| {
            let name = format!("command-{command}");
            let _held = stage.lock();
            if stage.fixed() {
                return rules.insert_if_absent(name, worker).is_ok();
            }
            if rules.get(&name).is_some() {
                return false;
            }
            work(*command);
            rules.insert(name, worker);
            true
        };
        (0..8).filter(add).count()
    });
    assert!(!stage.correct() || accepted.iter().sum::<usize>() == 8);
}

/// Builds a store, handshake included, for a host it does not know yet; one of two is dropped in use.
///
/// Source: gsueur/s2-tiler, issue 15 (a store for each host, kept in a `DashMap`).
fn shakes_hands_twice_with_a_host(stage: &Stage) {
    let stores: SyncMap<String, u64> = SyncMap::new();
    let used = workers(|_| {
        ["a", "b", "c", "d", "e", "f"].map(|host| {
            let _held = stage.lock();
            if stage.fixed() {
                return stores.get_or_insert_with(host.to_owned(), || work(1) ^ fresh());
            }
            if let Some(store) = stores.get(host) {
                return store;
            }
            let store = work(1) ^ fresh();
            stores.insert(host.to_owned(), store);
            store
        })
    });
    assert!(!stage.correct() || used.iter().all(|stores| *stores == used[0]));
}

/// Draws ids until one is free, and creates a session under it: two users share a session.
///
/// Source: maxcountryman/tower-sessions, pull request 41 (a store moved from a locked map to a `DashMap`).
fn creates_a_session_under_a_free_id(stage: &Stage) {
    let sessions: MutexMap<u64, u64> = MutexMap::new();
    let create = |user: u64| {
        // The same ids come up in every worker: a generator seeded too poorly.
        for id in 0.. {
            let _held = stage.lock();
            if stage.fixed() {
                if sessions.insert_if_absent(id, user).is_ok() {
                    return id;
                }
            } else if !sessions.contains_key(&id) {
                work(id);
                sessions.insert(id, user);
                return id;
            }
        }
        unreachable!("there are ids enough")
    };
    let created: Vec<u64> = workers(|_| [(); 6].map(|()| create(fresh()))).into_iter().flatten().collect();
    assert!(!stage.correct() || sessions.len() == created.len());
}

/// Reads the database on a miss and caches what it read, over what a writer has cached meanwhile.
///
/// Source: near/nearcore, pull request 14987 (stale entries in `caching_get_ser`); MystenLabs/sui, pull request 20875.
fn caches_what_it_read_before_the_write(stage: &Stage) {
    let database: MutexMap<u64, u64> = (0..8).map(|key| (key, 0)).collect();
    let cache: SyncMap<u64, u64> = SyncMap::new();
    together(&[
        &|| {
            for key in 0..8 {
                let _held = stage.lock();
                if stage.fixed() {
                    cache.get_or_insert_with(key, || {
                        work(key);
                        database.get(&key).unwrap_or(0)
                    });
                } else if cache.get(&key).is_none() {
                    let read = database.get(&key).unwrap_or(0);
                    work(key);
                    cache.insert(key, read);
                }
            }
        },
        &|| {
            for key in 0..8 {
                let _held = stage.lock();
                let version = database.update(&key, |version| {
                    *version += 1;
                    *version
                });
                let version = work(key).max(1).min(version.unwrap_or(0));
                cache.upsert(key, || version, |cached| *cached = version.max(*cached));
            }
        },
    ]);
    assert!(!stage.correct() || cache.snapshot() == database.snapshot());
}

/// Caches an object unless the cache has a newer version: the older of two can win.
///
/// Source: MystenLabs/sui, pull request 20236 (a monotonic update beside a blind insert, by a misread cache interface).
fn caches_an_object_by_version(stage: &Stage) {
    let objects: ShardedMap<u64, u64> = (0..4).map(|id| (id, 0)).collect();
    workers(|worker| {
        for step in 1..=10 {
            let (id, version) = (step % 4, step * WORKERS + worker);
            let _held = stage.lock();
            if stage.fixed() {
                objects.upsert(id, || version, |cached| *cached = version.max(*cached));
            } else if objects.get(&id).is_none_or(|cached| cached < version) {
                work(version);
                objects.insert(id, version);
            }
        }
    });
    assert!(!stage.correct() || objects.get(&2) == Some(10 * WORKERS + WORKERS - 1));
}

/// Reloads an entry that has expired; the invalidation of an update comes between, and the old value lives on.
///
/// Source: logto-io/logto, pull request 9428 (a stale write-back after invalidation).
fn reloads_an_entry_that_was_invalidated(stage: &Stage) {
    const EXPIRED: u64 = 0;
    let cache: RwLockMap<u64, u64> = (0..3).map(|key| (key, EXPIRED)).collect();
    together(&[
        &|| {
            for n in 0..12 {
                let key = n % 3;
                let _held = stage.lock();
                if stage.fixed() {
                    cache.upsert(key, || work(n), |value| *value = if *value == EXPIRED { work(n) } else { *value });
                } else if cache.get(&key).is_none_or(|value| value == EXPIRED) {
                    let loaded = work(n);
                    cache.insert(key, loaded);
                }
            }
        },
        &|| {
            for n in 0..12_u64 {
                let _held = stage.lock();
                if n % 2 == 0 {
                    cache.remove(&(n % 3));
                } else {
                    cache.update(&(n % 3), |value| *value = EXPIRED);
                }
            }
        },
    ]);
    assert!(cache.len() <= 3);
}

/// Takes a list of monitors out of the map, adds to it and puts it back: a list begun meanwhile is overwritten.
///
/// Source: rsimmonsjr/axiom, pull request 60 (the review of `monitor`); spiceai/spiceai, issue 12838 (a cache that removes
/// an entry and admits it again to mark it as used).
fn takes_an_entry_out_and_puts_it_back(stage: &Stage) {
    let monitors: ShardedMap<u64, Vec<u64>> = ShardedMap::new();
    workers(|worker| {
        for n in 0..10 {
            let actor = n % 2;
            let _held = stage.lock();
            if stage.fixed() {
                monitors.upsert(actor, || vec![worker], |list| list.push(worker));
                continue;
            }
            let mut list = monitors.remove(&actor).unwrap_or_default();
            work(n);
            list.push(worker);
            monitors.insert(actor, list);
        }
    });
    let kept: usize = monitors.snapshot().values().map(Vec::len).sum();
    assert!(!stage.correct() || kept == 10 * WORKERS as usize);
}

/// Ends a request and drops the entry if its count was zero then; a request that began meanwhile loses its entry.
///
/// Source: AtomaAI/atoma-node, pull request 512 (the review: another thread could modify the count between).
fn drops_a_stack_without_requests(stage: &Stage) {
    let running: ShardedMap<u64, u64> = ShardedMap::new();
    workers(|worker| {
        for n in 0..10 {
            let stack = n % 2;
            let _held = stage.lock();
            running.upsert(stack, || 1, |count| *count += 1);
            work(worker);
            running.update(&stack, |count| *count = count.saturating_sub(1));
            if stage.fixed() {
                running.remove_if(&stack, |count| *count == 0);
            } else if running.get(&stack) == Some(0) {
                work(n);
                running.remove(&stack);
            }
        }
    });
    assert!(!stage.correct() || running.is_empty());
}

/// Removes a limiter that had all its tokens, though one has been taken since: the request is not counted.
///
/// Source: ktorio/ktor, pull request 3593 (the review: we can remove a limiter that was just consumed).
fn retires_a_limiter_that_was_full(stage: &Stage) {
    const FULL: u64 = 5;
    let limiters: RwLockMap<u64, u64> = RwLockMap::new();
    together(&[
        &|| {
            for n in 0..20 {
                let _held = stage.lock();
                limiters.upsert(n % 2, || FULL, |tokens| *tokens = tokens.saturating_sub(1));
                work(n);
                limiters.update(&(n % 2), |tokens| *tokens = FULL);
            }
        },
        &|| {
            for n in 0..20_u64 {
                let _held = stage.lock();
                if stage.fixed() {
                    limiters.remove_if(&(n % 2), |tokens| *tokens == FULL);
                } else if limiters.view(&(n % 2), |tokens| *tokens == FULL) == Some(true) {
                    work(n);
                    limiters.remove(&(n % 2));
                }
            }
        },
    ]);
    assert!(limiters.len() <= 2);
}
