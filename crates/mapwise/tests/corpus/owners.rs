//! Maps whose operations are atomic in a way of their own: an owner thread, counters without a lock.
//!
//! Sources: the shapes of Lin and Dig (ICST 2013) and AVIO (ASPLOS 2006), where people believe that a queue or an atomic
//! instruction makes two calls one; Chabbi and Ramanathan (PLDI 2022), message passing mixed with shared state.

use mapwise::{ActorMap, CounterMap, MutexMap};

use crate::program::{Stage, WORKERS, fresh, programs, together, work, workers};

programs! {
    reserves_stock_through_an_owner on "ActorMap" finds LostUpdate;
    advances_a_state_machine on "ActorMap" finds LostUpdate;
    opens_a_room_for_the_first_guest on "ActorMap" finds DoubleInit;
    closes_a_room_that_was_empty on "ActorMap" finds StaleRemove;
    takes_counters_one_by_one on "CounterMap" finds StaleRemove;
    drops_counters_that_were_cold on "CounterMap" finds IterateThenAct | StaleRemove;
}

/// Asks the owner for the stock, then tells it the rest: the owner serves others between the two requests.
///
/// Source: AVIO's read, foreign write, write; each request alone is atomic.
fn reserves_stock_through_an_owner(stage: &Stage) {
    let stock: ActorMap<u64, u64> = (0..2).map(|item| (item, 100)).collect();
    workers(|worker| {
        for n in 0..8 {
            let item = n % 2;
            let _held = stage.lock();
            if stage.fixed() {
                stock.update(&item, |left| *left -= 1);
                continue;
            }
            let left = stock.get(&item).unwrap_or(0);
            work(worker);
            stock.insert(item, left - 1);
        }
    });
    assert!(!stage.correct() || stock.get(&0) == Some(100 - 4 * WORKERS));
}

/// Stores the state that follows from the one it asked for: two events make one step.
///
/// Source: Chabbi and Ramanathan, message passing mixed with shared state.
fn advances_a_state_machine(stage: &Stage) {
    let states: ActorMap<u64, u64> = (0..2).map(|order| (order, 0)).collect();
    workers(|_| {
        for event in 0..6 {
            let order = event % 2;
            let _held = stage.lock();
            if stage.fixed() {
                states.update(&order, |state| *state += 1);
                continue;
            }
            let Some(state) = states.view(&order, |state| *state) else { continue };
            work(event);
            states.insert(order, state + 1);
        }
    });
    assert!(!stage.correct() || states.get(&1) == Some(3 * WORKERS));
}

/// Asks whether a room is there, and opens it if not: the guests of a room opened meanwhile sit in the dark.
///
/// Source: Lin and Dig, put-if-absent.
fn opens_a_room_for_the_first_guest(stage: &Stage) {
    let rooms: ActorMap<u64, u64> = ActorMap::new();
    let entered = workers(|_| {
        [0, 1, 2, 3, 4, 5].map(|room| {
            let _held = stage.lock();
            if stage.fixed() {
                return rooms.get_or_insert_with(room, || work(room) ^ fresh());
            }
            if !rooms.contains_key(&room) {
                rooms.insert(room, work(room) ^ fresh());
            }
            rooms.get(&room).unwrap_or(0)
        })
    });
    assert!(!stage.correct() || entered.iter().all(|rooms| *rooms == entered[0]));
}

/// Removes a room that had no guests when it asked; one has come in since.
///
/// Source: Lin and Dig, remove after a test of the value.
fn closes_a_room_that_was_empty(stage: &Stage) {
    let guests: ActorMap<u64, u64> = ActorMap::new();
    workers(|worker| {
        for n in 0..6 {
            let room = n % 2;
            let _held = stage.lock();
            guests.upsert(room, || 1, |count| *count += 1);
            work(worker);
            guests.update(&room, |count| *count = count.saturating_sub(1));
            if stage.fixed() {
                guests.remove_if(&room, |count| *count == 0);
            } else if guests.get(&room) == Some(0) {
                work(n);
                guests.remove(&room);
            }
        }
    });
    assert!(!stage.correct() || guests.is_empty());
}

/// Exports a count and removes the counter; what was added between is in no export.
///
/// Source: exporters on counters that have no `reset`; the removal returns the true count, which nobody looks at.
fn takes_counters_one_by_one(stage: &Stage) {
    let counters: CounterMap<u64> = CounterMap::new();
    let exported = MutexMap::new();
    let export = |count: u64| exported.upsert((), || count, |sum| *sum += count);
    together(&[
        &|| {
            for n in 0..60 {
                let _held = stage.lock();
                counters.increment(n % 3);
                work(n);
            }
        },
        &|| {
            for n in 0..12 {
                let _held = stage.lock();
                if stage.fixed() {
                    export(counters.remove(&(n % 3)).unwrap_or(0));
                } else if let Some(count) = counters.get(&(n % 3)) {
                    work(count);
                    counters.remove(&(n % 3));
                    export(count);
                }
            }
        },
    ]);
    counters.drain().into_values().for_each(export);
    assert!(!stage.correct() || exported.get(&()) == Some(120));
}

/// Exports and drops the counters that had little when it looked, with what they had then.
///
/// Source: the sweep in two passes, on counters.
fn drops_counters_that_were_cold(stage: &Stage) {
    let counters: CounterMap<u64> = CounterMap::new();
    let exported = MutexMap::new();
    let export = |count: u64| exported.upsert((), || count, |sum| *sum += count);
    together(&[
        &|| {
            for n in 0..60 {
                let _held = stage.lock();
                counters.add(n % 4, 2);
                work(n);
            }
        },
        &|| {
            for _ in 0..6 {
                let _held = stage.lock();
                if stage.fixed() {
                    counters.reset().into_values().for_each(export);
                    continue;
                }
                let mut cold = Vec::new();
                counters.for_each(|key, count| cold.extend((*count < 10).then_some((*key, *count))));
                for (key, count) in cold {
                    work(count);
                    counters.remove(&key);
                    export(count);
                }
            }
        },
    ]);
    counters.drain().into_values().for_each(export);
    assert!(!stage.correct() || exported.get(&()) == Some(240));
}
