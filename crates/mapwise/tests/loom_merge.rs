//! Every interleaving of merges with everything else, on the code that ships, with small buckets and segments.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --release -p mapwise --target-dir target/loom \
//!     --test loom_merge
//! ```
//!
//! A model names the mutations of the code that it was seen to fail with, as in `loom_engine.rs`.

#![cfg(loom)]

mod hashers;
mod loom_map;
mod loom_model;

use std::collections::HashMap;

use hashers::Identity;
use loom::{sync::Arc, thread};
use loom_map::{CROWD, HIGH, ODD, Value, full, key, race};
use loom_model::bounded;
use mapwise::Map;

/// Stays in the first segment.
const LOW: u64 = CROWD[0];
/// In the second segment; a merge moves it.
const MOVES: u64 = CROWD[1];

/// A map that was split, and has so few entries, one in each half, that it is merged when one is removed.
fn split<V: From<u64>>() -> Map<u64, V, Identity> {
    let map = full::<V>(CROWD);
    map.insert(key(4), V::from(4));
    for key in [key(4), CROWD[2]] {
        assert!(map.remove(&key).is_some());
    }
    map
}

/// A merge beside look-ups of an entry that moves.
///
/// Fails when `unite` leaves the parent's depth, or the child's homes as they are, or moves nothing.
#[test]
fn a_merge_hides_no_entry() {
    bounded(1, || {
        let map = race(
            split::<u64>(),
            |map| {
                assert_eq!(map.get(&MOVES), Some(MOVES));
                assert!(matches!(map.get(&LOW), None | Some(LOW)));
            },
            |map| assert_eq!(map.remove(&LOW), Some(LOW)),
        );
        assert_eq!((map.get(&MOVES), map.get(&LOW), map.len()), (Some(MOVES), None, 1));
    });
}

/// The same in a map that is read under the lock.
///
/// Fails likewise.
#[test]
fn a_merge_hides_no_entry_under_the_lock() {
    bounded(2, || {
        race(
            split::<Value>(),
            |map| {
                assert_eq!(map.get(&MOVES), Some(Value(MOVES)));
                assert_eq!(map.get(&(key(7) | HIGH | 1 << 17)), None);
            },
            |map| assert_eq!(map.remove(&LOW), Some(Value(LOW))),
        );
    });
}

/// A merge beside writes to the segment that is emptied.
///
/// Fails likewise.
#[test]
fn a_merge_loses_no_write() {
    bounded(2, || {
        let map = race(
            split::<u64>(),
            |map| {
                assert_eq!(map.update(&MOVES, |n| *n += 1), Some(()));
                assert_eq!(map.insert(key(5) | HIGH, 5), None);
            },
            |map| assert_eq!(map.remove(&LOW), Some(LOW)),
        );
        assert_eq!((map.get(&MOVES), map.get(&(key(5) | HIGH)), map.len()), (Some(MOVES + 1), Some(5), 2));
    });
}

/// A look-up beside a merge and the split that undoes it: it may hold on to the segment that is emptied and filled again.
///
/// Fails when `split` leaves MOVED in the words of a child that was merged, or counts their versions anew, or fills it
/// without its locks.
#[test]
fn a_segment_that_is_used_again_misleads_nobody() {
    bounded(2, || {
        let map = race(
            split::<u64>(),
            |map| assert_eq!(map.get(&MOVES), Some(MOVES)),
            |map| {
                assert_eq!(map.remove(&LOW), Some(LOW));
                // Splits.
                map.reserve(2);
            },
        );
        assert_eq!((map.get(&MOVES), map.get(&LOW), map.len()), (Some(MOVES), None, 1));
    });
}

/// A writer that holds on to it likewise.
///
/// Fails likewise.
#[test]
fn a_segment_that_is_used_again_loses_no_write() {
    bounded(2, || {
        let map = race(
            split::<u64>(),
            |map| assert_eq!(map.update(&MOVES, |n| *n += 1), Some(())),
            |map| {
                assert_eq!(map.remove(&LOW), Some(LOW));
                map.reserve(2);
            },
        );
        assert_eq!((map.get(&MOVES), map.len()), (Some(MOVES + 1), 1));
    });
}

