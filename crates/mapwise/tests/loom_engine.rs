//! Every interleaving of the protocols of `Map`, on the code that ships, with small buckets and segments.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test --release -p mapwise --target-dir target/loom \
//!     --test loom_engine
//! ```
//!
//! A model names the mutations of the code that it was seen to fail with: change the source so, and run it again. (One
//! that names none was seen to pass only.)
//! (In release: in debug builds the seam takes the model's threads, which share one of the system's, for re-entry.)

#![cfg(loom)]

mod hashers;
mod loom_map;
mod loom_model;

// std's atomics: they watch, and are no part of the model.
use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use hashers::Identity;
use loom::{model::Builder, sync::Arc, thread};
use loom_map::{CROWD, HIGH, ODD, Plain, TAG, Value, full, key, race, with_room};
use loom_model::{bounded, check, model};
use mapwise::Map;

/// A look-up while its slot is given to another key.
///
/// Fails when the fence of `locked` or of `is_still` is removed; when `Exclusive::store` or `word` is Relaxed; when a
/// change leaves the version; when `peek_home` copies from a locked bucket; when `peek_slots` does not look at the word again.
#[test]
fn a_copy_is_of_one_moment() {
    model(2, || {
        let map = race(
            full::<u64>([key(1)]),
            |map| {
                assert!(matches!(map.get(&key(1)), None | Some(2)));
                assert!(matches!(map.get(&key(2)), None | Some(40)));
            },
            |map| {
                map.remove(&key(1));
                map.insert(key(2), 40);
            },
        );
        assert_eq!((map.get(&key(1)), map.get(&key(2))), (None, Some(40)));
    });
}

/// Two closures on one value: none is lost.
///
/// Fails when `Exclusive::store` is Relaxed.
#[test]
fn updates_take_turns() {
    model(2, || {
        let add = |map: &Plain| map.update(&key(1), |n| *n += 1).unwrap();
        let map = race(full::<u64>([key(1)]), add, add);
        assert_eq!(map.get(&key(1)), Some(4));
    });
}

/// A look-up of an entry that moves from the chain to its home.
///
/// Fails when the fence of `locked`, of `unchanged_since` or of `is_still` is removed; when `word` is Relaxed; when
/// `peek` does not look at the word at the end. (Not when it does not before each step: then it might not end.)
#[test]
fn an_entry_that_is_pulled_home_is_not_missed() {
    model(2, || {
        race(
            full::<u64>([key(1), key(2), key(3)]),
            |map| assert_eq!(map.get(&key(3)), Some(key(3))),
            |map| assert_eq!(map.remove(&key(1)), Some(key(1))),
        );
    });
}

/// The same in a map that is read under the lock.
///
/// Fails when `Exclusive::store`, `Shared::drop` or `exchange` is Relaxed.
#[test]
fn an_entry_that_is_pulled_home_is_not_missed_under_the_lock() {
    model(2, || {
        race(
            full::<Value>([key(1), key(2), key(3)]),
            |map| assert_eq!(map.get(&key(3)), Some(Value(key(3)))),
            |map| assert_eq!(map.remove(&key(1)), Some(Value(key(1)))),
        );
    });
}

/// A look-up in a chain whose bucket one thread gives back and another puts to use for another home.
///
/// Fails when the fence of `Pool::take` is removed.
#[test]
fn an_overflow_bucket_that_is_used_again_misleads_nobody() {
    // Enough for the last writer to have its home's lock before the other gives the bucket back.
    bounded(1, || {
        let map = Arc::new(full::<u64>([key(1), key(2), key(3), key(1) | ODD, key(2) | ODD]));
        let remover = thread::spawn({
            let map = Arc::clone(&map);
            move || map.remove(&key(1))
        });
        let writer = thread::spawn({
            let map = Arc::clone(&map);
            move || map.insert(key(3) | ODD, 7)
        });
        let reader = thread::spawn({
            let map = Arc::clone(&map);
            move || assert_eq!(map.get(&key(3)), Some(key(3)))
        });
        remover.join().unwrap();
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(map.get(&(key(3) | ODD)), Some(7));
    });
}

