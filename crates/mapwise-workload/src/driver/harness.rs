//! The price of the measuring loop: the same loop on a map that does nothing.

use mapwise_record::run::Origin;

use crate::candidate::{About, Simplicity, Subject};
use crate::data::{Key, Value};

/// A map that does nothing and finds nothing. Keys and values that a real user would have to make
/// are made all the same: that is part of the price. `get_or_insert` makes its value at every call,
/// as a map does at a miss only: for mixes with much of it the price is an upper bound.
pub(crate) struct Nothing;

impl Nothing {
    pub(crate) fn about() -> About {
        About::new("nothing", "no map", Origin::Mapwise, Simplicity::Mutex).evicts()
    }
}

impl<K: Key, V: Value> Subject<K, V> for Nothing {
    #[inline]
    fn get(&self, _key: &K) -> Option<V> {
        None
    }

    #[inline]
    fn get_or_insert(&self, _key: &K, init: impl Fn() -> V) -> (V, bool) {
        (init(), false)
    }

    #[inline]
    fn insert(&self, key: K, value: V) -> bool {
        std::hint::black_box((key, value));
        false
    }

    #[inline]
    fn update(&self, _key: &K, _change: impl Fn(&mut V)) -> bool {
        false
    }

    #[inline]
    fn upsert(&self, _key: &K, _init: impl Fn() -> V, _change: impl Fn(&mut V)) -> bool {
        false
    }

    #[inline]
    fn remove(&self, _key: &K) -> bool {
        false
    }

    #[inline]
    fn scan(&self, _limit: usize, _visit: impl FnMut(&K, &V)) {}

    fn len(&self) -> usize {
        0
    }
}
