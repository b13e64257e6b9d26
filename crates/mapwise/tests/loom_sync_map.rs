//! Every interleaving of the protocols of `SyncMap`, on the code that ships.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=3 cargo test --release -p mapwise --target-dir target/loom \
//!     --test loom_sync_map --test loom_counter_map
//! ```
//!
//! Each model names mutations of the code that it was seen to fail with: change the source so, and run it again.
//! Reclamation is replaced by keeping everything until the map is dropped.

#![cfg(loom)]

mod loom_model;

use std::hash::{BuildHasherDefault, DefaultHasher};

use loom::{sync::Arc, thread};
use loom_model::model;
use mapwise::{Action, SyncMap};

/// Hashes the same in every run of a model.
type Map = SyncMap<u64, u64, BuildHasherDefault<DefaultHasher>>;

/// Makes a map whose read table has `keys`, each with itself as value.
fn promoted(keys: impl IntoIterator<Item = u64>) -> Map {
    keys.into_iter().map(|key| (key, key)).collect()
}

/// Runs `first` and `second` on threads of their own, and `third` on this one.
fn race(
    map: Map,
    first: impl FnOnce(&Map) + Send + 'static,
    second: impl FnOnce(&Map) + Send + 'static,
    third: impl FnOnce(&Map),
) -> Arc<Map> {
    let map = Arc::new(map);
    let threads = [
        thread::spawn({
            let map = Arc::clone(&map);
            move || first(&map)
        }),
        thread::spawn({
            let map = Arc::clone(&map);
            move || second(&map)
        }),
    ];
    third(&map);
    for thread in threads {
        thread.join().unwrap();
    }
    map
}

/// A promotion beside a look-up and a store: no key is missed, no store lost.
///
/// Fails when `find_locked` does not look into the read table again.
#[test]
fn promotion_hides_no_key_and_loses_no_store() {
    model(3, || {
        let map = promoted([1]);
        map.store(2, 2);
        let map = race(
            map,
            // A miss: promotes at the second, for the dirty table has two keys.
            |map| {
                assert_eq!(map.load(&3), None);
                assert_eq!(map.load(&2), Some(2));
            },
            |map| map.store(1, 10),
            |map| {
                assert!(matches!(map.load(&1), Some(1 | 10)));
                assert_eq!(map.load(&2), Some(2));
            },
        );
        assert_eq!(map.load(&1), Some(10));
        assert_eq!(map.load(&2), Some(2));
        assert_eq!(map.len(), 2);
    });
}

/// A first new key, which copies the read table, beside a look-up and a store of another new key.
///
/// Fails when `amend` copies nothing.
#[test]
fn amending_beside_others_shows_both_new_keys() {
    model(3, || {
        let map = race(
            promoted([1]),
            |map| map.store(2, 2),
            |map| map.store(3, 3),
            |map| {
                assert_eq!(map.load(&1), Some(1));
                assert!(matches!(map.load(&2), None | Some(2)));
            },
        );
        assert_eq!((map.load(&1), map.load(&2), map.load(&3)), (Some(1), Some(2), Some(3)));
        assert_eq!(map.len(), 3);
    });
}

/// A first new key after another thread's promotion: who sees that the read table is amended sees the table.
///
/// Fails when `promote` publishes with Relaxed, when `read` loads with Relaxed. Does not fail when `amend` publishes with
/// Relaxed, which is thought to be wrong all the same: see there.
#[test]
fn amending_keeps_the_promoted_table_visible() {
    model(3, || {
        let map = race(
            promoted([]),
            |map| {
                map.store(1, 1);
                map.load(&1);
            },
            |map| map.store(2, 2),
            |map| assert!(matches!(map.load(&1), None | Some(1))),
        );
        assert_eq!((map.load(&1), map.load(&2)), (Some(1), Some(2)));
    });
}

