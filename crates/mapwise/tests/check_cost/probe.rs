//! What the compiler is asked to show the machine code of.

#![allow(missing_docs)]

use mapwise::{CounterMap, MutexMap, RwLockMap, ShardedMap, SyncMap};

macro_rules! probe {
    ($($map:ident: $get:ident $insert:ident $update:ident $remove:ident)*) => { $(
        #[unsafe(no_mangle)]
        pub fn $get(map: &$map<u64, u64>, key: &u64) -> Option<u64> {
            map.get(key)
        }

        #[unsafe(no_mangle)]
        pub fn $insert(map: &$map<u64, u64>, key: u64, value: u64) -> Option<u64> {
            map.insert(key, value)
        }

        #[unsafe(no_mangle)]
        pub fn $update(map: &$map<u64, u64>, key: &u64) -> Option<()> {
            map.update(key, |value| *value += 1)
        }

        #[unsafe(no_mangle)]
        pub fn $remove(map: &$map<u64, u64>, key: &u64) -> Option<u64> {
            map.remove(key)
        }
    )* };
}

probe! {
    MutexMap: probe_mutex_get probe_mutex_insert probe_mutex_update probe_mutex_remove
    RwLockMap: probe_rwlock_get probe_rwlock_insert probe_rwlock_update probe_rwlock_remove
    ShardedMap: probe_sharded_get probe_sharded_insert probe_sharded_update probe_sharded_remove
}

#[unsafe(no_mangle)]
pub fn probe_sync_get(map: &SyncMap<u64, u64>, key: &u64) -> Option<u64> {
    map.get(key)
}

#[unsafe(no_mangle)]
pub fn probe_counter_get(map: &CounterMap<u64>, key: &u64) -> Option<u64> {
    map.get(key)
}
