//! What every map can do that can be read by key, a frozen one included.

use std::{
    collections::HashMap,
    hash::{Hash, RandomState},
    ops::ControlFlow,
};

use equivalent::Equivalent;

use super::Caps;
use crate::seam::{Op, means};

/// A map that can be read by key.
///
/// Every map has these methods as inherent ones too; the trait is for code that is generic over maps.
/// What a call blocks, and what an iteration sees, is said by each map and by [`MapRead::CAPS`].
pub trait MapRead<K, V> {
    /// What this map promises.
    const CAPS: Caps;

    /// Calls `read` with the value under `key` and returns what it returned, `None` if the key is absent.
    ///
    /// The value cannot leave the call, so no lock and no reference outlives it.
    fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized;

    /// Calls `visit` with every entry until it breaks, and returns what it broke with.
    ///
    /// What it sees of concurrent writes: [`Caps::iteration`].
    fn try_for_each<B>(&self, visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B>;

    /// Returns the number of entries; exact or approximate as [`Caps::exact_len`] says.
    fn len(&self) -> usize;

    /// Returns true if there is no entry.
    #[track_caller]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a copy of the value under `key`.
    #[track_caller]
    fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.view(key, V::clone)
    }

    /// Returns true if `key` is present.
    #[track_caller]
    fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let _contains = means(Op::Contains);
        self.view(key, |_| ()).is_some()
    }

    /// Calls `visit` with every entry.
    #[track_caller]
    fn for_each(&self, mut visit: impl FnMut(&K, &V)) {
        let all: ControlFlow<std::convert::Infallible> = self.try_for_each(|key, value| {
            visit(key, value);
            ControlFlow::Continue(())
        });
        debug_assert!(all.is_continue());
    }

    /// Returns a copy of the entries as a std map; as consistent as the iteration is.
    #[track_caller]
    fn snapshot(&self) -> HashMap<K, V>
    where
        K: Hash + Eq + Clone,
        V: Clone,
    {
        // Approximate is enough: this is only a capacity.
        let mut copy = HashMap::with_capacity_and_hasher(self.len(), RandomState::new());
        self.for_each(|key, value| {
            copy.insert(key.clone(), value.clone());
        });
        copy
    }

    /// Returns a copy of the keys, in no order.
    #[track_caller]
    fn keys(&self) -> Vec<K>
    where
        K: Clone,
    {
        let mut keys = Vec::with_capacity(self.len());
        let _keys = means(Op::Keys);
        self.for_each(|key, _| keys.push(key.clone()));
        keys
    }

    /// Returns copies of the values under several keys, in the order of `keys`.
    ///
    /// Not atomic: each look-up is one of its own. Maps that can overlap their cache misses do.
    #[track_caller]
    fn get_many<Q, const N: usize>(&self, keys: [&Q; N]) -> [Option<V>; N]
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        let mut values = [const { None }; N];
        self.view_many(keys, |position, value| values[position] = Some(value.clone()));
        values
    }

    /// Calls `read` with the position and the value of each of `keys` that is present.
    ///
    /// Not atomic: each look-up is one of its own.
    #[track_caller]
    fn view_many<Q, const N: usize>(&self, keys: [&Q; N], mut read: impl FnMut(usize, &V))
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        for (position, key) in keys.into_iter().enumerate() {
            let _ = self.view(key, |value| read(position, value));
        }
    }
}
