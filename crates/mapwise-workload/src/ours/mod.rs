//! Our own maps as candidates.
//!
//! Every `MapWrite` is one line in [`add`]; maps of another shape have an adaptor of their own.

mod apart;
mod counting;
mod frozen;
mod owner;
mod written;

use std::any::TypeId;
use std::sync::LazyLock;

use mapwise::{ActorMap, Map, MutexMap, RwLockMap, ShardedMap, SyncMap};
use mapwise_record::run::Origin;

use crate::candidate::{About, Simplicity};
use crate::data::{Key, Value};
use crate::hasher::Hashing;
use crate::list::List;
use crate::plan::Op;

use apart::{Collected, PerThread};
use counting::Counters;
use frozen::Frozen;
use owner::Owned;
pub(crate) use written::Written;

const READ_ONLY: &str = "cannot be written once it is built";
const ONLY_COUNTS: &str = "holds counters, which this workload overwrites or changes in other ways";
const ONLY_NUMBERS: &str = "holds counters, and this workload's values are none";
const APART: &str = "threads add to it apart and see each other's entries only when all are merged";
const ENDS_THE_PROCESS: &str = "ends the process when two threads meet in it: that is what it is for";

/// Adds our maps to the candidates.
pub(crate) fn add<K: Key, V: Value, H: Hashing>(list: &mut List<K, V>) {
    add_shared::<K, V, H>(list);
    add_special::<K, V, H>(list);
}

fn about(id: &'static str, name: &'static str, simplicity: Simplicity) -> About {
    About::new(id, name, Origin::Mapwise, simplicity)
}

fn add_shared<K: Key, V: Value, H: Hashing>(list: &mut List<K, V>) {
    use Simplicity::{LockFree, Mutex, RwLock, Sharded, Special};
    static DEFAULT_SHARDS: LazyLock<String> =
        LazyLock::new(|| format!("ShardedMap ({} shards)", ShardedMap::<u64, u64>::new().shard_count()));
    list.add(about("mutex-map", "MutexMap", Mutex), |_| Written(MutexMap::<K, V, H>::with_hasher(H::default())));
    list.add(about("rwlock-map", "RwLockMap", RwLock), |_| Written(RwLockMap::<K, V, H>::with_hasher(H::default())));
    list.add(about("sharded-map", &DEFAULT_SHARDS, Sharded), |_| {
        Written(ShardedMap::<K, V, H>::with_hasher(H::default()))
    });
    list.add(about("sharded-map-512", "ShardedMap (512 shards)", Sharded), |_| Written(many_shards::<K, V, H>()));
    list.add(about("map", "Map", LockFree), |_| Written(Map::<K, V, H>::with_hasher(H::default())));
    list.add(about("sync-map", "SyncMap", Special), |_| Written(SyncMap::<K, V, H>::with_hasher(H::default())));
}

fn many_shards<K, V, H: Hashing>() -> ShardedMap<K, V, H> {
    ShardedMap::with_shards_capacity_and_hasher(512, 0, H::default())
        .unwrap_or_else(|error| unreachable!("a power of two: {error}"))
}

fn add_special<K: Key, V: Value, H: Hashing>(list: &mut List<K, V>) {
    use Simplicity::Special;
    let actor = about("actor-map", "ActorMap", Special);
    list.add(actor, |_| Owned(ActorMap::<K, V, H>::with_hasher(H::default())));

    let frozen = [Op::GetOrInsert, Op::Insert, Op::Update, Op::Upsert, Op::Remove]
        .into_iter()
        .fold(about("frozen-map", "FrozenMap", Special), |about, op| about.lacks(op, READ_ONLY));
    list.add(frozen, |_| Frozen::<K, V, H>::default());

    // Counters are 64-bit numbers; for other values their adaptors would have to invent the rest.
    let numbers = TypeId::of::<V>() == TypeId::of::<u64>();
    let counting = |about: About| if numbers { about } else { about.serves_nothing(ONLY_NUMBERS) };
    let counter = [Op::GetOrInsert, Op::Insert, Op::Update, Op::Remove]
        .into_iter()
        .fold(about("counter-map", "CounterMap", Special), |about, op| about.lacks(op, ONLY_COUNTS));
    list.add(counting(counter), |_| Counters::<K, H>::default());

    let apart = |id, name| {
        [Op::Get, Op::GetOrInsert, Op::Insert, Op::Update, Op::Remove]
            .into_iter()
            .fold(about(id, name, Special).merges(), |about, op| about.lacks(op, APART))
    };
    list.add(counting(apart("per-thread-map", "PerThreadMap")), |_| PerThread::<K, H>::new());
    list.add(counting(apart("collector", "Collector")), |_| Collected::<K, H>::new());

    let fail_fast = about("fail-fast-map", "FailFastMap", Special).serves_nothing(ENDS_THE_PROCESS);
    list.add(fail_fast, |_| Written(mapwise::FailFastMap::<K, V, H>::with_hasher(H::default())));
}
