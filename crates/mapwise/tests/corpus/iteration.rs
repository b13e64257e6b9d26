//! Acting on what an iteration showed: by the time of the act it has changed.
//!
//! Sources: golang/go, issue 22490 (`Range` beside `Store` is no snapshot); Lin and Dig, ICST 2013 (`isEmpty` or an
//! iteration, then the act); SEI CERT, rule VNA03-J (an enumeration needs a lock of its own around it). The repairs are
//! the operations that look and act in one: `retain`, `remove_if`, `drain`.

use mapwise::{MutexMap, RwLockMap, ShardedMap, SyncMap};

use crate::program::{Stage, programs, together, work};

programs! {
    sweeps_sessions_in_two_passes on "ShardedMap" finds IterateThenAct | StaleRemove;
    exports_metrics_key_by_key on "RwLockMap" finds IterateThenAct | StaleRemove;
    marks_prices_down_from_a_snapshot on "SyncMap" finds IterateThenAct | LostUpdate;
    evicts_the_least_used on "MutexMap" finds IterateThenAct | StaleRemove;
    retries_what_is_still_queued on "ShardedMap" finds IterateThenAct | StaleRemove;
}

/// Collects idle sessions, then removes them, those that were used between included.
///
/// Source: the sweep of session stores in two passes, as iterators that must not be written under force it.
fn sweeps_sessions_in_two_passes(stage: &Stage) {
    let last_seen: ShardedMap<u64, u64> = (0..16).map(|user| (user, 0)).collect();
    together(&[
        &|| {
            for now in 1..40 {
                let _held = stage.lock();
                last_seen.upsert(now % 16, || now, |seen| *seen = now);
            }
        },
        &|| {
            for now in (0..40).step_by(10) {
                let _held = stage.lock();
                if stage.fixed() {
                    last_seen.retain(|_, seen| *seen >= now);
                    continue;
                }
                let mut idle = Vec::new();
                last_seen.for_each(|user, seen| idle.extend((*seen < now).then_some(*user)));
                work(now);
                for user in idle {
                    last_seen.remove(&user);
                }
            }
        },
    ]);
    assert!(last_seen.len() <= 16);
}

/// Lists the keys, and takes the counts one by one; what is added between a look and its removal is never exported.
///
/// Source: exporters that reset what they read, on maps that have no operation for it.
fn exports_metrics_key_by_key(stage: &Stage) {
    let metrics: RwLockMap<u64, u64> = RwLockMap::new();
    let exported = MutexMap::new();
    let export = |count: u64| exported.upsert((), || count, |sum| *sum += count);
    together(&[
        &|| {
            for n in 0..40 {
                let _held = stage.lock();
                metrics.upsert(n % 4, || 1, |count| *count += 1);
            }
        },
        &|| {
            for _ in 0..6 {
                let _held = stage.lock();
                if stage.fixed() {
                    metrics.drain().into_iter().for_each(|(_, count)| export(count));
                    continue;
                }
                for key in metrics.keys() {
                    if let Some(count) = metrics.get(&key) {
                        work(count);
                        metrics.remove(&key);
                        export(count);
                    }
                }
            }
        },
    ]);
    metrics.drain().into_iter().for_each(|(_, count)| export(count));
    assert!(!stage.correct() || exported.get(&()) == Some(80));
}

/// Copies the prices, reduces the copy and writes it back over prices that were set meanwhile.
///
/// Source: the shape of golang/go, issue 22490: what `Range` saw is taken for the map.
fn marks_prices_down_from_a_snapshot(stage: &Stage) {
    let prices: SyncMap<u64, u64> = (0..6).map(|item| (item, 10_000)).collect();
    together(&[
        &|| {
            for n in 0..30 {
                let _held = stage.lock();
                prices.update(&(n % 6), |price| *price += 100);
            }
        },
        &|| {
            for _ in 0..3 {
                let _held = stage.lock();
                if stage.fixed() {
                    prices.retain(|_, price| {
                        *price -= 10;
                        true
                    });
                    continue;
                }
                for (item, price) in prices.snapshot() {
                    work(price);
                    prices.insert(item, price - 10);
                }
            }
        },
    ]);
    let total: u64 = prices.snapshot().values().sum();
    assert!(!stage.correct() || total == 60_000 + 60 * 100 - 6 * 6 * 10);
}

/// Finds the least used entry, and evicts it, however often it was used since.
///
/// Source: bounded caches built on a concurrent map, which has no order to evict by.
fn evicts_the_least_used(stage: &Stage) {
    let uses: MutexMap<u64, u64> = (0..8).map(|page| (page, 0)).collect();
    together(&[
        &|| {
            for n in 0..40 {
                let _held = stage.lock();
                uses.upsert(n % 8, || 1, |count| *count += 1);
            }
        },
        &|| {
            for _ in 0..12 {
                let _held = stage.lock();
                let mut least: Option<(u64, u64)> = None;
                uses.for_each(|page, count| {
                    if least.is_none_or(|(_, least)| *count < least) {
                        least = Some((*page, *count));
                    }
                });
                let Some((page, count)) = least else { continue };
                work(count);
                if stage.fixed() {
                    uses.remove_if(&page, |now| *now == count);
                } else {
                    uses.remove(&page);
                }
            }
        },
    ]);
    assert!(uses.len() <= 8);
}

/// Retries every queued delivery it saw and takes it off the queue; one that was queued anew meanwhile is lost.
///
/// Source: Lin and Dig, the act on an element that an iteration found; a delivery has its attempt as value.
fn retries_what_is_still_queued(stage: &Stage) {
    let queue: ShardedMap<u64, u64> = ShardedMap::new();
    together(&[
        &|| {
            for n in 0..40 {
                let _held = stage.lock();
                queue.upsert(n % 8, || 1, |attempt| *attempt += 1);
            }
        },
        &|| {
            for _ in 0..6 {
                let _held = stage.lock();
                let mut seen = Vec::new();
                queue.for_each(|delivery, attempt| seen.push((*delivery, *attempt)));
                for (delivery, attempt) in seen {
                    work(delivery);
                    if stage.fixed() {
                        queue.remove_if(&delivery, |now| *now == attempt);
                    } else {
                        queue.remove(&delivery);
                    }
                }
            }
        },
    ]);
    assert!(queue.len() <= 8);
}
