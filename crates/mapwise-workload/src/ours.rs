//! Our own maps as candidates.
//!
//! Every `MapWrite` is one line in [`add`]; maps of another shape have an adaptor of their own.

use std::sync::LazyLock;

use mapwise::{MapWrite, MutexMap, RwLockMap, ShardedMap};
use mapwise_record::run::Origin;

use crate::candidate::{About, Simplicity, Subject};
use crate::data::{Key, Value};
use crate::hasher::Hashing;
use crate::list::List;

/// Adds our maps to the candidates.
pub(crate) fn add<K: Key, V: Value, H: Hashing>(list: &mut List<K, V>) {
    use Simplicity::{Mutex, RwLock, Sharded};
    static DEFAULT_SHARDS: LazyLock<String> =
        LazyLock::new(|| format!("ShardedMap ({} shards)", ShardedMap::<u64, u64>::new().shard_count()));
    let about = |id, name, simplicity| About::new(id, name, Origin::Mapwise, simplicity);
    list.add(about("mutex-map", "MutexMap", Mutex), |_| Written(MutexMap::<K, V, H>::with_hasher(H::default())));
    list.add(about("rwlock-map", "RwLockMap", RwLock), |_| Written(RwLockMap::<K, V, H>::with_hasher(H::default())));
    list.add(about("sharded-map", &DEFAULT_SHARDS, Sharded), |_| {
        Written(ShardedMap::<K, V, H>::with_hasher(H::default()))
    });
    list.add(about("sharded-map-512", "ShardedMap (512 shards)", Sharded), |_| Written(many_shards::<K, V, H>()));
}

fn many_shards<K, V, H: Hashing>() -> ShardedMap<K, V, H> {
    ShardedMap::with_shards_capacity_and_hasher(512, 0, H::default())
        .unwrap_or_else(|error| unreachable!("a power of two: {error}"))
}

/// A map with the whole surface, through its own methods.
struct Written<M>(M);

impl<K, V, M> Subject<K, V> for Written<M>
where
    K: Key,
    V: Value,
    M: MapWrite<K, V> + Send + Sync + 'static,
{
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.0.get(key)
    }

    #[inline]
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        // A key is only cloned where one is stored, as for the other candidates.
        if let Some(value) = self.0.get(key) {
            return (value, false);
        }
        let mut inserted = false;
        let value = self.0.get_or_insert_with(key.clone(), || {
            inserted = true;
            init()
        });
        (value, inserted)
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        self.0.insert(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool {
        self.0.update(key, change).is_some()
    }

    #[inline]
    fn upsert(&self, key: &K, init: impl Fn() -> V, change: impl Fn(&mut V)) -> bool {
        if self.0.update(key, &change).is_some() {
            return false;
        }
        let mut inserted = false;
        self.0.upsert(
            key.clone(),
            || {
                inserted = true;
                init()
            },
            change,
        );
        inserted
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    #[inline]
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        let mut left = limit;
        let _ = self.0.try_for_each(|key, value| {
            if left == 0 {
                return std::ops::ControlFlow::Break(());
            }
            left -= 1;
            visit(key, value);
            std::ops::ControlFlow::Continue(())
        });
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
