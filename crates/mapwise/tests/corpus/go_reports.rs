//! Map races of Go programs, on maps where the data race cannot be and the race condition still is.
//!
//! Sources: T. Yuan et al., "GoBench: a benchmark suite of real-world Go concurrency bugs", CGO 2021; M. Chabbi, M. K.
//! Ramanathan, "A study of real-world data races in Golang", PLDI 2022; and the projects that each program names.

use mapwise::{MutexMap, RwLockMap, ShardedMap, SyncMap};

use crate::program::{Stage, WORKERS, fresh, programs, together, work, workers};

programs! {
    registers_a_model_server on "SyncMap" finds DoubleInit;
    counts_words_of_a_component on "SyncMap" finds DoubleInit | LostUpdate;
    makes_a_counter_for_a_name on "SyncMap" finds DoubleInit;
    writes_its_own_load_or_store on "ShardedMap" finds DoubleInit;
    collects_errors_by_order on "ShardedMap" finds DoubleInit | LostUpdate;
    reserves_a_share_of_a_node on "RwLockMap" finds LostUpdate;
    opens_a_gate_under_a_read_lock on "RwLockMap" finds LostUpdate;
    reports_and_forgets_errors on "MutexMap" finds StaleRemove;
    admits_requests_below_a_limit on "ShardedMap" finds DoubleInit | LostUpdate;
}

/// Registers a server with its first pod by `load` and `store`: a server registered meanwhile is orphaned.
///
/// Source: volcano-sh/kthena, issue 1196 (`Load`, then `Store`, on a `sync.Map`).
fn registers_a_model_server(stage: &Stage) {
    let servers: SyncMap<u64, u64> = SyncMap::new();
    let mut seen: Vec<Vec<u64>> = workers(|_| {
        (0..8)
            .map(|name| {
                let _held = stage.lock();
                if stage.fixed() {
                    return servers.load_or_store(name, work(name) ^ fresh()).0;
                }
                if let Some(server) = servers.load(&name) {
                    return server;
                }
                let server = work(name) ^ fresh();
                servers.store(name, server);
                server
            })
            .collect()
    });
    seen.dedup();
    assert!(!stage.correct() || seen.len() == 1);
}

/// Counts in two levels, each read and stored on its own.
///
/// Source: SaveTheRbtz/generic-sync-map-go, issue 1 (`Load` the count, `Store` the count plus one).
fn counts_words_of_a_component(stage: &Stage) {
    let components: SyncMap<(u64, u64), u64> = SyncMap::new();
    workers(|_| {
        for word in 0..16 {
            let key = (word % 2, word % 3);
            let _held = stage.lock();
            if stage.fixed() {
                components.upsert(key, || 1, |n| *n += 1);
                continue;
            }
            let count = components.load(&key).unwrap_or(0);
            work(word);
            components.store(key, count + 1);
        }
    });
    assert!(!stage.correct() || components.snapshot().values().sum::<u64>() == 16 * WORKERS);
}

/// Makes a counter for a name it did not find: what was counted with a counter replaced meanwhile is lost.
///
/// Source: orian/counters, pull request 5 (the review of a change from a locked map to `sync.Map`).
fn makes_a_counter_for_a_name(stage: &Stage) {
    let counters: SyncMap<String, u64> = SyncMap::new();
    let seen = workers(|_| {
        ["requests", "errors", "retries", "hits", "misses", "bytes"].map(|name| {
            let _held = stage.lock();
            if stage.fixed() {
                return counters.get_or_insert_with(name.to_owned(), || work(1) ^ fresh());
            }
            counters.load(name).unwrap_or_else(|| {
                let counter = work(1) ^ fresh();
                counters.store(name.to_owned(), counter);
                counter
            })
        })
    });
    assert!(!stage.correct() || seen.iter().all(|counters| *counters == seen[0]));
}

/// A `load_or_store` made of a load and a store: two callers are each told that theirs was stored.
///
/// Source: zhangyunhao116/skipmap, issue 1.
fn writes_its_own_load_or_store(stage: &Stage) {
    let map: ShardedMap<u64, u64> = ShardedMap::new();
    let load_or_store = |key: u64, value: u64| -> bool {
        let _held = stage.lock();
        if stage.fixed() {
            return map.insert_if_absent(key, value).is_ok();
        }
        if map.get(&key).is_some() {
            return false;
        }
        work(value);
        map.insert(key, value);
        true
    };
    let stored = workers(|_| (0..8).filter(|&key| load_or_store(key, fresh())).count());
    assert!(!stage.correct() || stored.iter().sum::<usize>() == 8);
}

