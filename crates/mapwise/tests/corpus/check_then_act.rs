//! Checks whose result is old by the time of the act, as Lin and Dig found them in Java programs.
//!
//! Source of the shapes: Y. Lin, D. Dig, "CHECK-THEN-ACT misuse of Java concurrent collections", ICST 2013; the counter and
//! the multimap are also in the SEI CERT rule VNA03-J and in DashMap's issue 78.

use mapwise::{MutexMap, RwLockMap, ShardedMap, SyncMap};

use crate::program::{Stage, WORKERS, fresh, programs, work, workers};

programs! {
    loads_a_class_where_no_loader_is on "ShardedMap" finds DoubleInit;
    opens_a_connection_where_none_is on "RwLockMap" finds DoubleInit;
    claims_an_idle_job on "MutexMap" finds LostUpdate;
    overrides_a_setting_that_exists on "SyncMap" finds LostUpdate | DoubleInit;
    drops_an_idle_token on "ShardedMap" finds StaleRemove;
    cancels_a_task_that_is_there on "RwLockMap" finds StaleRemove;
    starts_a_list_for_the_first_listener on "MutexMap" finds DoubleInit | LostUpdate;
    counts_visits_by_get_and_insert on "SyncMap" finds DoubleInit | LostUpdate;
}

/// Puts a loader where `contains_key` found none: the last of two replaces a loader that is in use.
///
/// Source: Lin and Dig, the put-if-absent idiom after `containsKey` (figure 1a).
fn loads_a_class_where_no_loader_is(stage: &Stage) {
    let loaders = ShardedMap::new();
    let used = workers(|_| {
        (0..8_u64)
            .map(|class| {
                if stage.fixed() {
                    return loaders.get_or_insert_with(class, || work(class) ^ fresh());
                }
                let _held = stage.lock();
                if !loaders.contains_key(&class) {
                    let loader = work(class) ^ fresh();
                    loaders.insert(class, loader);
                }
                loaders.get(&class).expect("nobody removes a loader")
            })
            .collect::<Vec<_>>()
    });
    assert!(!stage.correct() || used.iter().all(|loaders| *loaders == used[0]));
}

/// Opens a connection where `get` found none: one of two stays open and is never closed.
///
/// Source: Lin and Dig, the put-if-absent idiom after a null check of `get`.
fn opens_a_connection_where_none_is(stage: &Stage) {
    let connections = RwLockMap::new();
    let used = workers(|_| {
        (0..8_u64)
            .map(|host| {
                if stage.fixed() {
                    return connections.get_or_insert_with(host, || work(host) ^ fresh());
                }
                let _held = stage.lock();
                match connections.get(&host) {
                    Some(connection) => connection,
                    None => {
                        let connection = work(host) ^ fresh();
                        connections.insert(host, connection);
                        connection
                    }
                }
            })
            .collect::<Vec<_>>()
    });
    assert!(!stage.correct() || used.iter().all(|connections| *connections == used[0]));
}

/// Takes a job that was idle when it looked: two workers run it.
///
/// Source: Lin and Dig, the replace idiom (`get`, compare, `put`), whose repair is Java's three-argument `replace`.
fn claims_an_idle_job(stage: &Stage) {
    const IDLE: u64 = u64::MAX;
    let jobs: MutexMap<u64, u64> = (0..12).map(|job| (job, IDLE)).collect();
    let claimed = workers(|worker| {
        let claim = |job: &u64| {
            if stage.fixed() {
                return jobs.compare_and_swap(job, &IDLE, work(worker)).is_ok();
            }
            let _held = stage.lock();
            if jobs.get(job) != Some(IDLE) {
                return false;
            }
            let ticket = work(worker);
            jobs.insert(*job, ticket);
            true
        };
        (0..12).filter(claim).count()
    });
    assert!(!stage.correct() || claimed.iter().sum::<usize>() == 12);
}