/// It gets crowded itself while its parent fills it again.
///
/// Fails when `unite` leaves the depth that `split` goes by, or `split` leaves MOVED. (Not when `unite` leaves the child
/// complete: buckets are too few here for it to be crowded before it is full.)
#[test]
fn a_segment_that_is_filled_again_is_not_split() {
    bounded(1, || {
        let map = split::<u64>();
        map.remove(&LOW);
        assert_eq!(map.insert(CROWD[2], CROWD[2]), None);
        let others = [key(5) | HIGH, key(6) | HIGH | 1 << 62];
        let map = race(
            map,
            |map| map.reserve(2),
            move |map| assert_eq!((map.insert(others[0], 1), map.insert(others[1], 2)), (None, None)),
        );
        assert_eq!([MOVES, CROWD[2]].map(|key| map.get(&key)), [Some(MOVES), Some(CROWD[2])]);
        assert_eq!(others.map(|key| map.get(&key)), [Some(1), Some(2)]);
    });
}

/// An iteration beside a merge.
///
/// Fails when `try_merge` ignores walks or `walk` does not wait for merges; when `walk` or `Merging::drop` is Relaxed; when
/// `unite` leaves the directory. (Not when `try_merge` or `Walking::drop` is: the locks of the homes order that too.)
#[test]
fn an_iteration_sees_what_a_merge_moves_once() {
    bounded(2, || {
        race(
            split::<u64>(),
            |map| {
                let mut seen = HashMap::new();
                map.for_each(|key, value| *seen.entry(*key).or_insert(0) += value);
                seen.remove(&LOW);
                assert_eq!(seen, HashMap::from([(MOVES, MOVES)]));
            },
            |map| assert_eq!(map.remove(&LOW), Some(LOW)),
        );
    });
}

/// A transaction that locks the two homes that a merge locks.
///
/// Fails when `lock_both` takes the child's lock first; when `unite` leaves the parent's depth; when `lock_all` takes homes
/// for those of its keys without a look under the lock.
#[test]
fn a_merge_and_a_transaction_wait_in_one_order() {
    bounded(2, || {
        let map = race(
            split::<u64>(),
            |map| {
                let moved = map.transact([&MOVES, &LOW], |[moves, low]| {
                    *moves.unwrap() += 1;
                    low.map(|low| *low += 1).is_some()
                });
                assert!(moved.is_ok());
            },
            |map| assert!(matches!(map.remove(&LOW), Some(value) if value == LOW || value == LOW + 1)),
        );
        assert_eq!((map.get(&MOVES), map.get(&LOW)), (Some(MOVES + 1), None));
    });
}

/// Two threads that both find the same two segments sparse.
///
/// Fails when `unite` leaves the parent's depth. Passes without turns, as two merges of one pair do the same twice: turns
/// keep a merge and a split apart, which no model reaches.
#[test]
fn two_merges_of_one_pair_take_turns() {
    bounded(1, || {
        let map = race(
            split::<u64>(),
            |map| assert_eq!(map.remove(&LOW), Some(LOW)),
            |map| {
                assert_eq!(map.remove(&MOVES), Some(MOVES));
                assert_eq!(map.insert(MOVES, 7), None);
            },
        );
        assert_eq!((map.get(&MOVES), map.get(&LOW), map.len()), (Some(7), None, 1));
    });
}

/// A writer that waited for a reader and found nothing to write lets the next reader in.
///
/// Fails, by not ending, when `write_present` says that an entry is absent though readers are held back.
#[test]
fn a_writer_with_nothing_to_write_holds_no_reader_back() {
    bounded(1, || {
        let map = Arc::new(full::<Value>([key(1)]));
        let reader = thread::spawn({
            let map = Arc::clone(&map);
            move || assert!(map.contains_key(&key(1)))
        });
        let writer = thread::spawn({
            let map = Arc::clone(&map);
            // Of another tag.
            move || assert_eq!(map.remove(&(key(1) | 1 << 17)), None)
        });
        reader.join().unwrap();
        writer.join().unwrap();
        assert_eq!(map.get(&(key(1))), Some(Value(key(1))));
        assert_eq!(map.get(&ODD), None);
    });
}