/// Adds an error to those of an order by copying the list, adding and storing it.
///
/// Source: Chabbi and Ramanathan, concurrent map access (errors of orders that are processed at once).
fn collects_errors_by_order(stage: &Stage) {
    let errors: ShardedMap<u64, Vec<u64>> = ShardedMap::new();
    workers(|worker| {
        for attempt in 0..8 {
            let order = attempt % 2;
            let _held = stage.lock();
            if stage.fixed() {
                errors.upsert(order, || vec![worker], |list| list.push(worker));
                continue;
            }
            let mut list = errors.get(&order).unwrap_or_default();
            work(attempt);
            list.push(worker);
            errors.insert(order, list);
        }
    });
    let known: usize = errors.snapshot().values().map(Vec::len).sum();
    assert!(!stage.correct() || known == 8 * WORKERS as usize);
}

/// Takes a share of what a node has left: two pods are promised the same memory.
///
/// Source: kubernetes/kubernetes, issue 48045 (the kubelet's map of allocatable resources).
fn reserves_a_share_of_a_node(stage: &Stage) {
    let left: RwLockMap<&str, u64> = [("cpu", 1_000), ("memory", 1_000)].into_iter().collect();
    workers(|worker| {
        for resource in ["cpu", "memory", "cpu", "memory", "cpu", "memory"] {
            let _held = stage.lock();
            if stage.fixed() {
                left.update(resource, |left| *left -= 10);
                continue;
            }
            if let Some(now) = left.view(resource, |left| *left) {
                work(worker);
                left.insert(resource, now - 10);
            }
        }
    });
    assert!(!stage.correct() || left.get("cpu") == Some(1_000 - 30 * WORKERS));
}

/// Looks under the read lock and writes what follows from it under the write lock.
///
/// Source: Chabbi and Ramanathan, a write in a section locked for reading (a gate's readiness).
fn opens_a_gate_under_a_read_lock(stage: &Stage) {
    let gates: RwLockMap<u64, (bool, u64)> = (0..3).map(|gate| (gate, (false, 0))).collect();
    workers(|worker| {
        for round in 0..9 {
            let gate = round % 3;
            let _held = stage.lock();
            if stage.fixed() {
                gates.update(&gate, |(ready, waits)| (*ready, *waits) = (work(worker) != 0, *waits + 1));
                continue;
            }
            if let Some((_, waits)) = gates.view(&gate, |gate| *gate) {
                let ready = work(worker) != 0;
                gates.insert(gate, (ready, waits + 1));
            }
        }
    });
    let waits: u64 = gates.snapshot().values().map(|(_, waits)| waits).sum();
    assert!(!stage.correct() || waits == 9 * WORKERS);
}

/// Reports the errors of a service and forgets them, the ones added between included.
///
/// Source: DataDog/datadog-agent, pull request 47787 (a map of errors written by one routine and read by another).
fn reports_and_forgets_errors(stage: &Stage) {
    let errors: MutexMap<u64, u64> = MutexMap::new();
    let reported = MutexMap::new();
    together(&[
        &|| {
            for n in 0..24 {
                let _held = stage.lock();
                errors.upsert(n % 3, || 1, |count| *count += 1);
            }
        },
        &|| {
            for n in 0..24_u64 {
                let service = n % 3;
                let _held = stage.lock();
                let count = if stage.fixed() {
                    errors.remove(&service)
                } else {
                    let count = errors.get(&service);
                    if count.is_some() {
                        work(n);
                        errors.remove(&service);
                    }
                    count
                };
                reported.upsert(service, || count.unwrap_or(0), |sum| *sum += count.unwrap_or(0));
            }
        },
    ]);
    let total: u64 = errors.snapshot().values().chain(reported.snapshot().values()).sum();
    assert!(!stage.correct() || total == 48);
}

/// Admits a request while the count it read is below the limit.
///
/// Source: langgenius/dify, issue 39177, and SandeepVashishtha/Eventra, pull request 18552 (limits that are exceeded).
fn admits_requests_below_a_limit(stage: &Stage) {
    const LIMIT: u64 = 20;
    let active: ShardedMap<u64, u64> = ShardedMap::new();
    let admitted = workers(|worker| {
        let admit = |request: &u64| {
            let _held = stage.lock();
            if stage.fixed() {
                let mut admitted = true;
                active.upsert(
                    7,
                    || 1,
                    |n| {
                        admitted = *n < LIMIT;
                        *n += u64::from(admitted);
                    },
                );
                return admitted;
            }
            let n = active.get(&7).unwrap_or(0);
            if n >= LIMIT {
                return false;
            }
            work(worker + request);
            active.insert(7, n + 1);
            true
        };
        (0..8).filter(admit).count()
    });
    assert!(!stage.correct() || admitted.iter().sum::<usize>() == LIMIT as usize);
}