/// Overrides a setting if there is one: a setting removed meanwhile comes back from the dead.
///
/// Source: Lin and Dig, the replace-if-present idiom (`containsKey`, then `put`).
fn overrides_a_setting_that_exists(stage: &Stage) {
    let settings: SyncMap<u64, u64> = (0..4).map(|name| (name, 0)).collect();
    workers(|worker| {
        for round in 0..12 {
            let name = round % 4;
            if worker == 0 {
                let _held = stage.lock();
                settings.remove(&name);
                settings.insert(name, work(round));
            } else if stage.fixed() {
                settings.update(&name, |value| *value = work(worker) + round);
            } else {
                let _held = stage.lock();
                if settings.contains_key(&name) {
                    settings.insert(name, work(worker) + round);
                }
            }
        }
    });
    assert_eq!(settings.len(), 4);
}

/// Removes a token that was idle when it looked, though another thread has used it since.
///
/// Source: Lin and Dig, the remove idiom (`get`, test the value, `remove`), whose repair is the two-argument `remove`.
fn drops_an_idle_token(stage: &Stage) {
    let idle: ShardedMap<u64, bool> = (0..4).map(|token| (token, true)).collect();
    workers(|worker| {
        for round in 0..16 {
            let token = round % 4;
            if worker % 2 == 0 {
                let _held = stage.lock();
                idle.upsert(token, || false, |idle| *idle = false);
                continue;
            }
            // The second chance: used since the last sweep, it stays until the next.
            let _held = stage.lock();
            if stage.fixed() {
                idle.remove_if(&token, |idle| *idle);
            } else if idle.get(&token) == Some(true) {
                work(token);
                idle.remove(&token);
            }
            idle.update(&token, |idle| *idle = true);
        }
    });
    assert!(idle.len() <= 4);
}

/// Cancels a task it found present, and cancels instead the one that was started under the same name since.
///
/// Source: Lin and Dig, the remove idiom after `containsKey`.
fn cancels_a_task_that_is_there(stage: &Stage) {
    let tasks: RwLockMap<u64, u64> = (0..4).map(|name| (name, fresh())).collect();
    workers(|worker| {
        for round in 0..10_u64 {
            for name in 0..4 {
                if worker % 2 == 0 {
                    let _held = stage.lock();
                    tasks.insert(name, fresh());
                } else if stage.fixed() {
                    let seen = tasks.get(&name);
                    work(round);
                    tasks.remove_if(&name, |task| Some(*task) == seen);
                } else {
                    let _held = stage.lock();
                    if tasks.contains_key(&name) {
                        work(round);
                        tasks.remove(&name);
                    }
                }
            }
        }
    });
}

/// Makes a list for the first listener of a topic; a second first listener throws the first one's list away.
///
/// Source: xacrimon/dashmap, issue 78 (a multimap cannot be made of `get_mut` and `insert`); Lin and Dig's lazy
/// initialization (figure 1c).
fn starts_a_list_for_the_first_listener(stage: &Stage) {
    let listeners: MutexMap<u64, Vec<u64>> = MutexMap::new();
    workers(|worker| {
        for topic in 0..8 {
            if stage.fixed() {
                listeners.upsert(topic, || vec![worker], |list| list.push(worker));
                continue;
            }
            let _held = stage.lock();
            if listeners.contains_key(&topic) {
                listeners.update(&topic, |list| list.push(worker));
            } else {
                work(topic);
                listeners.insert(topic, vec![worker]);
            }
        }
    });
    let heard: usize = listeners.snapshot().values().map(Vec::len).sum();
    assert!(!stage.correct() || heard == 8 * WORKERS as usize);
}

/// Counts by reading, adding and writing back.
///
/// Source: SEI CERT, rule VNA03-J: a group of calls to atomic methods is not atomic.
fn counts_visits_by_get_and_insert(stage: &Stage) {
    let visits: SyncMap<u64, u64> = SyncMap::new();
    workers(|_| {
        for visit in 0..16 {
            let page = visit % 2;
            if stage.fixed() {
                visits.upsert(page, || 1, |n| *n += 1);
                continue;
            }
            let _held = stage.lock();
            let before = visits.get(&page).unwrap_or(0);
            work(visit);
            visits.insert(page, before + 1);
        }
    });
    assert!(!stage.correct() || visits.snapshot().values().sum::<u64>() == 16 * WORKERS);
}
