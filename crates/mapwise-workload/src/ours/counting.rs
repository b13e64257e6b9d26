//! `CounterMap`: values are counts, and the only change is an increment.

use mapwise::CounterMap;
use mapwise_record::workload::Kind;

use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::hasher::Hashing;

use super::ONLY_COUNTS;

pub(super) struct Counters<K, H>(CounterMap<K, H>);

impl<K: Key, H: Hashing> Default for Counters<K, H> {
    fn default() -> Self {
        Self(CounterMap::with_hasher(H::default()))
    }
}

impl<K: Key, V: Value, H: Hashing> Subject<K, V> for Counters<K, H> {
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        self.0.get(key).map(|count| V::make(count, Kind::U64))
    }

    fn get_or_insert(&self, _key: &K, _init: impl Fn() -> V) -> (V, bool) {
        unreachable!("{ONLY_COUNTS}")
    }

    /// Only reached while filling, with numbers above 0.
    fn insert(&self, key: K, value: V) -> bool {
        let number = value.number();
        self.0.add(key, number) == number
    }

    fn update(&self, _key: &K, _change: impl Fn(&mut V)) -> bool {
        unreachable!("{ONLY_COUNTS}")
    }

    #[inline]
    fn upsert(&self, key: &K, _init: impl Fn() -> V, _change: impl Fn(&mut V)) -> bool {
        // Counters begin at 1, those filled in too, so a total of 1 is a new one.
        self.0.add_ref(key, 1) == 1
    }

    fn remove(&self, _key: &K) -> bool {
        unreachable!("{ONLY_COUNTS}")
    }

    fn scan(&self, limit: usize, mut visit: impl FnMut(&K, &V)) {
        let mut left = limit;
        let _ = self.0.try_for_each(|key, count| {
            if left == 0 {
                return std::ops::ControlFlow::Break(());
            }
            left -= 1;
            visit(key, &V::make(*count, Kind::U64));
            std::ops::ControlFlow::Continue(())
        });
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
