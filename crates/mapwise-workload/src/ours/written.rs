//! Maps with the whole surface, through their own methods.

use std::ops::ControlFlow;

use mapwise::MapWrite;

use crate::candidate::Subject;
use crate::data::{Key, Value};

/// A map with the whole surface.
pub(crate) struct Written<M>(pub(crate) M);

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
                return ControlFlow::Break(());
            }
            left -= 1;
            visit(key, value);
            ControlFlow::Continue(())
        });
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
