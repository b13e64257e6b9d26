//! What a user would otherwise take: std's map behind a lock, and published crates.
//!
//! Every map is built empty, with no capacity asked for and its own defaults, and is called as its
//! documentation recommends.

mod caches;
mod dash;
mod flurry_map;
mod horde_map;
mod papaya_map;
mod scc_maps;
mod standard;

use std::collections::HashMap;
use std::sync::{Mutex, RwLock};

use mapwise_record::run::Origin;

use crate::candidate::{About, Simplicity};
use crate::data::{Key, Value};
use crate::hasher::Hashing;
use crate::list::List;
use crate::plan::Op;

use caches::{Moka, Quick};
pub(crate) use dash::Dash;
pub(crate) use flurry_map::Flurry;
pub(crate) use horde_map::Horde;
use horde_map::NO_REPLACE;
pub(crate) use papaya_map::Papaya;
pub(crate) use scc_maps::{SccIndex, SccMap};
pub(crate) use standard::Lock;
use standard::Locked;

/// Adds every peer to the candidates.
pub(crate) fn add<K: Key, V: Value, H: Hashing>(list: &mut List<K, V>) {
    add_standard::<K, V, H>(list);
    add_crates::<K, V, H>(list);
    add_caches::<K, V, H>(list);
}

fn add_standard<K: Key, V: Value, H: Hashing>(list: &mut List<K, V>) {
    use Simplicity::{Mutex as OneMutex, RwLock as OneRwLock};
    let about = |id, name, simplicity| About::new(id, name, Origin::Standard, simplicity);
    list.add(about("std-mutex", "Mutex<HashMap>", OneMutex), |_| std_mutex::<K, V, H>());
    list.add(about("std-rwlock", "RwLock<HashMap>", OneRwLock), |_| {
        Locked::<RwLock<HashMap<K, V, H>>>::new(H::default())
    });
    list.add(about("pl-mutex", "parking_lot Mutex<HashMap>", OneMutex), |_| {
        Locked::<parking_lot::Mutex<HashMap<K, V, H>>>::new(H::default())
    });
    list.add(about("pl-rwlock", "parking_lot RwLock<HashMap>", OneRwLock), |_| {
        Locked::<parking_lot::RwLock<HashMap<K, V, H>>>::new(H::default())
    });
}

/// std's map behind std's lock: the plainest choice there is.
pub(crate) fn std_mutex<K: Key, V: Value, H: Hashing>() -> Locked<Mutex<HashMap<K, V, H>>> {
    Locked::new(H::default())
}

fn add_crates<K: Key, V: Value, H: Hashing>(list: &mut List<K, V>) {
    use Simplicity::{LockFree, Sharded, Special};
    let about = |id, name, simplicity| About::new(id, name, Origin::Crate, simplicity);
    list.add(about("dashmap", "dashmap 6 (default shards)", Sharded), |_| Dash::<K, V, H>::new(H::default()));
    list.add(about("dashmap-256", "dashmap 6 (256 shards)", Sharded), |_| {
        Dash::<K, V, H>::with_shards(256, H::default())
    });
    list.add(about("scc-hashmap", "scc 3 HashMap", Sharded), |_| SccMap::<K, V, H>::new(H::default()));
    list.add(about("scc-hashindex", "scc 3 HashIndex", LockFree), |_| SccIndex::<K, V, H>::new(H::default()));
    list.add(about("papaya", "papaya 0.2", LockFree), |_| Papaya::<K, V, H>::new(H::default()));
    list.add(about("flurry", "flurry 0.5", LockFree), |_| Flurry::<K, V, H>::new(H::default()));
    let horde = about("horde", "horde 0.1 SyncTable", Special)
        .lacks(Op::Insert, NO_REPLACE)
        .lacks(Op::Update, NO_REPLACE)
        .lacks(Op::Upsert, NO_REPLACE);
    list.add(horde, |_| Horde::<K, V, H>::new(H::default()));
}

fn add_caches<K: Key, V: Value, H: Hashing>(list: &mut List<K, V>) {
    let about = |id, name| About::new(id, name, Origin::Crate, Simplicity::Special).evicts();
    list.add(about("moka", "moka 0.12 Cache"), |space| Moka::<K, V, H>::new(space, H::default()));
    list.add(about("quick-cache", "quick_cache 0.7 Cache"), |space| Quick::<K, V, H>::new(space, H::default()));
}