/// A look-up in a chain whose bucket a split gives to another segment, where a thread puts it to use that had its home's
/// lock before.
///
/// Fails when the fence of `Pool::take` is removed.
#[test]
fn an_overflow_bucket_of_another_segment_misleads_nobody() {
    bounded(1, || {
        let moving = key(3) | ODD | HIGH;
        let map = Arc::new(full::<u64>([key(1) | ODD, key(2) | ODD, moving, key(1) | HIGH, key(2) | HIGH]));
        let splitter = thread::spawn({
            let map = Arc::clone(&map);
            move || map.reserve(2)
        });
        let writer = thread::spawn({
            let map = Arc::clone(&map);
            move || map.insert(key(3) | HIGH, 7)
        });
        let reader = thread::spawn({
            let map = Arc::clone(&map);
            move || assert_eq!(map.get(&moving), Some(moving))
        });
        splitter.join().unwrap();
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!((map.get(&(key(3) | HIGH)), map.len()), (Some(7), 6));
    });
}

/// A look-up in a chain whose bucket is given back, and then linked to one that another thread made and gave back.
///
/// Fails when `Pool::link` stores with Relaxed; when `Chain::next` loads so.
#[test]
fn a_look_up_may_stray_among_free_overflow_buckets() {
    bounded(1, || {
        let map = Arc::new(full::<u64>([key(1), key(2), key(3), key(1) | ODD, key(2) | ODD]));
        let writer = thread::spawn({
            let map = Arc::clone(&map);
            move || {
                map.insert(key(3) | ODD, 7);
                map.remove(&(key(3) | ODD));
            }
        });
        let remover = thread::spawn({
            let map = Arc::clone(&map);
            move || map.remove(&key(1))
        });
        let reader = thread::spawn({
            let map = Arc::clone(&map);
            move || assert_eq!(map.get(&key(4)), None)
        });
        writer.join().unwrap();
        remover.join().unwrap();
        reader.join().unwrap();
        assert_eq!(map.get(&key(3)), Some(key(3)));
    });
}

/// A look-up under the lock beside an update and a removal of the same entry.
///
/// Fails when `Exclusive::store`, `Shared::drop` or `exchange` is Relaxed.
#[test]
fn readers_and_writers_of_a_value_take_turns() {
    model(2, || {
        let map = race(
            full::<Value>([key(1)]),
            |map| assert!(matches!(map.view(&key(1), |value| value.0), None | Some(2 | 3))),
            |map| {
                map.update(&key(1), |value| value.0 += 1);
                assert_eq!(map.remove(&key(1)), Some(Value(3)));
            },
        );
        assert!(map.is_empty());
    });
}

/// Two readers and a writer of one value. One preemption: with two, three threads that wait for each other take hours.
///
/// Fails when `Shared::drop` is Relaxed.
#[test]
fn readers_share_and_writers_wait_for_all_of_them() {
    bounded(1, || {
        let map = Arc::new(full::<Value>([key(1)]));
        let reader = thread::spawn({
            let map = Arc::clone(&map);
            move || assert!(matches!(map.view(&key(1), |value| value.0), Some(2 | 3)))
        });
        let writer = thread::spawn({
            let map = Arc::clone(&map);
            move || map.update(&key(1), |value| value.0 += 1)
        });
        assert!(matches!(map.view(&key(1), |value| value.0), Some(2 | 3)));
        reader.join().unwrap();
        writer.join().unwrap();
        assert_eq!(map.get(&key(1)), Some(Value(3)));
    });
}

