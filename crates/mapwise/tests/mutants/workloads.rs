//! The workloads of the conformance suite that run threads, on mutants that tear one operation each.

use std::{collections::HashMap, ops::ControlFlow};

use real::mutant::{Mutant, split};

use crate::{
    Action, NotSwapped, Occupied, Seeded, model,
    subject::{Kind, Subject, TestHasher, TestKey, TestValue, subject},
    threads,
};

/// Tears operations of a map one by one, and runs for each the workloads that use it: `can` where something can be lost
/// by it, `cannot` where not.
macro_rules! tear {
    (
        $all:ident, $map:ident:
        $($kind:ident = $operation:literal, $split:ident: can [$($can:ident)*] cannot [$($cannot:ident)*];)*
    ) => {
        $({
            type Torn<K, V, S> = Mutant<real::$map<K, V, S>, { split::$split }>;
            subject!($kind, Torn, reentrant_reads: false, |hasher| Mutant::of(real::$map::with_hasher(hasher)));
            let seeded = |program, can_lose, run| {
                Seeded { program, map: stringify!($map), torn: $operation, can_lose, run }
            };
            $($all.push(seeded(concat!("conformance: ", stringify!($can)), true, threads::$can::<$kind>));)*
            $($all.push(seeded(concat!("conformance: ", stringify!($cannot)), false, threads::$cannot::<$kind>));)*
        })*
    };
}

macro_rules! tear_each_operation {
    ($all:ident of $($map:ident)*) => {
        $(tear! {
            $all, $map:
            Whole = "nothing", NONE: can [] cannot [
                init_runs_at_most_once_per_key one_of_many_inserts_and_one_of_many_removes_wins
                closures_of_writes_run_exactly_once_and_lose_nothing short_histories_are_linearizable
                long_histories_are_linearizable clear_and_drain_lose_nothing_beside_writers
            ];
            GetOrInsert = "get_or_insert_with", GET_OR_INSERT:
                can [init_runs_at_most_once_per_key short_histories_are_linearizable] cannot [];
            InsertIfAbsent = "insert_if_absent", INSERT_IF_ABSENT:
                can [one_of_many_inserts_and_one_of_many_removes_wins short_histories_are_linearizable] cannot [];
            Update = "update", UPDATE:
                can [closures_of_writes_run_exactly_once_and_lose_nothing long_histories_are_linearizable] cannot [];
            Upsert = "upsert", UPSERT:
                can [closures_of_writes_run_exactly_once_and_lose_nothing] cannot [];
            Compute = "compute", COMPUTE:
                can [closures_of_writes_run_exactly_once_and_lose_nothing] cannot [];
            CompareAndSwap = "compare_and_swap", COMPARE_AND_SWAP:
                can [short_histories_are_linearizable histories_are_linearizable_when_all_hashes_are_equal] cannot [];
            Drain = "drain", DRAIN:
                can [] cannot [clear_and_drain_lose_nothing_beside_writers];
        })*
    };
}

pub fn mutants() -> Vec<Seeded> {
    let mut all = Vec::new();
    tear_each_operation!(all of Map MutexMap RwLockMap ShardedMap SyncMap);
    all
}

type All<K, V, S> = Mutant<real::ShardedMap<K, V, S>>;
subject!(Sharded, All, reentrant_reads: false, |hasher| Mutant::of(real::ShardedMap::with_hasher(hasher)));

#[test]
fn alone_a_mutant_agrees_with_std() {
    model::any_sequence_agrees_with_std::<Sharded>();
}
