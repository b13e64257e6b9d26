//! One suite, run on every map: `cargo test -p mapwise --test conformance`.
//!
//! A map's line below names its kind; each test of each group then runs on it under its own name.

#![allow(missing_docs, unreachable_pub, reason = "tests are not read as documentation")]
#![allow(dropping_copy_types, reason = "the results are dropped whatever their type")]

#[path = "../checked/mod.rs"]
mod checked;
mod contract;
mod linearize;
mod model;
mod panics;
mod reentry;
mod subject;
mod threads;

use std::{collections::HashMap, ops::ControlFlow};

use mapwise::{Action, ActorMap, FailFastMap, Map, MutexMap, NotSwapped, Occupied, RwLockMap, ShardedMap, SyncMap};
use subject::{Kind, Subject, TestHasher, TestKey, TestValue, subject};

macro_rules! tests {
    ($kind:ty, $group:ident: $($test:ident)*) => {
        $(#[test] fn $test() { crate::$group::$test::<$kind>(); })*
    };
}

/// The tests that need one thread.
macro_rules! alone {
    ($kind:ty) => {
        tests! { $kind, contract:
            insert_returns_the_value_it_replaced
            reads_find_present_keys_only
            insert_if_absent_hands_back_what_it_refuses
            init_runs_only_for_an_absent_key
            update_changes_in_place_and_returns_the_result
            upsert_makes_or_changes
            compute_does_what_it_is_answered
            remove_returns_the_value
            compare_and_swap_tells_absent_from_different
            retain_shows_each_entry_once_and_keeps_what_it_is_told
            clear_and_drain_leave_nothing
            iteration_sees_every_entry_once
            iteration_stops_when_told
            growth_and_mass_removal_keep_every_entry
            sizes_and_alignments_do_not_matter
            every_value_is_dropped_exactly_once
        }
        tests! { $kind, model:
            any_sequence_agrees_with_std
            any_sequence_agrees_with_std_when_all_hashes_are_equal
            any_sequence_agrees_with_std_when_hashes_are_truncated
        }
        tests! { $kind, panics:
            a_panic_in_a_closure_leaves_the_map_usable
            a_panic_in_a_trait_of_key_or_value_loses_no_other_key
        }
    };
}

/// The tests of a map that threads may share.
macro_rules! shared {
    ($module:ident, $kind:ty) => {
        mod $module {
            use super::*;

            alone! { $kind }
            tests! { $kind, threads:
                init_runs_at_most_once_per_key
                closures_of_writes_run_exactly_once_and_lose_nothing
                one_of_many_inserts_and_one_of_many_removes_wins
                iteration_sees_settled_entries_exactly_once_beside_writers
                clear_and_drain_lose_nothing_beside_writers
                values_are_dropped_exactly_once_beside_readers
                short_histories_are_linearizable
                long_histories_are_linearizable
                histories_are_linearizable_when_all_hashes_are_equal
            }
            #[cfg(debug_assertions)]
            tests! { $kind, reentry:
                a_call_that_would_wait_for_itself_names_both_call_sites
                reads_inside_closures_work_where_they_are_promised
            }
        }
    };
}

/// A map that threads may take turns with, and no more: to meet in it ends the process.
mod fail_fast_map {
    use super::*;

    alone! { FailFast }
}

subject!(OneMutex, MutexMap, reentrant_reads: false, |hasher| MutexMap::with_hasher(hasher));
subject!(OneRwLock, RwLockMap, reentrant_reads: false, |hasher| RwLockMap::with_hasher(hasher));
subject!(EightShards, ShardedMap, reentrant_reads: false, |hasher| {
    ShardedMap::with_shards_capacity_and_hasher(8, 0, hasher).unwrap()
});
subject!(OneOwner, ActorMap, reentrant_reads: false, |hasher| ActorMap::with_hasher(hasher));
subject!(TwoTables, SyncMap, reentrant_reads: true, |hasher| SyncMap::with_hasher(hasher));
subject!(FailFast, FailFastMap, reentrant_reads: false, |hasher| FailFastMap::with_hasher(hasher));
subject!(Engine, Map, reentrant_reads: false, |hasher| Map::with_hasher(hasher));

shared!(mutex_map, OneMutex);
shared!(rw_lock_map, OneRwLock);
shared!(sharded_map, EightShards);
shared!(actor_map, OneOwner);
shared!(sync_map, TwoTables);
shared!(map, Engine);

/// Methods take any borrowed form of the key, and std's conversions go both ways.
macro_rules! owned {
    ($($module:ident: $map:ident)*) => {
        $(mod $module {
            use super::*;

            #[test]
            fn a_key_is_looked_up_by_its_borrowed_form() {
                let map: $map<String, u64> = $map::new();
                map.insert("a".to_owned(), 1);
                assert_eq!((map.get("a"), map.view("b", |n| *n), map.contains_key("a")), (Some(1), None, true));
                assert_eq!(map.get_many(["b", "a"]), [None, Some(1)]);
                assert_eq!(map.update("a", |n| { *n += 1; *n }), Some(2));
                assert_eq!(map.compare_and_swap("a", &2, 3), Ok(2));
                assert_eq!((map.remove_if("a", |n| *n == 0), map.remove("a")), (None, Some(3)));
            }

            #[test]
            fn conversions_keep_every_entry() {
                let entries: HashMap<u64, u64> = (0..1_000).map(|key| (key, key * 7)).collect();
                let map: $map<u64, u64> = entries.clone().into_iter().collect();
                assert_eq!(map.snapshot(), entries);
                let owned = map.into_iter();
                assert_eq!(owned.len(), 1_000);
                let again: $map<u64, u64> = owned.collect();
                assert!(again == $map::from(entries.clone()));
                again.insert(1, 0);
                assert!(again != $map::from(entries.clone()));
                again.insert(1, 7);
                assert_eq!(again.into_std(), entries);
                let mut extended = $map::<u64, u64>::default();
                extended.extend(entries.clone());
                assert_eq!(extended.freeze().into_std(), entries);
            }

            #[test]
            fn debug_prints_no_key_and_no_value() {
                let map = $map::from(HashMap::from([("secret-key", "secret-value")]));
                let text = format!("{map:?}");
                assert!(text.contains("len: 1") && !text.contains("secret"), "{text}");
            }
        })*
    };
}

owned! { mutex_owned: MutexMap  rw_lock_owned: RwLockMap  sharded_owned: ShardedMap  sync_owned: SyncMap  map_owned: Map }