/// A reader whom nobody counts beside a writer, after which readers are let in so again. It looks at two entries, one
/// within the other: the second is counted.
///
/// Fails when `go_to` stores with Release, or for a second visit too; when `come_back` stores or `is_at` loads with Relaxed;
/// when there is no fence before the look at the lines; when `visit` does not look at the word; when `revoke` does not wait;
/// when a biased word is free. Does not fail when `visit` looks with Relaxed: whoever comes there has looked before.
#[test]
fn a_writer_waits_for_a_reader_whom_nobody_counts() {
    let look = |map: &Map<u64, Value, Identity>, at: u64| {
        assert!(matches!(map.view(&at, |value| value.0 - at), Some(0..=2)));
    };
    // In models the second reader after a writer lets others in uncounted.
    let let_in = move |map: &Map<u64, Value, Identity>, at: u64| (0..2).for_each(|_| look(map, at));
    let add = |map: &Map<u64, Value, Identity>| map.update(&key(1), |value| value.0 += 1).unwrap();
    model(2, move || {
        let map = full::<Value>([key(1), key(1) | ODD]);
        let_in(&map, key(1));
        let_in(&map, key(1) | ODD);
        let map = race(
            map,
            move |map| map.view(&key(1), |_| look(map, key(1) | ODD)).unwrap(),
            move |map| {
                add(map);
                let_in(map, key(1));
                add(map);
            },
        );
        assert_eq!(map.get(&key(1)), Some(Value(key(1) + 2)));
    });
}

