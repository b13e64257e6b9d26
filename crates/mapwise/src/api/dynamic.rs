//! The object-safe face, for a choice made at run time.

use std::{hash::Hash, ops::ControlFlow, panic::Location};

use super::{Action, Caps, MapWrite};
use crate::seam::called_at;

/// The file of methods that are called through a pointer.
#[cfg(any(feature = "check", feature = "profile"))]
pub(crate) const DYNAMIC: &str = file!();

/// A map behind a pointer, for a kind chosen at run time.
///
/// The object itself has the methods under the names of every other map. Those of the trait end in `_dyn`, or every call on a
/// concrete map would be ambiguous; of a call to them through the pointer, profiles and checked mode know no line of the
/// program. Closures must be [`Send`]: an owner thread may run them. Values are shown in place; a result leaves through the
/// closure's captures.
///
/// # Examples
///
/// ```
/// use mapwise::{Action, DynMap, MutexMap, ShardedMap};
///
/// let few_threads = true;
/// let map: Box<dyn DynMap<String, u64>> =
///     if few_threads { Box::new(MutexMap::new()) } else { Box::new(ShardedMap::new()) };
/// map.compute("hits".to_owned(), &mut |present| match present {
///     Some(n) => { *n += 1; Action::Keep(()) }
///     None => Action::Put(1, ()),
/// });
/// assert_eq!(map.get(&"hits".to_owned()), Some(1));
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

/// Calls of a map behind a pointer, as those of a concrete one: reports and profiles name the caller's line.
impl<K, V> dyn DynMap<K, V> + '_ {
    /// See [`MapRead::get`](super::MapRead::get).
    #[track_caller]
    pub fn get(&self, key: &K) -> Option<V> {
        let _called = called_at(Location::caller());
        self.get_dyn(key)
    }

    /// See [`MapRead::view`](super::MapRead::view); returns true if the key was present.
    #[track_caller]
    pub fn view(&self, key: &K, read: &mut (dyn FnMut(&V) + Send)) -> bool {
        let _called = called_at(Location::caller());
        self.view_dyn(key, read)
    }

    /// See [`MapWrite::insert`].
    #[track_caller]
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        let _called = called_at(Location::caller());
        self.insert_dyn(key, value)
    }

    /// See [`MapWrite::compute`]: calls `decide` exactly once.
    #[track_caller]
    pub fn compute(&self, key: K, decide: &mut (dyn FnMut(Option<&mut V>) -> Action<V, ()> + Send)) {
        let _called = called_at(Location::caller());
        self.compute_dyn(key, decide);
    }

    /// See [`MapWrite::remove`].
    #[track_caller]
    pub fn remove(&self, key: &K) -> Option<V> {
        let _called = called_at(Location::caller());
        self.remove_dyn(key)
    }

    /// See [`MapRead::try_for_each`](super::MapRead::try_for_each).
    #[track_caller]
    pub fn for_each(&self, visit: &mut (dyn FnMut(&K, &V) -> ControlFlow<()> + Send)) {
        let _called = called_at(Location::caller());
        self.for_each_dyn(visit);
    }

    /// See [`MapWrite::retain`].
    #[track_caller]
    pub fn retain(&self, keep: &mut (dyn FnMut(&K, &mut V) -> bool + Send)) {
        let _called = called_at(Location::caller());
        self.retain_dyn(keep);
    }

    /// See [`MapRead::len`](super::MapRead::len).
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> usize {
        let _called = called_at(Location::caller());
        self.len_dyn()
    }

    /// See [`MapRead::is_empty`](super::MapRead::is_empty).
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let _called = called_at(Location::caller());
        self.len_dyn() == 0
    }
}

/// The methods of `DynMap<K, V>`, for a map that has them all under their own names.
macro_rules! dyn_methods {
    () => {
        fn caps_dyn(&self) -> $crate::Caps {
            Self::CAPS
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
        fn compute_dyn(&self, key: K, decide: &mut (dyn FnMut(Option<&mut V>) -> $crate::Action<V, ()> + Send)) {
            self.compute(key, decide);
        }

        #[track_caller]
        fn remove_dyn(&self, key: &K) -> Option<V> {
            self.remove(key)
        }

        #[track_caller]
        fn for_each_dyn(&self, visit: &mut (dyn FnMut(&K, &V) -> ::std::ops::ControlFlow<()> + Send)) {
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
    };
}

pub(crate) use dyn_methods;

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
    dyn_methods! {}
}
