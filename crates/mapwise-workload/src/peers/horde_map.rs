//! horde: lock-free reads of one table, one writer at a time, memory freed when all threads rest.

use horde::SyncTable;
use horde::collect::{collect, pin, release};

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

/// Why workloads that change present values leave it out.
pub(crate) const NO_REPLACE: &str =
    "cannot replace a value: a reader would miss the key between its removal and its new insertion";

/// `horde::SyncTable`, pinned for each operation.
///
/// Its reclamation waits until every thread that ever read has said that it holds no reference,
/// so workers say so between batches and leave it when they are done.
pub(crate) struct Horde<K, V, H>(SyncTable<K, V, H>);

impl<K: Key, V: Value, H: Hashing> Horde<K, V, H> {
    pub(crate) fn new(hasher: H) -> Self {
        Self(SyncTable::new_with(hasher, 0))
    }
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for Horde<K, V, H> {
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        pin(|pin| {
            let found = self.0.read(pin).get(key, None);
            found.map(|(_, value)| value.clone())
        })
    }

    #[inline]
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        if let Some(value) = self.get(key) {
            return (value, false);
        }
        let mut table = self.0.lock();
        if let Some((_, value)) = table.read().get(key, None) {
            return (value.clone(), false);
        }
        let value = init();
        let mut table = table.write();
        table.insert_new(key.clone(), value.clone(), None);
        (value, true)
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        // Only reached while filling: workloads with this operation leave the map out.
        self.0.lock().write().insert(key, value, None)
    }

    fn update(&self, _key: &K, _change: impl Fn(&mut V)) -> bool {
        unreachable!("{NO_REPLACE}")
    }

    fn upsert(&self, _key: &K, _init: impl Fn() -> V, _change: impl Fn(&mut V)) -> bool {
        unreachable!("{NO_REPLACE}")
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.lock().write().remove(key, None).is_some()
    }

    #[inline]
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        pin(|pin| {
            for (key, value) in self.0.read(pin).iter().take(limit) {
                visit(key, value);
            }
        });
    }

    fn len(&self) -> usize {
        pin(|pin| self.0.read(pin).len())
    }

    #[inline]
    fn rest(&self) {
        collect();
    }

    fn leave(&self) {
        release();
        collect();
    }
}