/// A deleted key is stored again while another thread makes the dirty table (which expunges the entry) and promotes it
/// (which drops the entry).
///
/// Fails when `exchange` does not refuse an expunged entry; when `link` does not put the entry it revives into the dirty
/// table; when `expunge` is a load and a store.
#[test]
fn a_store_to_an_entry_that_is_being_expunged_is_not_lost() {
    model(3, || {
        let map = promoted([1]);
        map.delete(&1);
        let map = race(
            map,
            |map| map.store(1, 10),
            |map| {
                map.store(2, 2);
                map.load(&2);
                map.load(&2);
            },
            |_| (),
        );
        assert_eq!(map.load(&1), Some(10));
        assert_eq!(map.load(&2), Some(2));
        assert_eq!(map.len(), 2);
        map.range(|_, _| true);
        assert_eq!((map.load(&1), map.load(&2)), (Some(10), Some(2)));
    });
}

/// A deletion beside a promotion: the key is gone, whichever table had it.
///
/// Fails when `find_locked` does not look into the read table again under the lock.
#[test]
fn a_deletion_beside_a_promotion_deletes() {
    model(3, || {
        let map = promoted([]);
        map.store(1, 1);
        let map = race(
            map,
            |map| assert_eq!(map.load_and_delete(&1), Some(1)),
            |map| map.range(|_, _| true),
            |map| assert!(matches!(map.load(&1), None | Some(1))),
        );
        assert_eq!(map.load(&1), None);
        map.store(1, 2);
        assert_eq!(map.load(&1), Some(2));
        assert_eq!(map.len(), 1);
    });
}

/// A closure at work on an entry, beside a store and a look-up.
///
/// Fails when `exchange` does not refuse a busy entry (the closure overwrites the store); when `begin` or `exchange` loads
/// with Relaxed, or goes on with Relaxed after a failed exchange; when `exchange` or the end of a turn publishes with
/// Relaxed.
#[test]
fn a_closure_loses_no_store_and_shows_nothing_half_done() {
    model(3, || {
        let map = race(
            promoted([1]),
            |map| {
                map.update(&1, |value| *value += 100).unwrap();
            },
            |map| map.store(1, 2),
            |map| assert!(matches!(map.load(&1), Some(1 | 2 | 101 | 102))),
        );
        assert!(matches!(map.load(&1), Some(2 | 102)));
    });
}

/// Closures of three threads on one entry: none is lost, and every waiter wakes.
///
/// Fails when `begin` loads with Relaxed; by a deadlock when a waiter sits down without looking behind the door, when the end
/// of a turn does not ring, when it rings without having been at the door.
#[test]
fn closures_on_one_key_take_turns() {
    let add = |map: &Map| {
        map.update(&1, |value| *value += 1).unwrap();
    };
    model(3, move || {
        let map = race(promoted([1]), add, add, |_| ());
        assert_eq!(map.load(&1), Some(3));
    });
}

/// Two threads make the same key, by a closure each: one runs.
///
/// Fails when `link` does not look into the dirty table; when it makes the entry deleted instead of busy; when `value` loads
/// with Relaxed.
#[test]
fn a_key_is_initialized_once() {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    model(3, || {
        // std's: it counts, and is no part of the model.
        let runs = std::sync::Arc::new(AtomicU64::new(0));
        let init = |key: u64| {
            let runs = std::sync::Arc::clone(&runs);
            move |map: &Map| {
                let got = map.get_or_insert_with(1, || {
                    runs.fetch_add(1, SeqCst);
                    key
                });
                assert_eq!(map.load(&1), Some(got));
            }
        };
        let map = race(promoted([]), init(10), init(20), |map| assert!(matches!(map.load(&1), None | Some(10 | 20))));
        assert_eq!(runs.load(SeqCst), 1);
        assert_eq!(map.len(), 1);
    });
}