/// Such a reader beside a removal of what it looks for, after which readers are let in so again.
///
/// Fails when `share_if` lets it in though the word has changed since it looked for the entry.
#[test]
fn a_reader_whom_nobody_counts_does_not_see_what_was_removed() {
    struct Alive(&'static AtomicBool);
    impl From<u64> for Alive {
        fn from(_: u64) -> Self {
            Self(Box::leak(Box::new(AtomicBool::new(true))))
        }
    }
    impl Drop for Alive {
        fn drop(&mut self) {
            self.0.store(false, Relaxed);
        }
    }
    let is_alive = |map: &Map<u64, Alive, Identity>, at: u64| map.view(&at, |value| assert!(value.0.load(Relaxed)));
    model(2, move || {
        let map = full::<Alive>([key(1), key(2)]);
        (0..2).for_each(|_| _ = is_alive(&map, key(1)).unwrap());
        race(
            map,
            move |map| _ = is_alive(map, key(1)),
            move |map| {
                drop(map.remove(&key(1)).unwrap());
                (0..2).for_each(|_| is_alive(map, key(2)).unwrap());
            },
        );
    });
}

/// A split beside look-ups of entries that move and that stay.
///
/// Fails when the fence of `locked` or of `is_still` is removed; when `word` or `Exclusive::store` is Relaxed; when `split`
/// leaves the depth.
#[test]
fn a_split_hides_no_entry() {
    model(2, || {
        let map = race(
            full::<u64>(CROWD),
            |map| {
                for key in [CROWD[1], CROWD[0]] {
                    assert_eq!(map.get(&key), Some(key));
                }
            },
            |map| assert_eq!(map.insert(key(4), 4), None),
        );
        for key in CROWD {
            assert_eq!(map.get(&key), Some(key));
        }
        assert_eq!(map.get(&key(4)), Some(4));
    });
}

/// The same in a map that is read under the lock.
///
/// Fails when `view_shared` does not look at the word it shared; when `split` leaves the depth; when `Directory::look_up` is
/// Relaxed. (Not when `Directory::set` or `Segment::follow` is: the fences of the locks before order what they do.)
#[test]
fn a_split_hides_no_entry_under_the_lock() {
    model(2, || {
        race(
            full::<Value>(CROWD),
            |map| {
                for key in [CROWD[1], CROWD[0]] {
                    assert_eq!(map.get(&key), Some(Value(key)));
                }
                assert_eq!(map.get(&(key(7) | HIGH | 1 << 17)), None);
            },
            |map| assert_eq!(map.insert(key(4), Value(4)), None),
        );
    });
}

/// A split of a segment that is as deep as the directory, which is doubled for it, beside a look-up of an entry that moves.
///
/// Fails when `publish` or `Engine::directory` is Relaxed.
#[test]
fn a_doubled_directory_hides_no_entry() {
    model(2, || {
        const DEEPER: u64 = HIGH >> 1;
        let keys = [key(1), key(2) | DEEPER, key(3) | ODD | DEEPER];
        race(
            with_room::<u64>(4, keys),
            move |map| assert_eq!(map.get(&keys[1]), Some(keys[1])),
            |map| assert_eq!(map.insert(key(4), 4), None),
        );
    });
}

/// Of which the next one in the even bucket splits the segment, and moves one that no other there looks like.
const APART: [u64; 3] = [key(1), key(2) | HIGH | TAG, key(3) | ODD | HIGH];

/// A look-up of an entry that leaves between the look at the word and the look at the tags.
///
/// Fails when `peek_home` or `peek` says that an entry is absent without another look at the word, or a fence of either look
/// is removed.
#[test]
fn an_entry_of_a_tag_of_its_own_is_not_missed_while_it_moves() {
    model(2, || {
        race(
            full::<u64>(APART),
            |map| assert_eq!(map.get(&APART[1]), Some(APART[1])),
            |map| assert_eq!(map.insert(key(4), 4), None),
        );
    });
}

/// The same in a map that is read under the lock, which it is not if no tag matches.
///
/// Fails when `view_shared` says that an entry is absent without another look at the word, or without its fence.
#[test]
fn an_entry_of_a_tag_of_its_own_is_not_missed_while_it_moves_though_others_are_read_under_the_lock() {
    model(2, || {
        race(
            full::<Value>(APART),
            |map| assert_eq!(map.get(&APART[1]), Some(Value(APART[1]))),
            |map| assert_eq!(map.insert(key(4), Value(4)), None),
        );
    });
}

/// A split beside an insertion for which there is room in the home that it does not belong to any more.
///
/// Fails when `reach_any` takes a free lock of any shape.
#[test]
fn an_entry_is_not_put_where_it_would_have_been_before_a_split() {
    const NEW: u64 = key(5) | ODD | HIGH;
    model(2, || {
        let map = race(
            full::<u64>(CROWD),
            |map| assert_eq!(map.insert(NEW, 5), None),
            |map| assert_eq!(map.insert(key(4), 4), None),
        );
        assert_eq!(map.get(&NEW), Some(5));
    });
}

/// A split beside an insertion of, and an update to, entries that belong to the new segment.
///
/// Fails when `write`, `write_present` or `reach` takes a free lock of any shape; when `lock_if` takes the lock though the
/// word has changed.
#[test]
fn a_split_loses_no_write() {
    model(2, || {
        let map = race(
            full::<u64>(CROWD),
            |map| {
                assert_eq!(map.insert(key(5) | HIGH, 5), None);
                assert_eq!(map.update(&CROWD[1], |n| *n += 1), Some(()));
            },
            |map| assert_eq!(map.insert(key(4), 4), None),
        );
        assert_eq!((map.get(&key(4)), map.get(&(key(5) | HIGH))), (Some(4), Some(5)));
        assert_eq!(map.get(&CROWD[1]), Some(CROWD[1] + 1));
        assert_eq!(map.len(), 5);
    });
}

/// A split beside an update of an entry that moves, which may look at its old home while it leaves.
///
/// Fails when `reach` or `write_present` does not look at the word again before it says that the entry is absent.
#[test]
fn an_entry_that_moves_is_not_taken_for_absent() {
    model(2, || {
        let map = race(
            full::<u64>(CROWD),
            |map| assert_eq!(map.update(&CROWD[1], |n| *n += 1), Some(())),
            |map| assert_eq!(map.insert(key(4), 4), None),
        );
        assert_eq!(map.get(&CROWD[1]), Some(CROWD[1] + 1));
    });
}

/// Two insertions that both crowd the segment: one of them splits it, the other leaves it alone or splits it again.
///
/// Fails when `try_turn` takes a turn that another thread has; when it or `Turn::drop` is Relaxed.
#[test]
fn two_splits_of_one_segment_take_turns() {
    model(2, || {
        let map = race(
            full::<u64>([key(1), key(2) | HIGH, key(3) | ODD | HIGH, key(4) | ODD]),
            |map| assert_eq!(map.insert(key(5), 5), None),
            |map| assert_eq!(map.insert(key(6) | ODD, 6), None),
        );
        for key in [key(1), key(2) | HIGH, key(3) | ODD | HIGH, key(4) | ODD] {
            assert_eq!(map.get(&key), Some(key));
        }
        assert_eq!((map.get(&key(5)), map.get(&(key(6) | ODD))), (Some(5), Some(6)));
    });
}

/// A segment that its parent is still filling gets crowded itself.
///
/// Passes even when `grow` does not wait for `complete`: in two homes nothing is lost by that until there are merges too, as in
/// `shuttle_map.rs`, whose accounts fail then.
#[test]
fn a_segment_that_is_being_filled_is_not_split() {
    model(2, || {
        let map = race(
            full::<u64>(CROWD),
            |map| assert_eq!(map.insert(key(4), 4), None),
            |map| {
                assert_eq!(map.insert(key(5) | HIGH, 5), None);
                assert_eq!(map.insert(key(6) | HIGH | 1 << 62, 6), None);
            },
        );
        for key in CROWD {
            assert_eq!(map.get(&key), Some(key));
        }
        let others = [key(4), key(5) | HIGH, key(6) | HIGH | 1 << 62].map(|key| map.get(&key));
        assert_eq!(others, [Some(4), Some(5), Some(6)]);
    });
}

/// A split, an insertion and a look-up at once: as many interleavings as fit into twenty seconds, for all of them take
/// too long.
#[test]
fn a_split_beside_a_writer_and_a_reader() {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(1);
    builder.max_duration = Some(std::time::Duration::from_secs(20));
    check(builder, || {
        let map = Arc::new(full::<u64>(CROWD));
        let splitter = thread::spawn({
            let map = Arc::clone(&map);
            move || map.insert(key(4), 4)
        });
        let writer = thread::spawn({
            let map = Arc::clone(&map);
            move || map.insert(CROWD[1], 9)
        });
        let reader = thread::spawn({
            let map = Arc::clone(&map);
            move || assert!([Some(CROWD[1]), Some(9)].contains(&map.get(&CROWD[1])))
        });
        reader.join().unwrap();
        splitter.join().unwrap();
        assert_eq!(writer.join().unwrap(), Some(CROWD[1]));
        assert_eq!((map.get(&key(4)), map.get(&CROWD[1])), (Some(4), Some(9)));
    });
}

/// The first segment, of one bucket, is replaced by one of two beside a look-up and an insertion.
///
/// Fails when `publish` is Relaxed; when `write` takes a free lock of any shape.
#[test]
fn replacing_a_small_segment_hides_and_loses_nothing() {
    model(2, || {
        let map = Plain::with_hasher(Identity::default());
        map.insert(key(1), 1);
        map.insert(key(2) | ODD, 2);
        let map = race(
            map,
            |map| {
                assert_eq!(map.get(&(key(2) | ODD)), Some(2));
                assert_eq!(map.insert(key(3) | ODD, 3), None);
            },
            |map| assert_eq!(map.insert(key(4), 4), None),
        );
        for (key, value) in [(key(1), 1), (key(2) | ODD, 2), (key(3) | ODD, 3), (key(4), 4)] {
            assert_eq!(map.get(&key), Some(value));
        }
    });
}

/// An iteration beside a split sees what is there throughout once.
///
/// Fails when `walk_home` visits no children.
#[test]
fn an_iteration_sees_what_a_split_moves_once() {
    model(2, || {
        race(
            full::<u64>(CROWD),
            |map| {
                let mut seen = HashMap::new();
                map.for_each(|key, value| *seen.entry(*key).or_insert(0) += value);
                seen.remove(&key(4));
                assert_eq!(seen, CROWD.map(|key| (key, key)).into());
            },
            |map| assert_eq!(map.insert(key(4), 4), None),
        );
    });
}

/// Transactions on the same two entries in opposite orders: no circle, nothing half done.
///
/// Fails when `lock_all` does not sort.
#[test]
fn transactions_wait_in_one_order() {
    model(2, || {
        let (a, b) = (key(1), key(1) | ODD);
        let map = race(
            full::<u64>([a, b]),
            move |map| {
                map.transact([&a, &b], |[a, b]| {
                    *a.unwrap() += 1;
                    *b.unwrap() += 1;
                })
                .unwrap();
            },
            move |map| {
                let difference = map.transact([&b, &a], |[b, a]| *b.unwrap() - *a.unwrap());
                assert_eq!(difference, Ok(1));
            },
        );
        assert_eq!((map.get(&a), map.get(&b)), (Some(a + 1), Some(b + 1)));
    });
}
