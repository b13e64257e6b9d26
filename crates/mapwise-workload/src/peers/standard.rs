//! What most code has today: std's `HashMap` behind one lock.

use std::collections::HashMap;
use std::sync::{Mutex, RwLock};

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

/// A lock as the adaptor below uses it.
pub(crate) trait Lock: Send + Sync + 'static {
    type Table;
    /// Whether readers run side by side, so that looking before writing pays.
    const SHARED: bool;
    fn new(table: Self::Table) -> Self;
    fn read<R>(&self, look: impl FnOnce(&Self::Table) -> R) -> R;
    fn write<R>(&self, change: impl FnOnce(&mut Self::Table) -> R) -> R;
}

impl<T: Send + 'static> Lock for Mutex<T> {
    type Table = T;
    const SHARED: bool = false;
    fn new(table: T) -> Self {
        Self::new(table)
    }
    #[inline]
    fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock().expect("no panic under the lock"))
    }
    #[inline]
    fn write<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.lock().expect("no panic under the lock"))
    }
}

impl<T: Send + Sync + 'static> Lock for RwLock<T> {
    type Table = T;
    const SHARED: bool = true;
    fn new(table: T) -> Self {
        Self::new(table)
    }
    #[inline]
    fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&Self::read(self).expect("no panic under the lock"))
    }
    #[inline]
    fn write<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut Self::write(self).expect("no panic under the lock"))
    }
}

impl<T: Send + 'static> Lock for parking_lot::Mutex<T> {
    type Table = T;
    const SHARED: bool = false;
    fn new(table: T) -> Self {
        Self::new(table)
    }
    #[inline]
    fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock())
    }
    #[inline]
    fn write<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.lock())
    }
}

impl<T: Send + Sync + 'static> Lock for parking_lot::RwLock<T> {
    type Table = T;
    const SHARED: bool = true;
    fn new(table: T) -> Self {
        Self::new(table)
    }
    #[inline]
    fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&Self::read(self))
    }
    #[inline]
    fn write<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut Self::write(self))
    }
}

/// One table behind one lock.
pub(crate) struct Locked<L>(L);

impl<K, V, H, L: Lock<Table = HashMap<K, V, H>>> Locked<L> {
    pub(crate) fn new(hasher: H) -> Self {
        Self(L::new(HashMap::with_hasher(hasher)))
    }
}

impl<K, V, H, L> Subject<K, V> for Locked<L>
where
    K: Key,
    V: Value,
    H: Hashing,
    L: Lock<Table = HashMap<K, V, H>>,
{
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.0.read(|table| table.get(key).cloned())
    }

    #[inline]
    fn get_or_insert(&self, key: &K, init: impl Fn() -> V) -> (V, bool) {
        if L::SHARED
            && let Some(value) = self.get(key)
        {
            return (value, false);
        }
        self.0.write(|table| {
            if let Some(value) = table.get(key) {
                return (value.clone(), false);
            }
            let value = init();
            table.insert(key.clone(), value.clone());
            (value, true)
        })
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        // The replaced value is dropped after the lock is released.
        let replaced = self.0.write(|table| table.insert(key, value));
        replaced.is_none()
    }

    #[inline]
    fn update(&self, key: &K, change: impl Fn(&mut V)) -> bool {
        self.0.write(|table| table.get_mut(key).map(change)).is_some()
    }

    #[inline]
    fn upsert(&self, key: &K, init: impl Fn() -> V, change: impl Fn(&mut V)) -> bool {
        self.0.write(|table| match table.get_mut(key) {
            Some(value) => {
                change(value);
                false
            }
            None => {
                table.insert(key.clone(), init());
                true
            }
        })
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        let removed = self.0.write(|table| table.remove_entry(key));
        removed.is_some()
    }

    #[inline]
    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        self.0.read(|table| {
            for (key, value) in table.iter().take(limit) {
                visit(key, value);
            }
        });
    }

    fn len(&self) -> usize {
        self.0.read(HashMap::len)
    }
}