/// Two threads `load_or_store` the same key: both get what one of them stored.
#[test]
fn load_or_store_agrees_on_one_value() {
    model(3, || {
        let map = race(
            promoted([2]),
            |map| {
                let (value, _) = map.load_or_store(1, 10);
                assert_eq!(map.load(&1), Some(value));
            },
            |map| {
                let (value, _) = map.load_or_store(1, 20);
                assert_eq!(map.load(&1), Some(value));
            },
            |_| (),
        );
        assert_eq!(map.len(), 2);
    });
}

/// A placeholder that a closure leaves empty is swept while another thread stores the same key.
///
/// Fails when `sweep` removes an entry that is not deleted any more.
#[test]
fn sweeping_an_empty_entry_loses_no_store() {
    model(3, || {
        let map = race(
            promoted([2]),
            |map| {
                map.compute(1, |present| {
                    assert!(matches!(present, None | Some(10)));
                    Action::Keep(())
                })
            },
            |map| map.store(1, 10),
            |_| (),
        );
        assert_eq!(map.load(&1), Some(10));
        assert_eq!(map.len(), 2);
    });
}

/// An entry that only the dirty table had is deleted; before it is swept, it is promoted, copied and deleted again.
///
/// Fails when `sweep` does not look into the read table again under the lock (the entry is freed twice in the end).
#[test]
fn an_entry_that_was_promoted_meanwhile_is_not_swept() {
    model(3, || {
        let map = promoted([]);
        map.store(1, 1);
        // So that the first miss does not promote.
        map.store(3, 3);
        let map = race(
            map,
            |map| map.delete(&1),
            |map| {
                map.store(1, 10);
                map.range(|_, _| true);
                map.store(2, 2);
                map.delete(&1);
            },
            |_| (),
        );
        assert_eq!(map.load(&1), None);
        map.store(1, 20);
        map.range(|_, _| true);
        assert_eq!((map.load(&1), map.load(&2), map.len()), (Some(20), Some(2), 3));
    });
}

/// A removal beside a store: either order, and the count of entries agrees.
///
/// Fails when `exchange` loads or publishes with Relaxed.
#[test]
fn a_removal_beside_a_store_has_one_order() {
    model(3, || {
        let map = race(
            promoted([1]),
            |map| assert!(matches!(map.remove(&1), Some(1 | 10))),
            |map| assert!(matches!(map.insert(1, 10), None | Some(1))),
            |map| assert!(matches!(map.load(&1), None | Some(1 | 10))),
        );
        assert!(matches!(map.load(&1), None | Some(10)));
        assert_eq!(map.len(), usize::from(map.load(&1).is_some()));
    });
}

/// Clearing beside a store and a closure: what came before is gone, what comes after stays, and `len` agrees.
///
/// Fails when `clear` publishes with Relaxed; when it does not kill; when `kill` does not wait for a closure at work (its node
/// is freed twice).
#[test]
fn clearing_beside_writers_leaves_a_map_that_agrees_with_itself() {
    model(3, || {
        let map = race(
            promoted([1]),
            |map| map.clear(),
            |map| map.store(1, 10),
            |map| {
                map.update(&1, |value| *value += 100);
            },
        );
        assert!(matches!(map.load(&1), None | Some(10 | 110)));
        assert_eq!(map.len(), usize::from(map.load(&1).is_some()));
    });
}

/// Compare-and-swap by two threads from the same value: exactly one succeeds.
#[test]
fn one_of_two_compare_and_swaps_succeeds() {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    model(3, || {
        let swapped = std::sync::Arc::new(AtomicU64::new(0));
        let swap = |new: u64| {
            let swapped = std::sync::Arc::clone(&swapped);
            move |map: &Map| {
                swapped.fetch_add(u64::from(map.compare_and_swap(&1, &1, new).is_ok()), SeqCst);
            }
        };
        let map = race(promoted([1]), swap(10), swap(20), |_| ());
        assert_eq!(swapped.load(SeqCst), 1);
        assert!(matches!(map.load(&1), Some(10 | 20)));
    });
}
