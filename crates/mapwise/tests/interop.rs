//! Features `serde` and `rayon`.

#![cfg(all(feature = "serde", feature = "rayon"))]

use std::collections::HashMap;

use mapwise::{FrozenMap, Map, MutexMap, PackedMap, RwLockMap, Set, ShardedMap, SyncMap};
use rayon::prelude::*;

macro_rules! round_trip {
    ($($name:ident: $map:ident)*) => {
        $(#[test]
        fn $name() {
            let entries: HashMap<String, u64> = (0..100).map(|n| (format!("key {n}"), n)).collect();
            let map: $map<String, u64> = entries.clone().into_iter().collect();
            let json = serde_json::to_string(&map).unwrap();
            assert_eq!(serde_json::from_str::<HashMap<String, u64>>(&json).unwrap(), entries);
            assert!(serde_json::from_str::<$map<String, u64>>(&json).unwrap() == map);
            assert!(serde_json::from_str::<$map<String, u64>>("[1]").is_err());
        })*
    };
}

round_trip! {
    a_map_survives_json: Map
    a_mutex_map_survives_json: MutexMap
    a_rw_lock_map_survives_json: RwLockMap
    a_sharded_map_survives_json: ShardedMap
    a_sync_map_survives_json: SyncMap
    a_frozen_map_survives_json: FrozenMap
    a_packed_map_survives_json: PackedMap
}

#[test]
fn a_set_survives_json() {
    let set: Set<String> = (0..100).map(|n| format!("element {n}")).collect();
    let json = serde_json::to_string(&set).unwrap();
    assert!(serde_json::from_str::<Set<String>>(&json).unwrap() == set);
    assert!(serde_json::from_str::<Set<String>>("{}").is_err());
}

macro_rules! in_parallel {
    ($($name:ident: $map:ident)*) => {
        $(#[test]
        fn $name() {
            let mut map: $map<u64, u64> = (0..10_000_u64).into_par_iter().map(|key| (key, key * 2)).collect();
            map.par_extend((10_000..20_000_u64).into_par_iter().map(|key| (key, key * 2)));
            let mut entries: Vec<(u64, u64)> = map.into_par_iter().collect();
            entries.sort_unstable();
            assert!(entries.into_iter().eq((0..20_000).map(|key| (key, key * 2))));
        })*
    };
}

in_parallel! {
    a_map_is_filled_and_emptied_in_parallel: Map
    a_sharded_map_is_filled_and_emptied_in_parallel: ShardedMap
    a_packed_map_is_filled_and_emptied_in_parallel: PackedMap
}

#[test]
fn a_set_is_filled_and_emptied_in_parallel() {
    let mut set: Set<u64> = (0..10_000_u64).into_par_iter().collect();
    set.par_extend(10_000..20_000_u64);
    let mut elements: Vec<u64> = set.into_par_iter().collect();
    elements.sort_unstable();
    assert!(elements.into_iter().eq(0..20_000));
}
