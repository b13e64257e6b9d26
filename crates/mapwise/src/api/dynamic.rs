//! The object-safe face, for a choice made at run time.

use std::{hash::Hash, ops::ControlFlow};

use super::{Action, Caps, MapWrite};

/// A map behind a pointer, for a kind chosen at run time.
///
/// The names end in `_dyn`, or every call on a concrete map would be ambiguous. Closures must be [`Send`]: an owner
/// thread may run them. Values are shown in place; a result leaves through the closure's captures.
///
/// # Examples
///
/// ```
/// use mapwise::{Action, DynMap, MutexMap, ShardedMap};
///
/// let few_threads = true;
/// let map: Box<dyn DynMap<String, u64>> =
///     if few_threads { Box::new(MutexMap::new()) } else { Box::new(ShardedMap::new()) };
/// map.compute_dyn("hits".to_owned(), &mut |present| match present {
///     Some(n) => { *n += 1; Action::Keep(()) }
///     None => Action::Put(1, ()),
/// });
/// assert_eq!(map.get_dyn(&"hits".to_owned()), Some(1));
/// ```
pub trait DynMap<K, V>: Send + Sync {
    /// Returns what this map promises.
    fn caps_dyn(&self) -> Caps;

    /// See [`MapRead::get`](super::MapRead::get).
    fn get_dyn(&self, key: &K) -> Option<V>;

    /// See [`MapRead::view`](super::MapRead::view); returns true if the key was present.
    fn view_dyn(&self, key: &K, read: &mut (dyn FnMut(&V) + Send)) -> bool;

    /// See [`MapWrite::insert`].
    fn insert_dyn(&self, key: K, value: V) -> Option<V>;

    /// See [`MapWrite::compute`]: calls `decide` exactly once.
    fn compute_dyn(&self, key: K, decide: &mut (dyn FnMut(Option<&mut V>) -> Action<V, ()> + Send));

    /// See [`MapWrite::remove`].
    fn remove_dyn(&self, key: &K) -> Option<V>;

    /// See [`MapRead::try_for_each`](super::MapRead::try_for_each).
    fn for_each_dyn(&self, visit: &mut (dyn FnMut(&K, &V) -> ControlFlow<()> + Send));

    /// See [`MapWrite::retain`].
    fn retain_dyn(&self, keep: &mut (dyn FnMut(&K, &mut V) -> bool + Send));

    /// See [`MapRead::len`](super::MapRead::len).
    fn len_dyn(&self) -> usize;
}

/// Marks a map whose closures run on the thread that calls it: with [`MapWrite`] it is a [`DynMap`] by itself.
///
/// Implement it beside `MapWrite` for a map of your own. Without the mark no map could be a `DynMap` in any other way:
/// the compiler would have to allow for a `MapWrite` that another crate implements for it.
pub trait InPlace {}

impl<K, V, M> DynMap<K, V> for M
where
    K: Hash + Eq,
    V: Clone,
    M: MapWrite<K, V> + InPlace + Send + Sync,
{
    fn caps_dyn(&self) -> Caps {
        M::CAPS
    }

    #[track_caller]
    fn get_dyn(&self, key: &K) -> Option<V> {
        self.get(key)
    }

    #[track_caller]
    fn view_dyn(&self, key: &K, read: &mut (dyn FnMut(&V) + Send)) -> bool {
        self.view(key, read).is_some()
    }

    #[track_caller]
    fn insert_dyn(&self, key: K, value: V) -> Option<V> {
        self.insert(key, value)
    }

    #[track_caller]
    fn compute_dyn(&self, key: K, decide: &mut (dyn FnMut(Option<&mut V>) -> Action<V, ()> + Send)) {
        self.compute(key, decide);
    }

    #[track_caller]
    fn remove_dyn(&self, key: &K) -> Option<V> {
        self.remove(key)
    }

    #[track_caller]
    fn for_each_dyn(&self, visit: &mut (dyn FnMut(&K, &V) -> ControlFlow<()> + Send)) {
        let _ = self.try_for_each(visit);
    }

    #[track_caller]
    fn retain_dyn(&self, keep: &mut (dyn FnMut(&K, &mut V) -> bool + Send)) {
        self.retain(keep);
    }

    #[track_caller]
    fn len_dyn(&self) -> usize {
        self.len()
    }
}
